//! Two baresip phones talk: each hears the other's tone, and nothing else.

use crate::harness::{Exchange, Over, Plan};
use crate::phone::Phone;
use crate::tone::level;

/// Alice's tone.
pub(crate) const ALICE: f64 = 440.0;
/// Bob's tone.
pub(crate) const BOB: f64 = 880.0;

/// The other's tone stands at least 20 dB above everything else that could be there.
pub(crate) fn hears_only(who: &str, heard: &[f64], tone: f64) {
    // The first moments hold the silence before the other began.
    let steady = &heard[heard.len() / 4..];
    let own = level(steady, tone);
    assert!(own > -12.0, "{who} hears {tone} Hz at {own:.1} dB only");
    for other in [200.0, 300.0, ALICE, 660.0, BOB, 1000.0, 1320.0, 1760.0, 2640.0, 3000.0] {
        if (other - tone).abs() > 1.0 {
            let beside = level(steady, other);
            assert!(own - beside > 20.0, "{who} hears {other} Hz at {beside:.1} dB beside {tone} Hz at {own:.1} dB");
        }
    }
}

fn two_phones_hear_each_other(over: Over) {
    let exchange = Exchange::with(Plan { dialplan: Some("office"), ..Plan::default() });
    let bob = Phone::start(&exchange, "1002", BOB, over, true);
    let mut alice = Phone::start(&exchange, "1001", ALICE, over, false);
    exchange.bindings(2);
    alice.calls(&format!("sip:1002@{}", exchange.address(over)));
    hears_only("alice", &alice.heard(3), BOB);
    hears_only("bob", &bob.heard(3), ALICE);
    alice.hangs_up();

    let cdr = exchange.cdr();
    assert_eq!((cdr.disposition.as_str(), cdr.cause, cdr.status), ("answered", 16, 200));
    assert_eq!((cdr.ended_by.as_str(), cdr.legs.len()), ("caller", 2));
    assert_eq!((cdr.application.as_deref(), cdr.fallback), (Some("office"), None), "the dialplan decided");
    for leg in &cdr.legs {
        let counts = leg.media.expect("every leg is counted");
        assert!(counts.packets_in >= 140 && counts.packets_out >= 140, "3 s at 50 packets a second: {counts:?}");
        assert_eq!(counts.lost, 0, "{}: {counts:?}", leg.direction);
        // The callee speaks as soon as it has sent its 200, which takes its time over TCP: until it is read, nobody can
        // know whose packets these are.
        let early = if leg.direction == "calling" { 10 } else { 0 };
        assert!(counts.dropped <= early, "{}: {counts:?}", leg.direction);
        assert!(counts.jitter_us.is_some(), "{}: {counts:?}", leg.direction);
    }
}

#[test]
fn two_phones_hear_each_other_over_udp() {
    two_phones_hear_each_other(Over::Udp);
}

#[test]
fn two_phones_hear_each_other_over_tcp() {
    two_phones_hear_each_other(Over::Tcp);
}

#[test]
fn two_phones_hear_each_other_over_ipv6() {
    two_phones_hear_each_other(Over::Udp6);
}

#[test]
fn a_phone_that_gives_up_at_sha256_is_in_when_it_asks_again() {
    let exchange = Exchange::with(Plan { algorithms: Some("SHA-256,SHA-512-256,MD5"), ..Plan::default() });
    for _ in 0..2 {
        // baresip 1.0 knows MD5 alone, and does not look further than the first name that it does not know.
        Phone::start(&exchange, "1001", ALICE, Over::Udp, false).gives_up_registering(&exchange);
    }
    let mut alice = Phone::start(&exchange, "1001", ALICE, Over::Udp, false);
    exchange.bindings(1);
    // Its calls are challenged in the same way.
    alice.calls_in_vain(&format!("sip:9999@{}", exchange.address(Over::Udp)));
    assert_eq!((exchange.cdr().status, exchange.cdr().caller.as_str()), (404, "1001"));
}
