//! The sounds that are played: found, read and decoded by threads that no call waits for, kept encoded, and shared by all
//! who play them.
//!
//! ```text
//! <media.prompts>/<language>/<name>                    the system's set
//! <data>/tenants/<tenant id>/prompts/<language>/…      a tenant's
//! <data>/tenants/<tenant id>/recordings/<name>.wav     what was recorded for it
//! ```

mod cache;
mod shelf;

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context, Result};
use media::player::Item;
use media::tone::{Kind, Part, Plan, Sound as Wave, Tone as Cadence};
use media::{Codec, Rate};
use switch::{AudioError, Sound, TenantId, Tone};

use shelf::Shelf;
pub(super) use shelf::recordings_of;
pub(crate) use shelf::{Folders, Zones};

/// What somebody wants to hear, and in which form.
#[derive(Debug, Clone)]
pub(super) struct Wish {
    pub(super) tenant: TenantId,
    pub(super) sounds: Vec<Sound>,
    pub(super) language: Option<String>,
    pub(super) form: Form,
}

/// In which form a sound is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Encoded, for one leg, in packets of this time.
    Encoded(Codec, Duration),
    /// As it is, for a mixer.
    Linear(Rate),
}

type Answer = Box<dyn FnOnce(Result<Vec<Item>, AudioError>) + Send>;
type Job = (Wish, Answer);

/// So many wishes may wait.
const WAITING: usize = 4_096;

/// The way to the threads. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Library {
    jobs: SyncSender<Job>,
    plan: &'static Plan,
}

impl std::fmt::Debug for Library {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Library").field("country", &self.plan.country).finish_non_exhaustive()
    }
}

impl Library {
    /// Starts the threads; they end when nobody can wish any more.
    pub(crate) fn start(folders: Folders, zones: Zones, threads: usize) -> Result<Self> {
        let (jobs, waiting) = sync_channel(WAITING);
        let plan = Plan::of(&folders.country);
        let (waiting, shelf) = (Arc::new(Mutex::new(waiting)), Arc::new(Shelf::new(folders, zones, plan)));
        for number in 0..threads {
            let (waiting, shelf) = (waiting.clone(), shelf.clone());
            std::thread::Builder::new()
                .name(format!("sounds-{number}"))
                .spawn(move || work(&waiting, &shelf))
                .context("starting a thread that reads sounds")?;
        }
        Ok(Self { jobs, plan })
    }

    /// Finds and encodes what is wished for. What needs no file is given at once, the rest by another thread.
    pub(super) fn fetch(&self, wish: Wish, answer: impl FnOnce(Result<Vec<Item>, AudioError>) + Send + 'static) {
        if let Some(items) = wish.sounds.iter().map(|sound| at_once(self.plan, sound)).collect::<Option<Vec<_>>>() {
            return answer(Ok(items));
        }
        if let Err(error) = self.jobs.try_send((wish, Box::new(answer))) {
            use std::sync::mpsc::TrySendError::{Disconnected, Full};
            let (Full((wish, answer)) | Disconnected((wish, answer))) = error;
            let name = wish.sounds.first().map(|sound| format!("{sound:?}")).unwrap_or_default();
            answer(Err(AudioError::Unplayable(name, "too many sounds wait to be read".to_owned())));
        }
    }
}

fn work(waiting: &Mutex<Receiver<Job>>, shelf: &Shelf) {
    loop {
        // One thread waits for the next job, the others for that one.
        let job = waiting.lock().map(|waiting| waiting.recv());
        let Ok(Ok((wish, answer))) = job else { return };
        // A file may be anything, and whoever waits for its sound has to be answered.
        let items = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| shelf.items(&wish)));
        let broken = || Err(AudioError::Unplayable("a sound".to_owned(), "it cannot be read".to_owned()));
        answer(items.unwrap_or_else(|_| broken()));
    }
}

/// What needs no file.
fn at_once(plan: &Plan, sound: &Sound) -> Option<Item> {
    match sound {
        Sound::Silence(time) => Some(Item::Silence(*time)),
        Sound::Tone(tone, time) => Some(Item::Tone(cadence(plan, *tone), Some(*time))),
        _ => None,
    }
}

fn cadence(plan: &Plan, tone: Tone) -> Cadence {
    match tone {
        Tone::Dial => plan.tone(Kind::Dial),
        Tone::Ringing => plan.tone(Kind::RingBack),
        Tone::Busy => plan.tone(Kind::Busy),
        Tone::Congestion => plan.tone(Kind::Congestion),
        Tone::Information => plan.tone(Kind::Special),
        Tone::Beep => Cadence::BEEP,
        Tone::Test(hz) => Cadence::of(&[Part { sound: Wave::One(hz.clamp(200, 3_400)), millis: 0 }]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sound_that_breaks_its_reader_is_told_and_others_are_read_after_it() {
        let data = tempfile::TempDir::new().expect("a folder");
        let folders = Folders {
            data: data.path().to_owned(),
            prompts: data.path().join("prompts"),
            language: "en".to_owned(),
            country: "us".to_owned(),
            cache: 0,
        };
        let library = Library::start(folders, Box::new(|_| panic!("as a decoder may")), 1).expect("a library");
        let (told, heard) = std::sync::mpsc::channel();
        for sound in [Sound::Date(0), Sound::Prompt("welcome".to_owned())] {
            let (told, form) = (told.clone(), Form::Linear(Rate::Narrow));
            let wish = Wish { tenant: TenantId(7), sounds: vec![sound], language: None, form };
            library.fetch(wish, move |items| told.send(items.is_ok()).expect("somebody waits"));
        }
        let next = || heard.recv_timeout(Duration::from_secs(10));
        assert_eq!((next(), next()), (Ok(false), Ok(true)));
    }
}
