//! SRTP between the legs: every leg has keys of its own.

use switch::{Command, Config, Dial, Fallback, Order, Secrecy, Target};
use testkit::{Outcome, Phone, Placed, World, millis, seconds};

const PLAIN: &str = "RTP/AVP";
const SECURE: &str = "RTP/SAVP";

/// The exchange and this phone encrypt with what each told the other, and nobody else was told.
fn assert_sealed(world: &World, phone: &Phone, other: &Phone) {
    let keys = world.keys_to(phone).unwrap_or_else(|| panic!("plain: {}", world.ladder()));
    let line = |key: &str| sdp::Crypto::parse(&format!("1 AES_CM_128_HMAC_SHA1_80 inline:{key}")).expect("a line");
    assert_eq!(keys.theirs, line(&phone.own_key()).keying, "{}", world.ladder());
    let told = phone.told_keys().into_iter().filter_map(|(_, key)| key).next_back().expect("a key");
    assert_eq!(keys.ours, line(&told).keying);
    assert!(!other.was_told(&phone.own_key()), "a key of one leg stands on the other");
    assert!(!other.was_told(&told), "our key of one leg stands on the other");
    assert_ne!(told, phone.own_key(), "our key is not theirs");
    assert!(!format!("{keys:?}").contains(&told) && format!("{keys:?}").contains("secret"));
}

fn assert_plain(world: &World, phone: &Phone) {
    assert_eq!(world.keys_to(phone), None);
    assert!(!phone.was_told("a=crypto") && !phone.was_told("SAVP"), "{}", world.ladder());
}

fn up(world: &World, alice: &Phone, bob: &Phone) -> Placed {
    let call = alice.dial(bob);
    world.run_for(seconds(5));
    assert!(call.is_up(), "{}", world.ladder());
    assert!(alice.hears(bob) && bob.hears(alice));
    call
}

#[test]
fn a_secure_caller_talks_with_a_plain_callee() {
    for (seed, insists) in [(700, true), (701, false)] {
        let world = World::seeded(seed);
        let (alice, bob) = (world.phone("alice"), world.phone("bob"));
        let alice = if insists { alice.that_insists_on_encryption() } else { alice.that_can_encrypt() };
        let call = up(&world, &alice, &bob);
        assert_sealed(&world, &alice, &bob);
        assert_plain(&world, &bob);
        let transport = if insists { SECURE } else { PLAIN };
        assert!(alice.told_keys().iter().all(|(told, key)| told == transport && key.is_some()));
        call.hang_up();
        world.assert_quiet();
    }
}

#[test]
fn a_plain_caller_talks_with_a_secure_callee() {
    for (seed, secrecy, transport) in [(702, Secrecy::Required, SECURE), (703, Secrecy::Optional, PLAIN)] {
        let world = World::seeded(seed);
        world.secrecy_of("bob", secrecy);
        let (alice, bob) = (world.phone("alice"), world.phone("bob").that_can_encrypt());
        let call = up(&world, &alice, &bob);
        assert_sealed(&world, &bob, &alice);
        assert_plain(&world, &alice);
        assert_eq!(bob.told_keys().first().map(|(told, _)| told.as_str()), Some(transport));
        call.hang_up();
        world.assert_quiet();
    }
}

#[test]
fn two_secure_phones_have_different_keys() {
    let world = World::seeded(704);
    world.secrecy_of("bob", Secrecy::Required);
    let alice = world.phone("alice").that_insists_on_encryption();
    let bob = world.phone("bob").that_insists_on_encryption();
    let call = up(&world, &alice, &bob);
    assert_sealed(&world, &alice, &bob);
    assert_sealed(&world, &bob, &alice);
    assert_ne!(world.keys_to(&alice).map(|keys| keys.ours), world.keys_to(&bob).map(|keys| keys.ours));
    call.hang_up();
    world.assert_quiet();
}

#[test]
fn who_must_encrypt_and_does_not_is_refused() {
    let world = World::with(705, Config { secrecy: Secrecy::Required, ..Config::default() });
    let (alice, bob) = (world.phone("alice"), world.phone("bob"));
    let call = alice.dial(&bob);
    world.run_for(seconds(5));
    assert_eq!((call.outcome(), bob.rung()), (Outcome::Refused(488), 0), "{}", world.ladder());
    world.assert_quiet();
    // And where nothing is encrypted, who insists is refused.
    let world = World::with(706, Config { secrecy: Secrecy::Off, ..Config::default() });
    let (alice, bob) = (world.phone("alice").that_insists_on_encryption(), world.phone("bob"));
    let call = alice.dial(&bob);
    world.run_for(seconds(5));
    assert_eq!((call.outcome(), bob.rung()), (Outcome::Refused(488), 0));
    world.assert_quiet();
}

#[test]
fn a_callee_that_cannot_encrypt_but_must_is_not_reached() {
    let world = World::seeded(707);
    world.secrecy_of("bob", Secrecy::Required);
    let (alice, bob) = (world.phone("alice"), world.phone("bob"));
    let call = alice.dial(&bob);
    world.run_for(seconds(5));
    assert_eq!(call.outcome(), Outcome::Refused(488), "{}", world.ladder());
    world.assert_quiet();
}

#[test]
fn what_is_optional_falls_back_to_plain() {
    let world = World::seeded(708);
    world.secrecy_of("bob", Secrecy::Optional);
    world.secrecy_of("alice", Secrecy::Optional);
    let (alice, bob) = (world.phone("alice"), world.phone("bob"));
    let call = up(&world, &alice, &bob);
    assert_eq!((world.keys_to(&alice), world.keys_to(&bob)), (None, None));
    assert!(bob.was_told("a=crypto"), "it was offered");
    // And stays so: nothing is offered again.
    let before = bob.told_keys().len();
    alice.hold();
    world.run_for(seconds(1));
    assert_eq!(bob.told_keys().get(before), Some(&(PLAIN.to_owned(), None)));
    call.hang_up();
    world.assert_quiet();
}

#[test]
fn keys_stay_over_hold_and_resume_from_either_side() {
    let world = World::seeded(709);
    world.secrecy_of("bob", Secrecy::Required);
    let alice = world.phone("alice").that_insists_on_encryption();
    let bob = world.phone("bob").that_insists_on_encryption();
    let call = up(&world, &alice, &bob);
    let before = (world.keys_to(&alice), world.keys_to(&bob));
    for phone in [&alice, &bob] {
        phone.hold();
        world.run_for(seconds(1));
        assert_eq!(phone.reinvited(), Some(200), "{}", world.ladder());
        assert_eq!((world.keys_to(&alice), world.keys_to(&bob)), before);
        phone.resume();
        world.run_for(seconds(1));
        assert_eq!((world.keys_to(&alice), world.keys_to(&bob)), before);
    }
    alice.asks_for_an_offer();
    world.run_for(seconds(1));
    assert_eq!((world.keys_to(&alice), world.keys_to(&bob)), before, "{}", world.ladder());
    assert_sealed(&world, &alice, &bob);
    assert_sealed(&world, &bob, &alice);
    call.hang_up();
    world.assert_quiet();
}

#[test]
fn a_new_key_there_brings_a_new_one_here_and_none_on_the_other_leg() {
    let world = World::seeded(710);
    let alice = world.phone("alice").that_insists_on_encryption();
    world.secrecy_of("bob", Secrecy::Required);
    let bob = world.phone("bob").that_insists_on_encryption();
    let call = up(&world, &alice, &bob);
    let before = (world.keys_to(&alice).expect("keys"), world.keys_to(&bob));
    alice.changes_its_key();
    alice.resume();
    world.run_for(seconds(1));
    let after = world.keys_to(&alice).expect("keys");
    assert_eq!(alice.reinvited(), Some(200));
    assert_ne!(after.theirs, before.0.theirs);
    assert_ne!(after.ours, before.0.ours);
    assert_eq!(world.keys_to(&bob), before.1);
    assert_sealed(&world, &alice, &bob);
    call.hang_up();
    world.assert_quiet();
}

#[test]
fn early_media_is_encrypted_on_the_leg_that_encrypts() {
    let world = World::seeded(711);
    world.secrecy_of("bob", Secrecy::Required);
    let alice = world.phone("alice").that_insists_on_encryption();
    let bob = world.phone("bob").that_insists_on_encryption().that_has_early_media();
    let call = alice.dial(&bob);
    world.run_for(millis(1_000));
    assert!(!call.is_up());
    assert_sealed(&world, &alice, &bob);
    assert_sealed(&world, &bob, &alice);
    let early = (world.keys_to(&alice), world.keys_to(&bob));
    world.run_for(seconds(10));
    assert!(call.is_up(), "{}", world.ladder());
    assert_eq!((world.keys_to(&alice), world.keys_to(&bob)), early, "the answer has the keys of the early one");
    call.hang_up();
    world.assert_quiet();
}

#[test]
fn an_offer_in_the_answer_is_encrypted_where_it_must_be() {
    let world = World::seeded(712);
    world.secrecy_of("alice", Secrecy::Required);
    let alice = world.phone("alice").that_insists_on_encryption().that_delays_its_offer();
    let bob = world.phone("bob");
    let call = up(&world, &alice, &bob);
    assert_sealed(&world, &alice, &bob);
    assert_plain(&world, &bob);
    call.hang_up();
    world.assert_quiet();
}

#[test]
fn the_exchange_answers_and_connects_a_secure_caller_itself() {
    let world = World::seeded(713);
    let targets = vec![Target::User("bob".to_owned())];
    let dial = Command::Dial(Dial {
        targets,
        order: Order::AtOnce,
        ring_time: seconds(20),
        outside: switch::Outside::default(),
    });
    world.application(vec![Command::Answer, dial, Command::AwaitEnd]);
    let (alice, bob) = (world.phone("alice").that_insists_on_encryption(), world.phone("bob"));
    let call = alice.dial_number("menu");
    world.run_for(millis(200));
    assert!(call.is_up(), "{}", world.ladder());
    assert_sealed(&world, &alice, &bob);
    let before = world.keys_to(&alice);
    world.run_for(seconds(5));
    assert!(alice.hears(&bob) && bob.hears(&alice), "{}", world.ladder());
    assert_eq!(world.keys_to(&alice), before);
    assert_plain(&world, &bob);
    alice.hold();
    world.run_for(seconds(1));
    assert_eq!((alice.reinvited(), world.keys_to(&alice)), (Some(200), before));
    call.hang_up();
    world.assert_quiet();
}

#[test]
fn a_secure_call_that_is_given_up_or_refused_leaves_nothing() {
    let world = World::seeded(714);
    world.secrecy_of("bob", Secrecy::Required);
    world.fallback(Fallback::Extension);
    let alice = world.phone("alice").that_insists_on_encryption();
    let bob = world.phone("bob").that_insists_on_encryption().that_never_answers();
    let call = alice.dial(&bob);
    world.run_for(seconds(2));
    call.hang_up();
    world.run_for(seconds(2));
    assert_eq!(call.outcome(), Outcome::Refused(487), "{}", world.ladder());
    let bob = bob.that_refuses(486);
    let call = alice.dial(&bob);
    world.run_for(seconds(2));
    assert_eq!(call.outcome(), Outcome::Refused(486));
    world.assert_quiet();
}
