//! What waits in mailboxes, what messages take up, and what there is room for.

use std::collections::BTreeMap;
use std::time::Duration;

use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, EntityTrait, FromQueryResult, QueryFilter, QuerySelect};
use switch::{Folder, Waiting};

use crate::entity::{mailbox, message};
use crate::error::Error;
use crate::mailbox_settings::MailboxSettings;
use crate::mailboxes::Mailboxes;
use crate::messages::Messages;

/// What is taken up by messages, those that are being recorded and those thrown away too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// How many.
    pub messages: u64,
    /// How much sound.
    pub length: Duration,
}

/// What a mailbox still has room for, by its own bounds and by its tenant's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Space {
    /// How many messages.
    pub messages: u64,
    /// How much sound.
    pub length: Duration,
}

impl Usage {
    /// What is left of this many messages and minutes.
    #[must_use]
    pub fn left_of(&self, messages: u32, minutes: u32) -> Space {
        let most = Duration::from_secs(60 * u64::from(minutes));
        Space { messages: u64::from(messages).saturating_sub(self.messages), length: most.saturating_sub(self.length) }
    }
}

impl Messages<'_> {
    /// What waits in each mailbox, by name; those without messages are left out.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn waiting(&self) -> Result<BTreeMap<String, Waiting>, Error> {
        let names = self.names().await?;
        let counted = self.count(None).await?;
        Ok(counted.into_iter().filter_map(|(id, waiting)| Some((names.get(&id)?.clone(), waiting))).collect())
    }

    /// What waits in one; nothing where there is none.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn waiting_in(&self, mailbox: &str) -> Result<Waiting, Error> {
        match self.mailbox(mailbox).await {
            Ok(found) => Ok(self.count(Some(found.id)).await?.remove(&found.id).unwrap_or_default()),
            Err(Error::NotFound(_)) => Ok(Waiting::default()),
            Err(error) => Err(error),
        }
    }

    /// By mailbox: all of the tenant's, or this one.
    async fn count(&self, only: Option<i64>) -> Result<BTreeMap<i64, Waiting>, Error> {
        use message::Column;
        #[derive(FromQueryResult)]
        struct Row {
            mailbox_id: i64,
            folder: String,
            urgent: bool,
            count: i64,
        }
        let mut found = message::Entity::find()
            .select_only()
            .columns([Column::MailboxId, Column::Folder, Column::Urgent])
            .column_as(Column::Id.count(), "count")
            .filter(Column::TenantId.eq(self.tenant.0))
            .filter(Column::Folder.is_in([Folder::New.as_str(), Folder::Saved.as_str()]));
        if let Some(id) = only {
            found = found.filter(Column::MailboxId.eq(id));
        }
        let rows = found.group_by(Column::MailboxId).group_by(Column::Folder).group_by(Column::Urgent);
        let mut waiting: BTreeMap<i64, Waiting> = BTreeMap::new();
        for row in rows.into_model::<Row>().all(self.db).await? {
            let counted = waiting.entry(row.mailbox_id).or_default();
            let count = u32::try_from(row.count).unwrap_or(u32::MAX);
            let urgent = if row.urgent { count } else { 0 };
            if row.folder == Folder::New.as_str() {
                (counted.new, counted.urgent_new) = (counted.new + count, counted.urgent_new + urgent);
            } else {
                (counted.saved, counted.urgent_saved) = (counted.saved + count, counted.urgent_saved + urgent);
            }
        }
        Ok(waiting)
    }

    /// What the messages of a mailbox take up; those of all of the tenant's when `None`.
    ///
    /// # Errors
    /// [`Error::NotFound`] where there is no such mailbox.
    pub async fn usage(&self, mailbox: Option<&str>) -> Result<Usage, Error> {
        let Some(name) = mailbox else {
            let all = self.sum(None).await?;
            let add = |sum: Usage, one: &Usage| Usage {
                messages: sum.messages + one.messages,
                length: sum.length + one.length,
            };
            return Ok(all.values().fold(Usage::default(), add));
        };
        let id = self.mailbox(name).await?.id;
        Ok(self.sum(Some(id)).await?.remove(&id).unwrap_or_default())
    }

    /// What the messages of each mailbox take up, by name; those without messages are left out.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn usages(&self) -> Result<BTreeMap<String, Usage>, Error> {
        let names = self.names().await?;
        let all = self.sum(None).await?;
        Ok(all.into_iter().filter_map(|(id, usage)| Some((names.get(&id)?.clone(), usage))).collect())
    }

    async fn sum(&self, only: Option<i64>) -> Result<BTreeMap<i64, Usage>, Error> {
        use message::Column;
        let mut found = message::Entity::find()
            .select_only()
            .column(Column::MailboxId)
            .column_as(Column::Id.count(), "count")
            // PostgreSQL sums whole numbers into decimal ones.
            .column_as(Expr::col(Column::LengthMs).sum().cast_as("BIGINT"), "total")
            .filter(Column::TenantId.eq(self.tenant.0));
        if let Some(id) = only {
            found = found.filter(Column::MailboxId.eq(id));
        }
        let rows: Vec<(i64, i64, i64)> = found.group_by(Column::MailboxId).into_tuple().all(self.db).await?;
        let positive = |number: i64| u64::try_from(number).unwrap_or(0);
        let usage = |(id, count, total)| {
            (id, Usage { messages: positive(count), length: Duration::from_millis(positive(total)) })
        };
        Ok(rows.into_iter().map(usage).collect())
    }

    /// What there is room for in a mailbox, by its own bounds and by the tenant's.
    ///
    /// # Errors
    /// [`Error::NotFound`] where there is no such mailbox.
    pub async fn space(&self, mailbox: &str) -> Result<Space, Error> {
        let row = self.mailbox(mailbox).await?;
        let settings: MailboxSettings = serde_json::from_str(&row.settings).map_err(|_| Error::Corrupt("mailbox"))?;
        let policy = Mailboxes { db: self.db, tenant: self.tenant }.policy().await?;
        let own = self.sum(Some(row.id)).await?.remove(&row.id).unwrap_or_default();
        let own = own.left_of(settings.max_messages, settings.max_minutes);
        if policy.max_messages.is_none() && policy.max_minutes.is_none() {
            return Ok(own);
        }
        let most = |limit: Option<u32>| limit.unwrap_or(u32::MAX);
        let all = self.usage(None).await?.left_of(most(policy.max_messages), most(policy.max_minutes));
        Ok(Space { messages: Ord::min(own.messages, all.messages), length: Ord::min(own.length, all.length) })
    }

    /// What mailboxes are called, by what the database calls them.
    pub(crate) async fn names(&self) -> Result<BTreeMap<i64, String>, Error> {
        let boxes = mailbox::Entity::find().filter(mailbox::Column::TenantId.eq(self.tenant.0)).all(self.db).await?;
        Ok(boxes.into_iter().map(|one| (one.id, one.name)).collect())
    }
}
