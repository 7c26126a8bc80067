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

/// What each prompt of the tenant's own is, so that it is known when it is heard.
const HELLO: f64 = 700.0;
const ENGLISH_MENU: f64 = 1_100.0;
const GERMAN_MENU: f64 = 1_500.0;
const ENGLISH_INVALID: f64 = 1_300.0;
const GERMAN_INVALID: f64 = 1_900.0;
const ENGLISH_WRONG: f64 = 2_300.0;
const GERMAN_WRONG: f64 = 2_700.0;
const HEARD: [f64; 7] =
    [HELLO, ENGLISH_MENU, GERMAN_MENU, ENGLISH_INVALID, GERMAN_INVALID, ENGLISH_WRONG, GERMAN_WRONG];

/// The phone hears this within half a second as a whole, and none of the others in it.
fn comes_to_hear(phone: &Phone, tone: f64) {
    until(&format!("alice hears {tone} Hz"), Duration::from_secs(20), || {
        let heard = phone.heard_by_now();
        let last = &heard[heard.len().checked_sub(RATE as usize / 2)?..];
        let own = level(last, tone);
        let alone = HEARD.into_iter().filter(|other| *other != tone).all(|other| own - level(last, other) > 30.0);
        (own > -12.0 && alone).then_some(())
    });
}

fn a_menu_is_walked_in(key: &str, menu: f64, invalid: f64, wrong: f64) {
    let exchange = Exchange::with(Plan { dialplan: Some("ivr"), ..Plan::default() });
    for (prompt, tone) in [
        ("en/hello", HELLO),
        ("en/vm-enter-num-to-call", ENGLISH_MENU),
        ("de/vm-enter-num-to-call", GERMAN_MENU),
        ("en/pbx-invalid", ENGLISH_INVALID),
        ("de/pbx-invalid", GERMAN_INVALID),
        ("en/pm-invalid-option", ENGLISH_WRONG),
        ("de/pm-invalid-option", GERMAN_WRONG),
    ] {
        exchange.tenant_says(prompt, tone);
    }
    let bob = Phone::start(&exchange, "1002", BOB, Over::Udp, true);
    let mut alice = Phone::start(&exchange, "1001", ALICE, Over::Udp, false);
    exchange.bindings(2);
    alice.calls(&format!("sip:menu@{}", exchange.address(Over::Udp)));
    comes_to_hear(&alice, HELLO);
    alice.presses(key);
    comes_to_hear(&alice, menu);
    // Nobody has this number: that is told in the language that was chosen, and the menu is said again.
    alice.presses("7777#");
    comes_to_hear(&alice, invalid);
    comes_to_hear(&alice, menu);
    // A key that means nothing here.
    alice.presses("9");
    comes_to_hear(&alice, wrong);
    comes_to_hear(&alice, menu);
    alice.presses("1002#");
    until("alice hears bob", Duration::from_secs(20), || {
        let heard = alice.heard_by_now();
        (level(&heard[heard.len() - RATE as usize..], BOB) > -20.0).then_some(())
    });
    assert!(level(&bob.heard(2)[8_000..], ALICE) > -20.0, "bob does not hear alice");
    alice.hangs_up();
    assert_eq!(exchange.cdr().answered_by.as_deref(), Some("1002"));
}

#[test]
fn a_menu_is_walked_in_english_and_each_answer_to_a_key_is_heard() {
    a_menu_is_walked_in("1", ENGLISH_MENU, ENGLISH_INVALID, ENGLISH_WRONG);
}

#[test]
fn a_menu_is_walked_in_german_and_each_answer_to_a_key_is_heard() {
    a_menu_is_walked_in("2", GERMAN_MENU, GERMAN_INVALID, GERMAN_WRONG);
}
