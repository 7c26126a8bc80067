//! The exchange begins anew, and phones need not know.

use switch::{Config, lamps};
use testkit::{Phone, Watching, World, millis, minutes, seconds, waiting};

use super::{count, watched};

#[test]
fn subscriptions_survive_a_restart_and_their_numbers_grow() {
    let (world, _alice, watching) = watched(980);
    for new in 1..=20 {
        world.lamp("1001", waiting(new, 0));
        world.run_for(seconds(1));
    }
    assert_eq!(watching.told().len(), 21);
    world.restart();
    assert_eq!((world.subscriptions(), world.bindings()), (1, 1));
    world.tell_all_lamps();
    world.run_for(seconds(2));
    // The phone checks that CSeq has grown.
    assert_eq!(watching.told().len(), 22, "{}", world.ladder());
    watching.refresh(600);
    assert_eq!((watching.status(), watching.told().len()), (Some(200), 23));
    world.lamp("1001", waiting(7, 7));
    world.run_for(seconds(2));
    assert_eq!(watching.waiting(), Some(waiting(7, 7)));
    world.restart();
    watching.unsubscribe();
    assert_eq!((watching.status(), watching.state().as_str()), (Some(200), "terminated;reason=timeout"));
    assert!(world.kept_subscriptions().is_empty());
    world.assert_quiet();
}

#[test]
fn who_refreshes_before_his_lamp_is_known_is_told_by_the_way() {
    let (world, _alice, watching) = watched(981);
    world.restart();
    watching.refresh(600);
    assert_eq!((watching.status(), watching.waiting(), watching.told().len()), (Some(200), Some(waiting(0, 0)), 2));
    world.assert_quiet();
}

#[test]
fn what_ends_after_a_restart_is_told_and_what_ended_before_is_gone() {
    let world = World::seeded(982);
    world.mailbox("1001", "alice");
    let alice = world.phone("alice");
    let watching = alice.subscribes_for("1001", Some(90));
    world.run_for(seconds(60));
    world.restart();
    world.run_for(seconds(40));
    assert_eq!((watching.state().as_str(), world.subscriptions()), ("terminated;reason=timeout", 0));
    assert_eq!(watching.told().last().and_then(|told| told.waiting), None, "nobody has said what waits");
    world.assert_quiet();
    let stale = alice.subscribes_for("1001", Some(90));
    alice.answers_notify(0, &[]);
    world.lamp("1001", waiting(1, 0));
    let kept = world.kept_subscriptions();
    assert_eq!((stale.status(), kept.len()), (Some(200), 1));
    // It was kept for longer than it stands.
    world.run_for(seconds(100));
    world.restore(kept);
    assert_eq!(world.subscriptions(), 0);
    world.run_for(minutes(1));
}

#[test]
fn a_thousand_phones_are_told_one_after_the_other() {
    let lamps = lamps::Config { max_per_user: 2_000, ..lamps::Config::default() };
    let world = World::with(983, Config { lamps, ..Config::default() });
    world.mailbox("1001", "alice");
    let alice: Phone = world.phone("alice");
    let all: Vec<Watching> = (0..5).map(|_| alice.subscribes_to("1001")).collect();
    let kept = world.kept_subscriptions();
    let many = (0..200).flat_map(|at| {
        kept.iter().map(move |one| switch::StoredSubscription {
            call_id: format!("{}{at}", one.call_id),
            local_tag: format!("{}{at}", one.local_tag),
            ..one.clone()
        })
    });
    world.restart();
    world.restore(many.collect());
    assert_eq!(world.subscriptions(), 1_005);
    let before = count(&world, "NOTIFY ");
    world.tell_all_lamps();
    world.run_for(millis(1));
    assert!(count(&world, "NOTIFY ") - before <= 3, "{}", count(&world, "NOTIFY ") - before);
    world.run_for(millis(499));
    let half = count(&world, "NOTIFY ") - before;
    assert!((400..=600).contains(&half), "{half}");
    world.run_for(seconds(2));
    assert!(all.iter().all(|watching| watching.told().len() == 2), "those that it knows");
    assert_eq!(world.subscriptions(), 5, "the others are of nobody, and end");
    world.run_for(minutes(3));
}

#[test]
fn a_drain_leaves_subscriptions_as_they_are() {
    let (world, _alice, watching) = watched(984);
    world.drain();
    world.run_for(seconds(5));
    assert_eq!((watching.told().len(), world.subscriptions(), world.kept_subscriptions().len()), (1, 1, 1));
    world.assert_quiet();
}
