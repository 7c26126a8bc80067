//! The verbs of sound, just as the contract has them.
//!
//! ```text
//! play SOUNDS KEYS LANGUAGE [forever]
//! read SOUNDS MIN MAX KEYS FIRST NEXT TRIES AGAIN LANGUAGE
//! record NAME LIMIT SILENCE KEYS beep|quiet
//! echo KEYS LIMIT
//! music SOUNDS
//! hush
//! ```
//!
//! SOUNDS are `kind:value` with commas between; `many:1000` is a thousand of them; in a text `\0` and `\n` are what they say,
//! and `x*1000` is a thousand letters.

use strowger_dialplan::bindings::strowger::dialplan::audio::{PlayOptions, ReadOptions, RecordOptions, TimedTone};
use strowger_dialplan::bindings::strowger::dialplan::call::Call;
use strowger_dialplan::{Sound, Tone};

use crate::number;

pub(crate) fn verb(call: &Call, verb: &str, rest: &str) -> Option<String> {
    let words: Vec<&str> = rest.split(' ').collect();
    let word = |at: usize| words.get(at).copied().filter(|word| *word != "-").unwrap_or_default();
    Some(match verb {
        "play" => {
            let options =
                PlayOptions { language: maybe(word(2)), interrupt: text(word(1)), forever: word(3) == "forever" };
            format!("{:?}", call.play(&sounds(word(0)), &options))
        }
        "read" => {
            let options = ReadOptions {
                language: maybe(word(8)),
                min: number(word(1)),
                max: number(word(2)),
                end: text(word(3)),
                first_milliseconds: number(word(4)),
                next_milliseconds: number(word(5)),
                tries: number(word(6)),
                again: sounds(word(7)),
            };
            format!("{:?}", call.read_digits(&sounds(word(0)), &options))
        }
        "record" => {
            let options = RecordOptions {
                name: maybe(word(0)),
                limit_milliseconds: number(word(1)),
                silence_milliseconds: word(2).parse().ok(),
                end: text(word(3)),
                beep: word(4) == "beep",
            };
            format!("{:?}", call.record(&options))
        }
        "echo" => format!("{:?}", call.echo(&text(word(0)), number(word(1)))),
        "music" => format!("{:?}", call.music(&sounds(word(0)))),
        "hush" => format!("{:?}", call.hush()),
        _ => return None,
    })
}

pub(crate) fn sounds(words: &str) -> Vec<Sound> {
    words.split(',').filter(|word| !word.is_empty()).flat_map(some).collect()
}

fn some(word: &str) -> Vec<Sound> {
    let (kind, value) = word.split_once(':').unwrap_or((word, ""));
    vec![match kind {
        "many" => return vec![Sound::Silence(1); number(value)],
        "prompt" => Sound::Prompt(text(value)),
        "tone" => {
            let (name, milliseconds) = value.split_once(':').unwrap_or((value, ""));
            Sound::Tone(TimedTone { tone: tone(name), milliseconds: number(milliseconds) })
        }
        "silence" => Sound::Silence(number(value)),
        "digits" => Sound::Digits(text(value)),
        "number" => Sound::Number(number(value)),
        "date" => Sound::Date(number(value)),
        "time" => Sound::Time(number(value)),
        "spelled" => Sound::Spelled(text(value)),
        "recording" => Sound::Recording(text(value)),
        _ => return Vec::new(),
    }]
}

fn tone(name: &str) -> Tone {
    match name {
        "dial" => Tone::Dial,
        "ringing" => Tone::Ringing,
        "busy" => Tone::Busy,
        "congestion" => Tone::Congestion,
        "information" => Tone::Information,
        "beep" => Tone::Beep,
        hertz => Tone::Test(number(hertz)),
    }
}

fn text(word: &str) -> String {
    match word.split_once('*') {
        Some((letter, count)) if count.len() > 1 && count.parse::<usize>().is_ok() => letter.repeat(number(count)),
        _ => word.replace("\\n", "\n").replace("\\0", "\0"),
    }
}

fn maybe(word: &str) -> Option<String> {
    (!word.is_empty()).then(|| text(word))
}
