//! What an application may do with a call, and what happens when it does not.

use std::time::Duration;

use switch::{Cause, Command, Dial, DialOutcome, Disposition, Event, Fallback, Label, Order, Reply, Side, Target};
use testkit::{Outcome, World, seconds};

fn dial(targets: &[&str], order: Order, time: u64) -> Command {
    let targets = targets.iter().map(|name| Target::User((*name).to_owned())).collect();
    Command::Dial(Dial { targets, order, ring_time: Duration::from_secs(time), outside: switch::Outside::default() })
}

#[test]
fn an_application_tries_one_after_the_other() {
    let world = World::seeded(50);
    let (alice, bob, carol) = (world.phone("alice"), world.phone("bob").that_never_answers(), world.phone("carol"));
    world.application(vec![Command::Ring, dial(&["bob", "carol"], Order::InTurn, 10), Command::Detach]);
    let call = alice.dial_number("sales");
    world.run_for(seconds(9));
    assert_eq!((bob.rung(), carol.rung()), (1, 0));
    world.run_for(seconds(6));
    assert!(call.is_up() && alice.hears(&carol) && carol.hears(&alice), "{}", world.ladder());
    assert_eq!(bob.calls_up(), 0);
    call.hang_up();
    world.assert_quiet();
}

#[test]
fn an_application_hears_how_its_dial_came_out_and_decides_again() {
    let world = World::seeded(51);
    let (alice, _bob, carol) = (world.phone("alice"), world.phone("bob").that_refuses(486), world.phone("carol"));
    world.application(vec![
        Command::Attach(Label { name: "office".to_owned(), version: "abc".to_owned() }),
        dial(&["bob"], Order::AtOnce, 10),
        dial(&["carol"], Order::AtOnce, 10),
        Command::AwaitEnd,
    ]);
    let call = alice.dial_number("sales");
    world.run_for(seconds(5));
    assert!(call.is_up() && alice.hears(&carol));
    assert!(world.events().contains(&Event::Reply(Reply::Dialled(DialOutcome::Busy))));
    call.hang_up();
    world.assert_quiet();
    let cdrs = world.cdrs();
    assert_eq!(cdrs.first().and_then(|cdr| cdr.application.as_ref()).map(|label| label.version.as_str()), Some("abc"));
}

#[test]
fn an_application_that_passes_on_how_its_dial_came_out_ends_the_call_as_the_built_in_route_would() {
    let world = World::seeded(64);
    let (alice, _bob) = (world.phone("alice"), world.phone("bob").that_never_answers());
    world.application(vec![dial(&["bob"], Order::AtOnce, 10), Command::Reject { status: 480, reason: None }]);
    let call = alice.dial_number("sales");
    world.run_for(seconds(15));
    assert_eq!(call.outcome(), Outcome::Refused(480));
    world.assert_quiet();
    let ended = world.cdrs().first().map(|cdr| (cdr.disposition, cdr.cause, cdr.by));
    assert_eq!(ended, Some((Disposition::NoAnswer, Cause::NO_ANSWER, Side::Exchange)));
}

#[test]
fn an_application_answers_waits_and_hangs_up() {
    let world = World::seeded(52);
    let alice = world.phone("alice");
    world.application(vec![Command::Answer, Command::Wait(Duration::from_secs(3)), Command::Hangup(Cause::NORMAL)]);
    let call = alice.dial_number("clock");
    world.run_for(seconds(2));
    assert!(call.is_up());
    world.run_for(seconds(2));
    assert_eq!(call.outcome(), Outcome::HungUp);
    world.assert_quiet();
}

#[test]
fn an_application_that_answered_may_still_connect() {
    let world = World::seeded(53);
    let (alice, bob) = (world.phone("alice"), world.phone("bob"));
    world.application(vec![Command::Answer, dial(&["bob"], Order::AtOnce, 10), Command::Detach]);
    let call = alice.dial_number("menu");
    world.run_for(seconds(5));
    assert!(call.is_up() && alice.hears(&bob) && bob.hears(&alice), "{}", world.ladder());
    call.hang_up();
    world.assert_quiet();
}

#[test]
fn an_application_refuses_with_the_status_it_likes() {
    let world = World::seeded(54);
    let alice = world.phone("alice");
    world.application(vec![
        Command::Reject { status: 200, reason: None },
        Command::Reject { status: 603, reason: Some("Not today".to_owned()) },
    ]);
    let call = alice.dial_number("x");
    world.run_for(seconds(2));
    assert_eq!(call.outcome(), Outcome::Refused(603));
    assert!(world.ladder().contains("603 Not today"), "{}", world.ladder());
    world.assert_quiet();
}

#[test]
fn an_application_that_never_decides_costs_its_caller_ten_seconds() {
    let world = World::seeded(55);
    let (alice, bob) = (world.phone("alice"), world.phone("bob"));
    world.application_that_never_decides();
    let call = alice.dial(&bob);
    world.run_for(seconds(14));
    assert!(call.is_up() && alice.hears(&bob), "the built-in route serves the caller");
    call.hang_up();
    world.assert_quiet();
    assert!(world.cdrs().first().is_some_and(|cdr| cdr.fallback.is_some()));
}

#[test]
fn a_failed_application_is_replaced_as_the_tenant_says() {
    for (fallback, outcome) in [(Fallback::Extension, Outcome::Open), (Fallback::Reject(503), Outcome::Refused(503))] {
        let world = World::seeded(56);
        let (alice, bob) = (world.phone("alice"), world.phone("bob"));
        world.fallback(fallback);
        world.application(vec![Command::Route { failed: Some("it broke".to_owned()) }]);
        let call = alice.dial(&bob);
        world.run_for(seconds(5));
        assert_eq!(call.outcome(), outcome, "{fallback:?}");
        call.hang_up();
        world.assert_quiet();
    }
}

#[test]
fn an_application_that_leaves_without_a_word_does_not_leave_the_caller_alone() {
    let world = World::seeded(57);
    let alice = world.phone("alice");
    world.application(vec![Command::Detach]);
    let call = alice.dial_number("x");
    world.run_for(seconds(2));
    assert_eq!(call.outcome(), Outcome::Refused(480));
    world.assert_quiet();
}
