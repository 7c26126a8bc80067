//! Where messages are kept: voicemail's words over the store and the disk.
//!
//! A message is written down as a draft before it is recorded, and delivered when its audio is on the disk: whatever ends the
//! exchange in between, the next start finds the draft, and with it what was said so far. Its letter is queued in the step that
//! delivers it. Audio lies among the tenant's recordings, under a name of chance.
//!
//! | a draft whose recording is … | becomes |
//! |---|---|
//! | whole, long enough, and not silent | a new message |
//! | too short, or nothing is said in it | nothing; it is counted |
//! | not there | nothing |
//! | of an exchange that is no more | the same, by what was mended of its file |

mod audio;
mod boxes;
mod keep;
mod lamps;
mod letters;
mod quota;
mod reels;
mod tend;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::{Instant, SystemTime};

use admin::{MailboxEvent, MailboxHappening};
use store::{Measured, Store, StoredMessage};
use switch::{Folder, KeptRecording, MessageId, TenantId, is_a_mailboxes};
use tokio::runtime::Handle;
use tokio::sync::{Notify, Semaphore, broadcast};
use voicemail::{Delivered, KeepFault};

pub(crate) use audio::TakeFault;
pub(crate) use boxes::{Boxes, Known};
pub(crate) use letters::post;
pub(crate) use tend::Left;

use crate::exchange::Inbox;
use crate::media::{Recordings, Removal};
use lamps::Lamps;
use reels::{Reel, Reels};

/// A message below this level, in dBov, for all but so much of its time says nothing.
const QUIET: f32 = -48.0;
const SAID: std::time::Duration = std::time::Duration::from_millis(200);
/// What a recording is, and for how long something is said in it, where that can be told.
type Judged = (Measured, Option<std::time::Duration>);
/// How many events a watcher may lag behind before it misses some.
const BACKLOG: usize = 4_096;

/// The mailboxes of all tenants, with their messages. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Mailroom {
    pub(crate) store: Store,
    pub(crate) recordings: Recordings,
    pub(crate) boxes: Arc<Boxes>,
    reels: Arc<Reels>,
    lamps: Arc<Lamps>,
    inbox: Inbox,
    /// Where the store is asked and files are read: not on a thread of applications.
    runtime: Handle,
    /// A letter was queued.
    pub(crate) queued: Arc<Notify>,
    news: broadcast::Sender<MailboxHappening>,
    /// So many files are read and decoded at once: each may be large.
    turns: Arc<Semaphore>,
}

impl Mailroom {
    /// The mailboxes of a store, and what waits in them.
    pub(crate) async fn open(
        store: Store,
        recordings: Recordings,
        inbox: Inbox,
        runtime: Handle,
    ) -> Result<Self, store::Error> {
        let boxes = Arc::new(Boxes::default());
        boxes.reload(&store).await?;
        let lamps = Arc::new(Lamps::default());
        let news = broadcast::Sender::new(BACKLOG);
        let queued = Arc::new(Notify::new());
        let turns = Arc::new(Semaphore::new(std::thread::available_parallelism().map_or(2, std::num::NonZero::get)));
        let room = Self { store, recordings, boxes, reels: Arc::default(), lamps, inbox, runtime, queued, news, turns };
        room.count_all().await?;
        Ok(room)
    }

    /// What happens from now on. Who is too slow is told how much it missed.
    pub(crate) fn watch(&self) -> broadcast::Receiver<MailboxHappening> {
        self.news.subscribe()
    }

    /// A recording has begun, or is over; says whether it is a mailbox's, and kept here.
    pub(crate) fn hear(&self, kept: &KeptRecording) -> bool {
        let own = is_a_mailboxes(&kept.name);
        if own {
            self.reels.hear(Instant::now(), kept);
        }
        own
    }

    /// Delivers a draft by what is on the disk of it.
    async fn deliver(&self, tenant: TenantId, id: MessageId, urgent: bool) -> Result<Delivered, KeepFault> {
        let draft = self.store.messages(tenant).get(id).await.map_err(fault)?;
        if draft.folder.is_some() {
            return Ok(Delivered::Kept);
        }
        // Whether there is anything the disk says: its thread may have told of it long ago, or of a file that it could not finish.
        if self.reels.end_of(tenant, &draft.recording).await == Reel::Runs {
            return Err(KeepFault::Unavailable);
        }
        self.judge(&draft, urgent).await
    }

    /// A draft that nothing records any more becomes a message by what is on the disk of it, or nothing.
    async fn judge(&self, draft: &StoredMessage, urgent: bool) -> Result<Delivered, KeepFault> {
        let shortest = self.boxes.find(draft.tenant, &draft.mailbox).map(|known| known.shown.shortest);
        let measured = match self.measure(draft.tenant, &draft.recording).await? {
            None => {
                self.drop_draft(draft, "nothing").await?;
                return Ok(Delivered::Nothing);
            }
            Some((measured, _)) if measured.length < shortest.unwrap_or_default() => {
                self.drop_draft(draft, "short").await?;
                return Ok(Delivered::Short);
            }
            Some((_, Some(said))) if said < SAID => {
                self.drop_draft(draft, "silent").await?;
                return Ok(Delivered::Silent);
            }
            Some((measured, _)) => measured,
        };
        let now = SystemTime::now();
        let kept = self.store.messages(draft.tenant).deliver(draft.id, urgent, measured, now).await.map_err(fault)?;
        self.reels.forget(draft.tenant, &draft.recording);
        count("kept");
        self.came(&kept).await;
        Ok(Delivered::Kept)
    }

    /// A new message lies in its mailbox: whoever must know is told.
    pub(crate) async fn came(&self, message: &StoredMessage) {
        self.queued.notify_one();
        self.tell(message.tenant, &message.mailbox, MailboxEvent::Came(Box::new(message.clone())));
        self.light(message.tenant, &message.mailbox).await;
        self.warn_if_nearly_full(message.tenant, &message.mailbox).await;
    }

    /// A draft is nothing; the outcome is counted.
    async fn drop_draft(&self, draft: &StoredMessage, outcome: &'static str) -> Result<(), KeepFault> {
        // What somebody else has delivered meanwhile is no draft, and stays.
        if let Some(recording) =
            self.store.messages(draft.tenant).purge_if(draft.id, None, None).await.map_err(fault)?
        {
            count(outcome);
            self.discard(draft.tenant, &recording).await;
        }
        Ok(())
    }

    /// A message that lies in this folder since before this time is no more; says whether it was so.
    pub(super) async fn purge_if(
        &self,
        known: &StoredMessage,
        folder: Folder,
        before: SystemTime,
    ) -> Result<bool, store::Error> {
        let (tenant, id) = (known.tenant, known.id);
        let Some(recording) = self.store.messages(tenant).purge_if(id, Some(folder), Some(before)).await? else {
            return Ok(false);
        };
        self.discard(tenant, &recording).await;
        self.tell(tenant, &known.mailbox, MailboxEvent::Gone(id));
        self.light(tenant, &known.mailbox).await;
        self.warn_if_nearly_full(tenant, &known.mailbox).await;
        Ok(true)
    }

    /// Removes a recording that is nobody's; what cannot be removed now is at the next start.
    pub(crate) async fn discard(&self, tenant: TenantId, recording: &str) {
        self.reels.forget(tenant, recording);
        if let Removal::Failed(error) = self.recordings.remove(tenant, recording).await {
            tracing::warn!(%error, tenant = tenant.0, "a recording of a mailbox cannot be removed yet");
        }
    }

    /// A message lies in this folder from now on.
    pub(crate) async fn move_to(
        &self,
        tenant: TenantId,
        id: MessageId,
        folder: Folder,
    ) -> Result<StoredMessage, store::Error> {
        let moved = self.store.messages(tenant).move_to(id, folder, SystemTime::now()).await?;
        self.tell(tenant, &moved.mailbox, MailboxEvent::Changed(Box::new(moved.clone())));
        self.light(tenant, &moved.mailbox).await;
        Ok(moved)
    }

    /// How long a recording is, how many bytes it has, and for how long something is said in it, where it can be decoded; `None`
    /// where there is none.
    ///
    /// # Errors
    /// [`KeepFault::Unavailable`] where nobody can tell: nothing is to be thrown away for that.
    async fn measure(&self, tenant: TenantId, recording: &str) -> Result<Option<Judged>, KeepFault> {
        let (recordings, name) = (self.recordings.clone(), recording.to_owned());
        let turn = self.turns.acquire().await.map_err(|_| KeepFault::Unavailable)?;
        let read = self.runtime.spawn_blocking(move || audio::measure(&recordings, tenant, &name));
        let read = read.await;
        drop(turn);
        match read {
            Ok(Ok(judged)) => Ok(judged),
            Ok(Err(error)) => {
                tracing::error!(%error, tenant = tenant.0, "a message cannot be read yet: it waits");
                Err(KeepFault::Unavailable)
            }
            Err(_) => Err(KeepFault::Unavailable),
        }
    }

    fn tell(&self, tenant: TenantId, mailbox: &str, event: MailboxEvent) {
        let at = SystemTime::now();
        self.announce(MailboxHappening { tenant, mailbox: mailbox.to_owned(), at, event });
    }

    fn announce(&self, happening: MailboxHappening) {
        if self.news.receiver_count() > 0 {
            // Fails only when the last watcher left just now.
            let _ = self.news.send(happening);
        }
    }

    /// An operator did this, and it is in the store.
    pub(crate) async fn changed(&self, happening: MailboxHappening) {
        let MailboxHappening { tenant, mailbox, event, .. } = happening.clone();
        if let MailboxEvent::Came(message) = &event {
            return self.came(message).await;
        }
        self.announce(happening);
        self.light(tenant, &mailbox).await;
        self.warn_if_nearly_full(tenant, &mailbox).await;
    }
}

/// What became of a message is counted.
fn count(outcome: &'static str) {
    metrics::counter!("strowger_voicemail_messages_total", "outcome" => outcome).increment(1);
}

fn fault(error: store::Error) -> KeepFault {
    match error {
        store::Error::NotFound(_) => KeepFault::Missing,
        store::Error::Invalid { field: "pin", .. } => KeepFault::BadPin,
        error => {
            tracing::error!(%error, "a mailbox cannot be read or written");
            KeepFault::Unavailable
        }
    }
}
