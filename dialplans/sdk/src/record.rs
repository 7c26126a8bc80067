//! What is to be recorded: of the caller alone, of a call as a whole.

use std::time::Duration;

use crate::bindings::strowger::dialplan::audio::{
    CallRecording as CallOptions, RecordOptions, RecordingFormat, RecordingLayout,
};
use crate::call::milliseconds;

/// What is to be recorded. Unless said otherwise under a new name, after a tone, for 3 minutes at most, until `#` or
/// silence of 5 s.
#[derive(Debug, Clone)]
pub struct Record {
    pub(crate) options: RecordOptions,
}

impl Default for Record {
    fn default() -> Self {
        let options = RecordOptions {
            name: None,
            limit_milliseconds: 180_000,
            silence_milliseconds: Some(5_000),
            end: "#".to_owned(),
            beep: true,
        };
        Self { options }
    }
}

impl Record {
    /// Under this name, 1 to 64 of `a-z`, `0-9`, `-`; in place of what had it.
    #[must_use]
    pub fn named(name: &str) -> Self {
        let mut recording = Self::default();
        recording.options.name = Some(name.to_owned());
        recording
    }

    /// The longest time, an hour at most.
    #[must_use]
    pub fn limit(mut self, time: Duration) -> Self {
        self.options.limit_milliseconds = milliseconds(time);
        self
    }

    /// Silence of this time ends it; with `None` it does not.
    #[must_use]
    pub fn silence(mut self, time: Option<Duration>) -> Self {
        self.options.silence_milliseconds = time.map(milliseconds);
        self
    }

    /// Keys that end it.
    #[must_use]
    pub fn end(mut self, keys: &str) -> Self {
        keys.clone_into(&mut self.options.end);
        self
    }

    /// Without a tone before.
    #[must_use]
    pub fn without_beep(mut self) -> Self {
        self.options.beep = false;
        self
    }
}

/// How a call is recorded as a whole. Unless said otherwise under a new name, as a WAV with the caller left and the callee
/// right, and nobody hears of it.
#[derive(Debug, Clone)]
pub struct CallRecording {
    pub(crate) options: CallOptions,
}

impl Default for CallRecording {
    fn default() -> Self {
        let (format, layout) = (RecordingFormat::Wav, RecordingLayout::Stereo);
        Self { options: CallOptions { name: None, format, layout, beep: false } }
    }
}

impl CallRecording {
    /// Under this name, 1 to 64 of `a-z`, `0-9`, `-`; in place of what had it.
    #[must_use]
    pub fn named(name: &str) -> Self {
        let mut recording = Self::default();
        recording.options.name = Some(name.to_owned());
        recording
    }

    /// As a file of this kind.
    #[must_use]
    pub fn format(mut self, format: RecordingFormat) -> Self {
        self.options.format = format;
        self
    }

    /// The two sides so.
    #[must_use]
    pub fn layout(mut self, layout: RecordingLayout) -> Self {
        self.options.layout = layout;
        self
    }

    /// Both hear a short tone at the beginning and every 15 seconds: in many places they must.
    #[must_use]
    pub fn with_beep(mut self) -> Self {
        self.options.beep = true;
        self
    }
}
