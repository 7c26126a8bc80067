//! NOTIFY: when, how often, and what its answer means.

use testkit::{Weather, World, millis, minutes, seconds, waiting};

use super::{count, watched};

#[test]
fn every_phone_that_subscribed_is_told_of_a_change_at_once() {
    let (world, _alice, watching) = watched(920);
    world.mailbox("1002", "bob");
    let second = world.phone("alice").subscribes_to("1001");
    let other = world.phone("bob").subscribes_to("1002");
    world.lamp("1001", waiting(1, 0));
    world.run_for(millis(20));
    assert_eq!((watching.waiting(), second.waiting()), (Some(waiting(1, 0)), Some(waiting(1, 0))));
    assert_eq!(other.told().len(), 1, "another mailbox is no matter of his");
    world.assert_quiet();
}

#[test]
fn what_changes_meanwhile_is_told_after_the_answer_and_the_newest_alone() {
    let (world, alice, watching) = watched(921);
    alice.answers_notify(0, &[]);
    world.lamp("1001", waiting(1, 0));
    world.run_for(seconds(2));
    for new in 2..=9 {
        world.lamp("1001", waiting(new, 0));
    }
    world.run_for(millis(100));
    alice.answers_notify(200, &[]);
    world.run_for(seconds(8));
    let told: Vec<_> = watching.told().into_iter().filter_map(|told| told.waiting).collect();
    assert_eq!(told, [waiting(0, 0), waiting(1, 0), waiting(9, 0)], "{}", world.ladder());
    world.assert_quiet();
}

#[test]
fn a_lamp_that_flickers_is_told_of_once_a_second() {
    let (world, _alice, watching) = watched(922);
    for new in 1..=100 {
        world.lamp("1001", waiting(new, 0));
        world.run_for(millis(50));
    }
    world.run_for(seconds(2));
    // RFC 3842 §3.11
    assert!((5..=8).contains(&watching.told().len()), "{}", watching.told().len());
    assert_eq!(watching.waiting(), Some(waiting(100, 0)));
    world.assert_quiet();
}

#[test]
fn who_refreshes_while_he_is_being_told_is_told_again_after_it() {
    let (world, alice, watching) = watched(923);
    alice.answers_notify(0, &[]);
    world.lamp("1001", waiting(1, 0));
    world.run_for(seconds(2));
    watching.refresh(600);
    assert_eq!(watching.status(), Some(200));
    alice.answers_notify(200, &[]);
    world.run_for(seconds(8));
    assert_eq!(watching.told().len(), 3, "{}", world.ladder());
    // And who gives it up meanwhile hears of its end.
    alice.answers_notify(0, &[]);
    world.lamp("1001", waiting(2, 0));
    world.run_for(seconds(2));
    watching.unsubscribe();
    alice.answers_notify(200, &[]);
    world.run_for(seconds(8));
    assert_eq!((watching.state().as_str(), world.subscriptions()), ("terminated;reason=timeout", 0));
    world.assert_quiet();
}

#[test]
fn a_phone_that_knows_nothing_of_it_any_more_has_none() {
    for status in [481, 404, 489, 401, 407, 302, 603] {
        let (world, alice, _watching) = watched(930 + u64::from(status));
        alice.answers_notify(status, &[]);
        world.lamp("1001", waiting(1, 0));
        world.run_for(seconds(1));
        assert_eq!((world.subscriptions(), world.kept_subscriptions().len()), (0, 0), "{status}");
        let told = count(&world, "NOTIFY ");
        world.lamp("1001", waiting(2, 0));
        world.run_for(seconds(5));
        assert_eq!(count(&world, "NOTIFY "), told, "{status}");
        world.assert_quiet();
    }
    let (world, _alice, watching) = watched(931);
    watching.forget();
    world.lamp("1001", waiting(1, 0));
    world.run_for(seconds(1));
    assert_eq!(world.subscriptions(), 0);
    world.assert_quiet();
}

#[test]
fn a_phone_that_does_not_answer_has_none_after_a_while() {
    let (world, alice, _watching) = watched(932);
    alice.answers_notify(0, &[]);
    world.lamp("1001", waiting(1, 0));
    world.run_for(seconds(30));
    assert_eq!(world.subscriptions(), 1);
    world.lamp("1001", waiting(2, 0));
    world.run_for(seconds(3));
    // Timer F
    assert_eq!((world.subscriptions(), world.kept_subscriptions().len()), (0, 0));
    world.assert_quiet();
}

#[test]
fn a_phone_that_cannot_be_told_for_a_while_is_told_then() {
    let (world, alice, watching) = watched(933);
    alice.answers_notify(503, &[("Retry-After", "20 (busy)".to_owned())]);
    world.lamp("1001", waiting(1, 0));
    world.run_for(seconds(1));
    alice.answers_notify(200, &[]);
    world.lamp("1001", waiting(2, 0));
    world.run_for(seconds(15));
    assert_eq!((watching.told().len(), world.subscriptions()), (1, 1), "not before");
    world.run_for(seconds(6));
    assert_eq!(watching.waiting(), Some(waiting(2, 0)), "{}", world.ladder());
    // However long it says, it is not longer than the subscription.
    alice.answers_notify(503, &[("Retry-After", "99999999999999".to_owned())]);
    world.lamp("1001", waiting(3, 0));
    world.run_for(seconds(2));
    alice.answers_notify(200, &[]);
    world.run_for(minutes(70));
    assert_eq!((watching.state().as_str(), world.subscriptions()), ("terminated;reason=timeout", 0));
    world.assert_quiet();
    // Without saying how long it is an end.
    let (world, alice, _watching) = watched(934);
    alice.answers_notify(503, &[]);
    world.lamp("1001", waiting(1, 0));
    world.run_for(seconds(1));
    assert_eq!(world.subscriptions(), 0);
    world.assert_quiet();
}

#[test]
fn a_link_that_dies_leaves_no_subscription_behind() {
    let dead = Weather { loss: 100, twice: 0, late: millis(0) };
    for moment in (0..20).map(|step| step * 3) {
        let world = World::seeded(9_500 + moment);
        world.mailbox("1001", "alice");
        let alice = world.phone("alice");
        let watching = alice.subscribes_for("1001", Some(120));
        world.lamp("1001", waiting(1, 0));
        world.run_for(millis(moment));
        world.weather(dead);
        world.lamp("1001", waiting(2, 0));
        watching.unsubscribe();
        world.run_for(minutes(5));
        assert_eq!((world.subscriptions(), world.kept_subscriptions().len()), (0, 0), "moment {moment}");
        world.assert_idle();
    }
}
