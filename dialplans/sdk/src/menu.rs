//! A menu: keys with a meaning, and numbers that are dialled.

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::{Call, Ended, Error, ReadDigits, Sound};

/// Keys with a meaning. A wrong key is told as such and the menu said again, no key has it said again; after so many tries
/// nothing was chosen. A key that is pressed while it is said chooses at once.
///
/// Unless said otherwise it is offered three times, and waits 5 s for a key.
#[derive(Debug, Clone)]
pub struct Menu<T> {
    prompt: Vec<Sound>,
    keys: Vec<(char, T)>,
    numbers: Option<RangeInclusive<u8>>,
    wrong: Vec<Sound>,
    silent: Vec<Sound>,
    first: Duration,
    next: Duration,
    tries: u8,
}

/// What was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice<T> {
    /// A key with this meaning.
    Key(T),
    /// This number was dialled.
    Number(String),
    /// Nothing, after all tries.
    Nothing,
}

impl<T: Clone> Menu<T> {
    /// A menu that says this.
    #[must_use]
    pub fn new(prompt: impl IntoIterator<Item = Sound>) -> Self {
        Self {
            prompt: prompt.into_iter().collect(),
            keys: Vec::new(),
            numbers: None,
            wrong: vec!["pm-invalid-option".into()],
            silent: Vec::new(),
            first: Duration::from_secs(5),
            next: Duration::from_secs(2),
            tries: 3,
        }
    }

    /// This key means that.
    #[must_use]
    pub fn key(mut self, key: char, meaning: T) -> Self {
        self.keys.push((key, meaning));
        self
    }

    /// Numbers of so many digits may be dialled as well; `#` ends one, as does a pause of 2 s.
    #[must_use]
    pub fn numbers(mut self, digits: RangeInclusive<u8>) -> Self {
        self.numbers = Some(digits);
        self
    }

    /// Said before the menu is said again after a wrong key.
    #[must_use]
    pub fn wrong(mut self, sounds: impl IntoIterator<Item = Sound>) -> Self {
        self.wrong = sounds.into_iter().collect();
        self
    }

    /// Said before the menu is said again as no key came.
    #[must_use]
    pub fn silent(mut self, sounds: impl IntoIterator<Item = Sound>) -> Self {
        self.silent = sounds.into_iter().collect();
        self
    }

    /// How long a key may take once the menu was said.
    #[must_use]
    pub fn wait(mut self, time: Duration) -> Self {
        self.first = time;
        self
    }

    /// How often it is offered.
    #[must_use]
    pub fn tries(mut self, tries: u8) -> Self {
        self.tries = tries;
        self
    }

    pub(crate) fn ask(&self, call: &Call<'_>) -> Result<Choice<T>, Error> {
        let mut before: &[Sound] = &[];
        for _ in 0..self.tries {
            let pressed = self.offer(call, before)?;
            before = if pressed.is_empty() {
                &self.silent
            } else {
                match self.meaning(pressed) {
                    Choice::Nothing => &self.wrong,
                    choice => return Ok(choice),
                }
            };
        }
        Ok(Choice::Nothing)
    }

    /// Says the menu and gives what was pressed.
    fn offer(&self, call: &Call<'_>, before: &[Sound]) -> Result<String, Error> {
        let max = self.numbers.as_ref().map_or(1, |digits| *digits.end());
        // Where numbers are dialled, # ends one, and a star that means something does not wait for more.
        let has_star = self.keys.iter().any(|(key, _)| *key == '*');
        let end = match (max, has_star) {
            (..=1, _) => "",
            (_, true) => "#*",
            (_, false) => "#",
        };
        let asked = ReadDigits::new(0..=max).end(end).first(self.first).next(self.next).tries(1);
        let all = before.iter().chain(&self.prompt).cloned();
        let read = match call.read(&asked.clone().prompt(all)) {
            // What is said before is of less worth than the menu.
            Err(error) if !before.is_empty() => {
                error.unless_of_a_sound()?;
                call.read(&asked.prompt(self.prompt.clone()))?
            }
            read => read?,
        };
        Ok(match read.by {
            Ended::Key(key) if read.digits.is_empty() => key.to_string(),
            _ => read.digits,
        })
    }

    fn meaning(&self, pressed: String) -> Choice<T> {
        let means = |key: &char| pressed.chars().eq([*key]);
        if let Some((_, meaning)) = self.keys.iter().find(|(key, _)| means(key)) {
            return Choice::Key(meaning.clone());
        }
        let digits = u8::try_from(pressed.len()).unwrap_or(u8::MAX);
        let is_number = pressed.bytes().all(|digit| digit.is_ascii_digit());
        match &self.numbers {
            Some(count) if is_number && count.contains(&digits) => Choice::Number(pressed),
            _ => Choice::Nothing,
        }
    }
}
