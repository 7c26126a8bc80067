//! Messages of mailboxes: written down as drafts before they are recorded, delivered when their audio is whole. The audio is
//! the server's affair.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseConnection, EntityTrait, IntoActiveModel, QueryFilter,
    QueryOrder, QuerySelect,
};
use switch::{Folder, MessageId, Reason, TenantId, UserId};

use crate::entity::{mailbox, message, micros, time};
use crate::error::Error;
use crate::letters::{self, LetterKind};
use crate::turn;

/// The folder of a message that is being recorded.
const DRAFT: &str = "draft";

/// A message as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredMessage {
    /// Which.
    pub id: MessageId,
    /// Whose.
    pub tenant: TenantId,
    /// The mailbox, by name.
    pub mailbox: String,
    /// Where it lies; `None` while it is recorded.
    pub folder: Option<Folder>,
    /// The name of its recording.
    pub recording: String,
    /// Its caller says so.
    pub urgent: bool,
    /// The caller's number or name.
    pub caller: String,
    /// What the caller's phone calls him.
    pub caller_name: Option<String>,
    /// The user of the tenant that the caller proved to be.
    pub caller_user: Option<UserId>,
    /// The uid of its call.
    pub call: Option<String>,
    /// Why its caller came to the mailbox, as [`Reason::as_str`] says it.
    pub reason: String,
    /// When it came.
    pub received: SystemTime,
    /// When it came into its folder.
    pub moved: SystemTime,
    /// How long it is.
    pub length: Duration,
    /// How many bytes its file has.
    pub bytes: u64,
    /// The mailbox from which it was forwarded.
    pub forwarded_by: Option<String>,
}

/// A message to be written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMessage {
    /// Into which mailbox, by name.
    pub mailbox: String,
    /// See [`StoredMessage::recording`].
    pub recording: String,
    /// See [`StoredMessage::urgent`].
    pub urgent: bool,
    /// See [`StoredMessage::caller`].
    pub caller: String,
    /// See [`StoredMessage::caller_name`].
    pub caller_name: Option<String>,
    /// See [`StoredMessage::caller_user`].
    pub caller_user: Option<UserId>,
    /// See [`StoredMessage::call`].
    pub call: Option<String>,
    /// See [`StoredMessage::reason`].
    pub reason: Reason,
    /// See [`StoredMessage::received`].
    pub received: SystemTime,
    /// See [`StoredMessage::forwarded_by`].
    pub forwarded_by: Option<String>,
}

/// What a recording of a message came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Measured {
    /// How long it is.
    pub length: Duration,
    /// How many bytes its file has.
    pub bytes: u64,
}

/// The messages of one tenant.
#[derive(Debug)]
pub struct Messages<'a> {
    pub(crate) db: &'a DatabaseConnection,
    pub(crate) tenant: TenantId,
}

impl Messages<'_> {
    /// Writes down that a message is being recorded: nobody sees it until it is delivered.
    ///
    /// # Errors
    /// [`Error::NotFound`] where there is no such mailbox.
    pub async fn draft(&self, new: &NewMessage) -> Result<MessageId, Error> {
        let mailbox = self.mailbox(&new.mailbox).await?.id;
        let row = self.row_of(new, mailbox, DRAFT, Measured { length: Duration::ZERO, bytes: 0 });
        let made = row.insert(self.db).await.map_err(|error| Error::exists(error, "message"))?;
        Ok(MessageId(made.id))
    }

    /// Writes down a message whose audio is there already, in this folder. Where it is new and somebody is to be written to,
    /// the letter is queued in the same step.
    ///
    /// # Errors
    /// [`Error::NotFound`] where there is no such mailbox.
    pub async fn insert(
        &self,
        new: &NewMessage,
        folder: Folder,
        measured: Measured,
        now: SystemTime,
    ) -> Result<StoredMessage, Error> {
        let mailbox = self.mailbox(&new.mailbox).await?;
        let transaction = turn::begin(self.db).await?;
        let mut row = self.row_of(new, mailbox.id, folder.as_str(), measured);
        row.moved = Set(micros(now));
        let made = row.insert(&transaction).await.map_err(|error| Error::exists(error, "message"))?;
        if folder == Folder::New {
            letters::queue(&transaction, &mailbox, Some(made.id), LetterKind::Message, now).await?;
        }
        transaction.commit().await?;
        Ok(stored(made, mailbox.name))
    }

    /// Writes down a message as it was elsewhere, with its times and in its folder; nobody is written to.
    ///
    /// # Errors
    /// [`Error::NotFound`] where there is no such mailbox.
    pub async fn import(
        &self,
        new: &NewMessage,
        folder: Folder,
        moved: SystemTime,
        measured: Measured,
    ) -> Result<StoredMessage, Error> {
        let mailbox = self.mailbox(&new.mailbox).await?;
        let mut row = self.row_of(new, mailbox.id, folder.as_str(), measured);
        row.moved = Set(micros(moved));
        let made = row.insert(self.db).await.map_err(|error| Error::exists(error, "message"))?;
        Ok(stored(made, mailbox.name))
    }

    /// A draft is a message from now on; the letter of it is queued in the same step. One that is delivered already stays as
    /// it is.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn deliver(
        &self,
        id: MessageId,
        urgent: bool,
        measured: Measured,
        now: SystemTime,
    ) -> Result<StoredMessage, Error> {
        let transaction = turn::begin(self.db).await?;
        let row = self.find(&transaction, id).await?;
        let mailbox = mailbox::Entity::find_by_id(row.mailbox_id).one(&transaction).await?;
        let mailbox = mailbox.ok_or(Error::NotFound("mailbox"))?;
        if row.folder != DRAFT {
            return Ok(stored(row, mailbox.name));
        }
        let mut row = row.into_active_model();
        row.folder = Set(Folder::New.as_str().to_owned());
        row.urgent = Set(urgent);
        row.length_ms = Set(millis(measured.length));
        row.bytes = Set(i64::try_from(measured.bytes).unwrap_or(i64::MAX));
        row.moved = Set(micros(now));
        let row = row.update(&transaction).await?;
        letters::queue(&transaction, &mailbox, Some(row.id), LetterKind::Message, now).await?;
        transaction.commit().await?;
        Ok(stored(row, mailbox.name))
    }

    /// All that are being recorded; at a start, those that were cut off.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn drafts(&self) -> Result<Vec<StoredMessage>, Error> {
        let drafts = message::Entity::find().filter(message::Column::Folder.eq(DRAFT));
        self.named(drafts.filter(message::Column::TenantId.eq(self.tenant.0))).await
    }

    /// The messages of a mailbox in a folder: urgent ones first, then as they came.
    ///
    /// # Errors
    /// [`Error::NotFound`] where there is no such mailbox.
    pub async fn list(&self, mailbox: &str, folder: Folder) -> Result<Vec<StoredMessage>, Error> {
        use message::Column;
        let mailbox = self.mailbox(mailbox).await?;
        let rows = message::Entity::find()
            .filter(Column::MailboxId.eq(mailbox.id))
            .filter(Column::Folder.eq(folder.as_str()))
            .order_by_desc(Column::Urgent)
            .order_by_asc(Column::Received)
            .order_by_asc(Column::Id)
            .all(self.db)
            .await?;
        Ok(rows.into_iter().map(|row| stored(row, mailbox.name.clone())).collect())
    }

    /// One by its id, drafts too.
    ///
    /// # Errors
    /// [`Error::NotFound`], also for another tenant's.
    pub async fn get(&self, id: MessageId) -> Result<StoredMessage, Error> {
        let row = self.find(self.db, id).await?;
        let mailbox = mailbox::Entity::find_by_id(row.mailbox_id).one(self.db).await?;
        Ok(stored(row, mailbox.ok_or(Error::NotFound("mailbox"))?.name))
    }

    /// A message lies in this folder from now on.
    ///
    /// # Errors
    /// [`Error::NotFound`]; a draft is none yet.
    pub async fn move_to(&self, id: MessageId, folder: Folder, now: SystemTime) -> Result<StoredMessage, Error> {
        use message::Column;
        message::Entity::update_many()
            .col_expr(Column::Folder, Expr::value(folder.as_str()))
            .col_expr(Column::Moved, Expr::value(micros(now)))
            .filter(Column::Id.eq(id.0))
            .filter(Column::TenantId.eq(self.tenant.0))
            .filter(Column::Folder.is_not_in([DRAFT, folder.as_str()]))
            .exec(self.db)
            .await?;
        let found = self.get(id).await?;
        if found.folder.is_none() { Err(Error::NotFound("message")) } else { Ok(found) }
    }

    /// Whether a message is urgent.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn set_urgent(&self, id: MessageId, urgent: bool) -> Result<StoredMessage, Error> {
        let mut row = self.find(self.db, id).await?.into_active_model();
        row.urgent = Set(urgent);
        row.update(self.db).await?;
        self.get(id).await
    }

    /// Forgets a message, or a draft; gives back the name of its recording, which is nobody's now.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn purge(&self, id: MessageId) -> Result<String, Error> {
        let row = self.find(self.db, id).await?;
        message::Entity::delete_by_id(row.id).exec(self.db).await?;
        Ok(row.recording)
    }

    /// Forgets a draft (`None`) or a message of this folder that came into it before this time; gives back the name of its
    /// recording, which is nobody's now. `None` where it is something else by now, or gone: then nothing is done.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn purge_if(
        &self,
        id: MessageId,
        folder: Option<Folder>,
        before: Option<SystemTime>,
    ) -> Result<Option<String>, Error> {
        use message::Column;
        let recording = match self.find(self.db, id).await {
            Ok(row) => row.recording,
            Err(Error::NotFound(_)) => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut gone = message::Entity::delete_many()
            .filter(Column::Id.eq(id.0))
            .filter(Column::TenantId.eq(self.tenant.0))
            .filter(Column::Folder.eq(folder.map_or(DRAFT, Folder::as_str)));
        if let Some(before) = before {
            gone = gone.filter(Column::Moved.lt(micros(before)));
        }
        let gone = gone.exec(self.db).await?;
        Ok((gone.rows_affected > 0).then_some(recording))
    }

    /// Messages of a mailbox that came into this folder before this time, and of which no letter waits.
    ///
    /// # Errors
    /// [`Error::NotFound`] where there is no such mailbox.
    pub async fn older_than(
        &self,
        mailbox: &str,
        folder: Folder,
        before: SystemTime,
    ) -> Result<Vec<StoredMessage>, Error> {
        let waiting = letters::messages_waiting(self.db, self.tenant).await?;
        let all = self.list(mailbox, folder).await?;
        Ok(all.into_iter().filter(|one| one.moved < before && !waiting.contains(&one.id.0)).collect())
    }

    /// The names of all recordings that are somebody's: of messages, drafts and greetings.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn recordings(&self) -> Result<BTreeSet<String>, Error> {
        use message::Column;
        let found = message::Entity::find().filter(Column::TenantId.eq(self.tenant.0));
        let names: Vec<String> = found.select_only().column(Column::Recording).into_tuple().all(self.db).await?;
        let mut all: BTreeSet<String> = names.into_iter().collect();
        let boxes = mailbox::Entity::find().filter(mailbox::Column::TenantId.eq(self.tenant.0)).all(self.db).await?;
        for one in boxes {
            let greetings = [one.greeting_unavailable, one.greeting_busy, one.greeting_temporary, one.greeting_name];
            all.extend(greetings.into_iter().flatten());
        }
        Ok(all)
    }

    async fn named(&self, found: sea_orm::Select<message::Entity>) -> Result<Vec<StoredMessage>, Error> {
        let names = self.names().await?;
        let rows = found.all(self.db).await?;
        let named = |row: message::Model| {
            let mailbox = names.get(&row.mailbox_id)?.clone();
            Some(stored(row, mailbox))
        };
        Ok(rows.into_iter().filter_map(named).collect())
    }

    async fn find(&self, db: &impl ConnectionTrait, id: MessageId) -> Result<message::Model, Error> {
        let found = message::Entity::find_by_id(id.0).filter(message::Column::TenantId.eq(self.tenant.0));
        found.one(db).await?.ok_or(Error::NotFound("message"))
    }

    pub(crate) async fn mailbox(&self, name: &str) -> Result<mailbox::Model, Error> {
        crate::mailboxes::Mailboxes { db: self.db, tenant: self.tenant }.row(name).await
    }

    fn row_of(&self, new: &NewMessage, mailbox: i64, folder: &str, measured: Measured) -> message::ActiveModel {
        message::ActiveModel {
            id: NotSet,
            tenant_id: Set(self.tenant.0),
            mailbox_id: Set(mailbox),
            folder: Set(folder.to_owned()),
            recording: Set(new.recording.clone()),
            urgent: Set(new.urgent),
            caller: Set(new.caller.clone()),
            caller_name: Set(new.caller_name.clone()),
            caller_user: Set(new.caller_user.map(|user| user.0)),
            call_uid: Set(new.call.clone()),
            reason: Set(new.reason.as_str().to_owned()),
            received: Set(micros(new.received)),
            moved: Set(micros(new.received)),
            length_ms: Set(millis(measured.length)),
            bytes: Set(i64::try_from(measured.bytes).unwrap_or(i64::MAX)),
            forwarded_by: Set(new.forwarded_by.clone()),
        }
    }
}

/// The names of the recordings of a mailbox's messages.
pub(crate) async fn recordings_of(db: &impl ConnectionTrait, mailbox: i64) -> Result<Vec<String>, Error> {
    let found = message::Entity::find().filter(message::Column::MailboxId.eq(mailbox));
    Ok(found.select_only().column(message::Column::Recording).into_tuple().all(db).await?)
}

fn millis(length: Duration) -> i64 {
    i64::try_from(length.as_millis()).unwrap_or(i64::MAX)
}

fn stored(row: message::Model, mailbox: String) -> StoredMessage {
    let positive = |number: i64| u64::try_from(number).unwrap_or(0);
    StoredMessage {
        id: MessageId(row.id),
        tenant: TenantId(row.tenant_id),
        mailbox,
        folder: Folder::named(&row.folder),
        recording: row.recording,
        urgent: row.urgent,
        caller: row.caller,
        caller_name: row.caller_name,
        caller_user: row.caller_user.map(UserId),
        call: row.call_uid,
        reason: row.reason,
        received: time(row.received),
        moved: time(row.moved),
        length: Duration::from_millis(positive(row.length_ms)),
        bytes: positive(row.bytes),
        forwarded_by: row.forwarded_by,
    }
}
