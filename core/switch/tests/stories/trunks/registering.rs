//! Our registration at a carrier (RFC 3261 §10.2).

use std::time::Duration;

use switch::{Notice, Registered, Trunk};
use testkit::{Phone, World, login, minutes, registration, seconds};

/// A trunk that registers at these.
fn trunk(world: &World, servers: &[&Phone]) -> Trunk {
    let mut trunk = world.trunk_of(1, "acme", servers);
    trunk.login = Some(login("carrier", "acc", "pw"));
    trunk.registration = Some(registration("+4930100"));
    trunk
}

fn state(world: &World) -> Registered {
    world.trunk_views()[0].registered.clone()
}

fn is_registered(world: &World) -> bool {
    matches!(state(world), Registered::Until(_))
}

#[test]
fn we_register_prove_who_we_are_refresh_in_time_and_leave() {
    let world = World::seeded(760);
    let carrier = world.gateway("carrier").that_challenges("carrier", "acc", "pw").that_registers_for(600);
    world.trunks(vec![trunk(&world, &[&carrier])]);
    world.run_for(seconds(1));
    assert!(is_registered(&world), "{:?}\n{}", state(&world), world.ladder());
    assert!(carrier.customers().keys().all(|aor| aor == "<sip:+4930100@carrier.example>"));
    // Two hours: at ten minutes a time some fourteen refreshes, and never a moment without.
    for _ in 0..120 {
        world.run_for(minutes(1));
        assert!(is_registered(&world), "{:?}", state(&world));
    }
    let refreshed = carrier.registers();
    assert!((12..=18).contains(&refreshed), "{refreshed}");
    let request = carrier.last_request();
    assert!(
        request.contains("Contact: <sip:+4930100@10.0.0.1:5060>") && request.contains("Expires: 3600"),
        "{request}"
    );
    world.trunks(Vec::new());
    world.run_for(seconds(1));
    assert!(carrier.customers().is_empty(), "§10.2.2: taken back\n{}", world.ladder());
    world.assert_quiet();
    let told = world.notices().into_iter().filter(|notice| matches!(notice, Notice::Registration { .. })).count();
    assert_eq!(told, 1, "once, for it stood all the time");
}

#[test]
fn a_carrier_that_wants_longer_gets_longer() {
    let world = World::seeded(761);
    let carrier = world.gateway("carrier").that_registers_for_at_least(7200);
    world.trunks(vec![trunk(&world, &[&carrier])]);
    world.run_for(seconds(1));
    assert_eq!(carrier.customers().values().copied().collect::<Vec<_>>(), [7200], "§10.2.8\n{}", world.ladder());
    world.assert_quiet();
}

#[test]
fn the_next_server_is_asked_and_a_dead_carrier_is_met_again_with_patience() {
    let world = World::seeded(762);
    let (dead, second) = (world.gateway("dead").that_is_unplugged(), world.gateway("second").that_registers_for(600));
    world.trunks(vec![trunk(&world, &[&dead, &second])]);
    world.run_for(seconds(40));
    assert!(is_registered(&world), "{}", world.ladder());
    second.becomes(Phone::that_is_unplugged);
    world.run_for(minutes(30));
    let Registered::Failed { status: 408, why, .. } = state(&world) else { panic!("{:?}", state(&world)) };
    assert_eq!(why, "it does not answer");
    let told: Vec<bool> = world
        .notices()
        .into_iter()
        .filter_map(|notice| match notice {
            Notice::Registration { state, .. } => Some(matches!(state, Registered::Until(_))),
            _ => None,
        })
        .collect();
    assert_eq!(told.first(), Some(&true));
    assert!(told[1..].iter().all(|stands| !stands) && told.len() > 1, "{told:?}");
    second.becomes(|phone| phone.that_answers_after(seconds(1)));
    // RFC 5626 §4.5: at the latest after half an hour and the time of both.
    world.run_for(minutes(32));
    assert!(is_registered(&world), "{:?}", state(&world));
    world.assert_quiet();
}

#[test]
fn the_waits_grow_and_differ() {
    let world = World::seeded(763);
    let carrier = world.gateway("carrier").that_challenges("carrier", "acc", "other").that_registers_for(600);
    world.trunks(vec![trunk(&world, &[&carrier])]);
    world.run_for(minutes(120));
    let asked: Vec<f64> = world
        .ladder()
        .lines()
        .filter(|line| line.contains("REGISTER sip:") && line.contains("→ 10.0.1.1"))
        .filter_map(|line| line.split_whitespace().next()?.parse().ok())
        .collect();
    // Each time once without credentials and once with.
    let begun: Vec<f64> = asked.iter().copied().step_by(2).collect();
    let waits: Vec<f64> = begun.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(waits.len() >= 6, "{waits:?}");
    for (wait, longest) in waits.iter().zip([30.0, 60.0, 120.0, 240.0, 480.0, 960.0]) {
        assert!((longest / 2.0 - 0.1..=longest + 0.2).contains(wait), "{waits:?}");
    }
    let Registered::Failed { status: 401, why, .. } = state(&world) else { panic!("{:?}", state(&world)) };
    assert!(why.contains("user and the password"), "{why}");
    world.assert_quiet();
}

#[test]
fn what_is_wrong_is_said_with_the_cure() {
    let world = World::seeded(764);
    let carrier = world.gateway("carrier").that_challenges("sip.carrier", "acc", "pw").that_registers_for(600);
    let mut wrong = trunk(&world, &[&carrier]);
    world.trunks(vec![wrong.clone()]);
    world.run_for(seconds(2));
    let Registered::Failed { why, .. } = state(&world) else { panic!("{:?}", state(&world)) };
    assert!(why.contains("`sip.carrier`") && why.contains("`carrier`") && why.contains("--realm"), "{why}");
    // Changed, it is tried at once.
    wrong.login = Some(login("sip.carrier", "acc", "pw"));
    world.trunks(vec![wrong.clone()]);
    world.run_for(seconds(1));
    assert!(is_registered(&world), "{:?}", state(&world));
    // What does not concern the registration leaves it alone.
    let before = carrier.registers();
    wrong.patience = Duration::from_secs(3);
    world.trunks(vec![wrong.clone()]);
    world.run_for(seconds(1));
    assert_eq!(carrier.registers(), before);
    // Switched off, it is taken back.
    wrong.enabled = false;
    world.trunks(vec![wrong]);
    world.run_for(seconds(1));
    assert!(carrier.customers().is_empty());
    world.assert_quiet();
}

#[test]
fn the_exchange_that_stops_leaves_its_carriers() {
    let world = World::seeded(765);
    let carrier = world.gateway("carrier").that_challenges("carrier", "acc", "pw").that_registers_for(600);
    world.trunks(vec![trunk(&world, &[&carrier])]);
    world.run_for(seconds(1));
    world.drain();
    world.let_applications_work();
    world.run_for(seconds(1));
    assert!(carrier.customers().is_empty(), "{}", world.ladder());
    world.assert_quiet();
}

#[test]
fn registrations_live_through_foul_weather_and_leave_nothing_behind() {
    for seed in 0..20 {
        let world = World::seeded(780 + seed);
        let carrier = world.gateway("carrier").that_challenges("carrier", "acc", "pw").that_registers_for(120);
        world.weather(testkit::Weather::FOUL);
        world.trunks(vec![trunk(&world, &[&carrier])]);
        world.run_for(minutes(20));
        world.weather(testkit::Weather::FAIR);
        world.run_for(minutes(40));
        assert!(is_registered(&world), "seed {seed}: {:?}", state(&world));
        world.assert_quiet();
    }
}
