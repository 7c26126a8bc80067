//! Which trunks lead to a number, in which order, and at what price.

use std::time::Duration;

use switch::{
    DidTarget, Money, NumberClass, NumberForm, NumberStyle, Outside, Payer, Purse, Route, SpendingLimits, TrunkId,
    Unresolved,
};

use crate::made::{
    ACME, ALICE, BERLIN, BETA, HUDSON, NEW_YORK, SPREE, at, by, call, first, made, noon, outside, prices, route, setup,
    trunks, user, wishing,
};

#[test]
fn the_longest_prefix_comes_first_then_priority_then_price_then_name() {
    let shared = |id, name: &str, prefix: &str, priority, trunk| Route {
        prefix: prefix.into(),
        priority,
        ..route(id, name, None, TrunkId(trunk))
    };
    let router = made(|setup| {
        setup.trunks.extend((201..=208).map(|id| crate::made::trunk(TrunkId(id), &format!("t{id}"), None)));
        setup.routes = vec![
            shared(1, "b", "", 1, 201),
            shared(2, "a", "33", 50, 202),
            shared(3, "z", "331", 90, 203),
            shared(4, "d", "331", 10, 204),
            shared(5, "c", "331", 10, 205),
            shared(6, "e", "331", 10, 206),
            shared(7, "g", "331", 10, 207),
            shared(8, "f", "332", 1, 208),
        ];
        setup.tables = [
            (TrunkId(203), prices("331,0.001\n")),
            (TrunkId(204), prices("33,0.02\n331,0.01\n")),
            (TrunkId(205), prices("33,0.02\n")),
            (TrunkId(207), prices("49,0.001\n")),
            (TrunkId(201), prices("33,0.0001\n")),
        ]
        .into();
    });
    let out = call(&router, "00033142685300");
    let ids = [204, 205, 206, 207, 203, 202, 201];
    assert_eq!(
        trunks(&out),
        Ok(ids.map(TrunkId).to_vec()),
        "206 and 207 have no price, e stands before g, and 203 is the cheapest of a lower priority"
    );
    let rates: Vec<_> =
        out.expect("a way").hops.into_iter().map(|hop| hop.rate.map(|rate| (rate.prefix, rate.per_minute))).collect();
    let rate = |prefix: &str, price| Some((prefix.to_owned(), Money(price)));
    assert_eq!(
        rates,
        [rate("331", 10_000), rate("33", 20_000), None, None, rate("331", 1_000), None, rate("33", 100),]
    );
}

#[test]
fn a_trunk_is_tried_once_by_its_best_route() {
    let router = made(|setup| {
        setup.routes.push(Route { prefix: "33".into(), ..route(9, "france", None, BETA) });
        setup.routes.push(Route { prefix: "331".into(), ..route(10, "paris", None, BETA) });
    });
    assert_eq!(trunks(&call(&router, "00033142685300")), Ok(vec![BETA, ACME, SPREE]));
    assert_eq!(trunks(&call(&router, "0123456")), Ok(vec![ACME, BETA, SPREE]));
}

#[test]
fn a_route_is_for_its_classes_and_is_used_only_while_it_and_its_trunk_are_on() {
    let router = made(|setup| {
        setup.routes[0].classes = [NumberClass::Mobile].into();
        setup.routes[1].enabled = false;
    });
    assert_eq!(trunks(&call(&router, "001711234567")), Ok(vec![ACME, SPREE]));
    assert_eq!(trunks(&call(&router, "0123456")), Ok(vec![SPREE]));
    let router = made(|setup| setup.trunks.iter_mut().for_each(|trunk| trunk.enabled = trunk.id == BETA));
    assert_eq!(trunks(&call(&router, "0123456")), Ok(vec![BETA]));
    let router = made(|setup| setup.trunks.iter_mut().for_each(|trunk| trunk.enabled = false));
    assert_eq!(call(&router, "0123456"), Err(Unresolved::NoRoute));
}

#[test]
fn hours_are_those_of_the_tenants_clocks() {
    let router = made(|setup| {
        setup.routes[0].hours = Some("mo-fr 08:00-18:00".parse().expect("hours"));
        setup.routes[1].hours = Some("mo-fr 18:00-08:00".parse().expect("hours"));
        setup.routes[2].enabled = false;
        setup.routes[3].enabled = false;
    });
    for (wall, berlin, new_york) in [
        // Monday, noon in Berlin, six in the morning in New York.
        ("2026-03-02T11:00:00Z", &[ACME][..], &[][..]),
        ("2026-03-02T16:59:59Z", &[ACME], &[ACME]),
        ("2026-03-02T17:00:00Z", &[BETA], &[ACME]),
        ("2026-03-02T23:30:00Z", &[BETA], &[BETA]),
        // Saturday, six in the morning in Berlin: still Friday's night; Friday midnight in New York.
        ("2026-03-07T05:00:00Z", &[BETA], &[BETA]),
        ("2026-03-07T07:00:00Z", &[], &[BETA]),
        // The clocks of Berlin are put forward: eight o'clock is an hour earlier from then on.
        ("2026-03-27T06:30:00Z", &[BETA], &[BETA]),
        ("2026-03-30T06:30:00Z", &[ACME], &[]),
    ] {
        for (tenant, number, wanted) in [(BERLIN, "0123456", berlin), (NEW_YORK, "95551234", new_york)] {
            let out = router.outbound(tenant, number, &switch::Asker::default(), at(wall));
            let wanted = if wanted.is_empty() { Err(Unresolved::NoRoute) } else { Ok(wanted.to_vec()) };
            assert_eq!(trunks(&out), wanted, "{wall} {tenant:?}");
        }
    }
}

#[test]
fn a_zone_that_nobody_knows_is_utc() {
    let router = made(|setup| setup.tenants.get_mut(&BERLIN).expect("Berlin").zone = "Europe/Atlantis".into());
    let out = call(&router, "0123456").expect("a way");
    assert!(out.purses.iter().all(|purse| purse.day_ends == at("2026-03-03T00:00:00Z")));
}

#[test]
fn tenant_user_and_trunk_pay_each_by_the_day_of_its_own_clocks() {
    let limits = |calls| SpendingLimits { concurrent: Some(calls), ..SpendingLimits::default() };
    let router = made(|setup| {
        outside(setup, BERLIN).limits = limits(1);
        user(setup, BERLIN, ALICE).limits = limits(2);
        setup.trunks[0].limits = limits(3);
        setup.trunks[2].limits = limits(4);
    });
    let purse = |payer, calls, day_ends: &str| Purse { payer, limits: limits(calls), day_ends: at(day_ends) };
    let out = call(&router, "0123456").expect("a way");
    let midnight = "2026-03-02T23:00:00Z";
    assert_eq!(out.purses, [purse(Payer::Tenant(BERLIN), 1, midnight), purse(Payer::User(ALICE), 2, midnight)]);
    let of_trunks: Vec<Purse> = out.hops.iter().map(|hop| hop.purse).collect();
    assert_eq!(of_trunks[0], purse(Payer::Trunk(ACME), 3, "2026-03-03T00:00:00Z"), "nobody's trunk: by UTC");
    assert_eq!(of_trunks[2], purse(Payer::Trunk(SPREE), 4, midnight));
    let nobody = router.outbound(BERLIN, "0123456", &switch::Asker::default(), noon()).expect("a way");
    assert_eq!(nobody.purses.iter().map(|purse| purse.payer).collect::<Vec<_>>(), [Payer::Tenant(BERLIN)]);
}

#[test]
fn a_dialplan_chooses_trunks_in_its_order_or_forbids_some() {
    let router = made(|setup| setup.routes[1].classes = [NumberClass::Mobile].into());
    let out = |only: &[&str], without: &[&str]| {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let asker = wishing(Outside { trunks: names(only), without: names(without), ..Outside::default() });
        trunks(&router.outbound(BERLIN, "0123456", &asker, noon()))
    };
    assert_eq!(out(&[], &[]), Ok(vec![ACME, SPREE]));
    assert_eq!(out(&["spree", "acme"], &[]), Ok(vec![SPREE, ACME]));
    assert_eq!(out(&["spree"], &[]), Ok(vec![SPREE]));
    assert_eq!(out(&[], &["acme"]), Ok(vec![SPREE]));
    assert_eq!(out(&["acme"], &["acme"]), Err(Unresolved::NoRoute));
    assert_eq!(out(&["beta"], &[]), Err(Unresolved::NoRoute), "it has a route there, but none for this number");
    for name in ["hudson", "nobody", "", "ACME"] {
        assert_eq!(out(&[name], &[]), Err(Unresolved::Forbidden), "{name}");
        assert_eq!(out(&[], &[name]), Err(Unresolved::Forbidden), "{name}");
        assert_eq!(out(&["acme", name], &[]), Err(Unresolved::Forbidden), "{name}");
    }
}

#[test]
fn each_carrier_gets_the_numbers_as_it_wants_them() {
    let router = made(|setup| {
        outside(setup, BERLIN).shown = Some(crate::made::e164("+493055510"));
        let form = |style, prefix: &str| NumberForm { style, prefix: prefix.into() };
        setup.trunks[0].numbers = form(NumberStyle::Digits, "77");
        setup.trunks[1].numbers = form(NumberStyle::National { country: "DE".into() }, "");
    });
    let out = call(&router, "00033142685300").expect("a way");
    let told: Vec<_> = out.hops.iter().map(|hop| (hop.callee.as_str(), hop.caller.as_deref())).collect();
    assert_eq!(
        told,
        [
            ("7733142685300", Some("493055510")),
            ("0033142685300", Some("03055510")),
            ("+33142685300", Some("+493055510")),
        ]
    );
}

#[test]
fn a_short_number_goes_by_the_routes_and_rates_of_its_country() {
    let router = made(|setup| {
        setup.routes[0].prefix = "49".into();
        setup.routes[1].prefix = "1".into();
        setup.tables = [(ACME, prices("49,0.01\n49115,0.05\n1,9\n"))].into();
    });
    let out = call(&router, "0115").expect("a way");
    assert_eq!(out.number, switch::Number::Short("115".into()));
    assert_eq!((out.hops[0].trunk, out.hops[0].callee.as_str()), (ACME, "115"));
    assert_eq!(out.hops[0].rate.as_ref().map(|rate| rate.per_minute), Some(Money(50_000)));
    assert_eq!(out.hops.iter().map(|hop| hop.trunk).collect::<Vec<_>>(), [ACME, SPREE], "115 is no number of America");
}

#[test]
fn a_number_of_the_tenants_own_goes_out_as_any_other_where_it_is_granted() {
    let router = made(|setup| setup.dids[1].leads_to = DidTarget::User("bob".into()));
    let out = call(&router, "0030777").expect("a way");
    assert_eq!((out.class, out.hops.len()), (NumberClass::Internal, 3));
    let out = router.outbound(NEW_YORK, "9011 49 30 777", &by(crate::made::CAROL), noon()).expect("a way");
    assert_eq!(out.class, NumberClass::International, "for another tenant it is a number like any other");
}

#[test]
fn routes_over_trunks_of_others_are_no_routes() {
    let router = made(|setup| {
        setup.routes = vec![
            route(1, "over-a-tenants", None, SPREE),
            route(2, "over-anothers", Some(BERLIN), HUDSON),
            route(3, "over-none", Some(BERLIN), TrunkId(999)),
            route(4, "of-another", Some(NEW_YORK), ACME),
        ];
    });
    assert_eq!(call(&router, "0123456"), Err(Unresolved::NoRoute));
    assert_eq!(call(&router, "0112"), Err(Unresolved::NoRoute), "not even for help");
    assert_eq!(first(router.outbound(NEW_YORK, "95551234", &by(crate::made::CAROL), noon())).trunk, ACME);
}

#[test]
fn a_router_is_asked_at_any_time() {
    let router = gateway::Router::new(setup());
    for wall in [std::time::UNIX_EPOCH, std::time::UNIX_EPOCH + Duration::from_secs(1 << 50)] {
        let out = router.outbound(BERLIN, "0123456", &by(ALICE), wall).expect("a way");
        assert!(out.purses.iter().all(|purse| purse.day_ends > wall));
    }
}
