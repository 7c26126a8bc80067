//! The engine as phones meet it: over sockets, in real time, with the real threads.

pub(super) mod breaking;
mod faxing;
mod forms;
mod holding;
mod orders;
mod phone;
mod playing;
mod recording;
mod reporting;
mod resting;
mod rooms;
mod rough;
mod sealing;
mod soon;
mod taping;
mod transcoding;

use std::cell::RefCell;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use media::Rate;
use switch::{MediaCommand, MediaEvent, PortId, SoundId, TenantId};
use tempfile::TempDir;

use super::Engine;
use super::library::{Folders, Habits, Library};
use super::ports::Ports;
use super::recordings::Recordings;
use super::worker::Worker;
use crate::exchange::{Inbox, Inward, Outbox};
use phone::Phone;

const TENANT: TenantId = TenantId(7);
/// Nothing that is sure to happen takes so long.
const LONG: Duration = Duration::from_secs(10);

/// The second tenant's habits are others'.
const SECOND: TenantId = TenantId(8);

fn habits(tenant: TenantId) -> Habits {
    let time_zone = "Europe/Berlin".to_owned();
    if tenant != SECOND {
        return Habits { time_zone, ..Habits::default() };
    }
    let (country, music) = ("de".parse().ok(), "jazz".parse().ok());
    Habits { time_zone, country, language: switch::Language::parse("de").ok(), music }
}

/// The engine with its threads, and what they say.
struct House {
    data: TempDir,
    engine: RefCell<Engine>,
    outbox: Outbox,
    number: usize,
}

impl House {
    fn new() -> Self {
        Self::made(1, 0)
    }

    /// One of so many threads.
    fn of(threads: usize) -> Self {
        Self::made(threads, 0)
    }

    /// One whose disk is to keep so many bytes free.
    fn leaving_free(free: u64) -> Self {
        Self::made(1, free)
    }

    fn made(threads: usize, free: u64) -> Self {
        static HOUSES: AtomicUsize = AtomicUsize::new(0);
        let number = 100 + HOUSES.fetch_add(1, Ordering::Relaxed);
        let data = TempDir::new().expect("a folder");
        let (inbox, outbox) = Inbox::new().expect("an inbox");
        let folders = Folders {
            data: data.path().to_owned(),
            prompts: data.path().join("prompts"),
            language: switch::Language::parse("en").expect("a language"),
            country: "us".parse().expect("a country"),
            cache: 1 << 20,
        };
        let library = Library::start(folders, Box::new(habits), 2).expect("a library");
        let (recordings, _) = Recordings::start(data.path().to_owned(), free, inbox.clone()).expect("recordings");
        let (back, returned) = channel();
        let worker = |thread: usize| {
            let (inbox, library, recordings) = (inbox.clone(), library.clone(), recordings.clone());
            let name = number + 1_000 * thread;
            Worker::start((name, thread), [7; 32], inbox, library, recordings, back.clone()).expect("a worker")
        };
        let ports = Ports::new((50_000, 59_998), [u8::try_from(number).expect("few"); 32]);
        let workers = (0..threads).map(worker).collect();
        let engine = RefCell::new(Engine::new(ports, workers, returned, inbox.clone()));
        Self { data, engine, outbox, number }
    }

    /// A port whose far end is this phone.
    fn open(&mut self, phone: &mut Phone) -> PortId {
        let port = self.engine.get_mut().open(phone.address(), None).expect("a port");
        phone.far = Some(port.address);
        self.give(phone.expect(port.id));
        port.id
    }

    fn give(&self, command: MediaCommand) {
        let mut engine = self.engine.borrow_mut();
        engine.command(command);
        engine.flush();
    }

    /// What the engine says next; `None` when that is nothing for long, on a machine that does other things besides.
    fn event(&self) -> Option<MediaEvent> {
        match self.outbox.received.recv_timeout(LONG) {
            Ok(Inward::Media(event)) => Some(event),
            Ok(other) => panic!("no news of media: {other:?}"),
            Err(_) => None,
        }
    }

    /// What the engine says next, and what the phone hears until then and a little longer.
    fn event_heard_by(&self, phone: &mut Phone) -> Option<MediaEvent> {
        let end = Instant::now() + LONG;
        loop {
            phone.hear_for(20);
            match self.outbox.received.try_recv() {
                Ok(Inward::Media(event)) => {
                    phone.hear_for(100);
                    return Some(event);
                }
                Ok(other) => panic!("no news of media: {other:?}"),
                Err(_) if Instant::now() > end => return None,
                Err(_) => {}
            }
        }
    }

    /// A prompt of the system's: a tone.
    fn prompt(&self, name: &str, hz: f64, millis: u64) {
        self.prompt_in("en", name, hz, millis);
    }

    /// The same in another language.
    fn prompt_in(&self, language: &str, name: &str, hz: f64, millis: u64) {
        let path = self.data.path().join("prompts").join(language).join(format!("{name}.wav"));
        write_wav(&path, hz, millis);
    }

    /// How often the thread has fallen asleep.
    fn naps(&self) -> u64 {
        let name = format!("media-{}", self.number);
        let tasks = std::fs::read_dir("/proc/self/task").expect("tasks").flatten();
        let ours = tasks
            .map(|task| task.path())
            .find(|task| std::fs::read_to_string(task.join("comm")).is_ok_and(|comm| comm.trim() == name));
        let status = std::fs::read_to_string(ours.expect("the thread").join("status")).expect("its status");
        let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:")).expect("a count");
        line.trim().parse().expect("a number")
    }
}

fn write_wav(path: &Path, hz: f64, millis: u64) {
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    let spec = [16_u32, 0x0001_0001, 8_000, 16_000, 0x0010_0002];
    let sound = sine(Rate::Narrow, hz, millis);
    let length = u32::try_from(sound.len() * 2).expect("short");
    let mut bytes = Vec::from(b"RIFF");
    bytes.extend((36 + length).to_le_bytes());
    bytes.extend(b"WAVEfmt ");
    bytes.extend(spec.into_iter().flat_map(u32::to_le_bytes));
    bytes.extend(b"data");
    bytes.extend(length.to_le_bytes());
    bytes.extend(sound.into_iter().flat_map(i16::to_le_bytes));
    std::fs::write(path, bytes).expect("written");
}

fn sine(rate: Rate, hz: f64, millis: u64) -> Vec<i16> {
    let samples = rate.samples(Duration::from_millis(millis));
    let wave = |n: usize| (n as f64 * hz * std::f64::consts::TAU / f64::from(rate.hz())).sin() * 8_000.0;
    (0..samples).map(|n| wave(n) as i16).collect()
}

/// The level of one frequency in dB of full scale (Goertzel, Hann window).
fn level(samples: &[i16], rate: Rate, hz: f64) -> f64 {
    let step = std::f64::consts::TAU * hz / f64::from(rate.hz());
    let (mut before, mut last) = (0.0, 0.0);
    let length = samples.len() as f64;
    for (n, sample) in samples.iter().enumerate() {
        let window = 0.5 - 0.5 * (std::f64::consts::TAU * n as f64 / length).cos();
        (before, last) = (last, f64::from(*sample) * window + 2.0 * step.cos() * last - before);
    }
    let power = last * last + before * before - 2.0 * step.cos() * last * before;
    20.0 * (power.max(1e-9).sqrt() * 4.0 / length / 32_768.0).log10()
}

/// Fails unless `hz` is by far louder than each of the others.
fn assert_heard(samples: &[i16], rate: Rate, hz: f64, not: &[f64]) {
    let own = level(samples, rate, hz);
    assert!(own > -40.0, "{hz} Hz is at {own:.1} dB of {} samples", samples.len());
    for other in not {
        let level = level(samples, rate, *other);
        assert!(level < own - 25.0, "{hz} Hz at {own:.1} dB, {other} Hz at {level:.1} dB");
    }
}

fn sound(id: u32) -> SoundId {
    SoundId(id)
}

/// An address of this machine, for a socket of a test.
fn anywhere() -> SocketAddr {
    (std::net::Ipv4Addr::LOCALHOST, 0).into()
}

fn until(end: Instant) -> Duration {
    end.saturating_duration_since(Instant::now())
}
