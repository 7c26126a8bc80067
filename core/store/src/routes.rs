//! Routes: by which trunk calls go to which numbers. Those of a tenant, and those of all tenants.

use std::collections::BTreeSet;

use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder,
};
use switch::{NumberClass, Route, TenantId, TrunkId};

use crate::entity::route;
use crate::error::Error;
use crate::tenants::check_name;
use crate::{trunks, turn};

/// The routes of one tenant; those of all tenants where there is none.
#[derive(Debug)]
pub struct Routes<'a> {
    pub(crate) db: &'a DatabaseConnection,
    pub(crate) tenant: Option<TenantId>,
}

impl Routes<'_> {
    /// Makes one. Its id is minted here and its tenant is the one that this is of, whatever stands there.
    ///
    /// # Errors
    /// A field that cannot be kept, a name that is taken, no such tenant or trunk.
    pub async fn create(&self, new: &Route) -> Result<Route, Error> {
        check(new)?;
        let transaction = turn::begin(self.db).await?;
        trunks::usable(&transaction, new.trunk, self.tenant).await?;
        let row = route::ActiveModel {
            tenant_id: Set(self.tenant.map(|tenant| tenant.0)),
            name: Set(new.name.clone()),
            ..columns(new)
        };
        let row = row.insert(&transaction).await.map_err(|error| Error::exists(error, "route"))?;
        transaction.commit().await?;
        route_of(row)
    }

    /// One by its name.
    ///
    /// # Errors
    /// [`Error::NotFound`], also for another tenant's.
    pub async fn get(&self, name: &str) -> Result<Route, Error> {
        route_of(self.row(self.db, name).await?)
    }

    /// All, by name.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn list(&self) -> Result<Vec<Route>, Error> {
        let rows = route::Entity::find().filter(self.mine()).order_by_asc(route::Column::Name).all(self.db).await?;
        rows.into_iter().map(route_of).collect()
    }

    /// Changes all but id, name and tenant.
    ///
    /// # Errors
    /// As [`create`](Self::create), or [`Error::NotFound`].
    pub async fn update(&self, changed: &Route) -> Result<Route, Error> {
        check(changed)?;
        let transaction = turn::begin(self.db).await?;
        trunks::usable(&transaction, changed.trunk, self.tenant).await?;
        let known = self.row(&transaction, &changed.name).await?;
        let row = route::ActiveModel { id: Set(known.id), ..columns(changed) }.update(&transaction).await?;
        transaction.commit().await?;
        route_of(row)
    }

    /// Removes one.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn delete(&self, name: &str) -> Result<(), Error> {
        let gone =
            route::Entity::delete_many().filter(self.mine()).filter(route::Column::Name.eq(name)).exec(self.db).await?;
        if gone.rows_affected == 0 { Err(Error::NotFound("route")) } else { Ok(()) }
    }

    fn mine(&self) -> Condition {
        Condition::all().add(match self.tenant {
            Some(tenant) => route::Column::TenantId.eq(tenant.0),
            None => route::Column::TenantId.is_null(),
        })
    }

    async fn row(&self, db: &impl ConnectionTrait, name: &str) -> Result<route::Model, Error> {
        let found = route::Entity::find().filter(self.mine()).filter(route::Column::Name.eq(name)).one(db).await?;
        found.ok_or(Error::NotFound("route"))
    }
}

/// All routes of all.
pub(crate) async fn all(db: &impl ConnectionTrait) -> Result<Vec<Route>, Error> {
    route::Entity::find().order_by_asc(route::Column::Id).all(db).await?.into_iter().map(route_of).collect()
}

fn check(route: &Route) -> Result<(), Error> {
    check_name("name", &route.name)?;
    let prefix = &route.prefix;
    if prefix.len() > 15 || !prefix.bytes().all(|byte| byte.is_ascii_digit()) || prefix.starts_with('0') {
        return Err(Error::invalid("prefix", "at most 15 digits, the first not 0: a country's code comes first"));
    }
    Ok(())
}

fn columns(route: &Route) -> route::ActiveModel {
    route::ActiveModel {
        id: NotSet,
        tenant_id: NotSet,
        name: NotSet,
        prefix: Set(route.prefix.clone()),
        classes: Set(class_column(&route.classes)),
        trunk_id: Set(route.trunk.0),
        priority: Set(i32::from(route.priority)),
        hours: Set(route.hours.map(|hours| hours.to_string())),
        enabled: Set(route.enabled),
    }
}

fn class_column(classes: &BTreeSet<NumberClass>) -> String {
    classes.iter().map(|class| class.as_str()).collect::<Vec<_>>().join(" ")
}

fn route_of(row: route::Model) -> Result<Route, Error> {
    const CORRUPT: Error = Error::Corrupt("route");
    let classes = row.classes.split_whitespace().map(|name| NumberClass::parse(name).ok_or(CORRUPT));
    Ok(Route {
        id: row.id,
        name: row.name,
        tenant: row.tenant_id.map(TenantId),
        prefix: row.prefix,
        classes: classes.collect::<Result<_, _>>()?,
        trunk: TrunkId(row.trunk_id),
        priority: u16::try_from(row.priority).map_err(|_| CORRUPT)?,
        hours: row.hours.map(|hours| hours.parse().map_err(|_| CORRUPT)).transpose()?,
        enabled: row.enabled,
    })
}
