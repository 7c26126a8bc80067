//! Users of a tenant and what is kept of their passwords.

use std::time::SystemTime;

use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::{ActiveModelTrait, ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder};
use switch::{Ha1, MediaPolicy, TenantId, UserId};

use crate::entity::{media_columns, media_of, micros, time, user};
use crate::error::Error;
use crate::tenants::check_name;

/// A user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Minted by the database.
    pub id: UserId,
    /// Whose user.
    pub tenant: TenantId,
    /// The name in credentials and in the address of record; unique in the tenant.
    pub name: String,
    /// What called phones show.
    pub display_name: Option<String>,
    /// A short number, unique in the tenant.
    pub extension: Option<String>,
    /// All that is kept of the password.
    pub ha1: Ha1,
    /// May register and call.
    pub enabled: bool,
    /// What its media may be, where that is not as the tenant has it.
    pub media: MediaPolicy,
    /// When it was made.
    pub created: SystemTime,
}

/// A user to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewUser {
    /// See [`User::name`].
    pub name: String,
    /// See [`User::display_name`].
    pub display_name: Option<String>,
    /// See [`User::extension`].
    pub extension: Option<String>,
    /// See [`User::ha1`].
    pub ha1: Ha1,
    /// See [`User::media`].
    pub media: MediaPolicy,
}

/// The users of one tenant.
#[derive(Debug)]
pub struct Users<'a> {
    pub(crate) db: &'a DatabaseConnection,
    pub(crate) tenant: TenantId,
}

impl Users<'_> {
    /// Makes one.
    ///
    /// # Errors
    /// A field that cannot be kept, a name or extension that is taken, no such tenant.
    pub async fn create(&self, new: NewUser) -> Result<User, Error> {
        check(&new.name, new.extension.as_deref(), new.display_name.as_deref())?;
        let [secrecy, codecs, language] = media_columns(&new.media);
        let row = user::ActiveModel {
            id: NotSet,
            tenant_id: Set(self.tenant.0),
            name: Set(new.name),
            display_name: Set(new.display_name),
            extension: Set(new.extension),
            ha1_md5: Set(new.ha1.md5.to_vec()),
            ha1_sha256: Set(new.ha1.sha256.to_vec()),
            ha1_sha512_256: Set(new.ha1.sha512_256.to_vec()),
            enabled: Set(true),
            created: Set(micros(SystemTime::now())),
            secrecy: Set(secrecy),
            codecs: Set(codecs),
            language: Set(language),
            ..Default::default()
        };
        user_of(row.insert(self.db).await.map_err(|error| Error::exists(error, "user or extension"))?)
    }

    /// One by its id.
    ///
    /// # Errors
    /// [`Error::NotFound`], also for another tenant's.
    pub async fn get(&self, id: UserId) -> Result<User, Error> {
        user_of(self.row(id).await?)
    }

    /// One by its name.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn by_name(&self, name: &str) -> Result<User, Error> {
        let found = user::Entity::find()
            .filter(user::Column::TenantId.eq(self.tenant.0))
            .filter(user::Column::Name.eq(name))
            .one(self.db)
            .await?;
        user_of(found.ok_or(Error::NotFound("user"))?)
    }

    /// All, by name.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn list(&self) -> Result<Vec<User>, Error> {
        let rows = user::Entity::find()
            .filter(user::Column::TenantId.eq(self.tenant.0))
            .order_by_asc(user::Column::Name)
            .all(self.db)
            .await?;
        rows.into_iter().map(user_of).collect()
    }

    /// Changes display name, extension, hashes, media and whether it is enabled; the name stays, the hashes are made with it.
    ///
    /// # Errors
    /// As [`create`](Self::create), or [`Error::NotFound`].
    pub async fn update(&self, changed: &User) -> Result<User, Error> {
        check(&changed.name, changed.extension.as_deref(), changed.display_name.as_deref())?;
        let mut row: user::ActiveModel = self.row(changed.id).await?.into();
        row.display_name = Set(changed.display_name.clone());
        row.extension = Set(changed.extension.clone());
        row.enabled = Set(changed.enabled);
        let [secrecy, codecs, language] = media_columns(&changed.media);
        (row.secrecy, row.codecs, row.language) = (Set(secrecy), Set(codecs), Set(language));
        row.ha1_md5 = Set(changed.ha1.md5.to_vec());
        row.ha1_sha256 = Set(changed.ha1.sha256.to_vec());
        row.ha1_sha512_256 = Set(changed.ha1.sha512_256.to_vec());
        user_of(row.update(self.db).await.map_err(|error| Error::exists(error, "user or extension"))?)
    }

    /// Removes one.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn delete(&self, id: UserId) -> Result<(), Error> {
        let gone = user::Entity::delete_many()
            .filter(user::Column::TenantId.eq(self.tenant.0))
            .filter(user::Column::Id.eq(id.0))
            .exec(self.db)
            .await?;
        if gone.rows_affected == 0 { Err(Error::NotFound("user")) } else { Ok(()) }
    }

    async fn row(&self, id: UserId) -> Result<user::Model, Error> {
        let found =
            user::Entity::find_by_id(id.0).filter(user::Column::TenantId.eq(self.tenant.0)).one(self.db).await?;
        found.ok_or(Error::NotFound("user"))
    }
}

fn check(name: &str, extension: Option<&str>, display_name: Option<&str>) -> Result<(), Error> {
    check_name("name", name)?;
    if let Some(extension) = extension {
        let short = (1..=16).contains(&extension.len())
            && extension.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'*' | b'#'));
        if !short {
            return Err(Error::Invalid {
                field: "extension",
                why: format!("`{extension}`: 1 to 16 digits, `*` or `#`"),
            });
        }
    }
    if display_name.is_some_and(|name| name.chars().any(char::is_control) || name.len() > 128) {
        return Err(Error::Invalid {
            field: "display_name",
            why: "at most 128 bytes, no control characters".to_owned(),
        });
    }
    Ok(())
}

fn user_of(row: user::Model) -> Result<User, Error> {
    let corrupt = |_| Error::Corrupt("user");
    let ha1 = Ha1 {
        md5: row.ha1_md5.try_into().map_err(corrupt)?,
        sha256: row.ha1_sha256.try_into().map_err(corrupt)?,
        sha512_256: row.ha1_sha512_256.try_into().map_err(corrupt)?,
    };
    let media = media_of(row.secrecy.as_deref(), row.codecs.as_deref(), row.language.as_deref());
    let media = media.ok_or(Error::Corrupt("user"))?;
    Ok(User {
        id: UserId(row.id),
        tenant: TenantId(row.tenant_id),
        name: row.name,
        display_name: row.display_name,
        extension: row.extension,
        ha1,
        enabled: row.enabled,
        media,
        created: time(row.created),
    })
}
