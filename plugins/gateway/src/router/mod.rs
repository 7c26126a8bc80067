//! What is to become of a number: who may call it, over which trunks, at what price; and whom it reaches here.

mod check;
mod day;
mod dids;
mod explain;
mod grants;
mod inbound;
mod outbound;
mod purse;
mod setup;
mod ways;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::tz::TimeZone;
use switch::{NumberClass, SpendingLimits, TenantId, TenantOutside, Trunk, TrunkId, UserId, UserOutside};

use crate::carrier::Form;
use crate::numbers::{Dialled, Dialling, Kind, Unread, world};
use crate::rates::RateTable;

pub use check::{Complaint, Flaw, check};
use day::Local;
use dids::Dids;
pub use explain::{Considered, Explanation, Fate, Reading};
pub use grants::{By, Refusal, Verdict};
pub use setup::{Setup, TenantSetup, UserSetup};
use ways::Ways;

/// The knowledge of the public network, made of a [`Setup`] and unchanging: whoever changes the setup makes another.
#[derive(Debug, Clone, Default)]
pub struct Router {
    /// By the key that the store minted.
    tenants: BTreeMap<TenantId, Tenant>,
    /// By the key that the store minted.
    trunks: BTreeMap<TrunkId, Line>,
    dids: Dids,
    /// The routes of each tenant, and under `None` those of nobody.
    ways: BTreeMap<Option<TenantId>, Ways>,
}

/// A tenant.
#[derive(Debug, Clone)]
struct Tenant {
    outside: TenantOutside,
    dialling: Dialling,
    zone: TimeZone,
    /// By the key that the store minted.
    users: BTreeMap<UserId, UserOutside>,
    /// The trunks that it has routes over, by name.
    trunks: BTreeMap<String, TrunkId>,
}

/// What is known of a trunk.
#[derive(Debug, Clone)]
struct Line {
    name: String,
    tenant: Option<TenantId>,
    enabled: bool,
    form: Form,
    /// It may be shown numbers that are not ours.
    foreign: bool,
    limits: SpendingLimits,
    unknown_number: u16,
    rates: Option<Arc<RateTable>>,
}

impl Line {
    fn of(trunk: Trunk, rates: Option<Arc<RateTable>>) -> Self {
        Self {
            form: Form::of(&trunk.numbers),
            name: trunk.name,
            tenant: trunk.tenant,
            enabled: trunk.enabled,
            foreign: trunk.identity.foreign,
            limits: trunk.limits,
            unknown_number: trunk.unknown_number,
            rates,
        }
    }

    /// Whether calls of a tenant may go over it at all.
    fn serves(&self, tenant: TenantId) -> bool {
        self.tenant.is_none_or(|owner| owner == tenant)
    }
}

/// A number that somebody dialled, as far as it is understood.
struct Meant {
    dialled: Dialled,
    kind: Kind,
    /// By which routes, rates and grants know it.
    digits: String,
}

impl Router {
    /// Of this setup. What is wrong in it does not count: see [`check`].
    #[must_use]
    pub fn new(setup: Setup) -> Self {
        let Setup { tenants, trunks, dids, routes, mut tables } = setup;
        // Not when the first number is dialled.
        world::unpack();
        let mut line = |trunk: Trunk| {
            let rates = tables.remove(&trunk.id);
            (trunk.id, Line::of(trunk, rates))
        };
        let trunks = trunks.into_iter().map(&mut line).collect();
        let mut ways: BTreeMap<Option<TenantId>, Ways> = BTreeMap::new();
        for route in routes {
            ways.entry(route.tenant).or_default().add(route);
        }
        let mut router = Self { tenants: BTreeMap::new(), trunks, dids: Dids::new(dids), ways };
        for (id, tenant) in tenants {
            let trunks = router.reached(id);
            let known = Tenant {
                dialling: Dialling::of(&tenant.outside.rules),
                zone: day::zone(&tenant.zone).unwrap_or(TimeZone::UTC),
                outside: tenant.outside,
                users: tenant.users.into_iter().map(|(id, user)| (id, user.outside)).collect(),
                trunks,
            };
            router.tenants.insert(id, known);
        }
        router
    }

    /// The trunks that a tenant has routes over, by name.
    fn reached(&self, tenant: TenantId) -> BTreeMap<String, TrunkId> {
        let over: BTreeSet<TrunkId> = self.routes_of(tenant).filter_map(|route| self.legal(tenant, route)).collect();
        over.into_iter().filter_map(|id| Some((self.trunks.get(&id)?.name.clone(), id))).collect()
    }

    /// Whether an emergency number of the tenant's country is dialled, with or without what is dialled to get a line.
    #[must_use]
    pub fn is_emergency(&self, tenant: TenantId, dialled: &str) -> bool {
        self.tenants.get(&tenant).is_some_and(|tenant| tenant.dialling.is_emergency(dialled))
    }

    /// What a tenant's people mean by what they dial.
    fn meant(&self, id: TenantId, tenant: &Tenant, dialled: &str) -> Result<Meant, Unread> {
        let dialled = tenant.dialling.read(dialled)?;
        let mut kind = tenant.dialling.kind(&dialled);
        if matches!(&dialled, Dialled::World(number) if self.dids.owns(id, number)) {
            kind.class = NumberClass::Internal;
        }
        let digits = tenant.dialling.digits(&dialled.number());
        Ok(Meant { dialled, kind, digits })
    }
}
