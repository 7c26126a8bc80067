//! Who of two connected parties has put the other on hold, and what the other hears meanwhile.
//!
//! | hold | event | next | what is sent |
//! |---|---|---|---|
//! | nobody | one holds | that one | Disconnect, Play to the other |
//! | one | the same comes back | nobody | Connect |
//! | one | the other holds too | both | Hush |
//! | both | one comes back | the other | Play to the one that came back |
//! | any | an offer that changes nothing of it | the same | Connect where nobody holds |
//!
//! A side holds when it does not want to hear: `sendonly`, `inactive` (RFC 3264 §8.4) or the address 0.0.0.0 of RFC 2543.
//! That is learnt from its own offers; what it answers mirrors what the other wants.

use sdp::{Description, Direction};

use crate::call::Call;
use crate::event::{Event, Side};
use crate::ids::{CallId, LegId, PortId};
use crate::leg::Leg;
use crate::media::MediaCommand;
use crate::switch::Switch;
use crate::wire::Wire;

/// Who holds.
#[derive(Debug, Default)]
pub(crate) struct Hold {
    caller: bool,
    callee: bool,
    /// Where the music plays.
    music: Option<PortId>,
}

impl Hold {
    pub(crate) fn holds(&self, side: Side) -> bool {
        if side == Side::Caller { self.caller } else { self.callee }
    }

    fn anybody(&self) -> bool {
        self.caller || self.callee
    }

    /// A side holds, or does not; says whether that is news.
    fn set(&mut self, side: Side, holds: bool) -> bool {
        let known = if side == Side::Caller { &mut self.caller } else { &mut self.callee };
        std::mem::replace(known, holds) != holds
    }

    /// Whose turn it is to hear music.
    fn listener(&self) -> Option<Side> {
        match (self.caller, self.callee) {
            (true, false) => Some(Side::Callee),
            (false, true) => Some(Side::Caller),
            _ => None,
        }
    }

    /// Where music plays.
    pub(crate) fn music(&self) -> Option<PortId> {
        self.music
    }

    /// No music at this port any more.
    pub(crate) fn still(&mut self, port: PortId, wire: &mut Wire) {
        if self.music == Some(port) {
            self.music = None;
            wire.media(MediaCommand::Hush { port });
        }
    }
}

impl Switch {
    /// Two connected legs have agreed anew, after an offer of this one: what it wants to hear is learnt, and carried out.
    pub(crate) fn renegotiated(&mut self, id: CallId, offerer: LegId) {
        let Some(call) = self.calls.get(id) else { return };
        let (side, caller, callee) = (call.side(offerer), call.caller, call.callee());
        let Some(callee) = callee else { return };
        for leg in [caller, callee].into_iter().filter_map(|leg| self.legs.get(leg)) {
            leg.expect_agreed(&mut self.wire);
        }
        let holds = self.legs.get(offerer).and_then(|leg| leg.negotiation.remote()).is_some_and(Description::is_held);
        let fax = self.legs.get(offerer).is_some_and(Leg::is_faxing);
        let port = |leg| self.legs.get(leg).and_then(|leg: &Leg| leg.port).map(|port| port.id);
        let (Some(a), Some(b)) = (port(caller), port(callee)) else { return };
        let Some(call) = self.calls.get_mut(id) else { return };
        let news = call.hold.set(side, holds);
        if news {
            self.wire.event(id, if holds { Event::Held(side) } else { Event::Resumed(side) });
        }
        // Two fax machines hear each other, whatever was before.
        let other = if side == Side::Caller { Side::Callee } else { Side::Caller };
        if fax && call.hold.set(other, false) {
            self.wire.event(id, Event::Resumed(other));
        }
        if !call.hold.anybody() {
            call.hold.music = None;
            self.wire.media(MediaCommand::Connect { a, b });
        } else if news {
            call.keep_company(a, b, &mut self.wire);
        }
        call.resume_interludes(&mut self.wire);
        // Who is held may rightly be silent, and who holds too; and of two fax machines one listens for minutes.
        let silence = if call.hold.anybody() || fax { None } else { self.wire.config.media_silence };
        for port in [a, b] {
            self.wire.media(MediaCommand::Watch { port, silence });
        }
        self.wind(id);
    }
}

impl Call {
    /// Music for who is held; silence where both hold.
    fn keep_company(&mut self, caller: PortId, callee: PortId, wire: &mut Wire) {
        match self.hold.music {
            Some(port) => self.hold.still(port, wire),
            None => wire.media(MediaCommand::Disconnect { port: caller }),
        }
        let Some(listener) = self.hold.listener() else { return };
        self.hold.music = Some(if listener == Side::Caller { caller } else { callee });
        self.play_on_hold(wire);
    }

    /// The music for who is held, from its beginning.
    pub(crate) fn play_on_hold(&mut self, wire: &mut Wire) {
        let Some(port) = self.hold.music else { return };
        let (id, tenant, sounds) = (self.sounds.mint(), self.tenant(), wire.config.music());
        wire.media(MediaCommand::Play { port, id, tenant, sounds, language: None, forever: true });
    }
}

/// The offer of a side as the other is to see it: who wants to hear nothing at all must not keep the other from hearing
/// music.
pub(crate) fn offered(carried: Description, to: &Leg) -> Description {
    match carried.audio() {
        Some(audio) if audio.direction == Direction::Inactive && to.voice().is_some() => {
            carried.with_direction(Direction::SendOnly)
        }
        _ => carried,
    }
}

/// The answer to that: never more than the offer wanted (RFC 3264 §6.1).
pub(crate) fn answered(carried: Description, offer: Option<&Description>) -> Description {
    match (carried.audio(), offer.and_then(Description::audio)) {
        (Some(ours), Some(theirs)) => {
            let direction = ours.direction.and(theirs.direction.mirrored());
            if direction == ours.direction { carried } else { carried.with_direction(direction) }
        }
        _ => carried,
    }
}
