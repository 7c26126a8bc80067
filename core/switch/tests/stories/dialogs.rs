//! Inside a call: hold, glare, strangers.

use switch::{Event, Side};
use testkit::{World, seconds};

fn talking(seed: u64) -> (World, testkit::Phone, testkit::Phone, testkit::Placed) {
    let world = World::seeded(seed);
    let (alice, bob) = (world.phone("alice"), world.phone("bob"));
    let call = alice.dial(&bob);
    world.run_for(seconds(5));
    assert!(call.is_up());
    (world, alice, bob, call)
}

#[test]
fn hold_and_resume_are_carried_to_the_other_leg() {
    let (world, alice, bob, call) = talking(20);
    alice.hold();
    world.run_for(seconds(1));
    assert_eq!(alice.reinvited(), Some(200), "{}", world.ladder());
    alice.resume();
    world.run_for(seconds(1));
    bob.hold();
    world.run_for(seconds(1));
    assert_eq!((alice.reinvited(), bob.reinvited()), (Some(200), Some(200)));
    assert!(alice.hears(&bob) && bob.hears(&alice));
    let events = world.events();
    for event in [Event::Held(Side::Caller), Event::Resumed(Side::Caller), Event::Held(Side::Callee)] {
        assert!(events.contains(&event), "{event:?}");
    }
    call.hang_up();
    world.assert_quiet();
}

#[test]
fn a_held_call_may_be_silent() {
    let (world, alice, _bob, call) = talking(21);
    alice.hold();
    world.run_for(seconds(1));
    world.silence();
    assert!(call.is_up());
    call.hang_up();
    world.assert_quiet();
}

#[test]
fn two_offers_at_once_are_glare_and_the_call_lives() {
    let (world, alice, bob, call) = talking(22);
    alice.hold();
    bob.hold();
    world.run_for(seconds(5));
    let outcomes = [alice.reinvited(), bob.reinvited()];
    assert!(outcomes.contains(&Some(491)), "{outcomes:?}\n{}", world.ladder());
    assert!(call.is_up());
    call.hang_up();
    world.assert_quiet();
}

#[test]
fn a_stranger_with_the_right_tags_cannot_end_a_call() {
    let (world, _alice, _bob, call) = talking(23);
    let mallory = world.unregistered_phone("mallory").with_password("wrong");
    let ladder = world.ladder();
    assert!(!ladder.is_empty());
    mallory.say(
        b"BYE sip:alice@10.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.1.3:5060;branch=z9hG4bKm\r\nFrom: <sip:x@example.com>;tag=a\r\n\
          To: <sip:y@example.com>;tag=b\r\nCall-ID: callalice2\r\nCSeq: 9 BYE\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n",
    );
    assert!(call.is_up());
    assert_eq!(mallory.heard().last(), Some(&("BYE".to_owned(), 481)));
    call.hang_up();
    world.assert_quiet();
}
