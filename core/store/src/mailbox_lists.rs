//! Lists of mailboxes to which a message is sent at once: of a mailbox, or of the whole tenant.

use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::{ActiveModelTrait, ColumnTrait, Condition, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder};
use switch::{TenantId, is_mailbox_name};

use crate::entity::mailbox_list;
use crate::error::Error;
use crate::mailboxes::Mailboxes;
use crate::turn;

/// The most lists of a mailbox, and of a tenant; the most members of a list.
const LISTS: usize = 100;
const MEMBERS: usize = 500;

/// A list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailboxList {
    /// The mailbox whose it is; the tenant's when `None`.
    pub mailbox: Option<String>,
    /// The number by which it is chosen: 1 to 8 digits.
    pub number: String,
    /// What people call it.
    pub title: Option<String>,
    /// The mailboxes, by name.
    pub members: Vec<String>,
}

/// The lists of one tenant.
#[derive(Debug)]
pub struct MailboxLists<'a> {
    pub(crate) db: &'a DatabaseConnection,
    pub(crate) tenant: TenantId,
}

impl MailboxLists<'_> {
    /// Those that a mailbox can choose: its own, then the tenant's of other numbers; the tenant's alone when `None`.
    ///
    /// # Errors
    /// [`Error::NotFound`] where there is no such mailbox.
    pub async fn of(&self, mailbox: Option<&str>) -> Result<Vec<MailboxList>, Error> {
        use mailbox_list::Column;
        let owner = self.owner(mailbox).await?;
        let own = |id: i64| Condition::any().add(Column::MailboxId.eq(id)).add(Column::MailboxId.is_null());
        let whose = owner.map_or_else(|| Condition::all().add(Column::MailboxId.is_null()), own);
        let found = mailbox_list::Entity::find().filter(Column::TenantId.eq(self.tenant.0)).filter(whose);
        let mut rows = found.order_by_asc(Column::Number).all(self.db).await?;
        rows.sort_by_key(|row| row.mailbox_id.is_none());
        let mut lists: Vec<MailboxList> = Vec::new();
        for row in rows {
            if !lists.iter().any(|list| list.number == row.number) {
                let mailbox = row.mailbox_id.and(mailbox).map(str::to_owned);
                let members = row.members.lines().map(str::to_owned).collect();
                lists.push(MailboxList { mailbox, number: row.number, title: row.title, members });
            }
        }
        Ok(lists)
    }

    /// Keeps a list, in place of the one of its number.
    ///
    /// # Errors
    /// A field that cannot be kept, one list too many, or [`Error::NotFound`].
    pub async fn put(&self, list: &MailboxList) -> Result<(), Error> {
        check(list)?;
        let owner = self.owner(list.mailbox.as_deref()).await?;
        let transaction = turn::begin(self.db).await?;
        let others = mailbox_list::Entity::find().filter(self.whose(owner)).all(&transaction).await?;
        let known = others.iter().find(|row| row.number == list.number);
        if known.is_none() && others.len() >= LISTS {
            return Err(Error::invalid("number", format!("there are {LISTS} lists already")));
        }
        let row = mailbox_list::ActiveModel {
            id: known.map_or(NotSet, |row| Set(row.id)),
            tenant_id: Set(self.tenant.0),
            mailbox_id: Set(owner),
            number: Set(list.number.clone()),
            title: Set(list.title.clone()),
            members: Set(list.members.join("\n")),
        };
        if known.is_some() {
            row.update(&transaction).await?;
        } else {
            row.insert(&transaction).await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Removes one.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn delete(&self, mailbox: Option<&str>, number: &str) -> Result<(), Error> {
        let owner = self.owner(mailbox).await?;
        let gone = mailbox_list::Entity::delete_many()
            .filter(self.whose(owner))
            .filter(mailbox_list::Column::Number.eq(number))
            .exec(self.db)
            .await?;
        if gone.rows_affected == 0 { Err(Error::NotFound("list")) } else { Ok(()) }
    }

    fn whose(&self, owner: Option<i64>) -> Condition {
        use mailbox_list::Column;
        let whose = owner.map_or_else(|| Column::MailboxId.is_null(), |id| Column::MailboxId.eq(id));
        Condition::all().add(Column::TenantId.eq(self.tenant.0)).add(whose)
    }

    async fn owner(&self, mailbox: Option<&str>) -> Result<Option<i64>, Error> {
        let Some(name) = mailbox else { return Ok(None) };
        Ok(Some(Mailboxes { db: self.db, tenant: self.tenant }.row(name).await?.id))
    }
}

fn check(list: &MailboxList) -> Result<(), Error> {
    if !(1..=8).contains(&list.number.len()) || !list.number.bytes().all(|digit| digit.is_ascii_digit()) {
        return Err(Error::invalid("number", "1 to 8 digits"));
    }
    if list.title.as_deref().is_some_and(|title| title.len() > 128 || title.chars().any(char::is_control)) {
        return Err(Error::invalid("title", "at most 128 bytes, no control characters"));
    }
    if list.members.len() > MEMBERS || !list.members.iter().all(|name| is_mailbox_name(name)) {
        return Err(Error::invalid("members", format!("at most {MEMBERS} names of mailboxes")));
    }
    Ok(())
}
