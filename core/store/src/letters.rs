//! Letters to owners of mailboxes: a queue that outlives the exchange and the mail server, and the words of each tenant.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseConnection, EntityTrait, IntoActiveModel, PaginatorTrait,
    QueryFilter, QueryOrder, QuerySelect,
};
use switch::{MessageId, TenantId};

use crate::entity::{letter, mail_template, mailbox, micros, time};
use crate::error::Error;
use crate::mailbox_settings::MailboxSettings;

/// What a letter is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LetterKind {
    /// A message came.
    Message,
    /// The mailbox is nearly full.
    NearlyFull,
}

impl LetterKind {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Message, Self::NearlyFull];

    /// Its name in records and the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::NearlyFull => "nearly-full",
        }
    }

    /// The kind of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == name)
    }
}

/// A letter that waits to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// Minted by the database.
    pub id: i64,
    /// Whose.
    pub tenant: TenantId,
    /// The mailbox, by name.
    pub mailbox: String,
    /// The message that it is about.
    pub message: Option<MessageId>,
    /// What it is about.
    pub kind: LetterKind,
    /// Since when it waits.
    pub queued: SystemTime,
    /// When it is tried next.
    pub due: SystemTime,
    /// How often it was tried.
    pub tries: u32,
    /// What came of the last try.
    pub fault: Option<String>,
    /// It is not tried any more.
    pub given_up: bool,
}

/// How a tenant writes, in one language. `{caller}`, `{number}`, `{mailbox}`, `{owner}`, `{date}`, `{time}`, `{length}`,
/// `{count}` and `{link}` stand for what they say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailTemplate {
    /// A tag as `en`.
    pub language: String,
    /// What it is for.
    pub kind: LetterKind,
    /// The subject.
    pub subject: String,
    /// The letter as plain text.
    pub text: String,
    /// The letter as HTML; none when `None`.
    pub html: Option<String>,
}

/// The longest template, in bytes.
const LONGEST: usize = 64 * 1024;

/// The letters of all tenants: for the exchange itself.
#[derive(Debug)]
pub struct Letters<'a> {
    pub(crate) db: &'a DatabaseConnection,
}

impl Letters<'_> {
    /// Letters that are due, the oldest first, `most` of them.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn due(&self, now: SystemTime, most: u64) -> Result<Vec<Letter>, Error> {
        use letter::Column;
        let rows = letter::Entity::find()
            .filter(Column::GivenUp.eq(false))
            .filter(Column::Due.lte(micros(now)))
            .order_by_asc(Column::Due)
            .order_by_asc(Column::Id)
            .limit(most)
            .all(self.db)
            .await?;
        self.named(rows).await
    }

    /// One by its number; `None` when there is none.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn get(&self, id: i64) -> Result<Option<Letter>, Error> {
        let row = letter::Entity::find_by_id(id).one(self.db).await?;
        Ok(self.named(row.into_iter().collect()).await?.pop())
    }

    /// When the next one is due.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn next(&self) -> Result<Option<SystemTime>, Error> {
        let waiting = letter::Entity::find().filter(letter::Column::GivenUp.eq(false));
        let first = waiting.order_by_asc(letter::Column::Due).one(self.db).await?;
        Ok(first.map(|row| time(row.due)))
    }

    /// How many wait.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn waiting(&self) -> Result<u64, Error> {
        Ok(letter::Entity::find().filter(letter::Column::GivenUp.eq(false)).count(self.db).await?)
    }

    /// All letters of a tenant, those that were given up too.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn of(&self, tenant: TenantId) -> Result<Vec<Letter>, Error> {
        let rows = letter::Entity::find().filter(letter::Column::TenantId.eq(tenant.0));
        self.named(rows.order_by_asc(letter::Column::Id).all(self.db).await?).await
    }

    /// It was sent.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn sent(&self, id: i64) -> Result<(), Error> {
        letter::Entity::delete_by_id(id).exec(self.db).await?;
        Ok(())
    }

    /// It could not be sent, for this reason; it is tried again then, or never when `None`.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn failed(&self, id: i64, fault: &str, again: Option<SystemTime>) -> Result<(), Error> {
        let Some(row) = letter::Entity::find_by_id(id).one(self.db).await? else { return Ok(()) };
        let (tries, due) = (row.tries + 1, row.due);
        let mut row = row.into_active_model();
        row.tries = Set(tries);
        row.fault = Set(Some(fault.chars().take(500).collect()));
        row.due = Set(again.map_or(due, micros));
        row.given_up = Set(again.is_none());
        row.update(self.db).await?;
        Ok(())
    }

    /// Those that were given up are tried again, as if for the first time, and all that wait at once. Says how many.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn retry(&self, tenant: TenantId, now: SystemTime) -> Result<u64, Error> {
        use sea_orm::sea_query::Expr;
        let changed = letter::Entity::update_many()
            .col_expr(letter::Column::GivenUp, Expr::value(false))
            .col_expr(letter::Column::Tries, Expr::value(0))
            .col_expr(letter::Column::Due, Expr::value(micros(now)))
            .filter(letter::Column::TenantId.eq(tenant.0))
            .exec(self.db)
            .await?;
        Ok(changed.rows_affected)
    }

    /// The owner of a mailbox is to be told that it is nearly full, where he is written to.
    ///
    /// # Errors
    /// [`Error::NotFound`] where there is no such mailbox.
    pub async fn warn(&self, tenant: TenantId, mailbox: &str, now: SystemTime) -> Result<(), Error> {
        let row = crate::mailboxes::Mailboxes { db: self.db, tenant }.row(mailbox).await?;
        queue(self.db, &row, None, LetterKind::NearlyFull, now).await
    }

    /// How a tenant writes in this language; `None` where it has no words of its own.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn template(
        &self,
        tenant: TenantId,
        language: &str,
        kind: LetterKind,
    ) -> Result<Option<MailTemplate>, Error> {
        let key = (tenant.0, language.to_owned(), kind.as_str().to_owned());
        Ok(mail_template::Entity::find_by_id(key).one(self.db).await?.and_then(template_of))
    }

    /// All that a tenant has, by language.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn templates(&self, tenant: TenantId) -> Result<Vec<MailTemplate>, Error> {
        let rows = mail_template::Entity::find().filter(mail_template::Column::TenantId.eq(tenant.0));
        let rows = rows.order_by_asc(mail_template::Column::Language).order_by_asc(mail_template::Column::Kind);
        Ok(rows.all(self.db).await?.into_iter().filter_map(template_of).collect())
    }

    /// Keeps how a tenant writes, in place of what it had.
    ///
    /// # Errors
    /// A template that cannot be kept.
    pub async fn set_template(&self, tenant: TenantId, template: &MailTemplate) -> Result<(), Error> {
        use mail_template::Column;
        let tag =
            |text: &str| (2..=16).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if !tag(&template.language) {
            return Err(Error::invalid("language", "a tag as `en` or `de-AT`"));
        }
        let subject = &template.subject;
        if subject.is_empty() || subject.len() > 200 || subject.chars().any(char::is_control) {
            return Err(Error::invalid("subject", "1 to 200 bytes, no control characters"));
        }
        // PostgreSQL keeps no null byte in a text.
        if template.text.is_empty() || template.text.len() > LONGEST || template.text.contains('\0') {
            return Err(Error::invalid("text", "1 to 65536 bytes, none of them null"));
        }
        if template.html.as_ref().is_some_and(|html| html.len() > LONGEST || html.contains('\0')) {
            return Err(Error::invalid("html", "at most 65536 bytes, none of them null"));
        }
        let row = mail_template::ActiveModel {
            tenant_id: Set(tenant.0),
            language: Set(template.language.clone()),
            kind: Set(template.kind.as_str().to_owned()),
            subject: Set(template.subject.clone()),
            text: Set(template.text.clone()),
            html: Set(template.html.clone()),
        };
        let conflict = OnConflict::columns([Column::TenantId, Column::Language, Column::Kind])
            .update_columns([Column::Subject, Column::Text, Column::Html])
            .to_owned();
        let kept = mail_template::Entity::insert(row).on_conflict(conflict).exec_without_returning(self.db).await;
        kept.map_err(|error| Error::exists(error, "template"))?;
        Ok(())
    }

    /// The tenant writes as the exchange does again.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn delete_template(&self, tenant: TenantId, language: &str, kind: LetterKind) -> Result<(), Error> {
        let key = (tenant.0, language.to_owned(), kind.as_str().to_owned());
        let gone = mail_template::Entity::delete_by_id(key).exec(self.db).await?;
        if gone.rows_affected == 0 { Err(Error::NotFound("template")) } else { Ok(()) }
    }

    async fn named(&self, rows: Vec<letter::Model>) -> Result<Vec<Letter>, Error> {
        let ids: BTreeSet<i64> = rows.iter().map(|row| row.mailbox_id).collect();
        let mut names: BTreeMap<i64, String> = BTreeMap::new();
        // A database takes so many values in one question.
        for some in ids.into_iter().collect::<Vec<_>>().chunks(500) {
            let found = mailbox::Entity::find().filter(mailbox::Column::Id.is_in(some.iter().copied()));
            names.extend(found.all(self.db).await?.into_iter().map(|one| (one.id, one.name)));
        }
        let letter = |row: letter::Model| {
            Some(Letter {
                id: row.id,
                tenant: TenantId(row.tenant_id),
                mailbox: names.get(&row.mailbox_id)?.clone(),
                message: row.message_id.map(MessageId),
                kind: LetterKind::named(&row.kind)?,
                queued: time(row.queued),
                due: time(row.due),
                tries: u32::try_from(row.tries).unwrap_or(0),
                fault: row.fault,
                given_up: row.given_up,
            })
        };
        Ok(rows.into_iter().filter_map(letter).collect())
    }
}

/// How long after it was queued a letter is tried first: whoever hangs up has hung up by then.
const SOON: Duration = Duration::from_millis(500);

/// Queues a letter to the owner of a mailbox, where he is written to.
pub(crate) async fn queue(
    db: &impl ConnectionTrait,
    mailbox: &mailbox::Model,
    message: Option<i64>,
    kind: LetterKind,
    now: SystemTime,
) -> Result<(), Error> {
    let settings: MailboxSettings = serde_json::from_str(&mailbox.settings).map_err(|_| Error::Corrupt("mailbox"))?;
    if settings.emails.is_empty() {
        return Ok(());
    }
    let row = letter::ActiveModel {
        id: NotSet,
        tenant_id: Set(mailbox.tenant_id),
        mailbox_id: Set(mailbox.id),
        message_id: Set(message),
        kind: Set(kind.as_str().to_owned()),
        queued: Set(micros(now)),
        due: Set(micros(now + SOON)),
        tries: Set(0),
        fault: Set(None),
        given_up: Set(false),
    };
    row.insert(db).await?;
    Ok(())
}

/// The messages of a tenant of which a letter waits.
pub(crate) async fn messages_waiting(db: &impl ConnectionTrait, tenant: TenantId) -> Result<BTreeSet<i64>, Error> {
    use letter::Column;
    let found = letter::Entity::find().filter(Column::TenantId.eq(tenant.0)).filter(Column::GivenUp.eq(false));
    let ids: Vec<Option<i64>> = found.select_only().column(Column::MessageId).into_tuple().all(db).await?;
    Ok(ids.into_iter().flatten().collect())
}

fn template_of(row: mail_template::Model) -> Option<MailTemplate> {
    let kind = LetterKind::named(&row.kind)?;
    Some(MailTemplate { language: row.language, kind, subject: row.subject, text: row.text, html: row.html })
}
