//! Tenants and their domains.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    TransactionTrait,
};
use switch::{Country, Fallback, MediaPolicy, Music, TenantId, TenantPolicy};

use crate::entity::{domain, media_columns, media_of, micros, tenant, time};
use crate::error::Error;
use crate::outside;

/// A tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// Minted by the database.
    pub id: TenantId,
    /// Its unique name: letters, digits, `-`, `_`, `.`.
    pub name: String,
    /// The digest realm of its users. Passwords are hashed with it: it never changes.
    pub realm: String,
    /// SIP domains, lower case, each owned by one tenant.
    pub domains: Vec<String>,
    /// An IANA time zone, as `Europe/Berlin`.
    pub time_zone: String,
    /// What its calls may do.
    pub policy: TenantPolicy,
    /// Peers whose requests are not challenged: addresses and networks, as `192.0.2.0/24`.
    pub peers: Vec<String>,
    /// Hosts that its dialplans may dial by URI.
    pub hosts: Vec<String>,
    /// How many days recordings of its calls and rooms are kept, 0 for ever; as everybody's when `None`.
    pub recording_days: Option<u32>,
    /// Whose tones are heard; the exchange's when `None`.
    pub country: Option<Country>,
    /// What is heard by who is held or waits; `moh/default` when `None`.
    pub music: Option<Music>,
    /// When it was made.
    pub created: SystemTime,
}

/// A tenant to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTenant {
    /// See [`Tenant::name`].
    pub name: String,
    /// See [`Tenant::realm`]; the first domain, or the name where there is none, when `None`.
    pub realm: Option<String>,
    /// See [`Tenant::domains`].
    pub domains: Vec<String>,
    /// See [`Tenant::time_zone`].
    pub time_zone: String,
    /// See [`Tenant::policy`].
    pub policy: TenantPolicy,
    /// See [`Tenant::peers`].
    pub peers: Vec<String>,
    /// See [`Tenant::hosts`].
    pub hosts: Vec<String>,
    /// See [`Tenant::country`].
    pub country: Option<Country>,
    /// See [`Tenant::music`].
    pub music: Option<Music>,
}

impl NewTenant {
    /// With the settings of an office.
    #[must_use]
    pub fn named(name: &str, domains: Vec<String>) -> Self {
        Self {
            name: name.to_owned(),
            realm: None,
            domains,
            time_zone: "UTC".to_owned(),
            policy: TenantPolicy {
                fallback: Fallback::Extension,
                max_calls: None,
                ring_time: Duration::from_secs(30),
                media: MediaPolicy::default(),
            },
            peers: Vec::new(),
            hosts: Vec::new(),
            country: None,
            music: None,
        }
    }
}

/// The tenants.
#[derive(Debug)]
pub struct Tenants<'a> {
    pub(crate) db: &'a DatabaseConnection,
}

impl Tenants<'_> {
    /// Makes one.
    ///
    /// # Errors
    /// A field that cannot be kept, or a name or domain that is taken.
    pub async fn create(&self, new: NewTenant) -> Result<Tenant, Error> {
        check_name("name", &new.name)?;
        let domains = canonical_domains(&new.domains)?;
        let realm = new.realm.or_else(|| domains.first().cloned()).unwrap_or_else(|| new.name.clone());
        let [secrecy, codecs, language] = media_columns(&new.policy.media);
        let mut row = tenant::ActiveModel {
            id: NotSet,
            name: Set(new.name),
            realm: Set(realm),
            time_zone: Set(new.time_zone),
            fallback_status: Set(fallback_status(new.policy.fallback)),
            max_calls: Set(new.policy.max_calls.map(|calls| i32::try_from(calls).unwrap_or(i32::MAX))),
            ring_seconds: Set(seconds(new.policy.ring_time)),
            peers: Set(new.peers.join(" ")),
            hosts: Set(new.hosts.join(" ")),
            created: Set(micros(SystemTime::now())),
            secrecy: Set(secrecy),
            codecs: Set(codecs),
            recording_days: Set(None),
            country: Set(new.country.map(|country| country.code().to_owned())),
            language: Set(language),
            music: Set(new.music.map(|music| music.to_string())),
            ..Default::default()
        };
        outside::set_limits(&mut row, &outside::CAUTIOUS);
        let transaction = self.db.begin().await?;
        let row = row.insert(&transaction).await.map_err(|error| Error::exists(error, "tenant"))?;
        put_domains(&transaction, row.id, &domains).await?;
        transaction.commit().await?;
        tenant_of(row, domains)
    }

    /// One by its id.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn get(&self, id: TenantId) -> Result<Tenant, Error> {
        let row = tenant::Entity::find_by_id(id.0).one(self.db).await?.ok_or(Error::NotFound("tenant"))?;
        let domains = self.domains_of(row.id).await?;
        tenant_of(row, domains)
    }

    /// One by its name.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn by_name(&self, name: &str) -> Result<Tenant, Error> {
        let row = tenant::Entity::find()
            .filter(tenant::Column::Name.eq(name))
            .one(self.db)
            .await?
            .ok_or(Error::NotFound("tenant"))?;
        let domains = self.domains_of(row.id).await?;
        tenant_of(row, domains)
    }

    /// All, by name.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn list(&self) -> Result<Vec<Tenant>, Error> {
        let mut all = Vec::new();
        for row in tenant::Entity::find().order_by_asc(tenant::Column::Name).all(self.db).await? {
            let domains = self.domains_of(row.id).await?;
            all.push(tenant_of(row, domains)?);
        }
        Ok(all)
    }

    /// The names of all, by their ids.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn names(&self) -> Result<BTreeMap<TenantId, String>, Error> {
        use tenant::Column;
        let rows = tenant::Entity::find().select_only().columns([Column::Id, Column::Name]);
        let rows: Vec<(i64, String)> = rows.into_tuple().all(self.db).await?;
        Ok(rows.into_iter().map(|(id, name)| (TenantId(id), name)).collect())
    }

    /// Changes all but id, realm and date.
    ///
    /// # Errors
    /// As [`create`](Self::create), or [`Error::NotFound`].
    pub async fn update(&self, changed: &Tenant) -> Result<Tenant, Error> {
        check_name("name", &changed.name)?;
        let domains = canonical_domains(&changed.domains)?;
        let row = tenant::Entity::find_by_id(changed.id.0).one(self.db).await?.ok_or(Error::NotFound("tenant"))?;
        let mut row: tenant::ActiveModel = row.into();
        row.name = Set(changed.name.clone());
        row.time_zone = Set(changed.time_zone.clone());
        row.fallback_status = Set(fallback_status(changed.policy.fallback));
        row.max_calls = Set(changed.policy.max_calls.map(|calls| i32::try_from(calls).unwrap_or(i32::MAX)));
        row.ring_seconds = Set(seconds(changed.policy.ring_time));
        row.peers = Set(changed.peers.join(" "));
        row.hosts = Set(changed.hosts.join(" "));
        let [secrecy, codecs, language] = media_columns(&changed.policy.media);
        (row.secrecy, row.codecs, row.language) = (Set(secrecy), Set(codecs), Set(language));
        row.country = Set(changed.country.map(|country| country.code().to_owned()));
        row.music = Set(changed.music.as_ref().map(ToString::to_string));
        row.recording_days = Set(changed.recording_days.map(|days| i32::try_from(days).unwrap_or(i32::MAX)));
        let transaction = self.db.begin().await?;
        let row = row.update(&transaction).await.map_err(|error| Error::exists(error, "tenant"))?;
        domain::Entity::delete_many().filter(domain::Column::TenantId.eq(row.id)).exec(&transaction).await?;
        put_domains(&transaction, row.id, &domains).await?;
        transaction.commit().await?;
        tenant_of(row, domains)
    }

    /// Removes one with all that is its own; call records stay.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn delete(&self, id: TenantId) -> Result<(), Error> {
        let gone = tenant::Entity::delete_by_id(id.0).exec(self.db).await?;
        if gone.rows_affected == 0 { Err(Error::NotFound("tenant")) } else { Ok(()) }
    }

    async fn domains_of(&self, id: i64) -> Result<Vec<String>, Error> {
        let rows = domain::Entity::find()
            .filter(domain::Column::TenantId.eq(id))
            .order_by_asc(domain::Column::Name)
            .all(self.db)
            .await?;
        Ok(rows.into_iter().map(|row| row.name).collect())
    }
}

async fn put_domains(db: &impl sea_orm::ConnectionTrait, tenant_id: i64, domains: &[String]) -> Result<(), Error> {
    for name in domains {
        let row = domain::ActiveModel { name: Set(name.clone()), tenant_id: Set(tenant_id) };
        domain::Entity::insert(row).exec_without_returning(db).await.map_err(|error| Error::exists(error, "domain"))?;
    }
    Ok(())
}

fn tenant_of(row: tenant::Model, domains: Vec<String>) -> Result<Tenant, Error> {
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect();
    let fallback =
        row.fallback_status.and_then(|status| u16::try_from(status).ok()).map_or(Fallback::Extension, Fallback::Reject);
    let ring_time = Duration::from_secs(u64::try_from(row.ring_seconds).unwrap_or(30));
    let corrupt = || Error::Corrupt("tenant");
    let media = media_of(row.secrecy.as_deref(), row.codecs.as_deref(), row.language.as_deref()).ok_or_else(corrupt)?;
    let country = row.country.as_deref().map(str::parse).transpose().map_err(|_| corrupt())?;
    let music = row.music.as_deref().map(str::parse).transpose().map_err(|_| corrupt())?;
    Ok(Tenant {
        id: TenantId(row.id),
        realm: row.realm,
        domains,
        time_zone: row.time_zone,
        policy: TenantPolicy {
            fallback,
            max_calls: row.max_calls.and_then(|calls| u32::try_from(calls).ok()),
            ring_time,
            media,
        },
        peers: words(&row.peers),
        hosts: words(&row.hosts),
        recording_days: row.recording_days.and_then(|days| u32::try_from(days).ok()),
        country,
        music,
        created: time(row.created),
        name: row.name,
    })
}

fn fallback_status(fallback: Fallback) -> Option<i32> {
    match fallback {
        Fallback::Extension => None,
        Fallback::Reject(status) => Some(i32::from(status)),
    }
}

fn seconds(time: Duration) -> i32 {
    i32::try_from(time.as_secs()).unwrap_or(i32::MAX)
}

pub(crate) fn check_name(field: &'static str, name: &str) -> Result<(), Error> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '+');
    if name.is_empty() || name.len() > 64 || !name.chars().all(plain) {
        return Err(Error::Invalid { field, why: format!("`{name}`: 1 to 64 letters, digits, `-`, `_`, `.` or `+`") });
    }
    Ok(())
}

fn canonical_domains(domains: &[String]) -> Result<Vec<String>, Error> {
    let mut all: Vec<String> = domains.iter().map(|domain| domain.trim().to_ascii_lowercase()).collect();
    all.sort();
    all.dedup();
    for domain in &all {
        let host = domain.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | ':' | '[' | ']'));
        if domain.is_empty() || domain.len() > 253 || !host {
            return Err(Error::Invalid { field: "domains", why: format!("`{domain}` is no host name or address") });
        }
    }
    Ok(all)
}
