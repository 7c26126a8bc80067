//! Music and the ring-back tone: what a caller hears while he waits.

use switch::{Cause, Command, Dial, Event, Label, Order, Sound, Target, Tone};
use testkit::{Outcome, World, millis, seconds};

use crate::sounds::{called, dial, end, prompt};

#[test]
fn music_plays_while_it_rings_and_ends_with_the_answer() {
    for bob_has_early_media in [false, true] {
        let world = World::seeded(89);
        let alice = world.phone("alice");
        let bob = world.phone("bob");
        let bob = if bob_has_early_media { bob.that_has_early_media() } else { bob };
        let call = called(
            &world,
            &alice,
            vec![Command::Music { sounds: vec![prompt("moh/jazz")], listens: false }, dial("bob")],
        );
        world.run_for(seconds(1));
        assert_eq!((world.hears(&alice), alice.hears(&bob)), (vec![prompt("moh/jazz")], false));
        world.run_for(seconds(3));
        assert_eq!(world.hears(&alice), []);
        assert!(alice.hears(&bob) && bob.hears(&alice), "{}", world.ladder());
        end(&world, &call);
    }
}

#[test]
fn who_was_answered_hears_that_it_rings_until_somebody_answers_or_nobody_does() {
    let ringing = [Sound::Tone(Tone::Ringing, seconds(60))];
    for bob_has_early_media in [false, true] {
        let world = World::seeded(94);
        let (alice, bob) = (world.phone("alice"), world.phone("bob"));
        let bob = if bob_has_early_media { bob.that_has_early_media() } else { bob };
        let call = called(&world, &alice, vec![dial("bob")]);
        world.run_for(seconds(1));
        // What the callee's side plays is heard in its place (RFC 3960 §3.2).
        assert_eq!(world.hears(&alice), if bob_has_early_media { &[][..] } else { &ringing });
        world.run_for(seconds(3));
        assert_eq!(world.hears(&alice), []);
        assert!(alice.hears(&bob) && bob.hears(&alice), "{}", world.ladder());
        end(&world, &call);
    }
    // Nobody answers: the tone is over, and the application goes on.
    let world = World::seeded(95);
    let (alice, _bob) = (world.phone("alice"), world.phone("bob").that_never_answers());
    let call = called(&world, &alice, vec![dial("bob"), Command::Wait(seconds(30))]);
    world.run_for(seconds(2));
    assert_eq!(world.hears(&alice), ringing);
    world.run_for(seconds(40));
    assert!(call.is_up());
    assert_eq!(world.hears(&alice), []);
    end(&world, &call);
}

#[test]
fn who_cannot_hear_us_is_not_rung_for() {
    // The answer to our offer, in the ACK, names no codec of ours.
    let world = World::seeded(97);
    let alice = world.phone("alice").that_delays_its_offer().that_speaks(&["18 G729/8000"]);
    let _bob = world.phone("bob").that_answers_after(seconds(8));
    world.application(vec![Command::Answer, dial("bob"), Command::AwaitEnd]);
    let call = alice.dial_number("menu");
    world.run_for(seconds(4));
    assert!(world.heard(&alice).len() <= 1, "{} tries", world.heard(&alice).len());
    let told = world.events().iter().filter(|event| matches!(event, Event::Playing { .. })).count();
    assert!(told <= 1, "{told} times");
    call.hang_up();
    world.run_for(seconds(1));
    world.assert_quiet();
}

#[test]
fn it_rings_again_when_who_was_heard_is_lost() {
    let world = World::seeded(98);
    let alice = world.phone("alice");
    let (_bob, carol) = (world.phone("bob").that_has_early_media(), world.phone("carol").that_never_answers());
    let targets = ["bob", "carol"].map(|name| Target::User(name.to_owned())).to_vec();
    let dial = Command::Dial(Dial {
        targets,
        order: Order::InTurn,
        ring_time: seconds(2),
        outside: switch::Outside::default(),
    });
    let call = called(&world, &alice, vec![dial, Command::Wait(seconds(30))]);
    world.run_for(seconds(1));
    assert_eq!(world.hears(&alice), []);
    world.run_for(millis(2_500));
    assert_eq!((carol.rung(), world.hears(&alice)), (1, vec![Sound::Tone(Tone::Ringing, seconds(60))]));
    world.run_for(seconds(6));
    assert_eq!(world.hears(&alice), []);
    end(&world, &call);
}

#[test]
fn where_there_is_no_music_it_rings() {
    let world = World::seeded(96);
    let (alice, bob) = (world.phone("alice"), world.phone("bob"));
    world.lacks("moh/jazz");
    let call =
        called(&world, &alice, vec![Command::Music { sounds: vec![prompt("moh/jazz")], listens: false }, dial("bob")]);
    world.run_for(seconds(1));
    assert_eq!(world.hears(&alice), [Sound::Tone(Tone::Ringing, seconds(60))]);
    world.run_for(seconds(3));
    assert!(alice.hears(&bob) && bob.hears(&alice), "{}", world.ladder());
    end(&world, &call);
}

#[test]
fn music_goes_on_when_a_dial_fails_and_until_it_is_hushed() {
    let world = World::seeded(90);
    let (alice, _bob) = (world.phone("alice"), world.phone("bob").that_refuses(486));
    let wait = Command::Wait(seconds(2));
    let music = Command::Music { sounds: Vec::new(), listens: false };
    let call = called(&world, &alice, vec![music, dial("bob"), wait.clone(), Command::Hush, wait]);
    world.run_for(seconds(1));
    assert_eq!(world.hears(&alice), [prompt("moh/default")]);
    world.run_for(seconds(2));
    assert_eq!(world.hears(&alice), []);
    end(&world, &call);
}

#[test]
fn an_application_that_hangs_up_ends_its_music() {
    let world = World::seeded(93);
    let alice = world.phone("alice");
    world.application(vec![
        Command::Attach(Label { name: "office".to_owned(), version: "abc".to_owned() }),
        Command::Answer,
        Command::Music { sounds: Vec::new(), listens: false },
        Command::Wait(seconds(1)),
        Command::Hangup(Cause::NORMAL),
    ]);
    let call = alice.dial_number("x");
    world.run_for(seconds(5));
    assert_eq!(call.outcome(), Outcome::HungUp);
    world.assert_quiet();
}
