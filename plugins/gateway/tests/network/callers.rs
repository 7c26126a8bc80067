//! Whose number is shown to whom is called.

use switch::{Asker, Number, Outside, Unresolved};

use crate::made::{ACME, ALICE, BERLIN, BETA, BOB, by, e164, first, made, noon, outside, user, wishing};

fn with_numbers() -> gateway::Router {
    made(|setup| {
        outside(setup, BERLIN).shown = Some(e164("+493055500"));
        user(setup, BERLIN, ALICE).shown = Some(e164("+493055511"));
        setup.trunks[1].identity.foreign = true;
    })
}

#[test]
fn a_user_shows_its_own_number_else_the_tenants_else_none() {
    let router = with_numbers();
    let shown = |asker: &Asker| first(router.outbound(BERLIN, "0123456", asker, noon())).caller;
    assert_eq!(shown(&by(ALICE)).as_deref(), Some("+493055511"));
    assert_eq!(shown(&by(BOB)).as_deref(), Some("+493055500"));
    assert_eq!(shown(&Asker::default()).as_deref(), Some("+493055500"));
    let router = made(|_| {});
    assert_eq!(first(router.outbound(BERLIN, "0123456", &by(ALICE), noon())).caller, None);
}

#[test]
fn a_dialplan_shows_a_number_of_the_tenants_however_it_is_written_and_no_other() {
    let router = with_numbers();
    let shown = |number: &str| {
        let asker = wishing(Outside { shown: Some(number.into()), ..Outside::default() });
        router.outbound(BERLIN, "0123456", &asker, noon()).map(|out| out.hops[0].caller.clone())
    };
    for mine in ["+493055522", "003055522", "0 55522", "+49 (30) 555-22"] {
        assert_eq!(shown(mine), Ok(Some("+493055522".into())), "{mine}");
    }
    for other in ["+493055600", "+12125550100", "112", "115", "alice", "", "55522", "+493055"] {
        assert_eq!(shown(other), Err(Unresolved::Forbidden), "{other}");
    }
}

#[test]
fn a_number_that_the_tenant_lost_is_no_longer_shown() {
    let router = made(|setup| {
        outside(setup, BERLIN).shown = Some(e164("+493055500"));
        user(setup, BERLIN, ALICE).shown = Some(e164("+12125550100"));
    });
    assert_eq!(first(router.outbound(BERLIN, "0123456", &by(ALICE), noon())).caller.as_deref(), Some("+493055500"));
    let router = made(|setup| {
        outside(setup, BERLIN).shown = Some(e164("+493055500"));
        setup.dids.clear();
    });
    assert_eq!(first(router.outbound(BERLIN, "0123456", &by(ALICE), noon())).caller, None);
}

#[test]
fn a_call_that_is_forwarded_shows_its_first_caller_where_the_carrier_takes_that() {
    let router = with_numbers();
    let forwarded = |caller: &str, dialled: &str, shown: Option<&str>| {
        let asker = Asker {
            user: None,
            caller: caller.into(),
            dialled: Some(Number::World(e164(dialled))),
            outside: Outside { shown: shown.map(str::to_owned), ..Outside::default() },
        };
        let out = router.outbound(BERLIN, "0123456", &asker, noon()).expect("a way");
        let told = |trunk| {
            let hop = out.hops.iter().find(|hop| hop.trunk == trunk).expect("a trunk").clone();
            (hop.caller.unwrap_or_default(), hop.diverted.unwrap_or_default())
        };
        (told(ACME), told(BETA))
    };
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    // As the tenant's phones showed the caller.
    let (strict, open) = forwarded("00033142685300", "+493055533", None);
    assert_eq!(strict, pair("+493055533", ""), "this carrier takes numbers of ours alone");
    assert_eq!(open, pair("+33142685300", "+493055533"));
    assert_eq!(forwarded("+33142685300", "+493055533", None).1, pair("+33142685300", "+493055533"));
    // A caller that is not known, or is no number.
    for nobody in ["", "anonymous", "101", "112"] {
        assert_eq!(forwarded(nobody, "+493055533", None).1, pair("+493055533", "+493055533"), "{nobody}");
    }
    // What the dialplan wants to be shown is shown.
    assert_eq!(forwarded("+33142685300", "+493055533", Some("+493055544")).1, pair("+493055544", "+493055533"));
    // Not a number of the tenant's at all.
    assert_eq!(forwarded("", "+12125550100", None), (pair("+493055500", ""), pair("+493055500", "")));
}

#[test]
fn a_caller_of_ours_is_never_shown_by_what_it_says_of_itself() {
    let router = with_numbers();
    let asker = Asker { caller: "+12125550100".into(), ..by(ALICE) };
    let out = router.outbound(BERLIN, "0123456", &asker, noon()).expect("a way");
    assert!(out.hops.iter().all(|hop| hop.caller.as_deref() == Some("+493055511") && hop.diverted.is_none()));
}
