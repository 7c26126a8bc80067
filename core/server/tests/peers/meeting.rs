//! Three real phones in one room: each hears both others, and never itself.

use std::time::Duration;

use media::Codec;

use crate::harness::{Exchange, Over, Plan, until};
use crate::listener::Listener;
use crate::phone::Phone;
use crate::sipp::Sipp;
use crate::tone::{RATE, level};

const ALICE: f64 = 440.0;
const BOB: f64 = 880.0;
const CAROL: f64 = 1_320.0;

/// The last second of what a phone hears in the next two.
fn now(phone: &Phone) -> Vec<f64> {
    let before = phone.heard(0).len();
    let seconds = before / RATE as usize + 3;
    let heard = phone.heard(u32::try_from(seconds).expect("a short call"));
    heard[heard.len() - RATE as usize..].to_vec()
}

fn assert_hears(who: &str, heard: &[f64], tones: &[f64], not: &[f64]) {
    for tone in tones {
        let own = level(heard, *tone);
        assert!(own > -20.0, "{who} hears {tone} Hz at {own:.1} dB only");
        for other in not {
            let beside = level(heard, *other);
            assert!(own - beside > 20.0, "{who} hears {other} Hz at {beside:.1} dB beside {tone} Hz at {own:.1} dB");
        }
    }
}

#[test]
fn three_phones_in_a_room_that_one_opens_hear_one_another() {
    let exchange = Exchange::with(Plan { dialplan: Some("office"), ..Plan::default() });
    let mut alice = Phone::start(&exchange, "1001", ALICE, Over::Udp, false);
    let mut bob = Phone::of_codec("g722", &exchange, "1002", BOB, Over::Udp, false);
    let mut carol = Phone::start(&exchange, "1003", CAROL, Over::Udp, false);
    exchange.bindings(3);
    let room = format!("sip:*8700@{}", exchange.address(Over::Udp));
    for phone in [&mut alice, &mut bob, &mut carol] {
        phone.calls(&room);
    }
    assert_hears("alice", &now(&alice), &[BOB, CAROL], &[ALICE]);
    assert_hears("carol", &now(&carol), &[ALICE, BOB], &[CAROL]);
    assert_hears("bob", &bob.heard_wide(4), &[ALICE, CAROL], &[BOB]);
    exchange.operate(&["room", "mute", "700", "1"]);
    std::thread::sleep(Duration::from_secs(3));
    assert_hears("carol", &now(&carol), &[BOB], &[ALICE, CAROL]);
    exchange.operate(&["room", "kick", "700", "2"]);
    bob.hears_of("CALL_CLOSED");
    exchange.operate(&["room", "end", "700"]);
    for phone in [&mut alice, &mut carol] {
        phone.hears_of("CALL_CLOSED");
    }
    until("the room is closed", Duration::from_secs(5), || {
        (!exchange.operate(&["room", "open"]).contains("700")).then_some(())
    });
    assert!(exchange.cdrs(3).iter().all(|cdr| cdr.disposition == "answered" && cdr.fallback.is_none()));
}

#[test]
fn two_phones_and_a_sipp_in_a_room_hear_one_another_and_a_muted_one_is_heard_by_nobody() {
    let exchange = Exchange::with(Plan { dialplan: Some("office"), ..Plan::default() });
    exchange.operate(&["room", "add", "600", "--entry", "none"]);
    let mut alice = Phone::start(&exchange, "1001", ALICE, Over::Udp, false);
    let mut bob = Phone::of_codec("opus/48000/2", &exchange, "1002", BOB, Over::Udp, false);
    let mut carol = Listener::start(&exchange);
    exchange.bindings(2);
    let room = format!("sip:600@{}", exchange.address(Over::Udp));
    alice.calls(&room);
    bob.calls(&room);
    let joined =
        Sipp::plays(&exchange, "call_until_bye").by("1003").to("600").with("rtp", &carol.port).with("unrung", "true");
    let joined = joined.start();
    carol.speaks(Codec::Pcma, CAROL, joined.media_port());
    let next = |ear: &dyn Fn() -> Vec<f64>| {
        let before = ear().len();
        until("two seconds more are heard", Duration::from_secs(15), || {
            let heard = ear();
            (heard.len() >= before + 2 * RATE as usize).then(|| heard[heard.len() - RATE as usize..].to_vec())
        })
    };
    let each = |hears: [(&[f64], &[f64]); 3]| {
        let ears: [(&str, &dyn Fn() -> Vec<f64>); 3] =
            [("alice", &|| alice.heard_by_now()), ("bob", &|| bob.heard_by_now()), ("carol", &|| carol.heard_by_now())];
        for ((who, ear), (tones, not)) in ears.into_iter().zip(hears) {
            assert_hears(who, &next(ear), tones, not);
        }
    };
    each([(&[BOB, CAROL], &[ALICE]), (&[ALICE, CAROL], &[BOB]), (&[ALICE, BOB], &[CAROL])]);
    // The third in the room is the sipp.
    exchange.operate(&["room", "mute", "600", "3"]);
    std::thread::sleep(Duration::from_secs(1));
    each([(&[BOB], &[ALICE, CAROL]), (&[ALICE], &[BOB, CAROL]), (&[ALICE, BOB], &[CAROL])]);
    exchange.operate(&["room", "unmute", "600", "3"]);
    exchange.operate(&["room", "deafen", "600", "1"]);
    std::thread::sleep(Duration::from_secs(1));
    let quiet = next(&|| alice.heard_by_now());
    for tone in [BOB, CAROL] {
        assert!(level(&quiet, tone) < -50.0, "deaf, alice hears {tone} Hz at {:.1} dB", level(&quiet, tone));
    }
    assert_hears("carol", &next(&|| carol.heard_by_now()), &[ALICE, BOB], &[CAROL]);
    exchange.operate(&["room", "end", "600"]);
    joined.succeeds();
    for phone in [&mut alice, &mut bob] {
        phone.hears_of("CALL_CLOSED");
    }
    assert!(exchange.cdrs(3).iter().all(|cdr| cdr.disposition == "answered" && cdr.fallback.is_none()));
}

#[test]
fn a_phone_presses_the_pin_of_a_room_and_mutes_itself_inside() {
    let exchange = Exchange::with(Plan { dialplan: Some("office"), ..Plan::default() });
    exchange.operate(&["room", "add", "600", "--pin", "4711", "--moderator-pin", "815081", "--entry", "none"]);
    let mut alice = Phone::start(&exchange, "1001", ALICE, Over::Udp, false);
    let mut bob = Phone::start(&exchange, "1002", BOB, Over::Udp, false);
    exchange.bindings(2);
    let inside = |who: &str| {
        until(&format!("{who} is inside"), Duration::from_secs(15), || {
            exchange
                .operate(&["room", "open"])
                .contains("600")
                .then(|| exchange.operate(&["room", "open", "600"]))
                .filter(|members| members.contains(who))
        })
    };
    let room = format!("sip:600@{}", exchange.address(Over::Udp));
    for (phone, pin, who) in [(&mut alice, "815081#", "1001"), (&mut bob, "4711#", "1002")] {
        phone.calls(&room);
        phone.presses(pin);
        inside(who);
    }
    assert_hears("alice", &now(&alice), &[BOB], &[ALICE, CAROL]);
    assert_hears("bob", &now(&bob), &[ALICE], &[BOB, CAROL]);
    bob.presses("*6");
    std::thread::sleep(Duration::from_secs(3));
    let quiet = level(&now(&alice), BOB);
    assert!(quiet < -50.0, "alice hears bob still, at {quiet:.1} dB");
    // A moderator ends it for both.
    alice.presses("#0");
    for phone in [&mut alice, &mut bob] {
        phone.hears_of("CALL_CLOSED");
    }
}

#[test]
fn a_room_calls_a_phone_in_by_word_of_an_operator() {
    let exchange = Exchange::with(Plan { dialplan: Some("office"), ..Plan::default() });
    exchange.operate(&["room", "add", "600", "--dial-out", "yes", "--entry", "none"]);
    let mut alice = Phone::start(&exchange, "1001", ALICE, Over::Udp, false);
    // It answers by itself.
    let mut bob = Phone::start(&exchange, "1002", BOB, Over::Udp, true);
    exchange.bindings(2);
    alice.calls(&format!("sip:600@{}", exchange.address(Over::Udp)));
    exchange.operate(&["room", "invite", "600", "1002"]);
    bob.hears_of("CALL_ESTABLISHED");
    assert_hears("alice", &now(&alice), &[BOB], &[ALICE, CAROL]);
    assert_hears("bob", &now(&bob), &[ALICE], &[BOB, CAROL]);
    exchange.operate(&["room", "end", "600"]);
    for phone in [&mut alice, &mut bob] {
        phone.hears_of("CALL_CLOSED");
    }
    let cdrs = exchange.cdrs(2);
    assert!(cdrs.iter().all(|cdr| cdr.disposition == "answered" && cdr.fallback.is_none()), "{cdrs:?}");
    let called = cdrs.iter().find(|cdr| cdr.callee == "1002").expect("a record of the call that the room made");
    assert_eq!(called.legs.len(), 1, "{called:?}");
    assert_eq!((called.legs[0].direction.as_str(), called.application.as_deref()), ("calling", Some("conference")));
}
