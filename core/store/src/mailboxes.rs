//! Mailboxes of a tenant: whose they are, how they are kept, their greetings, PINs and lists. Audio is the server's affair: a
//! greeting is the name of a recording.

use std::collections::BTreeMap;
use std::time::SystemTime;

use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, DatabaseConnection, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
};
use switch::{Greeting, TenantId, UserId, is_mailbox_name};

use crate::entity::{mailbox, micros, tenant, time, user};
use crate::error::Error;
use crate::mailbox_settings::{MailboxSettings, VoicemailPolicy};
use crate::pins::{Admitted, Pins};
use crate::turn;

/// A mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mailbox {
    /// Minted by the database.
    pub id: i64,
    /// Whose.
    pub tenant: TenantId,
    /// Its number or name: 1 to 32 of 0-9, a-z, `-`, `.`, `_` and `*`; unique in the tenant.
    pub name: String,
    /// The user whose it is.
    pub owner: Option<UserId>,
    /// Whose it is, as people say it.
    pub title: Option<String>,
    /// Its PIN.
    pub pin: MailboxPin,
    /// All else.
    pub settings: MailboxSettings,
    /// What its owner has said, as names of recordings.
    pub greetings: BTreeMap<Greeting, String>,
    /// Its owner was told that it is nearly full, and it still is.
    pub warned: bool,
    /// When it was made.
    pub created: SystemTime,
}

/// The PIN of a mailbox. `Debug` does not show it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MailboxPin {
    pins: Pins,
    given: bool,
}

impl MailboxPin {
    /// There is one.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.pins.has_participant()
    }

    /// Somebody else gave it: its owner must choose another.
    #[must_use]
    pub fn is_given(&self) -> bool {
        self.is_set() && self.given
    }

    /// Whether this is it; none is never right, and takes as long to say so: who guesses does not learn which mailboxes have
    /// one. Takes some 10 ms: not for a thread that serves calls.
    #[must_use]
    pub fn is(&self, pin: &str) -> bool {
        if !self.is_set() {
            crate::pins::take_as_long(pin);
            return false;
        }
        !pin.is_empty() && self.pins.admit(pin) == Some(Admitted::Participant)
    }

    fn of(pin: Option<&str>, given: bool) -> Result<Self, Error> {
        Ok(Self { pins: Pins::of(pin, None)?, given })
    }
}

/// A mailbox to be made.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NewMailbox {
    /// See [`Mailbox::name`].
    pub name: String,
    /// See [`Mailbox::owner`].
    pub owner: Option<UserId>,
    /// See [`Mailbox::title`].
    pub title: Option<String>,
    /// A PIN that its owner must change at the first time: 4 to 16 digits.
    pub pin: Option<String>,
    /// See [`Mailbox::settings`].
    pub settings: MailboxSettings,
}

/// The mailboxes of one tenant.
#[derive(Debug)]
pub struct Mailboxes<'a> {
    pub(crate) db: &'a DatabaseConnection,
    pub(crate) tenant: TenantId,
}

impl Mailboxes<'_> {
    /// Makes one.
    ///
    /// # Errors
    /// A field that cannot be kept, a name that is taken, an owner that is none of the tenant's users, no such tenant.
    pub async fn create(&self, new: NewMailbox) -> Result<Mailbox, Error> {
        check(&new.name, new.title.as_deref(), &new.settings)?;
        self.expect_user(new.owner).await?;
        let pin = MailboxPin::of(new.pin.as_deref(), true)?;
        let mut row = mailbox::ActiveModel {
            id: NotSet,
            tenant_id: Set(self.tenant.0),
            name: Set(new.name),
            user_id: Set(new.owner.map(|owner| owner.0)),
            title: Set(new.title),
            settings: Set(written(&new.settings)?),
            greeting_unavailable: Set(None),
            greeting_busy: Set(None),
            greeting_temporary: Set(None),
            greeting_name: Set(None),
            warned: Set(false),
            created: Set(micros(SystemTime::now())),
            ..Default::default()
        };
        set_pin(&mut row, &pin);
        let made = row.insert(self.db).await;
        mailbox_of(made.map_err(|error| Error::exists(error, "mailbox"))?)
    }

    /// One by its name.
    ///
    /// # Errors
    /// [`Error::NotFound`], also for another tenant's.
    pub async fn get(&self, name: &str) -> Result<Mailbox, Error> {
        mailbox_of(self.row(name).await?)
    }

    /// All, by name.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn list(&self) -> Result<Vec<Mailbox>, Error> {
        let rows = mailbox::Entity::find()
            .filter(mailbox::Column::TenantId.eq(self.tenant.0))
            .order_by_asc(mailbox::Column::Name)
            .all(self.db)
            .await?;
        rows.into_iter().map(mailbox_of).collect()
    }

    /// All that can be read, by name, and why each other one cannot: one that is broken is not the others' affair.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn readable(&self) -> Result<Vec<Result<Mailbox, Error>>, Error> {
        let rows = mailbox::Entity::find().filter(mailbox::Column::TenantId.eq(self.tenant.0));
        Ok(rows.order_by_asc(mailbox::Column::Name).all(self.db).await?.into_iter().map(mailbox_of).collect())
    }

    /// Changes owner, title and settings; the name stays, and so do PIN, greetings and messages.
    ///
    /// # Errors
    /// As [`create`](Self::create), or [`Error::NotFound`].
    pub async fn update(&self, changed: &Mailbox) -> Result<Mailbox, Error> {
        check(&changed.name, changed.title.as_deref(), &changed.settings)?;
        self.expect_user(changed.owner).await?;
        let mut row = self.row(&changed.name).await?.into_active_model();
        row.user_id = Set(changed.owner.map(|owner| owner.0));
        row.title = Set(changed.title.clone());
        row.settings = Set(written(&changed.settings)?);
        mailbox_of(row.update(self.db).await?)
    }

    /// Removes one, with its messages and lists. Gives back the names of the recordings that are nobody's now.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn delete(&self, name: &str) -> Result<Vec<String>, Error> {
        let row = self.row(name).await?;
        // What comes in meanwhile is in the list, or finds no mailbox.
        let transaction = turn::begin(self.db).await?;
        let mut recordings = crate::messages::recordings_of(&transaction, row.id).await?;
        let greetings = [&row.greeting_unavailable, &row.greeting_busy, &row.greeting_temporary, &row.greeting_name];
        recordings.extend(greetings.into_iter().flatten().cloned());
        mailbox::Entity::delete_by_id(row.id).exec(&transaction).await?;
        transaction.commit().await?;
        Ok(recordings)
    }

    /// Gives a mailbox a PIN that its owner must change at the next time; `None`: it has none.
    ///
    /// # Errors
    /// A PIN that is none, or [`Error::NotFound`].
    pub async fn give_pin(&self, name: &str, pin: Option<&str>) -> Result<(), Error> {
        let pin = MailboxPin::of(pin, true)?;
        self.keep_pin(name, &pin).await
    }

    /// The owner chooses a PIN: none that is guessed at once, and not the one that he had.
    ///
    /// # Errors
    /// A PIN that cannot be taken, or [`Error::NotFound`].
    pub async fn choose_pin(&self, name: &str, pin: &str) -> Result<(), Error> {
        let known = self.get(name).await?;
        if is_guessed(pin, name) {
            return Err(Error::invalid("pin", "not the mailbox's own number, one digit alone, or a row of digits"));
        }
        if known.pin.is(pin) {
            return Err(Error::invalid("pin", "not the one that it was"));
        }
        self.keep_pin(name, &MailboxPin::of(Some(pin), false)?).await
    }

    async fn keep_pin(&self, name: &str, pin: &MailboxPin) -> Result<(), Error> {
        let mut row = self.row(name).await?.into_active_model();
        set_pin(&mut row, pin);
        row.update(self.db).await?;
        Ok(())
    }

    /// A mailbox has this greeting from now on; gives back the recording that it had.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn greet(
        &self,
        name: &str,
        greeting: Greeting,
        recording: Option<&str>,
    ) -> Result<Option<String>, Error> {
        let row = self.row(name).await?;
        let old = greetings(&row).remove(&greeting);
        let mut row = row.into_active_model();
        let new = Set(recording.map(str::to_owned));
        match greeting {
            Greeting::Unavailable => row.greeting_unavailable = new,
            Greeting::Busy => row.greeting_busy = new,
            Greeting::Temporary => row.greeting_temporary = new,
            Greeting::Name => row.greeting_name = new,
        }
        row.update(self.db).await?;
        Ok(old)
    }

    /// Its owner was told that it is nearly full, or it is not any more.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn set_warned(&self, name: &str, warned: bool) -> Result<(), Error> {
        let mut row = self.row(name).await?.into_active_model();
        row.warned = Set(warned);
        row.update(self.db).await?;
        Ok(())
    }

    /// What all mailboxes of the tenant may hold together.
    ///
    /// # Errors
    /// [`Error::NotFound`] where there is no such tenant.
    pub async fn policy(&self) -> Result<VoicemailPolicy, Error> {
        let row = tenant::Entity::find_by_id(self.tenant.0).one(self.db).await?;
        let kept = row.ok_or(Error::NotFound("tenant"))?.voicemail;
        let read = kept.map(|text| serde_json::from_str(&text)).transpose();
        Ok(read.map_err(|_| Error::Corrupt("voicemail policy"))?.unwrap_or_default())
    }

    /// Changes that.
    ///
    /// # Errors
    /// A field that cannot be kept, or [`Error::NotFound`].
    pub async fn set_policy(&self, policy: &VoicemailPolicy) -> Result<(), Error> {
        policy.faults().into_iter().next().map_or(Ok(()), Err)?;
        let row = tenant::Entity::find_by_id(self.tenant.0).one(self.db).await?;
        let mut row = row.ok_or(Error::NotFound("tenant"))?.into_active_model();
        row.voicemail = Set(Some(serde_json::to_string(policy).map_err(|_| Error::Corrupt("voicemail policy"))?));
        row.update(self.db).await?;
        Ok(())
    }

    async fn expect_user(&self, owner: Option<UserId>) -> Result<(), Error> {
        let Some(owner) = owner else { return Ok(()) };
        let found = user::Entity::find_by_id(owner.0).filter(user::Column::TenantId.eq(self.tenant.0));
        found.one(self.db).await?.map(drop).ok_or(Error::NotFound("user"))
    }

    pub(crate) async fn row(&self, name: &str) -> Result<mailbox::Model, Error> {
        let found = mailbox::Entity::find()
            .filter(mailbox::Column::TenantId.eq(self.tenant.0))
            .filter(mailbox::Column::Name.eq(name))
            .one(self.db)
            .await?;
        found.ok_or(Error::NotFound("mailbox"))
    }
}

/// What is tried first by whoever guesses.
fn is_guessed(pin: &str, mailbox: &str) -> bool {
    let bytes = pin.as_bytes();
    let steps = |step: i16| bytes.windows(2).all(|two| matches!(two, [a, b] if i16::from(*b) - i16::from(*a) == step));
    pin == mailbox || [-1, 0, 1].into_iter().any(steps)
}

fn check(name: &str, title: Option<&str>, settings: &MailboxSettings) -> Result<(), Error> {
    if !is_mailbox_name(name) {
        return Err(Error::invalid("name", "1 to 32 digits, small letters, `-`, `.`, `_` or `*`"));
    }
    if title.is_some_and(|title| title.len() > 128 || title.chars().any(char::is_control)) {
        return Err(Error::invalid("title", "at most 128 bytes, no control characters"));
    }
    settings.faults().into_iter().next().map_or(Ok(()), Err)
}

fn written(settings: &MailboxSettings) -> Result<String, Error> {
    serde_json::to_string(settings).map_err(|_| Error::Corrupt("mailbox"))
}

fn set_pin(row: &mut mailbox::ActiveModel, pin: &MailboxPin) {
    row.pin_salt = Set(Some(pin.pins.salt.clone()).filter(|salt| !salt.is_empty()));
    row.pin_rounds = Set(i32::try_from(pin.pins.rounds).unwrap_or(i32::MAX));
    row.pin = Set(pin.pins.participant.map(Vec::from));
    row.pin_given = Set(pin.given);
}

fn greetings(row: &mailbox::Model) -> BTreeMap<Greeting, String> {
    let kept = [
        (Greeting::Unavailable, &row.greeting_unavailable),
        (Greeting::Busy, &row.greeting_busy),
        (Greeting::Temporary, &row.greeting_temporary),
        (Greeting::Name, &row.greeting_name),
    ];
    kept.into_iter().filter_map(|(greeting, name)| Some((greeting, name.clone()?))).collect()
}

fn mailbox_of(row: mailbox::Model) -> Result<Mailbox, Error> {
    const CORRUPT: Error = Error::Corrupt("mailbox");
    let greetings = greetings(&row);
    let participant = row.pin.map(|bytes| bytes.try_into().map_err(|_| CORRUPT)).transpose()?;
    let pins = Pins {
        salt: row.pin_salt.unwrap_or_default(),
        rounds: u32::try_from(row.pin_rounds).map_err(|_| CORRUPT)?,
        participant,
        moderator: None,
    };
    Ok(Mailbox {
        id: row.id,
        tenant: TenantId(row.tenant_id),
        name: row.name,
        owner: row.user_id.map(UserId),
        title: row.title,
        pin: MailboxPin { pins, given: row.pin_given },
        settings: serde_json::from_str(&row.settings).map_err(|_| CORRUPT)?,
        greetings,
        warned: row.warned,
        created: time(row.created),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pins_that_are_tried_first_are_known() {
        for pin in ["1234", "4321", "0000", "777777", "1001", "456789"] {
            assert!(is_guessed(pin, "1001"), "{pin}");
        }
        for pin in ["4711", "1235", "0001", "90210"] {
            assert!(!is_guessed(pin, "1001"), "{pin}");
        }
    }
}
