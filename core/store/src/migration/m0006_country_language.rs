//! Whose tones a tenant's callers hear, what its music is, and in which language its callers and users are spoken to.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const COLUMNS: [(&str, &str); 4] =
    [("tenant", "country"), ("tenant", "language"), ("tenant", "music"), ("account", "language")];

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
