//! What is wrong in a setup, before anybody calls.

use std::collections::{BTreeMap, BTreeSet};

use switch::{Did, E164, Route, TenantId, Trunk, TrunkId};

use super::dids::{Dids, Span, spans};
use super::{Setup, TenantSetup, day};
use crate::numbers::{Dialling, world};

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// Of what, by name: `tenant acme: shown`.
    pub name: String,
    /// What stands there.
    pub value: String,
    /// What is wrong with it.
    pub flaw: Flaw,
}

/// As `route germany: trunk: "7": there is no such trunk: …`.
impl std::fmt::Display for Complaint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {:?}: {}", self.name, self.value, self.flaw)
    }
}

/// What is wrong, and its cure.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// Another tenant has the same number.
    #[error(
        "tenant {0} has numbers of these too, as {1}: take them from one of the two, or bind each to its own trunk"
    )]
    Overlap(String, String),
    /// No trunk has that key.
    #[error("there is no such trunk: name one that there is")]
    NoTrunk,
    /// The trunk is another tenant's.
    #[error("this trunk is another tenant's: name one of the tenant's own, or one of nobody's")]
    ForeignTrunk,
    /// A route for all over the trunk of one.
    #[error("a route for every tenant cannot lead over the trunk of one: make it that tenant's route")]
    SharedRoute,
    /// The trunk is switched off.
    #[error("this trunk is switched off, and calls for help go as others do: switch it on, or name another")]
    DisabledTrunk,
    /// The number is not one of the tenant's.
    #[error(
        "the tenant does not own this number, and it is never shown: add it to the tenant's numbers, or show another"
    )]
    NotOwned,
    /// No such tenant.
    #[error("there is no such tenant: remove it")]
    NoTenant,
    /// No country has this code.
    #[error("no country has this code: write it as ISO 3166-1 does, as DE")]
    NoCountry,
    /// No such time zone.
    #[error("there is no such time zone, and UTC counts instead: write it as Europe/Berlin")]
    NoZone,
    /// Something in it is no digit.
    #[error("write digits alone")]
    NoDigits,
    /// Nobody can dial it.
    #[error("this is an emergency number of the country, and who dials it calls for help: name the user otherwise")]
    EmergencyName,
    /// Two trunks have the same name.
    #[error("another trunk has the same name: rename one of the two")]
    NameTwice,
}

impl Flaw {
    /// Whether something does not work, or goes where it should not; else it does not do what somebody may expect.
    #[must_use]
    pub const fn is_error(&self) -> bool {
        !matches!(self, Self::DisabledTrunk | Self::EmergencyName | Self::NoZone)
    }
}

/// Looks for what is wrong in a setup. Of numbers that several tenants have the first few are named.
#[must_use]
pub fn check(setup: &Setup) -> Vec<Complaint> {
    let mut check =
        Check { setup, trunks: setup.trunks.iter().map(|trunk| (trunk.id, trunk)).collect(), complaints: Vec::new() };
    check.trunk_names();
    let dids = Dids::new(setup.dids.clone());
    for (id, tenant) in &setup.tenants {
        check.tenant(*id, tenant, &dids);
    }
    setup.routes.iter().for_each(|route| check.route(route));
    setup.dids.iter().for_each(|did| check.did(did));
    check.overlaps();
    check.complaints
}

/// So many overlaps are told: a range that was given twice has as many of them as it has numbers.
const MOST_OVERLAPS: usize = 20;

struct Check<'a> {
    setup: &'a Setup,
    /// By the key that the store minted.
    trunks: BTreeMap<TrunkId, &'a Trunk>,
    complaints: Vec<Complaint>,
}

impl<'a> Check<'a> {
    fn complain(&mut self, name: String, value: &(impl ToString + ?Sized), flaw: Flaw) {
        self.complaints.push(Complaint { name, value: value.to_string(), flaw });
    }

    fn name_of(&self, tenant: TenantId) -> String {
        self.setup.tenants.get(&tenant).map_or_else(|| tenant.0.to_string(), |tenant| tenant.name.clone())
    }

    fn trunk_names(&mut self) {
        let mut seen = BTreeSet::new();
        for trunk in self.setup.trunks.iter().filter(|trunk| !seen.insert(trunk.name.as_str())) {
            self.complain(format!("trunk {}", trunk.name), &trunk.name, Flaw::NameTwice);
        }
    }

    fn tenant(&mut self, id: TenantId, tenant: &TenantSetup, dids: &Dids) {
        let (name, outside) = (&tenant.name, &tenant.outside);
        let of = |what: &str| format!("tenant {name}: {what}");
        let no_country = |code: &str| !code.is_empty() && world::country(code).is_none();
        if no_country(&outside.rules.country) {
            self.complain(of("country"), &outside.rules.country, Flaw::NoCountry);
        }
        for (what, digits) in [("area", &outside.rules.area), ("line", &outside.rules.line)] {
            self.digits(of(what), digits);
        }
        if !tenant.zone.is_empty() && day::zone(&tenant.zone).is_none() {
            self.complain(of("time zone"), &tenant.zone, Flaw::NoZone);
        }
        if let Some(trunk) = outside.emergency {
            let flaw = self.trunk_flaw(trunk, Some(id));
            let disabled = self.trunks.get(&trunk).filter(|trunk| !trunk.enabled).map(|_| Flaw::DisabledTrunk);
            if let Some(flaw) = flaw.or(disabled) {
                self.complain(of("emergency"), &trunk.0, flaw);
            }
        }
        self.shown(of("shown"), id, outside.shown.as_ref(), dids);
        self.grants(&of("grants"), &outside.grants);
        let dialling = Dialling::of(&outside.rules);
        for (user_id, user) in &tenant.users {
            let of = |what: &str| format!("tenant {name}: user {}: {what}", user.name);
            self.shown(of("shown"), id, user.outside.shown.as_ref(), dids);
            if let Some(grants) = &user.outside.grants {
                self.grants(&of("grants"), grants);
            }
            if dialling.is_emergency(&user.name) {
                self.complain(of("name"), &format!("{} ({})", user.name, user_id.0), Flaw::EmergencyName);
            }
        }
    }

    fn digits(&mut self, name: String, digits: &str) {
        if !digits.bytes().all(|c| c.is_ascii_digit()) {
            self.complain(name, digits, Flaw::NoDigits);
        }
    }

    fn shown(&mut self, name: String, id: TenantId, shown: Option<&E164>, dids: &Dids) {
        if let Some(number) = shown.filter(|number| !dids.owns(id, number)) {
            self.complain(name, number, Flaw::NotOwned);
        }
    }

    fn grants(&mut self, name: &str, grants: &switch::Grants) {
        for code in grants.countries.iter().filter(|code| world::country(code).is_none()) {
            self.complain(format!("{name}: countries"), code, Flaw::NoCountry);
        }
        for never in &grants.never {
            self.digits(format!("{name}: never"), never);
        }
    }

    /// What is wrong with a trunk for a tenant, or for all of them.
    fn trunk_flaw(&self, trunk: TrunkId, tenant: Option<TenantId>) -> Option<Flaw> {
        match (self.trunks.get(&trunk), tenant) {
            (None, _) => Some(Flaw::NoTrunk),
            (Some(trunk), None) => trunk.tenant.map(|_| Flaw::SharedRoute),
            (Some(trunk), Some(tenant)) => trunk.tenant.filter(|owner| *owner != tenant).map(|_| Flaw::ForeignTrunk),
        }
    }

    fn route(&mut self, route: &Route) {
        let of = |what: &str| format!("route {}: {what}", route.name);
        if let Some(tenant) = route.tenant.filter(|tenant| !self.setup.tenants.contains_key(tenant)) {
            self.complain(of("tenant"), &tenant.0, Flaw::NoTenant);
        }
        if let Some(flaw) = self.trunk_flaw(route.trunk, route.tenant) {
            self.complain(of("trunk"), &route.trunk.0, flaw);
        }
        self.digits(of("prefix"), &route.prefix);
    }

    fn did(&mut self, did: &Did) {
        let of = |what: &str| format!("number {}: {what}", did.numbers);
        if !self.setup.tenants.contains_key(&did.tenant) {
            self.complain(of("tenant"), &did.tenant.0, Flaw::NoTenant);
        }
        if let Some((trunk, flaw)) =
            did.trunk.and_then(|trunk| Some((trunk, self.trunk_flaw(trunk, Some(did.tenant))?)))
        {
            self.complain(of("trunk"), &trunk.0, flaw);
        }
    }

    /// Numbers that more than one tenant has. Those that are bound to a trunk each do not meet.
    fn overlaps(&mut self) {
        let dids = &self.setup.dids;
        let mut all: Vec<Span> = dids.iter().enumerate().flat_map(|(at, did)| spans(&did.numbers, at)).collect();
        all.sort_by_key(|span| (span.first, span.last, span.did));
        let mut open: Vec<Span> = Vec::new();
        let mut told: BTreeSet<(usize, usize)> = BTreeSet::new();
        for span in all {
            open.retain(|before| before.last >= span.first);
            for before in &open {
                if told.len() >= MOST_OVERLAPS {
                    return;
                }
                let (Some(one), Some(other)) = (dids.get(before.did), dids.get(span.did)) else { continue };
                let meet = one.tenant != other.tenant
                    && (one.trunk.is_none() || other.trunk.is_none() || one.trunk == other.trunk);
                if meet && told.insert((before.did.min(span.did), before.did.max(span.did))) {
                    let flaw = Flaw::Overlap(self.name_of(one.tenant), one.numbers.to_string());
                    self.complain(format!("tenant {}: number", self.name_of(other.tenant)), &other.numbers, flaw);
                }
            }
            open.push(span);
        }
    }
}
