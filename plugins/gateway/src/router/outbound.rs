//! The way to a number outside.

use std::collections::BTreeSet;
use std::time::SystemTime;

use jiff::tz::TimeZone;
use switch::{
    Asker, E164, Hop, Number, NumberClass, Outbound, Payer, Purse, TenantId, TrunkId, Unresolved, UserOutside,
};

use super::grants::{Verdict, weigh};
use super::{Line, Local, Meant, Router, Tenant};
use crate::numbers::{Dialled, Unread};

impl From<Unread> for Unresolved {
    fn from(unread: Unread) -> Self {
        match unread {
            Unread::NotDigits | Unread::NoLine => Self::Unknown,
            Unread::Incomplete | Unread::NoNumber => Self::Incomplete,
        }
    }
}

/// Whose numbers a call may show.
struct Shown {
    /// One of ours.
    own: Option<E164>,
    /// That of a caller from outside, for carriers that take it.
    first: Option<E164>,
    /// The number of ours that this caller had dialled.
    diverted: Option<E164>,
}

impl Router {
    /// The way to a number, for whoever asks: the trunks that lead there, the best first, and who pays. What may be spent
    /// is not looked at here.
    ///
    /// # Errors
    ///
    /// It is no number, it is not granted, or no trunk leads there. An emergency number is never refused.
    pub fn outbound(
        &self,
        tenant: TenantId,
        dialled: &str,
        asker: &Asker,
        wall: SystemTime,
    ) -> Result<Outbound, Unresolved> {
        let (id, tenant) = (tenant, self.tenants.get(&tenant).ok_or(Unresolved::Forbidden)?);
        let meant = self.meant(id, tenant, dialled)?;
        let emergency = meant.kind.class == NumberClass::Emergency;
        let user = asker.user.and_then(|user| tenant.users.get(&user));
        if asker.user.is_some() && user.is_none() && !emergency {
            return Err(Unresolved::Forbidden);
        }
        let own = user.and_then(|user| user.grants.as_ref());
        if let Verdict::Refused(_) = weigh(&meant.kind, &meant.digits, &tenant.outside.grants, own) {
            return Err(Unresolved::Forbidden);
        }
        let local = Local::at(wall, &tenant.zone);
        let shown = self.shown(id, tenant, user, asker, emergency)?;
        let trunks = self.trunks_to(id, tenant, &meant, asker, &local)?;
        let hops: Vec<Hop> =
            trunks.into_iter().map(|(trunk, line)| self.hop(trunk, line, &meant, asker, &shown, wall)).collect();
        if hops.is_empty() {
            return Err(Unresolved::NoRoute);
        }
        let location = || user.and_then(|user| user.location.clone()).or_else(|| tenant.outside.location.clone());
        Ok(Outbound {
            number: meant.dialled.number(),
            class: meant.kind.class,
            hops,
            purses: purses(id, tenant, asker, user, &local),
            location: emergency.then(location).flatten(),
        })
    }

    /// The trunks that lead to a number, each once, the best first.
    fn trunks_to(
        &self,
        id: TenantId,
        tenant: &Tenant,
        meant: &Meant,
        asker: &Asker,
        local: &Local,
    ) -> Result<Vec<(TrunkId, &Line)>, Unresolved> {
        let emergency = meant.kind.class == NumberClass::Emergency;
        if let Some(line) = self.emergency_line(id, tenant).filter(|_| emergency) {
            return Ok(vec![line]);
        }
        let mut seen = BTreeSet::new();
        let ways = self.ways(id, meant, local).into_iter().map(|way| (way.route.trunk, way.line));
        let all = ways.filter(|(trunk, _)| seen.insert(*trunk)).collect();
        // What a dialplan wishes must not keep anybody from help.
        if emergency { Ok(all) } else { wished(tenant, asker, all) }
    }

    /// The numbers that are shown for a call: only such as the tenant owns, but for a caller from outside.
    fn shown(
        &self,
        id: TenantId,
        tenant: &Tenant,
        user: Option<&UserOutside>,
        asker: &Asker,
        emergency: bool,
    ) -> Result<Shown, Unresolved> {
        let owned = |number: &E164| self.dids.owns(id, number);
        let explicit = match asker.outside.shown.as_deref().map(|shown| tenant.dialling.read(shown)) {
            Some(Ok(Dialled::World(number))) if owned(&number) => Some(number),
            Some(_) if !emergency => return Err(Unresolved::Forbidden),
            _ => None,
        };
        let called = match &asker.dialled {
            Some(Number::World(number)) => Some(number.clone()).filter(owned),
            _ => None,
        };
        let usual = [user.and_then(|user| user.shown.clone()), tenant.outside.shown.clone()];
        let usual = usual.into_iter().flatten().find(owned);
        let first = asker.dialled.as_ref().filter(|_| explicit.is_none()).and_then(|_| {
            match tenant.dialling.read(&asker.caller) {
                Ok(Dialled::World(number)) => Some(number),
                _ => None,
            }
        });
        Ok(Shown { own: explicit.or_else(|| called.clone()).or(usual), first, diverted: called })
    }

    fn hop(&self, trunk: TrunkId, line: &Line, meant: &Meant, asker: &Asker, shown: &Shown, wall: SystemTime) -> Hop {
        let as_they_want = |number: &E164| line.form.number(&Number::World(number.clone()));
        let foreign = line.foreign && asker.dialled.is_some();
        let first = shown.first.as_ref().filter(|_| foreign);
        let owner = line.tenant.and_then(|owner| self.tenants.get(&owner));
        let zone = owner.map_or(TimeZone::UTC, |owner| owner.zone.clone());
        Hop {
            trunk,
            callee: line.form.called(&meant.dialled.number()),
            caller: first.or(shown.own.as_ref()).map(as_they_want),
            diverted: shown.diverted.as_ref().filter(|_| foreign).map(as_they_want),
            rate: line.rate(&meant.digits).map(|(rate, _)| rate),
            purse: Purse { payer: Payer::Trunk(trunk), limits: line.limits, day_ends: Local::at(wall, &zone).day_ends },
        }
    }
}

/// Who pays, beside the trunk.
fn purses(id: TenantId, tenant: &Tenant, asker: &Asker, user: Option<&UserOutside>, local: &Local) -> Vec<Purse> {
    let purse = |payer, limits| Purse { payer, limits, day_ends: local.day_ends };
    let own = asker.user.zip(user).map(|(id, user)| purse(Payer::User(id), user.limits));
    [Some(purse(Payer::Tenant(id), tenant.outside.limits)), own].into_iter().flatten().collect()
}

/// Of the trunks that lead to a number those that a dialplan wishes, in the order in which it does.
fn wished<'a>(
    tenant: &Tenant,
    asker: &Asker,
    all: Vec<(TrunkId, &'a Line)>,
) -> Result<Vec<(TrunkId, &'a Line)>, Unresolved> {
    // A name of another tenant's trunk gets the same answer as one that nobody has.
    let by_name = |names: &[String]| {
        let trunks = names.iter().map(|name| tenant.trunks.get(name).copied().ok_or(Unresolved::Forbidden));
        trunks.collect::<Result<Vec<TrunkId>, Unresolved>>()
    };
    let (only, without) = (by_name(&asker.outside.trunks)?, by_name(&asker.outside.without)?);
    let mut left: Vec<(TrunkId, &Line)> = all.into_iter().filter(|(trunk, _)| !without.contains(trunk)).collect();
    if !only.is_empty() {
        let place = |trunk: &TrunkId| only.iter().position(|wished| wished == trunk);
        left.retain(|(trunk, _)| place(trunk).is_some());
        left.sort_by_key(|(trunk, _)| place(trunk));
    }
    Ok(left)
}
