//! Who may spend how much, by whose day; and numbers that need no carrier.

use std::collections::BTreeMap;
use std::time::SystemTime;

use jiff::tz::TimeZone;
use switch::{DidTarget, Number, NumberClass, Payer, Purse, SpendingLimits, Target, TenantId};

use super::{Local, Router};
use crate::numbers::Dialled;

impl Router {
    /// What a payer may spend at this moment; `None` for one that is not there. A user that has said nothing of its own has
    /// no limit of its own.
    #[must_use]
    pub fn purse(&self, payer: Payer, wall: SystemTime) -> Option<Purse> {
        let utc = TimeZone::UTC;
        let (limits, zone) = match payer {
            Payer::Tenant(tenant) => {
                let tenant = self.tenants.get(&tenant)?;
                (tenant.outside.limits, &tenant.zone)
            }
            Payer::User(user) => {
                let tenant = self.tenants.values().find(|tenant| tenant.users.contains_key(&user))?;
                (tenant.users.get(&user).map_or_else(SpendingLimits::default, |user| user.limits), &tenant.zone)
            }
            Payer::Trunk(trunk) => {
                let line = self.trunks.get(&trunk)?;
                let owner = line.tenant.and_then(|tenant| self.tenants.get(&tenant));
                (line.limits, owner.map_or(&utc, |owner| &owner.zone))
            }
        };
        Some(Purse { payer, limits, day_ends: Local::at(wall, zone).day_ends })
    }

    /// Tenants and trunks, and when the day began by which each spends. A user's day is its tenant's.
    #[must_use]
    pub fn days(&self, wall: SystemTime) -> BTreeMap<Payer, SystemTime> {
        let begins = |payer: Payer, zone: &TimeZone| (payer, Local::at(wall, zone).day_begins);
        let tenants = self.tenants.iter().map(|(id, tenant)| begins(Payer::Tenant(*id), &tenant.zone));
        let trunks = self.trunks.iter().map(|(id, line)| {
            let owner = line.tenant.and_then(|tenant| self.tenants.get(&tenant));
            begins(Payer::Trunk(*id), owner.map_or(&TimeZone::UTC, |owner| &owner.zone))
        });
        tenants.chain(trunks).collect()
    }

    /// What a tenant's people mean by what they dial, and what kind of number that is for them; `None` where it is no number.
    #[must_use]
    pub fn read(&self, tenant: TenantId, dialled: &str) -> Option<(Number, NumberClass)> {
        let meant = self.meant(tenant, self.tenants.get(&tenant)?, dialled).ok()?;
        Some((meant.dialled.number(), meant.kind.class))
    }

    /// The user of a tenant that is reached by a number of the tenant's own: such a call needs no carrier.
    #[must_use]
    pub fn inside(&self, tenant: TenantId, dialled: &str) -> Option<Target> {
        let known = self.tenants.get(&tenant)?;
        let Ok(Dialled::World(number)) = known.dialling.read(dialled) else { return None };
        let own = self.dids.of(&number).into_iter().find(|did| did.tenant == tenant)?;
        match &own.leads_to {
            DidTarget::User(name) => Some(Target::User(name.clone())),
            DidTarget::Dialplan | DidTarget::Room(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use switch::{DialRules, Did, DidNumbers, TenantOutside, Trunk, TrunkId, UserId};

    use super::*;
    use crate::router::{Setup, TenantSetup, UserSetup};

    fn router() -> Router {
        let tenant = |country: &str, zone: &str, user| TenantSetup {
            name: country.to_owned(),
            outside: TenantOutside {
                rules: DialRules { country: country.to_owned(), area: "30".to_owned(), line: String::new() },
                limits: SpendingLimits { concurrent: Some(3), ..SpendingLimits::default() },
                ..TenantOutside::default()
            },
            zone: zone.to_owned(),
            users: [(UserId(user), UserSetup::default())].into(),
        };
        let own = |leads_to, number: &str, tenant| Did {
            id: 1,
            tenant: TenantId(tenant),
            numbers: DidNumbers::One(number.parse().expect("a number")),
            trunk: None,
            leads_to,
        };
        let mut trunk = Trunk::named(TrunkId(7), "t");
        trunk.tenant = Some(TenantId(2));
        Router::new(Setup {
            tenants: [
                (TenantId(1), tenant("DE", "Europe/Berlin", 11)),
                (TenantId(2), tenant("US", "America/New_York", 22)),
            ]
            .into(),
            trunks: vec![trunk, Trunk::named(TrunkId(8), "all")],
            dids: vec![
                own(DidTarget::User("bob".to_owned()), "+4930123456", 1),
                own(DidTarget::Room("600".to_owned()), "+4930123457", 1),
            ],
            ..Setup::default()
        })
    }

    #[test]
    fn each_spends_by_its_own_day() {
        let router = router();
        // 2026-11-30 23:30 UTC: tomorrow in Berlin, evening in New York.
        let wall = SystemTime::UNIX_EPOCH + Duration::from_secs(1_796_081_400);
        let hours = |payer| {
            let ends = router.purse(payer, wall).map(|purse| purse.day_ends);
            ends.map(|ends| ends.duration_since(wall).expect("later").as_secs() / 60)
        };
        assert_eq!(hours(Payer::Tenant(TenantId(1))), Some(23 * 60 + 30));
        assert_eq!(hours(Payer::User(UserId(11))), Some(23 * 60 + 30));
        assert_eq!(hours(Payer::User(UserId(22))), Some(5 * 60 + 30));
        assert_eq!(hours(Payer::Trunk(TrunkId(7))), Some(5 * 60 + 30));
        assert_eq!(hours(Payer::Trunk(TrunkId(8))), Some(30));
        assert_eq!(hours(Payer::User(UserId(99))), None);
        let days = router.days(wall);
        let since = |payer| wall.duration_since(days[&payer]).expect("earlier").as_secs() / 60;
        assert_eq!((since(Payer::Tenant(TenantId(1))), since(Payer::Trunk(TrunkId(8)))), (30, 23 * 60 + 30));
        assert_eq!(router.purse(Payer::Tenant(TenantId(1)), wall).and_then(|purse| purse.limits.concurrent), Some(3));
    }

    #[test]
    fn a_number_of_a_users_own_needs_no_carrier_and_nobody_elses_is_taken_for_it() {
        let router = router();
        let bob = Some(Target::User("bob".to_owned()));
        for dialled in ["+4930123456", "030 123456", "123456", "004930123456"] {
            assert_eq!(router.inside(TenantId(1), dialled), bob, "{dialled}");
        }
        assert_eq!(router.inside(TenantId(2), "+4930123456"), None);
        assert_eq!(router.inside(TenantId(1), "+4930123457"), None, "a room is joined");
        assert_eq!(router.inside(TenantId(1), "bob"), None);
    }
}
