//! What dialplans keep between calls: small texts by name, each tenant's apart.

use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, DatabaseConnection, EntityTrait, PaginatorTrait, QueryFilter};
use switch::TenantId;

use crate::entity::value;
use crate::error::Error;

/// The longest name, in bytes.
const NAME: usize = 256;
/// The longest value, in bytes.
const VALUE: usize = 16 * 1024;
/// How many a tenant may have.
const MOST: u64 = 10_000;

/// The kept values of one tenant.
#[derive(Debug)]
pub struct Values<'a> {
    pub(crate) db: &'a DatabaseConnection,
    pub(crate) tenant: TenantId,
}

impl Values<'_> {
    /// The value of this name.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn get(&self, name: &str) -> Result<Option<String>, Error> {
        Ok(value::Entity::find_by_id((self.tenant.0, name.to_owned())).one(self.db).await?.map(|row| row.value))
    }

    /// Keeps a value.
    ///
    /// # Errors
    /// A name or value that is too long, or one too many.
    pub async fn set(&self, name: &str, text: &str) -> Result<(), Error> {
        if name.is_empty() || name.len() > NAME {
            return Err(Error::Invalid { field: "name", why: format!("1 to {NAME} bytes") });
        }
        if text.len() > VALUE {
            return Err(Error::Invalid { field: "value", why: format!("at most {VALUE} bytes") });
        }
        let held = value::Entity::find().filter(value::Column::TenantId.eq(self.tenant.0)).count(self.db).await?;
        if held >= MOST && self.get(name).await?.is_none() {
            return Err(Error::Invalid { field: "name", why: format!("the tenant keeps {MOST} values already") });
        }
        let row = value::ActiveModel {
            tenant_id: Set(self.tenant.0),
            name: Set(name.to_owned()),
            value: Set(text.to_owned()),
        };
        let conflict = OnConflict::columns([value::Column::TenantId, value::Column::Name])
            .update_column(value::Column::Value)
            .to_owned();
        value::Entity::insert(row).on_conflict(conflict).exec_without_returning(self.db).await?;
        Ok(())
    }

    /// Forgets a value; says whether there was one.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn delete(&self, name: &str) -> Result<bool, Error> {
        let gone = value::Entity::delete_by_id((self.tenant.0, name.to_owned())).exec(self.db).await?;
        Ok(gone.rows_affected > 0)
    }
}
