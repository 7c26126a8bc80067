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
#[allow(elided_lifetimes_in_paths, reason = "the trait that async-trait wrote has it so")]
mod m0007_trunks;
#[allow(elided_lifetimes_in_paths, reason = "the trait that async-trait wrote has it so")]
mod m0008_voicemail;

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
            Box::new(m0007_trunks::Migration),
            Box::new(m0008_voicemail::Migration),
        ]
    }
}

#[cfg(test)]
mod tests {
    use sea_orm::{ConnectOptions, Database};

    use super::*;

    #[tokio::test]
    async fn tenants_of_before_may_spend_what_a_new_one_may_and_the_step_can_be_taken_back() {
        let mut options = ConnectOptions::new("sqlite::memory:");
        options.max_connections(1).sqlx_logging(false);
        let db = Database::connect(options).await.expect("SQLite");
        Migrator::up(&db, Some(6)).await.expect("the steps before");
        let old = "INSERT INTO tenant (name, realm, time_zone, ring_seconds, peers, hosts, created)
            VALUES ('old', 'old', 'UTC', 30, '', '', 0)";
        db.execute_unprepared(old).await.expect("a tenant");
        Migrator::up(&db, None).await.expect("all steps");
        let store = crate::Store { db: db.clone() };
        let id = store.tenants().by_name("old").await.expect("found").id;
        let outside = store.outside(id).get().await.expect("its way outside");
        assert_eq!((outside.limits, outside.grants.classes.len()), (crate::CAUTIOUS, 0));
        Migrator::down(&db, Some(2)).await.expect("back");
        Migrator::up(&db, None).await.expect("and forward again");
        store.tenants().by_name("old").await.expect("it is there still");
    }
}
