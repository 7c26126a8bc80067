//! How much of the media of tenants and users is encrypted, and by which codecs it is spoken.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const COLUMNS: [(&str, &str); 4] =
    [("tenant", "secrecy"), ("tenant", "codecs"), ("account", "secrecy"), ("account", "codecs")];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, column) in COLUMNS {
            let text = format!("ALTER TABLE {table} ADD COLUMN {column} TEXT");
            manager.get_connection().execute_unprepared(&text).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, column) in COLUMNS {
            let text = format!("ALTER TABLE {table} DROP COLUMN {column}");
            manager.get_connection().execute_unprepared(&text).await?;
        }
        Ok(())
    }
}
