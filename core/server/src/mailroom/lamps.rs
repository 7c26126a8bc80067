//! What waits in each mailbox, in memory: what lamps say.

use std::collections::{BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use admin::MailboxEvent;
use switch::{Lamp, NoLamp, TenantId, Waiting};

use super::Mailroom;
use super::boxes::Known;
use crate::exchange::Inward;

/// After a start so many lamps are told, and then after this time the next.
const AT_ONCE: u32 = 10;
const PAUSE: Duration = Duration::from_millis(10);

/// So many mailboxes are counted at once.
const LOCKS: usize = 32;
/// A store that does not answer is asked again after this time.
const AGAIN: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
pub(super) struct Lamps {
    waiting: Mutex<HashMap<(TenantId, String), Waiting>>,
    /// One count of a mailbox at a time: an older one must not overwrite a newer. Several mailboxes share one of these.
    counting: [tokio::sync::Mutex<()>; LOCKS],
}

impl Lamps {
    fn turn(&self, tenant: TenantId, mailbox: &str) -> &tokio::sync::Mutex<()> {
        let mut hasher = DefaultHasher::new();
        (tenant, mailbox).hash(&mut hasher);
        // There are as many as the remainder says.
        let at = usize::try_from(hasher.finish() % LOCKS as u64).unwrap_or(0);
        self.counting.get(at).unwrap_or(&self.counting[0])
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<(TenantId, String), Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Mailroom {
    /// What waits in a mailbox.
    pub(crate) fn waiting(&self, tenant: TenantId, mailbox: &str) -> Waiting {
        self.lamps.waiting().get(&(tenant, mailbox.to_owned())).copied().unwrap_or_default()
    }

    /// What the lamp of a mailbox says, for a user who may see it: its owner. What he names may be a number by which
    /// voicemail is reached, and then it is his own.
    pub(crate) fn lamp(&self, tenant: TenantId, user: &str, wanted: &str) -> Result<Lamp, NoLamp> {
        let named = if wanted.starts_with('*') { user } else { wanted };
        let known = self.boxes.find(tenant, named).ok_or(NoLamp::Unknown)?;
        if known.shown.owner.as_deref() != Some(user) {
            return Err(NoLamp::Forbidden);
        }
        Ok(self.lamp_of(tenant, &known))
    }

    fn lamp_of(&self, tenant: TenantId, known: &Known) -> Lamp {
        let mailbox = known.shown.name.clone();
        let unasked = known.shown.owner.clone().filter(|_| known.kept.settings.unasked);
        Lamp { tenant, waiting: self.waiting(tenant, &mailbox), mailbox, unasked }
    }

    /// Counts what waits in a mailbox anew, and tells its lamp. Where nobody can count now, it is done as soon as somebody can.
    pub(crate) async fn light(&self, tenant: TenantId, mailbox: &str) {
        let Err(error) = self.try_light(tenant, mailbox).await else { return };
        tracing::error!(%error, tenant = tenant.0, "a lamp cannot be told yet: nobody can count");
        let (room, mailbox) = (self.clone(), mailbox.to_owned());
        self.runtime.spawn(async move {
            while room.try_light(tenant, &mailbox).await.is_err() {
                tokio::time::sleep(AGAIN).await;
            }
        });
    }

    async fn try_light(&self, tenant: TenantId, mailbox: &str) -> Result<(), store::Error> {
        let _turn = self.lamps.turn(tenant, mailbox).lock().await;
        let waiting = self.store.messages(tenant).waiting_in(mailbox).await?;
        let before = self.lamps.waiting().insert((tenant, mailbox.to_owned()), waiting).unwrap_or_default();
        if before != waiting {
            self.tell(tenant, mailbox, MailboxEvent::Waiting(waiting));
            if let Some(known) = self.boxes.find(tenant, mailbox) {
                self.inbox.send(Inward::Lamp(Box::new(self.lamp_of(tenant, &known))));
            }
        }
        Ok(())
    }

    /// Counts what waits everywhere.
    pub(super) async fn count_all(&self) -> Result<(), store::Error> {
        for tenant in self.boxes.tenants() {
            let counted = self.store.messages(tenant).waiting().await?;
            let mut waiting = self.lamps.waiting();
            waiting.extend(counted.into_iter().map(|(mailbox, count)| ((tenant, mailbox), count)));
        }
        Ok(())
    }

    /// After a start: tells the lamps of the mailboxes to which phones had subscribed, and those of which phones are told
    /// without asking. Not all at once: a datagram for each would fill the buffers of a network.
    pub(crate) async fn light_all(self, wanted: BTreeSet<(TenantId, String)>) {
        let mut told = 0_u32;
        let mut tell = async |inward| {
            self.inbox.send(inward);
            told += 1;
            if told.is_multiple_of(AT_ONCE) {
                tokio::time::sleep(PAUSE).await;
            }
        };
        for (tenant, mailbox) in &wanted {
            match self.boxes.find(*tenant, mailbox).filter(|known| known.shown.name == *mailbox) {
                Some(known) => {
                    let _turn = self.lamps.turn(*tenant, mailbox).lock().await;
                    tell(Inward::Lamp(Box::new(self.lamp_of(*tenant, &known)))).await;
                }
                None => tell(Inward::NoLamp(*tenant, mailbox.clone())).await,
            }
        }
        for tenant in self.boxes.tenants() {
            for known in self.boxes.all(tenant) {
                let lamp = self.lamp_of(tenant, &known);
                if lamp.unasked.is_some() && !wanted.contains(&(tenant, lamp.mailbox.clone())) {
                    tell(Inward::Lamp(Box::new(lamp))).await;
                }
            }
        }
    }

    /// Mailboxes of a tenant were made, changed or removed: they are read anew, and their lamps told.
    pub(crate) async fn reread(&self, tenant: TenantId) -> Result<(), store::Error> {
        let before = self.boxes.all(tenant);
        self.boxes.reload_of(&self.store, tenant).await?;
        for old in before {
            let name = &old.shown.name;
            let now = self.boxes.find(tenant, name).filter(|known| known.shown.name == *name);
            // Who was its owner is told of it no more.
            if now.as_ref().map(|known| &known.shown.owner) != Some(&old.shown.owner) {
                self.inbox.send(Inward::NoLamp(tenant, name.clone()));
            }
            if now.is_none() {
                self.lamps.waiting().remove(&(tenant, name.clone()));
            }
        }
        for known in self.boxes.all(tenant) {
            self.light(tenant, &known.shown.name).await;
            if known.kept.settings.unasked {
                let _turn = self.lamps.turn(tenant, &known.shown.name).lock().await;
                self.inbox.send(Inward::Lamp(Box::new(self.lamp_of(tenant, &known))));
            }
        }
        Ok(())
    }
}
