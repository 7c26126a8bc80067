//! Those who watch mailboxes.

use std::time::SystemTime;

use store::Tenant;
use tokio::sync::{broadcast, mpsc};
use tonic::Status;

use crate::desk::Desk;
use crate::live::{self, MailboxHappening};
use crate::v1::mailbox_event::Event;
use crate::v1::{
    MailboxEvent, MailboxFull, MailboxLockedOut, MailboxLoggedIn, MailboxMessageGone, MailboxNearlyFull,
    MailboxWrongPin,
};
use crate::violations::failed;
use crate::voicemail::mailbox::waits;
use crate::voicemail::message;
use crate::words::timestamp;

/// How many events wait in one stream; more wait in the exchange's backlog.
pub(super) const STREAM: usize = 64;

/// One who watches the mailboxes of a tenant.
pub(super) struct Watcher {
    desk: Desk,
    tenant: Tenant,
    /// Only this mailbox; all when it is empty.
    only: String,
    missed: u64,
    stream: mpsc::Sender<Result<MailboxEvent, Status>>,
}

impl Watcher {
    pub(super) fn new(
        desk: Desk,
        tenant: Tenant,
        only: String,
        stream: mpsc::Sender<Result<MailboxEvent, Status>>,
    ) -> Self {
        Self { desk, tenant, only, missed: 0, stream }
    }

    pub(super) async fn run(mut self, mut news: broadcast::Receiver<MailboxHappening>) {
        let mut closing = self.desk.closing.clone();
        if !self.tell_all().await {
            return;
        }
        loop {
            let heard = tokio::select! {
                () = self.stream.closed() => return,
                _ = closing.wait_for(|closing| *closing) => return,
                heard = news.recv() => heard,
            };
            let stays = match heard {
                Ok(happening) => self.tell(happening).await,
                Err(broadcast::error::RecvError::Lagged(missed)) => {
                    self.missed += missed;
                    self.tell_all().await
                }
                Err(broadcast::error::RecvError::Closed) => return,
            };
            if !stays {
                return;
            }
        }
    }

    /// What waits in all the mailboxes now; false when the watcher left.
    async fn tell_all(&mut self) -> bool {
        let store = self.desk.store.clone();
        let (mailboxes, messages) = (store.mailboxes(self.tenant.id), store.messages(self.tenant.id));
        let (names, mut waiting) = match (mailboxes.list().await, messages.waiting().await) {
            (Ok(all), Ok(waiting)) => (all.into_iter().map(|mailbox| mailbox.name), waiting),
            (Err(error), _) | (_, Err(error)) => {
                let _ = self.stream.send(Err(failed(error))).await;
                return false;
            }
        };
        for name in names.filter(|name| self.only.is_empty() || self.only == *name).collect::<Vec<_>>() {
            let now = Event::Waiting(waits(waiting.remove(&name).unwrap_or_default()));
            if !self.send(name, SystemTime::now(), now).await {
                return false;
            }
        }
        true
    }

    /// Passes on what is for this watcher; false when it left.
    async fn tell(&mut self, happening: MailboxHappening) -> bool {
        let MailboxHappening { tenant, mailbox, at, event } = happening;
        if tenant != self.tenant.id || !(self.only.is_empty() || self.only == mailbox) {
            return true;
        }
        let event = self.spelt(event).await;
        self.send(mailbox, at, event).await
    }

    async fn spelt(&self, event: live::MailboxEvent) -> Event {
        use live::MailboxEvent as Told;
        match event {
            Told::Came(message) => Event::Came(self.message(*message).await),
            Told::Changed(message) => Event::Changed(self.message(*message).await),
            Told::Gone(message) => Event::Gone(MailboxMessageGone { id: message.0 }),
            Told::Waiting(waiting) => Event::Waiting(waits(waiting)),
            Told::NearlyFull => Event::NearlyFull(MailboxNearlyFull {}),
            Told::Full => Event::Full(MailboxFull {}),
            Told::LoggedIn => Event::LoggedIn(MailboxLoggedIn {}),
            Told::WrongPin => Event::WrongPin(MailboxWrongPin {}),
            Told::LockedOut => Event::LockedOut(MailboxLockedOut {}),
        }
    }

    async fn message(&self, told: store::StoredMessage) -> crate::v1::MailboxMessage {
        // A caller whose name cannot be found out has none.
        let user = self.desk.user_name(&self.tenant, told.caller_user).await.ok().flatten();
        message::spelt(&self.tenant.name, told, user)
    }

    async fn send(&mut self, mailbox: String, at: SystemTime, event: Event) -> bool {
        let (tenant, missed) = (self.tenant.name.clone(), std::mem::take(&mut self.missed));
        let event = MailboxEvent { tenant, mailbox, at: Some(timestamp(at)), missed, event: Some(event) };
        self.stream.send(Ok(event)).await.is_ok()
    }
}
