//! Which codecs a party may use and prefers, and two that have none in common: asked for once more, and transcoded only
//! then.

use media::Codec;
use switch::{CodecOrder, Command};
use testkit::{Outcome, Phone, Placed, World, seconds};

const EVENTS: &str = "101 telephone-event/8000";
const OPUS: &str = "96 opus/48000/2";
const PCMA: &str = "8 PCMA/8000";
const PCMU: &str = "0 PCMU/8000";
const ILBC: &str = "97 iLBC/8000";

fn order(names: &str) -> CodecOrder {
    names.parse().expect("an order")
}

fn spoken(world: &World, phone: &Phone) -> Option<Codec> {
    world.voice_to(phone).map(|voice| voice.codec)
}

fn up(world: &World, alice: &Phone, bob: &Phone) -> Placed {
    let call = alice.dial(bob);
    world.run_for(seconds(5));
    assert!(call.is_up(), "{}", world.ladder());
    assert!(alice.hears(bob) && bob.hears(alice), "{}", world.ladder());
    call
}

fn refused(world: &World, alice: &Phone, bob: &Phone) {
    let call = alice.dial(bob);
    world.run_for(seconds(5));
    assert_eq!(call.outcome(), Outcome::Refused(488), "{}", world.ladder());
    world.assert_quiet();
}

/// How many legs the call had.
fn legs(world: &World) -> usize {
    world.cdrs().last().map(|cdr| cdr.legs.len()).expect("a record")
}

#[test]
fn two_that_share_no_codec_talk_and_each_speaks_his_own() {
    let world = World::seeded(800);
    let alice = world.phone("alice").that_speaks(&[PCMA, EVENTS]);
    let bob = world.phone("bob").that_speaks(&[OPUS, EVENTS]);
    let call = up(&world, &alice, &bob);
    assert_eq!((spoken(&world, &alice), spoken(&world, &bob)), (Some(Codec::Pcma), Some(Codec::Opus)));
    // Holding and coming back is an affair of one leg, for the other speaks another codec.
    alice.hold();
    world.run_for(seconds(2));
    assert!(!world.hears(&bob).is_empty() && !alice.hears(&bob), "music for who is held");
    alice.resume();
    world.run_for(seconds(2));
    assert!(alice.hears(&bob) && bob.hears(&alice), "{}", world.ladder());
    call.hang_up();
    world.assert_quiet();
    assert_eq!(legs(&world), 3, "bob was called twice");
}

#[test]
fn who_shares_a_codec_is_offered_no_other_and_called_once() {
    let world = World::seeded(801);
    let alice = world.phone("alice").that_speaks(&[PCMU, PCMA, EVENTS]);
    let bob = world.phone("bob").that_speaks(&[OPUS, PCMA, EVENTS]);
    let call = up(&world, &alice, &bob);
    assert_eq!((spoken(&world, &alice), spoken(&world, &bob)), (Some(Codec::Pcma), Some(Codec::Pcma)));
    assert!(!bob.was_told("opus"), "{}", world.ladder());
    call.hang_up();
    world.assert_quiet();
    assert_eq!(legs(&world), 2);
}

#[test]
fn a_codec_that_cannot_be_made_into_another_is_refused() {
    for (seed, of_alice, of_bob) in [(802, ILBC, OPUS), (803, PCMA, ILBC)] {
        let world = World::seeded(seed);
        let (alice, bob) = (world.phone("alice").that_speaks(&[of_alice]), world.phone("bob").that_speaks(&[of_bob]));
        refused(&world, &alice, &bob);
    }
}

#[test]
fn early_media_of_another_codec_is_heard_too() {
    let world = World::seeded(804);
    let alice = world.phone("alice").that_speaks(&[PCMU, EVENTS]);
    let bob = world.phone("bob").that_speaks(&[OPUS, EVENTS]).that_has_early_media();
    let call = alice.dial(&bob);
    world.run_for(seconds(1));
    assert!(!call.is_up() && alice.hears(&bob), "{}", world.ladder());
    assert_eq!((spoken(&world, &alice), spoken(&world, &bob)), (Some(Codec::Pcmu), Some(Codec::Opus)));
    world.run_for(seconds(4));
    assert!(call.is_up() && alice.hears(&bob) && bob.hears(&alice), "{}", world.ladder());
    assert_eq!((spoken(&world, &alice), spoken(&world, &bob)), (Some(Codec::Pcmu), Some(Codec::Opus)));
    call.hang_up();
    world.assert_quiet();
}

#[test]
fn what_is_offered_to_a_callee_is_chosen_and_ordered_by_his_policy() {
    let world = World::seeded(805);
    world.codecs_of("bob", order("pcma,pcmu"));
    let alice = world.phone("alice").that_speaks(&[OPUS, PCMU, ILBC, PCMA, EVENTS]);
    let bob = world.phone("bob").that_speaks(&[OPUS, PCMU, PCMA, ILBC, EVENTS]);
    let call = up(&world, &alice, &bob);
    assert!(
        bob.was_told("RTP/AVP 8 0 101\r\n") && !bob.was_told("opus") && !bob.was_told("iLBC"),
        "{}",
        world.ladder()
    );
    assert_eq!((spoken(&world, &alice), spoken(&world, &bob)), (Some(Codec::Pcma), Some(Codec::Pcma)));
    call.hang_up();
    world.assert_quiet();
    assert_eq!(legs(&world), 2);
}

#[test]
fn what_a_caller_may_not_use_is_offered_to_nobody_on_his_behalf() {
    let world = World::seeded(806);
    world.codecs_of("alice", order("pcma,opus"));
    let alice = world.phone("alice").that_speaks(&[PCMU, OPUS, PCMA, EVENTS]);
    let bob = world.phone("bob").that_speaks(&[PCMU, OPUS, PCMA, EVENTS]);
    let call = up(&world, &alice, &bob);
    assert!(bob.was_told("RTP/AVP 8 96 101\r\n") && !bob.was_told("PCMU"), "{}", world.ladder());
    assert_eq!(spoken(&world, &alice), Some(Codec::Pcma));
    call.hang_up();
    world.assert_quiet();
}

#[test]
fn the_exchange_answers_by_the_policy_of_the_caller() {
    let world = World::seeded(807);
    world.codecs_of("alice", order("g722,pcma"));
    let alice = world.phone("alice").that_speaks(&[PCMU, PCMA, "9 G722/8000", EVENTS]);
    world.application(vec![Command::Answer, Command::AwaitEnd]);
    let call = alice.dial_number("menu");
    world.run_for(seconds(1));
    assert_eq!((call.is_up(), spoken(&world, &alice)), (true, Some(Codec::G722)), "{}", world.ladder());
    call.hang_up();
    world.assert_quiet();
}

#[test]
fn a_caller_who_may_speak_nothing_that_he_can_is_refused() {
    let world = World::seeded(808);
    world.codecs_of("alice", order("g722"));
    let alice = world.phone("alice").that_speaks(&[PCMU, PCMA]);
    world.application(vec![Command::Answer, Command::AwaitEnd]);
    let call = alice.dial_number("menu");
    world.run_for(seconds(1));
    assert_eq!(call.outcome(), Outcome::Refused(488), "{}", world.ladder());
    world.assert_quiet();
}

#[test]
fn policies_without_a_common_codec_are_bridged_at_the_first_attempt() {
    let world = World::seeded(809);
    world.codecs_of("alice", order("pcmu"));
    world.codecs_of("bob", order("opus,g722"));
    let (alice, bob) = (world.phone("alice"), world.phone("bob").that_speaks(&[PCMU, OPUS, EVENTS]));
    let call = up(&world, &alice, &bob);
    assert_eq!((spoken(&world, &alice), spoken(&world, &bob)), (Some(Codec::Pcmu), Some(Codec::Opus)));
    assert!(!bob.was_told("PCMU") && !bob.was_told("RTP/AVP 0"), "{}", world.ladder());
    call.hang_up();
    world.assert_quiet();
    assert_eq!(legs(&world), 2, "nobody had to be called twice");
}

#[test]
fn a_codec_that_only_passes_through_needs_leave_of_both() {
    for (seed, leave, outcome) in [(810, "pcma,ilbc", Outcome::Open), (811, "pcma", Outcome::Refused(488))] {
        let world = World::seeded(seed);
        world.codecs_of("bob", order(leave));
        let alice = world.phone("alice").that_speaks(&[ILBC, EVENTS]);
        let bob = world.phone("bob").that_speaks(&[ILBC, EVENTS]);
        let call = alice.dial(&bob);
        world.run_for(seconds(5));
        assert_eq!(call.outcome(), outcome, "{}", world.ladder());
        if call.is_up() {
            call.hang_up();
        } else {
            assert_eq!(bob.rung(), 0, "nothing could be offered");
        }
        world.assert_quiet();
    }
}

#[test]
fn of_two_phones_the_one_that_shares_a_codec_is_not_kept_waiting_by_the_other() {
    let world = World::seeded(812);
    let alice = world.phone("alice").that_speaks(&[PCMA, EVENTS]);
    let desk = world.phone("bob").that_speaks(&[PCMA, EVENTS]).that_answers_after(seconds(3));
    let soft = world.phone("bob").that_speaks(&[OPUS, EVENTS]).that_never_answers();
    let call = alice.dial(&desk);
    world.run_for(seconds(6));
    assert!(call.is_up() && alice.hears(&desk) && soft.rung() > 0, "both rang: {}", world.ladder());
    assert_eq!(spoken(&world, &alice), Some(Codec::Pcma));
    call.hang_up();
    world.assert_quiet();
}

#[test]
fn the_offer_of_a_callee_is_shown_to_a_caller_who_left_it_to_him_by_the_callers_policy() {
    let world = World::seeded(813);
    world.codecs_of("alice", order("pcma"));
    let alice = world.phone("alice").that_delays_its_offer().that_speaks(&[PCMU, PCMA, EVENTS]);
    let bob = world.phone("bob").that_speaks(&[PCMU, PCMA, EVENTS]);
    let call = up(&world, &alice, &bob);
    assert_eq!((spoken(&world, &alice), spoken(&world, &bob)), (Some(Codec::Pcma), Some(Codec::Pcma)));
    assert!(!alice.was_told("PCMU"), "{}", world.ladder());
    call.hang_up();
    world.assert_quiet();
}

#[test]
fn who_is_asked_once_more_is_heard_before_he_answers_like_anybody() {
    let world = World::seeded(814);
    let alice = world.phone("alice").that_speaks(&[PCMA, EVENTS]);
    let bob = world.phone("bob").that_speaks(&[PCMA, OPUS, EVENTS]).that_has_early_media();
    let call = alice.dial(&bob);
    world.run_for(seconds(1));
    assert!(!call.is_up() && alice.hears(&bob), "{}", world.ladder());
    // He changes his mind about what was offered, and is offered more.
    bob.declines(488);
    world.run_for(seconds(1));
    assert_eq!((bob.rung(), call.is_up()), (2, false), "{}", world.ladder());
    assert!(alice.hears(&bob), "the second is heard as the first was: {}", world.ladder());
    world.run_for(seconds(4));
    assert!(call.is_up() && alice.hears(&bob) && bob.hears(&alice), "{}", world.ladder());
    call.hang_up();
    world.assert_quiet();
}

#[test]
fn packets_of_any_length_are_relayed_as_they_are_between_two_who_were_told_of_each_other() {
    for [alices, bobs] in [
        [(0, 0), (0, 0)],
        [(20, 0), (0, 0)],
        [(0, 0), (30, 0)],
        [(30, 60), (20, 20)],
        [(0, 10), (40, 0)],
        [(20, 150), (20, 140)],
    ] {
        let world = World::seeded(830);
        let alice = world.phone("alice").that_wants_packets_of(alices.0, alices.1);
        let bob = world.phone("bob").that_wants_packets_of(bobs.0, bobs.1);
        let call = up(&world, &alice, &bob);
        let told = || {
            let [to_alice, to_bob] = [&alice, &bob].map(|phone| world.voice_to(phone).expect("a voice"));
            assert_eq!((to_alice.comes, to_bob.comes), (to_bob.ptime, to_alice.ptime), "{alices:?} {bobs:?}");
        };
        told();
        alice.hold();
        world.run_for(seconds(2));
        alice.resume();
        world.run_for(seconds(2));
        told();
        call.hang_up();
        world.assert_quiet();
    }
}
