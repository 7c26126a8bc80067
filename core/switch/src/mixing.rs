//! Callers in mixers: commands on their way to the call's [`Member`](crate::member::Member), and what comes back.

use sdp::Description;

use crate::audio::AudioError;
use crate::call::CallState;
use crate::command::Command;
use crate::event::{Event, Refusal, Reply, Side};
use crate::ids::{CallId, LegId, PortId};
use crate::leg::Leg;
use crate::room::MixerId;
use crate::switch::Switch;

impl Switch {
    /// A command for a caller who is in a mixer, or is to be.
    pub(crate) fn mix(&mut self, id: CallId, command: Command) {
        let answered = self.caller_is_answered(id);
        let Some(call) = self.calls.get_mut(id) else { return };
        let Some(leg) = self.legs.get(call.caller) else { return };
        if !answered || !matches!(call.state, CallState::Deciding) {
            return call.refuse(Refusal::WrongState, &mut self.wire);
        }
        let Some(port) = leg.port else { return call.refuse(Refusal::NoResources, &mut self.wire) };
        let (at, wire) = (call.place(port.id), &mut self.wire);
        let reply = match command {
            // It can be relayed, and neither heard nor spoken to.
            Command::Join { .. } if leg.voice().is_none() => Reply::Inaudible(AudioError::NoCodec),
            Command::Join { .. } if call.member.is_in() => Reply::Refused(Refusal::WrongState),
            Command::Join { bearing, .. } if !bearing.is_possible() => Reply::Refused(Refusal::BadValue),
            Command::Join { mixer, bearing } => {
                // It comes in the place of music, and what was typed ahead was for something else.
                call.sounds.stop(Some(at.port), wire);
                call.sounds.forget_keys();
                call.member.join(mixer, bearing, holds(leg), &at, wire);
                Reply::Done
            }
            command => {
                let sound = call.sounds.mint();
                call.member.command(command, sound, &at, wire)
            }
        };
        call.reply(reply, wire);
    }

    /// The far end of a port speaks, or does no longer.
    pub(crate) fn speech_came(&mut self, port: PortId, speaks: bool) {
        let Some((id, leg)) = self.ports.get(&port).copied() else { return };
        let Some(call) = self.calls.get(id).filter(|call| call.caller == leg) else { return };
        call.member.speaks(speaks, &call.place(port), &mut self.wire);
    }

    /// The recording of a mixer is over: all who are there still are told, for whoever it was that began it may be gone.
    pub(crate) fn room_recorded(&mut self, mixer: MixerId, name: &str, fault: Option<&AudioError>) {
        for call in self.calls.values().filter(|call| call.member.mixer() == Some(mixer)) {
            let event = Event::RoomRecorded { name: name.to_owned(), fault: fault.cloned() };
            self.wire.event(call.id, event);
        }
    }

    /// A caller who is connected to nobody has agreed with us anew: in a mixer, what he wants to hear is learnt.
    pub(crate) fn agreed_alone(&mut self, id: CallId) {
        let Some(call) = self.calls.get_mut(id) else { return };
        let Some(leg) = self.legs.get(call.caller) else { return };
        let Some(port) = leg.port.filter(|_| call.member.is_in()) else { return };
        let apart = holds(leg);
        let at = call.place(port.id);
        if call.member.hold(apart, &at, &mut self.wire) {
            let event = if apart { Event::Held(Side::Caller) } else { Event::Resumed(Side::Caller) };
            self.wire.event(id, event);
        }
    }

    /// The caller behind this leg is in a mixer.
    pub(crate) fn is_member(&self, id: LegId) -> bool {
        let call = self.legs.get(id).and_then(|leg| self.calls.get(leg.call));
        call.is_some_and(|call| call.caller == id && call.member.is_in())
    }
}

/// The far end does not want to hear.
fn holds(leg: &Leg) -> bool {
    leg.negotiation.remote().is_some_and(Description::is_held)
}
