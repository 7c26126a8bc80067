//! Phones that are told without having asked.

use testkit::{World, millis, seconds, waiting};

use super::count;

fn world(seed: u64) -> World {
    let world = World::seeded(seed);
    world.mailbox_that_tells_unasked("1001", "alice");
    world
}

#[test]
fn phones_of_the_owner_that_did_not_subscribe_are_told_on_their_flows() {
    let world = world(940);
    let (first, second, bob) = (world.phone("alice"), world.phone("alice"), world.phone("bob"));
    let watching = second.subscribes_to("1001");
    let (before, told) = (first.told_unasked().len(), second.told_unasked().len());
    world.lamp("1001", waiting(1, 2));
    world.run_for(millis(50));
    assert_eq!(first.told_unasked().len(), before + 1, "{}", world.ladder());
    let last = first.told_unasked().pop().expect("a NOTIFY");
    assert_eq!((last.waiting, last.account.as_str()), (Some(waiting(1, 2)), "sip:1001@10.0.0.1:5060"));
    assert_eq!((last.event.as_str(), last.state.as_str()), ("message-summary", "terminated"));
    assert_eq!((watching.waiting(), second.told_unasked().len()), (Some(waiting(1, 2)), told), "told once");
    assert!(bob.told_unasked().is_empty());
    // Where it was given up, it is told unasked again.
    watching.unsubscribe();
    world.lamp("1001", waiting(2, 2));
    world.run_for(millis(50));
    assert_eq!(second.told_unasked().len(), told + 1);
    world.assert_quiet();
}

#[test]
fn a_phone_that_registers_is_told_and_one_that_only_refreshes_is_not() {
    let world = world(941);
    world.lamp("1001", waiting(3, 0));
    let alice = world.phone("alice");
    assert_eq!(alice.told_unasked().len(), 1, "{}", world.ladder());
    assert_eq!(alice.told_unasked().first().and_then(|told| told.waiting), Some(waiting(3, 0)));
    alice.register();
    alice.register();
    assert_eq!((alice.registered(), alice.told_unasked().len()), (Some(200), 1));
    // It was away.
    alice.register_as("*", Some(0));
    alice.register();
    assert_eq!(alice.told_unasked().len(), 2);
    let bob = world.phone("bob");
    assert!(bob.told_unasked().is_empty(), "he has no mailbox");
    world.assert_quiet();
}

#[test]
fn a_mailbox_that_tells_nobody_unasked_does_not() {
    let world = World::seeded(942);
    world.mailbox("1001", "alice");
    let alice = world.phone("alice");
    world.lamp("1001", waiting(1, 0));
    world.run_for(seconds(1));
    assert!(alice.told_unasked().is_empty());
    assert_eq!(count(&world, "NOTIFY "), 0);
    world.assert_quiet();
}

#[test]
fn what_changes_while_a_phone_is_being_told_comes_after_its_answer() {
    let world = world(943);
    let alice = world.phone("alice");
    alice.answers_notify(0, &[]);
    world.lamp("1001", waiting(1, 0));
    world.run_for(seconds(1));
    for new in 2..=5 {
        world.lamp("1001", waiting(new, 0));
    }
    alice.answers_notify(200, &[]);
    world.run_for(seconds(5));
    let told: Vec<_> = alice.told_unasked().into_iter().skip(1).filter_map(|told| told.waiting).collect();
    assert_eq!(told, [waiting(1, 0), waiting(5, 0)], "{}", world.ladder());
    // One that is not there stays registered, and is not told for ever.
    alice.answers_notify(0, &[]);
    world.lamp("1001", waiting(6, 0));
    world.lamp("1001", waiting(7, 0));
    world.run_for(seconds(40));
    assert_eq!(world.bindings(), 1);
    world.assert_quiet();
}

#[test]
fn the_way_goes_by_the_path_of_the_registration() {
    let world = world(944);
    let alice = world.unregistered_phone("alice");
    alice.registers_with("Path", "<sip:10.0.1.1:5060;lr>");
    assert_eq!(alice.told_unasked().len(), 1);
    assert!(alice.last_request().contains("Route: <sip:10.0.1.1:5060;lr>\r\n"), "{}", alice.last_request());
    assert!(alice.last_request().starts_with("NOTIFY sip:alice@10.0.1.1:5060 "), "{}", alice.last_request());
    world.assert_quiet();
}

#[test]
fn nobody_knows_the_lamp_of_a_new_phone_and_it_registers_all_the_same() {
    let world = world(945);
    world.lamps_are_answered(false);
    let alice = world.phone("alice");
    assert_eq!((alice.registered(), alice.told_unasked().len()), (Some(200), 0));
    world.assert_quiet();
}
