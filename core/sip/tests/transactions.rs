//! Each row of the four tables of RFC 3261 §17 (with RFC 6026), in virtual time, on UDP and on TCP.

use std::time::{Duration, Instant};

use sip::transaction::{ClientKey, Config, Event, Full, Incoming, Layer, ServerKey};
use sip::{ConnectionId, Flow, Limits, Name, Status, Transport, Writer, parse};

/// Who a client transaction answers to.
const USER: u8 = 7;

/// 64·T1.
const LONG: u64 = 32_000;

/// A layer, and the time since its beginning.
struct Line {
    layer: Layer<u8>,
    begin: Instant,
    now: Instant,
    flow: Flow,
}

fn flow(transport: Transport) -> Flow {
    let connection = transport.reliable().then_some(ConnectionId(1));
    Flow { transport, local: "192.0.2.1:5060".parse().unwrap(), remote: "192.0.2.2:5060".parse().unwrap(), connection }
}

impl Line {
    fn new(transport: Transport) -> Self {
        Self::with(transport, Config::default())
    }

    fn with(transport: Transport, config: Config) -> Self {
        let begin = Instant::now();
        Self { layer: Layer::new(config), begin, now: begin, flow: flow(transport) }
    }

    /// Lets time pass until so many milliseconds after the beginning. What was sent, and when.
    fn until(&mut self, ms: u64) -> Vec<(u64, String)> {
        let end = self.begin + Duration::from_millis(ms);
        let mut sent: Vec<_> = self.sent().into_iter().map(|what| (self.ms(), what)).collect();
        while let Some(due) = self.layer.poll_timeout().filter(|due| *due <= end) {
            assert!(due >= self.now, "a timer in the past");
            self.now = due;
            self.layer.handle_timeout(due);
            sent.extend(self.sent().into_iter().map(|what| (self.ms(), what)));
        }
        self.now = end;
        sent
    }

    fn ms(&self) -> u64 {
        u64::try_from((self.now - self.begin).as_millis()).unwrap()
    }

    /// The methods and codes of what is to be sent.
    fn sent(&mut self) -> Vec<String> {
        self.bytes().iter().map(|bytes| kind(bytes)).collect()
    }

    fn bytes(&mut self) -> Vec<Vec<u8>> {
        std::iter::from_fn(|| self.layer.poll_transmit())
            .map(|transmit| {
                assert_eq!(transmit.flow, self.flow, "on the flow that it belongs to");
                transmit.bytes
            })
            .collect()
    }

    fn events(&mut self) -> Vec<Event<u8>> {
        std::iter::from_fn(|| self.layer.poll_event()).collect()
    }

    fn request(&mut self, method: &str) -> ClientKey {
        let key = self.layer.request(self.now, self.flow, request(method, "z9hG4bKours"), USER).unwrap();
        assert_eq!(self.sent(), [method], "it is sent at once");
        key
    }

    /// A response to the request of ours. Does it go up?
    fn response(&mut self, status: u16, method: &str) -> bool {
        let bytes = response(status, method, "z9hG4bKours");
        let heard = self.layer.handle_response(self.now, &parse(&bytes, &Limits::default()).unwrap());
        assert!(heard.is_none_or(|(_, user)| user == USER));
        heard.is_some()
    }

    fn come(&mut self, bytes: &[u8]) -> Incoming {
        let message = parse(bytes, &Limits::default()).unwrap();
        sip::validate(&message).unwrap();
        self.layer.handle_request(self.now, &message, self.flow)
    }

    fn arrive(&mut self, method: &str) -> ServerKey {
        match self.come(&request(method, "z9hG4bKtheirs")) {
            Incoming::New(key) => key,
            other => panic!("{other:?}"),
        }
    }

    fn respond(&mut self, key: ServerKey, status: u16, method: &str) {
        self.layer.respond(self.now, key, Status(status), response(status, method, "z9hG4bKtheirs"));
    }

    fn assert_quiet(&mut self) {
        assert!(self.layer.is_empty(), "a transaction is left");
        assert_eq!(self.layer.poll_timeout(), None, "a timer is left");
        assert_eq!((self.sent(), self.events()), (vec![], vec![]));
    }
}

/// The method or the code of a message.
fn kind(bytes: &[u8]) -> String {
    let message = parse(bytes, &Limits::default()).unwrap();
    message.status().map_or_else(|| message.method().unwrap().as_str().to_owned(), |status| status.0.to_string())
}

fn request(method: &str, branch: &str) -> Vec<u8> {
    format!(
        "{method} sip:bob@biloxi.com SIP/2.0\r\nVia: SIP/2.0/UDP pc33.atlanta.com;branch={branch}\r\n\
         Via: SIP/2.0/UDP older.atlanta.com;branch=z9hG4bKolder\r\nRoute: <sip:p1.example.com;lr>\r\n\
         Route: <sip:p2.example.com;lr>\r\nMax-Forwards: 70\r\nFrom: <sip:alice@atlanta.com>;tag=1928301774\r\n\
         To: <sip:bob@biloxi.com>\r\nCall-ID: a84b4c76e66710\r\nCSeq: 314159 {method}\r\n\
         Contact: <sip:alice@pc33.atlanta.com>\r\nContent-Length: 0\r\n\r\n"
    )
    .into_bytes()
}

fn response(status: u16, method: &str, branch: &str) -> Vec<u8> {
    format!(
        "SIP/2.0 {status} X\r\nVia: SIP/2.0/UDP pc33.atlanta.com;branch={branch};received=192.0.2.1\r\n\
         From: <sip:alice@atlanta.com>;tag=1928301774\r\nTo: <sip:bob@biloxi.com>;tag=a6c85cf\r\n\
         Call-ID: a84b4c76e66710\r\nCSeq: 314159 {method}\r\nContent-Length: 0\r\n\r\n"
    )
    .into_bytes()
}

fn each(what: &str, times: impl IntoIterator<Item = u64>) -> Vec<(u64, String)> {
    times.into_iter().map(|at| (at, what.to_owned())).collect()
}

const BOTH: [Transport; 2] = [Transport::Udp, Transport::Tcp];

mod invite_client {
    use super::*;

    #[test]
    fn calling_timer_a_doubles_and_timer_b_gives_up() {
        let mut line = Line::new(Transport::Udp);
        let key = line.request("INVITE");
        assert_eq!(line.until(LONG), each("INVITE", [500, 1500, 3500, 7500, 15_500, 31_500]));
        assert_eq!(line.events(), [Event::TimedOut(key, USER)]);
        line.assert_quiet();
    }

    #[test]
    fn calling_on_a_reliable_transport_sends_once() {
        let mut line = Line::new(Transport::Tcp);
        let key = line.request("INVITE");
        assert_eq!(line.until(LONG - 1), []);
        assert_eq!(line.events(), []);
        line.until(LONG);
        assert_eq!(line.events(), [Event::TimedOut(key, USER)]);
        line.assert_quiet();
    }

    #[test]
    fn calling_1xx_goes_up_and_stops_a_and_b() {
        for transport in BOTH {
            let mut line = Line::new(transport);
            line.request("INVITE");
            line.until(700);
            assert!(line.response(180, "INVITE"));
            assert!(line.response(183, "INVITE"), "each of them");
            assert_eq!(line.until(3_600_000), [], "it may ring for an hour");
            assert_eq!((line.layer.len(), line.events()), (1, vec![]));
        }
    }

    #[test]
    fn a_2xx_goes_up_each_time_until_timer_m() {
        for (transport, ringing) in [(BOTH[0], false), (BOTH[0], true), (BOTH[1], false), (BOTH[1], true)] {
            let mut line = Line::new(transport);
            line.request("INVITE");
            if ringing {
                assert!(line.response(180, "INVITE"));
            }
            assert!(line.response(200, "INVITE"));
            assert_eq!(line.sent(), [] as [&str; 0], "the ACK is the user's (§13.2.2.4)");
            assert!(line.response(200, "INVITE"), "RFC 6026: copies and forks go up");
            for other in [180, 302, 486, 603] {
                assert!(!line.response(other, "INVITE"), "{other} after a 2xx");
            }
            assert_eq!(line.until(LONG - 1), []);
            assert_eq!(line.layer.len(), 1);
            line.until(LONG);
            line.assert_quiet();
            assert!(!line.response(200, "INVITE"), "after Timer M it is a stray");
        }
    }

    #[test]
    fn a_refusal_goes_up_once_and_is_acknowledged_each_time_until_timer_d() {
        for (status, ringing) in [(300, false), (404, true), (503, false), (699, true)] {
            let mut line = Line::new(Transport::Udp);
            line.request("INVITE");
            if ringing {
                assert!(line.response(100, "INVITE"));
            }
            assert!(line.response(status, "INVITE"));
            assert_eq!(line.sent(), ["ACK"]);
            assert!(!line.response(status, "INVITE"));
            assert_eq!(line.sent(), ["ACK"]);
            for other in [180, 200] {
                assert!(!line.response(other, "INVITE"), "{other} after a refusal");
                assert_eq!(line.sent(), [] as [&str; 0]);
            }
            assert_eq!(line.until(31_999), [], "and nothing is repeated");
            assert_eq!(line.layer.len(), 1);
            line.until(32_000);
            line.assert_quiet();
        }
    }

    #[test]
    fn on_a_reliable_transport_timer_d_is_zero() {
        let mut line = Line::new(Transport::Tcp);
        line.request("INVITE");
        assert!(line.response(486, "INVITE"));
        assert_eq!(line.until(0), each("ACK", [0]));
        line.assert_quiet();
    }

    /// §17.1.1.3
    #[test]
    fn the_ack_is_made_of_the_invite_and_the_to_of_its_answer() {
        let mut line = Line::new(Transport::Udp);
        line.request("INVITE");
        line.response(486, "INVITE");
        let ack = String::from_utf8(line.bytes().remove(0)).unwrap();
        assert_eq!(
            ack,
            "ACK sip:bob@biloxi.com SIP/2.0\r\nVia: SIP/2.0/UDP pc33.atlanta.com;branch=z9hG4bKours\r\n\
             Route: <sip:p1.example.com;lr>\r\nRoute: <sip:p2.example.com;lr>\r\nMax-Forwards: 70\r\n\
             From: <sip:alice@atlanta.com>;tag=1928301774\r\nTo: <sip:bob@biloxi.com>;tag=a6c85cf\r\n\
             Call-ID: a84b4c76e66710\r\nCSeq: 314159 ACK\r\nContent-Length: 0\r\n\r\n"
        );
    }

    #[test]
    fn what_waits_on_a_flow_that_failed_fails_and_what_is_answered_does_not() {
        let mut line = Line::new(Transport::Tcp);
        let key = line.request("INVITE");
        line.layer.handle_connection_closed(ConnectionId(2));
        assert_eq!(line.events(), [], "another connection");
        line.layer.handle_connection_closed(ConnectionId(1));
        assert_eq!(line.events(), [Event::Failed(key, USER)]);
        line.assert_quiet();

        let mut line = Line::new(Transport::Udp);
        line.request("INVITE");
        line.response(200, "INVITE");
        let flow = line.flow;
        line.layer.handle_flow_failed(&flow);
        assert_eq!((line.events(), line.layer.len()), (vec![], 1), "a 2xx may still be repeated to us");
    }

    /// §17.1.3
    #[test]
    fn a_response_is_matched_by_branch_and_method() {
        let mut line = Line::new(Transport::Udp);
        line.request("INVITE");
        for stray in [response(200, "INVITE", "z9hG4bKother"), response(200, "BYE", "z9hG4bKours")] {
            assert!(line.layer.handle_response(line.now, &parse(&stray, &Limits::default()).unwrap()).is_none());
        }
        assert!(line.response(200, "INVITE"), "it still waits");
    }
}

mod cancel {
    use super::*;

    #[test]
    fn it_waits_for_a_1xx_and_is_sent_once() {
        let mut line = Line::new(Transport::Udp);
        let key = line.request("INVITE");
        line.layer.cancel(line.now, key, None);
        assert_eq!(line.sent(), [] as [&str; 0], "§9.1: not before a 1xx");
        assert!(line.response(100, "INVITE"));
        assert_eq!(line.sent(), ["CANCEL"]);
        line.layer.cancel(line.now, key, None);
        assert!(line.response(180, "INVITE"));
        assert!(!line.response(200, "CANCEL"), "its answer is nobody's business");
        // Long after the CANCEL's own transaction has gone, a 1xx brings no second one.
        assert_eq!(line.until(20_000), []);
        assert!(line.response(180, "INVITE"));
        assert_eq!(line.sent(), [] as [&str; 0]);
        assert!(line.response(487, "INVITE"));
        assert_eq!(line.sent(), ["ACK"]);
        line.until(60_000);
        line.assert_quiet();
    }

    /// §9.1
    #[test]
    fn it_is_made_of_the_invite() {
        let mut line = Line::new(Transport::Udp);
        let key = line.request("INVITE");
        line.response(180, "INVITE");
        line.layer.cancel(line.now, key, Some("SIP;cause=200;text=\"Call completed elsewhere\""));
        let cancel = String::from_utf8(line.bytes().remove(0)).unwrap();
        assert_eq!(
            cancel,
            "CANCEL sip:bob@biloxi.com SIP/2.0\r\nVia: SIP/2.0/UDP pc33.atlanta.com;branch=z9hG4bKours\r\n\
             Route: <sip:p1.example.com;lr>\r\nRoute: <sip:p2.example.com;lr>\r\nMax-Forwards: 70\r\n\
             From: <sip:alice@atlanta.com>;tag=1928301774\r\nTo: <sip:bob@biloxi.com>\r\n\
             Reason: SIP;cause=200;text=\"Call completed elsewhere\"\r\n\
             Call-ID: a84b4c76e66710\r\nCSeq: 314159 CANCEL\r\nContent-Length: 0\r\n\r\n"
        );
        assert_eq!(line.until(1500), each("CANCEL", [500, 1500]), "it is repeated like any other request");
    }

    #[test]
    fn after_a_final_answer_and_of_anything_but_invite_there_is_none() {
        let mut line = Line::new(Transport::Udp);
        let key = line.request("INVITE");
        line.response(200, "INVITE");
        line.layer.cancel(line.now, key, None);
        assert_eq!(line.sent(), [] as [&str; 0]);
        let mut line = Line::new(Transport::Udp);
        let key = line.request("OPTIONS");
        line.response(100, "OPTIONS");
        line.layer.cancel(line.now, key, None);
        assert_eq!(line.sent(), [] as [&str; 0]);
    }

    #[test]
    fn a_200_that_crosses_it_goes_up() {
        let mut line = Line::new(Transport::Udp);
        let key = line.request("INVITE");
        line.response(180, "INVITE");
        line.layer.cancel(line.now, key, None);
        assert!(line.response(200, "INVITE"), "the user must acknowledge it and hang up");
    }

    #[test]
    fn an_invite_that_stays_silent_after_it_is_given_up_in_64_t1() {
        for transport in BOTH {
            let mut line = Line::new(transport);
            let key = line.request("INVITE");
            line.response(180, "INVITE");
            line.until(10_000);
            line.layer.cancel(line.now, key, None);
            line.until(10_000 + LONG - 1);
            assert_eq!(line.events(), []);
            line.until(10_000 + LONG);
            assert_eq!(line.events(), [Event::TimedOut(key, USER)]);
            line.assert_quiet();
        }
    }

    #[test]
    fn one_that_comes_finds_its_invite_whatever_its_method() {
        // RFC 3261, and RFC 2543 without a branch.
        for branch in ["z9hG4bKtheirs", "1"] {
            let mut line = Line::new(Transport::Udp);
            let Incoming::New(invite) = line.come(&request("INVITE", branch)) else { panic!() };
            let Incoming::Cancel { cancel, invite: found } = line.come(&request("CANCEL", branch)) else { panic!() };
            assert_eq!(found, Some(invite), "{branch}");
            assert_ne!(cancel, invite, "it is a transaction of its own");
            assert_eq!(line.come(&request("CANCEL", branch)), Incoming::Absorbed);
        }
    }

    #[test]
    fn one_that_belongs_to_nothing_is_still_to_be_answered() {
        let mut line = Line::new(Transport::Udp);
        line.arrive("INVITE");
        let Incoming::Cancel { cancel, invite: None } = line.come(&request("CANCEL", "z9hG4bKother")) else { panic!() };
        line.respond(cancel, 481, "CANCEL");
        assert_eq!(line.sent(), ["481"]);
        let mut other = request("CANCEL", "z9hG4bKtheirs");
        let from = b"pc33".to_vec();
        let at = other.windows(4).position(|four| four == from).unwrap();
        other[at + 3] = b'4';
        assert!(matches!(line.come(&other), Incoming::Cancel { invite: None, .. }), "another sent-by (§17.2.3)");
    }
}

mod other_client {
    use super::*;

    #[test]
    fn trying_timer_e_doubles_to_t2_and_timer_f_gives_up() {
        let mut line = Line::new(Transport::Udp);
        let key = line.request("OPTIONS");
        let times = [500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500];
        assert_eq!(line.until(LONG), each("OPTIONS", times));
        assert_eq!(line.events(), [Event::TimedOut(key, USER)]);
        line.assert_quiet();
    }

    #[test]
    fn on_a_reliable_transport_it_is_sent_once_and_timer_f_gives_up() {
        let mut line = Line::new(Transport::Tcp);
        let key = line.request("OPTIONS");
        assert!(line.response(100, "OPTIONS"));
        assert_eq!(line.until(LONG), []);
        assert_eq!(line.events(), [Event::TimedOut(key, USER)]);
        line.assert_quiet();
    }

    #[test]
    fn proceeding_timer_e_is_t2_and_timer_f_still_runs() {
        let mut line = Line::new(Transport::Udp);
        let key = line.request("OPTIONS");
        line.until(100);
        assert!(line.response(100, "OPTIONS"));
        let times = [500, 4500, 8500, 12_500, 16_500, 20_500, 24_500, 28_500];
        assert_eq!(line.until(LONG), each("OPTIONS", times));
        assert_eq!(line.events(), [Event::TimedOut(key, USER)]);
        line.assert_quiet();
    }

    #[test]
    fn a_final_answer_goes_up_once_and_copies_are_absorbed_until_timer_k() {
        for (transport, linger) in [(Transport::Udp, 5000), (Transport::Tcp, 0)] {
            for (status, early) in [(200, false), (302, true), (404, false), (503, true), (600, false)] {
                let mut line = Line::new(transport);
                line.request("OPTIONS");
                if early {
                    assert!(line.response(100, "OPTIONS"));
                }
                assert!(line.response(status, "OPTIONS"));
                assert!(!line.response(status, "OPTIONS"));
                assert!(!line.response(100, "OPTIONS"));
                assert_eq!(line.sent(), [] as [&str; 0], "no ACK to anything but INVITE");
                if linger > 0 {
                    assert_eq!(line.until(linger - 1), []);
                    assert_eq!(line.layer.len(), 1);
                }
                line.until(linger);
                line.assert_quiet();
            }
        }
    }

    #[test]
    fn a_flow_that_failed_fails_it() {
        let mut line = Line::new(Transport::Udp);
        let key = line.request("REGISTER");
        let flow = line.flow;
        line.layer.handle_flow_failed(&flow);
        assert_eq!(line.events(), [Event::Failed(key, USER)]);
        line.assert_quiet();
    }
}

mod invite_server {
    use super::*;

    #[test]
    fn proceeding_100_after_200_ms_unless_something_was_said() {
        for transport in BOTH {
            let mut line = Line::new(transport);
            let key = line.arrive("INVITE");
            assert_eq!(line.until(10_000), each("100", [200]));
            line.respond(key, 180, "INVITE");
            assert_eq!(line.sent(), ["180"]);

            let mut line = Line::new(transport);
            let key = line.arrive("INVITE");
            line.until(150);
            line.respond(key, 180, "INVITE");
            assert_eq!(line.until(10_000), each("180", [150]));
        }
    }

    /// §8.2.6.1, §18.2.1
    #[test]
    fn the_100_has_no_tag_and_tells_where_the_request_came_from() {
        let mut line = Line::new(Transport::Udp);
        line.arrive("INVITE");
        line.now += Duration::from_millis(200);
        line.layer.handle_timeout(line.now);
        let bytes = line.bytes().remove(0);
        let trying = parse(&bytes, &Limits::default()).unwrap();
        assert_eq!(trying.to().unwrap().tag(), None);
        assert_eq!(trying.via().unwrap().received(), Some("192.0.2.2".parse().unwrap()));
        assert_eq!(trying.vias().count(), 2);
    }

    #[test]
    fn proceeding_a_copy_gets_the_last_1xx_again() {
        let mut line = Line::new(Transport::Udp);
        let key = line.arrive("INVITE");
        let copy = request("INVITE", "z9hG4bKtheirs");
        assert_eq!((line.come(&copy), line.sent()), (Incoming::Absorbed, vec![]), "nothing was said yet");
        line.until(200);
        assert_eq!((line.come(&copy), line.sent()), (Incoming::Absorbed, vec!["100".to_owned()]));
        line.respond(key, 180, "INVITE");
        line.respond(key, 183, "INVITE");
        line.sent();
        assert_eq!((line.come(&copy), line.sent()), (Incoming::Absorbed, vec!["183".to_owned()]));
    }

    #[test]
    fn a_2xx_is_sent_once_and_copies_are_absorbed_until_timer_l() {
        for transport in BOTH {
            let mut line = Line::new(transport);
            let key = line.arrive("INVITE");
            line.respond(key, 200, "INVITE");
            assert_eq!(line.sent(), ["200"]);
            line.until(1000);
            let copy = request("INVITE", "z9hG4bKtheirs");
            assert_eq!((line.come(&copy), line.sent()), (Incoming::Absorbed, vec![]), "RFC 6026 §7.1");
            // An ACK has a branch of its own; one with the INVITE's is passed up all the same.
            for branch in ["z9hG4bKack", "z9hG4bKtheirs", "z9hG4bKtheirs"] {
                assert_eq!(line.come(&request("ACK", branch)), Incoming::Ack);
            }
            line.respond(key, 486, "INVITE");
            assert_eq!(line.sent(), [] as [&str; 0], "one final answer");
            // §13.3.1.4: the user says it again until it is acknowledged, past the transaction.
            let flow = line.flow;
            line.layer.send(flow, response(200, "INVITE", "z9hG4bKtheirs"));
            assert_eq!(line.sent(), ["200"]);
            assert_eq!(line.until(LONG - 1), []);
            assert_eq!(line.layer.len(), 1);
            line.until(LONG);
            line.assert_quiet();
        }
    }

    #[test]
    fn a_refusal_is_repeated_by_timer_g_until_timer_h() {
        let mut line = Line::new(Transport::Udp);
        let key = line.arrive("INVITE");
        line.respond(key, 486, "INVITE");
        assert_eq!(line.sent(), ["486"]);
        let times = [500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500];
        assert_eq!(line.until(LONG), each("486", times));
        assert_eq!(line.events(), [Event::AckMissing(key)]);
        line.assert_quiet();
    }

    #[test]
    fn on_a_reliable_transport_a_refusal_is_sent_once_and_timer_h_still_runs() {
        let mut line = Line::new(Transport::Tcp);
        let key = line.arrive("INVITE");
        line.respond(key, 486, "INVITE");
        assert_eq!(line.until(LONG), each("486", [0]));
        assert_eq!(line.events(), [Event::AckMissing(key)]);
        line.assert_quiet();
    }

    #[test]
    fn completed_a_copy_gets_the_refusal_again_and_the_user_cannot_change_it() {
        let mut line = Line::new(Transport::Udp);
        let key = line.arrive("INVITE");
        line.respond(key, 486, "INVITE");
        line.respond(key, 200, "INVITE");
        assert_eq!(line.sent(), ["486"]);
        assert_eq!(line.come(&request("INVITE", "z9hG4bKtheirs")), Incoming::Absorbed);
        assert_eq!(line.sent(), ["486"]);
    }

    #[test]
    fn an_ack_ends_the_repeating_and_timer_i_absorbs() {
        for (transport, linger) in [(Transport::Udp, 5000), (Transport::Tcp, 0)] {
            let mut line = Line::new(transport);
            let key = line.arrive("INVITE");
            line.respond(key, 486, "INVITE");
            line.sent();
            assert_eq!(line.come(&request("ACK", "z9hG4bKtheirs")), Incoming::Absorbed);
            assert_eq!(line.events(), [Event::Acked(key)]);
            assert_eq!(line.come(&request("ACK", "z9hG4bKtheirs")), Incoming::Absorbed);
            assert_eq!(line.come(&request("INVITE", "z9hG4bKtheirs")), Incoming::Absorbed);
            assert_eq!(line.events(), [], "a second ACK is nothing new");
            if linger > 0 {
                assert_eq!(line.until(linger - 1), []);
                assert_eq!(line.layer.len(), 1);
            }
            assert_eq!(line.until(linger), []);
            line.assert_quiet();
        }
    }

    #[test]
    fn an_ack_before_any_answer_means_nothing() {
        let mut line = Line::new(Transport::Udp);
        let key = line.arrive("INVITE");
        assert_eq!(line.come(&request("ACK", "z9hG4bKtheirs")), Incoming::Absorbed);
        line.respond(key, 486, "INVITE");
        assert_eq!((line.sent(), line.events()), (vec!["486".to_owned()], vec![]));
    }
}

mod other_server {
    use super::*;

    #[test]
    fn trying_a_copy_is_absorbed() {
        let mut line = Line::new(Transport::Udp);
        line.arrive("OPTIONS");
        assert_eq!((line.come(&request("OPTIONS", "z9hG4bKtheirs")), line.sent()), (Incoming::Absorbed, vec![]));
    }

    #[test]
    fn a_final_answer_is_given_to_copies_until_timer_j() {
        for (transport, linger) in [(Transport::Udp, LONG), (Transport::Tcp, 0)] {
            for status in [200, 302, 404, 500, 603] {
                let mut line = Line::new(transport);
                let key = line.arrive("OPTIONS");
                line.respond(key, status, "OPTIONS");
                assert_eq!(line.sent(), [status.to_string()]);
                assert_eq!(line.come(&request("OPTIONS", "z9hG4bKtheirs")), Incoming::Absorbed);
                assert_eq!(line.sent(), [status.to_string()]);
                line.respond(key, 200, "OPTIONS");
                assert_eq!(line.sent(), [] as [&str; 0], "one final answer");
                if linger > 0 {
                    assert_eq!(line.until(linger - 1), [], "nothing is repeated without being asked");
                    assert_eq!(line.layer.len(), 1);
                }
                line.until(linger);
                line.assert_quiet();
            }
        }
    }

    /// RFC 4320 §4.1
    #[test]
    fn a_100_comes_when_timer_e_of_the_peer_is_at_t2_and_not_before() {
        for transport in BOTH {
            let mut line = Line::new(transport);
            let key = line.arrive("REGISTER");
            line.respond(key, 100, "REGISTER");
            line.respond(key, 183, "REGISTER");
            assert_eq!(line.until(20_000), each("100", [3500]), "and nothing else that is provisional");
            assert_eq!(line.come(&request("REGISTER", "z9hG4bKtheirs")), Incoming::Absorbed);
            assert_eq!(line.sent(), ["100"]);
            line.respond(key, 200, "REGISTER");
            assert_eq!(line.sent(), ["200"]);
        }
        let mut line = Line::new(Transport::Udp);
        let key = line.arrive("REGISTER");
        line.respond(key, 200, "REGISTER");
        assert_eq!(line.until(20_000), each("200", [0]), "who was answered needs none");
    }

    /// RFC 4320 §4.2
    #[test]
    fn nobody_but_an_invite_is_told_408() {
        let mut line = Line::new(Transport::Udp);
        let key = line.arrive("OPTIONS");
        line.respond(key, 408, "OPTIONS");
        assert_eq!(line.come(&request("OPTIONS", "z9hG4bKtheirs")), Incoming::Absorbed);
        assert_eq!(line.until(LONG), []);
        line.assert_quiet();
        let mut line = Line::new(Transport::Udp);
        let key = line.arrive("INVITE");
        line.respond(key, 408, "INVITE");
        assert_eq!(line.sent(), ["408"]);
    }
}

mod matching {
    use super::*;

    fn text(bytes: Vec<u8>) -> String {
        String::from_utf8(bytes).unwrap()
    }

    /// §17.2.3
    #[test]
    fn branch_sent_by_and_method_make_a_transaction() {
        let mut line = Line::new(Transport::Udp);
        line.arrive("OPTIONS");
        let first = text(request("OPTIONS", "z9hG4bKtheirs")).replace("314159", "314160");
        for other in [
            first.replace("pc33", "pc34"),
            first.replace("pc33.atlanta.com", "pc33.atlanta.com:5062"),
            first.replace("OPTIONS", "MESSAGE"),
            first.replace("bKtheirs", "bKnext").replace("314160", "314161"),
        ] {
            assert!(matches!(line.come(other.as_bytes()), Incoming::New(_) | Incoming::Merged(_)), "{other}");
        }
    }

    /// §17.2.3, for senders of RFC 2543.
    #[test]
    fn without_a_branch_the_rest_of_the_request_is_compared() {
        for via in [
            "SIP/2.0/UDP pc33.atlanta.com",
            "SIP/2.0/UDP pc33.atlanta.com;branch=1",
            "SIP/2.0/UDP pc33.atlanta.com;branch=z9hG4bK",
        ] {
            let old = |method: &str| text(request(method, "X")).replace("SIP/2.0/UDP pc33.atlanta.com;branch=X", via);
            let mut line = Line::new(Transport::Udp);
            let Incoming::New(key) = line.come(old("INVITE").as_bytes()) else { panic!() };
            assert_eq!(line.come(old("INVITE").as_bytes()), Incoming::Absorbed);
            line.respond(key, 486, "INVITE");
            let ack = old("ACK").replace("To: <sip:bob@biloxi.com>", "To: <sip:bob@biloxi.com>;tag=a6c85cf");
            assert_eq!(line.come(ack.as_bytes()), Incoming::Absorbed);
            assert_eq!(line.events(), [Event::Acked(key)], "{via}");
            // RFC 4475 §3.2.1: the bare cookie must not make one transaction out of two.
            let next = old("INVITE").replace("a84b4c76e66710", "another");
            assert!(matches!(line.come(next.as_bytes()), Incoming::New(_)), "{via}");
        }
    }

    /// §8.2.2.2
    #[test]
    fn a_request_that_came_by_two_ways_is_merged() {
        let mut line = Line::new(Transport::Udp);
        line.arrive("INVITE");
        let Incoming::Merged(key) = line.come(&request("INVITE", "z9hG4bKelsewhere")) else { panic!() };
        line.respond(key, 482, "INVITE");
        assert_eq!(line.sent(), ["482"]);
        let again = text(request("INVITE", "z9hG4bKretry"));
        assert!(matches!(line.come(again.replace("314159", "314160").as_bytes()), Incoming::New(_)), "a higher CSeq");
        let inside = again
            .replace("bKretry", "bKinside")
            .replace("To: <sip:bob@biloxi.com>", "To: <sip:bob@biloxi.com>;tag=ours");
        assert!(matches!(line.come(inside.as_bytes()), Incoming::New(_)), "inside a dialog nothing merges");
    }

    #[test]
    fn when_the_first_is_over_the_same_request_is_new() {
        let mut line = Line::new(Transport::Udp);
        let key = line.arrive("OPTIONS");
        line.respond(key, 200, "OPTIONS");
        line.until(LONG);
        assert!(matches!(line.come(&request("OPTIONS", "z9hG4bKelsewhere")), Incoming::New(_)));
    }

    #[test]
    fn a_response_is_no_request_and_a_request_of_ours_needs_a_branch_that_is_new() {
        let mut line = Line::new(Transport::Udp);
        line.request("OPTIONS");
        let flow = line.flow;
        for bytes in [
            request("OPTIONS", "z9hG4bKours"),
            response(200, "OPTIONS", "z9hG4bKx"),
            Writer::request(sip::Method::Options, "sip:a@b").finish(),
            b"nonsense".to_vec(),
        ] {
            assert_eq!(line.layer.request(line.now, flow, bytes, USER), Err(Full));
        }
        let mut answer = Writer::response(Status::OK);
        answer.header(Name::Via, "SIP/2.0/UDP pc33;branch=z9hG4bKours");
        let answer = answer.finish();
        assert!(line.layer.handle_response(line.now, &parse(&answer, &Limits::default()).unwrap()).is_none());
        assert_eq!(line.layer.len(), 1);
    }
}

mod limits {
    use super::*;

    #[test]
    fn a_full_layer_takes_nothing_new_and_goes_on_with_what_it_has() {
        let mut line = Line::with(Transport::Udp, Config { max: 2, ..Config::default() });
        let invite = line.arrive("INVITE");
        line.request("OPTIONS");
        assert_eq!(line.come(&request("INVITE", "z9hG4bKmore")), Incoming::Full);
        let flow = line.flow;
        assert_eq!(line.layer.request(line.now, flow, request("BYE", "z9hG4bKmore"), USER), Err(Full));
        // Copies, ACKs and answers belong to what is there.
        assert_eq!(line.come(&request("INVITE", "z9hG4bKtheirs")), Incoming::Absorbed);
        assert_eq!(line.come(&request("ACK", "z9hG4bKany")), Incoming::Ack);
        line.respond(invite, 486, "INVITE");
        assert_eq!(line.sent(), ["486"]);
        assert!(line.response(200, "OPTIONS"));
        line.until(LONG);
        line.events();
        line.assert_quiet();
        line.arrive("INVITE");
    }

    #[test]
    fn a_flood_leaves_nothing_behind() {
        let mut line = Line::with(Transport::Udp, Config { max: 1000, ..Config::default() });
        for n in 0..5000 {
            let bytes = String::from_utf8(request("OPTIONS", &format!("z9hG4bK{n}"))).unwrap();
            match line.come(bytes.replace("314159", &n.to_string()).as_bytes()) {
                Incoming::New(key) => line.respond(key, 404, "OPTIONS"),
                Incoming::Full => assert!(n >= 1000),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(line.layer.len(), 1000);
        line.until(LONG);
        line.assert_quiet();
    }
}
