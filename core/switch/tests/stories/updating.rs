//! UPDATE (RFC 3311): a dialog is refreshed, or offered something, without an INVITE.

use switch::{Command, Event, Reliable, Side, Sound};
use testkit::{Outcome, Phone, Placed, World, millis, seconds};

use crate::reliable::{end, rows};
use crate::trunks::{NUMBER, alice_by};

fn talking(seed: u64) -> (World, Phone, Phone, Placed) {
    let world = World::seeded(seed);
    let (alice, bob) = (world.phone("alice"), world.phone("bob"));
    let call = alice.dial(&bob);
    world.run_for(seconds(5));
    assert!(call.is_up());
    (world, alice, bob, call)
}

/// The INVITEs that came inside a call.
fn reinvites(phone: &Phone) -> usize {
    let told = phone.told_of("INVITE").into_iter().filter(|text| text.starts_with("INVITE"));
    told.filter(|text| rows(std::slice::from_ref(text), "To")[0].contains(";tag=")).count()
}

#[test]
fn an_update_without_an_offer_moves_the_target_and_nobody_else_hears_of_it() {
    let (world, alice, bob, call) = talking(1200);
    alice.moves_to("10.0.9.9:5060".parse().expect("an address"));
    alice.updates(None);
    world.run_for(seconds(1));
    assert_eq!(alice.updated(), Some(200), "{}", world.ladder());
    assert!(alice.last_sent("UPDATE").starts_with(b"UPDATE ") && reinvites(&bob) == 0);
    let answer = alice.told_of("UPDATE").pop().expect("an answer");
    assert!(answer.contains("Allow: ") && answer.contains("UPDATE") && answer.contains("Contact: <"), "{answer}");
    bob.hang_up();
    world.run_for(seconds(1));
    assert_eq!(call.outcome(), Outcome::HungUp, "she is reached where she is now: {}", world.ladder());
    world.assert_quiet();
}

#[test]
fn an_offer_in_an_update_is_carried_as_one_in_an_invite() {
    let (world, alice, bob, call) = talking(1201);
    alice.updates(Some("sendonly"));
    world.run_for(seconds(1));
    assert_eq!((alice.updated(), reinvites(&bob)), (Some(200), 1), "{}", world.ladder());
    let answer = alice.told_of("UPDATE").pop().expect("an answer");
    assert!(answer.contains("a=recvonly"), "{answer}");
    assert_eq!(world.hears(&bob), [Sound::Prompt("moh/default".to_owned())]);
    assert!(world.events().contains(&Event::Held(Side::Caller)));
    alice.updates(Some("sendrecv"));
    world.run_for(seconds(1));
    assert!(alice.hears(&bob) && bob.hears(&alice), "{}", world.ladder());
    // What the other leg refuses is refused, and nothing has changed.
    bob.answers_inside_with(Some(488));
    alice.updates(Some("sendonly"));
    world.run_for(seconds(1));
    assert_eq!((alice.updated(), alice.hears(&bob)), (Some(488), true), "{}", world.ladder());
    end(&world, &call);
}

#[test]
fn an_update_that_meets_another_offer_is_refused_for_a_while() {
    let (world, alice, bob, call) = talking(1202);
    bob.answers_inside_with(Some(0));
    // Her own offer is open: §5.2, 500 and when to come again.
    alice.hold();
    world.run_for(millis(100));
    alice.updates(Some("sendonly"));
    world.run_for(millis(100));
    let answer = alice.told_of("UPDATE").pop().expect("an answer");
    assert_eq!(alice.updated(), Some(500), "{}", world.ladder());
    let after: u32 = rows(&[answer], "Retry-After")[0].parse().expect("a number");
    assert!(after <= 10);
    // Ours is open towards bob: 491.
    bob.updates(Some("sendonly"));
    world.run_for(millis(100));
    assert_eq!(bob.updated(), Some(491), "{}", world.ladder());
    // Without an offer it is no matter.
    for phone in [&alice, &bob] {
        phone.updates(None);
        world.run_for(millis(100));
        assert_eq!(phone.updated(), Some(200), "{}", world.ladder());
    }
    bob.answers_inside_with(None);
    world.run_for(seconds(10));
    assert_eq!((alice.reinvited(), call.is_up()), (Some(200), true), "{}", world.ladder());
    end(&world, &call);
}

#[test]
fn an_update_that_the_other_leg_does_not_answer_in_time_is_answered_504() {
    let (world, alice, bob, call) = talking(1203);
    bob.answers_inside_with(Some(0));
    alice.updates(Some("sendonly"));
    world.run_for(seconds(9));
    assert_eq!(alice.updated(), None);
    world.run_for(seconds(2));
    assert_eq!(alice.updated(), Some(504), "{}", world.ladder());
    // His phone comes back, and takes what nobody wants any more: it is offered what was agreed before.
    bob.answers_inside_with(None);
    world.run_for(seconds(10));
    assert!(call.is_up() && alice.hears(&bob) && bob.hears(&alice), "{}", world.ladder());
    assert_eq!(reinvites(&bob), 2, "{}", world.ladder());
    assert!(bob.last_invite().contains("a=sendrecv") && !world.events().contains(&Event::Held(Side::Caller)));
    // And everything goes on.
    alice.hold();
    world.run_for(seconds(1));
    assert_eq!(alice.reinvited(), Some(200), "{}", world.ladder());
    end(&world, &call);
}

#[test]
fn a_call_that_ends_answers_its_update() {
    let (world, alice, bob, call) = talking(1204);
    bob.answers_inside_with(Some(0));
    alice.updates(Some("sendonly"));
    world.run_for(seconds(1));
    bob.hang_up();
    world.run_for(seconds(1));
    assert_eq!((alice.updated(), call.outcome()), (Some(487), Outcome::HungUp), "{}", world.ladder());
    world.assert_quiet();
}

#[test]
fn who_talks_with_an_application_is_answered_by_it() {
    let world = World::seeded(1205);
    let alice = world.phone("alice");
    world.application(vec![Command::Answer, Command::Wait(seconds(60))]);
    let call = alice.dial_number("menu");
    world.run_for(seconds(1));
    alice.updates(Some("sendonly"));
    world.run_for(seconds(1));
    assert_eq!(alice.updated(), Some(200), "{}", world.ladder());
    end(&world, &call);
}

#[test]
fn before_the_call_is_taken_a_caller_may_update_what_it_was_answered() {
    let world = World::seeded(1206);
    let alice = world.phone("alice").that_requires_100rel();
    let bob = world.phone("bob").that_only_tries();
    let call = alice.dial(&bob);
    world.run_for(millis(100));
    bob.says_reliably(180, "one", 1, false);
    world.run_for(millis(100));
    // Her own offer is not answered yet.
    alice.updates(Some("sendonly"));
    world.run_for(millis(100));
    assert_eq!(alice.updated(), Some(500), "{}", world.ladder());
    alice.updates(None);
    world.run_for(millis(100));
    assert_eq!(alice.updated(), Some(200), "{}", world.ladder());
    bob.says_reliably(183, "one", 2, true);
    world.run_for(millis(100));
    alice.updates(Some("sendrecv"));
    world.run_for(millis(100));
    let answer = alice.told_of("UPDATE").pop().expect("an answer");
    assert!(alice.updated() == Some(200) && answer.contains("m=audio "), "{answer}\n{}", world.ladder());
    bob.answers_as("one", false);
    world.run_for(seconds(1));
    assert!(call.is_up() && alice.hears(&bob) && bob.hears(&alice), "{}", world.ladder());
    end(&world, &call);
}

#[test]
fn before_it_takes_the_call_a_callee_may_not_offer_anything_new() {
    let world = World::seeded(1207);
    let gateway = world.gateway("gw").that_answers_reliably().that_answers_after(seconds(5));
    let mut trunk = world.trunk_of(1, "acme", &[&gateway]);
    trunk.reliable = Reliable::Supported;
    let alice = alice_by(&world, vec![trunk]);
    let call = alice.dial_number(NUMBER);
    world.run_for(seconds(1));
    for (direction, status) in [(None, 200), (Some("sendrecv"), 488)] {
        gateway.updates(direction);
        world.run_for(millis(100));
        assert_eq!(gateway.updated(), Some(status), "{}", world.ladder());
    }
    world.run_for(seconds(5));
    assert!(call.is_up() && alice.hears(&gateway), "{}", world.ladder());
    end(&world, &call);
}
