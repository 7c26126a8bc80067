//! A question that is answered with keys.

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::Sound;
use crate::bindings::strowger::dialplan::audio::ReadOptions;
use crate::call::milliseconds;

/// A question that is answered with keys: `call.read(&ReadDigits::new(4..=8).prompt(["vm-password".into()]))`.
///
/// Unless said otherwise `#` ends it, the first key may take 5 s and each further one 3 s, and it is asked three times.
#[derive(Debug, Clone)]
pub struct ReadDigits {
    pub(crate) prompt: Vec<Sound>,
    count: RangeInclusive<u8>,
    end: String,
    first: Duration,
    next: Duration,
    tries: u8,
    again: Vec<Sound>,
}

impl ReadDigits {
    /// Asks for so many keys; at most 64.
    #[must_use]
    pub fn new(count: RangeInclusive<u8>) -> Self {
        Self {
            prompt: Vec::new(),
            count,
            end: "#".to_owned(),
            first: Duration::from_secs(5),
            next: Duration::from_secs(3),
            tries: 3,
            again: Vec::new(),
        }
    }

    /// Played first; the first key ends it.
    #[must_use]
    pub fn prompt(mut self, sounds: impl IntoIterator<Item = Sound>) -> Self {
        self.prompt = sounds.into_iter().collect();
        self
    }

    /// Played before it is asked again, as too few keys came.
    #[must_use]
    pub fn again(mut self, sounds: impl IntoIterator<Item = Sound>) -> Self {
        self.again = sounds.into_iter().collect();
        self
    }

    /// Keys that end it and are not part of what is read.
    #[must_use]
    pub fn end(mut self, keys: &str) -> Self {
        keys.clone_into(&mut self.end);
        self
    }

    /// How long the first key may take once the prompt is over.
    #[must_use]
    pub fn first(mut self, time: Duration) -> Self {
        self.first = time;
        self
    }

    /// How long each further key may take.
    #[must_use]
    pub fn next(mut self, time: Duration) -> Self {
        self.next = time;
        self
    }

    /// How often it is asked, 1 to 10.
    #[must_use]
    pub fn tries(mut self, tries: u8) -> Self {
        self.tries = tries;
        self
    }

    pub(crate) fn options(&self, language: Option<String>) -> ReadOptions {
        ReadOptions {
            language,
            min: *self.count.start(),
            max: *self.count.end(),
            end: self.end.clone(),
            first_milliseconds: milliseconds(self.first),
            next_milliseconds: milliseconds(self.next),
            tries: self.tries,
            again: self.again.clone(),
        }
    }
}
