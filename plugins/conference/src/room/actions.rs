//! What members do by keys.

use switch::{Bearing, Left, MemberNumber, RecordingFormat, Sound};

use super::{Away, Room};
use crate::keys::Action;
use crate::prompts::{self, prompt};

/// How much a key changes a volume, in dB.
const STEP: i8 = 4;

impl Room {
    pub(super) fn act(&mut self, number: MemberNumber, action: Action) {
        let Some(member) = self.members.get_mut(&number) else { return };
        if action.is_moderators() && !member.is_moderator() {
            return self.whisper(number, vec![prompt(prompts::INVALID)]);
        }
        match action {
            // Whom a moderator muted, a moderator lets speak again.
            Action::Mute if member.silenced => self.whisper(number, vec![prompt(prompts::MUTED)]),
            Action::Mute => {
                member.muted = !member.muted;
                let said = if member.muted { prompts::MUTED } else { prompts::UNMUTED };
                self.whisper(number, vec![prompt(said)]);
                self.changed(number);
            }
            Action::HearQuieter => self.turn(number, 0, -STEP),
            Action::HearLouder => self.turn(number, 0, STEP),
            Action::SpeakQuieter => self.turn(number, -STEP, 0),
            Action::SpeakLouder => self.turn(number, STEP, 0),
            Action::Count => self.count(number),
            Action::Leave => {
                member.away.get_or_insert(Away { why: Left::Key, farewell: None });
                self.stirred.insert(number);
            }
            Action::MuteAll => self.mute_all(!self.silenced),
            Action::Lock => self.lock(!self.locked),
            // It fails where nothing is recorded.
            Action::Record if self.stop_recording().is_ok() => {}
            Action::Record => self.begin_recording(None, RecordingFormat::Wav),
            Action::KickLast => {
                let last = self.staying(|member| !member.is_moderator()).last().copied();
                if let Some(last) = last {
                    // He is there.
                    let _ = self.kick(last);
                }
            }
            Action::End => self.end(Some(prompts::ENDED)),
        }
    }

    /// The volumes of speaking and hearing change by so much, as far as they can.
    fn turn(&mut self, number: MemberNumber, speaking: i8, hearing: i8) {
        let Some(member) = self.members.get_mut(&number) else { return };
        let within = |volume: i8| volume.clamp(*Bearing::VOLUMES.start(), *Bearing::VOLUMES.end());
        let before = member.bearing();
        member.speaking = within(member.speaking + speaking);
        member.hearing = within(member.hearing + hearing);
        if member.bearing() != before {
            self.changed(number);
        }
    }

    fn count(&mut self, number: MemberNumber) {
        let others = self.staying(|member| !member.waiting).len().saturating_sub(1);
        let said = match i64::try_from(others) {
            Ok(0) | Err(_) => vec![prompt(prompts::ALONE)],
            Ok(others) => vec![prompt(prompts::THERE_ARE), Sound::Number(others), prompt(prompts::OTHERS)],
        };
        self.whisper(number, said);
    }
}
