//! What an exchange that ended left behind, and what is too old.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use store::StoredMessage;
use switch::{Folder, MessageId, TenantId, is_a_mailboxes};

use super::Mailroom;
use crate::media::Mended;

/// How often it is looked what is too old.
const SWEEP: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);
/// How many days a message that was thrown away can be taken back.
const THROWN: u32 = 7;
/// The longest message and the longest thinking about it are over by then.
const OLDEST_DRAFT: Duration = Duration::from_secs(4 * 3_600);

/// What an exchange left behind when it ended.
#[derive(Debug, Default)]
pub(crate) struct Left {
    /// Messages that were being recorded.
    drafts: Vec<StoredMessage>,
    /// Recordings of mailboxes that were whole.
    names: BTreeSet<(TenantId, String)>,
}

impl Mailroom {
    /// What an exchange that has just started finds of the one before. To be asked before the first call: what is recorded
    /// from then on is not left behind.
    pub(crate) async fn left(&self) -> Result<Left, store::Error> {
        let mut left = Left::default();
        for tenant in self.store.tenants().list().await? {
            left.drafts.extend(self.store.messages(tenant.id).drafts().await?);
            let (recordings, of) = (self.recordings.clone(), tenant.id);
            let names = self.runtime.spawn_blocking(move || recordings.names(of)).await.unwrap_or_default();
            left.names.extend(names.into_iter().filter(|name| is_a_mailboxes(name)).map(|name| (of, name)));
        }
        Ok(left)
    }

    /// Drafts of an exchange that is no more become messages, as far as their audio goes; files that nothing names are
    /// removed. The files that were cut off are mended by now. How many became messages, and how many files were removed.
    pub(crate) async fn settle(&self, left: Left, mended: &[Mended]) -> Result<(usize, usize), store::Error> {
        let (mut delivered, mut removed) = (0, 0);
        // Those of one caller at one mailbox are takes of one message: the last that is one counts.
        let mut takes: BTreeMap<(TenantId, &str, Option<&str>), Vec<MessageId>> = BTreeMap::new();
        for draft in &left.drafts {
            let of = (draft.tenant, draft.mailbox.as_str(), draft.call.as_deref());
            takes.entry(of).or_default().push(draft.id);
        }
        for ((tenant, ..), mut takes) in takes {
            takes.sort();
            match voicemail::settle(self, tenant, &mut takes, false).await {
                Ok(voicemail::Delivered::Kept) => delivered += 1,
                Ok(_) => {}
                Err(error) => tracing::error!(%error, tenant = tenant.0, "a message that was cut off waits on"),
            }
        }
        let mut names = left.names;
        let own = mended.iter().filter(|one| is_a_mailboxes(&one.name));
        names.extend(own.map(|one| (one.tenant, one.name.clone())));
        let mut known: BTreeMap<TenantId, BTreeSet<String>> = BTreeMap::new();
        for (tenant, name) in names {
            let own = match known.entry(tenant) {
                Entry::Occupied(own) => own.into_mut(),
                Entry::Vacant(own) => own.insert(self.store.messages(tenant).recordings().await?),
            };
            if !own.contains(&name) {
                self.discard(tenant, &name).await;
                removed += 1;
            }
        }
        if delivered + removed > 0 {
            tracing::info!(
                delivered,
                removed,
                "messages that were cut off are delivered, and files that nothing names are removed"
            );
        }
        Ok((delivered, removed))
    }

    /// Removes what is too old and delivers what nobody has, for ever.
    pub(crate) async fn keep_tidy(&self) {
        loop {
            if let Err(error) = self.sweep(SystemTime::now()).await {
                tracing::error!(%error, "old messages could not be removed; it is tried again");
            }
            tokio::time::sleep(SWEEP).await;
            if let Err(error) = self.settle_old(SystemTime::now()).await {
                tracing::error!(%error, "messages that nobody delivered wait on");
            }
        }
    }

    /// Drafts that are too old for anybody to be at them still are delivered by what there is of them.
    pub(crate) async fn settle_old(&self, now: SystemTime) -> Result<(), store::Error> {
        for tenant in self.boxes.tenants() {
            for draft in self.store.messages(tenant).drafts().await? {
                let old = now.duration_since(draft.received).is_ok_and(|age| age > OLDEST_DRAFT);
                if old && !self.reels.runs(tenant, &draft.recording) && self.judge(&draft, false).await.is_err() {
                    tracing::error!(tenant = tenant.0, "a message that nobody delivered waits on");
                }
            }
        }
        Ok(())
    }

    /// Removes saved messages that are older than their mailbox keeps them, and what was thrown away long ago.
    pub(crate) async fn sweep(&self, now: SystemTime) -> Result<usize, store::Error> {
        let mut gone = 0;
        for tenant in self.boxes.tenants() {
            let days = self.boxes.policy(tenant).keep_days;
            for known in self.boxes.all(tenant) {
                let kept = known.kept.settings.keep_days.or(days);
                for (folder, days) in [(Folder::Saved, kept), (Folder::Deleted, Some(THROWN))] {
                    let Some(before) = days.and_then(|days| now.checked_sub(DAY * days)) else { continue };
                    match self.sweep_folder(tenant, &known.shown.name, folder, before).await {
                        Ok(removed) => gone += removed,
                        // One that was removed meanwhile, or cannot be read, is not the others' affair.
                        Err(store::Error::NotFound(_)) => {}
                        Err(error) => tracing::error!(%error, tenant = tenant.0, "old messages of a mailbox stay"),
                    }
                }
            }
        }
        metrics::counter!("strowger_voicemail_expired_total").increment(gone as u64);
        Ok(gone)
    }

    async fn sweep_folder(
        &self,
        tenant: TenantId,
        mailbox: &str,
        folder: Folder,
        before: SystemTime,
    ) -> Result<usize, store::Error> {
        let mut gone = 0;
        for old in self.store.messages(tenant).older_than(mailbox, folder, before).await? {
            gone += usize::from(self.purge_if(&old, folder, before).await?);
        }
        Ok(gone)
    }
}
