//! `LimitService`: what may be spent on calls to the public network, and what is.

use switch::{Limit, Money, Payer, SpendingLimits, TenantId, TenantOutside, Trunk, UserId, UserOutside};
use tonic::{Request, Response, Status};

use crate::desk::Desk;
use crate::live::Change;
use crate::v1::limit_service_server::LimitService;
use crate::v1::{GetLimitsRequest, GetSpentRequest, Limits, LimitsOf, SetLimitsRequest, SpendingLimit, Spent};
use crate::violations::{Violations, failed};
use crate::words::timestamp;

#[tonic::async_trait]
impl LimitService for Desk {
    async fn get(&self, request: Request<GetLimitsRequest>) -> Result<Response<LimitsOf>, Status> {
        let GetLimitsRequest { tenant, user, trunk } = request.into_inner();
        let (_, limits) = self.purse(&tenant, &user, &trunk).await?.read();
        Ok(Response::new(LimitsOf { tenant, user, trunk, limits: Some(spelt(&limits)) }))
    }

    async fn set(&self, request: Request<SetLimitsRequest>) -> Result<Response<LimitsOf>, Status> {
        let request = request.into_inner();
        let SetLimitsRequest { tenant, user, trunk, .. } = request.clone();
        let purse = self.purse(&tenant, &user, &trunk).await?;
        let (payer, mut limits) = purse.read();
        let mut wrong = Violations::default();
        change(&mut wrong, &mut limits, &request);
        wrong.finish()?;
        let limits = self.put_limits(purse, limits).await.map_err(failed)?;
        tracing::info!(?payer, "an operator changed what may be spent");
        self.live.changed(Change::Outside).await;
        Ok(Response::new(LimitsOf { tenant, user, trunk, limits: Some(spelt(&limits)) }))
    }

    async fn get_spent(&self, request: Request<GetSpentRequest>) -> Result<Response<Spent>, Status> {
        let GetSpentRequest { tenant, user, trunk } = request.into_inner();
        let (payer, limits) = self.purse(&tenant, &user, &trunk).await?.read();
        let spent = self.live.spent(vec![payer]).await.into_iter().find(|spent| spent.payer == payer);
        let limits = Some(spelt(&limits));
        let nothing = Spent { tenant, user, trunk, limits, cost: Money::ZERO.to_string(), ..Spent::default() };
        Ok(Response::new(match spent {
            None => nothing,
            Some(spent) => Spent {
                concurrent: spent.concurrent,
                hour: spent.hour,
                seconds: spent.seconds,
                cost: spent.cost.to_string(),
                day_ends: Some(timestamp(spent.day_ends)),
                ..nothing
            },
        }))
    }
}

/// A payer with all that is kept of its way outside, its limits among it.
enum Purse {
    Tenant(TenantId, TenantOutside),
    User(TenantId, UserId, UserOutside),
    Trunk(Box<Trunk>),
}

impl Purse {
    fn read(&self) -> (Payer, SpendingLimits) {
        match self {
            Self::Tenant(tenant, outside) => (Payer::Tenant(*tenant), outside.limits),
            Self::User(_, user, outside) => (Payer::User(*user), outside.limits),
            Self::Trunk(trunk) => (Payer::Trunk(trunk.id), trunk.limits),
        }
    }
}

impl Desk {
    /// The tenant, the user of the tenant, or the trunk that is named.
    async fn purse(&self, tenant: &str, user: &str, trunk: &str) -> Result<Purse, Status> {
        if !trunk.is_empty() {
            let mut wrong = Violations::default();
            const WHY: &str = "a trunk or a tenant, not both";
            wrong.expect(tenant.is_empty() && user.is_empty(), "trunk", WHY);
            wrong.finish()?;
            return Ok(Purse::Trunk(Box::new(self.trunk("trunk", trunk).await?)));
        }
        let tenant = self.tenant(tenant).await?;
        let outside = self.store.outside(tenant.id);
        if user.is_empty() {
            return Ok(Purse::Tenant(tenant.id, outside.get().await.map_err(failed)?));
        }
        let user = self.user_in("user", &tenant, user).await?;
        Ok(Purse::User(tenant.id, user.id, outside.of_user(user.id).await.map_err(failed)?))
    }

    async fn put_limits(&self, purse: Purse, limits: SpendingLimits) -> Result<SpendingLimits, store::Error> {
        Ok(match purse {
            Purse::Tenant(tenant, outside) => {
                self.store.outside(tenant).set(&TenantOutside { limits, ..outside }).await?.limits
            }
            Purse::User(tenant, user, outside) => {
                self.store.outside(tenant).set_of_user(user, &UserOutside { limits, ..outside }).await?.limits
            }
            Purse::Trunk(trunk) => self.store.trunks().update(&Trunk { limits, ..*trunk }).await?.limits,
        })
    }
}

/// 0 and an empty text are no limit of its own.
fn change(wrong: &mut Violations, limits: &mut SpendingLimits, asked: &SetLimitsRequest) {
    for (limit, asked) in [
        (&mut limits.concurrent, asked.concurrent),
        (&mut limits.per_second, asked.per_second),
        (&mut limits.per_hour, asked.per_hour),
        (&mut limits.minutes_per_day, asked.minutes_per_day),
    ] {
        if let Some(most) = asked {
            *limit = Some(most).filter(|most| *most > 0);
        }
    }
    match asked.cost_per_day.as_deref() {
        None => {}
        Some("") => limits.cost_per_day = None,
        Some(text) => {
            let read = text.parse::<Money>().map_err(|why| why.to_string());
            if let Some(money) = wrong.read("cost_per_day", read) {
                limits.cost_per_day = Some(money);
            }
        }
    }
}

/// Limits in the spelling of the API.
pub(crate) fn spelt(limits: &SpendingLimits) -> Limits {
    Limits {
        concurrent: limits.concurrent,
        per_second: limits.per_second,
        per_hour: limits.per_hour,
        minutes_per_day: limits.minutes_per_day,
        cost_per_day: limits.cost_per_day.map(|money| money.to_string()),
    }
}

pub(crate) fn limit(limit: Limit) -> SpendingLimit {
    match limit {
        Limit::Concurrent => SpendingLimit::Concurrent,
        Limit::PerSecond => SpendingLimit::PerSecond,
        Limit::PerHour => SpendingLimit::PerHour,
        Limit::Minutes => SpendingLimit::Minutes,
        Limit::Cost => SpendingLimit::Cost,
    }
}
