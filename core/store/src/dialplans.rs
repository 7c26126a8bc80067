//! Versions of dialplans: kept whole, by name and hash; one of a tenant is active.

use std::time::SystemTime;

use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    TransactionTrait,
};
use switch::TenantId;

use crate::entity::{dialplan, micros, time};
use crate::error::Error;
use crate::tenants::check_name;

/// One version of a dialplan, without its component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// Minted by the database.
    pub id: i64,
    /// Whose.
    pub tenant: TenantId,
    /// The dialplan's name.
    pub name: String,
    /// SHA-256 of the component, lower-case hex.
    pub hash: String,
    /// New calls of the tenant are given to it.
    pub active: bool,
    /// When it was uploaded.
    pub created: SystemTime,
}

/// The dialplans of one tenant.
#[derive(Debug)]
pub struct Dialplans<'a> {
    pub(crate) db: &'a DatabaseConnection,
    pub(crate) tenant: TenantId,
}

type Row = (i64, i64, String, String, bool, i64);

impl Dialplans<'_> {
    /// Keeps a version; the same component under the same name is the same version.
    ///
    /// # Errors
    /// A name that cannot be kept, no such tenant.
    pub async fn upload(&self, name: &str, hash: &str, component: Vec<u8>) -> Result<Version, Error> {
        check_name("name", name)?;
        let known = self.versions().await?.into_iter().find(|version| version.name == name && version.hash == hash);
        if let Some(known) = known {
            return Ok(known);
        }
        let row = dialplan::ActiveModel {
            id: NotSet,
            tenant_id: Set(self.tenant.0),
            name: Set(name.to_owned()),
            hash: Set(hash.to_owned()),
            component: Set(component),
            active: Set(false),
            created: Set(micros(SystemTime::now())),
        };
        let row = row.insert(self.db).await.map_err(|error| Error::exists(error, "version"))?;
        Ok(version_of((row.id, row.tenant_id, row.name, row.hash, row.active, row.created)))
    }

    /// All versions, the newest first.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn versions(&self) -> Result<Vec<Version>, Error> {
        let rows: Vec<Row> = self.plain().order_by_desc(dialplan::Column::Id).into_tuple().all(self.db).await?;
        Ok(rows.into_iter().map(version_of).collect())
    }

    /// The active version, if there is one.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn active(&self) -> Result<Option<Version>, Error> {
        let row: Option<Row> = self.plain().filter(dialplan::Column::Active.eq(true)).into_tuple().one(self.db).await?;
        Ok(row.map(version_of))
    }

    /// The component of a version.
    ///
    /// # Errors
    /// [`Error::NotFound`], also for another tenant's.
    pub async fn component(&self, id: i64) -> Result<Vec<u8>, Error> {
        let row =
            dialplan::Entity::find_by_id(id).filter(dialplan::Column::TenantId.eq(self.tenant.0)).one(self.db).await?;
        Ok(row.ok_or(Error::NotFound("version"))?.component)
    }

    /// Makes this version the active one; `None` for none.
    ///
    /// # Errors
    /// [`Error::NotFound`], and then nothing is changed.
    pub async fn activate(&self, id: Option<i64>) -> Result<(), Error> {
        let transaction = self.db.begin().await?;
        dialplan::Entity::update_many()
            .col_expr(dialplan::Column::Active, Expr::value(false))
            .filter(dialplan::Column::TenantId.eq(self.tenant.0))
            .exec(&transaction)
            .await?;
        if let Some(id) = id {
            let changed = dialplan::Entity::update_many()
                .col_expr(dialplan::Column::Active, Expr::value(true))
                .filter(dialplan::Column::TenantId.eq(self.tenant.0))
                .filter(dialplan::Column::Id.eq(id))
                .exec(&transaction)
                .await?;
            if changed.rows_affected == 0 {
                transaction.rollback().await?;
                return Err(Error::NotFound("version"));
            }
        }
        transaction.commit().await?;
        Ok(())
    }

    fn plain(&self) -> sea_orm::Select<dialplan::Entity> {
        use dialplan::Column;
        dialplan::Entity::find()
            .select_only()
            .columns([Column::Id, Column::TenantId, Column::Name, Column::Hash, Column::Active, Column::Created])
            .filter(Column::TenantId.eq(self.tenant.0))
    }
}

fn version_of((id, tenant, name, hash, active, created): Row) -> Version {
    Version { id, tenant: TenantId(tenant), name, hash, active, created: time(created) }
}
