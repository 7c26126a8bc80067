//! Sounds as operators type them: `prompt:welcome`, `tone:busy`, `digits:600`; the same for calls and rooms.

use prost_types::{Duration, Timestamp};

use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::moment;
use crate::v1::sound::Sound as Spelt;
use crate::v1::{Sound, TimedTone, Tone};

/// What a sound may be, for the help of each verb that takes some.
pub(crate) const SOUNDS: &str = "\
Sounds are heard one after the other:
  prompt:NAME              from the prompt set, as prompt:vm-goodbye
  recording:NAME           what was recorded in this tenant
  tone:NAME[:SECONDS]      dial, ringing, busy, congestion, information or beep; 2 seconds when not said
  tone:HZ[:SECONDS]        a steady tone of 200 to 3400 Hz
  beep                     tone:beep for a fifth of a second
  silence:SECONDS          nothing, as silence:1.5
  digits:600               each of 0-9, * and # for itself
  number:-42               a whole number in words
  date:MOMENT time:MOMENT  as date:now, time:2026-03-01T14:30; said in the tenant's time zone
  spelled:ab1              letters, digits and signs, spelled";

const TONES: [(&str, Tone); 6] = [
    ("dial", Tone::Dial),
    ("ringing", Tone::Ringing),
    ("busy", Tone::Busy),
    ("congestion", Tone::Congestion),
    ("information", Tone::Information),
    ("beep", Tone::Beep),
];

/// How long a tone is heard when nobody says.
const TONE: Duration = Duration { seconds: 2, nanos: 0 };
const BEEP: Duration = Duration { seconds: 0, nanos: 200_000_000 };

/// All of these.
pub(crate) fn read(console: &Console, texts: &[String]) -> Result<Vec<Sound>, Failure> {
    texts.iter().map(|text| sound(console, text)).collect()
}

fn sound(console: &Console, text: &str) -> Result<Sound, Failure> {
    let wrong = || Failure::Argument {
        name: "sound",
        why: format!(
            "`{text}` is none of prompt:NAME, recording:NAME, tone:NAME, beep, silence:SECONDS, digits:…, number:…, date:…, time:…, spelled:…"
        ),
    };
    let (kind, value) = text.split_once(':').unwrap_or((text, ""));
    let sound = match (kind, value) {
        ("beep", "") => Spelt::Beep(BEEP),
        (_, "") => return Err(wrong()),
        ("prompt", name) => Spelt::Prompt(name.to_owned()),
        ("recording", name) => Spelt::Recording(name.to_owned()),
        ("digits", digits) => Spelt::Digits(digits.to_owned()),
        ("number", number) => Spelt::Number(number.parse().map_err(|_| wrong())?),
        ("spelled", letters) => Spelt::Spelled(letters.to_owned()),
        ("silence", time) => Spelt::Silence(seconds(time).ok_or_else(wrong)?),
        ("tone", tone) => Spelt::Tone(timed(tone).ok_or_else(|| no_tone(text))?),
        ("date", moment) => Spelt::Date(instant(console, moment)?.ok_or_else(wrong)?),
        ("time", moment) => Spelt::Time(instant(console, moment)?.ok_or_else(wrong)?),
        _ => return Err(wrong()),
    };
    Ok(Sound { sound: Some(sound) })
}

fn no_tone(text: &str) -> Failure {
    let known = TONES.map(|(name, _)| name).join(", ");
    let why = format!("`{text}` is no tone: tone:NAME or tone:NAME:SECONDS, where NAME is {known} or a number of Hz");
    Failure::Argument { name: "sound", why }
}

fn timed(text: &str) -> Option<TimedTone> {
    let (name, time) = text.split_once(':').map_or((text, Some(TONE)), |(name, time)| (name, seconds(time)));
    let known = TONES.iter().find(|(known, _)| *known == name);
    let (tone, hertz) = match known {
        Some((_, tone)) => (*tone, 0),
        None => (Tone::Test, name.parse().ok()?),
    };
    Some(TimedTone { tone: tone.into(), time: Some(time?), hertz })
}

/// Seconds, with a point where they are not whole.
fn seconds(text: &str) -> Option<Duration> {
    let plain = text.bytes().all(|sign| sign.is_ascii_digit() || sign == b'.');
    let seconds: f64 = text.parse().ok().filter(|_| plain)?;
    std::time::Duration::try_from_secs_f64(seconds).ok()?.try_into().ok()
}

fn instant(console: &Console, text: &str) -> Result<Option<Timestamp>, Failure> {
    if text == "now" {
        return Ok(Some(Timestamp { seconds: console.now.as_second(), nanos: 0 }));
    }
    moment::read(console, "sound", Some(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn console() -> Console {
        Console::terminal(false)
    }

    #[test]
    fn a_sound_is_read_as_it_is_spelt() {
        let console = console();
        let read = |text: &str| sound(&console, text).map(|sound| sound.sound).ok().flatten();
        let tone =
            |tone: Tone, time, hertz| Some(Spelt::Tone(TimedTone { tone: tone.into(), time: Some(time), hertz }));
        let half = Duration { seconds: 1, nanos: 500_000_000 };
        assert_eq!(read("prompt:a/b"), Some(Spelt::Prompt("a/b".to_owned())));
        assert_eq!(read("number:-7"), Some(Spelt::Number(-7)));
        assert_eq!(read("silence:2"), Some(Spelt::Silence(Duration { seconds: 2, nanos: 0 })));
        assert_eq!(read("tone:busy"), tone(Tone::Busy, TONE, 0));
        assert_eq!(read("tone:congestion:1.5"), tone(Tone::Congestion, half, 0));
        assert_eq!(read("tone:425:1.5"), tone(Tone::Test, half, 425));
        assert_eq!(read("date:1970-01-01T00:01:00Z"), Some(Spelt::Date(Timestamp { seconds: 60, nanos: 0 })));
        assert!(matches!(read("time:now"), Some(Spelt::Time(now)) if now.seconds == console.now.as_second()));
        for wrong in [
            "",
            "hello",
            "prompt",
            "prompt:",
            "number:x",
            "silence:-1",
            "silence:inf",
            "silence:1e9",
            "beep:1",
            "tone:",
            "tone:loud",
            "tone:busy:",
            "tone:busy:x",
            "tone:busy:1:2",
            "date:someday",
        ] {
            assert!(sound(&console, wrong).is_err(), "{wrong:?}");
        }
        let told = sound(&console, "tone:loud").expect_err("no tone").to_string();
        assert!(told.contains("`tone:loud`") && told.contains("congestion, information, beep"), "{told}");
    }
}
