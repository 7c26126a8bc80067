//! A carrier at which we register: Kamailio, found by its SRV records, which lets nobody in who has not proven himself.

use std::time::Duration;

use store::StoredCdr;
use switch::{Number, NumberClass, TrunkId};

use super::kamailio::Kamailio;
use super::outside::{OURS, Outside, WORLD};
use crate::harness::{Exchange, Over, Plan};
use crate::lane::Lane;
use crate::names::Names;
use crate::phone::Phone;
use crate::talking::{ALICE, BOB, hears_only};

const REGISTERED: &str = r#"strowger_trunk_registered{trunk="carrier"}"#;
const SOON: Duration = Duration::from_secs(15);

/// The carrier, and an exchange that is registered there.
struct Line {
    exchange: Exchange,
    carrier: Kamailio,
    _names: Names,
}

impl Line {
    fn up() -> Self {
        let lane = Lane::take();
        let carrier = Kamailio::start(&lane);
        let names = carrier.names();
        let exchange = Outside::by([carrier.trunk()]).start(lane, Plan::default(), Some(&names));
        exchange.counts(REGISTERED, 1.0, SOON);
        carrier.says("here acme at <sip:acme@127.0.0.1:");
        Self { exchange, carrier, _names: names }
    }

    /// 1001's phone.
    fn alice(&self, answers: bool) -> Phone {
        let alice = Phone::start(&self.exchange, "1001", ALICE, Over::Udp, answers);
        self.exchange.bindings(1);
        alice
    }

    /// Somebody in the world.
    fn bob(&self, answers: bool) -> Phone {
        Phone::of_the_world(&self.exchange, WORLD, BOB, self.carrier.address(), self.carrier.world, answers)
    }

    /// 1001 dials somebody in the world.
    fn to_world(&self) -> String {
        format!("sip:{WORLD}@{}", self.exchange.address(Over::Udp))
    }

    /// The world dials our number.
    fn to_us(&self) -> String {
        format!("sip:{OURS}@{}", self.carrier.address())
    }
}

/// The record of a call to the world by the carrier, and what was charged for it.
fn is_charged(cdr: &StoredCdr) {
    assert_eq!((cdr.disposition.as_str(), cdr.direction.as_deref()), ("answered", Some("outbound")));
    assert_eq!((cdr.caller.as_str(), cdr.answered_by.as_deref(), cdr.came_over), ("1001", Some(WORLD), None));
    let via = cdr.legs[1].gateway.as_ref().expect("by a gateway");
    assert_eq!((via.trunk.as_str(), via.gateway.as_deref()), ("carrier", Some("proxy")));
    let charge = cdr.charge.as_ref().expect("a charge");
    assert_eq!(charge.number, Number::World(WORLD.parse().expect("a number")));
    assert_eq!((charge.trunk, charge.class), (TrunkId(1), NumberClass::Local));
    let rate = charge.rate.as_ref().expect("a rate");
    assert_eq!((rate.prefix.as_str(), charge.user), ("49", cdr.user.map(switch::UserId)));
    assert!((2..=20).contains(&charge.seconds), "some seconds of talk: {charge:?}");
    assert_eq!(charge.cost, rate.cost(charge.seconds));
}

#[test]
fn a_call_by_a_carrier_that_wants_it_proven_is_heard_on_both_sides_and_charged() {
    let line = Line::up();
    let (mut alice, bob) = (line.alice(false), line.bob(true));
    alice.calls(&line.to_world());
    hears_only("alice", &alice.heard(3), BOB);
    hears_only("bob", &bob.heard(3), ALICE);
    alice.hangs_up();
    assert_eq!(line.carrier.has_said(&format!("challenged {WORLD}")), 1, "407, once");
    line.carrier.says(&format!("outward to {WORLD}, from {OURS}, asserted <sip:{OURS}@"));
    line.carrier.says("inside BYE");
    is_charged(&line.exchange.cdr());
    assert_eq!(line.exchange.cdr().ended_by, "caller");
    line.exchange.counts(
        r#"strowger_trunk_attempts_total{trunk="carrier",gateway="proxy",outcome="answered"}"#,
        1.0,
        SOON,
    );
}

#[test]
fn the_world_hangs_up_and_the_phone_is_told() {
    let line = Line::up();
    let (mut alice, mut bob) = (line.alice(false), line.bob(true));
    alice.calls(&line.to_world());
    bob.hears_of("CALL_ESTABLISHED");
    bob.heard(2);
    bob.hangs_up();
    alice.hears_of("CALL_CLOSED");
    is_charged(&line.exchange.cdr());
    assert_eq!(line.exchange.cdr().ended_by, "callee");
}

#[test]
fn keys_are_carried_to_the_world_and_from_it() {
    let line = Line::up();
    let (mut alice, mut bob) = (line.alice(false), line.bob(true));
    alice.calls(&line.to_world());
    bob.hears_of("CALL_ESTABLISHED");
    alice.heard(1);
    alice.presses("19#");
    bob.hears_keys("19#");
    bob.presses("5*0");
    alice.hears_keys("5*0");
    alice.hangs_up();
}

#[test]
fn a_call_of_the_world_to_a_number_of_ours_reaches_its_phone() {
    let line = Line::up();
    let (alice, mut bob) = (line.alice(true), line.bob(false));
    bob.calls(&line.to_us());
    hears_only("alice", &alice.heard(3), BOB);
    hears_only("bob", &bob.heard(3), ALICE);
    bob.hangs_up();
    line.carrier.says(&format!(", for {OURS}"));
    let cdr = line.exchange.cdr();
    assert_eq!((cdr.disposition.as_str(), cdr.direction.as_deref()), ("answered", Some("inbound")));
    assert_eq!((cdr.callee.as_str(), cdr.answered_by.as_deref()), (OURS, Some("1001")));
    assert_eq!((cdr.came_over, cdr.user, cdr.charge), (Some(TrunkId(1)), None, None));
    let via = cdr.legs[0].gateway.as_ref().expect("by a gateway");
    assert_eq!((via.trunk.as_str(), via.gateway.as_deref()), ("carrier", Some("proxy")));
}

#[test]
fn a_carrier_that_forgot_us_knows_us_again_soon_and_calls_reach_us() {
    let mut line = Line::up();
    let mut alice = line.alice(true);
    line.carrier.kill();
    line.carrier.start_again();
    line.carrier.says("here acme");
    let mut bob = line.bob(false);
    bob.calls(&line.to_us());
    alice.hears_of("CALL_ESTABLISHED");
    bob.hangs_up();
    assert_eq!(line.exchange.metric(REGISTERED), Some(1.0), "nobody need be woken for it");
}

#[test]
fn who_stops_takes_leave_of_the_carrier() {
    let mut line = Line::up();
    line.exchange.terminate();
    assert!(line.exchange.ended(SOON).success());
    line.carrier.says("gone acme");
    let mut bob = line.bob(false);
    bob.calls_in_vain(&line.to_us());
    line.carrier.says("customer unknown");
}
