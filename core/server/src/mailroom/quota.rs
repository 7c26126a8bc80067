//! How much a mailbox and a tenant may hold.

use std::time::{Duration, SystemTime};

use admin::MailboxEvent;
use store::Usage;
use switch::{Folder, TenantId};

use super::Mailroom;
use super::boxes::Known;

/// A mailbox is nearly full when this many of five parts are taken.
const NEARLY: u64 = 4;
/// The shortest time that it is worth to begin a recording for.
const LEAST: Duration = Duration::from_secs(5);

/// How much room there is in what may hold so much.
fn room(usage: Usage, messages: Option<u32>, minutes: Option<u32>) -> Option<Duration> {
    if messages.is_some_and(|most| usage.messages >= u64::from(most)) {
        return None;
    }
    let most = minutes.map_or(Duration::MAX, |minutes| Duration::from_secs(60 * u64::from(minutes)));
    most.checked_sub(usage.length).filter(|left| *left >= LEAST)
}

impl Mailroom {
    /// How long a new message may be; `None` where there is no room. What was thrown away makes room where there is none.
    pub(super) async fn room(&self, tenant: TenantId, known: &Known) -> Result<Option<Duration>, store::Error> {
        let mailbox = &known.shown.name;
        if let Some(room) = self.room_now(tenant, known).await? {
            return Ok(Some(room));
        }
        let now = SystemTime::now();
        let mut thrown = self.store.messages(tenant).older_than(mailbox, Folder::Deleted, now).await?;
        thrown.sort_by_key(|message| message.moved);
        for message in &thrown {
            // What is taken back meanwhile stays.
            if self.purge_if(message, Folder::Deleted, now).await?
                && let Some(room) = self.room_now(tenant, known).await?
            {
                return Ok(Some(room));
            }
        }
        self.room_now(tenant, known).await
    }

    async fn room_now(&self, tenant: TenantId, known: &Known) -> Result<Option<Duration>, store::Error> {
        let (settings, policy) = (&known.kept.settings, self.boxes.policy(tenant));
        let own = self.store.messages(tenant).usage(Some(&known.shown.name)).await?;
        let Some(left) = room(own, Some(settings.max_messages), Some(settings.max_minutes)) else { return Ok(None) };
        if policy.max_messages.is_none() && policy.max_minutes.is_none() {
            return Ok(Some(left));
        }
        let all = self.store.messages(tenant).usage(None).await?;
        Ok(room(all, policy.max_messages, policy.max_minutes).map(|of_all| left.min(of_all)))
    }

    /// The owner is told once that there is little room left, and again when there was more meanwhile.
    pub(super) async fn warn_if_nearly_full(&self, tenant: TenantId, mailbox: &str) {
        if let Err(error) = self.try_to_warn(tenant, mailbox).await {
            tracing::warn!(%error, tenant = tenant.0, "nobody can tell how full a mailbox is");
        }
    }

    async fn try_to_warn(&self, tenant: TenantId, mailbox: &str) -> Result<(), store::Error> {
        let Some(known) = self.boxes.find(tenant, mailbox) else { return Ok(()) };
        let settings = &known.kept.settings;
        let usage = self.store.messages(tenant).usage(Some(mailbox)).await?;
        let nearly = usage.messages * 5 >= u64::from(settings.max_messages) * NEARLY
            || usage.length.as_secs() * 5 >= u64::from(settings.max_minutes) * 60 * NEARLY;
        // What is in memory may be older than the last warning.
        let warned = self.store.mailboxes(tenant).get(mailbox).await?.warned;
        if nearly == warned {
            return Ok(());
        }
        self.store.mailboxes(tenant).set_warned(mailbox, nearly).await?;
        if nearly {
            self.tell(tenant, mailbox, MailboxEvent::NearlyFull);
            self.store.letters().warn(tenant, mailbox, SystemTime::now()).await?;
            self.queued.notify_one();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_what_is_left_of_both() {
        let usage = Usage { messages: 3, length: Duration::from_secs(100) };
        assert_eq!(room(usage, Some(3), None), None);
        assert_eq!(room(usage, Some(4), Some(2)), Some(Duration::from_secs(20)));
        assert_eq!(room(usage, None, Some(1)), None);
        assert_eq!(room(Usage { length: Duration::from_secs(117), ..usage }, None, Some(2)), None, "too little");
    }
}
