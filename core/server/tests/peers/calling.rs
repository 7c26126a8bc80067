//! Calls between two sipps: every way in which they begin and end, with what the call record says.

use std::time::Duration;

use store::StoredCdr;

use crate::harness::{Exchange, MANY_PORTS, Over, Plan};
use crate::sipp::{Playing, Sipp, register};

/// What the record says of how a call came out.
fn outcome(cdr: &StoredCdr) -> (&str, u8, u16, &str) {
    (&cdr.disposition, cdr.cause, cdr.status, &cdr.ended_by)
}

/// 1002 is registered and plays this.
fn callee<'a>(exchange: &'a Exchange, scenario: &'static str) -> Sipp<'a> {
    let port = register(exchange, "1002", Over::Udp);
    Sipp::plays(exchange, scenario).by("1002").at(port)
}

/// 1001 calls 1002 by this scenario; both must come to a good end.
fn both_succeed(exchange: &Exchange, caller: &'static str, callee: Playing) {
    Sipp::plays(exchange, caller).to("1002").succeeds();
    callee.succeeds();
}

#[test]
fn the_caller_hangs_up() {
    let exchange = Exchange::start();
    let bob = callee(&exchange, "answer").start();
    both_succeed(&exchange, "call", bob);
    let cdr = exchange.cdr();
    assert_eq!(outcome(&cdr), ("answered", 16, 200, "caller"));
    assert_eq!((cdr.caller.as_str(), cdr.callee.as_str()), ("1001", "1002"));
    assert_eq!(cdr.answered_by.as_deref(), Some("1002"));
    assert!(cdr.user.is_some(), "the caller proved who it is");
    assert!(cdr.ringing.is_some_and(|ringing| cdr.arrived <= ringing), "it rang");
    assert!(cdr.answered.is_some_and(|answered| cdr.ringing <= Some(answered) && answered <= cdr.ended));
    assert_eq!(cdr.legs.len(), 2);
}

#[test]
fn the_callee_hangs_up() {
    let exchange = Exchange::start();
    let bob = callee(&exchange, "answer_and_hang_up").start();
    both_succeed(&exchange, "call_until_bye", bob);
    assert_eq!(outcome(&exchange.cdr()), ("answered", 16, 200, "callee"));
}

#[test]
fn the_caller_gives_up_while_it_rings() {
    let exchange = Exchange::start();
    let bob = callee(&exchange, "ring").start();
    both_succeed(&exchange, "call_and_cancel", bob);
    assert_eq!(outcome(&exchange.cdr()), ("cancelled", 16, 487, "caller"));
}

#[test]
fn the_callee_is_busy() {
    let exchange = Exchange::start();
    let bob = callee(&exchange, "refuse").with("status", &486).start();
    Sipp::plays(&exchange, "call_in_vain").to("1002").with("status", &486).succeeds();
    bob.succeeds();
    assert_eq!(outcome(&exchange.cdr()), ("busy", 17, 486, "callee"));
}

#[test]
fn the_callee_declines() {
    let exchange = Exchange::start();
    let bob = callee(&exchange, "refuse").with("status", &603).start();
    Sipp::plays(&exchange, "call_in_vain").to("1002").with("status", &603).succeeds();
    bob.succeeds();
    assert_eq!(outcome(&exchange.cdr()), ("rejected", 21, 603, "callee"));
}

#[test]
fn nobody_answers_and_both_phones_are_told() {
    let exchange = Exchange::with(Plan { ring_time: Some(Duration::from_secs(1)), ..Plan::default() });
    let bob = callee(&exchange, "ring").start();
    Sipp::plays(&exchange, "call_in_vain").to("1002").with("status", &480).succeeds();
    bob.succeeds();
    assert_eq!(outcome(&exchange.cdr()), ("no-answer", 19, 480, "exchange"));
}

#[test]
fn a_number_that_nobody_has_is_not_found() {
    let exchange = Exchange::start();
    Sipp::plays(&exchange, "call_in_vain").to("9999").with("status", &404).succeeds();
    assert_eq!(outcome(&exchange.cdr()), ("failed", 1, 404, "exchange"));
}

#[test]
fn a_user_without_a_phone_is_unavailable() {
    let exchange = Exchange::start();
    Sipp::plays(&exchange, "call_in_vain").to("1003").with("status", &480).succeeds();
    assert_eq!(outcome(&exchange.cdr()), ("failed", 20, 480, "exchange"));
}

#[test]
fn a_caller_with_a_wrong_password_is_challenged_again_and_rings_nobody() {
    let exchange = Exchange::start();
    register(&exchange, "1002", Over::Udp);
    Sipp::plays(&exchange, "call_in_vain").to("1002").with("password", "guessed").with("status", &401).succeeds();
    exchange.cdrs(0);
}

#[test]
fn the_callee_is_held_and_taken_back() {
    let exchange = Exchange::start();
    let bob = callee(&exchange, "answer_and_be_held").start();
    both_succeed(&exchange, "call_and_hold", bob);
    assert_eq!(outcome(&exchange.cdr()), ("answered", 16, 200, "caller"));
}

#[test]
fn the_callee_makes_the_offer_and_the_ack_answers_it() {
    let exchange = Exchange::start();
    let bob = callee(&exchange, "answer_with_offer").start();
    both_succeed(&exchange, "call_without_offer", bob);
    assert_eq!(outcome(&exchange.cdr()), ("answered", 16, 200, "caller"));
}

#[test]
fn two_hundred_calls_in_a_burst_all_come_through() {
    const CALLS: u32 = 200;
    let exchange = Exchange::with(Plan { settings: MANY_PORTS, ..Plan::default() });
    let bob = callee(&exchange, "answer").times(CALLS, 100).with("ring", &10).start();
    Sipp::plays(&exchange, "call").to("1002").times(CALLS, 100).with("talk", &100).succeeds();
    bob.succeeds();
    let cdrs = exchange.cdrs(CALLS as usize);
    let failed: Vec<_> = cdrs.iter().filter(|cdr| outcome(cdr) != ("answered", 16, 200, "caller")).collect();
    assert!(failed.is_empty(), "{failed:#?}");
}
