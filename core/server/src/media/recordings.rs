//! What is recorded goes to the disk on a thread of its own: a disk that is slow, full or gone is no affair of a call.
//!
//! A recording grows as `<name>.part`, which can be heard at any moment; when it is whole it is synced and renamed to
//! `<name>.wav` or `<name>.opus`. What a fall of the power left is mended at the next start. Where less room is left than
//! is to be, nothing is begun, and what runs ends as it is.

mod disk;
mod salvage;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use anyhow::{Context, Result};
use switch::{MixerId, PortId, RecordingFormat, SoundId, TenantId, is_recording_name};
use tokio::sync::oneshot;

use super::library::recordings_of;
use super::worker::Orders;
use crate::exchange::Inbox;
use disk::{Begin, Disk};
pub(crate) use salvage::{Copy, Mended};

/// So many bytes may wait for the disk.
const WAITING: usize = 64 << 20;
/// Bytes are handed over in pieces of about this size.
const PIECE: usize = 8 << 10;

/// What a recording is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taped {
    Port(PortId),
    Mixer(MixerId),
}

/// Which recording: a number of this thread.
type Reel = u64;

/// What the thread is told.
enum Work {
    Begin(Reel, Box<Begin>),
    Write {
        reel: Reel,
        at: u64,
        bytes: Vec<u8>,
    },
    End {
        reel: Reel,
        length: Duration,
    },
    /// Nobody knows any more how long it is.
    Lose {
        reel: Reel,
    },
    Remove {
        tenant: TenantId,
        name: String,
        answer: oneshot::Sender<Removal>,
    },
    RemoveAll(TenantId),
}

/// What came of a removal.
#[derive(Debug)]
pub(crate) enum Removal {
    /// The file is gone.
    Done,
    /// There was none.
    Missing,
    /// It is being recorded.
    Busy,
    /// The disk would not.
    Failed(io::Error),
}

/// The way to the thread that writes. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Recordings {
    work: Sender<Work>,
    waiting: Arc<AtomicUsize>,
    minted: Arc<AtomicU64>,
    data: Arc<Path>,
    /// So many bytes of the disk are to be left free.
    free: u64,
}

/// One recording, as a media thread writes it.
#[derive(Debug)]
pub(super) struct Writing {
    reel: Reel,
    work: Sender<Work>,
    waiting: Arc<AtomicUsize>,
    /// Bytes that follow each other, and where they begin.
    at: u64,
    bytes: Vec<u8>,
}

impl Recordings {
    /// Mends what was cut off when the exchange last ended, which is told once, and starts the thread. So many bytes of
    /// the disk are to be left free.
    pub(crate) fn start(data: PathBuf, free: u64, inbox: Inbox) -> Result<(Self, Receiver<Vec<Mended>>)> {
        let ((work, received), (mended, told)) = (channel(), channel());
        let waiting = Arc::new(AtomicUsize::new(0));
        let root = Arc::from(data.as_path());
        let disk = Disk::new(data, free, inbox, waiting.clone());
        std::thread::Builder::new()
            .name("recordings".to_owned())
            .spawn(move || disk.run(&received, &mended))
            .context("starting the thread that writes recordings")?;
        Ok((Self { work, waiting, minted: Arc::default(), data: root, free }, told))
    }

    /// A new recording. What comes of it is told by `Recorded` or `RoomRecorded`; that it cannot go on also by an order to the thread.
    pub(super) fn begin(
        &self,
        of: Taped,
        id: SoundId,
        tenant: TenantId,
        name: String,
        format: RecordingFormat,
        back: Orders,
    ) -> Writing {
        let reel = self.minted.fetch_add(1, Ordering::Relaxed);
        let _ = self.work.send(Work::Begin(reel, Box::new(Begin { of, id, tenant, name, format, back })));
        Writing { reel, work: self.work.clone(), waiting: self.waiting.clone(), at: 0, bytes: Vec::new() }
    }

    /// Removes a recording that is over.
    pub(crate) async fn remove(&self, tenant: TenantId, name: &str) -> Removal {
        let (answer, answered) = oneshot::channel();
        let _ = self.work.send(Work::Remove { tenant, name: name.to_owned(), answer });
        answered.await.unwrap_or(Removal::Missing)
    }

    /// A tenant is gone: so are its recordings.
    pub(crate) fn remove_all(&self, tenant: TenantId) {
        let _ = self.work.send(Work::RemoveAll(tenant));
    }

    /// A copy of a recording, as far as it is; reads the disk.
    pub(crate) fn copy(&self, tenant: TenantId, name: &str) -> io::Result<Copy> {
        salvage::copy(&self.data, tenant, name)
    }

    /// What there is of a recording on the disk. One that was not finished is finished now, where nothing writes it any more;
    /// reads and writes the disk.
    pub(crate) fn finish(&self, tenant: TenantId, name: &str) -> io::Result<bool> {
        if file_of(&self.data, tenant, name).is_some() {
            return Ok(true);
        }
        let part = recordings_of(&self.data, tenant).join(format!("{name}.part"));
        if !is_recording_name(name) || !part.try_exists()? {
            return Ok(false);
        }
        let saved = salvage::mend_file(&part, |format| part.with_file_name(file_name(name, format)))?;
        Ok(saved.is_some())
    }

    /// Writes a whole file under a name that nobody else has: on the disk when this returns.
    pub(crate) fn put(&self, tenant: TenantId, name: &str, format: RecordingFormat, bytes: &[u8]) -> io::Result<()> {
        if !is_recording_name(name) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let folder = recordings_of(&self.data, tenant);
        disk::make_folder(&folder)?;
        disk::expect_room(&folder, self.free)?;
        let part = folder.join(format!("{name}.part"));
        let write = || {
            let mut file = disk::create(&part)?;
            io::Write::write_all(&mut file, bytes)?;
            file.sync_all()?;
            salvage::name(&part, &folder.join(file_name(name, format)))
        };
        write().inspect_err(|_| drop(std::fs::remove_file(&part)))
    }

    /// The names of a tenant's recordings that are over; reads the disk.
    pub(crate) fn names(&self, tenant: TenantId) -> Vec<String> {
        let files = std::fs::read_dir(recordings_of(&self.data, tenant)).into_iter().flatten().flatten();
        let over = files.map(|file| file.path()).filter(|path| path.extension().is_some_and(|end| end != "part"));
        over.filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned())).collect()
    }

    /// What is there of a recording that is over: how long, how large, which format; reads the disk.
    pub(crate) fn measure(&self, tenant: TenantId, name: &str) -> Option<Mended> {
        salvage::measure(&self.data, tenant, name)
    }
}

/// The file of a recording that is over.
pub(super) fn file_of(data: &Path, tenant: TenantId, name: &str) -> Option<PathBuf> {
    let folder = is_recording_name(name).then(|| recordings_of(data, tenant))?;
    let files = [RecordingFormat::Wav, RecordingFormat::Opus].map(|format| folder.join(file_name(name, format)));
    files.into_iter().find(|file| file.is_file())
}

fn file_name(name: &str, format: RecordingFormat) -> String {
    // RFC 7845 §9 has `.opus` for Opus in Ogg.
    format!("{name}.{}", format.as_str())
}

impl Writing {
    /// Bytes for the file. `false`: the disk does not keep up, and nothing more is taken.
    pub(super) fn write(&mut self, at: u64, bytes: &[u8]) -> bool {
        if self.at + self.bytes.len() as u64 != at || self.bytes.len() >= PIECE {
            self.hand_over();
            self.at = at;
        }
        self.bytes.extend_from_slice(bytes);
        self.waiting.load(Ordering::Relaxed) < WAITING
    }

    /// Gives the thread what was written until now.
    pub(super) fn hand_over(&mut self) {
        if self.bytes.is_empty() {
            return;
        }
        let size = self.bytes.len() as u64;
        let bytes = std::mem::replace(&mut self.bytes, Vec::with_capacity(PIECE + 1_024));
        self.waiting.fetch_add(bytes.len(), Ordering::Relaxed);
        let _ = self.work.send(Work::Write { reel: self.reel, at: self.at, bytes });
        self.at += size;
    }

    /// That was all.
    pub(super) fn end(mut self, length: Duration) {
        self.hand_over();
        let _ = self.work.send(Work::End { reel: self.reel, length });
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        // Whatever wrote it is gone, and whoever waits for it is to be told.
        if std::thread::panicking() {
            self.hand_over();
            let _ = self.work.send(Work::Lose { reel: self.reel });
        }
    }
}
