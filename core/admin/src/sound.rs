//! What is to be heard, in the spelling of the API: one list for calls and rooms.

use std::time::Duration;

use store::Tenant;
use switch::{Sound, Tone};
use tonic::Status;

use crate::desk::Desk;
use crate::live::NotHeard;
use crate::v1;
use crate::v1::sound::Sound as Spelt;
use crate::violations::Violations;
use crate::words;

/// The longest name of a sound, and the most bytes of digits or letters at once.
const TEXT: usize = 256;
/// The largest number that is said.
const NUMBER: u64 = 1_000_000_000_000;
/// The seconds of the years 1 to 9999.
const MOMENTS: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;
/// The frequencies of a test tone in Hz.
const TEST: std::ops::RangeInclusive<u16> = 200..=3_400;

/// How much a list of sounds may hold.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Most {
    pub(crate) sounds: usize,
    /// The longest tone or silence.
    pub(crate) time: Duration,
}

impl Desk {
    /// An error where it is known already that not all of these would be heard.
    pub(crate) async fn expect_audible(
        &self,
        tenant: &Tenant,
        sounds: &[Sound],
        language: Option<&str>,
    ) -> Result<(), Status> {
        let heard = self.live.audible(tenant.id, sounds, language).await;
        heard.map_err(|why| match why {
            NotHeard::NoPrompt { name, languages } => {
                let languages = languages.join(", ");
                Status::not_found(format!("there is no prompt {name}; it was looked for in {languages}"))
            }
            NotHeard::NoRecording(name) => Status::not_found(format!("there is no recording {name}")),
            NotHeard::Unplayable { name, why } => {
                Status::failed_precondition(format!("{name} cannot be played: {why}"))
            }
        })
    }
}

/// Reads sounds, at least so many; each that is wrong is noted by its place.
pub(crate) fn read(wrong: &mut Violations, sounds: Vec<v1::Sound>, least: usize, most: Most) -> Vec<Sound> {
    let number = sounds.len();
    wrong.expect((least..=most.sounds).contains(&number), "sounds", &format!("{least} to {} sounds", most.sounds));
    let read = sounds.into_iter().take(most.sounds).enumerate().filter_map(|(at, sound)| {
        let spelt = sound.sound.ok_or_else(|| "no sound is said".to_owned());
        let read = spelt.and_then(|spelt| sound_of(spelt, most.time)).and_then(|sound| {
            let playable = switch::are_playable(std::slice::from_ref(&sound));
            if playable { Ok(sound) } else { Err(unplayable(&sound).to_owned()) }
        });
        wrong.read(&format!("sounds[{at}]"), read)
    });
    read.collect()
}

/// At least one, where nothing else of the request can be wrong.
pub(crate) fn all(sounds: Vec<v1::Sound>, most: Most) -> Result<Vec<Sound>, Status> {
    let mut wrong = Violations::default();
    let read = read(&mut wrong, sounds, 1, most);
    wrong.finish()?;
    Ok(read)
}

fn sound_of(sound: Spelt, longest: Duration) -> Result<Sound, String> {
    Ok(match sound {
        Spelt::Prompt(name) => Sound::Prompt(text(name)?),
        // Messages are heard by VoicemailService alone.
        Spelt::Recording(name) if switch::is_a_mailboxes(&name) => return Err("it is a mailbox's".to_owned()),
        Spelt::Recording(name) => Sound::Recording(text(name)?),
        Spelt::Digits(digits) => Sound::Digits(text(digits)?),
        Spelt::Number(number) if number.unsigned_abs() <= NUMBER => Sound::Number(number),
        Spelt::Number(_) => return Err("-1,000,000,000,000 to 1,000,000,000,000".to_owned()),
        Spelt::Spelled(letters) => Sound::Spelled(text(letters)?),
        Spelt::Beep(time) => Sound::Tone(Tone::Beep, duration(Some(time), longest)?),
        Spelt::Silence(time) => Sound::Silence(duration(Some(time), longest)?),
        Spelt::Tone(tone) => Sound::Tone(tone_of(&tone)?, duration(tone.time, longest)?),
        Spelt::Date(moment) => Sound::Date(second(moment)?),
        Spelt::Time(moment) => Sound::Time(second(moment)?),
    })
}

fn tone_of(timed: &v1::TimedTone) -> Result<Tone, String> {
    let none = || format!("{} is none of dial (1) to test (7)", timed.tone);
    let tone = match v1::Tone::try_from(timed.tone).map_err(|_| none())? {
        v1::Tone::Unspecified => return Err(none()),
        v1::Tone::Dial => Tone::Dial,
        v1::Tone::Ringing => Tone::Ringing,
        v1::Tone::Busy => Tone::Busy,
        v1::Tone::Congestion => Tone::Congestion,
        v1::Tone::Information => Tone::Information,
        v1::Tone::Beep => Tone::Beep,
        v1::Tone::Test => {
            let hertz = u16::try_from(timed.hertz).ok().filter(|hertz| TEST.contains(hertz));
            return hertz.map(Tone::Test).ok_or_else(|| "a test tone has 200 to 3,400 Hz".to_owned());
        }
    };
    if timed.hertz == 0 { Ok(tone) } else { Err("the test tone alone has a frequency of its own".to_owned()) }
}

fn second(moment: prost_types::Timestamp) -> Result<i64, String> {
    let seconds = Some(moment.seconds).filter(|seconds| MOMENTS.contains(seconds));
    seconds.ok_or_else(|| "a moment of the years 1 to 9999".to_owned())
}

fn text(text: String) -> Result<String, String> {
    let fits = (1..=TEXT).contains(&text.len()) && !text.chars().any(char::is_control);
    if fits { Ok(text) } else { Err("1 to 256 bytes, no control characters".to_owned()) }
}

fn duration(time: Option<prost_types::Duration>, longest: Duration) -> Result<Duration, String> {
    let time = time.and_then(words::duration).filter(|time| !time.is_zero() && *time <= longest);
    time.ok_or_else(|| format!("more than 0 and at most {} seconds", longest.as_secs()))
}

/// What would be right where a sound is spelt in a way that none can be.
fn unplayable(sound: &Sound) -> &'static str {
    match sound {
        Sound::Prompt(_) => "a prompt's name has 1 to 200 of a-z, 0-9, `-`, `_`, in parts divided by `/`",
        Sound::Recording(_) => "a recording's name has 1 to 64 of a-z, 0-9 and `-`",
        Sound::Digits(_) => "1 to 64 of 0-9, `*` and `#`",
        Sound::Spelled(_) => "1 to 64 characters, no control characters",
        _ => "out of range",
    }
}
