//! Sounds: a whole audio file, given as bytes, decoded into mono samples at the rate asked for.
//!
//! ```text
//! let sound = Sound::decode(&bytes, Rate::Narrow, &Limits::default())?;
//! sound.samples()   → the mean of all its voices, resampled
//! sound.damage()    → what could not be decoded, and whether the end was missing
//! ```
//!
//! WAV (PCM of 8 to 32 bits, float, µ-law, A-law, MS and IMA ADPCM, MP3), MP3, FLAC, Ogg with Vorbis or Opus, MP4 and
//! ADTS with AAC. A file that is damaged in its middle gives what can be heard of it. Nothing that a file holds makes
//! this panic, hang or take more memory than [`Limits`] allows.

mod kind;
mod mono;
mod opus;
mod riff;
mod streams;

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use crate::pcm::Rate;
use kind::Kind;
use mono::Mono;

pub use kind::ending;

/// Decoded sound; a copy shares the samples.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sound {
    rate: Rate,
    samples: Arc<[i16]>,
    damage: Damage,
}

/// What was lost of a file that could be heard all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Damage {
    /// Pieces (packets, pages, blocks) that could not be decoded.
    pub lost: u32,
    /// Where in the sound the first of them is missing, as near as can be said.
    pub first: Option<Duration>,
    /// The file ends before the sound does.
    pub cut: bool,
}

/// How much a file may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Of the file. 64 MiB unless told.
    pub bytes: usize,
    /// How long it may sound. Half an hour unless told: 28 MB at 8 kHz, 173 MB at 48 kHz.
    pub length: Duration,
    /// The lowest sampling rate in Hz. 4,000 unless told.
    pub lowest: u32,
    /// The highest sampling rate in Hz. 192,000 unless told.
    pub highest: u32,
    /// How many voices (left, right, …) it may have. 8 unless told.
    pub voices: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 64 << 20, length: Duration::from_secs(30 * 60), lowest: 4_000, highest: 192_000, voices: 8 }
    }
}

/// Why a file gives no sound.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SoundError {
    /// It has no bytes.
    #[error("the file is empty")]
    Empty,
    /// It ends before its first sample.
    #[error("the file ends before its sound begins")]
    Truncated,
    /// It is no kind of audio file that is known here.
    #[error("the file is of no known kind of audio")]
    Unknown,
    /// It is a kind that is known, and not decoded here.
    #[error("{0} is not supported")]
    Unsupported(Cow<'static, str>),
    /// It has more bytes than allowed.
    #[error("the file has {bytes} bytes, {limit} are allowed")]
    TooBig {
        /// What it has.
        bytes: usize,
        /// What it may have.
        limit: usize,
    },
    /// It sounds for longer than allowed.
    #[error("the file sounds for longer than {} seconds", limit.as_secs())]
    TooLong {
        /// What is allowed.
        limit: Duration,
    },
    /// Its sampling rate is out of bounds.
    #[error("a sampling rate of {hz} Hz is not supported")]
    Sampling {
        /// What it says, in Hz.
        hz: u32,
    },
    /// It has no voice, or more than allowed.
    #[error("{voices} voices are not supported")]
    Voices {
        /// What it says.
        voices: usize,
    },
    /// Its header contradicts itself or what follows.
    #[error("the file's header is wrong: {0}")]
    Lying(Cow<'static, str>),
    /// Its header is right and nothing after it can be decoded, or nothing is there.
    #[error("nothing in the file can be heard ({lost} damaged pieces)")]
    Silent {
        /// How many pieces were found and could not be decoded.
        lost: u32,
    },
    /// Its decoder gave up in a way that it should not have.
    #[error("the file breaks its decoder")]
    Breaking,
}

impl Damage {
    /// One more piece is lost, here.
    fn lose(&mut self, at: Duration) {
        self.lost = self.lost.saturating_add(1);
        self.first.get_or_insert(at);
    }
}

impl Sound {
    /// Decodes a whole file.
    ///
    /// # Errors
    ///
    /// [`SoundError`] when nothing can be heard of it, or more than the limits allow.
    pub fn decode(bytes: &[u8], rate: Rate, limits: &Limits) -> Result<Self, SoundError> {
        if bytes.is_empty() {
            return Err(SoundError::Empty);
        }
        if bytes.len() > limits.bytes {
            return Err(SoundError::TooBig { bytes: bytes.len(), limit: limits.bytes });
        }
        // The last line of defence: the decoders below are other people's, and a file is anybody's.
        catch_unwind(AssertUnwindSafe(|| decode(bytes, rate, limits))).unwrap_or(Err(SoundError::Breaking))
    }

    /// Sound of samples that are at hand.
    #[must_use]
    pub fn new(rate: Rate, samples: impl Into<Arc<[i16]>>) -> Self {
        Self { rate, samples: samples.into(), damage: Damage::default() }
    }

    /// At which rate the samples are.
    #[must_use]
    pub const fn rate(&self) -> Rate {
        self.rate
    }

    /// All of them, mono.
    #[must_use]
    pub fn samples(&self) -> &[i16] {
        &self.samples
    }

    /// How long it sounds.
    #[must_use]
    pub fn length(&self) -> Duration {
        self.rate.time(self.samples.len())
    }

    /// It from there to its end, at this pace in per cent of its own; the voice keeps its pitch. Nothing past its end.
    #[must_use]
    pub fn passage(&self, from: Duration, pace: u16) -> Self {
        let rest = self.samples.get(self.rate.samples(from)..).unwrap_or_default();
        Self::new(self.rate, crate::pace::at_pace(rest, self.rate, pace))
    }

    /// For how long it is louder than this, in dBov, by steps of 20 ms.
    #[must_use]
    pub fn louder_than(&self, level: f32) -> Duration {
        let frames = self.samples.chunks(self.rate.frame());
        let loud = frames.filter(|frame| crate::record::Level::of(frame).rms > level).count();
        crate::pcm::FRAME.saturating_mul(u32::try_from(loud).unwrap_or(u32::MAX))
    }

    /// What was lost of its file.
    #[must_use]
    pub const fn damage(&self) -> Damage {
        self.damage
    }
}

fn decode(bytes: &[u8], rate: Rate, limits: &Limits) -> Result<Sound, SoundError> {
    let mut mono = Mono::new(rate, limits);
    let damage = match kind::kind(bytes)? {
        Kind::Wav => wav(bytes, &mut mono)?,
        Kind::Opus => opus::decode(bytes, &mut mono)?,
        Kind::Stream => streams::decode(bytes, &mut mono)?,
    };
    let samples = mono.finish()?;
    if samples.is_empty() {
        return Err(if damage.cut { SoundError::Truncated } else { SoundError::Silent { lost: damage.lost } });
    }
    Ok(Sound { rate, samples: samples.into(), damage })
}

/// WAV has a reader of its own in front: it names what it cannot decode and lets no length of the file's be believed.
fn wav(bytes: &[u8], mono: &mut Mono<'_>) -> Result<Damage, SoundError> {
    let wave = riff::Wave::parse(bytes)?;
    if wave.data.is_empty() {
        return Err(if wave.cut { SoundError::Truncated } else { SoundError::Silent { lost: 0 } });
    }
    let mut damage = match wave.header(mono.limits())? {
        Some(header) => streams::decode_wav(&header, wave.data, mono)?,
        // MP3 in a WAV is MP3 and no more.
        None => streams::decode(wave.data, mono)?,
    };
    damage.cut |= wave.cut;
    Ok(damage)
}
