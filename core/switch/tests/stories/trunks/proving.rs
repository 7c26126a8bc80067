//! Carriers that want to know who we are (RFC 3261 §22).

use switch::{DialOutcome, Reply};
use testkit::{World, login, seconds};

use super::{NUMBER, alice_by};

#[test]
fn a_carrier_that_challenges_gets_credentials_and_the_same_call_goes_on() {
    let world = World::seeded(740);
    let gateway = world.gateway("gw").that_challenges("carrier", "acc", "pw");
    let mut trunk = world.trunk_of(1, "acme", &[&gateway]);
    trunk.login = Some(login("carrier", "acc", "pw"));
    let alice = alice_by(&world, vec![trunk]);
    let call = alice.dial_number(NUMBER);
    world.run_for(seconds(5));
    assert!(call.is_up() && alice.hears(&gateway), "{}", world.ladder());
    let invite = gateway.last_invite();
    // §8.1.3.5, §22.2: the next CSeq, and the same Call-ID and From tag.
    assert!(
        invite.contains("CSeq: 2 INVITE") && invite.contains("Proxy-Authorization: Digest username=\"acc\""),
        "{invite}"
    );
    assert!(gateway.was_told("ACK") && gateway.was_told("nc=00000001"));
    call.hang_up();
    world.assert_quiet();
    assert_eq!(gateway.calls_up(), 0);
}

#[test]
fn the_bye_of_a_carrier_that_challenges_all_is_proven_too() {
    let world = World::seeded(741);
    let gateway = world.gateway("gw").that_challenges("carrier", "acc", "pw").that_challenges_all();
    let mut trunk = world.trunk_of(1, "acme", &[&gateway]);
    trunk.login = Some(login("carrier", "acc", "pw"));
    let alice = alice_by(&world, vec![trunk]);
    let call = alice.dial_number(NUMBER);
    world.run_for(seconds(5));
    assert!(call.is_up(), "{}", world.ladder());
    alice.hold();
    world.run_for(seconds(2));
    // The nonce has become stale by now.
    gateway.becomes(|phone| phone.whose_nonces_are_stale(1));
    call.hang_up();
    world.run_for(seconds(2));
    assert_eq!(gateway.calls_up(), 0, "it would go on and cost\n{}", world.ladder());
    world.assert_quiet();
}

#[test]
fn a_stale_nonce_is_no_refusal_and_wrong_credentials_are_not_tried_for_ever() {
    let world = World::seeded(742);
    let gateway = world.gateway("gw").that_challenges("carrier", "acc", "pw").whose_nonces_are_stale(1);
    let mut trunk = world.trunk_of(1, "acme", &[&gateway]);
    trunk.login = Some(login("carrier", "acc", "pw"));
    let alice = alice_by(&world, vec![trunk.clone()]);
    let call = alice.dial_number(NUMBER);
    world.run_for(seconds(5));
    assert!(call.is_up(), "{}", world.ladder());
    call.hang_up();
    world.run_for(seconds(1));
    trunk.login = Some(login("carrier", "acc", "wrong"));
    world.trunks(vec![trunk]);
    let before = world.ladder().matches("10.0.1.1:5060 INVITE").count();
    let call = alice.dial_number(NUMBER);
    world.run_for(seconds(10));
    let after = world.ladder().matches("10.0.1.1:5060 INVITE").count();
    assert_eq!(after - before, 2, "once without and once with\n{}", world.ladder());
    assert!(world.replies().contains(&Reply::Dialled(DialOutcome::Failed { status: 503 })), "{:?}", world.replies());
    call.hang_up();
    world.assert_quiet();
}

/// CVE-2021-41158: credentials go to the realm that they are for.
#[test]
fn no_other_realm_and_no_phone_of_ours_gets_our_credentials() {
    let world = World::seeded(743);
    let thief = world.gateway("thief").that_challenges("thief", "acc", "pw");
    let mut trunk = world.trunk_of(1, "acme", &[&thief]);
    trunk.login = Some(login("carrier", "acc", "pw"));
    let alice = alice_by(&world, vec![trunk]);
    let call = alice.dial_number(NUMBER);
    world.run_for(seconds(5));
    assert!(!thief.was_told("Authorization") && !call.is_up(), "{}", world.ladder());
    call.hang_up();
    // A phone that plays a carrier is none.
    world.application(vec![switch::Command::Route { failed: None }]);
    let bob = world.phone("bob").that_challenges("carrier", "acc", "pw");
    let call = alice.dial(&bob);
    world.run_for(seconds(5));
    assert!(!bob.was_told("Proxy-Authorization"), "{}", world.ladder());
    call.hang_up();
    world.assert_quiet();
}

#[test]
fn a_caller_that_cancels_while_we_prove_who_we_are_is_not_called_any_more() {
    let world = World::seeded(744);
    let gateway = world.gateway("gw").that_challenges("carrier", "acc", "pw").that_never_answers();
    let mut trunk = world.trunk_of(1, "acme", &[&gateway]);
    trunk.login = Some(login("carrier", "acc", "pw"));
    let alice = alice_by(&world, vec![trunk]);
    for after in [1, 6, 11, 16, 21, 26, 40] {
        let call = alice.dial_number(NUMBER);
        world.run_for(testkit::millis(after));
        call.hang_up();
        world.run_for(seconds(40));
        assert_eq!(gateway.calls_up(), 0, "{after}");
    }
    world.assert_quiet();
}
