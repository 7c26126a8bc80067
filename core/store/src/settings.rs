//! The exchange's own settings, as the hash of its admin token.

use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::OnConflict;
use sea_orm::{DatabaseConnection, EntityTrait};

use crate::entity::setting;
use crate::error::Error;

/// Settings by name.
#[derive(Debug)]
pub struct Settings<'a> {
    pub(crate) db: &'a DatabaseConnection,
}

impl Settings<'_> {
    /// The value of a setting.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn get(&self, name: &str) -> Result<Option<String>, Error> {
        Ok(setting::Entity::find_by_id(name).one(self.db).await?.map(|row| row.value))
    }

    /// Keeps a setting.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn set(&self, name: &str, value: &str) -> Result<(), Error> {
        let row = setting::ActiveModel { name: Set(name.to_owned()), value: Set(value.to_owned()) };
        let conflict = OnConflict::column(setting::Column::Name).update_column(setting::Column::Value).to_owned();
        setting::Entity::insert(row).on_conflict(conflict).exec_without_returning(self.db).await?;
        Ok(())
    }
}
