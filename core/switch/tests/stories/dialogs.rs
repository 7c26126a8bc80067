//! Inside a call: hold, glare, strangers.

use switch::{Command, Dial, Event, Order, Side, Sound, Target};
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
    assert!(alice.hears(&bob) && bob.hears(&alice));
    bob.hold();
    world.run_for(seconds(1));
    assert_eq!((alice.reinvited(), bob.reinvited()), (Some(200), Some(200)));
    assert!(!alice.hears(&bob) && !bob.hears(&alice));
    let events = world.events();
    for event in [Event::Held(Side::Caller), Event::Resumed(Side::Caller), Event::Held(Side::Callee)] {
        assert!(events.contains(&event), "{event:?}");
    }
    call.hang_up();
    world.assert_quiet();
}

fn music() -> Vec<Sound> {
    vec![Sound::Prompt("moh/default".to_owned())]
}

#[test]
fn who_is_held_hears_music_until_the_other_comes_back() {
    for (seed, way) in [(24, "sendonly"), (25, "inactive"), (26, "0.0.0.0")] {
        let (world, alice, bob, call) = talking(seed);
        alice.hold_by(way);
        world.run_for(seconds(1));
        assert_eq!((world.hears(&bob), world.hears(&alice)), (music(), vec![]), "{way}\n{}", world.ladder());
        assert!(bob.last_invite().contains("a=sendonly"), "{way}: {}", bob.last_invite());
        assert!(!alice.hears(&bob) && !bob.hears(&alice));
        alice.resume();
        world.run_for(seconds(1));
        assert_eq!((world.hears(&bob), alice.reinvited()), (vec![], Some(200)));
        assert!(alice.hears(&bob) && bob.hears(&alice), "{way}\n{}", world.ladder());
        // The other way round.
        bob.hold_by(way);
        world.run_for(seconds(1));
        assert_eq!(world.hears(&alice), music(), "{way}");
        call.hang_up();
        world.assert_quiet();
    }
}

#[test]
fn where_both_hold_nobody_hears_anything() {
    let (world, alice, bob, call) = talking(27);
    alice.hold();
    world.run_for(seconds(1));
    bob.hold();
    world.run_for(seconds(1));
    assert_eq!((world.hears(&alice), world.hears(&bob)), (vec![], vec![]), "{}", world.ladder());
    alice.resume();
    world.run_for(seconds(1));
    assert_eq!((world.hears(&alice), world.hears(&bob)), (music(), vec![]), "{}", world.ladder());
    bob.resume();
    world.run_for(seconds(1));
    assert_eq!((world.hears(&alice), world.hears(&bob)), (vec![], vec![]));
    assert!(alice.hears(&bob) && bob.hears(&alice), "{}", world.ladder());
    let told: Vec<Event> =
        world.events().into_iter().filter(|event| matches!(event, Event::Held(_) | Event::Resumed(_))).collect();
    use Side::{Callee, Caller};
    assert_eq!(told, [Event::Held(Caller), Event::Held(Callee), Event::Resumed(Caller), Event::Resumed(Callee)]);
    call.hang_up();
    world.assert_quiet();
}

#[test]
fn music_on_hold_goes_on_when_the_hold_is_said_again() {
    let (world, alice, bob, call) = talking(28);
    alice.hold();
    world.run_for(seconds(1));
    alice.hold();
    world.run_for(seconds(1));
    assert_eq!((world.hears(&bob), world.heard(&bob)), (music(), music()));
    // Who is held hangs up.
    bob.hang_up();
    world.assert_quiet();
    assert!(!call.is_up());
}

#[test]
fn hold_between_codecs_is_answered_here_and_music_plays_all_the_same() {
    let world = World::seeded(29);
    let alice = world.phone("alice").that_speaks(&["96 opus/48000/2"]);
    let bob = world.phone("bob").that_speaks(&["8 PCMA/8000"]);
    let targets = vec![Target::User("bob".to_owned())];
    let dial = Dial { targets, order: Order::AtOnce, ring_time: seconds(20), outside: switch::Outside::default() };
    world.application(vec![Command::Answer, Command::Dial(dial), Command::AwaitEnd]);
    let call = alice.dial_number("menu");
    world.run_for(seconds(5));
    assert!(alice.hears(&bob), "{}", world.ladder());
    for (one, other) in [(&alice, &bob), (&bob, &alice)] {
        one.hold();
        world.run_for(seconds(1));
        assert_eq!((one.reinvited(), world.hears(other)), (Some(200), music()), "{}", world.ladder());
        one.resume();
        world.run_for(seconds(1));
        assert_eq!((one.reinvited(), world.hears(other)), (Some(200), vec![]));
        assert!(alice.hears(&bob) && bob.hears(&alice));
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
