//! Things to be heard. Numbers, dates, recordings and the like are written as they are: `Sound::Number(42)`.

use std::time::Duration;

use crate::bindings::strowger::dialplan::audio::TimedTone;
use crate::call::milliseconds;
use crate::{Sound, Tone};

/// A prompt by its name in the prompt set, as `vm-goodbye` or `digits/7`.
#[must_use]
pub fn prompt(name: &str) -> Sound {
    Sound::Prompt(name.to_owned())
}

/// A tone of the tenant's country, for so long.
#[must_use]
pub fn tone(tone: Tone, time: Duration) -> Sound {
    Sound::Tone(TimedTone { tone, milliseconds: milliseconds(time) })
}

/// Nothing, for so long.
#[must_use]
pub fn silence(time: Duration) -> Sound {
    Sound::Silence(milliseconds(time))
}

/// A prompt of this name.
impl From<&str> for Sound {
    fn from(name: &str) -> Self {
        prompt(name)
    }
}
