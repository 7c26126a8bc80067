//! Whether what an application asks can be done at all: limits of counts, lengths and names. Whether a prompt is there is
//! the media engine's to say.

use std::time::Duration;

use media::prompts::{Language, Name};

use crate::audio::{Play, Read, Record, Sound, Tone, is_recording_name};

/// An hour: the longest of anything.
const LONGEST: Duration = Duration::from_secs(3600);

/// How many sounds one sequence has at most.
const MOST_SOUNDS: usize = 64;

/// How many characters are spelled or said as digits at most.
const MOST_CHARACTERS: usize = 64;

/// The first and the last second of the years 0 and 9999.
const DATES: std::ops::RangeInclusive<i64> = -62_167_219_200..=253_402_300_799;

/// What a test tone may be, in Hz: what a telephone carries.
const TEST_TONES: std::ops::RangeInclusive<u16> = 200..=3_400;

/// How fast a passage may be, in per cent.
const PACES: std::ops::RangeInclusive<u16> = 50..=200;

pub(crate) fn play(play: &Play) -> bool {
    !play.sounds.is_empty() && are_playable(&play.sounds) && language(play.language.as_deref())
}

pub(super) fn read(read: &Read) -> bool {
    are_playable(&read.prompt)
        && are_playable(&read.again)
        && language(read.language.as_deref())
        && (1..=64).contains(&read.max)
        && read.min <= read.max
        && (1..=10).contains(&read.tries)
        && time(read.first)
        && time(read.next)
}

pub(super) fn record(record: &Record) -> bool {
    recorded(record.name.as_deref(), record.limit, LONGEST) && record.silence.is_none_or(time)
}

/// A name that a recording may have, and a time that it may last.
pub(crate) fn recorded(name: Option<&str>, limit: Duration, longest: Duration) -> bool {
    name.is_none_or(is_recording_name) && !limit.is_zero() && limit <= longest
}

/// Whether these can be played one after the other, as far as can be said without looking for prompts and recordings: not
/// more than 64, each within its limits. None at all are, too.
#[must_use]
pub fn are_playable(sounds: &[Sound]) -> bool {
    sounds.len() <= MOST_SOUNDS && sounds.iter().all(sound)
}

/// Some time, and not more than an hour.
pub(super) fn time(time: Duration) -> bool {
    !time.is_zero() && time <= LONGEST
}

fn sound(sound: &Sound) -> bool {
    match sound {
        Sound::Prompt(name) => Name::parse(name).is_ok(),
        Sound::Tone(Tone::Test(hz), length) => TEST_TONES.contains(hz) && time(*length),
        Sound::Tone(_, length) | Sound::Silence(length) => time(*length),
        Sound::Digits(text) => {
            short(text) && text.bytes().all(|key| key.is_ascii_digit() || matches!(key, b'*' | b'#'))
        }
        Sound::Number(_) => true,
        Sound::Date(second) | Sound::Time(second) => DATES.contains(second),
        Sound::Spelled(text) => short(text) && !text.chars().any(char::is_control),
        Sound::Recording(name) => is_recording_name(name),
        Sound::Passage(passage) => is_recording_name(&passage.recording) && PACES.contains(&passage.pace),
        Sound::Moment(moment) => DATES.contains(&moment.second) && moment.zone.as_deref().is_none_or(zone),
        Sound::Length(length) => *length <= LONGEST * 24,
    }
}

fn short(text: &str) -> bool {
    (1..=MOST_CHARACTERS).contains(&text.chars().count())
}

/// Whether this may be a time zone's name; whether there is one of it is found out when it is said.
fn zone(name: &str) -> bool {
    let plain = |sign: u8| sign.is_ascii_alphanumeric() || matches!(sign, b'/' | b'_' | b'-' | b'+');
    (1..=64).contains(&name.len()) && name.bytes().all(plain)
}

fn language(name: Option<&str>) -> bool {
    name.is_none_or(|name| Language::parse(name).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::Keys;

    #[test]
    fn names_that_lead_elsewhere_are_no_names() {
        for name in ["", "../x", "a/b", "A", "a b", "ä", &"a".repeat(65)] {
            assert!(!sound(&Sound::Recording(name.to_owned())), "{name:?}");
        }
        assert!(sound(&Sound::Recording("greeting-7".to_owned())));
        assert!(!sound(&Sound::Prompt("../../etc/passwd".to_owned())) && !sound(&Sound::Prompt(String::new())));
        assert!(sound(&Sound::Prompt("digits/7".to_owned())) && sound(&Sound::Prompt("vm-goodbye".to_owned())));
    }

    #[test]
    fn lengths_and_counts_have_ends() {
        let second = Duration::from_secs(1);
        for (one, right) in [
            (Sound::Silence(Duration::ZERO), false),
            (Sound::Silence(LONGEST), true),
            (Sound::Silence(LONGEST + second), false),
            (Sound::Tone(Tone::Test(199), second), false),
            (Sound::Tone(Tone::Test(3_400), second), true),
            (Sound::Digits("12*#".to_owned()), true),
            (Sound::Digits("12a".to_owned()), false),
            (Sound::Digits(String::new()), false),
            (Sound::Spelled("x".repeat(65)), false),
            (Sound::Number(i64::MIN), true),
            (Sound::Date(i64::MAX), false),
        ] {
            assert_eq!(sound(&one), right, "{one:?}");
        }
        assert!(!are_playable(&vec![Sound::Number(1); 65]));
    }

    #[test]
    fn a_reading_asks_for_what_can_be_had() {
        let second = Duration::from_secs(1);
        let right = Read {
            prompt: Vec::new(),
            language: Some("de-AT".to_owned()),
            min: 1,
            max: 4,
            end: Keys::NONE,
            first: second,
            next: second,
            tries: 1,
            again: Vec::new(),
        };
        assert!(read(&right));
        for wrong in [
            Read { max: 0, min: 0, ..right.clone() },
            Read { max: 65, ..right.clone() },
            Read { min: 5, ..right.clone() },
            Read { tries: 0, ..right.clone() },
            Read { tries: 11, ..right.clone() },
            Read { first: Duration::ZERO, ..right.clone() },
            Read { language: Some("../de".to_owned()), ..right.clone() },
        ] {
            assert!(!read(&wrong), "{wrong:?}");
        }
    }
}
