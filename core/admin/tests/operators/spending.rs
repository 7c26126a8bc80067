//! What may be called, and what may be spent.

use admin::v1::{
    GetLimitsRequest, GetOutsideRequest, GetSpentRequest, Grants, Limits, Location, NumberClass, Outside,
    SetLimitsRequest, SetOutsideRequest,
};
use switch::{Money, Payer, Spent, TrunkId};
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::house::{House, at};
use crate::numbers::create;

fn fields(status: &Status) -> Vec<String> {
    assert_eq!(status.code(), Code::InvalidArgument, "{status}");
    let wrong = status.get_details_bad_request().expect("details").field_violations;
    wrong.into_iter().map(|wrong| wrong.field).collect()
}

fn of(tenant: &str, user: &str, trunk: &str) -> SetLimitsRequest {
    let [tenant, user, trunk] = [tenant, user, trunk].map(str::to_owned);
    SetLimitsRequest { tenant, user, trunk, ..Default::default() }
}

#[tokio::test]
async fn a_tenant_begins_with_cautious_limits_and_no_grants_and_users_and_trunks_with_no_limits() {
    let (house, _) = House::with_acme().await;
    house.user("acme", "alice", "1001").await;
    house.trunk("berlin", "").await;
    let mut limits = house.limits().await;
    let mut get = async |tenant: &str, user: &str, trunk: &str| {
        let [tenant, user, trunk] = [tenant, user, trunk].map(str::to_owned);
        limits.get(GetLimitsRequest { tenant, user, trunk }).await.unwrap().into_inner().limits.unwrap()
    };
    let cautious = Limits {
        concurrent: Some(10),
        per_second: Some(2),
        per_hour: Some(120),
        minutes_per_day: Some(600),
        cost_per_day: None,
    };
    assert_eq!(get("acme", "", "").await, cautious);
    assert_eq!(get("acme", "alice", "").await, Limits::default());
    assert_eq!(get("", "", "berlin").await, Limits::default());
    let request = GetOutsideRequest { tenant: "acme".to_owned(), user: String::new() };
    let outside = house.outside().await.get(request).await.unwrap().into_inner();
    assert_eq!(outside.grants, Some(Grants::default()), "nobody but emergency numbers");
    let request = GetOutsideRequest { tenant: "acme".to_owned(), user: "alice".to_owned() };
    assert_eq!(house.outside().await.get(request).await.unwrap().into_inner().grants, None, "as the tenant");
}

#[tokio::test]
async fn limits_are_set_of_tenants_users_and_trunks_and_taken_back() {
    let (house, acme) = House::with_acme().await;
    let alice = house.user("acme", "alice", "1001").await;
    house.trunk("berlin", "").await;
    let before = house.told();
    let mut limits = house.limits().await;
    for (tenant, user, trunk) in [("acme", "", ""), ("acme", "alice", ""), ("", "", "berlin")] {
        let request = SetLimitsRequest {
            concurrent: Some(3),
            per_second: Some(0),
            minutes_per_day: Some(u32::MAX),
            cost_per_day: Some("12.5".to_owned()),
            ..of(tenant, user, trunk)
        };
        let set = limits.set(request).await.unwrap().into_inner();
        assert_eq!((set.tenant.as_str(), set.user.as_str(), set.trunk.as_str()), (tenant, user, trunk));
        let set = set.limits.unwrap();
        assert_eq!((set.concurrent, set.per_second, set.minutes_per_day), (Some(3), None, Some(u32::MAX)));
        assert_eq!(set.cost_per_day.as_deref(), Some("12.50"));
        let per_hour = if user.is_empty() && trunk.is_empty() { Some(120) } else { None };
        assert_eq!(set.per_hour, per_hour, "what was absent stays");
        let free = SetLimitsRequest { cost_per_day: Some("0".to_owned()), ..of(tenant, user, trunk) };
        let set = limits.set(free).await.unwrap().into_inner().limits.unwrap();
        assert_eq!(set.cost_per_day.as_deref(), Some("0.00"), "nothing that costs");
        let none = SetLimitsRequest { cost_per_day: Some(String::new()), ..of(tenant, user, trunk) };
        assert_eq!(limits.set(none).await.unwrap().into_inner().limits.unwrap().cost_per_day, None);
    }
    assert_eq!(house.store.outside(acme).of_user(alice).await.unwrap().limits.concurrent, Some(3));
    assert_eq!(house.store.trunks().by_name("berlin").await.unwrap().limits.concurrent, Some(3));
    assert_eq!(house.told(), before + 9);
    for wrong in ["-1", "1e9", "1.1234567", "1234567890", "9223372036854775808", "1,50", "ten", "\0", " 1"] {
        let request = SetLimitsRequest { cost_per_day: Some(wrong.to_owned()), ..of("acme", "", "") };
        assert_eq!(fields(&limits.set(request).await.unwrap_err()), ["cost_per_day"], "{wrong:?}");
    }
    for (tenant, user, trunk, code) in [
        ("", "", "", Code::InvalidArgument),
        ("acme", "", "berlin", Code::InvalidArgument),
        ("", "alice", "berlin", Code::InvalidArgument),
        ("", "alice", "", Code::InvalidArgument),
        ("acme", "nobody", "", Code::NotFound),
        ("nobody", "", "", Code::NotFound),
        ("", "", "rome", Code::NotFound),
    ] {
        let refused = limits.set(of(tenant, user, trunk)).await.unwrap_err();
        assert_eq!(refused.code(), code, "{tenant:?} {user:?} {trunk:?}: {refused}");
    }
    assert_eq!(house.told(), before + 9);
}

#[tokio::test]
async fn what_is_spent_is_told_beside_what_may_be() {
    let (house, acme) = House::with_acme().await;
    let berlin = house.trunk("berlin", "").await;
    let spent =
        |payer| Spent { payer, concurrent: 2, hour: 17, seconds: 3661, cost: Money(1_250_000), day_ends: at(60) };
    *house.exchange.spent.lock().unwrap() =
        vec![spent(Payer::Tenant(acme)), Spent { hour: 18, ..spent(Payer::Trunk(TrunkId(berlin.id))) }];
    let mut limits = house.limits().await;
    let mut get = async |tenant: &str, user: &str, trunk: &str| {
        let [tenant, user, trunk] = [tenant, user, trunk].map(str::to_owned);
        limits.get_spent(GetSpentRequest { tenant, user, trunk }).await.unwrap().into_inner()
    };
    let now = get("acme", "", "").await;
    assert_eq!((now.concurrent, now.hour, now.seconds, now.cost.as_str()), (2, 17, 3661, "1.25"));
    assert_eq!((now.day_ends, now.limits.unwrap().concurrent), (Some(at(60).into()), Some(10)));
    assert_eq!(get("", "", "berlin").await.hour, 18);
    house.user("acme", "alice", "1001").await;
    let nothing = get("acme", "alice", "").await;
    assert_eq!((nothing.hour, nothing.cost.as_str(), nothing.day_ends), (0, "0.00", None));
}

async fn set(house: &House, request: SetOutsideRequest) -> Result<Outside, Status> {
    house.outside().await.set(request).await.map(tonic::Response::into_inner)
}

fn acme() -> SetOutsideRequest {
    SetOutsideRequest { tenant: "acme".to_owned(), ..Default::default() }
}

#[tokio::test]
async fn the_way_outside_of_a_tenant_is_set_piece_by_piece() {
    let (house, _) = House::with_acme().await;
    house.trunk("berlin", "").await;
    house.numbers().await.create(create("acme", "+4930123*")).await.unwrap();
    let before = house.told();
    let classes = [NumberClass::International, NumberClass::Local].map(i32::from).to_vec();
    let grants = Grants {
        classes,
        countries: vec!["at".to_owned(), "CH".to_owned()],
        never: vec!["+43900".to_owned(), "49900".to_owned()],
    };
    let location = Location { country: "de".to_owned(), city: "Köln".to_owned(), ..Default::default() };
    let request = SetOutsideRequest {
        country: Some("de".to_owned()),
        area: Some("30".to_owned()),
        line: Some("0".to_owned()),
        grants: Some(grants),
        shown: Some("+4930123400".to_owned()),
        emergency_trunk: Some("berlin".to_owned()),
        location: Some(location),
        ..acme()
    };
    let made = set(&house, request).await.unwrap();
    let rules = made.rules.clone().unwrap();
    assert_eq!((rules.country.as_str(), rules.area.as_str(), rules.line.as_str()), ("DE", "30", "0"));
    let grants = made.grants.clone().unwrap();
    assert_eq!(grants.classes().collect::<Vec<_>>(), [NumberClass::Local, NumberClass::International]);
    assert_eq!((grants.countries.join(" "), grants.never.join(" ")), ("AT CH".to_owned(), "43900 49900".to_owned()));
    assert_eq!((made.shown.as_deref(), made.emergency_trunk.as_deref()), (Some("+4930123400"), Some("berlin")));
    assert_eq!(made.location.as_ref().unwrap().country, "DE");
    assert_eq!(set(&house, acme()).await.unwrap(), made, "what is absent stays");
    let back = SetOutsideRequest {
        country: Some(String::new()),
        area: Some(String::new()),
        line: Some(String::new()),
        grants: Some(Grants::default()),
        shown: Some(String::new()),
        emergency_trunk: Some(String::new()),
        location: Some(Location::default()),
        ..acme()
    };
    let back = set(&house, back).await.unwrap();
    assert_eq!((back.rules.unwrap().country.as_str(), back.shown, back.location), ("", None, None));
    assert_eq!((back.grants, back.emergency_trunk), (Some(Grants::default()), None));
    assert_eq!(house.told(), before + 3);
}

#[tokio::test]
async fn a_user_has_grants_of_his_own_or_those_of_his_tenant() {
    let (house, _) = House::with_acme().await;
    house.user("acme", "alice", "1001").await;
    house.numbers().await.create(create("acme", "+4930123*")).await.unwrap();
    let alice = || SetOutsideRequest { user: "alice".to_owned(), ..acme() };
    let request = SetOutsideRequest {
        grants: Some(Grants::default()),
        shown: Some("+4930123401".to_owned()),
        location: Some(Location { room: "12".to_owned(), ..Default::default() }),
        ..alice()
    };
    let made = set(&house, request).await.unwrap();
    assert_eq!((made.user.as_str(), made.grants), ("alice", Some(Grants::default())));
    assert_eq!((made.shown.as_deref(), made.location.unwrap().room.as_str()), (Some("+4930123401"), "12"));
    let inherited = set(&house, SetOutsideRequest { inherit_grants: true, ..alice() }).await.unwrap();
    assert_eq!((inherited.grants, inherited.shown.as_deref()), (None, Some("+4930123401")));
    let wrong = SetOutsideRequest {
        country: Some("DE".to_owned()),
        area: Some("30".to_owned()),
        line: Some("0".to_owned()),
        emergency_trunk: Some("berlin".to_owned()),
        inherit_grants: true,
        grants: Some(Grants::default()),
        ..alice()
    };
    let refused = set(&house, wrong).await.unwrap_err();
    assert_eq!(fields(&refused), ["emergency_trunk", "country", "area", "line", "inherit_grants"]);
    let whole = set(&house, SetOutsideRequest { inherit_grants: true, ..acme() }).await.unwrap_err();
    assert_eq!(fields(&whole), ["inherit_grants"]);
}

#[tokio::test]
async fn what_is_not_the_tenants_own_is_neither_shown_nor_used() {
    let (house, _) = House::with_acme().await;
    house.tenant("umbrella").await;
    house.user("acme", "alice", "1001").await;
    house.trunk("theirs", "umbrella").await;
    house.numbers().await.create(create("umbrella", "+4930777")).await.unwrap();
    let before = house.told();
    for user in ["", "alice"] {
        let request = SetOutsideRequest { user: user.to_owned(), shown: Some("+4930777".to_owned()), ..acme() };
        let refused = set(&house, request).await.unwrap_err();
        assert_eq!(fields(&refused), ["shown"]);
        assert!(refused.message().contains("+4930777 is no number of the tenant's own"), "{refused}");
    }
    let request = SetOutsideRequest { emergency_trunk: Some("theirs".to_owned()), ..acme() };
    assert_eq!(set(&house, request).await.unwrap_err().code(), Code::NotFound);
    assert_eq!(house.told(), before);
}

#[tokio::test]
async fn a_number_that_is_shown_stays_its_tenants() {
    let (house, _) = House::with_acme().await;
    house.user("acme", "alice", "1001").await;
    house.numbers().await.create(create("acme", "+4930123")).await.unwrap();
    let request = SetOutsideRequest { user: "alice".to_owned(), shown: Some("+4930123".to_owned()), ..acme() };
    set(&house, request).await.unwrap();
    let delete = admin::v1::DeleteNumberRequest { tenant: "acme".to_owned(), numbers: "+4930123".to_owned() };
    let refused = house.numbers().await.delete(delete).await.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition);
    assert_eq!(refused.message(), "the number is used by user alice, who shows it");
}
