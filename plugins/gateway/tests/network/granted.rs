//! Nothing is granted by default, and nobody may what its tenant may not.

use switch::{Asker, Grants, NumberClass, Unresolved, UserId};

use crate::made::{ALICE, BERLIN, BOB, by, call, grants, made, noon, outside, user};

/// One number of each kind, as it is dialled in Berlin.
const NUMBERS: [(NumberClass, &str); 10] = [
    (NumberClass::Emergency, "112"),
    (NumberClass::Internal, "0030777"),
    (NumberClass::Local, "0123456"),
    (NumberClass::National, "0089123456"),
    (NumberClass::Mobile, "001711234567"),
    (NumberClass::TollFree, "008003301000"),
    (NumberClass::Service, "0115"),
    (NumberClass::International, "00033142685300"),
    (NumberClass::Premium, "009001123456"),
    (NumberClass::Satellite, "000870773111632"),
];

#[test]
fn each_class_is_called_where_tenant_and_user_both_grant_it_and_nowhere_else() {
    for granted in NumberClass::ALL.map(Some).into_iter().chain([None]) {
        let only = grants(granted.as_slice());
        let all = || grants(&NumberClass::ALL);
        for (tenant, own) in [
            (only.clone(), None),
            (only.clone(), Some(all())),
            (all(), Some(only.clone())),
            (only.clone(), Some(only.clone())),
        ] {
            let router = made(|setup| {
                outside(setup, BERLIN).grants = tenant.clone();
                user(setup, BERLIN, ALICE).grants = own.clone();
            });
            for (class, number) in NUMBERS {
                let out = call(&router, number);
                if granted == Some(class) || class == NumberClass::Emergency {
                    assert_eq!(out.map(|out| out.class), Ok(class), "{number}");
                } else {
                    assert_eq!(out, Err(Unresolved::Forbidden), "{number} {granted:?} {tenant:?} {own:?}");
                }
            }
        }
    }
}

#[test]
fn a_new_tenant_and_a_new_user_call_nobody_but_for_help() {
    let router = made(|setup| outside(setup, BERLIN).grants = Grants::default());
    for (class, number) in NUMBERS {
        for asker in [by(ALICE), Asker::default()] {
            let out = router.outbound(BERLIN, number, &asker, noon());
            assert_eq!(out.is_ok(), class == NumberClass::Emergency, "{number}");
        }
    }
}

#[test]
fn the_grants_of_one_user_are_not_those_of_another() {
    let router = made(|setup| user(setup, BERLIN, BOB).grants = Some(grants(&[NumberClass::Local])));
    let out = |user| router.outbound(BERLIN, "0089123456", &by(user), noon()).map(|out| out.class);
    assert_eq!((out(ALICE), out(BOB)), (Ok(NumberClass::National), Err(Unresolved::Forbidden)));
}

#[test]
fn a_user_that_the_tenant_has_not_calls_nobody_but_for_help() {
    let router = made(|_| {});
    let out = |number| router.outbound(BERLIN, number, &by(UserId(999)), noon()).map(|out| out.class);
    assert_eq!((out("0123456"), out("0112")), (Err(Unresolved::Forbidden), Ok(NumberClass::Emergency)));
}

#[test]
fn countries_and_digits_that_are_never_called_narrow_the_grant() {
    let router = made(|setup| {
        let grants = &mut outside(setup, BERLIN).grants;
        grants.countries = ["FR".into(), "US".into()].into();
        grants.never = ["339".into(), "49171".into()].into();
    });
    for (number, granted) in [
        ("00033142685300", true),
        ("+33 1 42 68 53 00", true),
        ("+33 9 42 68 53 00", false),
        ("+44 1212345678", false),
        ("+1 212 555 1234", true),
        // North America is many countries.
        ("+1 876 555 1234", false),
        ("+1 613 555 0123", false),
        ("001711234567", false),
        ("001601234567", true),
        ("0089123456", true),
    ] {
        let out = call(&router, number);
        assert_eq!(out.as_ref().err(), (!granted).then_some(&Unresolved::Forbidden), "{number}");
    }
}

#[test]
fn a_number_that_is_written_otherwise_is_the_same_number() {
    let router =
        made(|setup| outside(setup, BERLIN).grants = grants(&[NumberClass::Local, NumberClass::International]));
    for number in ["009001123456", "+499001123456", "00049 900 1123456", "+49 (0)900 1123456", "0-0900/1123456 99"] {
        assert_eq!(call(&router, number), Err(Unresolved::Forbidden), "{number}");
    }
    for (number, why) in [
        ("alice", Unresolved::Unknown),
        ("123", Unresolved::Unknown),
        ("0", Unresolved::Unknown),
        ("+4930", Unresolved::Incomplete),
    ] {
        assert_eq!(call(&router, number), Err(why), "{number}");
    }
}
