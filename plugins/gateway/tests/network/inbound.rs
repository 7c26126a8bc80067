//! Whom a call reaches that a carrier brings.

use gateway::Router;
use switch::{DidTarget, Inbound, NotAdmitted, Number, NumberForm, NumberStyle, Target, TenantId, TrunkId};

use crate::made::{ACME, BERLIN, BETA, HUDSON, NEW_YORK, SPREE, did, e164, made};

fn reach(router: &Router, trunk: TrunkId, called: &[&str]) -> Result<(TenantId, String), NotAdmitted> {
    let called: Vec<String> = called.iter().map(|text| (*text).to_owned()).collect();
    router.inbound(trunk, &called, "").map(|(tenant, inbound)| (tenant, inbound.number.to_string()))
}

#[test]
fn a_number_reaches_its_owner_however_the_carrier_writes_it() {
    let national = |country: &str| NumberStyle::National { country: country.into() };
    for (style, called) in [
        (NumberStyle::Plus, "+493055522"),
        (NumberStyle::Plus, "493055522"),
        (NumberStyle::Plus, "00493055522"),
        (NumberStyle::Digits, "493055522"),
        (NumberStyle::Digits, "+49-30-555.22"),
        (NumberStyle::International("011".into()), "011493055522"),
        (NumberStyle::International("00".into()), "00493055522"),
        (national("DE"), "03055522"),
        (national("DE"), "00493055522"),
        (national("DE"), "493055522"),
    ] {
        let router = made(|setup| setup.trunks[0].numbers = NumberForm { style: style.clone(), prefix: "77".into() });
        assert_eq!(reach(&router, ACME, &[called]), Ok((BERLIN, "+493055522".into())), "{style:?} {called}");
    }
    let router = made(|_| {});
    assert_eq!(reach(&router, SPREE, &["03055522"]), Ok((BERLIN, "+493055522".into())), "as the tenant's country does");
    assert_eq!(reach(&router, ACME, &["03055522"]), Err(NotAdmitted(404)), "nobody knows of which country");
    assert_eq!(reach(&router, HUDSON, &["2125550123"]), Ok((NEW_YORK, "+12125550123".into())));
}

#[test]
fn the_names_of_the_called_one_are_tried_in_their_order() {
    let router = made(|_| {});
    for (called, reached) in [
        (&["login", "anonymous", "+493055522"][..], Ok((BERLIN, "+493055522".to_owned()))),
        (&["+12125550123", "+493055522"], Ok((NEW_YORK, "+12125550123".to_owned()))),
        (&["+499999999", "+4930777"], Ok((BERLIN, "+4930777".to_owned()))),
        (&["+499999999", "alice", ""], Err(NotAdmitted(404))),
        (&[], Err(NotAdmitted(404))),
    ] {
        assert_eq!(reach(&router, ACME, called), reached, "{called:?}");
    }
}

#[test]
fn a_carrier_is_told_as_it_expects_that_nobody_has_a_number() {
    let router = made(|setup| {
        setup.trunks[0].unknown_number = 603;
        setup.trunks[1].enabled = false;
        setup.trunks[1].unknown_number = 480;
    });
    assert_eq!(reach(&router, ACME, &["+499999999"]), Err(NotAdmitted(603)));
    assert_eq!(reach(&router, BETA, &["+493055522"]), Err(NotAdmitted(480)), "the trunk is switched off");
    assert_eq!(reach(&router, TrunkId(999), &["+493055522"]), Err(NotAdmitted(404)));
}

#[test]
fn a_trunk_of_a_tenant_reaches_that_tenants_numbers_alone() {
    let router = made(|_| {});
    assert_eq!(reach(&router, SPREE, &["+12125550123"]), Err(NotAdmitted(404)));
    assert_eq!(reach(&router, SPREE, &["+12125550123", "+493055522"]), Ok((BERLIN, "+493055522".into())));
    assert_eq!(reach(&router, HUDSON, &["+493055522"]), Err(NotAdmitted(404)));
    for trunk in [ACME, BETA] {
        assert_eq!(reach(&router, trunk, &["+12125550123"]), Ok((NEW_YORK, "+12125550123".into())));
    }
}

#[test]
fn a_number_that_is_bound_to_a_trunk_is_reached_over_no_other() {
    let router = made(|setup| {
        setup.dids = vec![
            switch::Did { trunk: Some(SPREE), ..did(1, BERLIN, "+493055522") },
            switch::Did { trunk: Some(BETA), leads_to: DidTarget::Room("600".into()), ..did(2, BERLIN, "+49305552X") },
            did(3, NEW_YORK, "+493055*"),
        ];
    });
    for (trunk, tenant) in [(SPREE, BERLIN), (BETA, BERLIN), (ACME, NEW_YORK), (HUDSON, NEW_YORK)] {
        assert_eq!(reach(&router, trunk, &["+493055522"]), Ok((tenant, "+493055522".into())), "{trunk:?}");
    }
}

#[test]
fn the_number_leads_to_a_user_a_room_or_whom_the_dialplan_says() {
    let router = made(|setup| {
        setup.dids = vec![
            switch::Did { leads_to: DidTarget::User("alice".into()), ..did(1, BERLIN, "+493055511") },
            switch::Did { leads_to: DidTarget::Room("600".into()), ..did(2, BERLIN, "+493055510-+493055519") },
            did(3, BERLIN, "+4930555*"),
        ];
    });
    for (called, leads_to) in [
        ("+493055511", Some(Target::User("alice".into()))),
        ("+493055512", Some(Target::Room("600".into()))),
        ("+493055520", None),
    ] {
        let (tenant, inbound) = router.inbound(ACME, &[called.to_owned()], "+33142685300").expect(called);
        let number = Number::World(e164(called));
        let wanted = Inbound { trunk: ACME, number, caller: "00033142685300".into(), leads_to };
        assert_eq!((tenant, inbound), (BERLIN, wanted), "{called}");
    }
}

#[test]
fn the_caller_is_shown_so_that_he_can_be_called_back() {
    let router = made(|setup| {
        setup.trunks[1].numbers.style = NumberStyle::National { country: "DE".into() };
    });
    for (trunk, called, caller, shown) in [
        (ACME, "+493055522", "+4930123456", "0030123456"),
        (ACME, "+493055522", "4930123456", "0030123456"),
        (ACME, "+493055522", "030123456", "0030123456"),
        (BETA, "+493055522", "030123456", "0030123456"),
        (BETA, "+493055522", "0033142685300", "00033142685300"),
        (ACME, "+12125550123", "+12125559876", "92125559876"),
        (ACME, "+12125550123", "+4930123456", "90114930123456"),
        (ACME, "+12125550123", "2125559876", "92125559876"),
        (ACME, "+493055522", "anonymous", ""),
        (ACME, "+493055522", "", ""),
        // It would read as an extension.
        (ACME, "+493055522", "101", ""),
        (ACME, "+493055522", "alice", ""),
        (ACME, "+493055522", "115", "0115"),
        (ACME, "+493055522", "110", "0110"),
    ] {
        let (tenant, inbound) = router.inbound(trunk, &[called.to_owned()], caller).expect(called);
        assert_eq!(inbound.caller, shown, "{trunk:?} {called} {caller}");
        if !shown.is_empty() {
            let asker = switch::Asker::default();
            assert!(router.outbound(tenant, shown, &asker, crate::made::noon()).is_ok(), "{shown} can be called back");
        }
    }
}

#[test]
fn a_number_is_found_among_a_hundred_thousand() {
    let router = made(|setup| {
        let one = |id: i64| did(id, BERLIN, &format!("+4930{:07}", id * 3));
        let range = |id: i64| did(id, NEW_YORK, &format!("+1212{:07}-+1212{:07}", id * 50, id * 50 + 20));
        setup.dids = (1..=100_000).map(one).chain((100_001..=150_000).map(range)).collect();
    });
    for (called, tenant) in [
        ("+49300150000", Some(BERLIN)),
        ("+49300150001", None),
        ("+12125000060", Some(NEW_YORK)),
        ("+12125000080", None),
    ] {
        assert_eq!(reach(&router, ACME, &[called]).ok().map(|(tenant, _)| tenant), tenant, "{called}");
    }
}
