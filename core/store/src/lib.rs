//! What is kept: tenants, users, rooms, mailboxes, trunks, numbers, routes, bindings, dialplans and call records, in SQLite or
//! PostgreSQL.
//!
//! ```text
//! let store = Store::open("sqlite://./data/strowger.db?mode=rwc").await?;    // or postgres://…
//! store.tenants().create(…)                  every query but those of an operator is bound to a tenant
//! let (writer, task) = Writer::new(store);   records in batches, one writer, never on the path of a call
//! ```
//!
//! The only crate that knows sea-orm. Credentials, locations and routes are answered from memory by those above; they
//! load what they need with [`Store::snapshot`], [`Store::outside_snapshot`] and the repositories' lists.

mod bindings;
mod cdrs;
mod dialplans;
mod entity;
mod error;
mod letters;
mod mailbox_lists;
mod mailbox_settings;
mod mailboxes;
mod message_counts;
mod messages;
mod migration;
mod numbers;
mod outside;
mod pins;
mod rates;
mod recordings;
mod rooms;
mod routes;
mod settings;
mod subscriptions;
mod tenants;
mod trunks;
mod turn;
mod users;
mod values;
mod writer;

use std::time::Duration;

use sea_orm::{ConnectOptions, Database, DatabaseConnection};
use sea_orm_migration::MigratorTrait;

pub use bindings::Bindings;
pub use cdrs::{CdrFilter, CdrPage, Cdrs, SpentSince, StoredCdr, StoredLeg, StoredVia};
pub use dialplans::{Dialplans, Version};
pub use error::Error;
pub use letters::{Letter, LetterKind, Letters, MailTemplate};
pub use mailbox_lists::{MailboxList, MailboxLists};
pub use mailbox_settings::{MailForm, MailboxSettings, VoicemailPolicy};
pub use mailboxes::{Mailbox, MailboxPin, Mailboxes, NewMailbox};
pub use message_counts::{Space, Usage};
pub use messages::{Measured, Messages, NewMessage, StoredMessage};
pub use numbers::{NumberPage, Numbers};
pub use outside::{CAUTIOUS, Outside, OutsideSnapshot};
pub use pins::{Admitted, Pins};
pub use rates::{RateSheet, Rates};
pub use recordings::{MendedRecording, RecordingFilter, RecordingPage, Recordings, StoredRecording};
pub use rooms::{EntrySound, MAXIMUM, NewRoom, Room, RoomKey, RoomSettings, Rooms, check_room_name};
pub use routes::Routes;
pub use settings::Settings;
pub use subscriptions::Subscriptions;
pub use tenants::{NewTenant, Tenant, Tenants};
pub use trunks::Trunks;
pub use users::{NewUser, User, Users};
pub use values::Values;
pub use writer::{Writer, WriterTask};

/// An open database.
#[derive(Debug, Clone)]
pub struct Store {
    db: DatabaseConnection,
}

impl Store {
    /// Opens the database, makes it where there is none (SQLite), and brings its tables up to date.
    ///
    /// # Errors
    /// [`Error::Open`] with what the database said; [`Error::Migrate`] when its tables cannot be brought up to date.
    pub async fn open(url: &str) -> Result<Self, Error> {
        let sqlite = url.starts_with("sqlite:");
        let memory = url.contains(":memory:");
        let mut options = ConnectOptions::new(url);
        options
            .sqlx_logging(false)
            .connect_timeout(Duration::from_secs(5))
            .acquire_timeout(Duration::from_secs(10))
            // Each connection to an SQLite in memory is a database of its own.
            .max_connections(if memory { 1 } else { 4 })
            .min_connections(1);
        if memory {
            options.idle_timeout(None::<Duration>).max_lifetime(None::<Duration>);
        }
        if sqlite {
            options.map_sqlx_sqlite_opts(|options| {
                options
                    .pragma("journal_mode", "WAL")
                    .pragma("foreign_keys", "ON")
                    .pragma("busy_timeout", "5000")
                    // With WAL, FULL is what survives the loss of power; NORMAL survives kill -9 only.
                    .pragma("synchronous", "FULL")
            });
        }
        let db = Database::connect(options).await.map_err(|error| Error::Open(error.to_string()))?;
        migration::Migrator::up(&db, None).await.map_err(|error| Error::Migrate(error.to_string()))?;
        Ok(Self { db })
    }

    /// The tenants: for operators only.
    #[must_use]
    pub fn tenants(&self) -> Tenants<'_> {
        Tenants { db: &self.db }
    }

    /// The users of a tenant.
    #[must_use]
    pub fn users(&self, tenant: switch::TenantId) -> Users<'_> {
        Users { db: &self.db, tenant }
    }

    /// The conference rooms of a tenant.
    #[must_use]
    pub fn rooms(&self, tenant: switch::TenantId) -> Rooms<'_> {
        Rooms { db: &self.db, tenant }
    }

    /// The dialplans of a tenant.
    #[must_use]
    pub fn dialplans(&self, tenant: switch::TenantId) -> Dialplans<'_> {
        Dialplans { db: &self.db, tenant }
    }

    /// The call records of a tenant.
    #[must_use]
    pub fn cdrs(&self, tenant: switch::TenantId) -> Cdrs<'_> {
        Cdrs { db: &self.db, tenant }
    }

    /// The trunks: for operators only.
    #[must_use]
    pub fn trunks(&self) -> Trunks<'_> {
        Trunks { db: &self.db }
    }

    /// The numbers of a tenant.
    #[must_use]
    pub fn numbers(&self, tenant: switch::TenantId) -> Numbers<'_> {
        Numbers { db: &self.db, tenant }
    }

    /// The routes of a tenant.
    #[must_use]
    pub fn routes(&self, tenant: switch::TenantId) -> Routes<'_> {
        Routes { db: &self.db, tenant: Some(tenant) }
    }

    /// The routes that every tenant has.
    #[must_use]
    pub fn shared_routes(&self) -> Routes<'_> {
        Routes { db: &self.db, tenant: None }
    }

    /// The rate tables of trunks.
    #[must_use]
    pub fn rates(&self) -> Rates<'_> {
        Rates { db: &self.db }
    }

    /// What a tenant and its users may do outside.
    #[must_use]
    pub fn outside(&self, tenant: switch::TenantId) -> Outside<'_> {
        Outside { db: &self.db, tenant }
    }

    /// All of trunks, numbers, routes and what may be called that must be in memory, as it is at this moment.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn outside_snapshot(&self) -> Result<OutsideSnapshot, Error> {
        outside::snapshot(&self.db).await
    }

    /// What calls outside that ended since then were charged, by tenant, user and trunk: for the ledger at its start.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn spent_since(&self, since: std::time::SystemTime) -> Result<Vec<SpentSince>, Error> {
        cdrs::spent_since(&self.db, since).await
    }

    /// The tenant and the name of a user: for operators only.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn user_named(&self, user: switch::UserId) -> Result<(switch::TenantId, String), Error> {
        outside::user_named(&self.db, user).await
    }

    /// The recordings of a tenant.
    #[must_use]
    pub fn recordings(&self, tenant: switch::TenantId) -> Recordings<'_> {
        Recordings { db: &self.db, tenant }
    }

    /// The mailboxes of a tenant.
    #[must_use]
    pub fn mailboxes(&self, tenant: switch::TenantId) -> Mailboxes<'_> {
        Mailboxes { db: &self.db, tenant }
    }

    /// The lists of mailboxes of a tenant.
    #[must_use]
    pub fn mailbox_lists(&self, tenant: switch::TenantId) -> MailboxLists<'_> {
        MailboxLists { db: &self.db, tenant }
    }

    /// The messages of a tenant.
    #[must_use]
    pub fn messages(&self, tenant: switch::TenantId) -> Messages<'_> {
        Messages { db: &self.db, tenant }
    }

    /// Letters that wait, of all tenants.
    #[must_use]
    pub fn letters(&self) -> Letters<'_> {
        Letters { db: &self.db }
    }

    /// All subscriptions, for the switch at its start.
    #[must_use]
    pub fn subscriptions(&self) -> Subscriptions<'_> {
        Subscriptions { db: &self.db }
    }

    /// What the dialplans of a tenant keep.
    #[must_use]
    pub fn values(&self, tenant: switch::TenantId) -> Values<'_> {
        Values { db: &self.db, tenant }
    }

    /// All bindings, for the registrar at its start.
    #[must_use]
    pub fn bindings(&self) -> Bindings<'_> {
        Bindings { db: &self.db }
    }

    /// The exchange's own settings.
    #[must_use]
    pub fn settings(&self) -> Settings<'_> {
        Settings { db: &self.db }
    }

    /// All tenants with their users: what must be in memory.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn snapshot(&self) -> Result<Vec<(Tenant, Vec<User>)>, Error> {
        let mut all = Vec::new();
        for tenant in self.tenants().list().await? {
            let users = self.users(tenant.id).list().await?;
            all.push((tenant, users));
        }
        Ok(all)
    }

    /// Closes the database.
    ///
    /// # Errors
    /// When it could not be closed in order.
    pub async fn close(self) -> Result<(), Error> {
        self.db.close().await.map_err(Error::from)
    }
}
