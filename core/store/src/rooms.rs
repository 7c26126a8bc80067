//! Conference rooms of a tenant, as they are kept. Which are open is the running exchange's affair.

use std::ops::RangeInclusive;
use std::time::SystemTime;

use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::{ActiveModelTrait, ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder};
use switch::TenantId;

use crate::entity::{micros, room, time};
use crate::error::Error;
use crate::pins::Pins;

/// How many may be in one room.
pub const MAXIMUM: RangeInclusive<u16> = 2..=1000;
/// The most keys of one room.
const KEYS: usize = 32;

/// A room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Room {
    /// Minted by the database.
    pub id: i64,
    /// Whose.
    pub tenant: TenantId,
    /// The number or word that is dialled: 1 to 32 of 0-9, a-z, `-` and `*`; unique in the tenant.
    pub name: String,
    /// Who comes in by which PIN.
    pub pins: Pins,
    /// All else.
    pub settings: RoomSettings,
    /// When it was made.
    pub created: SystemTime,
}

/// How a room is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomSettings {
    /// What people call it.
    pub title: Option<String>,
    /// Participants hear music and wait until a moderator is there.
    pub wait_for_moderator: bool,
    /// It ends when its last moderator leaves.
    pub end_with_moderator: bool,
    /// What those in it hear when somebody comes or goes.
    pub entry: EntrySound,
    /// How many may be in it: 2 to 1000.
    pub maximum: u16,
    /// It is recorded from its first member to its last.
    pub record: bool,
    /// Who comes in is not heard until he or a moderator says so; moderators are.
    pub mute_on_entry: bool,
    /// Its moderators may call others into it.
    pub dial_out: bool,
    /// In which language it speaks; the tenant's when `None`.
    pub language: Option<String>,
    /// What keys do, in place of the usual table; empty for that.
    pub keys: Vec<RoomKey>,
}

impl Default for RoomSettings {
    fn default() -> Self {
        Self {
            title: None,
            wait_for_moderator: false,
            end_with_moderator: false,
            entry: EntrySound::Tone,
            maximum: 100,
            record: false,
            mute_on_entry: false,
            dial_out: false,
            language: None,
            keys: Vec::new(),
        }
    }
}

/// What is heard when somebody comes or goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntrySound {
    /// Nothing.
    Nothing,
    /// A tone.
    Tone,
    /// His name, as he said it himself.
    Name,
}

impl EntrySound {
    fn as_str(self) -> &'static str {
        match self {
            Self::Nothing => "none",
            Self::Tone => "tone",
            Self::Name => "name",
        }
    }
}

/// Keys pressed one after the other, and what they do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomKey {
    /// `*` or `#`, then 1 to 4 digits.
    pub keys: String,
    /// The action's name: 1 to 32 of a-z and `-`.
    pub action: String,
}

/// A room to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRoom {
    /// See [`Room::name`].
    pub name: String,
    /// See [`Room::pins`].
    pub pins: Pins,
    /// See [`Room::settings`].
    pub settings: RoomSettings,
}

/// The rooms of one tenant.
#[derive(Debug)]
pub struct Rooms<'a> {
    pub(crate) db: &'a DatabaseConnection,
    pub(crate) tenant: TenantId,
}

impl Rooms<'_> {
    /// Makes one.
    ///
    /// # Errors
    /// A field that cannot be kept, a name that is taken, no such tenant.
    pub async fn create(&self, new: NewRoom) -> Result<Room, Error> {
        check_room_name(&new.name)?;
        let mut row = columns(&new.pins, &new.settings)?;
        row.tenant_id = Set(self.tenant.0);
        row.name = Set(new.name);
        row.created = Set(micros(SystemTime::now()));
        room_of(row.insert(self.db).await.map_err(|error| Error::exists(error, "room"))?)
    }

    /// One by its name.
    ///
    /// # Errors
    /// [`Error::NotFound`], also for another tenant's.
    pub async fn get(&self, name: &str) -> Result<Room, Error> {
        room_of(self.row(name).await?)
    }

    /// All, by name.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn list(&self) -> Result<Vec<Room>, Error> {
        let rows = room::Entity::find()
            .filter(room::Column::TenantId.eq(self.tenant.0))
            .order_by_asc(room::Column::Name)
            .all(self.db)
            .await?;
        rows.into_iter().map(room_of).collect()
    }

    /// Changes PINs and settings; the name stays. Who is in it notices nothing.
    ///
    /// # Errors
    /// As [`create`](Self::create), or [`Error::NotFound`].
    pub async fn update(&self, changed: &Room) -> Result<Room, Error> {
        let mut row = columns(&changed.pins, &changed.settings)?;
        row.id = Set(self.row(&changed.name).await?.id);
        room_of(row.update(self.db).await?)
    }

    /// Removes one.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn delete(&self, name: &str) -> Result<(), Error> {
        let gone = room::Entity::delete_many()
            .filter(room::Column::TenantId.eq(self.tenant.0))
            .filter(room::Column::Name.eq(name))
            .exec(self.db)
            .await?;
        if gone.rows_affected == 0 { Err(Error::NotFound("room")) } else { Ok(()) }
    }

    async fn row(&self, name: &str) -> Result<room::Model, Error> {
        let found = room::Entity::find()
            .filter(room::Column::TenantId.eq(self.tenant.0))
            .filter(room::Column::Name.eq(name))
            .one(self.db)
            .await?;
        found.ok_or(Error::NotFound("room"))
    }
}

/// Whether this may be the name of a room.
///
/// # Errors
/// [`Error::Invalid`] where not.
pub fn check_room_name(name: &str) -> Result<(), Error> {
    let plain = |byte: u8| byte.is_ascii_digit() || byte.is_ascii_lowercase() || matches!(byte, b'-' | b'*');
    if (1..=32).contains(&name.len()) && name.bytes().all(plain) {
        return Ok(());
    }
    Err(Error::Invalid { field: "name", why: "1 to 32 digits, small letters, `-` or `*`".to_owned() })
}

impl RoomSettings {
    /// All that cannot be kept of these, a field each.
    #[must_use]
    pub fn faults(&self) -> Vec<Error> {
        [check_title(self), check_maximum(self), check_language(self), check_keys(&self.keys)]
            .into_iter()
            .filter_map(Result::err)
            .collect()
    }
}

fn check_title(settings: &RoomSettings) -> Result<(), Error> {
    let short = |text: &str| text.len() <= 128 && !text.chars().any(char::is_control);
    if settings.title.as_deref().is_some_and(|title| !short(title)) {
        return Err(Error::Invalid { field: "title", why: "at most 128 bytes, no control characters".to_owned() });
    }
    Ok(())
}

fn check_maximum(settings: &RoomSettings) -> Result<(), Error> {
    if !MAXIMUM.contains(&settings.maximum) {
        return Err(Error::Invalid { field: "maximum", why: "2 to 1000".to_owned() });
    }
    Ok(())
}

fn check_language(settings: &RoomSettings) -> Result<(), Error> {
    let tag = |text: &str| {
        (2..=16).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    if settings.language.as_deref().is_some_and(|language| !tag(language)) {
        return Err(Error::Invalid { field: "language", why: "a tag as `en` or `de-AT`".to_owned() });
    }
    Ok(())
}

fn check_keys(keys: &[RoomKey]) -> Result<(), Error> {
    let wrong = |why: String| Err(Error::Invalid { field: "keys", why });
    if keys.len() > KEYS {
        return wrong(format!("at most {KEYS}"));
    }
    for (at, key) in keys.iter().enumerate() {
        let digits = key.keys.strip_prefix(['*', '#']).unwrap_or_default();
        if !(1..=4).contains(&digits.len()) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return wrong(format!("`{}`: `*` or `#`, then 1 to 4 digits", key.keys));
        }
        let word = |byte: u8| byte.is_ascii_lowercase() || byte == b'-';
        if !(1..=32).contains(&key.action.len()) || !key.action.bytes().all(word) {
            return wrong(format!("`{}`: an action has 1 to 32 small letters or `-`", key.action));
        }
        // Who presses `*1` would never come to `*12`.
        let hidden = |other: &RoomKey| other.keys.starts_with(&key.keys) || key.keys.starts_with(&other.keys);
        if let Some(other) = keys.iter().take(at).find(|other| hidden(other)) {
            return wrong(format!("`{}` begins as `{}` does", key.keys, other.keys));
        }
    }
    Ok(())
}

fn columns(pins: &Pins, settings: &RoomSettings) -> Result<room::ActiveModel, Error> {
    settings.faults().into_iter().next().map_or(Ok(()), Err)?;
    let keys: Vec<_> = settings.keys.iter().map(|key| format!("{} {}", key.keys, key.action)).collect();
    Ok(room::ActiveModel {
        id: NotSet,
        tenant_id: NotSet,
        name: NotSet,
        created: NotSet,
        title: Set(settings.title.clone()),
        pin_salt: Set(Some(pins.salt.clone()).filter(|salt| !salt.is_empty())),
        pin_rounds: Set(i32::try_from(pins.rounds).unwrap_or(i32::MAX)),
        pin: Set(pins.participant.map(Vec::from)),
        moderator_pin: Set(pins.moderator.map(Vec::from)),
        wait_for_moderator: Set(settings.wait_for_moderator),
        end_with_moderator: Set(settings.end_with_moderator),
        entry: Set(settings.entry.as_str().to_owned()),
        maximum: Set(i32::from(settings.maximum)),
        record: Set(settings.record),
        mute_on_entry: Set(settings.mute_on_entry),
        dial_out: Set(settings.dial_out),
        language: Set(settings.language.clone()),
        keys: Set(keys.join("\n")),
    })
}

fn room_of(row: room::Model) -> Result<Room, Error> {
    const CORRUPT: Error = Error::Corrupt("room");
    let hash = |bytes: Option<Vec<u8>>| bytes.map(|bytes| bytes.try_into().map_err(|_| CORRUPT)).transpose();
    let pins = Pins {
        salt: row.pin_salt.unwrap_or_default(),
        rounds: u32::try_from(row.pin_rounds).map_err(|_| CORRUPT)?,
        participant: hash(row.pin)?,
        moderator: hash(row.moderator_pin)?,
    };
    let entry = [EntrySound::Nothing, EntrySound::Tone, EntrySound::Name];
    let entry = entry.into_iter().find(|entry| entry.as_str() == row.entry).ok_or(CORRUPT)?;
    let key = |line: &str| {
        let (keys, action) = line.split_once(' ').ok_or(CORRUPT)?;
        Ok(RoomKey { keys: keys.to_owned(), action: action.to_owned() })
    };
    Ok(Room {
        id: row.id,
        tenant: TenantId(row.tenant_id),
        name: row.name,
        pins,
        settings: RoomSettings {
            title: row.title,
            wait_for_moderator: row.wait_for_moderator,
            end_with_moderator: row.end_with_moderator,
            entry,
            maximum: u16::try_from(row.maximum).map_err(|_| CORRUPT)?,
            record: row.record,
            mute_on_entry: row.mute_on_entry,
            dial_out: row.dial_out,
            language: row.language,
            keys: row.keys.lines().map(key).collect::<Result<_, Error>>()?,
        },
        created: time(row.created),
    })
}
