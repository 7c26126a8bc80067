//! Who calls for help gets through.

use switch::{Asker, Grants, Number, NumberClass, Outside, Unresolved};

use crate::made::{
    ACME, ALICE, BERLIN, BETA, BOB, HUDSON, NEW_YORK, SPREE, at, by, call, e164, made, noon, outside, place, trunks,
    user, wishing,
};

#[test]
fn emergency_calls_go_with_and_without_a_line_without_a_grant_and_whatever_the_hour() {
    let router = made(|setup| {
        outside(setup, BERLIN).grants = Grants { never: ["49".into()].into(), ..Grants::default() };
        user(setup, BERLIN, ALICE).grants = Some(Grants::default());
        for route in &mut setup.routes {
            route.hours = Some("su 03:00-03:01".parse().expect("hours"));
            route.classes = [NumberClass::Satellite].into();
            route.prefix = "870".into();
        }
    });
    for dialled in ["112", "0112", "110", "0 110", "1-1-2"] {
        let out = call(&router, dialled).expect(dialled);
        assert_eq!((out.class, out.hops.len()), (NumberClass::Emergency, 3), "{dialled}");
        assert!(router.is_emergency(BERLIN, dialled), "{dialled}");
    }
    assert_eq!(call(&router, "0123456"), Err(Unresolved::Forbidden));
    for none in ["911", "0123456", "alice", ""] {
        assert!(!router.is_emergency(BERLIN, none), "{none}");
    }
    assert!(router.is_emergency(NEW_YORK, "911") && router.is_emergency(NEW_YORK, "9911"));
}

#[test]
fn routes_that_are_meant_for_it_come_before_those_that_are_better_than_none() {
    let router = made(|setup| {
        setup.routes[0].prefix = "33".into();
        setup.routes[1].prefix = "49112".into();
        setup.routes[2].classes = [NumberClass::Emergency].into();
    });
    assert_eq!(trunks(&call(&router, "112")), Ok(vec![BETA, SPREE, ACME]));
    let router = made(|setup| setup.routes[0].enabled = false);
    assert_eq!(trunks(&call(&router, "112")), Ok(vec![BETA, SPREE]), "but what is switched off is not used");
}

#[test]
fn they_go_over_the_trunk_that_is_there_for_them_and_over_no_other() {
    let router = made(|setup| {
        outside(setup, BERLIN).emergency = Some(BETA);
        setup.routes.clear();
        setup.trunks[1].numbers.prefix = "77".into();
    });
    let out = call(&router, "0112").expect("a way");
    assert_eq!((out.number, out.hops.len()), (Number::Short("112".into()), 1));
    assert_eq!((out.hops[0].trunk, out.hops[0].callee.as_str()), (BETA, "77112"));
    // One that cannot be used must not keep anybody from help.
    for lost in [HUDSON, switch::TrunkId(999)] {
        let router = made(|setup| outside(setup, BERLIN).emergency = Some(lost));
        assert_eq!(trunks(&call(&router, "112")), Ok(vec![ACME, BETA, SPREE]), "{lost:?}");
    }
    let router = made(|setup| {
        outside(setup, BERLIN).emergency = Some(BETA);
        setup.trunks[1].enabled = false;
    });
    assert_eq!(trunks(&call(&router, "112")), Ok(vec![ACME, SPREE]));
}

#[test]
fn they_say_where_the_caller_is() {
    let router = made(|setup| {
        outside(setup, BERLIN).location = Some(place("house"));
        user(setup, BERLIN, ALICE).location = Some(place("room 12"));
    });
    let room = |number, asker: &Asker| {
        router.outbound(BERLIN, number, asker, noon()).expect("a way").location.map(|location| location.room)
    };
    assert_eq!(room("112", &by(ALICE)).as_deref(), Some("room 12"));
    assert_eq!(room("112", &by(BOB)).as_deref(), Some("house"));
    assert_eq!(room("112", &Asker::default()).as_deref(), Some("house"));
    assert_eq!(room("0123456", &by(ALICE)), None, "nobody else is told");
}

#[test]
fn no_wish_of_a_dialplan_keeps_anybody_from_help() {
    let router = made(|setup| outside(setup, BERLIN).shown = Some(e164("+493055500")));
    let asker = wishing(Outside {
        trunks: vec!["nobody".into()],
        without: vec!["acme".into(), "hudson".into()],
        shown: Some("+12125550100".into()),
        ..Outside::default()
    });
    assert_eq!(router.outbound(BERLIN, "0123456", &asker, noon()), Err(Unresolved::Forbidden));
    let out = router.outbound(BERLIN, "112", &asker, noon()).expect("a way");
    assert_eq!(out.hops.iter().map(|hop| hop.trunk).collect::<Vec<_>>(), [ACME, BETA, SPREE]);
    assert_eq!(out.hops[0].caller.as_deref(), Some("+493055500"));
}

#[test]
fn a_tenant_of_no_country_calls_for_help_by_what_is_understood_anywhere() {
    let router = made(|setup| outside(setup, BERLIN).rules = switch::DialRules::default());
    for number in ["112", "911"] {
        assert_eq!(call(&router, number).map(|out| out.class), Ok(NumberClass::Emergency), "{number}");
    }
    assert_eq!(call(&router, "110"), Err(Unresolved::Incomplete));
    let far = router.outbound(BERLIN, "112", &by(ALICE), at("2026-12-31T23:59:59Z")).expect("a way");
    assert_eq!(far.hops.len(), 3);
}
