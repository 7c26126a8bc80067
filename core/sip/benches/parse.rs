//! What reading costs: `cargo bench -p sip`.

use divan::{Bencher, black_box};
use sip::{Limits, Method, Name, Status, Writer, digest, parse, validate};

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
