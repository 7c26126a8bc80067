//! Gateways that fail after they were heard of: nobody is rung twice, and what they played was heard.

use std::time::{Duration, Instant};

use media::Codec;

use super::failing::{Pair, tried};
use super::outside::WORLD;
use crate::harness::{Over, Plan, until};
use crate::listener::Listener;
use crate::phone::Phone;
use crate::sipp::Sipp;
use crate::talking::{ALICE, BOB};
use crate::tone::{RATE, level};

#[test]
fn nobody_is_rung_twice_by_a_gateway_that_dies_in_mid_ring() {
    let pair = Pair::with(Plan::default(), |_| ());
    let first = pair.first("gateway_rings_then_refuses").with("status", &503).with("ring", &1500).start();
    let second = pair.second(1);
    Sipp::plays(&pair.exchange, "call_in_vain").to(WORLD).with("status", &503).succeeds();
    first.succeeds();
    assert_eq!(second.has_seen("INVITE sip:"), 0);
    let cdr = pair.exchange.cdr();
    assert_eq!(tried(&cdr), [("first", Some(503))]);
    assert_eq!((cdr.disposition.as_str(), cdr.status, cdr.charge), ("failed", 503, None));
    assert!(cdr.ringing.is_some());
}

#[test]
fn a_gateway_that_only_tries_has_the_ring_time_and_no_longer() {
    let plan = Plan { ring_time: Some(Duration::from_secs(3)), ..Plan::default() };
    let pair = Pair::with(plan, |_| ());
    let first = pair.first("gateway_only_tries").start();
    let second = pair.second(1);
    let began = Instant::now();
    Sipp::plays(&pair.exchange, "call_in_vain").to(WORLD).with("status", &480).succeeds();
    assert!(began.elapsed() >= Duration::from_secs(3), "longer than the trunk's patience: it lives");
    first.succeeds();
    assert_eq!(second.has_seen("INVITE sip:"), 0);
    let cdr = pair.exchange.cdr();
    // The caller is not kept waiting for what it says to the CANCEL.
    assert_eq!(tried(&cdr), [("first", None)]);
    assert_eq!((cdr.disposition.as_str(), cdr.status, cdr.ringing), ("failed", 480, None), "it never rang");
}

#[test]
fn the_caller_hears_what_a_gateway_plays_and_then_that_it_is_busy() {
    let pair = Pair::with(Plan::default(), |_| ());
    let mut announcement = Listener::start(&pair.exchange);
    let first = pair.first("gateway_plays_then_refuses").with("status", &486).with("ring", &5000);
    let first = first.with("rtp", &announcement.port).start();
    let second = pair.second(1);
    let mut alice = Phone::start(&pair.exchange, "1001", ALICE, Over::Udp, false);
    pair.exchange.bindings(1);
    alice.begins_to_call(&format!("sip:{WORLD}@{}", pair.exchange.address(Over::Udp)));
    announcement.speaks(Codec::Pcmu, BOB, first.media_port());
    until("alice hears the announcement", Duration::from_secs(5), || {
        let heard = alice.heard_by_now();
        let last = &heard[heard.len().checked_sub(RATE as usize)?..];
        (level(last, BOB) > -12.0 && level(last, BOB) - level(last, ALICE) > 20.0).then_some(())
    });
    alice.hears_of("CALL_CLOSED");
    first.succeeds();
    assert_eq!(second.has_seen("INVITE sip:"), 0);
    let cdr = pair.exchange.cdr();
    assert_eq!(tried(&cdr), [("first", Some(486))]);
    assert_eq!((cdr.disposition.as_str(), cdr.cause, cdr.status, cdr.charge), ("busy", 17, 486, None));
}

#[test]
fn a_gateway_that_insists_on_it_is_told_that_its_provisional_answers_came() {
    let pair = Pair::with(Plan::default(), |_| ());
    let first = pair.first("gateway_insists_on_prack").start();
    let mut alice = Phone::start(&pair.exchange, "1001", ALICE, Over::Udp, false);
    pair.exchange.bindings(1);
    alice.calls(&format!("sip:{WORLD}@{}", pair.exchange.address(Over::Udp)));
    alice.hangs_up();
    // Both PRACKs, in their order, before it answered.
    first.succeeds();
    assert_eq!(tried(&pair.exchange.cdr()), [("first", Some(200))]);
}
