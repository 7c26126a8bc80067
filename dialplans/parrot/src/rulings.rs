//! What is said to rooms, just as the contract has it: `room mute 600 2 on`, `room announce 600 prompt:a,number:7`.

use strowger_dialplan::{RecordingFormat, rooms};

use crate::sounds::sounds;
use crate::{number, target};

pub(crate) fn verb(rest: &str) -> Option<String> {
    let words: Vec<&str> = rest.split(' ').collect();
    let word = |at: usize| words.get(at).copied().unwrap_or_default();
    let (verb, room) = (word(0), word(1));
    let on = |at: usize| word(at) == "on";
    Some(match verb {
        "members" => format!("{:?}", rooms::members(room)),
        "mute" => format!("{:?}", rooms::mute(room, number(word(2)), on(3))),
        "mute-all" => format!("{:?}", rooms::mute_all(room, on(2))),
        "deafen" => format!("{:?}", rooms::deafen(room, number(word(2)), on(3))),
        "volume" => format!("{:?}", rooms::volume(room, number(word(2)), number(word(3)), number(word(4)))),
        "kick" => format!("{:?}", rooms::kick(room, number(word(2)))),
        "lock" => format!("{:?}", rooms::lock(room, on(2))),
        "announce" => {
            let said = if word(2) == "-" { Vec::new() } else { sounds(word(2)) };
            format!("{:?}", rooms::announce(room, &said))
        }
        "record" => {
            let name = Some(word(2)).filter(|name| *name != "-");
            let format = if word(3) == "opus" { RecordingFormat::Opus } else { RecordingFormat::Wav };
            format!("{:?}", rooms::record(room, name, format))
        }
        "pause-recording" => format!("{:?}", rooms::pause_recording(room, on(2))),
        "stop-recording" => format!("{:?}", rooms::stop_recording(room)),
        "invite" => format!("{:?}", rooms::invite(room, &target(word(2))?)),
        "end" => format!("{:?}", rooms::end(room)),
        _ => return None,
    })
}
