//! What reading costs: `cargo bench -p sip`.

use std::time::{Duration, Instant};

use divan::{Bencher, black_box};
use sip::transaction::{Config, Incoming, Layer};
use sip::{Flow, Limits, Method, Name, Status, Transport, Writer, digest, parse, validate};

#[path = "../tests/everyday.rs"]
#[allow(dead_code, reason = "shared with the tests")]
mod everyday;

fn main() {
    divan::main();
}

#[divan::bench]
fn invite(bencher: Bencher<'_, '_>) {
    let bytes = everyday::message("invite");
    let limits = Limits::default();
    bencher.bench_local(|| black_box(parse(black_box(&bytes), &limits)).is_ok());
}

#[divan::bench]
fn invite_and_typed_headers(bencher: Bencher<'_, '_>) {
    let bytes = everyday::message("invite");
    let limits = Limits::default();
    bencher.bench_local(|| {
        let message = parse(black_box(&bytes), &limits).unwrap();
        black_box((message.uri().unwrap(), message.from().unwrap(), message.to().unwrap()));
        black_box((message.via().unwrap(), message.cseq().unwrap(), message.call_id().unwrap()));
        black_box((message.max_forwards().unwrap(), message.contacts().next().unwrap().unwrap()));
    });
}

#[divan::bench]
fn invite_validated(bencher: Bencher<'_, '_>) {
    let bytes = everyday::message("invite");
    let limits = Limits::default();
    bencher.bench_local(|| validate(&parse(black_box(&bytes), &limits).unwrap()).is_ok());
}

#[divan::bench]
fn reply(bencher: Bencher<'_, '_>) {
    let bytes = everyday::message("invite");
    let message = parse(&bytes, &Limits::default()).unwrap();
    let source = "192.0.2.1:5060".parse().unwrap();
    bencher.bench_local(|| Writer::reply(black_box(&message), Status::RINGING, Some("tag"), source).finish());
}

#[divan::bench(args = ["MD5", "SHA-256"])]
fn register_digest(bencher: Bencher<'_, '_>, algorithm: &str) {
    let text = String::from_utf8(everyday::message("register")).unwrap();
    let bytes = text.replace("algorithm=MD5", &format!("algorithm={algorithm}")).into_bytes();
    let (known, _) = digest::Algorithm::parse(Some(algorithm)).unwrap();
    let secret = digest::ha1(known, "1001", "pbx.example.com", "secret");
    let limits = Limits::default();
    bencher.bench_local(|| {
        let message = parse(black_box(&bytes), &limits).unwrap();
        let credentials = message.credentials(Name::Authorization).next().unwrap();
        digest::verify(&secret, Method::Register, &credentials, message.body())
    });
}

/// All that becomes of a REGISTER with credentials but for the bindings, among the transactions of 500 a second.
#[divan::bench(sample_count = 200, sample_size = 500)]
fn register_transaction(bencher: Bencher<'_, '_>) {
    let start = Instant::now();
    let mut now = start;
    let mut nonces = digest::Nonces::new([7; 32], now, Duration::from_secs(600), 100_000);
    let secret = digest::ha1(digest::Algorithm::Md5, "1001", "pbx.example.com", "secret");
    let flow = Flow {
        transport: Transport::Udp,
        local: "203.0.113.5:5060".parse().unwrap(),
        remote: "192.0.2.1:5060".parse().unwrap(),
        connection: None,
    };
    let limits = Limits::default();
    let mut layer = Layer::<u32>::new(Config::default());
    let text = String::from_utf8(everyday::message("register")).unwrap();
    let known = text.split_once("nonce=\"").unwrap().1.split_once('"').unwrap().0;
    let pieces: Vec<String> = (0..64).map(|_| text.replace(known, &nonces.mint(now))).collect();
    let mut count: u32 = 0;
    let mut next = || {
        count += 1;
        let piece = &pieces[count as usize % pieces.len()];
        let piece = piece.replace("branch=z9hG4bK", &format!("branch=z9hG4bK{count:08x}"));
        let piece = piece.replace("Call-ID: ", &format!("Call-ID: {count:08x}"));
        piece.replace("nc=00000001", &format!("nc={:08x}", count / 64 + 1)).into_bytes()
    };
    let mut handle = |bytes: Vec<u8>| {
        now += Duration::from_millis(2);
        layer.handle_timeout(now);
        let message = parse(&bytes, &limits).unwrap();
        validate(&message).unwrap();
        let Incoming::New(key) = layer.handle_request(now, &message, flow) else { panic!("not new") };
        let credentials = message.credentials(Name::Authorization).next().unwrap();
        let nc = credentials.nc.unwrap();
        black_box(digest::verify(&secret, Method::Register, &credentials, message.body()));
        assert_eq!(nonces.check(&credentials.nonce, nc, start), digest::Verdict::Live);
        nonces.used(&credentials.nonce, nc, start);
        let mut writer = Writer::reply(&message, Status::OK, Some("tag"), flow.remote);
        writer.header(Name::Contact, "<sip:1001@192.168.1.20:5060>;expires=3600");
        layer.respond(now, key, Status::OK, writer.finish());
        layer.poll_transmit()
    };
    for _ in 0..20_000 {
        handle(next());
    }
    bencher.with_inputs(next).bench_local_values(handle);
}
