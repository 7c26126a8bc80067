//! What applications play to callers, ask of their keys and record of them: commands on their way to the call's
//! [`Sounds`](crate::sound::Sounds), and what comes back.
//!
//! Sound is for a caller who has been answered and is connected to nobody. Before the answer it would be early media,
//! which phones and carriers treat each in their own way: such a command is refused as `WrongState`.

use media::dtmf::Pressed;

use crate::call::{Call, CallState, Pending};
use crate::command::Command;
use crate::event::{Refusal, Reply};
use crate::ids::{CallId, LegId, PortId};
use crate::media::MediaEvent;
use crate::sound::{Place, Sounds};
use crate::switch::Switch;
use crate::wire::Wire;

impl Switch {
    /// A command that makes sound, or ends it.
    pub(crate) fn sound(&mut self, id: CallId, command: Command) {
        let answered = self.caller_is_answered(id);
        let Some(call) = self.calls.get_mut(id) else { return };
        let deciding = matches!(call.state, CallState::Deciding);
        let port = self.legs.get(call.caller).and_then(|leg| leg.port);
        if command == Command::Hush {
            if let Some(port) = port {
                call.sounds.hush(port.id, &mut self.wire);
            }
            return call.reply(Reply::Done, &mut self.wire);
        }
        if !answered || !deciding || call.member.is_in() {
            return call.refuse(Refusal::WrongState, &mut self.wire);
        }
        let Some(port) = port else { return call.refuse(Refusal::NoResources, &mut self.wire) };
        let (at, wire) = (call.place(port.id), &mut self.wire);
        let outcome = match command {
            Command::Play(play) => call.sounds.play(play, &at, wire),
            Command::Read(read) => call.sounds.read(read, &at, wire),
            Command::Record(record) => call.sounds.record(record, &at, wire),
            Command::Echo { end, limit } => call.sounds.echo(end, limit, &at, wire),
            Command::Music { sounds, listens } => call.sounds.music(sounds, listens, &at, wire),
            _ => Some(Reply::Refused(Refusal::WrongState)),
        };
        match outcome {
            Some(reply) => call.reply(reply, wire),
            None => call.pending = Some(Pending::Sound),
        }
    }

    /// News of what is played, recorded or pressed on a port.
    pub(crate) fn sound_event(&mut self, event: &MediaEvent) {
        match *event {
            MediaEvent::Played { port, id, ref fault } => {
                let call = self.ports.get(&port).and_then(|(call, _)| self.calls.get(*call));
                if let (Some(fault), Some(call)) = (fault, call) {
                    call.span.in_scope(|| tracing::debug!(%fault, "not played"));
                }
                if let Some(call) = self.ports.get(&port).and_then(|(call, _)| self.calls.get_mut(*call)) {
                    call.member.played(id, fault.clone(), &mut self.wire);
                }
                self.interlude_is_over(port, id, fault.clone());
                let call = self.ports.get(&port).map(|(call, _)| *call);
                let music = call.and_then(|call| self.calls.get(call)).is_some_and(|call| call.sounds.is_music(id));
                self.told(port, |sounds, at, wire| sounds.played(id, fault.clone(), at, wire));
                if let (Some(call), Some(_), true) = (call, fault, music) {
                    self.ring_back(call);
                }
            }
            MediaEvent::Recorded { port, id, length, bytes, ref fault } => {
                self.taped(port, id, length, bytes, fault.as_ref());
                self.told(port, |sounds, _, wire| sounds.recorded(id, length, fault.clone(), wire));
            }
            MediaEvent::Key { port, digit } => self.key_by_rtp(port, digit),
            MediaEvent::Tell { port, digit, time } => self.tell_key(port, Pressed { digit, duration: time }),
            MediaEvent::Silent { .. }
            | MediaEvent::Broken { .. }
            | MediaEvent::Speaking { .. }
            | MediaEvent::RoomRecorded { .. }
            | MediaEvent::Closed { .. } => {}
        }
    }

    /// The timer of a reading or an echo.
    pub(crate) fn sound_is_due(&mut self, id: CallId) {
        let port = self.calls.get(id).and_then(|call| self.legs.get(call.caller)).and_then(|leg| leg.port);
        match port {
            Some(port) => self.told(port.id, Sounds::time_is_over),
            None => {
                if let Some(call) = self.calls.get_mut(id) {
                    call.sounds.stop(None, &mut self.wire);
                }
            }
        }
    }

    /// Tells the machine of the call whose caller is behind this port, while the exchange itself talks with him.
    pub(crate) fn told(&mut self, port: PortId, tell: impl FnOnce(&mut Sounds, &Place, &mut Wire) -> Option<Reply>) {
        let Some((call, leg)) = self.ports.get(&port).copied() else { return };
        let Some(call) = self.calls.get_mut(call) else { return };
        let ours = call.caller == leg && matches!(call.state, CallState::Deciding | CallState::Dialing(_));
        if !ours {
            return;
        }
        let at = call.place(port);
        if let Some(reply) = tell(&mut call.sounds, &at, &mut self.wire) {
            call.resolve(Pending::Sound, reply, &mut self.wire);
        }
    }

    /// Whatever sounds on a leg is over, before its port is given back or connected.
    pub(crate) fn still(&mut self, id: LegId) {
        let Some(leg) = self.legs.get(id) else { return };
        let port = leg.port.map(|port| port.id);
        let Some(call) = self.calls.get_mut(leg.call) else { return };
        if call.caller == id {
            call.sounds.stop(port, &mut self.wire);
            call.member.stop(port, &mut self.wire);
        }
        if let Some(port) = port {
            call.hold.still(port, &mut self.wire);
            call.interludes.still(port, &mut self.wire);
        }
    }
}

impl Call {
    /// Where the caller hears.
    pub(crate) fn place(&self, port: PortId) -> Place {
        let side = self.side(self.caller);
        Place {
            call: self.id,
            uid: self.invitation.uid,
            tenant: self.tenant(),
            port,
            side,
            language: self.language.clone(),
        }
    }
}
