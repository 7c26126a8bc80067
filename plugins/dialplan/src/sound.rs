//! The words of sound in two spellings, and the bounds of each. What a guest says is checked here, whole, before the exchange
//! hears it: `None` is a bad value.

use std::time::Duration;

use switch::{
    AudioError, CallRecording, Command, Digit, Digits, Ended, Keys, Play, Played, Read, Recorded, Recording,
    RecordingFormat, RecordingLayout, Reply, Sound, Tone, is_a_mailboxes, is_recording_name,
};

use crate::bindings::strowger::dialplan::audio as wit;
use crate::bindings::strowger::dialplan::types;
use crate::words;

/// How many sounds a list may have.
const MAX_SOUNDS: usize = 64;
/// The longest name of a prompt; that of `media::prompts`.
const MAX_PROMPT: usize = 200;
/// The most characters that are spelled or said one by one.
const MAX_SPELLED: usize = 64;
/// The longest tag of a language that need be taken (RFC 5646 §4.4.1).
const MAX_LANGUAGE: usize = 35;
/// The longest time of anything, in milliseconds: an hour.
const MAX_TIME: u32 = 3_600_000;
/// The largest number that is said; that of `media::say`.
const MAX_NUMBER: u64 = 1_000_000_000_000;
/// The moments of the years 1 to 9999, in seconds since 1970.
const MOMENTS: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;
/// What is told of a fault is cut to so many bytes.
const MAX_WHY: usize = 200;

/// What a list of sounds cost to copy, in bytes: its texts, and something for each sound.
pub(crate) fn weight(sounds: &[wit::Sound]) -> usize {
    let text = |sound: &wit::Sound| match sound {
        wit::Sound::Prompt(text)
        | wit::Sound::Digits(text)
        | wit::Sound::Spelled(text)
        | wit::Sound::Recording(text) => text.len(),
        _ => 0,
    };
    sounds.iter().map(|sound| text(sound) + size_of::<wit::Sound>()).sum()
}

pub(crate) fn sounds(sounds: Vec<wit::Sound>) -> Option<Vec<Sound>> {
    if sounds.len() > MAX_SOUNDS {
        return None;
    }
    sounds.into_iter().map(sound).collect()
}

fn sound(sound: wit::Sound) -> Option<Sound> {
    let one_by_one = |text: &str, allowed: fn(char) -> bool| {
        !text.is_empty()
            && text.len() <= 4 * MAX_SPELLED
            && text.chars().count() <= MAX_SPELLED
            && text.chars().all(allowed)
    };
    let moment = |seconds: i64| MOMENTS.contains(&seconds).then_some(seconds);
    Some(match sound {
        wit::Sound::Prompt(name) => Sound::Prompt(is_prompt(&name).then_some(name)?),
        wit::Sound::Tone(timed) => Sound::Tone(tone(timed.tone)?, time(timed.milliseconds)?),
        wit::Sound::Silence(milliseconds) => Sound::Silence(time(milliseconds)?),
        wit::Sound::Digits(text) => {
            let is_key = |letter: char| matches!(letter, '0'..='9' | '*' | '#');
            Sound::Digits(one_by_one(&text, is_key).then_some(text)?)
        }
        wit::Sound::Number(number) => Sound::Number((number.unsigned_abs() <= MAX_NUMBER).then_some(number)?),
        wit::Sound::Date(seconds) => Sound::Date(moment(seconds)?),
        wit::Sound::Time(seconds) => Sound::Time(moment(seconds)?),
        wit::Sound::Spelled(text) => Sound::Spelled(one_by_one(&text, |letter| !letter.is_control()).then_some(text)?),
        wit::Sound::Recording(name) => Sound::Recording(is_own(&name).then_some(name)?),
    })
}

/// As `media::prompts` takes it: no name leads out of its folder.
fn is_prompt(name: &str) -> bool {
    let letter = |letter: u8| matches!(letter, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_');
    name.len() <= MAX_PROMPT && name.split('/').all(|part| !part.is_empty() && part.bytes().all(letter))
}

fn tone(tone: wit::Tone) -> Option<Tone> {
    Some(match tone {
        wit::Tone::Dial => Tone::Dial,
        wit::Tone::Ringing => Tone::Ringing,
        wit::Tone::Busy => Tone::Busy,
        wit::Tone::Congestion => Tone::Congestion,
        wit::Tone::Information => Tone::Information,
        wit::Tone::Beep => Tone::Beep,
        wit::Tone::Test(hertz) => Tone::Test((200..=3_400).contains(&hertz).then_some(hertz)?),
    })
}

/// What a guest may record and play by its name: messages are not its.
pub(crate) fn is_own(recording: &str) -> bool {
    is_recording_name(recording) && !is_a_mailboxes(recording)
}

/// Some time, and not more than an hour.
fn time(milliseconds: u32) -> Option<Duration> {
    (1..=MAX_TIME).contains(&milliseconds).then(|| Duration::from_millis(milliseconds.into()))
}

/// A hook flash is no key that a guest may name.
fn keys(text: &str) -> Option<Keys> {
    (text.len() <= 16 && !text.contains('!')).then(|| Keys::parse(text))?
}

/// The outer `None` is a bad value.
#[allow(clippy::option_option, reason = "the inner one is a word: the tenant's language")]
fn language(tag: Option<String>) -> Option<Option<String>> {
    let letter = |letter: u8| letter.is_ascii_alphanumeric() || matches!(letter, b'-' | b'_');
    let part = |part: &str| !part.is_empty();
    let good = |tag: &str| tag.len() <= MAX_LANGUAGE && tag.bytes().all(letter) && tag.split(['-', '_']).all(part);
    tag.as_deref().is_none_or(good).then_some(tag)
}

pub(crate) fn play(played: Vec<wit::Sound>, options: wit::PlayOptions) -> Option<Play> {
    if played.is_empty() {
        return None;
    }
    Some(Play {
        sounds: sounds(played)?,
        language: language(options.language)?,
        interrupt: keys(&options.interrupt)?,
        forever: options.forever,
    })
}

pub(crate) fn read(prompt: Vec<wit::Sound>, options: wit::ReadOptions) -> Option<Read> {
    if !(1..=64).contains(&options.max) || options.min > options.max || !(1..=10).contains(&options.tries) {
        return None;
    }
    Some(Read {
        prompt: sounds(prompt)?,
        language: language(options.language)?,
        min: options.min,
        max: options.max,
        end: keys(&options.end)?,
        first: time(options.first_milliseconds)?,
        next: time(options.next_milliseconds)?,
        tries: options.tries,
        again: sounds(options.again)?,
    })
}

pub(crate) fn record(options: wit::RecordOptions) -> Option<Recording> {
    if !options.name.as_deref().is_none_or(is_own) {
        return None;
    }
    Some(Recording {
        name: options.name,
        limit: time(options.limit_milliseconds)?,
        silence: match options.silence_milliseconds {
            Some(milliseconds) => Some(time(milliseconds)?),
            None => None,
        },
        end: keys(&options.end)?,
        beep: options.beep,
    })
}

pub(crate) fn call_recording(options: wit::CallRecording) -> Option<CallRecording> {
    if !options.name.as_deref().is_none_or(is_own) {
        return None;
    }
    let format = recording_format(options.format);
    let layout = match options.layout {
        wit::RecordingLayout::Mixed => RecordingLayout::Mixed,
        wit::RecordingLayout::Stereo => RecordingLayout::Stereo,
    };
    Some(CallRecording { name: options.name, format, layout, beep: options.beep })
}

pub(crate) fn recording_format(format: wit::RecordingFormat) -> RecordingFormat {
    match format {
        wit::RecordingFormat::Wav => RecordingFormat::Wav,
        wit::RecordingFormat::Opus => RecordingFormat::Opus,
    }
}

pub(crate) fn echo(end: &str, limit_milliseconds: u32) -> Option<Command> {
    Some(Command::Echo { end: keys(end)?, limit: time(limit_milliseconds)? })
}

/// A reply that answers something else is the exchange's way to say that it has taken the call over.
type Told<T> = Result<T, wit::AudioError>;

pub(crate) fn played(reply: &Reply) -> Told<wit::Played> {
    match reply {
        Reply::Played(Played::Whole) => Ok(wit::Played::Whole),
        Reply::Played(Played::Key(key)) => Ok(wit::Played::Key(key.character())),
        _ => Err(wit::AudioError::WrongState),
    }
}

pub(crate) fn digits(reply: Reply) -> Told<wit::Digits> {
    let Reply::Read(Digits { digits, by }) = reply else { return Err(wit::AudioError::WrongState) };
    let by = match by {
        Ended::Enough => wit::Ended::Enough,
        Ended::Key(key) => wit::Ended::Key(key.character()),
        Ended::Time => wit::Ended::Time,
    };
    Ok(wit::Digits { digits, by })
}

pub(crate) fn recorded(reply: Reply) -> Told<wit::Recorded> {
    let Reply::Recorded(Recorded { name, length, key }) = reply else { return Err(wit::AudioError::WrongState) };
    let length_milliseconds = u32::try_from(length.as_millis()).unwrap_or(u32::MAX);
    Ok(wit::Recorded { name, length_milliseconds, key: key.map(Digit::character) })
}

pub(crate) fn recording(reply: Reply) -> Told<String> {
    match reply {
        Reply::Recording(name) => Ok(name),
        _ => Err(wit::AudioError::WrongState),
    }
}

pub(crate) fn done(reply: &Reply) -> Told<()> {
    match reply {
        Reply::Done => Ok(()),
        _ => Err(wit::AudioError::WrongState),
    }
}

pub(crate) fn fault(fault: AudioError) -> wit::AudioError {
    match fault {
        AudioError::Missing(name) => wit::AudioError::Missing(short(name)),
        AudioError::Unplayable(name, why) => {
            wit::AudioError::Unplayable(wit::BadSound { name: short(name), why: short(why) })
        }
        AudioError::NoCodec => wit::AudioError::NoCodec,
        AudioError::Unwritable(why) => wit::AudioError::Unwritable(short(why)),
    }
}

pub(crate) fn error(error: types::Error) -> wit::AudioError {
    match error {
        types::Error::HungUp(ending) => wit::AudioError::HungUp(ending),
        types::Error::WrongState => wit::AudioError::WrongState,
        types::Error::BadValue => wit::AudioError::BadValue,
        types::Error::NoResources => wit::AudioError::NoResources,
    }
}

fn short(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(MAX_WHY));
    words::in_one_line(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_of_a_prompt_leads_out_of_its_folder() {
        for name in ["a", "vm-goodbye", "digits/7", "a_b/c-d/0"] {
            assert!(is_prompt(name), "{name}");
        }
        for name in ["", "/", "/a", "a/", "a//b", "..", "a/../b", "A", "a.wav", "a b", "a\0", "ä", &"a".repeat(201)] {
            assert!(!is_prompt(name), "{name:?}");
        }
        assert!(
            is_own("greeting-2")
                && !is_own("vm-0123456789abcdef0123456789abcdef")
                && !is_recording_name("a/b")
                && !is_recording_name("")
                && !is_recording_name("a_b")
        );
    }

    #[test]
    fn languages_are_tags_and_nothing_else() {
        for tag in ["en", "de-AT", "de_AT", "zh-Hant-TW"] {
            assert_eq!(language(Some(tag.to_owned())), Some(Some(tag.to_owned())));
        }
        assert_eq!(language(None), Some(None));
        for tag in ["", "-", "de-", "../de", "d e", "d\0", &"d".repeat(36)] {
            assert_eq!(language(Some(tag.to_owned())), None, "{tag:?}");
        }
    }

    #[test]
    fn a_set_of_keys_names_each_key_and_no_flash() {
        assert_eq!(keys(""), Some(Keys::NONE));
        assert_eq!(keys("0123456789*#ABCD"), Some(Keys::ALL));
        for text in ["!", "x", "1 2", "1\0", "00000000000000000"] {
            assert_eq!(keys(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_fault_is_told_in_one_short_line() {
        let told = fault(AudioError::Unwritable(format!("no\nspace{}", "x".repeat(1_000))));
        assert!(matches!(told, wit::AudioError::Unwritable(why) if why.starts_with("no space") && why.len() == 200));
    }
}
