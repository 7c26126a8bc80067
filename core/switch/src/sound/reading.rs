//! Keys asked for: how many, until when, and how often.

use crate::audio::{Digit, Digits, Ended, Read, Sound};

/// A reading at work.
#[derive(Debug)]
pub(crate) struct Reading {
    wanted: Read,
    digits: String,
    /// How often the caller may be asked again.
    left: u8,
}

/// What a key, or the lack of one, comes to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// The next key is awaited.
    More,
    /// Too few: the caller is asked again.
    Again,
    /// It is over.
    Over(Digits),
}

impl Reading {
    pub(crate) fn new(wanted: Read) -> Self {
        let left = wanted.tries.saturating_sub(1);
        Self { wanted, digits: String::new(), left }
    }

    pub(crate) fn wanted(&self) -> &Read {
        &self.wanted
    }

    /// What is played when the caller is asked again.
    pub(crate) fn again(&self) -> Vec<Sound> {
        self.wanted.again.iter().chain(&self.wanted.prompt).cloned().collect()
    }

    /// Some keys are in: the next may take the shorter time.
    pub(crate) fn has_begun(&self) -> bool {
        !self.digits.is_empty()
    }

    pub(crate) fn key(&mut self, key: Digit) -> Turn {
        if self.wanted.end.has(key) {
            return self.ended(Ended::Key(key));
        }
        self.digits.push(key.character());
        if self.digits.len() >= usize::from(self.wanted.max) { self.over(Ended::Enough) } else { Turn::More }
    }

    /// No key came in time.
    pub(crate) fn late(&mut self) -> Turn {
        self.ended(Ended::Time)
    }

    fn ended(&mut self, by: Ended) -> Turn {
        let enough = self.digits.len() >= usize::from(self.wanted.min);
        if enough || self.left == 0 {
            return self.over(by);
        }
        self.left -= 1;
        self.digits.clear();
        Turn::Again
    }

    fn over(&mut self, by: Ended) -> Turn {
        Turn::Over(Digits { digits: std::mem::take(&mut self.digits), by })
    }
}
