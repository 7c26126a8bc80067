//! Recording: frames of one side or two go in, bytes of a file and where they belong come out.
//!
//! ```text
//! let mut recorder = Recorder::new(Settings { … })?;
//! every 20 ms:   recorder.handle_frame(near, far)  → a beep is due? did it end?
//!                while let Some(write) = recorder.poll() { file.write_at(write.at, write.bytes) }
//! at the end:    recorder.stop(); poll again; recorder.summary()
//! ```
//!
//! The file can be read at any moment, whatever was written of it. No frame allocates.

mod backlog;
mod level;
mod opus;
mod settings;
mod wav;

use std::time::Duration;

use crate::pcm::{FRAME, Rate};

use backlog::Backlog;
pub use level::Level;
pub use opus::{Mended, mend_opus};
pub use settings::{Format, Gap, Layout, Settings, Silence};
pub use wav::{MendError, Patch, mend};

/// Bytes to be written, and where in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Write<'a> {
    /// Counted from the file's beginning.
    pub at: u64,
    /// What goes there.
    pub bytes: &'a [u8],
}

/// Why a recording ended of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// It was stopped.
    Stopped,
    /// It is as long as it may be.
    Long,
    /// The file is as large as it may be.
    Large,
    /// There was silence for long enough.
    Silent,
}

/// What a frame brought.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Heard {
    /// A beep is to be sounded to both parties now.
    pub beep: bool,
    /// Set once, when the recording ends of itself.
    pub ended: Option<End>,
    /// How loud the near side was.
    pub near: Level,
    /// How loud the far side was.
    pub far: Level,
}

/// What a recording came to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Summary {
    /// How long the file sounds.
    pub length: Duration,
    /// How much silence was cut off its end.
    pub trimmed: Duration,
    /// How long it was paused.
    pub paused: Duration,
    /// Its loudest frame.
    pub loudest: Level,
    /// How many bytes the file has.
    pub bytes: u64,
    /// Why it ended; `None` while it goes on.
    pub ended: Option<End>,
}

/// Why no recording can be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// The encoder refuses the rate or the voices.
    #[error("Opus cannot record {voices} voices at {} Hz", rate.hz())]
    Opus {
        /// Of the file.
        rate: Rate,
        /// How many.
        voices: u16,
    },
}

/// More silence than this is never held back.
const HELD: Duration = Duration::from_secs(10);
const MARK: Duration = Duration::from_millis(200);
const MARK_HZ: f32 = 1_400.0;
/// Frames held back that are written in the time of one.
const SPEED: usize = 4;
/// A WAV's lengths have 32 bits, and some players take them as signed.
const LARGEST_WAV: u64 = 0x7fff_0000;

#[derive(Debug)]
enum File {
    Wav(wav::Writer),
    Opus(Box<opus::Writer>),
}

/// Makes one file.
#[derive(Debug)]
pub struct Recorder {
    settings: Settings,
    file: File,
    voices: u16,
    /// One frame as the file has it.
    frame: Vec<i16>,
    /// Silence that is written only when something follows it.
    backlog: Backlog,
    /// Frames of silence up to now, and how many of them are written anyway.
    silent: u64,
    keep: u64,
    frames: u64,
    paused: Option<u64>,
    paused_frames: u64,
    /// Frames since the last beep.
    since_beep: Option<u64>,
    trimmed: u64,
    loudest: Level,
    ended: Option<End>,
}

fn frames(time: Duration) -> u64 {
    u64::try_from(time.as_micros().div_ceil(FRAME.as_micros())).unwrap_or(u64::MAX)
}

fn time(frames: u64) -> Duration {
    FRAME.saturating_mul(u32::try_from(frames).unwrap_or(u32::MAX))
}

impl Recorder {
    /// A recorder of one file; it runs at once.
    ///
    /// # Errors
    ///
    /// [`RecordError`] when the encoder refuses.
    pub fn new(settings: Settings) -> Result<Self, RecordError> {
        let voices = if settings.layout == Layout::Stereo { 2 } else { 1 };
        let rate = settings.rate;
        let file = match settings.format {
            Format::Wav => File::Wav(wav::Writer::new(rate, voices)),
            Format::Opus { bitrate, serial } => {
                let writer = opus::Writer::new(rate, voices, bitrate, serial);
                File::Opus(Box::new(writer.map_err(|_| RecordError::Opus { rate, voices })?))
            }
        };
        let size = rate.frame() * usize::from(voices);
        let held = settings.silence.map_or(Duration::ZERO, |silence| silence.ends_after.unwrap_or(HELD).min(HELD));
        let keep = settings.silence.map_or(0, |silence| frames(silence.keep));
        let backlog = Backlog::new(size, usize::try_from(frames(held)).unwrap_or(0));
        Ok(Self {
            settings,
            file,
            voices,
            frame: vec![0; size],
            backlog,
            silent: 0,
            keep,
            frames: 0,
            paused: None,
            paused_frames: 0,
            since_beep: None,
            trimmed: 0,
            loudest: Level::SILENCE,
            ended: None,
        })
    }

    /// Takes what both sides said in the last 20 ms; `None` for a side that said nothing. What a frame has too much is
    /// left out, what it lacks is silence.
    pub fn handle_frame(&mut self, near: Option<&[i16]>, far: Option<&[i16]>) -> Heard {
        let (near, far) = (near.unwrap_or_default(), far.unwrap_or_default());
        let mut heard = Heard { beep: false, ended: None, near: Level::of(near), far: Level::of(far) };
        if self.ended.is_some() {
            return heard;
        }
        if let Some(paused) = &mut self.paused {
            *paused += 1;
            self.paused_frames += 1;
            if self.settings.gap == Gap::Silence {
                self.frame.fill(0);
                self.write();
                heard.ended = self.bound();
            }
            return heard;
        }
        heard.beep = self.beep();
        self.compose(near, far);
        let level = match self.settings.layout {
            Layout::Near => heard.near,
            Layout::Mixed | Layout::Stereo => heard.near.or(heard.far),
        };
        self.loudest = self.loudest.or(level);
        heard.ended = self.take(level).or_else(|| self.bound());
        heard
    }

    fn beep(&mut self) -> bool {
        let Some(every) = self.settings.beep else {
            return false;
        };
        let due = self.since_beep.is_none_or(|since| since + 1 >= frames(every));
        self.since_beep = if due { Some(0) } else { self.since_beep.map(|since| since + 1) };
        due
    }

    /// Makes one frame of the file of the two sides.
    fn compose(&mut self, near: &[i16], far: &[i16]) {
        let sample = |side: &[i16], n: usize| side.get(n).copied().unwrap_or(0);
        match self.settings.layout {
            Layout::Near => (0..).zip(&mut self.frame).for_each(|(n, to)| *to = sample(near, n)),
            // Two loud voices at once are clipped, not wrapped.
            Layout::Mixed => {
                (0..).zip(&mut self.frame).for_each(|(n, to)| *to = sample(near, n).saturating_add(sample(far, n)));
            }
            Layout::Stereo => {
                for (n, pair) in self.frame.as_chunks_mut::<2>().0.iter_mut().enumerate() {
                    *pair = [sample(near, n), sample(far, n)];
                }
            }
        }
    }

    /// Writes the frame, or holds it back while there is silence.
    fn take(&mut self, level: Level) -> Option<End> {
        let silence = self.settings.silence.filter(|silence| level.rms < silence.below);
        self.silent = if silence.is_some() { self.silent + 1 } else { 0 };
        if silence.is_some() && self.silent > self.keep {
            self.backlog.hold(&self.frame);
            self.relieve(SPEED);
        } else {
            self.write();
        }
        let enough = silence.and_then(|silence| silence.ends_after).is_some_and(|after| self.silent >= frames(after));
        if enough { self.end(End::Silent) } else { None }
    }

    /// Writes the frame, behind all that was held back.
    fn write(&mut self) {
        if self.backlog.is_empty() {
            append(&mut self.file, &self.frame);
            self.frames += 1;
        } else {
            self.backlog.push(&self.frame);
            self.relieve(SPEED);
        }
    }

    /// Writes some of what was held back and is wanted after all: not at once, for a codec has its price.
    fn relieve(&mut self, most: usize) {
        for _ in 0..most {
            if !self.backlog.pop(&mut self.frame) {
                return;
            }
            append(&mut self.file, &self.frame);
            self.frames += 1;
        }
    }

    fn bound(&mut self) -> Option<End> {
        if self.ended.is_some() {
            return None;
        }
        let waiting = self.backlog.len() as u64;
        if self.settings.longest.is_some_and(|longest| time(self.frames + waiting) >= longest) {
            return self.end(End::Long);
        }
        let most = match self.file {
            File::Wav(_) => self.settings.largest.unwrap_or(u64::MAX).min(LARGEST_WAV),
            File::Opus(_) => self.settings.largest.unwrap_or(u64::MAX),
        };
        // Room for what an end adds, a page of Opus at most.
        let more = match self.settings.format {
            Format::Wav => self.frame.len() as u64 * 2,
            Format::Opus { bitrate, .. } => u64::from(bitrate) / 4,
        };
        if self.size().saturating_add(more) > most {
            return self.end(End::Large);
        }
        None
    }

    fn size(&self) -> u64 {
        match &self.file {
            File::Wav(file) => file.size(),
            File::Opus(file) => file.size(),
        }
    }

    fn end(&mut self, why: End) -> Option<End> {
        self.relieve(usize::MAX);
        self.trimmed = self.backlog.len() as u64;
        self.frame.fill(0);
        match &mut self.file {
            File::Wav(file) => file.finish(),
            File::Opus(file) => file.finish(&self.frame),
        }
        self.ended = Some(why);
        Some(why)
    }

    /// Stands still until [`resume`](Self::resume); what [`Gap`] says is left of it. Frames are still to be handed in.
    pub fn pause(&mut self) {
        if self.paused.is_none() && self.ended.is_none() {
            self.paused = Some(0);
        }
    }

    /// Goes on.
    pub fn resume(&mut self) {
        if self.paused.take().is_none() || self.ended.is_some() {
            return;
        }
        self.silent = 0;
        if self.settings.gap == Gap::Mark {
            let (size, voices) = (self.settings.rate.frame(), usize::from(self.voices));
            let step = std::f32::consts::TAU * MARK_HZ / self.settings.rate.hz() as f32;
            for number in 0..frames(MARK) {
                let begin = usize::try_from(number).unwrap_or(0) * size;
                for (n, samples) in self.frame.chunks_exact_mut(voices).enumerate() {
                    samples.fill((((begin + n) as f32 * step).sin() * 3_000.0) as i16);
                }
                self.write();
            }
        }
    }

    /// Ends the file; poll what is left to be written.
    pub fn stop(&mut self) {
        if self.ended.is_none() {
            self.end(End::Stopped);
        }
    }

    /// What is to be written next, in this order. `None` when there is nothing for now; after the end, when the file
    /// is complete.
    pub fn poll(&mut self) -> Option<Write<'_>> {
        match &mut self.file {
            File::Wav(file) => file.poll(),
            File::Opus(file) => file.poll(),
        }
    }

    /// What it came to until now.
    #[must_use]
    pub fn summary(&self) -> Summary {
        Summary {
            length: time(self.frames),
            trimmed: time(self.trimmed),
            paused: time(self.paused_frames),
            loudest: self.loudest,
            bytes: self.size(),
            ended: self.ended,
        }
    }
}

fn append(file: &mut File, frame: &[i16]) {
    match file {
        File::Wav(file) => file.append(frame),
        File::Opus(file) => file.append(frame),
    }
}
