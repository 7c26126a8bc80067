//! Why a number goes where it goes.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use switch::{Money, Number, NumberClass, Rate, Route, TenantId, TrunkId, UserId};

use super::grants::{Refusal, Verdict, weigh};
use super::{Line, Local, Meant, Router, Tenant};
use crate::numbers::Unread;

/// What becomes of a number that somebody dials, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// What was dialled.
    pub dialled: String,
    /// How it is understood. Where it is not, there is neither verdict nor route.
    pub read: Result<Reading, Unread>,
    /// Whether it may be called; `None` where it is no number.
    pub verdict: Option<Verdict>,
    /// Every route of the tenant and of nobody: those that are used in their order, then the others.
    pub routes: Vec<Considered>,
}

/// How something dialled is understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// The number.
    pub number: Number,
    /// Its kind.
    pub class: NumberClass,
    /// Its country, ISO 3166-1; empty for none, or where nobody knows which.
    pub country: String,
    /// The digits by which routes, rates and grants know it.
    pub digits: String,
}

/// A route, and what becomes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Considered {
    /// The route; `None` for the tenant's trunk for emergency calls, which needs none.
    pub route: Option<Route>,
    /// Its trunk.
    pub trunk: TrunkId,
    /// The name of the trunk; empty where it is none that the tenant may know of.
    pub trunk_name: String,
    /// What becomes of it.
    pub fate: Fate,
    /// What it costs; `None` where nobody has said.
    pub rate: Option<Rate>,
    /// How the carrier calls the destination; empty where it does not say.
    pub destination: String,
    /// What a call of one minute costs.
    pub minute: Option<Money>,
}

/// What becomes of a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is used, in this place: 1 is tried first.
    Used(usize),
    /// A better one leads over the same trunk.
    Again,
    /// It leads to other numbers.
    OtherNumbers,
    /// It is for other kinds of numbers.
    OtherClasses,
    /// It is not its time of day or week.
    OtherHours,
    /// It is switched off.
    Disabled,
    /// Its trunk is switched off.
    TrunkDisabled,
    /// Its trunk is another tenant's, is a tenant's though the route is for all, or does not exist.
    ForeignTrunk,
    /// Emergency calls go over a trunk of their own.
    EmergencyTrunk,
}

impl Router {
    /// Why a number goes where it goes when a user dials it, or when the tenant's dialplan does for somebody who is none.
    /// `None` where there is no such tenant.
    #[must_use]
    pub fn explain(
        &self,
        tenant: TenantId,
        dialled: &str,
        user: Option<UserId>,
        wall: SystemTime,
    ) -> Option<Explanation> {
        let (id, tenant) = (tenant, self.tenants.get(&tenant)?);
        let nothing =
            |unread| Explanation { dialled: dialled.to_owned(), read: Err(unread), verdict: None, routes: Vec::new() };
        let meant = match self.meant(id, tenant, dialled) {
            Ok(meant) => meant,
            Err(unread) => return Some(nothing(unread)),
        };
        let routes = self.considered(id, tenant, &meant, &Local::at(wall, &tenant.zone));
        Some(Explanation {
            dialled: dialled.to_owned(),
            verdict: Some(verdict(tenant, &meant, user)),
            routes,
            read: Ok(Reading {
                number: meant.dialled.number(),
                class: meant.kind.class,
                country: meant.kind.country,
                digits: meant.digits,
            }),
        })
    }

    fn considered(&self, id: TenantId, tenant: &Tenant, meant: &Meant, local: &Local) -> Vec<Considered> {
        let emergency = meant.kind.class == NumberClass::Emergency;
        let first = self.emergency_line(id, tenant).filter(|_| emergency);
        let mut considered: Vec<Considered> =
            first.map(|(trunk, line)| fated(None, trunk, Some(line), meant, Fate::Used(1))).into_iter().collect();
        let (mut seen, mut place) = (BTreeSet::new(), 0);
        for way in self.ways(id, meant, local) {
            let fate = if first.is_some() {
                Fate::EmergencyTrunk
            } else if seen.insert(way.route.trunk) {
                place += 1;
                Fate::Used(place)
            } else {
                Fate::Again
            };
            considered.push(fated(Some(way.route), way.route.trunk, Some(way.line), meant, fate));
        }
        considered.sort_by_key(|one| match one.fate {
            Fate::Used(place) => place,
            _ => usize::MAX,
        });
        let unused = self.routes_of(id).filter_map(|route| Some((route, self.unused(id, route, meant, local)?)));
        let mut unused: Vec<(&Route, Fate)> = unused.collect();
        unused.sort_by_key(|(route, _)| (Reverse(route.prefix.len()), route.priority, &route.name, route.id));
        considered.extend(unused.into_iter().map(|(route, fate)| {
            let line = self.trunks.get(&route.trunk).filter(|_| fate != Fate::ForeignTrunk);
            fated(Some(route), route.trunk, line, meant, fate)
        }));
        considered
    }
}

fn verdict(tenant: &Tenant, meant: &Meant, user: Option<UserId>) -> Verdict {
    let known = user.map(|user| tenant.users.get(&user));
    if let Some(None) = known {
        let emergency = meant.kind.class == NumberClass::Emergency;
        return if emergency { Verdict::Emergency } else { Verdict::Refused(Refusal::UnknownUser) };
    }
    let own = known.flatten().and_then(|user| user.grants.as_ref());
    weigh(&meant.kind, &meant.digits, &tenant.outside.grants, own)
}

fn fated(route: Option<&Route>, trunk: TrunkId, line: Option<&Line>, meant: &Meant, fate: Fate) -> Considered {
    let (rate, destination) = line.and_then(|line| line.rate(&meant.digits)).unzip();
    Considered {
        route: route.cloned(),
        trunk,
        trunk_name: line.map(|line| line.name.clone()).unwrap_or_default(),
        fate,
        minute: rate.as_ref().map(|rate: &Rate| rate.cost(rate.charged(Duration::from_secs(60)))),
        rate,
        destination: destination.unwrap_or_default().to_owned(),
    }
}
