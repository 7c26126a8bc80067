//! What an operator has played to one party of a call, beside whatever else happens there.
//!
//! | the party | what it does | keys | when it is over |
//! |---|---|---|---|
//! | a caller with whom the exchange talks | see [`sound`](crate::sound) | end it | music that was there goes on |
//! | a member of a mixer | it is whispered, in the place of what is whispered there | the room's | |
//! | one of two who talk | he does not hear the other meanwhile | the other's | he hears the other again, or the music of who holds |
//!
//! An application that plays, asks or records itself is not disturbed, but for a stop. Where two who talk agree anew, what
//! plays begins anew.

use std::time::Instant;

use crate::audio::{AudioError, Keys, Play, Sound};
use crate::call::{Call, CallState, Pending};
use crate::event::{PlayEnd, Side};
use crate::ids::{CallId, LegId, PortId};
use crate::media::{MediaCommand, SoundId};
use crate::sound::told::Told;
use crate::sound::{Place, check};
use crate::switch::Switch;
use crate::wire::Wire;

/// What an operator wants to be heard. The commands are those of applications.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SoundOrder {
    /// [`Command::Play`](crate::Command), which begins at once.
    Play(Play),
    /// [`Command::Music`](crate::Command): over and over; the tenant's music on hold when empty.
    Music(Vec<Sound>),
    /// [`Command::Hush`](crate::Command): ends the music.
    Hush,
    /// Ends what plays, also what an application plays: its command is done then.
    Stop,
}

/// Why it is not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum PlayRefusal {
    /// The call is over.
    #[error("the call is over")]
    Over,
    /// There is nobody on that side who was answered.
    #[error("nobody is there on that side of the call, or is answered yet")]
    NotThere,
    /// The application plays, asks for keys or records.
    #[error("the dialplan plays to the caller, asks him for keys or records him just now")]
    Taken,
    /// What is pressed is for the other party or for the room.
    #[error("keys end nothing there: they are for the other party, or for the room")]
    KeysElsewhere,
    /// A member of a mixer has no music of his own.
    #[error("the caller is in a conference room, where he has no music of his own")]
    InRoom,
    /// Nothing is played that could be ended.
    #[error("nothing plays there")]
    Quiet,
    /// They have no codec in common.
    #[error("the far end takes no codec that the exchange speaks")]
    NoCodec,
    /// A value was out of range.
    #[error("a value is out of range")]
    BadValue,
}

/// What plays to those who talk with each other.
#[derive(Debug, Default)]
pub(crate) struct Interludes(Vec<Interlude>);

#[derive(Debug)]
struct Interlude {
    port: PortId,
    id: SoundId,
    play: Play,
    is_music: bool,
    side: Side,
    told: Told,
}

impl Interludes {
    fn has(&self, port: PortId, music_alone: bool) -> bool {
        self.0.iter().any(|one| one.port == port && (one.is_music || !music_alone))
    }

    fn forget(&mut self, port: PortId, how: &PlayEnd, wire: &mut Wire) -> bool {
        let before = self.0.len();
        for mut one in self.0.extract_if(.., |one| one.port == port) {
            one.told.end(how.clone(), wire);
        }
        self.0.len() < before
    }

    /// Operators are told that whatever plays ends here.
    pub(crate) fn tell_end(&mut self, wire: &mut Wire) {
        self.0.iter_mut().for_each(|one| one.told.end(PlayEnd::Stopped, wire));
    }

    /// Nothing at this port any more.
    pub(crate) fn still(&mut self, port: PortId, wire: &mut Wire) {
        if self.forget(port, &PlayEnd::Stopped, wire) {
            wire.media(MediaCommand::Hush { port });
        }
    }
}

impl Switch {
    /// What an operator wants to be heard by one party of a call: the caller, or whom the exchange itself has called, where
    /// nobody says.
    ///
    /// # Errors
    /// [`PlayRefusal`] says what is in the way. Whether a prompt is there is found out later, and told to the log.
    pub fn play(
        &mut self,
        now: Instant,
        call: CallId,
        whom: Option<Side>,
        order: SoundOrder,
    ) -> Result<(), PlayRefusal> {
        self.wire.now = now;
        match &order {
            SoundOrder::Play(play) if !check::play(play) => return Err(PlayRefusal::BadValue),
            SoundOrder::Music(sounds) if !check::are_playable(sounds) => return Err(PlayRefusal::BadValue),
            _ => {}
        }
        let state = self.calls.get(call).filter(|call| !call.is_releasing()).ok_or(PlayRefusal::Over)?;
        let mut parties = [Some(state.caller), state.callee()].into_iter().flatten();
        let leg = parties.find(|leg| whom.is_none_or(|side| state.side(*leg) == side));
        let (id, port) = self.hearer(leg)?;
        let (bridged, side) = (matches!(state.state, CallState::Bridged { .. }), state.side(id));
        let order = match order {
            SoundOrder::Music(sounds) if sounds.is_empty() => SoundOrder::Music(self.wire.config.music()),
            order => order,
        };
        let Some(call) = self.calls.get_mut(call) else { return Err(PlayRefusal::Over) };
        if bridged {
            call.play_to_party((port, side), order, &mut self.wire)
        } else if id == call.caller {
            let (id, done) = (call.id, call.play_to_caller(port, order, &mut self.wire));
            // Where it rings, what ended is followed by that.
            self.ring_back(id);
            done
        } else {
            Err(PlayRefusal::NotThere)
        }
    }

    /// A leg that can be played to.
    fn hearer(&self, leg: Option<LegId>) -> Result<(LegId, PortId), PlayRefusal> {
        let leg = leg.and_then(|leg| self.legs.get(leg)).filter(|leg| leg.is_up()).ok_or(PlayRefusal::NotThere)?;
        let port = leg.port.ok_or(PlayRefusal::NotThere)?;
        leg.voice().ok_or(PlayRefusal::NoCodec)?;
        Ok((leg.id, port.id))
    }

    /// What was played to one of two who talk is over, or could not be played.
    pub(crate) fn interlude_is_over(&mut self, port: PortId, id: SoundId, fault: Option<AudioError>) {
        let call = self.ports.get(&port).and_then(|(call, _)| self.calls.get_mut(*call));
        let Some(call) = call else { return };
        if call.interludes.0.iter().any(|one| (one.port, one.id) == (port, id)) {
            let how = fault.map_or(PlayEnd::Whole, PlayEnd::Failed);
            call.end_interlude(port, &how, &mut self.wire);
        }
    }
}

impl Call {
    /// The exchange talks with the caller, or he is in a mixer.
    fn play_to_caller(&mut self, port: PortId, order: SoundOrder, wire: &mut Wire) -> Result<(), PlayRefusal> {
        let at = self.place(port);
        if self.member.is_in() {
            return match order {
                SoundOrder::Play(play) if play.interrupt != Keys::NONE => Err(PlayRefusal::KeysElsewhere),
                SoundOrder::Play(play) => {
                    let id = self.sounds.mint();
                    self.member.whisper(play, id, &at, wire);
                    Ok(())
                }
                SoundOrder::Stop if self.member.cut(port, wire) => Ok(()),
                SoundOrder::Stop => Err(PlayRefusal::Quiet),
                SoundOrder::Music(_) | SoundOrder::Hush => Err(PlayRefusal::InRoom),
            };
        }
        match order {
            SoundOrder::Play(play) => self.sounds.interlude(play, &at, wire),
            SoundOrder::Music(sounds) => self.sounds.change_music(sounds, &at, wire),
            SoundOrder::Hush => self.sounds.take_music(&at, wire),
            SoundOrder::Stop => {
                if let Some(reply) = self.sounds.cut(&at, wire)? {
                    self.resolve(Pending::Sound, reply, wire);
                }
                Ok(())
            }
        }
    }

    /// He talks with somebody.
    fn play_to_party(
        &mut self,
        (port, side): (PortId, Side),
        order: SoundOrder,
        wire: &mut Wire,
    ) -> Result<(), PlayRefusal> {
        let (play, is_music) = match order {
            SoundOrder::Play(play) if play.interrupt != Keys::NONE => return Err(PlayRefusal::KeysElsewhere),
            SoundOrder::Play(play) => (play, false),
            SoundOrder::Music(sounds) => (Play { sounds, language: None, interrupt: Keys::NONE, forever: true }, true),
            SoundOrder::Hush | SoundOrder::Stop => {
                if !self.interludes.has(port, order == SoundOrder::Hush) {
                    return Err(PlayRefusal::Quiet);
                }
                wire.media(MediaCommand::Hush { port });
                self.end_interlude(port, &PlayEnd::Stopped, wire);
                return Ok(());
            }
        };
        self.interludes.forget(port, &PlayEnd::Stopped, wire);
        let (id, told) = (self.sounds.mint(), Told::default());
        self.interludes.0.push(Interlude { port, id, play, is_music, side, told });
        self.begin_interludes(Some(port), wire);
        Ok(())
    }

    /// Who is held hears music again.
    fn end_interlude(&mut self, port: PortId, how: &PlayEnd, wire: &mut Wire) {
        self.interludes.forget(port, how, wire);
        if self.hold.music() == Some(port) {
            self.play_on_hold(wire);
        }
    }

    /// What was agreed anew has ended what played.
    pub(crate) fn resume_interludes(&mut self, wire: &mut Wire) {
        self.begin_interludes(None, wire);
    }

    /// Plays what is to be played at this port, or at each.
    fn begin_interludes(&mut self, only: Option<PortId>, wire: &mut Wire) {
        let (call, uid, tenant) = (self.id, self.invitation.uid, self.tenant());
        let callers = self.side(self.caller);
        for one in self.interludes.0.iter_mut().filter(|one| only.is_none_or(|only| only == one.port)) {
            one.id = self.sounds.mint();
            let (port, id, play) = (one.port, one.id, one.play.clone());
            let Play { sounds, language, forever, .. } = play;
            let own = self.language.clone().filter(|_| one.side == callers);
            let at = Place { call, uid, tenant, port, side: one.side, language: own };
            one.told.begin(&at, &sounds, forever, wire);
            let language = language.or_else(|| at.language());
            wire.media(MediaCommand::Play { port, id, tenant, sounds, language, forever });
        }
    }
}
