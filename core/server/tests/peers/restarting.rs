//! The exchange ends and starts again: in order, and as if the power were lost.

use std::time::Duration;

use crate::harness::{Exchange, Over};
use crate::sipp::{Playing, Sipp, register};

/// 1002's phone at this port answers one call.
fn answers(exchange: &Exchange, port: u16) -> Playing {
    Sipp::plays(exchange, "answer").by("1002").at(port).start()
}

#[test]
fn started_again_it_keeps_registrations_and_call_records() {
    let mut exchange = Exchange::start();
    let port = register(&exchange, "1002", Over::Udp);
    let bob = answers(&exchange, port);
    Sipp::plays(&exchange, "call").to("1002").succeeds();
    bob.succeeds();
    exchange.terminate();
    assert!(exchange.ended(Duration::from_secs(10)).success(), "SIGTERM is an ordinary end");
    assert_eq!(exchange.cdr().disposition, "answered");

    exchange.start_again();
    let bob = answers(&exchange, port);
    Sipp::plays(&exchange, "call").to("1002").succeeds();
    bob.succeeds();
    exchange.cdrs(2);
}

#[test]
fn sigterm_lets_calls_end_and_takes_no_new_ones() {
    let mut exchange = Exchange::start();
    let port = register(&exchange, "1002", Over::Udp);
    let bob = answers(&exchange, port);
    let alice = Sipp::plays(&exchange, "call").to("1002").with("talk", &2500).start();
    alice.media_port();
    exchange.terminate();
    Sipp::plays(&exchange, "call_at_the_door").by("1003").to("1002").with("status", &503).succeeds();
    assert!(exchange.runs(), "it waits for the call");
    alice.succeeds();
    bob.succeeds();
    assert!(exchange.ended(Duration::from_secs(10)).success(), "then it ends in order");
    assert_eq!(exchange.cdr().disposition, "answered");
}

#[test]
fn a_second_sigterm_ends_it_at_once() {
    let mut exchange = Exchange::start();
    let port = register(&exchange, "1002", Over::Udp);
    let _bob = answers(&exchange, port);
    let alice = Sipp::plays(&exchange, "call").to("1002").with("talk", &20_000).start();
    alice.media_port();
    exchange.terminate();
    Sipp::plays(&exchange, "call_at_the_door").by("1003").to("1002").with("status", &503).succeeds();
    exchange.terminate();
    exchange.ended(Duration::from_secs(5));
}

#[test]
fn what_was_told_a_second_ago_survives_kill_9() {
    let mut exchange = Exchange::start();
    let port = register(&exchange, "1002", Over::Udp);
    let bob = answers(&exchange, port);
    Sipp::plays(&exchange, "call").to("1002").succeeds();
    bob.succeeds();
    // The promise is a second: the one wait here that is a wait.
    std::thread::sleep(Duration::from_secs(1));
    exchange.kill();
    let cdr = exchange.cdr();
    assert_eq!((cdr.disposition.as_str(), cdr.cause, cdr.status), ("answered", 16, 200));
    assert_eq!(exchange.bindings(1)[0].aor.user, "1002");

    exchange.start_again();
    let bob = answers(&exchange, port);
    Sipp::plays(&exchange, "call").to("1002").succeeds();
    bob.succeeds();
    exchange.cdrs(2);
}
