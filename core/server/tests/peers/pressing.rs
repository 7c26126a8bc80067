//! A menu that a real phone walks through by its keys.

use std::time::Duration;

use crate::harness::{Exchange, Over, Plan, until};
use crate::phone::Phone;
use crate::tone::{RATE, level};

const ALICE: f64 = 440.0;
const BOB: f64 = 880.0;

#[test]
fn a_phone_chooses_a_language_and_an_extension_by_its_keys() {
    let exchange = Exchange::with(Plan { dialplan: Some("ivr"), ..Plan::default() });
    let bob = Phone::start(&exchange, "1002", BOB, Over::Udp, true);
    let mut alice = Phone::start(&exchange, "1001", ALICE, Over::Udp, false);
    exchange.bindings(2);
    alice.calls(&format!("sip:menu@{}", exchange.address(Over::Udp)));
    // English; a number that is none, ended by a pause of two seconds; then an extension that rings.
    alice.presses("1");
    std::thread::sleep(Duration::from_secs(1));
    alice.presses("9");
    std::thread::sleep(Duration::from_secs(3));
    alice.presses("1002#");
    until("alice hears bob", Duration::from_secs(40), || {
        let heard = alice.heard(1);
        (level(&heard[heard.len() - RATE as usize..], BOB) > -20.0).then_some(())
    });
    let heard = bob.heard(2);
    assert!(level(&heard[heard.len() - RATE as usize..], ALICE) > -20.0, "bob does not hear alice");
    alice.hangs_up();
    let cdr = exchange.cdr();
    assert_eq!((cdr.disposition.as_str(), cdr.answered_by.as_deref()), ("answered", Some("1002")));
    assert_eq!(cdr.fallback, None, "the menu decided");
}
