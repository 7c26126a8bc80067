//! Each row of the four tables of RFC 3261 §17 (with RFC 6026), in virtual time, on UDP and on TCP.

mod cancel;
mod invite_client;
mod invite_server;
mod limits;
mod matching;
mod other_client;
mod other_server;

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
