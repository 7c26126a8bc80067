//! What voicemail asks and wants kept.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use admin::MailboxEvent;
use store::NewMessage;
use switch::{CallUid, Folder, Greeting, MessageId, Reason, TenantId, UserId};
use voicemail::{Begun, Delivered, Draft, Entry, Happening, KeepFault, Keeper, List, Mailbox, Message, Wait};

use super::reels::mint;
use super::{Mailroom, fault};

/// What nobody waits for any more is tried so often, with so long between.
const TRIES: u32 = 20;
const AGAIN: Duration = Duration::from_secs(30);
/// A store that does not answer is asked again after this time.
const SOON: Duration = Duration::from_secs(1);

impl Mailroom {
    /// Asks the store where it may be asked: it may open a connection, which the applications' own runtime cannot.
    fn ask<T: Send + 'static>(
        &self,
        ask: impl Future<Output = Result<T, KeepFault>> + Send + 'static,
    ) -> Wait<'static, Result<T, KeepFault>> {
        let asked = self.runtime.spawn(ask);
        Box::pin(async move { asked.await.map_err(|_| KeepFault::Unavailable)? })
    }

    async fn write_down(&self, tenant: TenantId, draft: Draft) -> Result<Begun, KeepFault> {
        let known = self.boxes.find(tenant, &draft.mailbox).ok_or(KeepFault::Missing)?;
        let Some(room) = self.room(tenant, &known).await.map_err(fault)? else {
            self.tell(tenant, &known.shown.name, MailboxEvent::Full);
            return Err(KeepFault::Full);
        };
        let recording = mint().map_err(|_| KeepFault::Unavailable)?;
        let new = NewMessage {
            mailbox: known.shown.name.clone(),
            recording: recording.clone(),
            urgent: false,
            caller: draft.caller,
            caller_name: draft.caller_name,
            caller_user: draft.user,
            call: Some(draft.call.to_string()),
            reason: draft.reason,
            received: SystemTime::now(),
            forwarded_by: None,
        };
        let message = self.store.messages(tenant).draft(&new).await.map_err(fault)?;
        Ok(Begun { message, recording, room })
    }

    async fn send_on(
        &self,
        tenant: TenantId,
        id: MessageId,
        to: Vec<String>,
        comment: Option<String>,
    ) -> Result<usize, KeepFault> {
        let message = self.store.messages(tenant).get(id).await.map_err(fault)?;
        let mut sent = BTreeSet::new();
        for name in to {
            let Some(known) = self.boxes.find(tenant, &name).filter(|known| !sent.contains(&known.shown.name)) else {
                continue;
            };
            // One that is full takes none, and one that cannot be written keeps the others from nothing.
            if self.room(tenant, &known).await.map_err(fault)?.is_none_or(|room| room < message.length) {
                continue;
            }
            let Some((recording, measured)) = self.copy(tenant, &message.recording, comment.as_deref()).await else {
                if sent.is_empty() {
                    return Err(KeepFault::Unavailable);
                }
                break;
            };
            let new = NewMessage {
                mailbox: known.shown.name.clone(),
                recording: recording.clone(),
                urgent: message.urgent,
                caller: message.caller.clone(),
                caller_name: message.caller_name.clone(),
                caller_user: message.caller_user,
                call: message.call.clone(),
                reason: Reason::ALL.into_iter().find(|one| one.as_str() == message.reason).unwrap_or(Reason::Chosen),
                received: SystemTime::now(),
                forwarded_by: Some(message.mailbox.clone()),
            };
            match self.store.messages(tenant).insert(&new, Folder::New, measured, SystemTime::now()).await {
                Ok(kept) => {
                    super::count("forwarded");
                    self.came(&kept).await;
                    sent.insert(kept.mailbox);
                }
                Err(error) => {
                    self.discard(tenant, &recording).await;
                    let fault = fault(error);
                    if sent.is_empty() {
                        return Err(fault);
                    }
                    break;
                }
            }
        }
        Ok(sent.len())
    }

    /// Sends copies of a message; says to how many mailboxes they went.
    pub(crate) async fn forward_to(
        &self,
        tenant: TenantId,
        id: MessageId,
        to: Vec<String>,
    ) -> Result<usize, KeepFault> {
        self.send_on(tenant, id, to, None).await
    }

    fn message(&self, stored: store::StoredMessage) -> Message {
        let caller = stored.caller_user.and_then(|user| self.boxes.owned(stored.tenant, user));
        Message {
            id: stored.id,
            recording: stored.recording,
            folder: stored.folder.unwrap_or(Folder::New),
            urgent: stored.urgent,
            caller: stored.caller,
            caller_spoken: caller.as_ref().and_then(|known| known.shown.greetings.get(&Greeting::Name).cloned()),
            caller_mailbox: caller.map(|known| known.shown.name.clone()),
            received: stored.received,
            length: stored.length,
            forwarded_by: stored.forwarded_by,
        }
    }

    /// Reads the mailboxes of a tenant anew after a change that is in the store already: where that cannot be done now, it is done
    /// as soon as it can be.
    async fn reload(&self, tenant: TenantId) {
        let Err(error) = self.boxes.reload_of(&self.store, tenant).await else { return };
        tracing::error!(%error, tenant = tenant.0, "mailboxes cannot be read anew yet: a change counts a little later");
        let room = self.clone();
        self.runtime.spawn(async move {
            while room.boxes.reload_of(&room.store, tenant).await.is_err() {
                tokio::time::sleep(SOON).await;
            }
        });
    }

    /// A mailbox has this greeting from now on; what it had is removed.
    pub(crate) async fn set_greeting(
        &self,
        tenant: TenantId,
        mailbox: &str,
        greeting: Greeting,
        recording: Option<&str>,
    ) -> Result<(), store::Error> {
        let old = self.store.mailboxes(tenant).greet(mailbox, greeting, recording).await?;
        self.reload(tenant).await;
        if let Some(recording) = recording {
            self.reels.forget(tenant, recording);
        }
        if let Some(old) = old {
            self.discard(tenant, &old).await;
        }
        Ok(())
    }
}

impl Keeper for Mailroom {
    fn mailbox(&self, tenant: TenantId, name: &str) -> Option<Arc<Mailbox>> {
        self.boxes.find(tenant, name).map(|known| known.shown)
    }

    fn own(&self, tenant: TenantId, user: UserId) -> Option<Arc<Mailbox>> {
        self.boxes.owned(tenant, user).map(|known| known.shown)
    }

    fn entries(&self, tenant: TenantId) -> Vec<Entry> {
        self.boxes.all(tenant).iter().filter_map(super::Known::entry).collect()
    }

    fn lists<'a>(&'a self, tenant: TenantId, mailbox: &'a str) -> Wait<'a, Result<Vec<List>, KeepFault>> {
        let (room, mailbox) = (self.clone(), mailbox.to_owned());
        self.ask(async move {
            let lists = room.store.mailbox_lists(tenant).of(Some(&mailbox)).await.map_err(fault)?;
            let list =
                |list: store::MailboxList| List { number: list.number, title: list.title, members: list.members };
            Ok(lists.into_iter().map(list).collect())
        })
    }

    fn begin<'a>(&'a self, tenant: TenantId, draft: Draft) -> Wait<'a, Result<Begun, KeepFault>> {
        let room = self.clone();
        self.ask(async move { room.write_down(tenant, draft).await })
    }

    fn deliver<'a>(
        &'a self,
        tenant: TenantId,
        message: MessageId,
        urgent: bool,
    ) -> Wait<'a, Result<Delivered, KeepFault>> {
        let room = self.clone();
        self.ask(async move { room.deliver(tenant, message, urgent).await })
    }

    fn abandon(&self, tenant: TenantId, mut takes: Vec<MessageId>, urgent: bool) {
        let room = self.clone();
        self.runtime.spawn(async move {
            for _ in 0..TRIES {
                if voicemail::settle(&room, tenant, &mut takes, urgent).await.is_ok() {
                    return;
                }
                tokio::time::sleep(AGAIN).await;
            }
            tracing::error!(tenant = tenant.0, "a message cannot be delivered: the next start does");
        });
    }

    fn discard<'a>(&'a self, tenant: TenantId, message: MessageId) -> Wait<'a, Result<(), KeepFault>> {
        let room = self.clone();
        self.ask(async move {
            let draft = match room.store.messages(tenant).get(message).await {
                // It is gone already.
                Err(store::Error::NotFound(_)) => return Ok(()),
                found => found.map_err(fault)?,
            };
            // What the disk still writes is not removed: it would be there again.
            room.reels.end_of(tenant, &draft.recording).await;
            room.drop_draft(&draft, "discarded").await
        })
    }

    fn messages<'a>(
        &'a self,
        tenant: TenantId,
        mailbox: &'a str,
        folder: Folder,
    ) -> Wait<'a, Result<Vec<Message>, KeepFault>> {
        let (room, mailbox) = (self.clone(), mailbox.to_owned());
        self.ask(async move {
            let stored = room.store.messages(tenant).list(&mailbox, folder).await.map_err(fault)?;
            Ok(stored.into_iter().map(|one| room.message(one)).collect())
        })
    }

    fn move_to<'a>(&'a self, tenant: TenantId, message: MessageId, folder: Folder) -> Wait<'a, Result<(), KeepFault>> {
        let room = self.clone();
        self.ask(async move { Mailroom::move_to(&room, tenant, message, folder).await.map(drop).map_err(fault) })
    }

    fn forward<'a>(
        &'a self,
        tenant: TenantId,
        message: MessageId,
        to: &'a [String],
        comment: Option<&'a str>,
    ) -> Wait<'a, Result<usize, KeepFault>> {
        let (room, to, comment) = (self.clone(), to.to_vec(), comment.map(str::to_owned));
        self.ask(async move { room.send_on(tenant, message, to, comment).await })
    }

    fn scratch<'a>(&'a self, _: TenantId, _: CallUid) -> Wait<'a, Result<String, KeepFault>> {
        // A file that nothing names is removed at the next start.
        Box::pin(std::future::ready(mint().map_err(|_| KeepFault::Unavailable)))
    }

    fn forget(&self, tenant: TenantId, recording: &str) {
        let (room, recording) = (self.clone(), recording.to_owned());
        self.runtime.spawn(async move {
            room.reels.end_of(tenant, &recording).await;
            Mailroom::discard(&room, tenant, &recording).await;
        });
    }

    fn greet<'a>(
        &'a self,
        tenant: TenantId,
        mailbox: &'a str,
        greeting: Greeting,
        recording: Option<&'a str>,
    ) -> Wait<'a, Result<(), KeepFault>> {
        let (room, mailbox, recording) = (self.clone(), mailbox.to_owned(), recording.map(str::to_owned));
        self.ask(
            async move { room.set_greeting(tenant, &mailbox, greeting, recording.as_deref()).await.map_err(fault) },
        )
    }

    fn is_pin<'a>(&'a self, tenant: TenantId, mailbox: &'a str, pin: &'a str) -> Wait<'a, bool> {
        let (known, pin) = (self.boxes.find(tenant, mailbox), pin.to_owned());
        // The hash is slow on purpose: not on a thread that serves calls.
        let asked = self.runtime.spawn_blocking(move || {
            // Of one that is not there it takes as long.
            let own = known.map(|known| known.kept.pin.clone()).unwrap_or_default();
            own.is(&pin)
        });
        Box::pin(async move { asked.await.unwrap_or(false) })
    }

    fn choose_pin<'a>(&'a self, tenant: TenantId, mailbox: &'a str, pin: &'a str) -> Wait<'a, Result<(), KeepFault>> {
        let (room, mailbox, pin) = (self.clone(), mailbox.to_owned(), pin.to_owned());
        self.ask(async move {
            room.store.mailboxes(tenant).choose_pin(&mailbox, &pin).await.map_err(fault)?;
            room.reload(tenant).await;
            Ok(())
        })
    }

    fn count(&self, tenant: TenantId, mailbox: &str, happening: Happening) {
        let (what, event) = match happening {
            Happening::Reached(reason) => {
                metrics::counter!("strowger_voicemail_calls_total", "reason" => reason.as_str()).increment(1);
                return;
            }
            Happening::LeftBefore => ("left-before", None),
            // Who found no room was told of already.
            Happening::TurnedAway => ("turned-away", None),
            Happening::LoggedIn => ("logged-in", Some(MailboxEvent::LoggedIn)),
            Happening::WrongPin => ("wrong-pin", Some(MailboxEvent::WrongPin)),
            Happening::LockedOut => ("locked-out", Some(MailboxEvent::LockedOut)),
        };
        metrics::counter!("strowger_voicemail_visits_total", "outcome" => what).increment(1);
        // Of what is not there nobody is told.
        if let (Some(event), Some(known)) = (event, self.boxes.find(tenant, mailbox)) {
            self.tell(tenant, &known.shown.name, event);
        }
    }
}
