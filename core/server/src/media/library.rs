//! The sounds that are played: found, read and decoded by threads that no call waits for, kept encoded, and shared by all
//! who play them.
//!
//! ```text
//! <media.prompts>/<language>/<name>                    the system's set
//! <data>/tenants/<tenant id>/prompts/<language>/…      a tenant's
//! <data>/tenants/<tenant id>/recordings/<name>.wav     what was recorded for it
//! ```

mod cache;
mod kept;
mod shelf;

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use admin::{NotHeard, NotKept, PromptPage, PromptView, PromptsWanted};
use anyhow::{Context, Result};
use media::player::Item;
use media::tone::{Kind, Part, Plan, Sound as Wave, Tone as Cadence};
use media::{Codec, Rate};
use switch::{AudioError, Sound, TenantId, Tone};

use shelf::Shelf;
pub(super) use shelf::recordings_of;
pub(crate) use shelf::{Folders, Habits, HabitsOf};

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

impl Form {
    /// The rate of its sound before it is encoded.
    const fn rate(self) -> Rate {
        match self {
            Self::Encoded(codec, _) => super::mouth::rate_of(codec),
            Self::Linear(rate) => rate,
        }
    }
}

type Answer = Box<dyn FnOnce(Result<Vec<Item>, AudioError>) + Send>;
type Job = (Wish, Answer);

/// So many wishes may wait.
const WAITING: usize = 4_096;

/// The way to the threads. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Library {
    jobs: SyncSender<Job>,
    shelf: Arc<Shelf>,
}

impl std::fmt::Debug for Library {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Library").finish_non_exhaustive()
    }
}

impl Library {
    /// Starts the threads; they end when nobody can wish any more.
    pub(crate) fn start(folders: Folders, habits: HabitsOf, threads: usize) -> Result<Self> {
        let (jobs, waiting) = sync_channel(WAITING);
        let (waiting, shelf) = (Arc::new(Mutex::new(waiting)), Arc::new(Shelf::new(folders, habits)));
        for number in 0..threads {
            let (waiting, shelf) = (waiting.clone(), shelf.clone());
            std::thread::Builder::new()
                .name(format!("sounds-{number}"))
                .spawn(move || work(&waiting, &shelf))
                .context("starting a thread that reads sounds")?;
        }
        shelf.tell_of_silence();
        Ok(Self { jobs, shelf })
    }

    /// Whether all of these can be heard, as far as files tell. Reads them: not for a thread that others wait for.
    ///
    /// # Errors
    /// The first that cannot.
    pub(crate) fn audible(&self, tenant: TenantId, sounds: &[Sound], language: Option<&str>) -> Result<(), NotHeard> {
        self.shelf.audible(tenant, sounds, language)
    }

    /// A page of the prompts that callers of a tenant can hear; reads the disk.
    pub(crate) fn prompts(&self, tenant: TenantId, wanted: &PromptsWanted) -> PromptPage {
        self.shelf.list(tenant, wanted)
    }

    /// Keeps a file as a prompt of the tenant's own; writes the disk.
    pub(crate) fn keep(
        &self,
        tenant: TenantId,
        language: &str,
        name: &str,
        file: &[u8],
    ) -> Result<PromptView, NotKept> {
        self.shelf.keep(tenant, language, name, file)
    }

    /// The file that is heard for a name in this very language; reads the disk.
    pub(crate) fn file(&self, tenant: TenantId, language: &str, name: &str) -> Option<PathBuf> {
        self.shelf.file(tenant, language, name)
    }

    /// Removes a prompt of the tenant's own; says whether there was one.
    pub(crate) fn remove(&self, tenant: TenantId, language: &str, name: &str) -> std::io::Result<bool> {
        self.shelf.remove(tenant, language, name)
    }

    /// A tenant is gone, and all its prompts with it.
    pub(crate) fn remove_all(&self, tenant: TenantId) {
        self.shelf.remove_all(tenant);
    }

    /// Finds and encodes what is wished for. What needs no file is given at once, the rest by another thread.
    pub(super) fn fetch(&self, wish: Wish, answer: impl FnOnce(Result<Vec<Item>, AudioError>) + Send + 'static) {
        if wish.sounds.iter().all(needs_no_file) {
            let plan = self.shelf.tones(wish.tenant);
            return answer(Ok(wish.sounds.iter().filter_map(|sound| at_once(plan, sound)).collect()));
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

const fn needs_no_file(sound: &Sound) -> bool {
    matches!(sound, Sound::Silence(_) | Sound::Tone(..))
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

    /// A library of this folder alone, with an English prompt and a message of tenant 7.
    fn furnished(data: &std::path::Path) -> Library {
        let wav = wav(&vec![1_000; 8_000]);
        for file in ["prompts/en/welcome.wav", "tenants/7/prompts/en/own/greeting.wav", "tenants/7/recordings/note.wav"]
        {
            let file = data.join(file);
            std::fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
            std::fs::write(file, &wav).expect("a file");
        }
        std::fs::write(data.join("prompts/en/noise.wav"), b"no sound at all").expect("a file");
        // It ends before it should.
        std::fs::write(data.join("prompts/en/torn.wav"), &wav[..wav.len() / 2]).expect("a file");
        let folders = Folders {
            data: data.to_owned(),
            prompts: data.join("prompts"),
            language: switch::Language::parse("de-AT").expect("a language"),
            country: "us".parse().expect("a country"),
            cache: 0,
        };
        Library::start(folders, Box::new(|_| Habits::default()), 1).expect("a library")
    }

    /// PCM of 16 bits at 8 kHz.
    fn wav(samples: &[i16]) -> Vec<u8> {
        let size = u32::try_from(samples.len() * 2).expect("short");
        let mut file = [&b"RIFF"[..], &(size + 36).to_le_bytes(), b"WAVEfmt ", &16_u32.to_le_bytes()].concat();
        for field in [1_u16, 1, 8_000, 0, 16_000, 0, 2, 16] {
            file.extend(field.to_le_bytes());
        }
        file.extend([&b"data"[..], &size.to_le_bytes()].concat());
        file.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
        file
    }

    #[test]
    fn what_cannot_be_heard_is_known_before_it_is_played() {
        let data = tempfile::TempDir::new().expect("a folder");
        let library = furnished(data.path());
        let ask = |tenant: i64, sound: Sound| library.audible(TenantId(tenant), &[Sound::Number(1), sound], None);
        let library_alone = |tenant: i64, sound: Sound| library.audible(TenantId(tenant), &[sound], None);
        let prompt = |name: &str| Sound::Prompt(name.to_owned());
        let languages = ["de-at", "de", "en"].map(str::to_owned).to_vec();
        let missing = |name: &str| Err(NotHeard::NoPrompt { name: name.to_owned(), languages: languages.clone() });
        assert_eq!(library_alone(7, prompt("welcome")), Ok(()));
        assert_eq!(library_alone(7, prompt("own/greeting")), Ok(()));
        assert_eq!(library_alone(8, prompt("own/greeting")), missing("own/greeting"), "it is another tenant's");
        assert_eq!(library_alone(7, prompt("nope")), missing("nope"));
        assert_eq!(library_alone(7, prompt("../en/welcome")), missing("../en/welcome"));
        assert_eq!(library_alone(7, Sound::Recording("note".to_owned())), Ok(()));
        for (tenant, name) in [(7, "nope"), (8, "note"), (7, "../recordings/note")] {
            let missing = Err(NotHeard::NoRecording(name.to_owned()));
            assert_eq!(library_alone(tenant, Sound::Recording(name.to_owned())), missing);
        }
        let broken = library_alone(7, prompt("noise"));
        assert!(matches!(broken, Err(NotHeard::Unplayable { ref name, .. }) if name == "noise"), "{broken:?}");
        assert!(ask(7, prompt("welcome")).is_err(), "the set has no digits");
        assert_eq!(library_alone(7, Sound::Silence(Duration::from_secs(1))), Ok(()));
    }

    #[test]
    fn a_damaged_file_is_played_and_told_once_with_the_place_of_the_damage() {
        let data = tempfile::TempDir::new().expect("a folder");
        let library = furnished(data.path());
        let log = Arc::new(Mutex::new(Vec::new()));
        let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(Log(log.clone())).finish();
        tracing::subscriber::with_default(subscriber, || {
            for _ in 0..3 {
                // Nothing is kept in memory: it is read each time.
                assert_eq!(library.audible(TenantId(7), &[Sound::Prompt("torn".to_owned())], None), Ok(()));
            }
            assert_eq!(library.audible(TenantId(7), &[Sound::Prompt("welcome".to_owned())], None), Ok(()));
        });
        let log = String::from_utf8(log.lock().expect("no panic").clone()).expect("text");
        assert_eq!(log.lines().count(), 1, "{log}");
        assert!(log.contains("WARN") && log.contains("prompts/en/torn.wav") && log.contains("cut_at=\"0.5"), "{log}");
    }

    /// Where a log is written in a test.
    #[derive(Clone)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Log {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().expect("no panic").extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl<'a> tracing_subscriber::fmt::MakeWriter<'a> for Log {
        type Writer = Self;

        fn make_writer(&'a self) -> Self {
            self.clone()
        }
    }

    #[test]
    fn a_prompt_that_many_want_at_once_is_made_once_and_shared() {
        let data = tempfile::TempDir::new().expect("a folder");
        drop(furnished(data.path()));
        // Half a minute: it takes a while to encode.
        let long: Vec<i16> = (0..240_000).map(|at: i32| ((at * 7_919) % 6_000 - 3_000) as i16).collect();
        std::fs::write(data.path().join("prompts/en/long.wav"), wav(&long)).expect("a file");
        let folders = Folders {
            data: data.path().to_owned(),
            prompts: data.path().join("prompts"),
            language: switch::Language::parse("en").expect("a language"),
            country: "us".parse().expect("a country"),
            cache: 64 << 20,
        };
        let library = Library::start(folders, Box::new(|_| Habits::default()), 8).expect("a library");
        let (told, heard) = std::sync::mpsc::channel();
        for caller in 0..32 {
            let form = if caller % 4 == 0 {
                Form::Linear(Rate::Narrow)
            } else {
                Form::Encoded(Codec::Pcmu, Duration::from_millis(20))
            };
            let (told, sounds) = (told.clone(), vec![Sound::Prompt("long".to_owned())]);
            let wish = Wish { tenant: TenantId(7), sounds, language: None, form };
            library.fetch(wish, move |items| told.send(items.expect("a prompt")).expect("somebody waits"));
        }
        let mut places = std::collections::BTreeSet::new();
        for _ in 0..32 {
            match heard.recv_timeout(Duration::from_secs(30)).expect("an answer").pop().expect("a sound") {
                Item::Track(track) => places.insert(Arc::as_ptr(&track) as usize),
                Item::Sound(sound) => places.insert(sound.samples().as_ptr() as usize),
                other => panic!("{other:?}"),
            };
        }
        assert_eq!(places.len(), 2, "one as it is, and one that is encoded");
        assert!(library.shelf.is_idle(), "nobody reads any more");
    }

    #[test]
    fn a_sound_that_breaks_its_reader_is_told_and_others_are_read_after_it() {
        let data = tempfile::TempDir::new().expect("a folder");
        let folders = Folders {
            data: data.path().to_owned(),
            prompts: data.path().join("prompts"),
            language: switch::Language::parse("en").expect("a language"),
            country: "us".parse().expect("a country"),
            cache: 0,
        };
        let broken = std::sync::atomic::AtomicBool::new(true);
        let habits = move |_| {
            assert!(!broken.swap(false, std::sync::atomic::Ordering::Relaxed), "as a decoder may");
            Habits::default()
        };
        let library = Library::start(folders, Box::new(habits), 1).expect("a library");
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
