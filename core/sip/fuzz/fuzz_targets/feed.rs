//! What each fuzz target does with bytes. The targets and the replay in the ordinary tests share it.

#![allow(dead_code, reason = "each target uses one of the functions")]

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use sip::transaction::{ClientKey, Config, Event, Incoming, Layer, ServerKey};
use sip::{
    ConnectionId, Contact, Dialog, Flow, Frame, Framer, Limits, Message, Method, Name, NameAddr, Status, Transport,
    Uri, Writer, digest, parse, validate,
};

fn address() -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 7], 5060))
}

fn flow(transport: Transport) -> Flow {
    let connection = transport.reliable().then_some(ConnectionId(1));
    Flow { transport, local: address(), remote: address(), connection }
}

/// Answers and requests of our own may be a little longer than what they were made from.
fn roomy() -> Limits {
    Limits { message: 1 << 20, header: 1 << 16, headers: 1 << 10, vias: 64 }
}

/// One datagram: whatever is in it, it is read or refused, given back as it was, and can be answered.
pub(crate) fn datagram(bytes: &[u8]) {
    let limits = Limits::default();
    let Ok(message) = parse(bytes, &limits) else { return };
    look(&message);
    assert!(bytes.ends_with(message.bytes()), "what is given back is what came");
    let again = parse(message.bytes(), &limits).expect("what was read once is read again");
    assert!(message.rows().eq(again.rows()) && message.start() == again.start() && message.body() == again.body());
    let valid = validate(&message);
    assert_eq!(valid, validate(&again));
    if !message.is_request() {
        return;
    }
    let answer = Writer::reply(&message, Status::BAD_REQUEST, Some("ours"), address()).finish();
    let answer = parse(&answer, &roomy()).expect("every request can be answered");
    if valid.is_ok() {
        assert_eq!(answer.vias().count(), message.vias().count());
        assert_eq!(answer.call_id(), message.call_id());
        assert_eq!(answer.cseq(), message.cseq());
        assert_eq!(
            answer.from().map(|from| from.tag().map(str::to_owned)),
            message.from().map(|from| from.tag().map(str::to_owned))
        );
        assert!(answer.to().expect("a To").tag().is_some(), "an answer has a tag");
        if answer.vias().count() == 1 {
            assert_eq!(validate(&answer), Ok(()), "the answer to a valid request is valid");
        }
        let mut dialog = Dialog::from_request(&message, "ours".to_owned(), flow(Transport::Udp)).expect("a dialog");
        let bye = dialog.request(Method::Bye, "SIP/2.0/UDP here;branch=z9hG4bKb").finish();
        parse(&bye, &roomy()).expect("a request of our own");
    }
}

/// Asks for everything that a message can be asked for.
fn look(message: &Message<'_>) {
    if let Ok(uri) = message.uri() {
        look_at_uri(uri);
    }
    for via in message.vias().flatten() {
        let _ = (via.transport(), via.sent_by_port(), via.branch(), via.received(), via.rport());
        assert!(via.params().iter().count() <= 32);
    }
    for address in [message.from(), message.to()].into_iter().flatten() {
        look_at_address(address);
    }
    for contact in message.contacts().flatten() {
        if let Contact::Addr(address) = contact {
            look_at_address(address);
        }
    }
    for name in Name::ALL {
        let _ = (message.value(*name), message.tokens(*name).count());
        message.addresses(*name).flatten().for_each(look_at_address);
        for credentials in message.credentials(*name) {
            let _ = digest::verify(&[7; 32], Method::Invite, &credentials, message.body());
        }
        let _ = message.challenges(*name).count();
    }
    let _ = (message.call_id(), message.cseq(), message.max_forwards(), message.expires(), message.min_expires());
    let _ = (message.session_expires(), message.min_se(), message.rseq(), message.rack());
    let _ = (message.supports("timer"), message.requires("100rel"), message.allows(Method::Update));
    for row in message.rows() {
        let value = row.value();
        assert!(!value.contains(['\r', '\n']), "a value is one line");
        assert!(message.other(row.name_text).is_some());
    }
}

fn look_at_address(address: NameAddr<'_>) {
    if let Some(name) = address.display() {
        assert!(!name.contains(['\r', '\n', '\0']), "a display name is harmless: {name:?}");
    }
    look_at_uri(address.uri());
    let _ = (address.tag(), address.params().iter().count());
}

fn look_at_uri(uri: Uri<'_>) {
    assert!(uri.same_as(&uri), "a URI equals itself: {uri}");
    let again = Uri::parse(uri.as_str()).expect("what was read once is read again");
    assert!(uri.same_as(&again) && again.same_as(&uri));
    assert!(uri.user_unescaped().is_none_or(|user| !user.contains('\0')));
    let _ = (uri.password(), uri.host(), uri.port(), uri.headers(), uri.param("lr"));
}

/// A stream: in whatever parts it comes, the same comes out. The first byte says in which.
pub(crate) fn stream(bytes: &[u8]) {
    let Some((size, bytes)) = bytes.split_first() else { return };
    let (whole, parts) = (frames(bytes, bytes.len()), frames(bytes, usize::from(*size)));
    assert_eq!(whole, parts, "in parts of {size}");
    for frame in whole.0 {
        if let Frame::Message(message) = frame {
            datagram(&message);
        }
    }
}

/// All frames, and whether the stream was lost.
fn frames(bytes: &[u8], size: usize) -> (Vec<Frame>, Option<sip::Error>) {
    // What is too long is found out sooner in small parts: the limit must not be reached here.
    let mut framer = Framer::new(Limits { message: usize::MAX / 4, ..Limits::default() });
    let mut out = Vec::new();
    for part in bytes.chunks(size.max(1)) {
        framer.push(part);
        loop {
            match framer.next() {
                Ok(Some(frame)) => out.push(frame),
                Ok(None) => break,
                Err(error) => return (out, Some(error)),
            }
        }
    }
    (out, None)
}

/// A sequence of things that happen to the transaction layer, two bytes each. In the end nothing is left, and nobody
/// heard the end of a transaction twice.
pub(crate) fn transactions(bytes: &[u8]) {
    let mut play = Play::new();
    for step in bytes.as_chunks::<2>().0.iter().take(200) {
        play.step(step[0], step[1]);
        play.drain();
    }
    play.finish();
}

struct Play {
    layer: Layer<usize>,
    now: Instant,
    theirs: Vec<(ServerKey, &'static str)>,
    ours: Vec<(ClientKey, &'static str)>,
    /// Users that have heard the end.
    ended: BTreeSet<usize>,
    /// Users that have heard a 2xx to INVITE, which may come again.
    accepted: BTreeSet<usize>,
}

const METHODS: [&str; 4] = ["INVITE", "OPTIONS", "CANCEL", "ACK"];
const CODES: [u16; 8] = [100, 180, 200, 302, 408, 487, 500, 603];

fn pick<T: Copy, const N: usize>(from: [T; N], at: u8) -> T {
    from[usize::from(at) % N]
}

fn request(method: &str, branch: &str, arg: u8) -> Vec<u8> {
    let (tag, cookie) = (if arg & 0x40 == 0 { "" } else { ";tag=b" }, if arg & 0x80 == 0 { "z9hG4bK" } else { "" });
    format!(
        "{method} sip:bob@example.com SIP/2.0\r\nVia: SIP/2.0/UDP pc33;branch={cookie}{branch}\r\nFrom: <sip:a@example.com>;tag=a\r\n\
         To: <sip:bob@example.com>{tag}\r\nCall-ID: c\r\nCSeq: {} {method}\r\nContact: <sip:a@pc33>\r\n\r\n",
        1 + (arg >> 4 & 3)
    )
    .into_bytes()
}

fn response(code: u16, method: &str, branch: &str) -> Vec<u8> {
    format!(
        "SIP/2.0 {code} X\r\nVia: SIP/2.0/UDP pc33;branch={branch}\r\nFrom: <sip:a@example.com>;tag=a\r\n\
         To: <sip:bob@example.com>;tag=b\r\nCall-ID: c\r\nCSeq: 1 {method}\r\n\r\n"
    )
    .into_bytes()
}

impl Play {
    fn new() -> Self {
        let config = Config { max: 32, ..Config::default() };
        Self {
            layer: Layer::new(config),
            now: Instant::now(),
            theirs: Vec::new(),
            ours: Vec::new(),
            ended: BTreeSet::new(),
            accepted: BTreeSet::new(),
        }
    }

    fn step(&mut self, what: u8, arg: u8) {
        let transport = pick([Transport::Udp, Transport::Tcp], arg >> 3);
        match what % 8 {
            0 => self.pass(Duration::from_millis(u64::from(arg) * 20)),
            1 => self.pass(Duration::from_millis(u64::from(arg) * 500)),
            2 | 3 => self.request_comes(pick(METHODS, arg), &format!("t{}", arg >> 2 & 1), arg, transport),
            4 => {
                if let Some((key, method)) = self.nth_of_theirs(arg) {
                    let code = pick(CODES, arg >> 5);
                    self.layer.respond(self.now, key, Status(code), response(code, method, "z9hG4bKt"));
                }
            }
            5 => {
                let (method, user) = (pick(["INVITE", "OPTIONS"], arg), self.ours.len());
                let bytes = request(method, &format!("o{user}"), 0);
                if let Ok(key) = self.layer.request(self.now, flow(transport), bytes, user) {
                    self.ours.push((key, method));
                }
            }
            6 => {
                let Some(user) = usize::from(arg >> 3).checked_rem(self.ours.len()) else { return };
                let method = if arg == 0xff { "CANCEL" } else { self.ours[user].1 };
                self.response_comes(user, method, pick(CODES, arg));
            }
            _ => match usize::from(arg >> 2).checked_rem(self.ours.len()) {
                Some(user) if arg & 3 != 0 => {
                    self.layer.cancel(self.now, self.ours[user].0, (arg & 3 == 1).then_some("SIP;cause=200"));
                }
                _ => self.layer.handle_connection_closed(ConnectionId(1)),
            },
        }
    }

    fn nth_of_theirs(&self, arg: u8) -> Option<(ServerKey, &'static str)> {
        let at = usize::from(arg & 0x1f).checked_rem(self.theirs.len())?;
        self.theirs.get(at).copied()
    }

    fn request_comes(&mut self, method: &'static str, branch: &str, arg: u8, transport: Transport) {
        let bytes = request(method, branch, arg);
        let message = parse(&bytes, &Limits::default()).expect("a request");
        match self.layer.handle_request(self.now, &message, flow(transport)) {
            Incoming::New(key) | Incoming::Merged(key) => self.theirs.push((key, method)),
            Incoming::Cancel { cancel, invite } => {
                assert!(invite.is_none_or(|invite| self.theirs.iter().any(|(key, _)| *key == invite)));
                self.theirs.push((cancel, method));
            }
            Incoming::Absorbed | Incoming::Ack | Incoming::Full => {}
        }
    }

    fn response_comes(&mut self, user: usize, method: &str, code: u16) {
        let bytes = response(code, method, &format!("z9hG4bKo{user}"));
        let message = parse(&bytes, &Limits::default()).expect("a response");
        let Some((key, heard)) = self.layer.handle_response(self.now, &message) else { return };
        assert_eq!((heard, self.ours[user].0), (user, key), "it goes to whom it is for");
        assert!(!self.ended.contains(&user), "nothing comes after the end");
        match code {
            100..=199 => assert!(!self.accepted.contains(&user), "nothing provisional after a 2xx"),
            200..=299 if method == "INVITE" => _ = self.accepted.insert(user),
            _ => {
                assert!(!self.accepted.contains(&user), "no refusal after a 2xx");
                self.ended.insert(user);
            }
        }
    }

    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(due) = self.layer.poll_timeout().filter(|due| *due <= end) {
            assert!(due >= self.now, "a timer in the past");
            self.now = due;
            self.layer.handle_timeout(due);
            self.drain();
        }
        self.now = end;
    }

    fn drain(&mut self) {
        while let Some(transmit) = self.layer.poll_transmit() {
            parse(&transmit.bytes, &roomy()).expect("what is sent is a message");
        }
        while let Some(event) = self.layer.poll_event() {
            if let Event::TimedOut(_, user) | Event::Failed(_, user) = event {
                assert!(self.ended.insert(user) && !self.accepted.contains(&user), "two ends of one transaction");
            }
        }
        assert!(self.layer.len() <= 32 + self.ours.len(), "the limit holds, but for CANCELs of our own");
    }

    fn finish(mut self) {
        for (key, method) in std::mem::take(&mut self.theirs) {
            self.layer.respond(self.now, key, Status::SERVER_ERROR, response(500, method, "z9hG4bKt"));
        }
        for (key, _) in &self.ours {
            self.layer.cancel(self.now, *key, None);
        }
        self.drain();
        self.pass(Duration::from_secs(200));
        assert!(self.layer.is_empty(), "a transaction is left");
        assert!(self.layer.poll_timeout().is_none(), "a timer is left");
        let silent = (0..self.ours.len()).find(|user| !self.ended.contains(user) && !self.accepted.contains(user));
        assert_eq!(silent, None, "a user of ours never heard the end");
    }
}
