//! What may be spent: by tenants, users and trunks, on every road to a trunk.

use std::time::Duration;

use switch::{
    Command, Config, Dial, DialOutcome, Event, Limit, Money, Notice, NumberClass, Order, Outside, Payer, Purse, Rate,
    Reply, Side, SpendingLimits, Target, TenantId,
};
use testkit::{Outcome, Phone, World, day_ends, hop, limits, minutes, seconds};

use super::{NUMBER, dials};

fn purse(limits: SpendingLimits) -> Purse {
    Purse { payer: Payer::Tenant(TenantId(1)), limits, day_ends: day_ends() }
}

/// Six cents a minute, by the minute.
fn rate() -> Rate {
    Rate { prefix: "44".into(), connect: Money::ZERO, per_minute: Money(60_000), first: 60, step: 60 }
}

/// Phones whose calls to the number are paid for from this purse.
fn office(world: &World, spending: SpendingLimits, phones: &[&str]) -> (Phone, Vec<Phone>) {
    let gateway = world.gateway("gw").that_answers_after(seconds(1));
    let trunk = world.trunk_of(1, "acme", &[&gateway]);
    world.way(NUMBER, NumberClass::International, vec![hop(&trunk, NUMBER, Some(rate()))], vec![purse(spending)]);
    world.trunks(vec![trunk]);
    world.application(dials(NUMBER, Outside::default()));
    (gateway, phones.iter().map(|name| world.phone(name)).collect())
}

fn outcomes(world: &World) -> Vec<DialOutcome> {
    let outcome = |reply| if let Reply::Dialled(outcome) = reply { Some(outcome) } else { None };
    world.replies().into_iter().filter_map(outcome).collect()
}

#[test]
fn a_call_is_charged_from_its_answer_to_its_end_and_the_record_says_how_much() {
    let world = World::seeded(820);
    let (_, phones) = office(&world, SpendingLimits::default(), &["alice"]);
    let call = phones[0].dial_number(NUMBER);
    world.run_for(seconds(1 + 61));
    assert!(call.is_up());
    call.hang_up();
    world.assert_quiet();
    let charge = world.cdrs()[0].charge.clone().expect("a charge");
    assert_eq!((charge.seconds, charge.cost), (120, Money(120_000)), "61 s are two minutes begun");
    assert_eq!((charge.number.to_string().as_str(), charge.class), (NUMBER, NumberClass::International));
    assert_eq!(charge.rate.map(|rate| rate.prefix), Some("44".to_owned()));
}

#[test]
fn a_call_that_is_not_answered_costs_nothing_and_holds_nothing_back() {
    let world = World::seeded(821);
    let (gateway, phones) = office(&world, limits(|it| it.minutes_per_day = Some(1)), &["alice", "bob"]);
    for habit in [
        |phone: Phone| phone.that_refuses(486),
        |phone: Phone| phone.that_refuses(500),
        |phone: Phone| phone.that_is_unplugged(),
    ] {
        gateway.becomes(habit);
        let call = phones[0].dial_number(NUMBER);
        world.run_for(minutes(2));
        call.hang_up();
        world.run_for(seconds(1));
    }
    gateway.becomes(Phone::that_never_answers);
    let call = phones[0].dial_number(NUMBER);
    world.run_for(seconds(5));
    call.hang_up();
    world.run_for(seconds(1));
    gateway.becomes(|phone| phone.that_answers_after(seconds(1)));
    let call = phones[1].dial_number(NUMBER);
    world.run_for(seconds(5));
    assert!(call.is_up(), "the minute is there still: {:?}", outcomes(&world));
    call.hang_up();
    world.assert_quiet();
    assert_eq!(world.cdrs().iter().filter(|cdr| cdr.charge.is_some()).count(), 1);
}

#[test]
fn of_two_calls_for_the_last_minute_one_gets_it() {
    for seed in 0..20 {
        let world = World::seeded(830 + seed);
        let (gateway, phones) = office(&world, limits(|it| it.minutes_per_day = Some(1)), &["alice", "bob"]);
        let calls = [phones[0].dial_number(NUMBER), phones[1].dial_number(NUMBER)];
        world.run_for(seconds(5));
        assert_eq!(calls.iter().filter(|call| call.is_up()).count(), 1, "seed {seed}\n{}", world.ladder());
        assert_eq!(gateway.rung(), 1, "who cannot pay rings nobody");
        assert!(outcomes(&world).contains(&DialOutcome::Spent(Limit::Minutes)));
        for call in calls {
            call.hang_up();
        }
        world.assert_quiet();
    }
}

#[test]
fn a_call_that_has_spent_all_is_ended_after_it_was_told() {
    let world = World::seeded(822);
    let (gateway, phones) = office(&world, limits(|it| it.cost_per_day = Some(Money(120_000))), &["alice"]);
    let call = phones[0].dial_number(NUMBER);
    world.run_for(minutes(1));
    assert!(call.is_up());
    world.run_for(seconds(65));
    assert!(!call.is_up(), "two minutes are all that twelve cents buy");
    assert_eq!(gateway.calls_up(), 0);
    let told = world
        .events()
        .into_iter()
        .position(|event| matches!(event, Event::SpendingSoonOver(left) if left >= seconds(10)));
    let ended = world.events().into_iter().position(|event| matches!(event, Event::Ended(_)));
    assert!(told.is_some() && told < ended, "{:?}", world.events());
    let beeps = world.events().into_iter().any(|event| matches!(event, Event::Playing { to: Side::Caller, .. }));
    assert!(beeps, "the caller hears it coming");
    world.assert_quiet();
    let charge = world.cdrs()[0].charge.clone().expect("a charge");
    assert!(charge.cost <= Money(120_000), "{charge:?}");
    assert!(world.notices().iter().any(|notice| matches!(notice, Notice::SpendingNear { limit: Limit::Cost, .. })));
    assert!(world.notices().iter().any(|notice| matches!(notice, Notice::SpendingOver { limit: Limit::Cost, .. })));
}

#[test]
fn each_limit_holds_and_says_which_it_was() {
    for (limit, spending, calls, served) in [
        (Limit::Concurrent, limits(|it| it.concurrent = Some(2)), 4, 2),
        (Limit::PerSecond, limits(|it| it.per_second = Some(1)), 3, 1),
        (Limit::PerHour, limits(|it| it.per_hour = Some(3)), 4, 3),
        (Limit::Minutes, limits(|it| it.minutes_per_day = Some(2)), 4, 2),
        (Limit::Cost, limits(|it| it.cost_per_day = Some(Money(60_000))), 3, 1),
        (Limit::Cost, limits(|it| it.cost_per_day = Some(Money::ZERO)), 1, 0),
    ] {
        let world = World::seeded(823);
        let names = ["alice", "bob", "carol", "dave"];
        let (_, phones) = office(&world, spending, &names[..calls]);
        let placed: Vec<_> = phones.iter().map(|phone| phone.dial_number(NUMBER)).collect();
        world.run_for(seconds(3));
        assert_eq!(placed.iter().filter(|call| call.is_up()).count(), served, "{limit:?}\n{}", world.ladder());
        let refused = outcomes(&world).into_iter().filter(|outcome| *outcome == DialOutcome::Spent(limit)).count();
        assert_eq!(refused, calls - served, "{limit:?}: {:?}", outcomes(&world));
        placed.iter().for_each(testkit::Placed::hang_up);
        world.assert_quiet();
    }
}

#[test]
fn a_trunk_that_is_full_is_passed_over_for_the_next() {
    let world = World::seeded(824);
    let (small, large) = (world.gateway("small"), world.gateway("large"));
    let mut first = world.trunk_of(1, "small", &[&small]);
    first.limits.concurrent = Some(1);
    let second = world.trunk_of(2, "large", &[&large]);
    let hops = vec![hop(&first, NUMBER, Some(rate())), hop(&second, NUMBER, None)];
    world.way(NUMBER, NumberClass::National, hops, vec![purse(limits(|it| it.per_hour = Some(2)))]);
    world.trunks(vec![first, second]);
    world.application(dials(NUMBER, Outside::default()));
    let (alice, bob) = (world.phone("alice"), world.phone("bob"));
    let (one, two) = (alice.dial_number(NUMBER), bob.dial_number(NUMBER));
    world.run_for(seconds(5));
    assert!(one.is_up() && two.is_up(), "{:?}", outcomes(&world));
    assert_eq!((small.rung(), large.rung()), (1, 1));
    one.hang_up();
    two.hang_up();
    world.assert_quiet();
}

#[test]
fn fail_over_counts_one_call_and_not_as_many_as_gateways() {
    let world = World::seeded(825);
    let (dead, also, good) =
        (world.gateway("d").that_refuses(503), world.gateway("a").that_refuses(500), world.gateway("g"));
    let (first, second) = (world.trunk_of(1, "first", &[&dead, &also]), world.trunk_of(2, "second", &[&good]));
    let hops = vec![hop(&first, NUMBER, Some(rate())), hop(&second, NUMBER, Some(rate()))];
    let spending = limits(|it| (it.per_hour, it.per_second, it.minutes_per_day) = (Some(1), Some(1), Some(1)));
    world.way(NUMBER, NumberClass::National, hops, vec![purse(spending)]);
    world.trunks(vec![first, second]);
    world.application(dials(NUMBER, Outside::default()));
    let alice = world.phone("alice");
    let call = alice.dial_number(NUMBER);
    world.run_for(seconds(5));
    assert!(call.is_up(), "{:?}\n{}", outcomes(&world), world.ladder());
    call.hang_up();
    world.assert_quiet();
}

/// Security §11: a forward of a call from outside, a call that the exchange begins for a room, a fork: all pay.
#[test]
fn no_road_to_a_trunk_goes_round_the_check() {
    let world = World::seeded(826);
    let (gateway, phones) = office(&world, limits(|it| it.concurrent = Some(1)), &["alice"]);
    let first = phones[0].dial_number(NUMBER);
    world.run_for(seconds(3));
    assert!(first.is_up());
    // A call from outside is forwarded outside.
    world.owns("+4930123", None);
    let forwarded = gateway.dial_number("+4930123");
    world.run_for(seconds(3));
    assert!(!forwarded.is_up() && outcomes(&world).last() == Some(&DialOutcome::Spent(Limit::Concurrent)));
    // A number that leads to a number.
    world.owns("+4930124", Some(Target::Number(NUMBER.to_owned())));
    let led = gateway.dial_number("+4930124");
    world.run_for(seconds(3));
    assert!(!led.is_up(), "{}", world.ladder());
    // Twice in one breath: at once and in turn.
    let targets = vec![Target::Number(NUMBER.to_owned()), Target::Number(NUMBER.to_owned())];
    world.application(vec![
        Command::Dial(Dial { targets, order: Order::AtOnce, ring_time: seconds(20), outside: Outside::default() }),
        Command::Reject { status: 403, reason: None },
    ]);
    let forked = world.phone("bob").dial_number(NUMBER);
    world.run_for(seconds(3));
    assert!(!forked.is_up());
    first.hang_up();
    world.run_for(seconds(1));
    let forked = world.phone("carol").dial_number(NUMBER);
    world.run_for(seconds(3));
    assert!(forked.is_up(), "one of the two had the one place: {:?}\n{}", outcomes(&world), world.ladder());
    for call in [forwarded, led, forked] {
        call.hang_up();
    }
    world.assert_quiet();
}

#[test]
fn emergency_calls_go_out_when_all_is_spent_and_say_where_to_come() {
    let world = World::seeded(827);
    let (gateway, phones) = office(&world, limits(|it| it.concurrent = Some(0)), &["alice"]);
    let mut trunk = world.trunk_of(1, "acme", &[&gateway]);
    trunk.limits = limits(|it| (it.concurrent, it.cost_per_day) = (Some(0), Some(Money::ZERO)));
    world.way(
        "112",
        NumberClass::Emergency,
        vec![hop(&trunk, "112", None)],
        vec![purse(limits(|it| it.concurrent = Some(0)))],
    );
    world.change_way("112", |way| {
        way.location = Some(switch::Location { country: "DE".into(), city: "Berlin".into(), ..Default::default() });
    });
    world.trunks(vec![trunk]);
    world.emergency("112");
    // No application stands between: this one would never say anything.
    world.application_that_never_decides();
    let call = phones[0].dial_number("112");
    world.run_for(seconds(3));
    assert!(call.is_up() && phones[0].hears(&gateway), "{}", world.ladder());
    let invite = gateway.last_invite();
    assert!(invite.contains("Geolocation: <cid:") && invite.contains("<ca:A3>Berlin</ca:A3>"), "{invite}");
    assert!(invite.contains("multipart/mixed"), "{invite}");
    call.hang_up();
    // Who hides his number is found all the same.
    let shy = world.phone("bob").that_sends("Privacy", "id");
    let call = shy.dial_number("112");
    world.run_for(seconds(3));
    assert!(call.is_up());
    assert!(gateway.last_invite().contains("From: <sip:+4930100@"), "{}", gateway.last_invite());
    call.hang_up();
    world.assert_quiet();
    let cdrs = world.cdrs();
    let charge = cdrs.last().and_then(|cdr| cdr.charge.clone()).expect("it is in the record");
    assert_eq!((charge.class, charge.cost), (NumberClass::Emergency, Money::ZERO));
}

#[test]
fn emergency_calls_go_out_of_a_full_exchange_and_of_one_that_drains() {
    for full in [true, false] {
        let most = if full { 1 } else { 100 };
        let world = World::with(829, Config { max_calls: most, ..Config::default() });
        let (gateway, phones) = office(&world, SpendingLimits::default(), &["alice", "bob"]);
        let trunk = world.trunk_of(1, "acme", &[&gateway]);
        world.way("112", NumberClass::Emergency, vec![hop(&trunk, "112", None)], Vec::new());
        world.trunks(vec![trunk]);
        world.emergency("112");
        let first = phones[0].dial_number(NUMBER);
        world.run_for(seconds(3));
        assert!(first.is_up());
        if !full {
            world.drain();
        }
        // One that calls for help elsewhere, one that ends as such, and one that does not.
        for dialled in ["911", "2112", NUMBER] {
            let call = phones[1].dial_number(dialled);
            world.run_for(seconds(3));
            assert_eq!(call.outcome(), Outcome::Refused(503), "{dialled}");
        }
        let help = phones[1].dial_number("112");
        world.run_for(seconds(3));
        assert!(help.is_up() && phones[1].hears(&gateway), "{}", world.ladder());
        help.hang_up();
        first.hang_up();
        world.assert_quiet();
    }
}

#[test]
fn random_offices_spend_no_more_than_they_may() {
    for seed in 0..30_u32 {
        let world = World::seeded(850 + u64::from(seed));
        let most = 1 + seed % 5;
        let (_, phones) = office(&world, limits(|it| it.minutes_per_day = Some(most)), &["alice", "bob", "carol"]);
        let mut placed = Vec::new();
        for step in 0..12_u32 {
            placed.push(phones[(step as usize + seed as usize) % 3].dial_number(NUMBER));
            world.run_for(Duration::from_millis(700 * u64::from(1 + (seed * 7 + step * 13) % 60)));
            if (seed + step) % 3 == 0 {
                placed.iter().for_each(testkit::Placed::hang_up);
            }
        }
        placed.iter().for_each(testkit::Placed::hang_up);
        world.assert_quiet();
        let charged: u64 = world.cdrs().iter().filter_map(|cdr| cdr.charge.as_ref()).map(|charge| charge.seconds).sum();
        assert!(charged <= u64::from(most) * 60, "seed {seed}: {charged} s of {most} min");
    }
}
