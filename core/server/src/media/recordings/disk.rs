//! The thread that writes recordings.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender};
use std::time::{Duration, Instant};

use switch::{AudioError, MediaEvent, RecordingFormat, SoundId, TenantId, is_recording_name};

use super::salvage::{self, Mended};
use super::{Reel, Removal, Taped, Work, file_name, recordings_of};
use crate::exchange::{Inbox, Inward};
use crate::media::worker::{Order, Orders};

/// How often it is looked how much room is left, while something is recorded.
const LOOK: Duration = Duration::from_secs(1);

/// What is to be recorded, and for whom.
pub(super) struct Begin {
    pub(super) of: Taped,
    pub(super) id: SoundId,
    pub(super) tenant: TenantId,
    pub(super) name: String,
    pub(super) format: RecordingFormat,
    pub(super) back: Orders,
}

/// A file that is being written.
struct Open {
    begin: Box<Begin>,
    file: File,
    part: PathBuf,
    whole: PathBuf,
}

pub(super) struct Disk {
    data: PathBuf,
    /// So many bytes are to be left free.
    free: u64,
    inbox: Inbox,
    waiting: Arc<AtomicUsize>,
    /// Minted by `Recordings`.
    open: HashMap<Reel, Open>,
    looked: Option<Instant>,
}

impl Disk {
    pub(super) fn new(data: PathBuf, free: u64, inbox: Inbox, waiting: Arc<AtomicUsize>) -> Self {
        Self { data, free, inbox, waiting, open: HashMap::new(), looked: None }
    }

    pub(super) fn run(mut self, received: &Receiver<Work>, mended: &Sender<Vec<Mended>>) {
        // Nobody may want to know.
        let _ = mended.send(salvage::recover(&self.data));
        while let Ok(work) = received.recv() {
            match work {
                Work::Begin(reel, begin) => self.begin(reel, begin),
                Work::Write { reel, at, bytes } => self.write(reel, at, &bytes),
                Work::End { reel, length } => self.end(reel, length),
                Work::Lose { reel } => self.spoil(reel, &io::Error::other("the exchange lost it")),
                Work::Remove { tenant, name, answer } => {
                    let _ = answer.send(self.remove(tenant, &name));
                }
                Work::RemoveAll(tenant) => self.remove_all(tenant),
            }
        }
    }

    fn begin(&mut self, reel: Reel, begin: Box<Begin>) {
        match self.create(&begin) {
            Ok((file, part, whole)) => {
                self.open.insert(reel, Open { begin, file, part, whole });
            }
            Err(error) => {
                metrics::counter!("strowger_recordings_refused_total").increment(1);
                self.failed(&begin, Duration::ZERO, 0, &error);
            }
        }
    }

    fn create(&mut self, begin: &Begin) -> io::Result<(File, PathBuf, PathBuf)> {
        let folder = recordings_of(&self.data, begin.tenant);
        if !is_recording_name(&begin.name) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "the name is not of a-z, 0-9 and -"));
        }
        if self.is_open(begin.tenant, &begin.name) {
            return Err(io::Error::new(io::ErrorKind::ResourceBusy, "something is being recorded under this name"));
        }
        make_folder(&folder)?;
        self.look(&folder)?;
        let part = folder.join(format!("{}.part", begin.name));
        let file = create(&part)?;
        Ok((file, part, folder.join(file_name(&begin.name, begin.format))))
    }

    fn is_open(&self, tenant: TenantId, name: &str) -> bool {
        self.open.values().any(|open| open.begin.tenant == tenant && open.begin.name == name)
    }

    /// Whether there is room enough.
    fn look(&mut self, folder: &Path) -> io::Result<()> {
        self.looked = Some(Instant::now());
        expect_room(folder, self.free)
    }

    fn write(&mut self, reel: Reel, at: u64, bytes: &[u8]) {
        self.waiting.fetch_sub(bytes.len(), Ordering::Relaxed);
        let Some(open) = self.open.get(&reel) else { return };
        if let Err(error) = open.file.write_all_at(bytes, at) {
            return self.spoil(reel, &error);
        }
        if self.looked.is_none_or(|looked| looked.elapsed() >= LOOK) {
            let folder = recordings_of(&self.data, open.begin.tenant);
            match self.look(&folder) {
                Ok(()) => {}
                // A full disk is full for all.
                Err(error) if error.kind() == io::ErrorKind::StorageFull => {
                    let all: Vec<Reel> = self.open.keys().copied().collect();
                    all.into_iter().for_each(|reel| self.spoil(reel, &error));
                }
                // A folder that is gone, as its tenant may be, is no affair of the others.
                Err(error) => self.spoil(reel, &error),
            }
        }
    }

    /// A recording cannot go on. What is on the disk stays, as long as it is.
    fn spoil(&mut self, reel: Reel, error: &io::Error) {
        let Some(open) = self.open.remove(&reel) else { return };
        let saved = salvage::mend_file(&open.part, |format| open.whole.with_extension(format.as_str()));
        let (length, bytes) = saved.ok().flatten().map_or((Duration::ZERO, 0), |saved| (saved.length, saved.bytes));
        self.failed(&open.begin, length, bytes, error);
    }

    fn end(&mut self, reel: Reel, length: Duration) {
        // One that failed is told already.
        let Some(open) = self.open.remove(&reel) else { return };
        let fault = finish(&open).err().map(|error| AudioError::Unwritable(error.to_string()));
        let bytes = open.file.metadata().map_or(0, |found| found.len());
        self.tell(&open.begin, length, bytes, fault);
    }

    fn remove(&self, tenant: TenantId, name: &str) -> Removal {
        if self.is_open(tenant, name) {
            return Removal::Busy;
        }
        if !is_recording_name(name) {
            return Removal::Missing;
        }
        let folder = recordings_of(&self.data, tenant);
        let mut removal = Removal::Missing;
        for format in [RecordingFormat::Wav, RecordingFormat::Opus] {
            match fs::remove_file(folder.join(file_name(name, format))) {
                Ok(()) => removal = Removal::Done,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Removal::Failed(error),
            }
        }
        removal
    }

    /// What is open there is closed with its call.
    fn remove_all(&self, tenant: TenantId) {
        let folder = recordings_of(&self.data, tenant);
        if let Err(error) = fs::remove_dir_all(&folder)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::error!(folder = %folder.display(), %error, "the recordings of a tenant that is gone are still there");
        }
    }

    fn failed(&self, begin: &Begin, length: Duration, bytes: u64, error: &io::Error) {
        tracing::warn!(%error, tenant = begin.tenant.0, "a recording cannot be written");
        begin.back.give(Order::Spoilt { of: begin.of, id: begin.id });
        self.tell(begin, length, bytes, Some(AudioError::Unwritable(error.to_string())));
    }

    fn tell(&self, begin: &Begin, length: Duration, bytes: u64, fault: Option<AudioError>) {
        let id = begin.id;
        self.inbox.send(Inward::Media(match begin.of {
            Taped::Port(port) => MediaEvent::Recorded { port, id, length, bytes, fault },
            Taped::Mixer(mixer) => {
                MediaEvent::RoomRecorded { mixer, id, name: begin.name.clone(), length, bytes, fault }
            }
        }));
    }
}

/// Whether so many bytes of the disk are free.
pub(super) fn expect_room(folder: &Path, wanted: u64) -> io::Result<()> {
    let found = rustix::fs::statvfs(folder)?;
    let free = found.f_bavail.saturating_mul(found.f_frsize);
    #[allow(clippy::cast_precision_loss, reason = "gauges are floats")]
    metrics::gauge!("strowger_recordings_free_bytes").set(free as f64);
    if free < wanted {
        let why = format!("only {} MiB of the disk are free, and {} MiB are to be left", free >> 20, wanted >> 20);
        return Err(io::Error::new(io::ErrorKind::StorageFull, why));
    }
    Ok(())
}

pub(super) fn make_folder(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

pub(super) fn create(part: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    OpenOptions::new().read(true).write(true).create(true).truncate(true).mode(0o600).open(part)
}

/// The old one is replaced in one step; what was told survives a fall of the power.
fn finish(open: &Open) -> io::Result<()> {
    open.file.sync_all()?;
    salvage::name(&open.part, &open.whole)
}
