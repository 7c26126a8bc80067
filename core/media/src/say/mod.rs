//! Values said from pieces: which prompts, in which order, say a number, a date, a time or a name letter by letter.
//!
//! ```text
//! say::pieces(&Value::Number(21), say::tongue("de"))        → digits/1-and, digits/20
//! say::choose(&value, &say::tongues("de-at"), |code, piece| there(code, piece))
//! ```
//!
//! Pieces are named as the core sounds of Asterisk name them in English, and other languages follow (`docs/prompts.md`
//! lists what each needs). Another language is another [`Tongue`] in [`tongues`].

mod calendar;
mod de;
mod en;
mod fr;
mod spell;

use std::borrow::Cow;
use std::time::Duration;

pub use calendar::{Clock, Date};

/// The name of a prompt.
pub type Piece = Cow<'static, str>;

/// The largest number that is said.
pub const LARGEST: u64 = 1_000_000_000_000;

/// What is to be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value<'a> {
    /// How many.
    Number(i64),
    /// Which one: first, second.
    Ordinal(u64),
    /// One digit after the other, with `*`, `#` and `+`; what is not dialled is left out.
    Digits(&'a str),
    /// A day, with its weekday.
    Date(Date),
    /// A time of day.
    Time(Clock),
    /// A day and a time.
    Moment(Date, Clock),
    /// How long, to the second.
    Length(Duration),
    /// Letter by letter.
    Letters(&'a str),
    /// Letter by letter, each by a word: alfa, bravo.
    Phonetic(&'a str),
}

/// Why a value cannot be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SayError {
    /// It is more than [`LARGEST`].
    #[error("{0} is too large to be said")]
    Large(u64),
    /// A date or a time that no calendar or clock has.
    #[error("there is no such date or time")]
    NoSuchTime,
}

/// A language: how its pieces are put together. Numbers given to it are at most [`LARGEST`].
pub trait Tongue: Sync {
    /// Its code (ISO 639-1), which is also the folder of its prompts.
    fn code(&self) -> &'static str;

    /// How many.
    fn number(&self, number: u64, out: &mut Vec<Piece>);

    /// Which one.
    fn ordinal(&self, number: u64, out: &mut Vec<Piece>);

    /// A day, with its weekday.
    fn date(&self, date: Date, out: &mut Vec<Piece>);

    /// A time of day.
    fn time(&self, clock: Clock, out: &mut Vec<Piece>);

    /// What stands between a day and a time.
    fn between(&self, out: &mut Vec<Piece>);

    /// How long, in hours, minutes below 60 and seconds below 60.
    fn length(&self, hours: u64, minutes: u64, seconds: u64, out: &mut Vec<Piece>);

    /// Another piece that will do where this one is missing.
    fn instead(&self, piece: &str) -> Option<&'static str> {
        spell::instead(piece)
    }
}

static TONGUES: [&dyn Tongue; 3] = [&en::English, &de::German, &fr::French];

/// The language of this code, `en`, `de` or `fr`.
#[must_use]
pub fn tongue(code: &str) -> Option<&'static dyn Tongue> {
    TONGUES.into_iter().find(|tongue| tongue.code().eq_ignore_ascii_case(code))
}

/// The languages for a tag, the best first, English last: `de-AT` → German, English.
#[must_use]
pub fn tongues(tag: &str) -> Vec<&'static dyn Tongue> {
    let primary = tag.split(['-', '_']).next().and_then(tongue);
    let mut all: Vec<_> = primary.into_iter().collect();
    all.extend(
        TONGUES.into_iter().take(1).filter(|english| primary.is_none_or(|first| first.code() != english.code())),
    );
    all
}

/// The pieces that say a value in a language.
///
/// # Errors
///
/// [`SayError`] when there are none.
pub fn pieces(value: &Value<'_>, tongue: &dyn Tongue) -> Result<Vec<Piece>, SayError> {
    let mut out = Vec::new();
    match *value {
        Value::Number(number) => {
            let size = bounded(number.unsigned_abs())?;
            if number < 0 {
                out.push("digits/minus".into());
            }
            tongue.number(size, &mut out);
        }
        Value::Ordinal(number) => tongue.ordinal(bounded(number)?, &mut out),
        Value::Digits(text) => spell::digits(text, &mut out),
        Value::Date(date) => tongue.date(date, &mut out),
        Value::Time(clock) => tongue.time(clock, &mut out),
        Value::Moment(date, clock) => {
            tongue.date(date, &mut out);
            tongue.between(&mut out);
            tongue.time(clock, &mut out);
        }
        Value::Length(length) => {
            let seconds = bounded(length.as_secs().saturating_add(u64::from(length.subsec_millis() >= 500)))?;
            tongue.length(seconds / 3600, seconds / 60 % 60, seconds % 60, &mut out);
        }
        Value::Letters(text) => spell::letters(text, &mut out),
        Value::Phonetic(text) => spell::phonetic(text, &mut out),
    }
    Ok(out)
}

fn bounded(number: u64) -> Result<u64, SayError> {
    if number > LARGEST { Err(SayError::Large(number)) } else { Ok(number) }
}

/// A value said in one of several languages.
#[derive(Clone)]
pub struct Said {
    /// In which.
    pub tongue: &'static dyn Tongue,
    /// By which pieces, in this order.
    pub pieces: Vec<Piece>,
}

impl std::fmt::Debug for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Said").field("tongue", &self.tongue.code()).field("pieces", &self.pieces).finish()
    }
}

/// The pieces in the first of these languages that has all of them: half a sentence in another language is worse than
/// a whole one. `there` is asked whether a language has a piece. The last language is taken when none has all.
///
/// # Errors
///
/// [`SayError`] when the value cannot be said at all.
pub fn choose(
    value: &Value<'_>,
    tongues: &[&'static dyn Tongue],
    mut there: impl FnMut(&'static dyn Tongue, &str) -> bool,
) -> Result<Said, SayError> {
    let english: &'static dyn Tongue = &en::English;
    let mut last = Said { tongue: english, pieces: pieces(value, english)? };
    for tongue in tongues {
        let mut all = pieces(value, *tongue)?;
        let mut complete = true;
        for piece in &mut all {
            if there(*tongue, piece) {
                continue;
            }
            match tongue.instead(piece).filter(|other| there(*tongue, other)) {
                Some(other) => *piece = other.into(),
                None => complete = false,
            }
        }
        last = Said { tongue: *tongue, pieces: all };
        if complete {
            break;
        }
    }
    Ok(last)
}

/// `digits/N`, which every language has from 0 to 20 and for the tens.
fn digits(number: u64) -> Piece {
    format!("digits/{number}").into()
}

/// Splits a number into its thousands, each with its power of 1,000, the largest first.
fn groups(number: u64) -> impl Iterator<Item = (u64, u32)> {
    (0..=4_u32).rev().map(move |power| (number / 1000_u64.pow(power) % 1000, power)).filter(|(group, _)| *group > 0)
}

/// Turns the last piece of a number into its ordinal: `digits/20` into `digits/h-20`.
fn ordinal_of(out: &mut [Piece]) {
    if let Some(last) = out.last_mut()
        && let Some(rest) = last.strip_prefix("digits/")
    {
        *last = format!("digits/h-{rest}").into();
    }
}
