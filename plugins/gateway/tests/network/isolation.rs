//! What is one tenant's is not another's.

use switch::{Asker, NumberClass, Outside, Route, TenantId, Unresolved};

use crate::made::{ALICE, BERLIN, CAROL, HUDSON, NEW_YORK, SPREE, by, made, noon, outside, route, setup};

#[test]
fn a_tenant_gets_no_trunk_and_no_route_of_another() {
    let router = made(|setup| {
        let own = |tenant, id, trunk| Route { prefix: "1".into(), ..route(id, "america", Some(tenant), trunk) };
        setup.routes = vec![own(BERLIN, 1, SPREE), own(NEW_YORK, 2, HUDSON)];
    });
    let trunks = |tenant, number, user| {
        let out = router.outbound(tenant, number, &by(user), noon());
        out.map(|out| out.hops.into_iter().map(|hop| hop.trunk).collect::<Vec<_>>())
    };
    assert_eq!(trunks(BERLIN, "+12125559876", ALICE), Ok(vec![SPREE]));
    assert_eq!(trunks(NEW_YORK, "+12125559876", CAROL), Ok(vec![HUDSON]));
    assert_eq!(trunks(BERLIN, "+12125559876", CAROL), Err(Unresolved::Forbidden), "a user of another");
    assert_eq!(trunks(TenantId(99), "+12125559876", ALICE), Err(Unresolved::Forbidden), "a tenant that is none");
    assert!(!router.is_emergency(TenantId(99), "112"));
}

#[test]
fn a_tenant_shows_no_number_of_another_whoever_asks() {
    let router = made(|setup| outside(setup, BERLIN).shown = Some(crate::made::e164("+12125550100")));
    let asker = |shown: Option<&str>| Asker {
        user: Some(ALICE),
        outside: Outside { shown: shown.map(str::to_owned), ..Outside::default() },
        ..Asker::default()
    };
    let caller =
        |shown| router.outbound(BERLIN, "0123456", &asker(shown), noon()).map(|out| out.hops[0].caller.clone());
    assert_eq!(caller(None), Ok(None));
    assert_eq!(caller(Some("+12125550100")), Err(Unresolved::Forbidden));
}

#[test]
fn a_number_in_the_midst_of_anothers_range_is_whose_it_is() {
    let router = made(|setup| setup.dids.push(crate::made::did(9, NEW_YORK, "+493055522")));
    let shown = |tenant, user, number: &str| {
        let outside = Outside { shown: Some(number.into()), ..Outside::default() };
        let asker = Asker { user: Some(user), outside, ..Asker::default() };
        router.outbound(tenant, "+33142685300", &asker, noon()).is_ok()
    };
    assert!(!shown(BERLIN, ALICE, "+493055522") && shown(NEW_YORK, CAROL, "+493055522"));
    assert!(shown(BERLIN, ALICE, "+493055523") && !shown(NEW_YORK, CAROL, "+493055523"));
    let class = router.outbound(BERLIN, "+493055522", &by(ALICE), noon()).expect("a way").class;
    assert_eq!(class, NumberClass::Local, "it is a number of Berlin, but not of this tenant");
}

#[test]
fn what_one_tenant_may_says_nothing_of_another() {
    let mut all = setup();
    outside(&mut all, NEW_YORK).grants = switch::Grants::default();
    let router = gateway::Router::new(all);
    assert!(router.outbound(BERLIN, "0123456", &by(ALICE), noon()).is_ok());
    assert_eq!(router.outbound(NEW_YORK, "95551234", &by(CAROL), noon()), Err(Unresolved::Forbidden));
}
