//! What is wrong in a setup is told before anybody calls.

use gateway::{Flaw, Setup, UserSetup, check};
use switch::{Did, Grants, TrunkId, UserId, UserOutside};

use crate::made::{ACME, BERLIN, BETA, HUDSON, NEW_YORK, SPREE, did, e164, outside, route, setup, user};

fn told(change: impl FnOnce(&mut Setup)) -> Vec<String> {
    let mut setup = setup();
    change(&mut setup);
    check(&setup).iter().map(ToString::to_string).collect()
}

#[test]
fn a_setup_that_is_right_has_no_complaints() {
    assert_eq!(told(|_| {}), Vec::<String>::new());
    let right = told(|setup| {
        outside(setup, BERLIN).emergency = Some(SPREE);
        outside(setup, BERLIN).shown = Some(e164("+493055500"));
        user(setup, BERLIN, crate::made::ALICE).shown = Some(e164("+4930777"));
        setup.routes.push(route(9, "own-over-nobodys", Some(BERLIN), ACME));
    });
    assert_eq!(right, Vec::<String>::new());
}

#[test]
fn numbers_that_two_tenants_have_are_told_by_both_names() {
    let overlap = "take them from one of the two, or bind each to its own trunk";
    for numbers in ["+493055522", "+493055590-+493055610", "+49305552X", "+4930*"] {
        let told = told(|setup| setup.dids.push(did(9, NEW_YORK, numbers)));
        assert!(!told.is_empty() && told.iter().all(|line| line.ends_with(overlap)), "{numbers}: {told:?}");
        assert!(told.iter().all(|line| line.contains("berlin") && line.contains("new-york")), "{told:?}");
    }
    for numbers in ["+493055600", "+493055", "+4930555222", "+493155522"] {
        assert_eq!(told(|setup| setup.dids.push(did(9, NEW_YORK, numbers))), Vec::<String>::new(), "{numbers}");
    }
    let bound = |trunk| Did { trunk: Some(trunk), ..did(9, NEW_YORK, "+493055522") };
    let meet = |one: Option<TrunkId>, other| {
        told(|setup| {
            setup.dids[0].trunk = one;
            setup.dids.push(bound(other));
        })
        .len()
    };
    assert_eq!((meet(Some(ACME), BETA), meet(Some(ACME), ACME), meet(None, ACME)), (0, 1, 1));
    let mine = told(|setup| setup.dids.push(did(9, BERLIN, "+493055522")));
    assert_eq!(mine, Vec::<String>::new(), "one tenant has them twice");
}

#[test]
fn a_range_that_two_tenants_have_is_told_a_few_times_and_soon() {
    let told = told(|setup| {
        setup.dids.extend((0..50_000).map(|n| did(1000 + n, BERLIN, &format!("+4989{n:06}"))));
        setup.dids.extend((0..50_000).map(|n| did(100_000 + n, NEW_YORK, &format!("+4989{n:06}"))));
    });
    assert_eq!(told.len(), 20);
}

#[test]
fn all_else_that_is_wrong_is_told_with_name_value_and_cure() {
    type Change = Box<dyn FnOnce(&mut Setup)>;
    let no_trunk = "there is no such trunk: name one that there is";
    let foreign = "this trunk is another tenant's: name one of the tenant's own, or one of nobody's";
    let not_owned =
        "the tenant does not own this number, and it is never shown: add it to the tenant's numbers, or show another";
    let no_country = "no country has this code: write it as ISO 3166-1 does, as DE";
    let cases: Vec<(Change, String)> = vec![
        (
            Box::new(|setup| setup.routes.push(route(9, "r", Some(BERLIN), TrunkId(7)))),
            format!("route r: trunk: \"7\": {no_trunk}"),
        ),
        (
            Box::new(|setup| setup.routes.push(route(9, "r", Some(BERLIN), HUDSON))),
            format!("route r: trunk: \"121\": {foreign}"),
        ),
        (
            Box::new(|setup| setup.routes.push(route(9, "r", None, SPREE))),
            "route r: trunk: \"111\": a route for every tenant cannot lead over the trunk of one: make it that tenant's route".into(),
        ),
        (
            Box::new(|setup| setup.routes[0].prefix = "+49".into()),
            "route to-acme: prefix: \"+49\": write digits alone".into(),
        ),
        (
            Box::new(|setup| outside(setup, BERLIN).emergency = Some(TrunkId(7))),
            format!("tenant berlin: emergency: \"7\": {no_trunk}"),
        ),
        (
            Box::new(|setup| outside(setup, BERLIN).emergency = Some(HUDSON)),
            format!("tenant berlin: emergency: \"121\": {foreign}"),
        ),
        (
            Box::new(|setup| {
                outside(setup, BERLIN).emergency = Some(ACME);
                setup.trunks[0].enabled = false;
            }),
            "tenant berlin: emergency: \"101\": this trunk is switched off, and calls for help go as others do: switch it on, or \
             name another"
                .into(),
        ),
        (
            Box::new(|setup| outside(setup, BERLIN).shown = Some(e164("+12125550100"))),
            format!("tenant berlin: shown: \"+12125550100\": {not_owned}"),
        ),
        (
            Box::new(|setup| user(setup, BERLIN, crate::made::ALICE).shown = Some(e164("+4930"))),
            format!("tenant berlin: user alice: shown: \"+4930\": {not_owned}"),
        ),
        (
            Box::new(|setup| outside(setup, BERLIN).rules.country = "GERMANY".into()),
            format!("tenant berlin: country: \"GERMANY\": {no_country}"),
        ),
        (
            Box::new(|setup| outside(setup, BERLIN).rules.area = "(30)".into()),
            "tenant berlin: area: \"(30)\": write digits alone".into(),
        ),
        (
            Box::new(|setup| outside(setup, BERLIN).rules.line = "*9".into()),
            "tenant berlin: line: \"*9\": write digits alone".into(),
        ),
        (
            Box::new(|setup| setup.tenants.get_mut(&BERLIN).expect("Berlin").zone = "Berlin".into()),
            "tenant berlin: time zone: \"Berlin\": there is no such time zone, and UTC counts instead: write it as Europe/Berlin"
                .into(),
        ),
        (
            Box::new(|setup| {
                let grants = Grants { countries: ["EN".into()].into(), ..Grants::default() };
                user(setup, BERLIN, crate::made::ALICE).grants = Some(grants);
            }),
            format!("tenant berlin: user alice: grants: countries: \"EN\": {no_country}"),
        ),
        (
            Box::new(|setup| outside(setup, BERLIN).grants.never = ["+252".into()].into()),
            "tenant berlin: grants: never: \"+252\": write digits alone".into(),
        ),
        (
            Box::new(|setup| {
                let named = UserSetup { name: "110".into(), outside: UserOutside::default() };
                setup.tenants.get_mut(&BERLIN).expect("Berlin").users.insert(UserId(99), named);
            }),
            "tenant berlin: user 110: name: \"110 (99)\": this is an emergency number of the country, and who dials it calls for \
             help: name the user otherwise"
                .into(),
        ),
        (
            Box::new(|setup| setup.trunks[1].name = "acme".into()),
            "trunk acme: \"acme\": another trunk has the same name: rename one of the two".into(),
        ),
        (
            Box::new(|setup| setup.dids[1].trunk = Some(HUDSON)),
            format!("number +4930777: trunk: \"121\": {foreign}"),
        ),
        (
            Box::new(|setup| setup.dids[1].tenant = switch::TenantId(77)),
            "number +4930777: tenant: \"77\": there is no such tenant: remove it".into(),
        ),
    ];
    for (change, wanted) in cases {
        assert_eq!(told(change), [wanted]);
    }
    assert!(Flaw::NotOwned.is_error() && !Flaw::DisabledTrunk.is_error());
}
