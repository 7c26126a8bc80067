//! What is recorded goes to the disk on a thread of its own: a disk that is slow, full or gone is no affair of a call.
//!
//! A recording grows as `<name>.part`, which can be heard at any moment; when it is whole it is synced and renamed to
//! `<name>.wav`. What a fall of the power left is mended at the next start.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use anyhow::{Context, Result};
use media::record::mend;
use switch::{AudioError, MediaEvent, MixerId, PortId, SoundId, TenantId};

use super::library::{recordings_of, right_name};
use super::worker::{Order, Orders};
use crate::exchange::{Inbox, Inward};

/// So many bytes may wait for the disk.
const WAITING: usize = 64 << 20;
/// Bytes are handed over in pieces of about this size.
const PIECE: usize = 8 << 10;
/// A WAV's header; the sound begins behind it.
const HEAD: usize = 512;

/// Which recording: a number of this thread.
type Reel = u64;

enum Work {
    Begin(Reel, Box<Begin>),
    Write { reel: Reel, at: u64, bytes: Vec<u8> },
    End { reel: Reel, length: Duration },
}

/// What a recording is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taped {
    Port(PortId),
    Mixer(MixerId),
}

struct Begin {
    of: Taped,
    id: SoundId,
    tenant: TenantId,
    name: String,
    back: Orders,
}

/// The way to the thread that writes. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Recordings {
    work: Sender<Work>,
    waiting: Arc<AtomicUsize>,
    minted: Arc<std::sync::atomic::AtomicU64>,
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
    /// Mends what was cut off when the exchange last ended, and starts the thread.
    pub(crate) fn start(data: PathBuf, inbox: Inbox) -> Result<Self> {
        let (work, received) = channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        let disk = Disk { data, inbox, waiting: waiting.clone(), open: HashMap::new() };
        std::thread::Builder::new()
            .name("recordings".to_owned())
            .spawn(move || disk.run(&received))
            .context("starting the thread that writes recordings")?;
        Ok(Self { work, waiting, minted: Arc::default() })
    }

    /// A new recording. What comes of it is told by `Recorded` or `RoomRecorded`; that it cannot go on also by an order to the thread.
    pub(super) fn begin(&self, of: Taped, id: SoundId, tenant: TenantId, name: String, back: Orders) -> Writing {
        let reel = self.minted.fetch_add(1, Ordering::Relaxed);
        let _ = self.work.send(Work::Begin(reel, Box::new(Begin { of, id, tenant, name, back })));
        Writing { reel, work: self.work.clone(), waiting: self.waiting.clone(), at: 0, bytes: Vec::new() }
    }
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

    fn hand_over(&mut self) {
        if self.bytes.is_empty() {
            return;
        }
        let bytes = std::mem::replace(&mut self.bytes, Vec::with_capacity(PIECE + 1_024));
        self.waiting.fetch_add(bytes.len(), Ordering::Relaxed);
        let _ = self.work.send(Work::Write { reel: self.reel, at: self.at, bytes });
    }

    /// That was all.
    pub(super) fn end(mut self, length: Duration) {
        self.hand_over();
        let _ = self.work.send(Work::End { reel: self.reel, length });
    }
}

/// A file that is being written.
struct Open {
    begin: Box<Begin>,
    file: File,
    part: PathBuf,
    whole: PathBuf,
}

struct Disk {
    data: PathBuf,
    inbox: Inbox,
    waiting: Arc<AtomicUsize>,
    /// Minted by `Recordings`.
    open: HashMap<Reel, Open>,
}

impl Disk {
    fn run(mut self, received: &Receiver<Work>) {
        recover(&self.data);
        while let Ok(work) = received.recv() {
            match work {
                Work::Begin(reel, begin) => self.begin(reel, begin),
                Work::Write { reel, at, bytes } => self.write(reel, at, &bytes),
                Work::End { reel, length } => self.end(reel, length),
            }
        }
    }

    fn begin(&mut self, reel: Reel, begin: Box<Begin>) {
        let folder = recordings_of(&self.data, begin.tenant);
        let (part, whole) = (folder.join(format!("{}.part", begin.name)), folder.join(format!("{}.wav", begin.name)));
        let open = if right_name(&begin.name) {
            create(&folder, &part)
        } else {
            Err(io::Error::new(io::ErrorKind::InvalidInput, "the name is not of a-z, 0-9 and -"))
        };
        match open {
            Ok(file) => {
                self.open.insert(reel, Open { begin, file, part, whole });
            }
            Err(error) => self.failed(&begin, Duration::ZERO, &error),
        }
    }

    fn write(&mut self, reel: Reel, at: u64, bytes: &[u8]) {
        self.waiting.fetch_sub(bytes.len(), Ordering::Relaxed);
        let Some(open) = self.open.get(&reel) else { return };
        let Err(error) = open.file.write_all_at(bytes, at) else { return };
        let Some(open) = self.open.remove(&reel) else { return };
        // What is on the disk stays, as long as it is.
        let length = salvage(&open.part, &open.whole).unwrap_or_default();
        self.failed(&open.begin, length, &error);
    }

    fn end(&mut self, reel: Reel, length: Duration) {
        // One that failed is told already.
        let Some(open) = self.open.remove(&reel) else { return };
        match finish(&open) {
            Ok(()) => self.tell(&open.begin, length, None),
            Err(error) => self.tell(&open.begin, length, Some(AudioError::Unwritable(error.to_string()))),
        }
    }

    fn failed(&self, begin: &Begin, length: Duration, error: &io::Error) {
        tracing::warn!(%error, "a recording cannot be written");
        begin.back.give(Order::Spoilt { of: begin.of, id: begin.id });
        self.tell(begin, length, Some(AudioError::Unwritable(error.to_string())));
    }

    fn tell(&self, begin: &Begin, length: Duration, fault: Option<AudioError>) {
        let id = begin.id;
        self.inbox.send(Inward::Media(match begin.of {
            Taped::Port(port) => MediaEvent::Recorded { port, id, length, fault },
            Taped::Mixer(mixer) => MediaEvent::RoomRecorded { mixer, id, name: begin.name.clone(), length, fault },
        }));
    }
}

fn create(folder: &Path, part: &Path) -> io::Result<File> {
    use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    OpenOptions::new().read(true).write(true).create(true).truncate(true).mode(0o600).open(part)
}

/// The old one is replaced in one step; what was told survives a fall of the power.
fn finish(open: &Open) -> io::Result<()> {
    open.file.sync_all()?;
    fs::rename(&open.part, &open.whole)?;
    open.whole.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

/// Mends the lengths of a file that was cut off and gives it its name; says how long it is. An older recording of the name
/// is replaced only by one that has sound.
fn salvage(part: &Path, whole: &Path) -> io::Result<Duration> {
    let file = OpenOptions::new().read(true).write(true).open(part)?;
    let size = file.metadata()?.len();
    let mut head = vec![0; HEAD.min(usize::try_from(size).unwrap_or(HEAD))];
    file.read_exact_at(&mut head, 0)?;
    let Ok(patches) = mend(&head, size) else {
        return fs::remove_file(part).map(|()| Duration::ZERO);
    };
    for (at, bytes) in patches.into_iter().flatten() {
        file.write_all_at(&bytes, at)?;
    }
    file.sync_all()?;
    fs::rename(part, whole)?;
    // Bytes a second, as every WAV's header says at this place.
    let pace = head.get(28..32).and_then(|bytes| bytes.try_into().ok()).map_or(0, u32::from_le_bytes);
    let sound = size.saturating_sub(44).saturating_mul(1_000).checked_div(u64::from(pace)).unwrap_or(0);
    Ok(Duration::from_millis(sound))
}

/// Recordings that were cut off when the exchange last ended.
fn recover(data: &Path) {
    let Ok(tenants) = fs::read_dir(data.join("tenants")) else { return };
    for tenant in tenants.flatten() {
        let Ok(files) = fs::read_dir(tenant.path().join("recordings")) else { continue };
        for part in files.flatten().map(|file| file.path()).filter(|path| path.extension().is_some_and(|e| e == "part"))
        {
            match salvage(&part, &part.with_extension("wav")) {
                Ok(length) => tracing::info!(file = %part.display(), ?length, "a recording that was cut off is mended"),
                Err(error) => tracing::warn!(file = %part.display(), %error, "a recording that was cut off stays so"),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use media::record::Settings;
    use media::{Rate, Recorder};

    use super::*;

    #[test]
    fn a_recording_that_was_cut_off_is_mended_at_the_next_start() {
        let data = tempfile::TempDir::new().expect("a folder");
        let folder = recordings_of(data.path(), TenantId(7));
        let file = create(&folder, &folder.join("memo.part")).expect("a file");
        let mut recorder = Recorder::new(Settings { ..Settings::wav(Rate::Narrow) }).expect("a recorder");
        for _ in 0..125 {
            recorder.handle_frame(Some(&[1_000; 160]), None);
            while let Some(write) = recorder.poll() {
                file.write_all_at(write.bytes, write.at).expect("written");
            }
        }
        recover(data.path());
        let bytes = fs::read(folder.join("memo.wav")).expect("the recording");
        let sound = media::Sound::decode(&bytes, Rate::Narrow, &media::sound::Limits::default()).expect("sound");
        assert!(!folder.join("memo.part").exists() && !sound.damage().cut);
        assert_eq!(sound.length(), Duration::from_secs(2), "all but what had not been written");
    }
}
