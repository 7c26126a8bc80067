//! Subscriptions over TCP, message by message.

use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime};

use sip::{ConnectionId, Flow, Method, Name, Transmit, Transport, digest};
use switch::{
    Account, Admission, Answer, Ask, Config, Ha1, Input, Lamp, MediaPolicy, Output, Switch, TenantId, UserId, Waiting,
};

/// The exchange, and a phone on a connection of its own.
struct Line {
    switch: Switch,
    now: Instant,
    flow: Flow,
    sent: Vec<Transmit>,
}

fn address(text: &str) -> SocketAddr {
    text.parse().expect("an address")
}

const LOCAL: &str = "10.0.0.1:5060";

impl Line {
    /// A phone that has subscribed over a connection of its own.
    fn subscribed() -> Self {
        let now = Instant::now();
        let locals = vec![(Transport::Tcp, address(LOCAL))];
        let switch = Switch::new(Config { locals, ..Config::default() }, [9; 32], now, SystemTime::UNIX_EPOCH);
        let flow = Flow {
            transport: Transport::Tcp,
            local: address(LOCAL),
            remote: address("10.0.1.1:41000"),
            connection: Some(ConnectionId(1)),
        };
        let mut line = Self { switch, now, flow, sent: Vec::new() };
        line.subscribe(1, "");
        let challenge = line.take().pop().expect("a challenge");
        let message = sip::parse(&challenge.bytes, &sip::Limits::default()).expect("a message");
        let challenge = message.challenges(Name::WwwAuthenticate).next().expect("a challenge");
        let proof = digest::answer(&challenge, "alice", "secret", Method::Subscribe, "sip:1001@example.com", "c", 1);
        line.subscribe(2, &format!("Authorization: {}\r\n", proof.expect("a proof")));
        let sent = line.take();
        assert_eq!(sent.len(), 2, "200 and NOTIFY");
        line.answer(&sent[1], "200 OK");
        line
    }

    fn input(&mut self, input: Input<'_>) {
        self.switch.handle(self.now, input);
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(output) = self.switch.poll() {
            match output {
                Output::Transmit(transmit) => self.sent.push(transmit),
                Output::Ask(ticket, Ask::Admission { .. }) => {
                    self.switch.handle(self.now, Input::Answer(ticket, Answer::Admission(Ok(Box::new(admission())))));
                }
                Output::Ask(ticket, Ask::Lamp { .. }) => {
                    self.switch.handle(self.now, Input::Answer(ticket, Answer::Lamp(Ok(Box::new(lamp(0))))));
                }
                _ => {}
            }
        }
    }

    fn take(&mut self) -> Vec<Transmit> {
        std::mem::take(&mut self.sent)
    }

    fn subscribe(&mut self, cseq: u32, credentials: &str) {
        let text = format!(
            "SUBSCRIBE sip:1001@example.com SIP/2.0\r\nVia: SIP/2.0/TCP 10.0.1.1;branch=z9hG4bK{cseq}\r\nMax-Forwards: 70\r\n\
             From: <sip:alice@example.com>;tag=a\r\nTo: <sip:1001@example.com>\r\nCall-ID: tcp\r\nCSeq: {cseq} SUBSCRIBE\r\n\
             Contact: <sip:alice@10.0.1.1:5070;transport=tcp>\r\nEvent: message-summary\r\n{credentials}Content-Length: 0\r\n\r\n"
        );
        let flow = self.flow;
        self.input(Input::Frame { flow, bytes: text.as_bytes() });
    }

    /// The phone answers a NOTIFY on the way it came.
    fn answer(&mut self, notify: &Transmit, status: &str) {
        let message = sip::parse(&notify.bytes, &sip::Limits::default()).expect("a message");
        assert_eq!(message.method(), Some(Method::Notify));
        let rows = [Name::Via, Name::From, Name::To, Name::CallId, Name::CSeq];
        let rows = rows.map(|name| format!("{}: {}\r\n", name.as_str(), message.value(name).expect("a row")));
        let text = format!("SIP/2.0 {status}\r\n{}Content-Length: 0\r\n\r\n", rows.concat());
        self.input(Input::Frame { flow: notify.flow, bytes: text.as_bytes() });
    }

    /// Lets so much time pass.
    fn wait(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(due) = self.switch.poll_timeout().filter(|due| *due <= end) {
            self.now = due.max(self.now);
            self.input(Input::Timeout);
        }
        self.now = end;
    }
}

fn ha1() -> Ha1 {
    Ha1::of("alice", "example.com", "secret")
}

fn admission() -> Admission {
    let policy = switch::TenantPolicy {
        fallback: switch::Fallback::Extension,
        max_calls: None,
        ring_time: Duration::from_secs(60),
        media: MediaPolicy::default(),
    };
    let account = Account {
        id: UserId(1),
        user: "alice".to_owned(),
        display_name: None,
        extension: None,
        ha1: ha1(),
        media: MediaPolicy::default(),
    };
    Admission {
        tenant: TenantId(1),
        realm: "example.com".to_owned(),
        peer: None,
        account: Some(account),
        policy,
        inbound: None,
        emergency: false,
    }
}

fn lamp(new: u32) -> Lamp {
    let waiting = Waiting { new, ..Waiting::default() };
    Lamp { tenant: TenantId(1), mailbox: "1001".to_owned(), waiting, unasked: None }
}

#[test]
fn a_phone_on_a_stream_is_told_on_it() {
    let mut line = Line::subscribed();
    line.wait(Duration::from_secs(2));
    line.input(Input::Lamp(Box::new(lamp(1))));
    let sent = line.take();
    assert_eq!(sent.iter().map(|notify| notify.flow).collect::<Vec<_>>(), [line.flow]);
    line.answer(&sent[0], "200 OK");
    line.wait(Duration::from_secs(40));
    assert!(line.switch.is_idle() && line.switch.subscriptions() == 1);
}

#[test]
fn a_connection_that_closes_while_a_phone_is_being_told_leads_to_its_contact() {
    let mut line = Line::subscribed();
    line.wait(Duration::from_secs(2));
    line.input(Input::Lamp(Box::new(lamp(1))));
    let first = line.take().pop().expect("a NOTIFY");
    line.input(Input::Closed(ConnectionId(1)));
    let second = line.take().pop().expect("another");
    assert_eq!((second.flow.connection, second.flow.remote), (None, address("10.0.1.1:5070")));
    let cseq = |notify: &Transmit| {
        let message = sip::parse(&notify.bytes, &sip::Limits::default()).expect("a message");
        message.cseq().expect("CSeq").number
    };
    assert!(cseq(&second) > cseq(&first));
    line.answer(&second, "200 OK");
    line.wait(Duration::from_secs(40));
    assert!(line.switch.is_idle() && line.switch.subscriptions() == 1, "it goes on");
}

#[test]
fn a_phone_that_can_be_reached_no_other_way_either_has_no_subscription_any_more() {
    let mut line = Line::subscribed();
    line.wait(Duration::from_secs(2));
    // A closed connection alone ends nothing.
    line.input(Input::Closed(ConnectionId(1)));
    assert_eq!((line.switch.subscriptions(), line.take().len()), (1, 0));
    line.input(Input::Lamp(Box::new(lamp(1))));
    let first = line.take().pop().expect("a NOTIFY");
    line.input(Input::Unsent(first.flow));
    let second = line.take().pop().expect("another");
    assert_ne!(second.flow, first.flow);
    line.input(Input::Unsent(second.flow));
    assert_eq!((line.switch.subscriptions(), line.take().len()), (0, 0));
    line.wait(Duration::from_secs(40));
    assert!(line.switch.is_idle());
}
