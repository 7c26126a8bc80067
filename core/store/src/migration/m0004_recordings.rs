//! Recordings: what is known of each beside its file.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const STEPS: &[&str] = &[
    "CREATE TABLE recording (
        tenant_id BIGINT NOT NULL REFERENCES tenant (id) ON DELETE CASCADE, name TEXT NOT NULL, call_uid TEXT, kind TEXT NOT NULL,
        started BIGINT NOT NULL, length_ms BIGINT, bytes BIGINT, format TEXT NOT NULL, layout TEXT NOT NULL, fault TEXT,
        PRIMARY KEY (tenant_id, name))",
    "CREATE INDEX recording_by_time ON recording (tenant_id, started, name)",
    "CREATE INDEX recording_by_call ON recording (tenant_id, call_uid)",
    // How many days recordings of this tenant's calls and rooms are kept; as everybody's where it is null.
    "ALTER TABLE tenant ADD COLUMN recording_days INTEGER",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for step in STEPS {
            manager.get_connection().execute_unprepared(step).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for step in ["ALTER TABLE tenant DROP COLUMN recording_days", "DROP TABLE recording"] {
            manager.get_connection().execute_unprepared(step).await?;
        }
        Ok(())
    }
}
