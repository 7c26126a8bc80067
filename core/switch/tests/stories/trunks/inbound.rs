//! Calls that come over a trunk.

use switch::{CallDirection, Event, Source, Target};
use testkit::{Outcome, World, login, registration, seconds};

#[test]
fn a_call_from_a_gateway_reaches_the_owner_of_the_number_without_a_password() {
    let world = World::seeded(800);
    let (gateway, bob) = (world.gateway("gw"), world.phone("bob"));
    world.trunks(vec![world.trunk_of(1, "acme", &[&gateway])]);
    world.owns("+4930123", Some(Target::User("bob".to_owned())));
    let call = gateway.dial_number("+4930123");
    world.run_for(seconds(5));
    assert!(call.is_up() && bob.hears(&gateway), "{}", world.ladder());
    assert_eq!(world.trunk_views()[0].calls, 1);
    call.hang_up();
    world.assert_quiet();
    let cdrs = world.cdrs();
    let cdr = cdrs.first().expect("a record");
    assert_eq!((cdr.direction, cdr.callee.as_str()), (CallDirection::Inbound, "+4930123"));
    assert_eq!(cdr.came_over, Some(switch::TrunkId(1)));
    let via = cdr.legs.first().and_then(|leg| leg.gateway.clone()).expect("over a trunk");
    assert_eq!((via.trunk.as_str(), via.gateway.as_deref()), ("acme", Some("gw1")));
}

#[test]
fn a_number_without_an_owner_is_answered_as_the_carrier_expects() {
    let world = World::seeded(801);
    let gateway = world.gateway("gw");
    let mut trunk = world.trunk_of(1, "acme", &[&gateway]);
    trunk.unknown_number = 603;
    world.trunks(vec![trunk]);
    let call = gateway.dial_number("+4930999");
    world.run_for(seconds(2));
    assert_eq!(call.outcome(), Outcome::Refused(603), "{}", world.ladder());
    world.assert_quiet();
}

#[test]
fn an_application_decides_about_a_number_that_leads_to_nobody_in_particular() {
    let world = World::seeded(802);
    let (gateway, bob) = (world.gateway("gw"), world.phone("bob"));
    world.trunks(vec![world.trunk_of(1, "acme", &[&gateway])]);
    world.owns("+4930123", None);
    world.application(super::dials("unused", switch::Outside::default()));
    let targets = vec![Target::User("bob".to_owned())];
    world.application(vec![switch::Command::Dial(switch::Dial {
        targets,
        order: switch::Order::AtOnce,
        ring_time: seconds(20),
        outside: switch::Outside::default(),
    })]);
    let call = gateway.dial_number("+4930123");
    world.run_for(seconds(5));
    assert!(call.is_up() && bob.hears(&gateway), "{}", world.ladder());
    let invitation = world.events().into_iter().find_map(|event| match event {
        Event::Arrived(invitation) => Some(invitation),
        _ => None,
    });
    let invitation = invitation.expect("it arrived");
    assert_eq!(invitation.callee.user, "+4930123");
    assert_eq!(invitation.inbound.as_ref().map(|(trunk, _)| trunk.0), Some(1));
    call.hang_up();
    world.assert_quiet();
}

#[test]
fn a_stranger_that_calls_a_number_of_ours_learns_nothing() {
    let world = World::seeded(803);
    let (gateway, stranger) = (world.gateway("gw"), world.gateway("stranger").with_password("no"));
    world.trunks(vec![world.trunk_of(1, "acme", &[&gateway])]);
    world.owns("+4930123", Some(Target::User("bob".to_owned())));
    let (owned, unknown) = (stranger.dial_number("+4930123"), stranger.dial_number("+4930999"));
    world.run_for(seconds(2));
    assert_eq!(owned.outcome(), unknown.outcome(), "{}", world.ladder());
    assert!(matches!(owned.outcome(), Outcome::Refused(401)), "{:?}", owned.outcome());
    world.assert_quiet();
}

#[test]
fn a_source_is_a_network_and_a_port_and_nothing_beside() {
    let world = World::seeded(804);
    let (inside, outside, bob) =
        (world.gateway("inside"), world.gateway("outside").with_password("no"), world.phone("bob"));
    world.owns("+4930123", Some(Target::User("bob".to_owned())));
    let mut trunk = world.trunk_of(1, "acme", &[]);
    let source =
        |net: &str, port| Source { net: net.parse().expect("a net"), port, transport: None, certificate: None };
    trunk.sources = vec![source("10.0.1.1/32", Some(5060)), source("192.0.2.0/24", None)];
    world.trunks(vec![trunk.clone()]);
    let (call, refused) = (inside.dial_number("+4930123"), outside.dial_number("+4930123"));
    world.run_for(seconds(5));
    assert!(call.is_up() && bob.hears(&inside), "{}", world.ladder());
    assert_eq!(refused.outcome(), Outcome::Refused(401));
    call.hang_up();
    trunk.sources = vec![source("10.0.1.1/32", Some(5070))];
    world.trunks(vec![trunk.clone()]);
    let call = inside.with_password("no").dial_number("+4930123");
    world.run_for(seconds(2));
    assert_eq!(call.outcome(), Outcome::Refused(401), "another port is another source");
    // A certificate that nobody has shown is none.
    trunk.sources = vec![Source { certificate: Some("carrier.example".into()), ..source("10.0.1.0/24", None) }];
    world.trunks(vec![trunk]);
    let call = outside.dial_number("+4930123");
    world.run_for(seconds(2));
    assert_eq!(call.outcome(), Outcome::Refused(401));
    world.assert_quiet();
}

#[test]
fn who_is_trusted_says_who_calls_and_nobody_else() {
    for trusted in [true, false] {
        let world = World::seeded(805);
        let gateway = world.gateway("gw").that_sends("P-Asserted-Identity", "<sip:+44207@carrier.example>");
        let bob = world.phone("bob");
        let mut trunk = world.trunk_of(1, "acme", &[&gateway]);
        trunk.identity.trusted = trusted;
        world.trunks(vec![trunk]);
        world.owns("+4930123", Some(Target::User("bob".to_owned())));
        let call = gateway.dial_number("+4930123");
        world.run_for(seconds(5));
        assert!(call.is_up());
        let shown = if trusted { "<sip:+44207@" } else { "<sip:gw@" };
        assert!(bob.last_invite().contains(&format!("From: {shown}")), "{}", bob.last_invite());
        // RFC 3325 §5: it is not passed on to a phone.
        assert!(!bob.last_invite().contains("P-Asserted-Identity"));
        call.hang_up();
        world.assert_quiet();
        assert_eq!(world.cdrs()[0].caller, if trusted { "+44207" } else { "gw" });
    }
}

#[test]
fn the_number_is_found_where_a_carrier_writes_it_and_two_accounts_at_one_carrier_are_told_apart() {
    let world = World::seeded(806);
    let gateway = world.gateway("gw").that_registers_for(600);
    let (bob, carol) = (world.phone("bob"), world.phone("carol"));
    let account = |id, user: &str| {
        let mut trunk = world.trunk_of(id, user, &[&gateway]);
        trunk.login = Some(login("carrier", user, "pw"));
        trunk.registration = Some(registration(user));
        trunk
    };
    world.trunks(vec![account(1, "acc1"), account(2, "acc2")]);
    world.owns("+4930123", Some(Target::User("bob".to_owned())));
    world.owns("+4930456", Some(Target::User("carol".to_owned())));
    world.run_for(seconds(1));
    // Called by the name that we registered; the number stands elsewhere.
    for (user, number, callee, trunk) in [("acc1", "+4930123", &bob, 1), ("acc2", "+4930456", &carol, 2)] {
        let gateway = gateway.clone().that_sends("P-Called-Party-ID", &format!("<sip:{number}@x>"));
        let call = gateway.dial_number(user);
        world.run_for(seconds(5));
        assert!(call.is_up() && callee.hears(&gateway), "{user}\n{}", world.ladder());
        call.hang_up();
        world.run_for(seconds(1));
        assert_eq!(world.cdrs().last().and_then(|cdr| cdr.came_over), Some(switch::TrunkId(trunk)));
    }
    world.assert_quiet();
}

#[test]
fn a_carrier_that_asks_whether_we_live_is_answered() {
    let world = World::seeded(807);
    let (gateway, stranger) = (world.gateway("gw"), world.gateway("stranger"));
    world.trunks(vec![world.trunk_of(1, "acme", &[&gateway])]);
    gateway.ask(rsip::Method::Options, "sip:10.0.0.1", Vec::new());
    stranger.with_password("no").ask(rsip::Method::Options, "sip:10.0.0.1", Vec::new());
    world.run_for(seconds(1));
    assert!(
        gateway.heard().iter().any(|(method, status)| method.contains("OPTIONS") && *status == 200),
        "{:?}",
        gateway.heard()
    );
    world.assert_quiet();
}
