//! A trunk to an Asterisk, at which we register: calls, sound and keys in both directions.

use std::time::Duration;

use switch::TrunkId;

use super::asterisk::{Asterisk, BUSY, ECHO, KEYS, TONE};
use super::outside::{OURS, Outside};
use crate::harness::{Exchange, Over, Plan, until};
use crate::lane::Lane;
use crate::phone::Phone;
use crate::talking::{ALICE, BOB, hears_only};
use crate::tone::{RATE, level};

const SOON: Duration = Duration::from_secs(15);

/// The far PBX, an exchange that is registered there, and 1001's phone.
struct Line {
    exchange: Exchange,
    far: Asterisk,
    alice: Phone,
}

impl Line {
    fn up(answers: bool) -> Option<Self> {
        let lane = Lane::take();
        let far = Asterisk::start(&lane)?;
        let exchange = Outside::by([far.trunk()]).start(lane, Plan::default(), None);
        exchange.counts(r#"strowger_trunk_registered{trunk="asterisk"}"#, 1.0, SOON);
        let contacts = far.told("pjsip show contacts");
        assert!(contacts.contains("strowger/sip:strowger@127.0.0.1:"), "{contacts}");
        let alice = Phone::start(&exchange, "1001", ALICE, Over::Udp, answers);
        exchange.bindings(1);
        Some(Self { exchange, far, alice })
    }

    fn calls(&mut self, number: &str) {
        self.alice.calls(&format!("sip:{number}@{}", self.exchange.address(Over::Udp)));
    }
}

/// It hears this tone at last, and not the other.
fn comes_to_hear(phone: &Phone, tone: f64, other: f64) {
    until(&format!("it hears {tone} Hz"), SOON, || {
        let heard = phone.heard_by_now();
        let last = &heard[heard.len().checked_sub(RATE as usize)?..];
        (level(last, tone) > -20.0 && level(last, tone) - level(last, other) > 20.0).then_some(())
    });
}

#[test]
fn a_call_to_the_far_pbx_is_heard_there_and_back() {
    let Some(mut line) = Line::up(false) else { return };
    line.calls(ECHO);
    // What comes back was heard there.
    hears_only("alice", &line.alice.heard(3), ALICE);
    line.alice.hangs_up();
    line.far.says(&format!("inward from {OURS}"));
    line.calls(TONE);
    comes_to_hear(&line.alice, BOB, ALICE);
    line.alice.hangs_up();
    let cdrs = line.exchange.cdrs(2);
    for (cdr, number) in cdrs.iter().zip([ECHO, TONE]) {
        assert_eq!((cdr.disposition.as_str(), cdr.answered_by.as_deref()), ("answered", Some(number)));
        assert_eq!(
            cdr.charge.as_ref().map(|charge| (charge.trunk, charge.number.to_string())),
            Some((TrunkId(1), number.to_owned()))
        );
    }
}

#[test]
fn the_far_pbx_calls_a_number_of_ours_and_both_hear() {
    let Some(mut line) = Line::up(true) else { return };
    let said = line.far.told(&format!("channel originate Local/{OURS}@outward/n extension {ECHO}@inward"));
    assert!(!said.contains("No such command"), "{said}");
    line.alice.hears_of("CALL_ESTABLISHED");
    comes_to_hear(&line.alice, ALICE, BOB);
    line.alice.hangs_up();
    let cdr = line.exchange.cdr();
    assert_eq!((cdr.disposition.as_str(), cdr.direction.as_deref()), ("answered", Some("inbound")));
    assert_eq!((cdr.callee.as_str(), cdr.answered_by.as_deref()), (OURS, Some("1001")));
    assert_eq!((cdr.came_over, cdr.charge), (Some(TrunkId(1)), None));
    assert_eq!(cdr.legs[0].gateway.as_ref().map(|via| via.trunk.as_str()), Some("asterisk"));
}

#[test]
fn keys_go_into_the_far_pbx_and_come_from_it() {
    let Some(mut line) = Line::up(false) else { return };
    line.calls(KEYS);
    // It listens in silence: nothing says when it does.
    std::thread::sleep(Duration::from_millis(500));
    line.alice.presses("1*9#");
    line.alice.hears_keys("5*0");
    line.far.says("keys 1*9");
    // It hangs up by itself.
    line.alice.hears_of("CALL_CLOSED");
    assert_eq!(line.exchange.cdr().ended_by, "callee");
}

#[test]
fn the_far_pbx_is_busy_and_says_so() {
    let Some(mut line) = Line::up(false) else { return };
    line.alice.calls_in_vain(&format!("sip:{BUSY}@{}", line.exchange.address(Over::Udp)));
    let cdr = line.exchange.cdr();
    assert_eq!((cdr.disposition.as_str(), cdr.status, cdr.cause, cdr.charge), ("busy", 486, 17, None));
}
