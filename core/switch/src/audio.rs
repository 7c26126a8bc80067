//! What an application has played to its caller, asks of the keys, and has recorded. The WIT interface `audio` and the
//! live half of the gRPC API spell the same words.

use std::time::Duration;

/// One thing to be heard. A sequence of them is played without a gap.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Sound {
    /// A prompt by its name in the prompt set, as `vm-goodbye` or `digits/7`: in the language that was asked for, else as
    /// the fallbacks of `media::prompts` say; the tenant's own before the system's.
    Prompt(String),
    /// A tone of the tenant's country.
    Tone(Tone, Duration),
    /// Nothing, for so long.
    Silence(Duration),
    /// Each character for itself: `0` to `9`, `*`, `#`.
    Digits(String),
    /// A whole number in words.
    Number(i64),
    /// A date, said in the tenant's time zone: seconds since 1970 in UTC.
    Date(i64),
    /// A time of day, likewise.
    Time(i64),
    /// Letters and digits, spelled.
    Spelled(String),
    /// What was recorded in this tenant, by its name.
    Recording(String),
    /// The same, from somewhere within it, or faster.
    Passage(Passage),
    /// A day and a time of it, as when a message came.
    Moment(Moment),
    /// A length of time, to the second.
    Length(Duration),
}

/// A recording from somewhere within it, to its end.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Passage {
    /// Its name.
    pub recording: String,
    /// How far within it begins; past its end, nothing is heard.
    pub from: Duration,
    /// How fast, in per cent of how it was said: 50 to 200. The voice keeps its pitch.
    pub pace: u16,
}

/// A day, today and yesterday by their word, and the time of day.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Moment {
    /// Seconds since 1970 in UTC.
    pub second: i64,
    /// The IANA time zone that it is said in; the tenant's when `None`.
    pub zone: Option<String>,
}

/// A tone by what it means; how it sounds is the country's affair (ITU-T E.180).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tone {
    /// A line is free: dial.
    Dial,
    /// It rings there.
    Ringing,
    /// Engaged.
    Busy,
    /// No way through.
    Congestion,
    /// The three rising notes: what follows is an announcement.
    Information,
    /// Speak now.
    Beep,
    /// A steady tone of this frequency in Hz, 200 to 3,400, for tests.
    Test(u16),
}

/// A key of a telephone (ITU-T Q.23; event numbers of RFC 4733 §3.2).
pub use media::dtmf::Digit;

/// What is played, and what ends it early.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Play {
    /// One after the other.
    pub sounds: Vec<Sound>,
    /// As `en`, `de-AT`; when `None` the caller's own, else the tenant's.
    pub language: Option<String>,
    /// The keys that end it; what was pressed is in the reply.
    pub interrupt: Keys,
    /// Over and over until a key, a stop or the end of the call.
    pub forever: bool,
}

/// A set of keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Keys(u16);

impl Keys {
    /// None.
    pub const NONE: Self = Self(0);
    /// Each of the sixteen.
    pub const ALL: Self = Self(u16::MAX);

    /// With this key too; a flash is no key.
    #[must_use]
    pub fn with(self, key: Digit) -> Self {
        Self(self.0 | Self::bit(key))
    }

    /// Whether this key is in it.
    #[must_use]
    pub fn has(self, key: Digit) -> bool {
        self.0 & Self::bit(key) != 0
    }

    /// The set of these characters, `0`–`9`, `*`, `#`, `A`–`D`; `None` when there is another one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        text.chars().try_fold(Self::NONE, |keys, c| Some(keys.with(Digit::from_char(c)?)))
    }

    fn bit(key: Digit) -> u16 {
        1_u16.checked_shl(u32::from(key.event())).unwrap_or(0)
    }
}

/// How a playing came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Played {
    /// All of it was played.
    Whole,
    /// This key ended it.
    Key(Digit),
}

/// What is asked of the keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// Played first; the first key ends it.
    pub prompt: Vec<Sound>,
    /// As in [`Play`].
    pub language: Option<String>,
    /// Fewer keys than this are not enough: the caller is asked again.
    pub min: u8,
    /// With so many it is over; 1 to 64.
    pub max: u8,
    /// Keys that end it and are not part of what was read.
    pub end: Keys,
    /// How long the first key may take once the prompt is over.
    pub first: Duration,
    /// How long each further key may take.
    pub next: Duration,
    /// How often the caller is asked, 1 to 10.
    pub tries: u8,
    /// Played before the caller is asked again.
    pub again: Vec<Sound>,
}

/// What was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digits {
    /// The keys, without the one that ended it.
    pub digits: String,
    /// Why it was over.
    pub by: Ended,
}

/// Why a reading was over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// There were as many as could be.
    Enough,
    /// By this key.
    Key(Digit),
    /// No further key came in time; fewer than `min` when the tries are used up.
    Time,
}

/// What is recorded of the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its name in the tenant: 1 to 64 of `a-z`, `0-9`, `-`; a new one when `None`.
    pub name: Option<String>,
    /// The longest time, an hour at most.
    pub limit: Duration,
    /// Silence of this time ends it; `None`: it does not.
    pub silence: Option<Duration>,
    /// Keys that end it.
    pub end: Keys,
    /// A tone before.
    pub beep: bool,
}

/// What was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// Its name in the tenant.
    pub name: String,
    /// How long it is.
    pub length: Duration,
    /// The key that ended it.
    pub key: Option<Digit>,
}

/// Whether a recording may have this name: 1 to 64 of `a-z`, `0-9`, `-`. It becomes a file's, and nothing in it leads
/// elsewhere.
#[must_use]
pub fn is_recording_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name.bytes().all(|sign| sign.is_ascii_lowercase() || sign.is_ascii_digit() || sign == b'-')
}

/// How a call is recorded as a whole, while its parties talk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallRecording {
    /// Its name in the tenant: 1 to 64 of `a-z`, `0-9`, `-`; a new one when `None`.
    pub name: Option<String>,
    /// Which kind of file.
    pub format: RecordingFormat,
    /// What becomes of the two sides.
    pub layout: RecordingLayout,
    /// Both hear a short tone at the beginning and every 15 seconds.
    pub beep: bool,
}

/// Which kind of file a recording is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RecordingFormat {
    /// PCM of 16 bits.
    Wav,
    /// Opus in Ogg: a quarter to an eighth of the size.
    Opus,
}

/// What becomes of the sides of a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RecordingLayout {
    /// All in one voice.
    Mixed,
    /// The caller left, the callee right.
    Stereo,
}

impl RecordingFormat {
    /// Its name in records and the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Wav => "wav",
            Self::Opus => "opus",
        }
    }
}

impl RecordingLayout {
    /// Its name in records and the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mixed => "mixed",
            Self::Stereo => "stereo",
        }
    }
}

/// Why sound could not be made or kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AudioError {
    /// No set has such a prompt, or there is no such recording.
    #[error("there is no sound of the name {0}")]
    Missing(String),
    /// It is there and cannot be decoded.
    #[error("the sound {0} cannot be played: {1}")]
    Unplayable(String, String),
    /// The caller and the exchange have no codec in common.
    #[error("the far end takes no codec that the exchange speaks")]
    NoCodec,
    /// Nothing can be written: the disk is full or not ours.
    #[error("nothing can be recorded: {0}")]
    Unwritable(String),
}
