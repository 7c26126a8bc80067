//! Mailboxes as they are kept, with what waits in them.

use std::collections::BTreeMap;

use store::{NewMailbox, Tenant, Usage};
use switch::{UserId, Waiting, is_mailbox_name};
use tonic::Status;

use crate::desk::Desk;
use crate::live::Change;
use crate::v1::{
    CreateMailboxRequest, DeleteMailboxRequest, DeleteMailboxResponse, GetMailboxRequest, ListMailboxesRequest,
    ListMailboxesResponse, Mailbox, MailboxPin, MailboxUsage, MailboxWaiting, UpdateMailboxRequest,
};
use crate::violations::{Violations, failed};
use crate::voicemail::{greeting, named, settings};
use crate::words::{filled, given, timestamp};

impl Desk {
    pub(super) async fn create_mailbox(&self, request: CreateMailboxRequest) -> Result<Mailbox, Status> {
        let tenant = self.tenant(&request.tenant).await?;
        let mut new = NewMailbox {
            name: request.name,
            title: given(request.title),
            pin: given(request.pin),
            ..NewMailbox::default()
        };
        let mut wrong = Violations::default();
        wrong.expect(is_mailbox_name(&new.name), "name", "1 to 32 digits, small letters, `-`, `.`, `_` or `*`");
        check(&mut wrong, new.title.as_deref(), new.pin.as_deref());
        settings::change(&mut wrong, &mut new.settings, request.settings.unwrap_or_default());
        wrong.finish()?;
        if let Some(owner) = given(request.owner) {
            new.owner = Some(self.user_in("owner", &tenant, &owner).await?.id);
        }
        let made = self.store.mailboxes(tenant.id).create(new).await.map_err(failed)?;
        tracing::info!(tenant = tenant.id.0, mailbox = made.id, "a mailbox was made");
        self.live.changed(Change::Mailboxes(tenant.id)).await;
        self.mailbox_spelt(&tenant, made).await
    }

    pub(super) async fn get_mailbox(&self, request: GetMailboxRequest) -> Result<Mailbox, Status> {
        let tenant = self.tenant(&request.tenant).await?;
        let found = self.store.mailboxes(tenant.id).get(named("name", &request.name)?).await.map_err(failed)?;
        self.mailbox_spelt(&tenant, found).await
    }

    pub(super) async fn list_mailboxes(&self, request: ListMailboxesRequest) -> Result<ListMailboxesResponse, Status> {
        let tenant = self.tenant(&request.tenant).await?;
        let all = self.store.mailboxes(tenant.id).list().await.map_err(failed)?;
        let messages = self.store.messages(tenant.id);
        let mut waiting = messages.waiting().await.map_err(failed)?;
        let mut usages = messages.usages().await.map_err(failed)?;
        let users = self.user_names(&tenant).await?;
        let mailboxes = all.into_iter().map(|mailbox| {
            let owner = mailbox.owner.and_then(|owner| users.get(&owner).cloned());
            let waiting = waiting.remove(&mailbox.name).unwrap_or_default();
            let usage = usages.remove(&mailbox.name).unwrap_or_default();
            spelt(&tenant.name, mailbox, owner, waiting, usage)
        });
        Ok(ListMailboxesResponse { mailboxes: mailboxes.collect() })
    }

    pub(super) async fn update_mailbox(&self, request: UpdateMailboxRequest) -> Result<Mailbox, Status> {
        let tenant = self.tenant(&request.tenant).await?;
        let mailboxes = self.store.mailboxes(tenant.id);
        let mut changed = mailboxes.get(named("name", &request.name)?).await.map_err(failed)?;
        let mut wrong = Violations::default();
        if request.title.is_some() {
            changed.title = given(request.title);
        }
        check(&mut wrong, changed.title.as_deref(), request.pin.as_deref());
        wrong.expect(!(request.clear_pin && request.pin.is_some()), "clear_pin", "give a PIN or take it, not both");
        settings::change(&mut wrong, &mut changed.settings, request.settings.unwrap_or_default());
        wrong.finish()?;
        if let Some(owner) = request.owner {
            changed.owner = match filled(owner) {
                Some(owner) => Some(self.user_in("owner", &tenant, &owner).await?.id),
                None => None,
            };
        }
        mailboxes.update(&changed).await.map_err(failed)?;
        if request.clear_pin || request.pin.is_some() {
            mailboxes.give_pin(&changed.name, request.pin.as_deref()).await.map_err(failed)?;
        }
        tracing::info!(tenant = tenant.id.0, mailbox = changed.id, "a mailbox was changed");
        self.live.changed(Change::Mailboxes(tenant.id)).await;
        let changed = mailboxes.get(&changed.name).await.map_err(failed)?;
        self.mailbox_spelt(&tenant, changed).await
    }

    pub(super) async fn delete_mailbox(&self, request: DeleteMailboxRequest) -> Result<DeleteMailboxResponse, Status> {
        let tenant = self.tenant(&request.tenant).await?;
        let orphans = self.store.mailboxes(tenant.id).delete(named("name", &request.name)?).await.map_err(failed)?;
        tracing::info!(tenant = tenant.id.0, recordings = orphans.len(), "a mailbox was deleted");
        self.live.changed(Change::Mailboxes(tenant.id)).await;
        for recording in orphans {
            self.forget_audio(&tenant, &recording).await;
        }
        Ok(DeleteMailboxResponse {})
    }

    async fn mailbox_spelt(&self, tenant: &Tenant, mailbox: store::Mailbox) -> Result<Mailbox, Status> {
        let messages = self.store.messages(tenant.id);
        let waiting = messages.waiting_in(&mailbox.name).await.map_err(failed)?;
        let usage = messages.usage(Some(&mailbox.name)).await.map_err(failed)?;
        let owner = self.user_name(tenant, mailbox.owner).await?;
        Ok(spelt(&tenant.name, mailbox, owner, waiting, usage))
    }

    /// What a user is called; `None` where it is gone.
    pub(super) async fn user_name(&self, tenant: &Tenant, user: Option<UserId>) -> Result<Option<String>, Status> {
        let Some(user) = user else { return Ok(None) };
        match self.store.users(tenant.id).get(user).await {
            Ok(user) => Ok(Some(user.name)),
            Err(store::Error::NotFound(_)) => Ok(None),
            Err(error) => Err(failed(error)),
        }
    }

    /// What all users of a tenant are called, by what the store calls them.
    pub(super) async fn user_names(&self, tenant: &Tenant) -> Result<BTreeMap<UserId, String>, Status> {
        let users = self.store.users(tenant.id).list().await.map_err(failed)?;
        Ok(users.into_iter().map(|user| (user.id, user.name)).collect())
    }
}

/// The store says the same, but one field at a time.
fn check(wrong: &mut Violations, title: Option<&str>, pin: Option<&str>) {
    let title = title.is_none_or(|title| title.len() <= 128 && !title.chars().any(char::is_control));
    wrong.expect(title, "title", "at most 128 bytes, no control characters");
    let pin = pin.is_none_or(|pin| (4..=16).contains(&pin.len()) && pin.bytes().all(|digit| digit.is_ascii_digit()));
    wrong.expect(pin, "pin", "4 to 16 digits");
}

fn spelt(tenant: &str, mailbox: store::Mailbox, owner: Option<String>, waiting: Waiting, taken: Usage) -> Mailbox {
    let pin = match (mailbox.pin.is_set(), mailbox.pin.is_given()) {
        (false, _) => MailboxPin::None,
        (true, true) => MailboxPin::Given,
        (true, false) => MailboxPin::Chosen,
    };
    Mailbox {
        tenant: tenant.to_owned(),
        id: mailbox.id,
        name: mailbox.name,
        owner,
        title: mailbox.title,
        pin: pin.into(),
        settings: Some(settings::spelt(mailbox.settings)),
        greetings: mailbox.greetings.into_keys().map(|which| greeting::word(which).into()).collect(),
        waiting: Some(waits(waiting)),
        usage: Some(usage(taken)),
        created: Some(timestamp(mailbox.created)),
    }
}

pub(super) fn waits(waiting: Waiting) -> MailboxWaiting {
    let Waiting { new, saved, urgent_new, urgent_saved } = waiting;
    MailboxWaiting { new, saved, urgent_new, urgent_saved }
}

pub(super) fn usage(usage: Usage) -> MailboxUsage {
    MailboxUsage { messages: usage.messages, length: usage.length.try_into().ok() }
}
