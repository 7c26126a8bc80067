//! How the tables came to be, a file a step. A step that has been released is never changed.

#[allow(elided_lifetimes_in_paths, reason = "the trait that async-trait wrote has it so")]
mod m0001_first_call;
#[allow(elided_lifetimes_in_paths, reason = "the trait that async-trait wrote has it so")]
mod m0002_rooms;
#[allow(elided_lifetimes_in_paths, reason = "the trait that async-trait wrote has it so")]
mod m0003_media_policy;
#[allow(elided_lifetimes_in_paths, reason = "the trait that async-trait wrote has it so")]
mod m0004_recordings;
#[allow(elided_lifetimes_in_paths, reason = "the trait that async-trait wrote has it so")]
mod m0005_call_direction;
#[allow(elided_lifetimes_in_paths, reason = "the trait that async-trait wrote has it so")]
mod m0006_country_language;

use sea_orm_migration::prelude::*;

pub(crate) struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_first_call::Migration),
            Box::new(m0002_rooms::Migration),
            Box::new(m0003_media_policy::Migration),
            Box::new(m0004_recordings::Migration),
            Box::new(m0005_call_direction::Migration),
            Box::new(m0006_country_language::Migration),
        ]
    }
}
