//! How a recording is made.

use std::time::Duration;

use crate::pcm::Rate;

/// Which kind of file is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// 16-bit PCM. Its lengths are brought up to date every two seconds; [`mend`](super::mend) does it for a file that was cut off.
    Wav,
    /// Opus in Ogg, a page a second.
    Opus {
        /// Bits a second, for both sides together.
        bitrate: u32,
        /// The stream's number (RFC 3533 §4); any will do.
        serial: u32,
    },
}

/// What becomes of the sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// Only what the near side says: a message.
    Near,
    /// Both sides in one voice.
    Mixed,
    /// The near side left, the far side right.
    Stereo,
}

/// What a pause leaves in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gap {
    /// Nothing: what follows comes right after what went before.
    None,
    /// Silence for as long as it lasted.
    Silence,
    /// A mark of 200 ms at 1,400 Hz.
    Mark,
}

/// What silence does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Silence {
    /// Frames below this level are silent, in dBov.
    pub below: f32,
    /// The recording ends after so much of it; `None` for never.
    pub ends_after: Option<Duration>,
    /// So much of it is kept at the end of the file; the rest is cut off, up to 10 s or `ends_after`.
    pub keep: Duration,
}

/// How a recording is made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// Of the frames and of the file.
    pub rate: Rate,
    /// What becomes of the sides.
    pub layout: Layout,
    /// Which kind of file is made.
    pub format: Format,
    /// What a pause leaves.
    pub gap: Gap,
    /// The parties hear a beep this often, and once at the beginning.
    pub beep: Option<Duration>,
    /// It ends after so much sound.
    pub longest: Option<Duration>,
    /// It ends before the file has more bytes.
    pub largest: Option<u64>,
    /// What silence does.
    pub silence: Option<Silence>,
}

impl Settings {
    /// A WAV of both sides, each a voice, without bounds.
    #[must_use]
    pub const fn wav(rate: Rate) -> Self {
        Self {
            rate,
            layout: Layout::Stereo,
            format: Format::Wav,
            gap: Gap::None,
            beep: None,
            longest: None,
            largest: None,
            silence: None,
        }
    }
}
