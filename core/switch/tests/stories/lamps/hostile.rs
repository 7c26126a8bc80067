//! Who must not subscribe, and what must not harm.

use switch::{Config, lamps};
use testkit::{World, minutes, seconds, waiting};

use super::watched;

#[test]
fn nobody_subscribes_with_a_wrong_password_or_for_another() {
    let world = World::seeded(960);
    world.mailbox("1001", "alice");
    let alice = world.phone("alice");
    let mallory = world.unregistered_phone("mallory").with_password("wrong");
    assert_eq!(mallory.subscribes_to("1001").status(), Some(401));
    let bob = world.phone("bob");
    assert_eq!(bob.subscribes_to("1001").status(), Some(403), "From is not identity");
    let forged = bob.subscribes_with("1001", None, &[("From", "<sip:alice@example.com>;tag=f".to_owned())]);
    assert_eq!(forged.status(), Some(403));
    world.lamp("1001", waiting(1, 0));
    world.run_for(seconds(2));
    assert_eq!((world.subscriptions(), alice.told_unasked().len()), (0, 0));
    world.assert_quiet();
}

#[test]
fn another_tenant_s_mailbox_of_the_same_name_is_another() {
    let (world, _alice, watching) = watched(961);
    let stranger = world.unregistered_phone_of("alice", "other.example");
    assert_eq!(stranger.subscribes_to("1001").status(), Some(404), "there is none in his domain");
    world.mailbox_of("other.example", "1001", "alice", false);
    let other = stranger.subscribes_to("1001");
    assert_eq!((other.status(), world.subscriptions()), (Some(200), 2));
    world.lamp("1001", waiting(5, 0));
    world.run_for(seconds(2));
    assert_eq!((watching.waiting(), other.told().len()), (Some(waiting(5, 0)), 1));
    world.assert_quiet();
}

#[test]
fn a_stranger_with_the_right_tags_cannot_touch_a_subscription() {
    let (world, alice, watching) = watched(962);
    // An eavesdropper has seen all of it.
    let seen = String::from_utf8(alice.last_sent("SUBSCRIBE")).expect("text");
    watching.refresh(600);
    let inside = String::from_utf8(alice.last_sent("SUBSCRIBE")).expect("text");
    assert_ne!(seen, inside);
    let forged = inside.replace("CSeq: 3 ", "CSeq: 9 ").replace("Expires: 600", "Expires: 0");
    let mallory = world.unregistered_phone("mallory").with_password("wrong");
    mallory.say(forged.replace("branch=z9hG4bK", "branch=z9hG4bKm").as_bytes());
    assert_eq!(mallory.heard().last(), Some(&("SUBSCRIBE".to_owned(), 401)), "{}", world.ladder());
    // With a password of somebody else's, it is not his.
    let bob = world.phone("bob");
    bob.sends_with_credentials(&forged);
    assert_eq!(bob.heard().last(), Some(&("SUBSCRIBE".to_owned(), 403)), "{}", world.ladder());
    assert_eq!(world.subscriptions(), 1);
    world.lamp("1001", waiting(1, 0));
    world.run_for(seconds(2));
    assert_eq!(watching.waiting(), Some(waiting(1, 0)));
    world.assert_quiet();
}

#[test]
fn odd_and_huge_requests_are_refused_and_nothing_is_kept() {
    let world = World::seeded(963);
    world.mailbox("1001", "alice");
    let alice = world.phone("alice");
    let long = "x".repeat(7_000);
    for (row, value, status) in [
        ("Event", long.clone(), 489),
        ("Event", format!("message-summary;id={long}"), 400),
        ("Event", "message-summary;id=\"a b\"".to_owned(), 400),
        ("Expires", "soon".to_owned(), 400),
        ("Expires", "-1".to_owned(), 400),
        ("Contact", String::new(), 400),
        ("Contact", "*".to_owned(), 400),
        ("Contact", "<mailto:alice@example.com>".to_owned(), 400),
        ("Contact", format!("<sip:{long}@10.0.1.1>"), 513),
        ("Record-Route", format!("<sip:{long}@10.0.1.1;lr>"), 513),
        ("Require", "eventlist".to_owned(), 420),
    ] {
        let refused = alice.subscribes_with("1001", None, &[(row, value)]);
        assert_eq!(refused.status(), Some(status), "{row}\n{}", world.ladder());
    }
    assert_eq!(world.subscriptions(), 0);
    world.assert_quiet();
}

#[test]
fn there_are_only_so_many_of_a_user_s_and_in_all() {
    let lamps = lamps::Config { max_per_user: 2, max: 3, ..lamps::Config::default() };
    let world = World::with(964, Config { lamps, ..Config::default() });
    world.mailbox("1001", "alice");
    world.mailbox("1002", "bob");
    let (alice, bob) = (world.phone("alice"), world.phone("bob"));
    let first = alice.subscribes_to("1001");
    alice.subscribes_to("1001");
    assert_eq!(alice.subscribes_to("1001").status(), Some(403));
    assert_eq!(bob.subscribes_to("1002").status(), Some(200));
    assert_eq!(bob.subscribes_to("1002").status(), Some(503));
    assert!(bob.was_told("Retry-After: "));
    assert_eq!(world.subscriptions(), 3);
    first.unsubscribe();
    assert_eq!(bob.subscribes_to("1002").status(), Some(200), "there is room again");
    // What is not refreshed makes room by itself.
    world.run_for(minutes(70));
    assert_eq!(world.subscriptions(), 0);
    world.assert_quiet();
}
