//! With which codec a caller is answered by the exchange itself, and what a callee is offered then.

use media::Codec;
use switch::Command;
use testkit::{Outcome, Phone, World, seconds};

use crate::sounds::{called, dial, end, play, played_by, prompt, reply};

const EVENTS: &str = "101 telephone-event/8000";

fn codec_to(world: &World, phone: &Phone) -> Option<Codec> {
    world.voice_to(phone).map(|voice| voice.codec)
}

#[test]
fn a_caller_is_answered_with_the_first_codec_that_the_exchange_has_too() {
    for (seed, codecs, codec) in [
        (110, &["97 iLBC/8000", "9 G722/8000", "0 PCMU/8000", EVENTS][..], Codec::G722),
        (111, &["96 opus/48000/2", "0 PCMU/8000", EVENTS], Codec::Opus),
        (112, &["8 PCMA/8000", "0 PCMU/8000", EVENTS], Codec::Pcma),
    ] {
        let world = World::seeded(seed);
        let alice = world.phone("alice").that_speaks(codecs);
        let call = called(&world, &alice, vec![play("welcome", "1")]);
        assert_eq!((codec_to(&world, &alice), world.hears(&alice)), (Some(codec), vec![prompt("welcome")]));
        alice.press("1");
        assert_eq!(reply(&world), played_by('1'));
        end(&world, &call);
    }
}

#[test]
fn a_caller_without_a_codec_of_ours_is_not_answered() {
    let world = World::seeded(113);
    let alice = world.phone("alice").that_speaks(&["97 iLBC/8000"]);
    world.application(vec![Command::Answer, play("welcome", "")]);
    let call = alice.dial_number("menu");
    world.run_for(seconds(1));
    assert_eq!(call.outcome(), Outcome::Refused(488));
    world.assert_quiet();
}

#[test]
fn a_caller_that_leaves_the_offer_to_us_hears_once_its_answer_is_in() {
    let world = World::seeded(114);
    let alice = world.phone("alice").that_delays_its_offer();
    let call = called(&world, &alice, vec![play("welcome", "")]);
    assert_eq!(world.hears(&alice), [prompt("welcome")], "{:?}\n{}", world.replies(), world.ladder());
    end(&world, &call);
}

#[test]
fn a_callee_of_another_codec_is_reached_by_transcoding() {
    let world = World::seeded(115);
    let alice = world.phone("alice").that_speaks(&["96 opus/48000/2", "100 telephone-event/48000"]);
    let bob = world.phone("bob").that_speaks(&["8 PCMA/8000", EVENTS]);
    let call = called(&world, &alice, vec![dial("bob")]);
    world.run_for(seconds(3));
    assert!(alice.hears(&bob) && bob.hears(&alice), "{}", world.ladder());
    let codecs = (codec_to(&world, &alice), codec_to(&world, &bob));
    assert_eq!(codecs, (Some(Codec::Opus), Some(Codec::Pcma)));
    // Neither is asked for what the other offers.
    alice.resume();
    world.run_for(seconds(1));
    assert_eq!((alice.reinvited(), alice.hears(&bob)), (Some(200), true), "{}", world.ladder());
    assert!(!world.ladder().contains("488"), "{}", world.ladder());
    end(&world, &call);
}

#[test]
fn a_callee_that_has_the_callers_codec_takes_it() {
    let world = World::seeded(116);
    let alice = world.phone("alice").that_speaks(&["8 PCMA/8000", "97 telephone-event/8000"]);
    let bob = world.phone("bob").that_speaks(&["9 G722/8000", "0 PCMU/8000", "8 PCMA/8000", EVENTS]);
    let call = called(&world, &alice, vec![dial("bob")]);
    world.run_for(seconds(3));
    let (one, other) = (world.voice_to(&alice).expect("a voice"), world.voice_to(&bob).expect("a voice"));
    assert_eq!((one.codec, one.send, one.events), (other.codec, other.send, other.events));
    end(&world, &call);
}

#[test]
fn without_an_answer_before_the_offer_passes_as_it_is() {
    let world = World::seeded(117);
    let alice = world.phone("alice").that_speaks(&["97 iLBC/8000", EVENTS]);
    let (bob, carol) = (world.phone("bob"), world.phone("carol").that_speaks(&["98 iLBC/8000"]));
    let refused = alice.dial(&bob);
    world.run_for(seconds(3));
    assert_eq!(refused.outcome(), Outcome::Refused(488));
    let call = alice.dial(&carol);
    world.run_for(seconds(3));
    assert!(call.is_up() && alice.hears(&carol));
    assert_eq!((codec_to(&world, &alice), codec_to(&world, &carol)), (None, None));
    end(&world, &call);
}

#[test]
fn what_a_caller_took_of_our_offer_is_offered_on() {
    let world = World::seeded(118);
    let alice = world.phone("alice").that_delays_its_offer().that_speaks(&["8 PCMA/8000"]);
    let bob = world.phone("bob").that_speaks(&["0 PCMU/8000", "96 opus/48000/2", "8 PCMA/8000"]);
    let call = called(&world, &alice, vec![dial("bob")]);
    world.run_for(seconds(3));
    assert!(alice.hears(&bob) && bob.hears(&alice), "{}", world.ladder());
    assert_eq!((codec_to(&world, &alice), codec_to(&world, &bob)), (Some(Codec::Pcma), Some(Codec::Pcma)));
    end(&world, &call);
}
