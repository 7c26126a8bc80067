//! The routes over which a number may go, and in which order.

use std::collections::BTreeMap;

use switch::{Money, NumberClass, Rate, Route, TenantId, TrunkId};

use super::{Fate, Line, Local, Meant, Router, Tenant};

/// The routes of one tenant, or of nobody.
#[derive(Debug, Clone, Default)]
pub(super) struct Ways {
    /// By the prefix of the numbers that they lead to.
    by_prefix: BTreeMap<String, Vec<Route>>,
}

impl Ways {
    pub(super) fn add(&mut self, route: Route) {
        self.by_prefix.entry(route.prefix.clone()).or_default().push(route);
    }

    fn all(&self) -> impl Iterator<Item = &Route> {
        self.by_prefix.values().flatten()
    }

    /// Those to numbers that begin as this one does.
    fn to<'a, 'b>(&'a self, digits: &'b str) -> impl Iterator<Item = &'a Route> + use<'a, 'b> {
        (0..=digits.len()).filter_map(|end| self.by_prefix.get(digits.get(..end)?)).flatten()
    }
}

/// A route over which a number may go.
#[derive(Debug, Clone)]
pub(super) struct Way<'a> {
    pub(super) route: &'a Route,
    pub(super) line: &'a Line,
    /// What it costs, and how the carrier calls the destination.
    pub(super) rate: Option<(Rate, &'a str)>,
    /// For an emergency call: it is not meant for such a number, but better than none.
    pub(super) astray: bool,
}

impl Way<'_> {
    /// What comes first: the longest prefix, the lowest priority, the cheapest, where a price is known, then by name.
    fn order(&self) -> impl Ord + '_ {
        let longest = usize::MAX - self.route.prefix.len();
        let cost = self.rate.as_ref().map_or(Money(i64::MAX), |(rate, _)| rate.per_minute);
        (self.astray, longest, self.route.priority, cost, &self.route.name, self.route.id)
    }
}

impl Router {
    /// The routes that a tenant has: its own, and those of nobody.
    pub(super) fn routes_of(&self, tenant: TenantId) -> impl Iterator<Item = &Route> {
        [Some(tenant), None].into_iter().filter_map(|owner| self.ways.get(&owner)).flat_map(Ways::all)
    }

    /// The trunk of a route, where the tenant may use it at all: its own routes lead over its own trunks and those of
    /// nobody, the shared ones only over the latter.
    pub(super) fn legal(&self, tenant: TenantId, route: &Route) -> Option<TrunkId> {
        let line = self.trunks.get(&route.trunk)?;
        let serves = line.serves(tenant) && route.tenant.is_none_or(|owner| owner == tenant);
        (serves && (route.tenant.is_some() || line.tenant.is_none())).then_some(route.trunk)
    }

    /// Why a route is not used for a number; `None` where it is.
    pub(super) fn unused(&self, id: TenantId, route: &Route, meant: &Meant, local: &Local) -> Option<Fate> {
        let Some(line) = self.legal(id, route).and_then(|trunk| self.trunks.get(&trunk)) else {
            return Some(Fate::ForeignTrunk);
        };
        let emergency = meant.kind.class == NumberClass::Emergency;
        let fate = if !route.enabled {
            Fate::Disabled
        } else if !line.enabled {
            Fate::TrunkDisabled
        } else if emergency {
            // Whatever the hour, and whatever the route is meant for: one of them may get through.
            return None;
        } else if !meant.digits.starts_with(&route.prefix) {
            Fate::OtherNumbers
        } else if !route.classes.is_empty() && !route.classes.contains(&meant.kind.class) {
            Fate::OtherClasses
        } else if route.hours.is_some_and(|hours| !hours.contain(local.day, local.minute)) {
            Fate::OtherHours
        } else {
            return None;
        };
        Some(fate)
    }

    /// The ways to a number, the best first; several may lead over one trunk.
    pub(super) fn ways(&self, id: TenantId, meant: &Meant, local: &Local) -> Vec<Way<'_>> {
        let emergency = meant.kind.class == NumberClass::Emergency;
        let owners = [Some(id), None].into_iter().filter_map(|owner| self.ways.get(&owner));
        let routes: Vec<&Route> = if emergency {
            owners.flat_map(Ways::all).collect()
        } else {
            owners.flat_map(|ways| ways.to(&meant.digits)).collect()
        };
        let fit = routes.into_iter().filter(|route| self.unused(id, route, meant, local).is_none());
        let mut ways: Vec<Way<'_>> = fit
            .filter_map(|route| {
                let line = self.trunks.get(&route.trunk)?;
                let classes = route.classes.is_empty() || route.classes.contains(&meant.kind.class);
                let astray = !classes || !meant.digits.starts_with(&route.prefix);
                Some(Way { route, line, rate: line.rate(&meant.digits), astray })
            })
            .collect();
        ways.sort_by(|a, b| a.order().cmp(&b.order()));
        ways
    }

    /// The trunk over which all emergency calls of a tenant go, where it has one that can be used.
    pub(super) fn emergency_line(&self, id: TenantId, tenant: &Tenant) -> Option<(TrunkId, &Line)> {
        let trunk = tenant.outside.emergency?;
        self.trunks.get(&trunk).filter(|line| line.enabled && line.serves(id)).map(|line| (trunk, line))
    }
}

impl Line {
    /// What it costs to call a number over it.
    pub(super) fn rate(&self, digits: &str) -> Option<(Rate, &str)> {
        self.rates.as_deref()?.find_named(digits)
    }
}
