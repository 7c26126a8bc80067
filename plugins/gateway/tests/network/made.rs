//! Setups for the stories.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use gateway::{RateTable, Router, Setup, TenantSetup, UserSetup};
use switch::{
    Asker, DialRules, Did, DidTarget, E164, Grants, Hop, Location, NumberClass, Outbound, Outside, Route, TenantId,
    TenantOutside, Trunk, TrunkId, Unresolved, UserId, UserOutside,
};

/// A tenant in Berlin that gets a line with `0`, and one in New York that gets it with `9`.
pub(crate) const BERLIN: TenantId = TenantId(1);
pub(crate) const NEW_YORK: TenantId = TenantId(2);
/// Users of the one in Berlin; Carol is in New York.
pub(crate) const ALICE: UserId = UserId(11);
pub(crate) const BOB: UserId = UserId(12);
pub(crate) const CAROL: UserId = UserId(21);
/// Trunks of nobody, of Berlin and of New York.
pub(crate) const ACME: TrunkId = TrunkId(101);
pub(crate) const BETA: TrunkId = TrunkId(102);
pub(crate) const SPREE: TrunkId = TrunkId(111);
pub(crate) const HUDSON: TrunkId = TrunkId(121);

pub(crate) fn e164(text: &str) -> E164 {
    text.parse().expect(text)
}

/// Monday, 2026-03-02, noon in Berlin.
pub(crate) fn noon() -> SystemTime {
    at("2026-03-02T11:00:00Z")
}

pub(crate) fn at(text: &str) -> SystemTime {
    text.parse::<jiff::Timestamp>().expect(text).into()
}

pub(crate) fn grants(classes: &[NumberClass]) -> Grants {
    Grants { classes: classes.iter().copied().collect(), ..Grants::default() }
}

pub(crate) fn place(room: &str) -> Location {
    Location { country: "DE".into(), room: room.into(), ..Location::default() }
}

pub(crate) fn route(id: i64, name: &str, tenant: Option<TenantId>, trunk: TrunkId) -> Route {
    Route {
        id,
        name: name.into(),
        tenant,
        prefix: String::new(),
        classes: [].into(),
        trunk,
        priority: 10,
        hours: None,
        enabled: true,
    }
}

pub(crate) fn did(id: i64, tenant: TenantId, numbers: &str) -> Did {
    let numbers = numbers.parse().expect(numbers);
    Did { id, tenant, numbers, trunk: None, leads_to: DidTarget::Dialplan }
}

pub(crate) fn trunk(id: TrunkId, name: &str, tenant: Option<TenantId>) -> Trunk {
    Trunk { tenant, ..Trunk::named(id, name) }
}

pub(crate) fn prices(text: &str) -> Arc<RateTable> {
    Arc::new(RateTable::from_csv(format!("prefix,per_minute\n{text}").as_bytes()).expect("prices"))
}

fn tenant(name: &str, zone: &str, rules: [&str; 3], users: [(UserId, &str); 2]) -> TenantSetup {
    let [country, area, line] = rules.map(str::to_owned);
    let user = |(id, name): (UserId, &str)| (id, UserSetup { name: name.into(), outside: UserOutside::default() });
    TenantSetup {
        name: name.into(),
        outside: TenantOutside {
            rules: DialRules { country, area, line },
            grants: grants(&NumberClass::ALL),
            ..TenantOutside::default()
        },
        zone: zone.into(),
        users: users.into_iter().map(user).collect(),
    }
}

/// Two tenants that may call everything, a trunk for each and two for both, and a route over each trunk.
pub(crate) fn setup() -> Setup {
    let berlin = tenant("berlin", "Europe/Berlin", ["DE", "30", "0"], [(ALICE, "alice"), (BOB, "bob")]);
    let new_york = tenant("new-york", "America/New_York", ["US", "212", "9"], [(CAROL, "carol"), (UserId(22), "dave")]);
    Setup {
        tenants: [(BERLIN, berlin), (NEW_YORK, new_york)].into(),
        trunks: vec![
            trunk(ACME, "acme", None),
            trunk(BETA, "beta", None),
            trunk(SPREE, "spree", Some(BERLIN)),
            trunk(HUDSON, "hudson", Some(NEW_YORK)),
        ],
        dids: vec![
            did(1, BERLIN, "+493055500-+493055599"),
            did(2, BERLIN, "+4930777"),
            did(3, NEW_YORK, "+12125550100-+12125550199"),
        ],
        routes: vec![
            route(1, "to-acme", None, ACME),
            route(2, "to-beta", None, BETA),
            route(3, "to-spree", Some(BERLIN), SPREE),
            route(4, "to-hudson", Some(NEW_YORK), HUDSON),
        ],
        tables: BTreeMap::new(),
    }
}

/// The setup, changed.
pub(crate) fn made(change: impl FnOnce(&mut Setup)) -> Router {
    let mut setup = setup();
    change(&mut setup);
    Router::new(setup)
}

pub(crate) fn outside(setup: &mut Setup, tenant: TenantId) -> &mut TenantOutside {
    &mut setup.tenants.get_mut(&tenant).expect("a tenant").outside
}

pub(crate) fn user(setup: &mut Setup, tenant: TenantId, user: UserId) -> &mut UserOutside {
    &mut setup.tenants.get_mut(&tenant).expect("a tenant").users.get_mut(&user).expect("a user").outside
}

pub(crate) fn by(user: UserId) -> Asker {
    Asker { user: Some(user), ..Asker::default() }
}

pub(crate) fn wishing(outside: Outside) -> Asker {
    Asker { user: Some(ALICE), outside, ..Asker::default() }
}

/// A call of Alice's, at noon.
pub(crate) fn call(router: &Router, dialled: &str) -> Result<Outbound, Unresolved> {
    router.outbound(BERLIN, dialled, &by(ALICE), noon())
}

/// The trunks over which it goes, in their order.
pub(crate) fn trunks(out: &Result<Outbound, Unresolved>) -> Result<Vec<TrunkId>, Unresolved> {
    out.as_ref().map(|out| out.hops.iter().map(|hop| hop.trunk).collect()).map_err(|why| *why)
}

pub(crate) fn first(out: Result<Outbound, Unresolved>) -> Hop {
    out.expect("a way").hops.into_iter().next().expect("a trunk")
}
