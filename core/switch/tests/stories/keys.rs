//! Keys in the form of one phone, and what the other hears of them.

use switch::{Command, Reply};
use testkit::{World, millis, seconds};

use crate::sounds::reading;

const RELAY: &str = "application/dtmf-relay";
/// A phone that takes no telephone events.
const NO_EVENTS: [&str; 2] = ["0 PCMU/8000", "8 PCMA/8000"];

#[test]
fn a_key_by_info_reaches_who_takes_events_as_one_of_them() {
    let world = World::seeded(1000);
    let (alice, bob) = (world.phone("alice"), world.phone("bob"));
    let call = alice.dial(&bob);
    world.run_for(seconds(5));
    alice.press_by_info("5#", RELAY);
    assert_eq!(world.pressed_for(&bob), "5#");
    assert!(!bob.last_request().starts_with("INFO"), "{}", world.ladder());
    assert_eq!(alice.heard().last(), Some(&("INFO".to_owned(), 200)));
    // And the other way.
    bob.press_by_info("1", "application/dtmf");
    assert_eq!((world.pressed_for(&alice), world.pressed_for(&bob)), ("1".to_owned(), "5#".to_owned()));
    call.hang_up();
    world.assert_quiet();
}

#[test]
fn a_key_by_info_reaches_who_takes_no_events_by_info_and_else_as_a_tone() {
    // Who does not know what to do with it now is not asked in another way.
    for (status, heard) in [(200, ""), (415, "5"), (405, "5"), (501, "5"), (500, "")] {
        let world = World::seeded(1001);
        let (alice, bob) = (world.phone("alice"), world.phone("bob").that_speaks(&NO_EVENTS).that_answers_info(status));
        let call = alice.dial(&bob);
        world.run_for(seconds(5));
        alice.press_by_info("5", RELAY);
        world.run_for(seconds(1));
        assert!(
            bob.last_request().starts_with("INFO") && bob.last_request().contains("Signal=5"),
            "{}",
            world.ladder()
        );
        assert_eq!(world.pressed_for(&bob), heard, "bob answered {status}");
        let told = if status == 500 { 500 } else { 200 };
        assert_eq!(alice.heard().last(), Some(&("INFO".to_owned(), told)));
        // What is no key goes through with its answer.
        alice.informs("application/x-foo", b"foo");
        world.run_for(seconds(1));
        assert_eq!(alice.heard().last(), Some(&("INFO".to_owned(), status)));
        call.hang_up();
        world.assert_quiet();
    }
}

#[test]
fn a_codec_that_only_passes_through_leaves_info_as_it_is() {
    let world = World::seeded(1002);
    let speaks = ["18 G729/8000"];
    let alice = world.phone("alice").that_speaks(&speaks);
    let bob = world.phone("bob").that_speaks(&speaks).that_answers_info(415);
    let call = alice.dial(&bob);
    world.run_for(seconds(5));
    assert!(call.is_up(), "{}", world.ladder());
    alice.press_by_info("5", RELAY);
    world.run_for(seconds(1));
    assert_eq!((world.pressed_for(&bob), alice.heard().last()), (String::new(), Some(&("INFO".to_owned(), 415))));
    call.hang_up();
    world.assert_quiet();
}

#[test]
fn a_phone_that_tells_each_key_in_two_forms_means_one() {
    for info_first in [false, true] {
        let world = World::seeded(1003);
        let alice = world.phone("alice");
        world.application(vec![Command::Answer, Command::Read(reading()), Command::AwaitEnd]);
        let call = alice.dial_number("menu");
        world.run_for(seconds(2));
        for key in ["7", "7", "4"] {
            if info_first {
                alice.press_by_info(key, RELAY);
                alice.press(key);
            } else {
                alice.press(key);
                alice.press_by_info(key, RELAY);
            }
            world.run_for(millis(300));
        }
        alice.press_by_info("#", RELAY);
        world.run_for(seconds(1));
        let read = world.replies().iter().find_map(|reply| match reply {
            Reply::Read(digits) => Some(digits.digits.clone()),
            _ => None,
        });
        assert_eq!(read.as_deref(), Some("774"), "{:?}", world.replies());
        call.hang_up();
        world.assert_quiet();
    }
}
