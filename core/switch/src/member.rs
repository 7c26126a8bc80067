//! A caller as a member of a mixer: a small machine beside the call, in the place of the one for
//! [`sound`](crate::sound) while he is there.
//!
//! | state | event | next | what is sent | what is told |
//! |---|---|---|---|---|
//! | Out | join | In | Join, Watch | Done |
//! | Out | anything else of this | Out | | Refused |
//! | In | bear | In | Join | Done |
//! | In | whisper | In | Play, or Hush when it is nothing | Done |
//! | In | what was whispered is over | In | | |
//! | In | announce; its recording starts, pauses, resumes, stops | In | Announce, `RecordRoom`, `PauseRoom`, `EnoughRoom` | Done |
//! | In | a key; he speaks | In | | Key, Speaking |
//! | In | his phone holds | In, apart | Join: muted and deaf, Watch off | Held |
//! | In, apart | it comes back | In | Join: as he was, Watch | Resumed |
//! | In | leave | Out | Hush, Leave, Watch off | Done |
//! | In | the call ends, connects or is taken away | Out | Hush, Leave | |
//!
//! Who holds stays a member: what his phone plays meanwhile reaches nobody, and a room of one does not close for it.

use crate::audio::{AudioError, Digit, Play, RecordingLayout};
use crate::command::Command;
use crate::event::{Event, PlayEnd, Refusal, Reply};
use crate::ids::PortId;
use crate::media::{MediaCommand, SoundId};
use crate::record::RecordingKind;
use crate::room::{Bearing, LONGEST_ROOM_RECORDING, MixerId};
use crate::sound::told::Told;
use crate::sound::{Place, check};
use crate::wire::{Reel, Wire};

const WRONG: Reply = Reply::Refused(Refusal::WrongState);
const BAD: Reply = Reply::Refused(Refusal::BadValue);

/// The machine of one call.
#[derive(Debug, Default)]
pub(crate) struct Member {
    inside: Option<Inside>,
    /// How many recordings got their name from us.
    named: u32,
}

#[derive(Debug)]
struct Inside {
    mixer: MixerId,
    /// As it was asked for.
    bearing: Bearing,
    /// His phone holds.
    apart: bool,
    /// What is whispered.
    whisper: Option<SoundId>,
    told: Told,
}

impl Inside {
    /// How he is there: who holds is neither heard nor hears.
    fn borne(&self) -> Bearing {
        let Bearing { muted, deaf, .. } = self.bearing;
        Bearing { muted: muted || self.apart, deaf: deaf || self.apart, ..self.bearing }
    }

    fn place(&self, at: &Place, wire: &mut Wire) {
        let Place { port, tenant, .. } = *at;
        wire.media(MediaCommand::Join { port, mixer: self.mixer, tenant, bearing: self.borne() });
    }

    /// Who is there must be heard of; who holds may rightly be silent.
    fn watch(&self, port: PortId, wire: &mut Wire) {
        let silence = if self.apart { None } else { wire.config.media_silence };
        wire.media(MediaCommand::Watch { port, silence });
    }

    fn hush(&mut self, port: PortId, wire: &mut Wire) {
        if self.whisper.take().is_some() {
            self.told.end(PlayEnd::Stopped, wire);
            wire.media(MediaCommand::Hush { port });
        }
    }
}

impl Member {
    /// He is in a mixer.
    pub(crate) fn is_in(&self) -> bool {
        self.inside.is_some()
    }

    /// Of which mixer he is a member.
    pub(crate) fn mixer(&self) -> Option<MixerId> {
        self.inside.as_ref().map(|inside| inside.mixer)
    }

    /// He becomes a member of a mixer, who is in none; `apart` when his phone holds.
    pub(crate) fn join(&mut self, mixer: MixerId, bearing: Bearing, apart: bool, at: &Place, wire: &mut Wire) {
        let inside = Inside { mixer, bearing, apart, whisper: None, told: Told::default() };
        inside.place(at, wire);
        inside.watch(at.port, wire);
        self.inside = Some(inside);
    }

    /// Any of the commands for a member. `id` is for what sounds by it.
    pub(crate) fn command(&mut self, command: Command, id: SoundId, at: &Place, wire: &mut Wire) -> Reply {
        let Some(inside) = &mut self.inside else { return WRONG };
        let (&Place { port, tenant, .. }, mixer) = (at, inside.mixer);
        match command {
            Command::Bear(bearing) if bearing.is_possible() => {
                inside.bearing = bearing;
                inside.place(at, wire);
            }
            Command::Whisper(sounds) if check::are_playable(&sounds) => {
                if sounds.is_empty() {
                    inside.hush(port, wire);
                } else {
                    inside.whisper = Some(id);
                    inside.told.begin(at, &sounds, false, wire);
                    let language = at.language();
                    wire.media(MediaCommand::Play { port, id, tenant, sounds, language, forever: false });
                }
            }
            Command::Announce { sounds, language } if check::are_playable(&sounds) && !sounds.is_empty() => {
                wire.media(MediaCommand::Announce { mixer, id, tenant, sounds, language });
            }
            Command::StartRoomRecording { name, limit, format }
                if check::recorded(name.as_deref(), limit, LONGEST_ROOM_RECORDING) =>
            {
                let name = name.unwrap_or_else(|| {
                    self.named += 1;
                    format!("{}-room-{}", at.uid, self.named)
                });
                let (reel, shape) = (Reel::Mixer(mixer, id, name.clone()), (format, RecordingLayout::Mixed));
                wire.begin_recording(reel, RecordingKind::Room, &name, shape, at);
                wire.media(MediaCommand::RecordRoom { mixer, id, tenant, name, limit, format });
            }
            Command::PauseRoomRecording => wire.media(MediaCommand::PauseRoom { mixer, on: true }),
            Command::ResumeRoomRecording => wire.media(MediaCommand::PauseRoom { mixer, on: false }),
            Command::StopRoomRecording => wire.media(MediaCommand::EnoughRoom { mixer }),
            Command::Leave => {
                self.leave(port, wire);
                wire.media(MediaCommand::Watch { port, silence: None });
            }
            _ => return BAD,
        }
        Reply::Done
    }

    /// Whispers this to him, as whoever is in the room may not hear.
    pub(crate) fn whisper(&mut self, play: Play, id: SoundId, at: &Place, wire: &mut Wire) {
        let Some(inside) = &mut self.inside else { return };
        let (Play { sounds, language, forever, .. }, &Place { port, tenant, .. }) = (play, at);
        inside.whisper = Some(id);
        inside.told.begin(at, &sounds, forever, wire);
        let language = language.or_else(|| at.language());
        wire.media(MediaCommand::Play { port, id, tenant, sounds, language, forever });
    }

    /// Whispers nothing more; says whether there was anything.
    pub(crate) fn cut(&mut self, port: PortId, wire: &mut Wire) -> bool {
        let whispers = self.inside.as_mut().filter(|inside| inside.whisper.is_some());
        whispers.map(|inside| inside.hush(port, wire)).is_some()
    }

    /// A key of his, while he is there: whoever holds the call is told. A flash of the hook is no key.
    pub(crate) fn key(&self, key: Digit, at: &Place, wire: &mut Wire) {
        if key != Digit::FLASH {
            wire.event(at.call, Event::Key(key));
        }
    }

    /// He speaks, or does no longer.
    pub(crate) fn speaks(&self, speaks: bool, at: &Place, wire: &mut Wire) {
        if self.is_in() {
            wire.event(at.call, Event::Speaking(speaks));
        }
    }

    /// What was whispered is over, or could not be played.
    pub(crate) fn played(&mut self, over: SoundId, fault: Option<AudioError>, wire: &mut Wire) {
        if let Some(inside) = &mut self.inside
            && inside.whisper == Some(over)
        {
            inside.whisper = None;
            inside.told.end(fault.map_or(PlayEnd::Whole, PlayEnd::Failed), wire);
        }
    }

    /// Operators are told that what is whispered ends here.
    pub(crate) fn tell_end(&mut self, wire: &mut Wire) {
        if let Some(inside) = &mut self.inside {
            inside.told.end(PlayEnd::Stopped, wire);
        }
    }

    /// His phone holds, or came back; says whether that is news.
    pub(crate) fn hold(&mut self, apart: bool, at: &Place, wire: &mut Wire) -> bool {
        let Some(inside) = &mut self.inside else { return false };
        let news = std::mem::replace(&mut inside.apart, apart) != apart;
        if news {
            inside.place(at, wire);
        }
        // What was agreed anew is watched from its own beginning.
        inside.watch(at.port, wire);
        news
    }

    /// He is there no longer, and nobody is told here. Without a port he is gone already.
    pub(crate) fn stop(&mut self, port: Option<PortId>, wire: &mut Wire) {
        match port {
            Some(port) => self.leave(port, wire),
            None => {
                self.tell_end(wire);
                self.inside = None;
            }
        }
    }

    fn leave(&mut self, port: PortId, wire: &mut Wire) {
        if let Some(mut inside) = self.inside.take() {
            inside.hush(port, wire);
            wire.media(MediaCommand::Leave { port });
        }
    }
}
