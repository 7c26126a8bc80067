//! What rooms say: names of prompts in the usual set, and tones.

use std::time::Duration;

use switch::{Keys, Play, Sound, Tone};

pub(crate) const ASK_PIN: &str = "conf-getpin";
pub(crate) const WRONG_PIN: &str = "conf-invalidpin";
pub(crate) const TOO_MANY_PINS: &str = "confbridge-pin-bad";
pub(crate) const LOCKED: &str = "confbridge-lock-no-join";
pub(crate) const FULL: &str = "conf-full";
pub(crate) const ASK_NAME: &str = "vm-rec-name";
pub(crate) const WAIT: &str = "conf-waitforleader";
pub(crate) const ALONE: &str = "confbridge-only-participant";
pub(crate) const THERE_ARE: &str = "confbridge-there-are";
pub(crate) const OTHERS: &str = "confbridge-participants";
pub(crate) const HAS_JOINED: &str = "confbridge-has-joined";
pub(crate) const HAS_LEFT: &str = "confbridge-has-left";
pub(crate) const MUTED: &str = "confbridge-muted";
pub(crate) const UNMUTED: &str = "confbridge-unmuted";
pub(crate) const NOW_LOCKED: &str = "confbridge-locked";
pub(crate) const NOW_UNLOCKED: &str = "confbridge-unlocked";
pub(crate) const ALL_MUTED: &str = "conf-now-muted";
pub(crate) const ALL_UNMUTED: &str = "conf-now-unmuted";
pub(crate) const RECORDED: &str = "conf-now-recording";
pub(crate) const INVALID: &str = "confbridge-invalid";
pub(crate) const REMOVED: &str = "confbridge-removed";
pub(crate) const LEADER_LEFT: &str = "conf-leaderhasleft";
pub(crate) const ENDED: &str = "confbridge-conf-end";

pub(crate) fn prompt(name: &str) -> Sound {
    Sound::Prompt(name.to_owned())
}

/// One prompt, in this language, to its end.
pub(crate) fn play(name: &str, language: Option<&str>) -> Play {
    let language = language.map(str::to_owned);
    Play { sounds: vec![prompt(name)], language, interrupt: Keys::NONE, forever: false }
}

/// There is no way into the room, and no prompt says why.
pub(crate) fn no_way() -> Play {
    let sounds = vec![Sound::Tone(Tone::Congestion, Duration::from_secs(2))];
    Play { sounds, language: None, interrupt: Keys::NONE, forever: false }
}

/// Somebody came.
pub(crate) fn chime() -> Vec<Sound> {
    vec![Sound::Tone(Tone::Beep, Duration::from_millis(200))]
}

/// Somebody left.
pub(crate) fn double_chime() -> Vec<Sound> {
    let beep = Sound::Tone(Tone::Beep, Duration::from_millis(100));
    vec![beep.clone(), Sound::Silence(Duration::from_millis(60)), beep]
}
