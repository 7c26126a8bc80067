//! What tenants and users may do outside, and all that must be in memory to decide about it.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::ActiveValue::Set;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, DatabaseConnection, EntityTrait, QueryFilter,
    QuerySelect,
};
use serde::{Deserialize, Serialize};
use switch::{
    DialRules, Did, E164, Grants, Location, NumberClass, Route, SpendingLimits, TenantId, TenantOutside, Trunk,
    TrunkId, UserId, UserOutside,
};

use crate::entity::{limit_columns, limits_of, tenant, user};
use crate::error::Error;
use crate::rates::{self, RateSheet};
use crate::{numbers, routes, trunks, turn};

/// What a new tenant may spend. It may call nobody outside until that is granted.
pub const CAUTIOUS: SpendingLimits = SpendingLimits {
    concurrent: Some(10),
    per_second: Some(2),
    per_hour: Some(120),
    minutes_per_day: Some(600),
    cost_per_day: None,
};

/// The way outside of one tenant and of its users.
#[derive(Debug)]
pub struct Outside<'a> {
    pub(crate) db: &'a DatabaseConnection,
    pub(crate) tenant: TenantId,
}

/// All that must be in memory, as it was at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OutsideSnapshot {
    /// The trunks with their gateways.
    pub trunks: Vec<Trunk>,
    /// The numbers of all tenants.
    pub dids: Vec<Did>,
    /// The routes of all.
    pub routes: Vec<Route>,
    /// Which rate tables there are; [`Rates::get`](crate::Rates::get) reads one.
    pub rates: Vec<RateSheet>,
    /// The way outside of every tenant.
    pub tenants: BTreeMap<TenantId, TenantOutside>,
    /// That of the users for whom anything is said; of others nothing is.
    pub users: BTreeMap<UserId, (TenantId, UserOutside)>,
}

impl Outside<'_> {
    /// The tenant's.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn get(&self) -> Result<TenantOutside, Error> {
        let row = tenant::Entity::find_by_id(self.tenant.0).one(self.db).await?;
        tenant_of(row.ok_or(Error::NotFound("tenant"))?)
    }

    /// Changes the tenant's.
    ///
    /// # Errors
    /// [`Error::NotFound`], a number that is not the tenant's own, a trunk that it may not use.
    pub async fn set(&self, changed: &TenantOutside) -> Result<TenantOutside, Error> {
        let transaction = turn::begin(self.db).await?;
        self.check_shown(&transaction, changed.shown.as_ref()).await?;
        if let Some(trunk) = changed.emergency {
            trunks::usable(&transaction, trunk, Some(self.tenant)).await?;
        }
        let row = tenant::Entity::find_by_id(self.tenant.0).one(&transaction).await?;
        let mut row: tenant::ActiveModel = row.ok_or(Error::NotFound("tenant"))?.into();
        let DialRules { country, area, line } = &changed.rules;
        let filled = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        (row.dial_country, row.dial_area, row.dial_line) = (Set(filled(country)), Set(filled(area)), Set(filled(line)));
        row.grants = Set(Some(grants_column(&changed.grants)?));
        set_limits(&mut row, &changed.limits);
        row.shown = Set(changed.shown.as_ref().map(ToString::to_string));
        row.emergency_trunk = Set(changed.emergency.map(|trunk| trunk.0));
        row.location = Set(changed.location.as_ref().map(location_column).transpose()?);
        let changed = tenant_of(row.update(&transaction).await?)?;
        transaction.commit().await?;
        Ok(changed)
    }

    /// That of a user of the tenant.
    ///
    /// # Errors
    /// [`Error::NotFound`], also for another tenant's.
    pub async fn of_user(&self, id: UserId) -> Result<UserOutside, Error> {
        user_of(self.user(self.db, id).await?)
    }

    /// Changes that of a user of the tenant.
    ///
    /// # Errors
    /// [`Error::NotFound`], a number that is not the tenant's own.
    pub async fn set_of_user(&self, id: UserId, changed: &UserOutside) -> Result<UserOutside, Error> {
        let transaction = turn::begin(self.db).await?;
        self.check_shown(&transaction, changed.shown.as_ref()).await?;
        let mut row: user::ActiveModel = self.user(&transaction, id).await?.into();
        row.grants = Set(changed.grants.as_ref().map(grants_column).transpose()?);
        let [concurrent, per_second, per_hour, minutes, cost] = limit_columns(&changed.limits);
        (row.concurrent, row.per_second, row.per_hour) = (Set(concurrent), Set(per_second), Set(per_hour));
        (row.minutes_per_day, row.cost_per_day) = (Set(minutes), Set(cost));
        row.shown = Set(changed.shown.as_ref().map(ToString::to_string));
        row.location = Set(changed.location.as_ref().map(location_column).transpose()?);
        let changed = user_of(row.update(&transaction).await?)?;
        transaction.commit().await?;
        Ok(changed)
    }

    async fn check_shown(&self, db: &impl ConnectionTrait, shown: Option<&E164>) -> Result<(), Error> {
        let Some(shown) = shown else { return Ok(()) };
        if numbers::owns(db, self.tenant, shown).await? {
            return Ok(());
        }
        Err(Error::invalid("shown", format!("{shown} is no number of the tenant's own")))
    }

    async fn user(&self, db: &impl ConnectionTrait, id: UserId) -> Result<user::Model, Error> {
        let found = user::Entity::find_by_id(id.0).filter(user::Column::TenantId.eq(self.tenant.0)).one(db).await?;
        found.ok_or(Error::NotFound("user"))
    }
}

/// What a new tenant has.
pub(crate) fn set_limits(row: &mut tenant::ActiveModel, limits: &SpendingLimits) {
    let [concurrent, per_second, per_hour, minutes, cost] = limit_columns(limits);
    (row.concurrent, row.per_second, row.per_hour) = (Set(concurrent), Set(per_second), Set(per_hour));
    (row.minutes_per_day, row.cost_per_day) = (Set(minutes), Set(cost));
}

/// All that must be in memory, in one look.
pub(crate) async fn snapshot(db: &DatabaseConnection) -> Result<OutsideSnapshot, Error> {
    use user::Column;
    let look = turn::look(db).await?;
    let mut snapshot = OutsideSnapshot {
        trunks: trunks::all(&look).await?,
        dids: numbers::all(&look).await?,
        routes: routes::all(&look).await?,
        rates: rates::sheets(&look, None).await?,
        ..OutsideSnapshot::default()
    };
    for row in tenant::Entity::find().all(&look).await? {
        snapshot.tenants.insert(TenantId(row.id), tenant_of(row)?);
    }
    let said = [
        Column::Grants,
        Column::Concurrent,
        Column::PerSecond,
        Column::PerHour,
        Column::MinutesPerDay,
        Column::CostPerDay,
        Column::Shown,
        Column::Location,
    ];
    let said = said.into_iter().fold(Condition::any(), |any, column| any.add(column.is_not_null()));
    for row in user::Entity::find().filter(said).all(&look).await? {
        snapshot.users.insert(UserId(row.id), (TenantId(row.tenant_id), user_of(row)?));
    }
    look.commit().await?;
    Ok(snapshot)
}

/// The tenant and the name of a user: for news of what was spent, which go to operators.
pub(crate) async fn user_named(db: &impl ConnectionTrait, id: UserId) -> Result<(TenantId, String), Error> {
    use user::Column;
    let found = user::Entity::find_by_id(id.0).select_only().columns([Column::TenantId, Column::Name]);
    let found: Option<(i64, String)> = found.into_tuple().one(db).await?;
    found.map(|(tenant, name)| (TenantId(tenant), name)).ok_or(Error::NotFound("user"))
}

fn tenant_of(row: tenant::Model) -> Result<TenantOutside, Error> {
    const CORRUPT: Error = Error::Corrupt("tenant");
    let limits = [row.concurrent, row.per_second, row.per_hour, row.minutes_per_day, row.cost_per_day];
    Ok(TenantOutside {
        rules: DialRules {
            country: row.dial_country.unwrap_or_default(),
            area: row.dial_area.unwrap_or_default(),
            line: row.dial_line.unwrap_or_default(),
        },
        grants: row.grants.as_deref().map(grants_of).transpose()?.unwrap_or_default(),
        limits: limits_of(limits),
        shown: row.shown.map(|shown| shown.parse().map_err(|_| CORRUPT)).transpose()?,
        emergency: row.emergency_trunk.map(TrunkId),
        location: row.location.as_deref().map(location_of).transpose()?,
    })
}

fn user_of(row: user::Model) -> Result<UserOutside, Error> {
    let limits = [row.concurrent, row.per_second, row.per_hour, row.minutes_per_day, row.cost_per_day];
    Ok(UserOutside {
        grants: row.grants.as_deref().map(grants_of).transpose()?,
        limits: limits_of(limits),
        shown: row.shown.map(|shown| shown.parse().map_err(|_| Error::Corrupt("user"))).transpose()?,
        location: row.location.as_deref().map(location_of).transpose()?,
    })
}

#[derive(Serialize, Deserialize)]
struct GrantsKept {
    classes: BTreeSet<String>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    countries: BTreeSet<String>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    never: BTreeSet<String>,
}

fn grants_column(grants: &Grants) -> Result<String, Error> {
    let kept = GrantsKept {
        classes: grants.classes.iter().map(|class| class.as_str().to_owned()).collect(),
        countries: grants.countries.clone(),
        never: grants.never.clone(),
    };
    serde_json::to_string(&kept).map_err(|_| Error::Corrupt("grants"))
}

fn grants_of(text: &str) -> Result<Grants, Error> {
    const CORRUPT: Error = Error::Corrupt("grants");
    let kept: GrantsKept = serde_json::from_str(text).map_err(|_| CORRUPT)?;
    let classes = kept.classes.iter().map(|name| NumberClass::parse(name).ok_or(CORRUPT));
    Ok(Grants { classes: classes.collect::<Result<_, _>>()?, countries: kept.countries, never: kept.never })
}

#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct LocationIs(#[serde(with = "LocationKept")] Location);

#[derive(Default, Serialize, Deserialize)]
#[serde(remote = "Location", default)]
struct LocationKept {
    country: String,
    region: String,
    city: String,
    postcode: String,
    street: String,
    house: String,
    floor: String,
    room: String,
    name: String,
}

fn location_column(location: &Location) -> Result<String, Error> {
    serde_json::to_string(&LocationIs(location.clone())).map_err(|_| Error::Corrupt("location"))
}

fn location_of(text: &str) -> Result<Location, Error> {
    let kept: LocationIs = serde_json::from_str(text).map_err(|_| Error::Corrupt("location"))?;
    Ok(kept.0)
}
