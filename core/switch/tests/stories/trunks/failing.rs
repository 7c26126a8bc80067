//! Carriers and gateways that fail, and what becomes of the call.

use std::time::Duration;

use switch::{
    CallDirection, Choice, DialOutcome, EarlyMedia, GatewayRule, GatewayState, HashOver, KeyForm, Notice, Outside,
    Probe, Reply,
};
use testkit::{Outcome, Phone, World, hop, minutes, seconds};

use super::{NUMBER, alice_by, dials};

/// What came of the attempts, in their order.
fn attempts(world: &World) -> Vec<Option<u16>> {
    let attempt = |notice| if let Notice::Attempt { status, .. } = notice { Some(status) } else { None };
    world.notices().into_iter().filter_map(attempt).collect()
}

#[test]
fn a_call_goes_out_by_a_trunk_and_says_so_in_its_record() {
    let world = World::seeded(700);
    let gateway = world.gateway("gw");
    let alice = alice_by(&world, vec![world.trunk_of(1, "acme", &[&gateway])]);
    let call = alice.dial_number(NUMBER);
    world.run_for(seconds(5));
    assert!(call.is_up() && alice.hears(&gateway), "{}", world.ladder());
    let invite = gateway.last_invite();
    assert!(invite.starts_with(&format!("INVITE sip:{NUMBER}@10.0.1.1:5060;user=phone SIP/2.0")), "{invite}");
    assert!(invite.contains("From: <sip:+4930100@10.0.0.1:5060>;tag="), "nothing of an extension:\n{invite}");
    assert!(!invite.contains("alice"), "{invite}");
    assert_eq!(world.trunk_views()[0].calls, 1);
    call.hang_up();
    world.assert_quiet();
    let cdrs = world.cdrs();
    let cdr = cdrs.first().expect("a record");
    assert_eq!((cdr.direction, cdr.answered_by.as_deref()), (CallDirection::Outbound, Some(NUMBER)));
    let via = cdr.legs.get(1).and_then(|leg| leg.gateway.clone()).expect("by a gateway");
    assert_eq!((via.trunk.as_str(), via.gateway.as_deref()), ("acme", Some("gw1")));
    assert_eq!(attempts(&world), [Some(200)]);
}

/// Each way to fail before the callee was rung, and the next gateway takes the call.
#[test]
fn what_is_no_answer_of_the_callee_is_tried_at_the_next_gateway() {
    let ways: [fn(Phone) -> Phone; 6] = [
        |phone| phone.that_refuses(503),
        |phone| phone.that_refuses(500),
        |phone| phone.that_refuses(408),
        |phone| phone.that_refuses(580),
        Phone::that_is_unplugged,
        |phone| phone.that_challenges("other", "nobody", "nothing"),
    ];
    for (at, way) in ways.into_iter().enumerate() {
        let world = World::seeded(701 + at as u64);
        let (bad, good) = (way(world.gateway("bad")), world.gateway("good"));
        let alice = alice_by(&world, vec![world.trunk_of(1, "acme", &[&bad, &good])]);
        let call = alice.dial_number(NUMBER);
        world.run_for(seconds(20));
        assert!(call.is_up() && alice.hears(&good), "way {at}\n{}", world.ladder());
        call.hang_up();
        world.assert_quiet();
        assert_eq!(attempts(&world).len(), 2, "way {at}");
        let by: Vec<_> =
            world.cdrs()[0].legs.iter().map(|leg| leg.gateway.clone().and_then(|via| via.gateway)).collect();
        let tried = [None, Some("gw1".to_owned()), Some("gw2".to_owned())];
        assert_eq!(by, tried, "way {at}: both attempts are in the record, in their order");
    }
}

#[test]
fn an_answer_of_the_callee_is_not_asked_for_twice() {
    for status in [404, 403, 480, 484, 486, 600, 603, 302] {
        let world = World::seeded(710);
        let (first, second) = (world.gateway("first").that_refuses(status), world.gateway("second"));
        let alice = alice_by(&world, vec![world.trunk_of(1, "acme", &[&first, &second])]);
        let call = alice.dial_number(NUMBER);
        world.run_for(seconds(20));
        call.hang_up();
        world.assert_quiet();
        assert_eq!((first.rung(), second.rung()), (1, 0), "{status}\n{}", world.ladder());
    }
}

#[test]
fn nobody_is_rung_twice_by_a_carrier_that_dies_in_mid_ring() {
    for status in [503, 500, 408] {
        let world = World::seeded(711);
        let first = world.gateway("first").that_rings_then_refuses(seconds(4), status);
        let second = world.gateway("second");
        let alice = alice_by(&world, vec![world.trunk_of(1, "acme", &[&first, &second])]);
        let call = alice.dial_number(NUMBER);
        world.run_for(seconds(20));
        assert!(matches!(call.outcome(), Outcome::Open), "the application has the last word");
        assert_eq!((first.rung(), second.rung()), (1, 0), "{}", world.ladder());
        call.hang_up();
        world.assert_quiet();
    }
}

#[test]
fn a_carrier_that_falls_silent_in_mid_ring_costs_the_ring_time_and_no_more() {
    let world = World::seeded(712);
    let (first, second) = (world.gateway("first").that_never_answers(), world.gateway("second"));
    let alice = alice_by(&world, vec![world.trunk_of(1, "acme", &[&first, &second])]);
    let call = alice.dial_number(NUMBER);
    world.run_for(seconds(3));
    first.becomes(Phone::that_is_unplugged);
    world.run_for(minutes(3));
    call.hang_up();
    world.assert_quiet();
    assert_eq!(second.rung(), 0);
    assert!(world.replies().contains(&Reply::Dialled(DialOutcome::NoAnswer)), "{:?}", world.replies());
}

#[test]
fn who_answers_after_fail_over_is_told_that_it_is_too_late_and_pays_nobody() {
    for late in [6_500, 8_000, 20_000] {
        let world = World::seeded(713);
        let slow = world.gateway("slow").that_answers_late(Duration::from_millis(late));
        let good = world.gateway("good");
        let alice = alice_by(&world, vec![world.trunk_of(1, "acme", &[&slow, &good])]);
        let call = alice.dial_number(NUMBER);
        world.run_for(minutes(1));
        assert!(call.is_up() && alice.hears(&good), "{late}\n{}", world.ladder());
        assert_eq!(slow.calls_up(), 0, "{late}: acknowledged and ended\n{}", world.ladder());
        call.hang_up();
        world.assert_quiet();
    }
}

#[test]
fn a_gateway_that_only_tries_is_waited_for() {
    let world = World::seeded(714);
    let (slow, other) = (world.gateway("slow").that_only_tries(), world.gateway("other"));
    let alice = alice_by(&world, vec![world.trunk_of(1, "acme", &[&slow, &other])]);
    let call = alice.dial_number(NUMBER);
    world.run_for(seconds(30));
    assert_eq!(other.rung(), 0, "it said that it lives");
    call.hang_up();
    world.assert_quiet();
}

#[test]
fn the_caller_hears_early_media_then_that_it_is_busy() {
    let world = World::seeded(715);
    let (first, second) = (world.gateway("first").that_plays_then_refuses(seconds(3), 486), world.gateway("second"));
    let alice = alice_by(&world, vec![world.trunk_of(1, "acme", &[&first, &second])]);
    let call = alice.dial_number(NUMBER);
    world.run_for(seconds(2));
    assert!(alice.heard().iter().any(|(_, status)| *status == 183), "{}", world.ladder());
    assert!(alice.hears(&first), "{}", world.ladder());
    world.run_for(seconds(5));
    assert!(world.replies().contains(&Reply::Dialled(DialOutcome::Busy)), "{:?}", world.replies());
    call.hang_up();
    world.assert_quiet();
    assert_eq!(second.rung(), 0);
}

#[test]
fn early_media_of_a_carrier_is_replaced_where_the_trunk_or_the_dial_says_so() {
    for by_dial in [false, true] {
        let world = World::seeded(716);
        let gateway = world.gateway("gw").that_has_early_media();
        let mut trunk = world.trunk_of(1, "acme", &[&gateway]);
        trunk.early = if by_dial { EarlyMedia::Passed } else { EarlyMedia::Replaced };
        let alice = alice_by(&world, vec![trunk]);
        let early = by_dial.then_some(EarlyMedia::Replaced);
        world.application(dials(NUMBER, Outside { early, ..Outside::default() }));
        let call = alice.dial_number(NUMBER);
        world.run_for(seconds(1));
        let statuses: Vec<u16> = alice.heard().iter().map(|(_, status)| *status).collect();
        assert!(statuses.contains(&180) && !statuses.contains(&183), "{statuses:?}");
        assert!(!alice.hears(&gateway));
        world.run_for(seconds(10));
        assert!(call.is_up() && alice.hears(&gateway), "{}", world.ladder());
        call.hang_up();
        world.assert_quiet();
    }
}

#[test]
fn a_second_trunk_takes_what_the_first_cannot() {
    let world = World::seeded(717);
    let (dead, also, good) =
        (world.gateway("dead").that_is_unplugged(), world.gateway("also").that_refuses(503), world.gateway("good"));
    let first = world.trunk_of(1, "first", &[&dead, &also]);
    let alice = alice_by(&world, vec![first, world.trunk_of(2, "second", &[&good])]);
    let call = alice.dial_number(NUMBER);
    world.run_for(seconds(20));
    assert!(call.is_up() && alice.hears(&good), "{}", world.ladder());
    call.hang_up();
    world.assert_quiet();
    let via: Vec<_> = world.cdrs()[0].legs.iter().filter_map(|leg| leg.gateway.clone()).map(|via| via.trunk).collect();
    assert_eq!(via, ["first", "first", "second"]);
}

#[test]
fn when_all_fail_the_caller_is_told_once() {
    let world = World::seeded(718);
    let (dead, also) = (world.gateway("dead").that_is_unplugged(), world.gateway("also").that_refuses(500));
    let alice = alice_by(&world, vec![world.trunk_of(1, "acme", &[&dead, &also])]);
    let call = alice.dial_number(NUMBER);
    world.run_for(seconds(30));
    let failed: Vec<_> = world.replies().into_iter().filter(|reply| matches!(reply, Reply::Dialled(_))).collect();
    assert!(matches!(&failed[..], [Reply::Dialled(DialOutcome::Failed { status: 500 | 503 })]), "{failed:?}");
    call.hang_up();
    world.assert_quiet();
}

#[test]
fn a_caller_that_gives_up_while_a_gateway_is_tried_ends_all() {
    for after in [12, 40, 3_000, 6_010, 9_000] {
        let world = World::seeded(719);
        let (dead, slow) = (world.gateway("dead").that_is_unplugged(), world.gateway("slow").that_never_answers());
        let alice = alice_by(&world, vec![world.trunk_of(1, "acme", &[&dead, &slow])]);
        let call = alice.dial_number(NUMBER);
        world.run_for(Duration::from_millis(after));
        call.hang_up();
        world.run_for(seconds(2));
        assert_eq!(call.outcome(), Outcome::Refused(487), "{after}\n{}", world.ladder());
        world.assert_quiet();
    }
}

#[test]
fn who_wants_to_rest_is_tried_last_until_its_time_is_over() {
    let world = World::seeded(720);
    let (tired, good) = (world.gateway("tired").that_refuses(503).that_wants_rest(60), world.gateway("good"));
    let alice = alice_by(&world, vec![world.trunk_of(1, "acme", &[&tired, &good])]);
    let placed = || {
        let call = alice.dial_number(NUMBER);
        world.run_for(seconds(5));
        assert!(call.is_up(), "{}", world.ladder());
        call.hang_up();
        world.run_for(seconds(1));
    };
    placed();
    placed();
    placed();
    // §21.5.4: it was left alone.
    assert_eq!((tired.rung(), good.rung()), (1, 3), "{}", world.ladder());
    world.run_for(minutes(1));
    placed();
    assert_eq!((tired.rung(), good.rung()), (2, 4));
    // Who rests is not forgotten: where there is nobody else, it is tried.
    good.becomes(|phone| phone.that_refuses(500));
    tired.becomes(|phone| phone.that_answers_after(seconds(1)));
    placed();
    world.assert_quiet();
}

#[test]
fn a_gateway_that_dies_and_lives_is_noticed_by_probing_and_gets_no_calls_meanwhile() {
    let world = World::seeded(721);
    let (flapping, good) = (world.gateway("flapping"), world.gateway("good"));
    let mut trunk = world.trunk_of(1, "acme", &[&flapping, &good]);
    trunk.probe = Some(Probe { interval: seconds(10), down: 2, up: 2, alive: vec![200] });
    let alice = alice_by(&world, vec![trunk]);
    world.run_for(seconds(5));
    let state = |at: usize| world.trunk_views()[0].gateways[at].state;
    assert_eq!(state(0), GatewayState::Active);
    assert!(world.trunk_views()[0].gateways[0].round_trip.is_some());
    flapping.becomes(Phone::that_is_unplugged);
    // Two questions, each unanswered until the next was due.
    world.run_for(seconds(33));
    assert_eq!((state(0), state(1)), (GatewayState::Inactive, GatewayState::Active), "{}", world.ladder());
    let call = alice.dial_number(NUMBER);
    world.run_for(seconds(4));
    assert!(call.is_up() && alice.hears(&good), "at once, without waiting for the dead\n{}", world.ladder());
    call.hang_up();
    flapping.becomes(|phone| phone.that_answers_after(seconds(1)));
    let mut states = Vec::new();
    for _ in 0..24 {
        world.run_for(seconds(1));
        states.push(state(0));
    }
    assert!(states.contains(&GatewayState::Probing), "one answer is not enough: {states:?}");
    assert_eq!(state(0), GatewayState::Active);
    let turned = |notice| if let Notice::Gateway { state, .. } = notice { Some(state) } else { None };
    let turns: Vec<_> = world.notices().into_iter().filter_map(turned).collect();
    assert_eq!(turns, [GatewayState::Inactive, GatewayState::Active]);
    world.assert_quiet();
}

#[test]
fn an_operator_takes_a_gateway_out_and_calls_that_are_up_go_on() {
    let world = World::seeded(722);
    let (first, second) = (world.gateway("first"), world.gateway("second"));
    let mut trunk = world.trunk_of(1, "acme", &[&first, &second]);
    let alice = alice_by(&world, vec![trunk.clone()]);
    let up = alice.dial_number(NUMBER);
    world.run_for(seconds(5));
    trunk.gateways[0].rule = GatewayRule::Inactive;
    world.trunks(vec![trunk.clone()]);
    let carol = world.phone("carol");
    let other = carol.dial_number(NUMBER);
    world.run_for(seconds(5));
    assert!(up.is_up() && alice.hears(&first) && other.is_up() && carol.hears(&second), "{}", world.ladder());
    // The whole trunk goes: what is up goes on, nothing new goes out.
    world.trunks(Vec::new());
    let late = world.phone("dave").dial_number(NUMBER);
    world.run_for(seconds(5));
    assert!(up.is_up() && !late.is_up());
    assert!(world.replies().contains(&Reply::Dialled(DialOutcome::Unknown)), "{:?}", world.replies());
    for call in [up, other, late] {
        call.hang_up();
    }
    world.assert_quiet();
}

#[test]
fn gateways_are_chosen_as_the_trunk_says() {
    let firsts = |choice: Choice, calls: usize, header: Option<&'static str>| {
        let world = World::seeded(723);
        let gateways = [world.gateway("a"), world.gateway("b"), world.gateway("c")];
        let mut trunk = world.trunk_of(1, "acme", &gateways.each_ref());
        trunk.choice = choice;
        let alice = alice_by(&world, vec![trunk]);
        let alice = match header {
            Some(value) => alice.that_sends("X-Account", value),
            None => alice,
        };
        let placed: Vec<_> = (0..calls)
            .map(|_| {
                let call = alice.dial_number(NUMBER);
                world.run_for(seconds(4));
                call
            })
            .collect();
        let rung = gateways.each_ref().map(Phone::rung);
        placed.iter().for_each(testkit::Placed::hang_up);
        world.assert_quiet();
        rung
    };
    assert_eq!(firsts(Choice::Listed, 6, None), [6, 0, 0]);
    assert_eq!(firsts(Choice::RoundRobin, 6, None), [2, 2, 2]);
    assert_eq!(firsts(Choice::LeastLoaded, 6, None), [2, 2, 2]);
    let by_header = Choice::Hash(HashOver::Header("x-account".to_owned()));
    let one = firsts(by_header.clone(), 4, Some("one"));
    assert_eq!(one.iter().max(), Some(&4), "the same value goes the same way: {one:?}");
    assert_eq!(firsts(Choice::Hash(HashOver::Caller), 4, None).iter().max(), Some(&4));
    assert_eq!(firsts(Choice::Hash(HashOver::Callee), 4, None).iter().max(), Some(&4));
    let spread = firsts(Choice::Hash(HashOver::CallId), 24, None);
    assert!(spread.iter().all(|calls| *calls > 0), "{spread:?}");
}

#[test]
fn a_full_gateway_is_passed_over() {
    let world = World::seeded(724);
    let (small, large) = (world.gateway("small"), world.gateway("large"));
    let mut trunk = world.trunk_of(1, "acme", &[&small, &large]);
    trunk.gateways[0].max_calls = Some(1);
    let alice = alice_by(&world, vec![trunk]);
    let (one, two) = (alice.dial_number(NUMBER), world.phone("carol").dial_number(NUMBER));
    world.run_for(seconds(5));
    assert!(one.is_up() && two.is_up());
    assert_eq!((small.rung(), large.rung()), (1, 1), "{}", world.ladder());
    one.hang_up();
    two.hang_up();
    world.assert_quiet();
}

#[test]
fn a_name_with_several_addresses_is_tried_address_by_address() {
    let world = World::seeded(725);
    let (dead, good) = (world.gateway("dead").that_is_unplugged(), world.gateway("good"));
    let mut trunk = world.trunk_of(1, "acme", &[&good]);
    trunk.gateways[0].site.host = "sip.carrier.example".to_owned();
    trunk.gateways[0].site.port = None;
    world.name("sip.carrier.example", &[dead.address(), good.address()]);
    let alice = alice_by(&world, vec![trunk]);
    let call = alice.dial_number(NUMBER);
    world.run_for(seconds(10));
    assert!(call.is_up() && alice.hears(&good), "RFC 3263 §4.3\n{}", world.ladder());
    assert!(good.last_invite().starts_with(&format!("INVITE sip:{NUMBER}@sip.carrier.example;user=phone")));
    call.hang_up();
    // A name that leads nowhere is no gateway.
    world.name("sip.carrier.example", &[]);
    let lost = alice.dial_number(NUMBER);
    world.run_for(seconds(10));
    assert!(!lost.is_up());
    lost.hang_up();
    world.assert_quiet();
}

#[test]
fn a_number_without_a_way_is_refused_as_closed() {
    let world = World::seeded(726);
    let alice = alice_by(&world, Vec::new());
    world.application(dials("+49900", Outside::default()));
    let call = alice.dial_number("+49900");
    world.run_for(seconds(2));
    assert!(world.replies().contains(&Reply::Dialled(DialOutcome::Forbidden)), "{:?}", world.replies());
    call.hang_up();
    // A way whose trunks are gone leads nowhere.
    world.way_to(NUMBER, vec![hop(&world.trunk_of(9, "gone", &[]), NUMBER, None)]);
    world.application(dials(NUMBER, Outside::default()));
    let call = alice.dial_number(NUMBER);
    world.run_for(seconds(2));
    assert!(world.replies().contains(&Reply::Dialled(DialOutcome::Unknown)), "{:?}", world.replies());
    call.hang_up();
    world.assert_quiet();
}

#[test]
fn a_carrier_that_wants_keys_otherwise_is_offered_no_events() {
    for keys in [KeyForm::Info, KeyForm::Tones, KeyForm::Auto] {
        let world = World::seeded(727);
        let gateway = world.gateway("gw");
        let mut trunk = world.trunk_of(1, "acme", &[&gateway]);
        trunk.keys = keys;
        let alice = alice_by(&world, vec![trunk]);
        let call = alice.dial_number(NUMBER);
        world.run_for(seconds(5));
        assert!(call.is_up() && alice.hears(&gateway), "{}", world.ladder());
        assert_eq!(gateway.last_invite().contains("telephone-event"), keys == KeyForm::Auto, "{keys:?}");
        // A key by INFO goes on as the carrier takes it, and so does one by events, which is the media engine's affair else.
        alice.press_by_info("5", "application/dtmf-relay");
        world.run_for(seconds(1));
        alice.press("*7");
        world.run_for(seconds(1));
        let (informed, heard) = match keys {
            KeyForm::Info => ("5*7", ""),
            KeyForm::Tones | KeyForm::Auto => ("", "5"),
        };
        assert_eq!(
            (gateway.informed_of().as_str(), world.pressed_for(&gateway).as_str()),
            (informed, heard),
            "{keys:?}"
        );
        call.hang_up();
        world.assert_quiet();
    }
}

#[test]
fn keys_are_told_by_info_in_the_order_in_which_they_were_pressed_over_a_foul_link() {
    for seed in 0..10 {
        let world = World::seeded(730 + seed);
        let gateway = world.gateway("gw");
        let mut trunk = world.trunk_of(1, "acme", &[&gateway]);
        trunk.keys = KeyForm::Info;
        let alice = alice_by(&world, vec![trunk]);
        let call = alice.dial_number(NUMBER);
        world.run_for(seconds(5));
        world.weather(testkit::Weather::FOUL);
        alice.press("0123456789");
        world.run_for(seconds(60));
        assert_eq!(gateway.informed_of(), "0123456789", "{}", world.ladder());
        world.weather(testkit::Weather::FAIR);
        call.hang_up();
        world.assert_quiet();
    }
}

#[test]
fn a_carrier_that_refuses_info_hears_a_tone() {
    for (status, heard) in [(200, ""), (415, "47"), (501, "47"), (500, "")] {
        let world = World::seeded(740);
        let gateway = world.gateway("gw").that_answers_info(status);
        let mut trunk = world.trunk_of(1, "acme", &[&gateway]);
        trunk.keys = KeyForm::Info;
        let alice = alice_by(&world, vec![trunk]);
        let call = alice.dial_number(NUMBER);
        world.run_for(seconds(5));
        alice.press("47");
        world.run_for(seconds(1));
        assert_eq!((gateway.informed_of().as_str(), world.pressed_for(&gateway).as_str()), ("47", heard), "{status}");
        call.hang_up();
        world.assert_quiet();
    }
}
