//! Recordings as operators have them: files and what the database knows of them, brought together.
//!
//! At a start, what was cut off is mended and written down; once an hour what is older than it may be is removed. Names that
//! callers said at the door of a room go soon after them, or at the next start.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::{Duration, SystemTime};

use admin::{NotRemoved, RecordingBytes};
use store::{MendedRecording, Store, StoredRecording};
use switch::{TenantId, is_a_mailboxes};
use tokio::sync::mpsc;

use crate::mailroom::{self, Mailroom};
use crate::media::{Mended, Recordings, Removal};
use crate::rooms::Said;

/// How often it is looked what is too old.
const SWEEP: Duration = Duration::from_secs(3_600);
/// How many recordings are removed in one go.
const AT_ONCE: u64 = 200;
/// How long a spoken name stays after its speaker: what is announced before it may take a while.
pub(crate) const ECHO: Duration = Duration::from_secs(120);
const DAY: Duration = Duration::from_secs(86_400);
/// A file is read in pieces of so many bytes, and so many of them wait for a slow reader.
const PIECE: usize = 64 << 10;
const PIECES: usize = 4;

/// Recordings whose files could not be removed, of which that was told.
pub(crate) type Stuck = BTreeSet<(TenantId, String)>;

#[derive(Debug, Clone)]
pub(crate) struct Archive {
    pub(crate) recordings: Recordings,
    pub(crate) store: Store,
    /// How many days recordings are kept where their tenant says nothing else; 0 for ever.
    pub(crate) days: u32,
    /// How long a spoken name stays after its speaker.
    pub(crate) echo: Duration,
}

/// What an exchange left behind when it ended.
#[derive(Debug, Default)]
pub(crate) struct Left {
    /// Recordings that are listed as going on.
    cut_off: Vec<StoredRecording>,
    /// Names that callers had said.
    names: Vec<(TenantId, String)>,
}

impl Archive {
    /// What an exchange that has just started finds of the one before.
    pub(crate) async fn left(&self) -> Result<Left, store::Error> {
        let mut left = Left::default();
        for tenant in self.store.tenants().list().await? {
            let recordings = self.store.recordings(tenant.id);
            left.cut_off.extend(recordings.unfinished().await?);
            let names = recordings.messages_called(conference::SPOKEN).await?;
            left.names.extend(names.into_iter().map(|name| (tenant.id, name)));
        }
        Ok(left)
    }

    /// Writes down what became of recordings that were cut off, once that is known; then sweeps, for ever.
    pub(crate) async fn tend(
        self,
        (left, messages): (Left, mailroom::Left),
        mended: Receiver<Vec<Mended>>,
        mut said: mpsc::Receiver<Said>,
        mailroom: Mailroom,
    ) {
        let mended = tokio::task::spawn_blocking(move || mended.recv().unwrap_or_default()).await.unwrap_or_default();
        if let Err(error) = mailroom.settle(messages, &mended).await {
            tracing::error!(%error, "messages that were cut off could not be delivered; the next start does");
        }
        let mended = mended.into_iter().filter(|one| !is_a_mailboxes(&one.name)).collect();
        if let Err(error) = self.settle(left, mended).await {
            tracing::error!(%error, "what became of recordings that were cut off could not be written down");
        }
        let sweeping = async {
            let mut stuck = Stuck::new();
            loop {
                if let Err(error) = self.sweep(SystemTime::now(), &mut stuck).await {
                    tracing::error!(%error, "old recordings could not be removed; it is tried again");
                }
                tokio::time::sleep(SWEEP).await;
            }
        };
        let forgetting = async {
            // Each waits as long, so they go in the order of their coming.
            while let Some(name) = said.recv().await {
                tokio::time::sleep_until((name.at + self.echo).into()).await;
                self.forget(name.tenant, &name.recording).await;
            }
        };
        tokio::join!(sweeping, forgetting, mailroom.keep_tidy());
    }

    /// Forgets a spoken name with its file; what cannot be removed now is at the next start.
    async fn forget(&self, tenant: TenantId, name: &str) {
        if self.remove(tenant, name).await.is_err() {
            return;
        }
        match self.store.recordings(tenant).delete(name).await {
            // He may have said none.
            Ok(()) | Err(store::Error::NotFound(_)) => {}
            Err(error) => tracing::warn!(%error, tenant = tenant.0, "a spoken name is still listed"),
        }
    }

    async fn settle(&self, left: Left, mended: Vec<Mended>) -> Result<(), store::Error> {
        let Left { cut_off, names } = left;
        let now = SystemTime::now();
        let known = |tenant: TenantId, name: &str| mended.iter().any(|one| one.tenant == tenant && one.name == name);
        // One that was whole, and had not been written down.
        let whole = cut_off.iter().filter(|one| !known(one.tenant, &one.name));
        let whole: Vec<(TenantId, String)> = whole.map(|one| (one.tenant, one.name.clone())).collect();
        for one in &mended {
            self.write_down(one, now).await;
        }
        for (tenant, name) in whole {
            let (recordings, asked) = (self.recordings.clone(), name.clone());
            let found = tokio::task::spawn_blocking(move || recordings.measure(tenant, &asked)).await.ok().flatten();
            match found {
                Some(found) => self.write_down(&found, now).await,
                None => self.store.recordings(tenant).delete(&name).await?,
            }
        }
        for (tenant, name) in names {
            self.forget(tenant, &name).await;
        }
        Ok(())
    }

    async fn write_down(&self, one: &Mended, now: SystemTime) {
        let Mended { tenant, name, format, length, bytes } = one.clone();
        let format = format.as_str().to_owned();
        let kept = MendedRecording { name, length, bytes, format };
        // A tenant may be gone, and its folder still there.
        if let Err(error) = self.store.recordings(tenant).mended(&kept, now).await {
            tracing::warn!(%error, tenant = tenant.0, "a recording that was mended is not listed");
        }
    }

    /// Removes what is older than it may be. What cannot be removed stays, is told once, and is tried again by the next
    /// sweep.
    pub(crate) async fn sweep(&self, now: SystemTime, stuck: &mut Stuck) -> Result<(), store::Error> {
        for tenant in self.store.tenants().list().await? {
            let days = tenant.recording_days.unwrap_or(self.days);
            let Some(before) = now.checked_sub(DAY.saturating_mul(days)).filter(|_| days > 0) else { continue };
            let mut gone = 0_u64;
            let mut last = None;
            loop {
                let old = self.store.recordings(tenant.id).older_than(before, last.as_ref(), AT_ONCE).await?;
                // What is still there is not asked for again.
                last = old.last().cloned();
                for (_, name) in &old {
                    gone += u64::from(self.expire(tenant.id, name, stuck).await?);
                }
                if (old.len() as u64) < AT_ONCE {
                    break;
                }
            }
            metrics::counter!("strowger_recordings_expired_total").increment(gone);
            if gone > 0 {
                tracing::info!(tenant = tenant.id.0, recordings = gone, days, "old recordings were removed");
            }
        }
        Ok(())
    }

    /// Removes one that is too old; says whether it is gone.
    async fn expire(&self, tenant: TenantId, name: &str, stuck: &mut Stuck) -> Result<bool, store::Error> {
        let key = (tenant, name.to_owned());
        match self.recordings.remove(tenant, name).await {
            Removal::Done | Removal::Missing => {
                stuck.remove(&key);
                match self.store.recordings(tenant).delete(name).await {
                    // Somebody else removed it just now.
                    Ok(()) | Err(store::Error::NotFound(_)) => Ok(true),
                    Err(error) => Err(error),
                }
            }
            // Something else is being recorded under its name.
            Removal::Busy => Ok(false),
            Removal::Failed(error) => {
                if stuck.insert(key) {
                    tracing::error!(%error, tenant = tenant.0, name, "the file of an old recording cannot be removed");
                }
                Ok(false)
            }
        }
    }

    /// Removes the file of a recording, if there is one.
    pub(crate) async fn remove(&self, tenant: TenantId, name: &str) -> Result<(), NotRemoved> {
        match self.recordings.remove(tenant, name).await {
            Removal::Done | Removal::Missing => Ok(()),
            Removal::Busy => Err(NotRemoved::Busy),
            Removal::Failed(error) => {
                tracing::error!(%error, tenant = tenant.0, "the file of a recording cannot be removed");
                Err(NotRemoved::Failed)
            }
        }
    }

    /// Reads a recording; `None` when there is no file.
    pub(crate) async fn read(&self, tenant: TenantId, name: &str) -> Option<RecordingBytes> {
        let (recordings, name): (_, Arc<str>) = (self.recordings.clone(), name.into());
        let mut copy = tokio::task::spawn_blocking(move || recordings.copy(tenant, &name)).await.ok()?.ok()?;
        let (format, bytes) = (copy.format, copy.bytes);
        let (sender, pieces) = mpsc::channel(PIECES);
        tokio::task::spawn_blocking(move || {
            loop {
                let piece = copy.read(PIECE);
                let over = piece.as_ref().map_or(true, Vec::is_empty);
                // The reader may have had enough.
                if piece.as_ref().is_ok_and(Vec::is_empty) || sender.blocking_send(piece).is_err() || over {
                    return;
                }
            }
        });
        Some(RecordingBytes { format, bytes, pieces })
    }
}

/// A file piece by piece, as fast as it is read.
pub(crate) fn pieces(mut file: std::fs::File) -> mpsc::Receiver<std::io::Result<Vec<u8>>> {
    use std::io::Read;
    let (sender, pieces) = mpsc::channel(PIECES);
    tokio::task::spawn_blocking(move || {
        loop {
            let mut piece = Vec::with_capacity(PIECE);
            let read = (&mut file).take(PIECE as u64).read_to_end(&mut piece);
            let over = read.as_ref().map_or(true, |size| *size == 0);
            if read.as_ref().is_ok_and(|size| *size == 0) || sender.blocking_send(read.map(|_| piece)).is_err() || over
            {
                return;
            }
        }
    });
    pieces
}

#[cfg(test)]
mod tests {
    use store::{NewTenant, Writer};
    use switch::{KeptRecording, Record, RecordingEnd, RecordingFormat, RecordingKind, RecordingLayout};

    use super::*;
    use crate::exchange::Inbox;

    #[tokio::test]
    async fn what_is_too_old_goes_with_its_file_and_what_is_not_stays() {
        let data = tempfile::TempDir::new().expect("a folder");
        let store = Store::open("sqlite::memory:").await.expect("a store");
        let (inbox, _outbox) = Inbox::new().expect("an inbox");
        let (recordings, _mended) = Recordings::start(data.path().to_owned(), 0, inbox).expect("recordings");
        let archive = Archive { recordings, store: store.clone(), days: 7, echo: ECHO };
        let mut tenant = store.tenants().create(NewTenant::named("acme", vec![])).await.expect("made");
        let folder = data.path().join(format!("tenants/{}/recordings", tenant.id.0));
        std::fs::create_dir_all(&folder).expect("a folder");
        let now = SystemTime::now();
        let (writer, task) = Writer::new(store.clone());
        let kinds =
            [("old", RecordingKind::Call, 8), ("new", RecordingKind::Call, 6), ("note", RecordingKind::Message, 9)];
        for (name, kind, days) in kinds {
            std::fs::write(folder.join(format!("{name}.opus")), b"OggS").expect("a file");
            let end = Some(RecordingEnd { length: Duration::from_secs(1), bytes: 4, fault: None });
            let (format, layout) = (RecordingFormat::Opus, RecordingLayout::Mixed);
            let (name, started) = (name.to_owned(), now - DAY * days);
            let kept = KeptRecording { tenant: tenant.id, name, call: None, kind, started, format, layout, end };
            writer.write(Record::Recording(Box::new(kept)));
        }
        drop(writer);
        task.run().await;
        let there = || ["old", "new", "note"].map(|name| folder.join(format!("{name}.opus")).exists());
        tenant.recording_days = Some(0);
        store.tenants().update(&tenant).await.expect("changed");
        archive.sweep(now, &mut Stuck::new()).await.expect("swept");
        assert_eq!(there(), [true; 3], "this tenant keeps all for ever");
        tenant.recording_days = None;
        store.tenants().update(&tenant).await.expect("changed");
        archive.sweep(now, &mut Stuck::new()).await.expect("swept");
        assert_eq!(there(), [false, true, true]);
        assert!(store.recordings(tenant.id).get("old").await.is_err());
        tenant.recording_days = Some(3);
        store.tenants().update(&tenant).await.expect("changed");
        archive.sweep(now, &mut Stuck::new()).await.expect("swept");
        assert_eq!(there(), [false, false, true], "a message is whoever's recorded it");
    }

    #[tokio::test]
    async fn a_file_that_cannot_be_removed_stays_listed_and_all_others_go() {
        let data = tempfile::TempDir::new().expect("a folder");
        let store = Store::open("sqlite::memory:").await.expect("a store");
        let (inbox, _outbox) = Inbox::new().expect("an inbox");
        let (recordings, _mended) = Recordings::start(data.path().to_owned(), 0, inbox).expect("recordings");
        let archive = Archive { recordings, store: store.clone(), days: 7, echo: ECHO };
        let tenant = store.tenants().create(NewTenant::named("acme", vec![])).await.expect("made").id;
        let folder = data.path().join(format!("tenants/{}/recordings", tenant.0));
        std::fs::create_dir_all(&folder).expect("a folder");
        let now = SystemTime::now();
        let (writer, task) = Writer::new(store.clone());
        // More than are removed in one go, and some of one moment.
        let names: Vec<String> = (0..450).map(|number| format!("call-{number:03}")).collect();
        for (number, name) in (0..).zip(&names) {
            std::fs::write(folder.join(format!("{name}.wav")), b"RIFF").expect("a file");
            let end = Some(RecordingEnd { length: Duration::from_secs(1), bytes: 4, fault: None });
            let (format, layout) = (RecordingFormat::Wav, RecordingLayout::Mixed);
            let (kind, started) = (RecordingKind::Call, now - DAY * 9 + Duration::from_secs(number / 3));
            let kept = KeptRecording { tenant, name: name.clone(), call: None, kind, started, format, layout, end };
            writer.write(Record::Recording(Box::new(kept)));
        }
        drop(writer);
        task.run().await;
        // A folder is no file: it is not to be removed as one. Nobody can write to it then, not even root.
        let hold = |name: &str| {
            let file = folder.join(format!("{name}.wav"));
            std::fs::remove_file(&file).expect("removed");
            std::fs::create_dir_all(file.join("held")).expect("a folder");
        };
        for name in [&names[0], &names[100], &names[200]] {
            hold(name);
        }
        let mut stuck = Stuck::new();
        archive.sweep(now, &mut stuck).await.expect("swept");
        let files = || std::fs::read_dir(&folder).expect("the folder").flatten().filter(|file| file.path().is_file());
        assert_eq!(files().count(), 0);
        let listed = async || store.recordings(tenant).query(&store::RecordingFilter::default(), 10, None).await;
        assert_eq!(listed().await.expect("listed").recordings.len(), 3);
        assert_eq!(stuck.len(), 3, "each is told once");
        std::fs::remove_dir_all(folder.join("call-000.wav")).expect("removed");
        archive.sweep(now, &mut stuck).await.expect("swept");
        assert_eq!(listed().await.expect("listed").recordings.len(), 2, "it is tried again");
        assert_eq!(stuck.len(), 2);
    }

    #[tokio::test]
    async fn names_that_were_said_at_a_door_go_after_their_speakers_and_at_the_next_start() {
        let data = tempfile::TempDir::new().expect("a folder");
        let store = Store::open("sqlite::memory:").await.expect("a store");
        let (inbox, _outbox) = Inbox::new().expect("an inbox");
        let (recordings, mended) = Recordings::start(data.path().to_owned(), 0, inbox.clone()).expect("recordings");
        let echo = Duration::from_millis(300);
        let runtime = tokio::runtime::Handle::current();
        let mailroom = Mailroom::open(store.clone(), recordings.clone(), inbox, runtime).await.expect("mailboxes");
        let archive = Archive { recordings, store: store.clone(), days: 0, echo };
        let tenant = store.tenants().create(NewTenant::named("acme", vec![])).await.expect("made").id;
        let folder = data.path().join(format!("tenants/{}/recordings", tenant.0));
        std::fs::create_dir_all(&folder).expect("a folder");
        let [one, two] = [1, 2].map(|number| switch::CallUid([number; 12]));
        let names = [format!("name-{one}"), format!("name-{two}"), "name-it".to_owned(), format!("note-{one}")];
        let keep = async |name: &str, call: switch::CallUid| {
            std::fs::write(folder.join(format!("{name}.wav")), b"RIFF").expect("a file");
            let (writer, task) = Writer::new(store.clone());
            let end = Some(RecordingEnd { length: Duration::from_secs(1), bytes: 4, fault: None });
            let (kind, name, started) = (RecordingKind::Message, name.to_owned(), SystemTime::now());
            let (format, layout, call) = (RecordingFormat::Wav, RecordingLayout::Mixed, Some(call));
            let kept = KeptRecording { tenant, name, call, kind, started, format, layout, end };
            writer.write(Record::Recording(Box::new(kept)));
            drop(writer);
            task.run().await;
        };
        for (name, call) in [(&names[0], one), (&names[2], one), (&names[3], one)] {
            keep(name, call).await;
        }
        let left = archive.left().await.expect("what is left");
        // Somebody says his after the start.
        keep(&names[1], two).await;
        let (said, heard) = mpsc::channel(1);
        let left = (left, mailroom.left().await.expect("what is left of messages"));
        let tending = tokio::spawn(archive.tend(left, mended, heard, mailroom));
        let there = || names.each_ref().map(|name| folder.join(format!("{name}.wav")).exists());
        while there()[0] {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(there(), [false, true, true, true], "only names, and only those of the exchange before");
        let at = std::time::Instant::now();
        said.send(Said { tenant, recording: names[1].clone(), at }).await.expect("heard");
        while store.recordings(tenant).get(&names[1]).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert!(at.elapsed() >= echo, "the others may be told his name still");
        assert_eq!(there(), [false, false, true, true]);
        assert!(store.recordings(tenant).get("name-it").await.is_ok());
        tending.abort();
    }
}
