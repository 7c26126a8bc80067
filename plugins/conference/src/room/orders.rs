//! What operators and moderators say to a room.

use switch::{Bearing, Command, Left, MemberNumber, RecordingFormat, RoomEvent, RoomOrder, RoomRefusal};

use super::{Away, MOST, Room};
use crate::prompts::{self, prompt};

impl Room {
    /// Does it, or says why not.
    ///
    /// # Errors
    /// There is no such member, a value is out of range, or the room does not permit it. [`RoomOrder::Invite`] is for
    /// whoever can place calls, by [`call`](Self::call): it is always forbidden here.
    pub fn order(&mut self, order: RoomOrder) -> Result<(), RoomRefusal> {
        if self.over {
            return Err(RoomRefusal::NoRoom);
        }
        match order {
            RoomOrder::Mute(number, on) => self.silence(number, on)?,
            RoomOrder::MuteAll(on) => self.mute_all(on),
            RoomOrder::Deafen(number, on) => {
                let member = self.members.get_mut(&number).ok_or(RoomRefusal::NoMember)?;
                if std::mem::replace(&mut member.deaf, on) != on {
                    self.changed(number);
                }
            }
            RoomOrder::Volume { member, speaking, hearing } => self.volume(member, speaking, hearing)?,
            RoomOrder::Kick(number) => self.kick(number)?,
            RoomOrder::Lock(on) => self.lock(on),
            RoomOrder::Announce(sounds) => {
                if sounds.is_empty() || !switch::are_playable(&sounds) {
                    return Err(RoomRefusal::BadValue);
                }
                if self.whole.len() >= MOST {
                    return Err(RoomRefusal::NoResources);
                }
                self.say_to_all(sounds);
            }
            RoomOrder::Record { name, format } => self.record(name, format)?,
            RoomOrder::PauseRecording(on) => {
                if self.recording.is_none() {
                    return Err(RoomRefusal::Forbidden);
                }
                if std::mem::replace(&mut self.paused, on) != on {
                    let news = |command: &Command| {
                        !matches!(command, Command::PauseRoomRecording | Command::ResumeRoomRecording)
                    };
                    self.whole.retain(news);
                    self.tell_all(if on { Command::PauseRoomRecording } else { Command::ResumeRoomRecording });
                }
            }
            RoomOrder::StopRecording => self.stop_recording()?,
            RoomOrder::Invite(_) => return Err(RoomRefusal::Forbidden),
            RoomOrder::End => self.end(Some(prompts::ENDED)),
        }
        Ok(())
    }

    fn silence(&mut self, number: MemberNumber, on: bool) -> Result<(), RoomRefusal> {
        let member = self.members.get_mut(&number).ok_or(RoomRefusal::NoMember)?;
        let before = member.bearing().muted;
        member.silenced = on;
        // Who is let speak again need not press a key too.
        member.muted &= on;
        if before != on {
            self.whisper(number, vec![prompt(if on { prompts::MUTED } else { prompts::UNMUTED })]);
            self.changed(number);
        }
        Ok(())
    }

    pub(super) fn mute_all(&mut self, on: bool) {
        self.silenced = on;
        for number in self.staying(|member| !member.is_moderator()) {
            let Some(member) = self.members.get_mut(&number) else { continue };
            let before = member.bearing().muted;
            member.silenced = on;
            member.muted &= on;
            if before != on {
                self.changed(number);
            }
        }
        self.announce(if on { prompts::ALL_MUTED } else { prompts::ALL_UNMUTED });
    }

    fn volume(&mut self, number: MemberNumber, speaking: i8, hearing: i8) -> Result<(), RoomRefusal> {
        let member = self.members.get_mut(&number).ok_or(RoomRefusal::NoMember)?;
        let wanted = Bearing { speaking, hearing, ..member.bearing() };
        if !wanted.is_possible() {
            return Err(RoomRefusal::BadValue);
        }
        if wanted != member.bearing() {
            (member.speaking, member.hearing) = (speaking, hearing);
            self.changed(number);
        }
        Ok(())
    }

    pub(super) fn kick(&mut self, number: MemberNumber) -> Result<(), RoomRefusal> {
        let member = self.members.get_mut(&number).ok_or(RoomRefusal::NoMember)?;
        member.away.get_or_insert(Away { why: Left::Kicked, farewell: Some(prompts::REMOVED) });
        self.stirred.insert(number);
        Ok(())
    }

    pub(super) fn lock(&mut self, on: bool) {
        if std::mem::replace(&mut self.locked, on) != on {
            self.announce(if on { prompts::NOW_LOCKED } else { prompts::NOW_UNLOCKED });
            self.events.push_back(RoomEvent::Locked(on));
        }
    }

    pub(super) fn stop_recording(&mut self) -> Result<(), RoomRefusal> {
        if self.recording.is_none() {
            return Err(RoomRefusal::Forbidden);
        }
        self.stopped = true;
        self.end_recording();
        Ok(())
    }

    fn record(&mut self, name: Option<String>, format: RecordingFormat) -> Result<(), RoomRefusal> {
        if name.as_deref().is_some_and(|name| !switch::is_recording_name(name)) {
            return Err(RoomRefusal::BadValue);
        }
        // Of those who wait there is nothing to record; and a name is not taken from a file that is being closed.
        let nobody = self.members.values().all(|member| member.waiting);
        if self.recording.is_some() || nobody || name.as_ref().is_some_and(|name| self.closing.contains(name)) {
            return Err(RoomRefusal::Forbidden);
        }
        self.begin_recording(name, format);
        Ok(())
    }
}
