//! RFC 3261 §10.3, as phones see it.

use testkit::{World, minutes, seconds};

#[test]
fn a_phone_registers_refreshes_lists_and_leaves() {
    let world = World::seeded(30);
    let alice = world.phone("alice");
    assert_eq!(world.bindings(), 1);
    alice.register();
    assert_eq!((alice.registered(), world.bindings()), (Some(200), 1));
    // §10.2.3: without Contact it only asks.
    alice.register_as("", None);
    assert_eq!(alice.contacts().len(), 1);
    alice.register_as("*", Some(0));
    assert_eq!((alice.registered(), world.bindings()), (Some(200), 0));
}

#[test]
fn the_star_stands_alone_and_only_to_remove() {
    let world = World::seeded(31);
    let alice = world.phone("alice");
    for (contact, expires) in [("*", None), ("*", Some(60)), ("*, <sip:alice@10.0.1.1>", Some(0))] {
        alice.register_as(contact, expires);
        assert_eq!((alice.registered(), world.bindings()), (Some(400), 1), "{contact} {expires:?}");
    }
}

#[test]
fn too_short_is_refused_and_too_long_is_shortened() {
    let world = World::seeded(32);
    let alice = world.unregistered_phone("alice");
    alice.register_as("<sip:alice@10.0.1.1:5060>", Some(10));
    assert_eq!(alice.registered(), Some(423));
    alice.register_as("<sip:alice@10.0.1.1:5060>", Some(1_000_000));
    assert!(alice.contacts().first().is_some_and(|contact| contact.contains("expires=7200")), "{:?}", alice.contacts());
    // §20.10: the contact's own word counts before the header's.
    alice.register_as("<sip:alice@10.0.1.1:5060>;expires=120", Some(3600));
    assert!(alice.contacts().first().is_some_and(|contact| contact.contains("expires=120")), "{:?}", alice.contacts());
}

#[test]
fn a_binding_ends_by_itself() {
    let world = World::seeded(33);
    let alice = world.unregistered_phone("alice");
    alice.register_as("<sip:alice@10.0.1.1:5060>", Some(90));
    assert_eq!(world.bindings(), 1);
    world.run_for(minutes(2));
    assert_eq!(world.bindings(), 0);
    world.assert_quiet();
}

#[test]
fn several_contacts_are_kept_apart_by_uri_equality() {
    let world = World::seeded(34);
    let alice = world.unregistered_phone("alice");
    alice.register_as("<sip:alice@10.0.1.1:5060>, <sip:alice@10.0.1.9:5060>;q=0.5", Some(600));
    assert_eq!(world.bindings(), 2);
    // §19.1.4: the same URI spelt otherwise.
    alice.register_as("<sip:%61lice@10.0.1.1:5060>", Some(600));
    assert_eq!(world.bindings(), 2);
    alice.register_as("<sip:alice@10.0.1.1:5060>;expires=0", None);
    assert_eq!(world.bindings(), 1);
}

#[test]
fn one_bad_contact_and_nothing_is_changed() {
    let world = World::seeded(35);
    let alice = world.phone("alice");
    alice.register_as("<sip:alice@10.0.1.9:5060>;expires=600, <sip:alice@10.0.1.8:5060>;expires=5", None);
    assert_eq!((alice.registered(), world.bindings()), (Some(423), 1));
}

#[test]
fn nobody_registers_for_somebody_else() {
    let world = World::seeded(36);
    let _alice = world.phone("alice");
    let bob = world.phone("bob");
    bob.ask(rsip::Method::Register, "sip:example.com", vec![("Contact", "<sip:bob@10.0.1.2>".to_owned())]);
    world.run_for(seconds(2));
    assert_eq!(world.bindings(), 2);
    assert_eq!(bob.heard().last(), Some(&("REGISTER".to_owned(), 403)), "its To names no user that bob is");
}

#[test]
fn every_algorithm_on_offer_is_taken() {
    let world = World::seeded(37);
    for algorithm in ["MD5", "SHA-256"] {
        let phone = world.unregistered_phone("alice").with_algorithm(algorithm);
        phone.register();
        assert_eq!(phone.registered(), Some(200), "{algorithm}");
    }
}
