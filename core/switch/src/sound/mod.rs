//! What sounds for the caller of a call, what is asked of his keys and what is recorded of him: a small machine beside
//! the call, which does one thing at a time.
//!
//! | state | event | next | what is sent | reply |
//! |---|---|---|---|---|
//! | Quiet, Music | play | Playing | Play | |
//! | Quiet, Music | play, while a key that ends it is kept | Quiet | Hush | Played(key) |
//! | Quiet, Music | read | Asking, or Listening where nothing is to be said | Play | |
//! | Quiet, Music | read, while keys are kept | as if they were pressed then, and nothing is said | Hush | Read when they are enough |
//! | Quiet, Music | record with a beep | Beeping | Play | |
//! | Quiet, Music | record | Recording | Hush, Record | |
//! | Quiet, Music | echo | Echoing (timer) | Hush, Echo on | |
//! | Quiet, Music | music | Music | Play | Done |
//! | Quiet, Music | hush | Quiet | Hush | Done |
//! | Music | it is over, or cannot be played | Quiet; Music where it listens | | |
//! | Music that listens | a key | Music | | a Key |
//! | Quiet | it rings where the caller is to be connected | Music that is the ring-back tone | Play | |
//! | the same | it rings no more, or the callee's side is heard | Quiet | Hush | |
//! | Playing | it is over, or cannot be played | Quiet | | Played(whole), Inaudible |
//! | Playing | a key that ends it | Quiet | Hush | Played(key) |
//! | Asking | it is over | Listening (timer `first`) | | |
//! | Asking | it cannot be played | Quiet | | Inaudible |
//! | Asking | a key | as in Listening | Hush | |
//! | Listening | a key, more may come | Listening (timer `next`) | | |
//! | Listening | a key, `max` are there; or one that ends it after `min` | Quiet | | Read |
//! | Listening | time, or a key that ends it, before `min` | Asking, while tries are left | Play | |
//! | Listening | time, or a key that ends it, and no try is left | Quiet | | Read |
//! | Beeping | it is over | Recording | Record | |
//! | Beeping | it cannot be played | Quiet | | Inaudible |
//! | Recording | a key that ends it | Recording, and the key is known | Enough | |
//! | Recording | it is on the disk, or could not be | Quiet | | Recorded, Inaudible |
//! | Echoing | a key that ends it; time | Quiet | Echo off | Played(key), Played(whole) |
//! | Quiet, Music, Interlude | an operator plays | Interlude | Play | |
//! | Interlude | it is over; a key that ends it; an operator stops it | Music where there was some before, else Quiet | Hush, Play | |
//! | Interlude | play, read, record, echo, music | as in Quiet | as in Quiet | |
//! | Music, Interlude | an operator has music played | Music | Play | |
//! | Playing | an operator stops it | Quiet | Hush | Played(whole) |
//! | Asking | an operator stops it | Listening (timer `first`) | Hush | |
//! | any | the call ends, connects or is taken away | Quiet | Hush, Enough, Echo off | |
//!
//! A key that nothing of this takes is kept, up to [`KEPT`] of them: people type ahead. A flash of the hook is no key.
//! Operators are told when a playing begins, and how it ended ([`Told`]); the same of a recording.
//! Music is no command under way: the application goes on meanwhile. While music plays that listens, keys are told as
//! they come, and none is kept; while an operator plays over it, too. What an operator plays is in [`interlude`].

pub(crate) mod check;
mod interlude;
mod reading;
#[cfg(test)]
mod tests;
pub(crate) mod told;

use std::collections::VecDeque;
use std::time::Duration;

use crate::audio::{
    AudioError, Digit, Keys, Play, Played, Read, Record, Recorded, RecordingFormat, RecordingLayout, Sound, Tone,
};
use crate::event::{Event, PlayEnd, RecordingState, Refusal, Reply, Side};
use crate::ids::{CallId, CallUid, PortId, TenantId};
use crate::media::{MediaCommand, SoundId};
use crate::policy::Language;
use crate::record::RecordingKind;
use crate::sound::reading::{Reading, Turn};
use crate::sound::told::Told;
use crate::timers::{Timer, TimerKey};
use crate::wire::{Reel, Wire};

/// How many keys are kept that nothing reads yet. Further ones are lost.
pub(crate) const KEPT: usize = 64;

/// The ring-back tone begins anew after so long; any cadence (ITU-T E.180) fits in without a break that is heard.
const RINGING: Duration = Duration::from_secs(60);

/// How long the tone before a recording lasts.
const BEEP: Duration = Duration::from_millis(400);

/// Whose sound it is and where it is heard.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) call: CallId,
    pub(crate) uid: CallUid,
    pub(crate) tenant: TenantId,
    pub(crate) port: PortId,
    /// Which party of the call hears it.
    pub(crate) side: Side,
    /// In which language he who is there is spoken to; the tenant's when `None`.
    pub(crate) language: Option<Language>,
}

impl Place {
    /// In which language he is spoken to, as a tag.
    pub(crate) fn language(&self) -> Option<String> {
        self.language.as_ref().map(|language| language.as_str().to_owned())
    }
}

/// The machine of one call.
#[derive(Debug, Default)]
pub(crate) struct Sounds {
    state: State,
    /// What was pressed while nothing took it, the oldest first.
    kept: VecDeque<Digit>,
    timer: Option<TimerKey>,
    told: Told,
    /// What is recorded, in which call, until its end is told.
    taken: Option<(CallId, String)>,
    minted: u32,
    /// How many recordings got their name from us.
    named: u32,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Quiet,
    Music {
        id: SoundId,
        tune: Tune,
    },
    /// An operator plays.
    Interlude {
        id: SoundId,
        interrupt: Keys,
        /// What goes on when it is over.
        after: Option<Tune>,
    },
    Playing {
        id: SoundId,
        interrupt: Keys,
    },
    Asking {
        id: SoundId,
        reading: Box<Reading>,
    },
    Listening(Box<Reading>),
    Beeping {
        id: SoundId,
        name: String,
        record: Box<Record>,
    },
    Recording {
        id: SoundId,
        name: String,
        end: Keys,
        key: Option<Digit>,
    },
    Echoing(Keys),
}

/// Music, and what becomes of keys meanwhile.
#[derive(Debug)]
struct Tune {
    /// Nothing where it was ended and keys are told still.
    sounds: Vec<Sound>,
    /// Keys are told.
    listens: bool,
    /// It is the ring-back tone.
    rings: bool,
}

impl State {
    /// What plays.
    const fn plays(&self) -> Option<SoundId> {
        match self {
            Self::Music { id, .. }
            | Self::Interlude { id, .. }
            | Self::Playing { id, .. }
            | Self::Asking { id, .. }
            | Self::Beeping { id, .. } => Some(*id),
            Self::Quiet | Self::Listening(_) | Self::Recording { .. } | Self::Echoing(_) => None,
        }
    }
}

/// What comes of an input: the reply to the command, when that is over.
type Outcome = Option<Reply>;

const BAD: Outcome = Some(Reply::Refused(Refusal::BadValue));

impl Sounds {
    // ---- what an application asks ----

    pub(crate) fn play(&mut self, play: Play, at: &Place, wire: &mut Wire) -> Outcome {
        if !check::play(&play) {
            return BAD;
        }
        let Play { sounds, language, interrupt, forever } = play;
        if let Some(key) = self.take_kept(interrupt) {
            self.end_music(at.port, wire);
            return Some(Reply::Played(Played::Key(key)));
        }
        let id = self.begin(sounds, language, forever, at, wire);
        self.state = State::Playing { id, interrupt };
        None
    }

    pub(crate) fn read(&mut self, read: Read, at: &Place, wire: &mut Wire) -> Outcome {
        if !check::read(&read) {
            return BAD;
        }
        let reading = Box::new(Reading::new(read));
        if let Some(key) = self.kept.pop_front() {
            self.end_music(at.port, wire);
            return self.read_key(reading, key, at, wire);
        }
        let prompt = reading.wanted().prompt.clone();
        self.ask(reading, prompt, at, wire)
    }

    pub(crate) fn record(&mut self, record: Record, at: &Place, wire: &mut Wire) -> Outcome {
        if !check::record(&record) {
            return BAD;
        }
        let name = record.name.clone().unwrap_or_else(|| self.name(at.uid));
        if record.beep {
            let id = self.begin(vec![Sound::Tone(Tone::Beep, BEEP)], None, false, at, wire);
            self.state = State::Beeping { id, name, record: Box::new(record) };
        } else {
            self.end_music(at.port, wire);
            self.begin_recording(name, &record, at, wire);
        }
        None
    }

    pub(crate) fn echo(&mut self, end: Keys, limit: Duration, at: &Place, wire: &mut Wire) -> Outcome {
        if !check::time(limit) {
            return BAD;
        }
        self.end_music(at.port, wire);
        wire.media(MediaCommand::Echo { port: at.port, on: true });
        self.timer = Some(wire.arm(limit, Timer::Sound(at.call)));
        self.state = State::Echoing(end);
        None
    }

    /// Music does not wait: the reply comes at once.
    pub(crate) fn music(&mut self, mut sounds: Vec<Sound>, listens: bool, at: &Place, wire: &mut Wire) -> Outcome {
        if !check::are_playable(&sounds) {
            return BAD;
        }
        if sounds.is_empty() {
            sounds = wire.config.music();
        }
        self.begin_music(Tune { sounds, listens, rings: false }, at, wire);
        if listens {
            for key in self.kept.drain(..) {
                wire.event(at.call, Event::Key(key));
            }
        }
        Some(Reply::Done)
    }

    /// Music plays for the caller.
    pub(crate) fn has_music(&self) -> bool {
        match &self.state {
            State::Music { tune, .. } | State::Interlude { after: Some(tune), .. } => !tune.rings,
            _ => false,
        }
    }

    /// What plays under this name is music, and not the ring-back tone.
    pub(crate) fn is_music(&self, over: SoundId) -> bool {
        matches!(&self.state, State::Music { id, tune } if *id == over && !tune.rings)
    }

    /// Ends the music, and nothing else.
    pub(crate) fn hush(&mut self, port: PortId, wire: &mut Wire) {
        match &mut self.state {
            State::Music { tune, .. } if !tune.rings => self.end_music(port, wire),
            State::Interlude { after, .. } => drop(after.take_if(|tune| !tune.rings)),
            _ => {}
        }
    }

    /// Ends the music, and what an operator plays, for what takes its place.
    fn end_music(&mut self, port: PortId, wire: &mut Wire) {
        if matches!(self.state, State::Music { .. } | State::Interlude { .. }) {
            self.state = State::Quiet;
            self.told.end(PlayEnd::Stopped, wire);
            wire.media(MediaCommand::Hush { port });
        }
    }

    /// The caller hears that it rings, where he hears nothing else.
    pub(crate) fn ring(&mut self, at: &Place, wire: &mut Wire) {
        let sounds = vec![Sound::Tone(Tone::Ringing, RINGING)];
        let tune = Tune { sounds, listens: false, rings: true };
        match &mut self.state {
            State::Quiet => self.begin_music(tune, at, wire),
            State::Interlude { after: after @ None, .. } => *after = Some(tune),
            _ => {}
        }
    }

    /// It rings no more, or something else is heard.
    pub(crate) fn end_ringing(&mut self, port: PortId, wire: &mut Wire) {
        match &mut self.state {
            State::Music { tune, .. } if tune.rings => self.end_music(port, wire),
            State::Interlude { after, .. } => drop(after.take_if(|tune| tune.rings)),
            _ => {}
        }
    }

    /// What was typed ahead was for something else.
    pub(crate) fn forget_keys(&mut self) {
        self.kept.clear();
    }

    // ---- what happens ----

    pub(crate) fn key(&mut self, key: Digit, at: &Place, wire: &mut Wire) -> Outcome {
        if key == Digit::FLASH {
            return None;
        }
        match std::mem::take(&mut self.state) {
            State::Playing { interrupt, .. } if interrupt.has(key) => {
                self.told.end(PlayEnd::Key, wire);
                wire.media(MediaCommand::Hush { port: at.port });
                Some(Reply::Played(Played::Key(key)))
            }
            State::Asking { reading, .. } => {
                self.told.end(PlayEnd::Key, wire);
                wire.media(MediaCommand::Hush { port: at.port });
                self.read_key(reading, key, at, wire)
            }
            State::Listening(reading) => {
                wire.timers.cancel(&mut self.timer);
                self.read_key(reading, key, at, wire)
            }
            State::Recording { id, name, end, key: None } if end.has(key) => {
                wire.media(MediaCommand::Enough { port: at.port });
                self.state = State::Recording { id, name, end, key: Some(key) };
                None
            }
            State::Echoing(end) if end.has(key) => {
                wire.timers.cancel(&mut self.timer);
                wire.media(MediaCommand::Echo { port: at.port, on: false });
                Some(Reply::Played(Played::Key(key)))
            }
            State::Interlude { interrupt, after, .. } if interrupt.has(key) => {
                self.told.end(PlayEnd::Key, wire);
                wire.media(MediaCommand::Hush { port: at.port });
                self.go_on(after, at, wire);
                None
            }
            music @ (State::Music { tune: Tune { listens: true, .. }, .. }
            | State::Interlude { after: Some(Tune { listens: true, .. }), .. }) => {
                self.state = music;
                wire.event(at.call, Event::Key(key));
                None
            }
            other => {
                self.state = other;
                if self.kept.len() < KEPT {
                    self.kept.push_back(key);
                }
                None
            }
        }
    }

    /// What was played is over; an answer for what was replaced meanwhile says nothing.
    pub(crate) fn played(&mut self, over: SoundId, fault: Option<AudioError>, at: &Place, wire: &mut Wire) -> Outcome {
        if self.state.plays() == Some(over) {
            self.told.end(fault.clone().map_or(PlayEnd::Whole, PlayEnd::Failed), wire);
        }
        match (std::mem::take(&mut self.state), fault) {
            (State::Music { id, tune: Tune { listens: false, .. } }, _) if id == over => None,
            (State::Interlude { id, after, .. }, _) if id == over => {
                self.go_on(after, at, wire);
                None
            }
            (State::Playing { id, .. }, None) if id == over => Some(Reply::Played(Played::Whole)),
            (State::Asking { id, reading }, None) if id == over => {
                self.listen(reading, at, wire);
                None
            }
            (State::Beeping { id, name, record }, None) if id == over => {
                self.begin_recording(name, &record, at, wire);
                None
            }
            (State::Playing { id, .. } | State::Asking { id, .. } | State::Beeping { id, .. }, Some(fault))
                if id == over =>
            {
                Some(Reply::Inaudible(fault))
            }
            (other, _) => {
                self.state = other;
                None
            }
        }
    }

    pub(crate) fn recorded(
        &mut self,
        over: SoundId,
        length: Duration,
        fault: Option<AudioError>,
        wire: &mut Wire,
    ) -> Outcome {
        match std::mem::take(&mut self.state) {
            State::Recording { id, name, key, .. } if id == over => {
                self.tell_recorded(fault.clone().map_or(RecordingState::Ended, RecordingState::Failed), wire);
                Some(match fault {
                    None => Reply::Recorded(Recorded { name, length, key }),
                    Some(fault) => Reply::Inaudible(fault),
                })
            }
            other => {
                self.state = other;
                None
            }
        }
    }

    /// The timer of a reading or an echo.
    pub(crate) fn time_is_over(&mut self, at: &Place, wire: &mut Wire) -> Outcome {
        self.timer = None;
        match std::mem::take(&mut self.state) {
            State::Listening(mut reading) => {
                let turn = reading.late();
                self.take_turn(turn, reading, at, wire)
            }
            State::Echoing(_) => {
                wire.media(MediaCommand::Echo { port: at.port, on: false });
                Some(Reply::Played(Played::Whole))
            }
            other => {
                self.state = other;
                None
            }
        }
    }

    /// Whatever sounds, is read or recorded is over, and nobody is told here. Without a port nothing sounds any more.
    pub(crate) fn stop(&mut self, port: Option<PortId>, wire: &mut Wire) {
        wire.timers.cancel(&mut self.timer);
        self.tell_end(wire);
        let state = std::mem::take(&mut self.state);
        let Some(port) = port else { return };
        match state {
            State::Quiet | State::Listening(_) | State::Recording { key: Some(_), .. } => {}
            State::Music { .. }
            | State::Interlude { .. }
            | State::Playing { .. }
            | State::Asking { .. }
            | State::Beeping { .. } => {
                wire.media(MediaCommand::Hush { port });
            }
            State::Recording { .. } => wire.media(MediaCommand::Enough { port }),
            State::Echoing(_) => wire.media(MediaCommand::Echo { port, on: false }),
        }
    }

    /// Operators are told that whatever sounds or is recorded ends here. The call's own end is the last that they hear.
    pub(crate) fn tell_end(&mut self, wire: &mut Wire) {
        self.told.end(PlayEnd::Stopped, wire);
        self.tell_recorded(RecordingState::Ended, wire);
    }

    fn tell_recorded(&mut self, state: RecordingState, wire: &mut Wire) {
        if let Some((call, name)) = self.taken.take() {
            wire.event(call, Event::MessageRecording { name, state });
        }
    }

    // ---- steps ----

    /// A name for a recording of this call.
    pub(crate) fn name(&mut self, call: CallUid) -> String {
        self.named += 1;
        format!("{call}-{}", self.named)
    }

    pub(crate) fn mint(&mut self) -> SoundId {
        self.minted = self.minted.wrapping_add(1);
        SoundId(self.minted)
    }

    /// Begins to play, in place of what is played.
    fn begin(
        &mut self,
        sounds: Vec<Sound>,
        language: Option<String>,
        forever: bool,
        at: &Place,
        wire: &mut Wire,
    ) -> SoundId {
        let id = self.mint();
        let Place { port, tenant, .. } = *at;
        self.told.begin(at, &sounds, forever, wire);
        let language = language.or_else(|| at.language());
        wire.media(MediaCommand::Play { port, id, tenant, sounds, language, forever });
        id
    }

    fn begin_music(&mut self, tune: Tune, at: &Place, wire: &mut Wire) {
        let id = self.begin(tune.sounds.clone(), None, true, at, wire);
        self.state = State::Music { id, tune };
    }

    fn begin_recording(&mut self, name: String, record: &Record, at: &Place, wire: &mut Wire) {
        let id = self.mint();
        let Place { port, tenant, .. } = *at;
        let Record { limit, silence, end, .. } = *record;
        let shape = (RecordingFormat::Wav, RecordingLayout::Mixed);
        wire.begin_recording(Reel::Port(port, id), RecordingKind::Message, &name, shape, at);
        wire.event(at.call, Event::MessageRecording { name: name.clone(), state: RecordingState::Running });
        self.taken = Some((at.call, name.clone()));
        wire.media(MediaCommand::Record { port, id, tenant, name: name.clone(), limit, silence });
        self.state = State::Recording { id, name, end, key: None };
    }

    /// Says what is to be said before keys are awaited.
    fn ask(&mut self, reading: Box<Reading>, sounds: Vec<Sound>, at: &Place, wire: &mut Wire) -> Outcome {
        if sounds.is_empty() {
            self.end_music(at.port, wire);
            self.listen(reading, at, wire);
        } else {
            let id = self.begin(sounds, reading.wanted().language.clone(), false, at, wire);
            self.state = State::Asking { id, reading };
        }
        None
    }

    fn listen(&mut self, reading: Box<Reading>, at: &Place, wire: &mut Wire) {
        let wanted = reading.wanted();
        let time = if reading.has_begun() { wanted.next } else { wanted.first };
        self.timer = Some(wire.arm(time, Timer::Sound(at.call)));
        self.state = State::Listening(reading);
    }

    /// A key, and after it all that are kept.
    fn read_key(&mut self, mut reading: Box<Reading>, key: Digit, at: &Place, wire: &mut Wire) -> Outcome {
        let mut turn = reading.key(key);
        while turn == Turn::More
            && let Some(key) = self.kept.pop_front()
        {
            turn = reading.key(key);
        }
        self.take_turn(turn, reading, at, wire)
    }

    fn take_turn(&mut self, turn: Turn, reading: Box<Reading>, at: &Place, wire: &mut Wire) -> Outcome {
        match turn {
            Turn::More => self.listen(reading, at, wire),
            Turn::Over(digits) => return Some(Reply::Read(digits)),
            // What is kept was typed for the question that failed.
            Turn::Again => {
                self.kept.clear();
                let sounds = reading.again();
                return self.ask(reading, sounds, at, wire);
            }
        }
        None
    }

    /// The first kept key of these; the others stay for who reads.
    fn take_kept(&mut self, keys: Keys) -> Option<Digit> {
        let place = self.kept.iter().position(|key| keys.has(*key))?;
        self.kept.remove(place)
    }
}
