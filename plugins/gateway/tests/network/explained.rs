//! Why a number goes where it goes.

use gateway::{By, Considered, Fate, Refusal, Unread, Verdict};
use proptest::prelude::*;
use switch::{Money, NumberClass, Route, TrunkId, UserId};

use crate::made::{
    ACME, ALICE, BERLIN, BETA, BOB, HUDSON, NEW_YORK, SPREE, by, grants, made, noon, outside, prices, route, user,
};

fn fates(routes: &[Considered]) -> Vec<(&str, TrunkId, Fate)> {
    let name = |one: &'_ Considered| one.route.as_ref().map_or("", |route| route.name.as_str()).to_owned();
    routes.iter().map(|one| (&*name(one).leak(), one.trunk, one.fate)).collect()
}

#[test]
fn every_route_is_told_with_what_becomes_of_it_and_its_price() {
    let router = made(|setup| {
        let of = |id, name: &str, trunk| route(id, name, Some(BERLIN), trunk);
        setup.routes.extend([
            Route { prefix: "33".into(), ..of(10, "france", BETA) },
            Route { prefix: "34".into(), ..of(11, "spain", BETA) },
            Route { classes: [NumberClass::Mobile].into(), ..of(12, "mobile", BETA) },
            Route { hours: Some("sa,su 00:00-00:00".parse().expect("hours")), ..of(13, "weekend", ACME) },
            Route { enabled: false, ..of(14, "off", ACME) },
            of(15, "foreign", HUDSON),
            of(16, "lost", TrunkId(999)),
        ]);
        setup.trunks[2].enabled = false;
        setup.tables = [(BETA, prices("33,0.012\n3314,0.006\n"))].into();
    });
    let told = router.explain(BERLIN, "00033142685300", Some(ALICE), noon()).expect("a tenant");
    let read = told.read.expect("a number");
    assert_eq!((read.number.to_string().as_str(), read.digits.as_str()), ("+33142685300", "33142685300"));
    assert_eq!((read.class, read.country.as_str()), (NumberClass::International, "FR"));
    assert_eq!(told.verdict, Some(Verdict::Granted));
    assert_eq!(
        fates(&told.routes),
        [
            ("france", BETA, Fate::Used(1)),
            ("to-acme", ACME, Fate::Used(2)),
            ("to-beta", BETA, Fate::Again),
            ("spain", BETA, Fate::OtherNumbers),
            ("foreign", HUDSON, Fate::ForeignTrunk),
            ("lost", TrunkId(999), Fate::ForeignTrunk),
            ("mobile", BETA, Fate::OtherClasses),
            ("off", ACME, Fate::Disabled),
            ("to-spree", SPREE, Fate::TrunkDisabled),
            ("weekend", ACME, Fate::OtherHours),
        ]
    );
    let first = &told.routes[0];
    assert_eq!((first.trunk_name.as_str(), first.minute), ("beta", Some(Money(6_000))));
    assert_eq!(first.rate.as_ref().map(|rate| rate.prefix.as_str()), Some("3314"));
    assert_eq!((told.routes[1].minute, told.routes[1].rate.as_ref()), (None, None), "nobody has said");
    assert_eq!(told.routes[4].trunk_name, "", "another tenant's trunk has no name here");
    let names = told.routes.iter().filter_map(|one| one.route.as_ref()).map(|route| route.name.as_str());
    assert!(!names.into_iter().any(|name| name == "to-hudson"), "nor has its route");
}

#[test]
fn a_minute_costs_what_the_rate_charges_for_one() {
    let router = made(|setup| {
        let text = "prefix,per_minute,connect,first,step,name\n49,0.02,0.1,90,30,Germany\n";
        setup.tables =
            [(ACME, std::sync::Arc::new(gateway::RateTable::from_csv(text.as_bytes()).expect("rates")))].into();
    });
    let told = router.explain(BERLIN, "0123456", None, noon()).expect("a tenant");
    assert_eq!((told.routes[0].minute, told.routes[0].destination.as_str()), (Some(Money(130_000)), "Germany"));
}

#[test]
fn who_refuses_is_told() {
    let router = made(|setup| {
        outside(setup, BERLIN).grants = grants(&[NumberClass::Local, NumberClass::International]);
        outside(setup, BERLIN).grants.countries = ["FR".into()].into();
        user(setup, BERLIN, BOB).grants = Some(grants(&[NumberClass::Local]));
        user(setup, BERLIN, ALICE).grants = None;
        outside(setup, BERLIN).grants.never = ["3019".into(), "4930999".into()].into();
    });
    let refused = |refusal| Some(Verdict::Refused(refusal));
    for (number, user, verdict) in [
        ("0123456", Some(BOB), Some(Verdict::Granted)),
        ("0089123456", Some(ALICE), refused(Refusal::Class(By::Tenant, NumberClass::National))),
        ("00033142685300", Some(BOB), refused(Refusal::Class(By::User, NumberClass::International))),
        ("00033142685300", None, Some(Verdict::Granted)),
        ("+441212345678", None, refused(Refusal::Country(By::Tenant, "GB".into()))),
        ("0999123", None, refused(Refusal::Never(By::Tenant, "4930999".into()))),
        ("0123456", Some(UserId(999)), refused(Refusal::UnknownUser)),
        ("112", Some(UserId(999)), Some(Verdict::Emergency)),
        ("112", Some(BOB), Some(Verdict::Emergency)),
        ("123456", Some(BOB), None),
    ] {
        let told = router.explain(BERLIN, number, user, noon()).expect("a tenant");
        assert_eq!(told.verdict, verdict, "{number} {user:?}");
        assert_eq!(told.verdict.is_none(), told.routes.is_empty(), "{number}: routes are told also of what is refused");
    }
    let told = router.explain(BERLIN, "123456", None, noon()).expect("a tenant");
    assert_eq!((told.dialled.as_str(), told.read), ("123456", Err(Unread::NoLine)));
    assert_eq!(router.explain(switch::TenantId(99), "112", None, noon()), None);
}

#[test]
fn the_trunk_for_help_needs_no_route() {
    let router = made(|setup| outside(setup, BERLIN).emergency = Some(SPREE));
    let told = router.explain(BERLIN, "112", None, noon()).expect("a tenant");
    let fate = |name, trunk| (name, trunk, Fate::EmergencyTrunk);
    let wanted = [("", SPREE, Fate::Used(1)), fate("to-acme", ACME), fate("to-beta", BETA), fate("to-spree", SPREE)];
    assert_eq!(fates(&told.routes), wanted);
}

fn any_route() -> impl Strategy<Value = Route> {
    let owner = prop_oneof![Just(None), Just(Some(BERLIN)), Just(Some(NEW_YORK))];
    let trunk = proptest::sample::select(vec![ACME, BETA, SPREE, HUDSON, TrunkId(999)]);
    let classes = proptest::collection::btree_set(proptest::sample::select(NumberClass::ALL.to_vec()), 0..4);
    (owner, trunk, classes, "|4|49|4930|33|331|1|12", 0_u16..3, any::<bool>(), any::<bool>()).prop_map(
        |(tenant, trunk, classes, prefix, priority, enabled, weekend)| Route {
            prefix,
            classes,
            priority,
            enabled,
            hours: weekend.then(|| "sa,su 00:00-00:00".parse().expect("hours")),
            ..route(0, "", tenant, trunk)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 150 } else { 5_000 }))]

    #[test]
    fn what_is_told_is_what_is_done_and_no_trunk_is_anothers(
        routes in proptest::collection::vec(any_route(), 0..12),
        help in proptest::option::of(proptest::sample::select(vec![ACME, SPREE, HUDSON, TrunkId(999)])),
        off in proptest::sample::select(vec![ACME, BETA, SPREE]),
        dialled in proptest::sample::select(vec!["0123456", "00033142685300", "001711234567", "112", "0115", "+12125550123"]),
    ) {
        let router = made(|setup| {
            outside(setup, BERLIN).emergency = help;
            setup.trunks.iter_mut().filter(|trunk| trunk.id == off).for_each(|trunk| trunk.enabled = false);
            let named = |(id, route): (i64, Route)| Route { id, name: format!("r{id}"), ..route };
            setup.routes = (1..).zip(routes).map(named).collect();
            setup.tables = [(ACME, prices("49,0.02\n4930,0.001\n")), (BETA, prices("4,0.01\n33,0.5\n"))].into();
        });
        let told = router.explain(BERLIN, dialled, Some(ALICE), noon()).expect("a tenant");
        let used: Vec<TrunkId> =
            told.routes.iter().filter(|one| matches!(one.fate, Fate::Used(_))).map(|one| one.trunk).collect();
        let out = router.outbound(BERLIN, dialled, &by(ALICE), noon());
        let trunks: Vec<TrunkId> = out.map(|out| out.hops.into_iter().map(|hop| hop.trunk).collect()).unwrap_or_default();
        prop_assert_eq!(&trunks, &used);
        prop_assert!(!trunks.contains(&HUDSON) && !trunks.contains(&TrunkId(999)) && !trunks.contains(&off));
        prop_assert!(told.routes.iter().filter_map(|one| one.route.as_ref()).all(|route| route.tenant != Some(NEW_YORK)));
    }
}
