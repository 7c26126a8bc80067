//! The recording of a call as a whole: a small machine beside the call, for whoever talks in it.
//!
//! | state | event | next | what is sent |
//! |---|---|---|---|
//! | Off | start, the caller is not answered yet | Wanted | |
//! | Off | start | Running | RecordCall, Tap |
//! | Wanted | the caller is answered | Running | RecordCall, Tap; PauseCall where it was paused |
//! | Wanted, Running | pause, resume | the same | PauseCall |
//! | Running | two are connected, one holds, one comes back | Running | Tap |
//! | Wanted | stop | Off | |
//! | Running | stop; the caller's port is given back | Off | EnoughCall |
//! | Running | it is over by itself, or cannot be written | Off | |
//!
//! Who holds is not recorded: what his phone sends is music of its own, and the other does not hear it. What comes of a
//! recording is known when its file is closed, when the call may be over.

use std::time::Duration;

use crate::audio::{self, AudioError, CallRecording, RecordingFormat, RecordingLayout};
use crate::call::{Call, CallState};
use crate::command::Command;
use crate::event::{Event, RecordingState, Refusal, Reply, Side};
use crate::ids::{CallId, LegId, PortId};
use crate::io::Output;
use crate::mailbox::is_a_mailboxes;
use crate::media::{MediaCommand, SoundId};
use crate::record::{KeptRecording, Record, RecordingEnd, RecordingKind};
use crate::sound::Place;
use crate::switch::Switch;
use crate::wire::{Reel, Wire};

/// What somebody wants of the recording of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordingOrder {
    /// [`Command::StartRecording`]
    Start(CallRecording),
    /// [`Command::PauseRecording`]
    Pause,
    /// [`Command::ResumeRecording`]
    Resume,
    /// [`Command::StopRecording`]
    Stop,
}

/// The machine of one call.
#[derive(Debug, Default)]
pub(crate) enum Tape {
    #[default]
    Off,
    Wanted {
        name: String,
        how: CallRecording,
        paused: bool,
    },
    Running {
        id: SoundId,
        name: String,
        port: PortId,
        paused: bool,
        tapped: Tapped,
    },
}

/// Whom it hears: the caller, and the port of who talks with him.
type Tapped = (bool, Option<PortId>);

impl Tape {
    fn name(&self) -> Option<&str> {
        match self {
            Self::Off => None,
            Self::Wanted { name, .. } | Self::Running { name, .. } => Some(name),
        }
    }

    /// Stands still, or goes on; nothing where it does already.
    fn pause(&mut self, on: bool, wire: &mut Wire) -> Option<String> {
        match self {
            Self::Off => None,
            Self::Wanted { name, paused, .. } => (std::mem::replace(paused, on) != on).then(|| name.clone()),
            Self::Running { name, port, paused, .. } => {
                (std::mem::replace(paused, on) != on)
                    .then(|| wire.media(MediaCommand::PauseCall { port: *port, on }))?;
                Some(name.clone())
            }
        }
    }

    /// Is over; gives its name where there was one.
    fn stop(&mut self, wire: &mut Wire) -> Option<String> {
        match std::mem::take(self) {
            Self::Off => None,
            Self::Wanted { name, .. } => Some(name),
            Self::Running { name, port, .. } => {
                wire.media(MediaCommand::EnoughCall { port });
                Some(name)
            }
        }
    }
}

impl Switch {
    /// What an operator wants of the recording of a call; gives its name.
    ///
    /// # Errors
    /// [`Refusal::WrongState`] when the call is over, is recorded already or, for all but the start, is not; when it is
    /// paused or goes on already. [`Refusal::BadValue`] for a name that is none.
    pub fn record(&mut self, now: std::time::Instant, call: CallId, order: RecordingOrder) -> Result<String, Refusal> {
        self.wire.now = now;
        self.order_recording(call, order)
    }

    pub(crate) fn record_for_application(&mut self, id: CallId, command: Command) {
        let (order, starts) = match command {
            Command::StartRecording(how) => (RecordingOrder::Start(how), true),
            Command::PauseRecording => (RecordingOrder::Pause, false),
            Command::ResumeRecording => (RecordingOrder::Resume, false),
            _ => (RecordingOrder::Stop, false),
        };
        let done = self.order_recording(id, order);
        if let Some(call) = self.calls.get(id) {
            let reply = match done {
                Ok(name) if starts => Reply::Recording(name),
                Ok(_) => Reply::Done,
                Err(refusal) => Reply::Refused(refusal),
            };
            call.reply(reply, &mut self.wire);
        }
    }

    fn order_recording(&mut self, id: CallId, order: RecordingOrder) -> Result<String, Refusal> {
        let call = self.calls.get_mut(id).filter(|call| !call.is_releasing()).ok_or(Refusal::WrongState)?;
        let (name, state) = match order {
            RecordingOrder::Start(how) => return self.start_recording(id, how),
            RecordingOrder::Pause => (call.tape.pause(true, &mut self.wire), Some(RecordingState::Paused)),
            RecordingOrder::Resume => (call.tape.pause(false, &mut self.wire), Some(RecordingState::Running)),
            // That it ended is told when its file is closed.
            RecordingOrder::Stop => (call.tape.stop(&mut self.wire), None),
        };
        let name = name.ok_or(Refusal::WrongState)?;
        if let (Some(state), Tape::Running { .. }) = (state, &call.tape) {
            self.wire.event(id, Event::Recording { name: name.clone(), state });
        }
        Ok(name)
    }

    fn start_recording(&mut self, id: CallId, how: CallRecording) -> Result<String, Refusal> {
        let call = self.calls.get_mut(id).ok_or(Refusal::WrongState)?;
        if call.tape.name().is_some() {
            return Err(Refusal::WrongState);
        }
        if !how.name.as_deref().is_none_or(|name| audio::is_recording_name(name) && !is_a_mailboxes(name)) {
            return Err(Refusal::BadValue);
        }
        let uid = call.invitation.uid;
        let name = how.name.clone().unwrap_or_else(|| call.sounds.name(uid));
        call.tape = Tape::Wanted { name: name.clone(), how, paused: false };
        self.wind(id);
        Ok(name)
    }

    /// Begins the recording that is wanted once the caller can be heard, and lets it hear who talks now.
    pub(crate) fn wind(&mut self, id: CallId) {
        let Some(call) = self.calls.get_mut(id) else { return };
        if call.is_releasing() || call.tape.name().is_none() {
            return;
        }
        let caller = self.legs.get(call.caller).filter(|leg| leg.is_up() && leg.negotiation.remote().is_some());
        let Some(port) = caller.and_then(|leg| leg.port).map(|port| port.id) else { return };
        let callee = match call.state {
            CallState::Bridged { callee } if !call.hold.holds(Side::Callee) => Some(callee),
            _ => None,
        };
        let far = callee.and_then(|callee| self.legs.get(callee)).and_then(|leg| leg.port).map(|port| port.id);
        let now = (!call.hold.holds(Side::Caller), far);
        call.begin_tape(port, &mut self.wire);
        if let Tape::Running { port, tapped, .. } = &mut call.tape
            && std::mem::replace(tapped, now) != now
        {
            self.wire.media(MediaCommand::Tap { port: *port, near: now.0, far: now.1 });
        }
    }

    /// A leg is given up; with the caller's the recording of the call ends.
    pub(crate) fn stop_tape(&mut self, id: LegId) {
        let Some(call) = self.legs.get(id).and_then(|leg| self.calls.get_mut(leg.call)) else { return };
        if call.caller == id {
            call.tape.stop(&mut self.wire);
        }
    }

    /// The engine has closed the file of a recording, of whatever kind.
    pub(crate) fn taped(
        &mut self,
        port: PortId,
        id: SoundId,
        length: Duration,
        bytes: u64,
        fault: Option<&AudioError>,
    ) {
        let Some((kind, name)) = self.wire.end_recording(&Reel::Port(port, id), length, bytes, fault) else { return };
        let call = self.ports.get(&port).and_then(|(call, _)| self.calls.get_mut(*call));
        let Some(call) = call.filter(|_| kind == RecordingKind::Call) else { return };
        if matches!(call.tape, Tape::Running { id: running, .. } if running == id) {
            call.tape = Tape::Off;
        }
        if let Some(fault) = fault {
            call.span.in_scope(|| tracing::warn!(%fault, "the call is not recorded any more"));
        }
        if !call.is_releasing() {
            let state = fault.map_or(RecordingState::Ended, |fault| RecordingState::Failed(fault.clone()));
            self.wire.event(call.id, Event::Recording { name, state });
        }
    }
}

impl Call {
    /// From wanted to running.
    fn begin_tape(&mut self, port: PortId, wire: &mut Wire) {
        let (name, how, paused) = match std::mem::take(&mut self.tape) {
            Tape::Wanted { name, how, paused } => (name, how, paused),
            other => return self.tape = other,
        };
        let (id, at) = (self.sounds.mint(), self.place(port));
        let CallRecording { format, layout, beep, .. } = how;
        wire.begin_recording(Reel::Port(port, id), RecordingKind::Call, &name, (format, layout), &at);
        let tenant = at.tenant;
        wire.media(MediaCommand::RecordCall { port, id, tenant, name: name.clone(), format, layout, beep });
        if paused {
            wire.media(MediaCommand::PauseCall { port, on: true });
        }
        let state = if paused { RecordingState::Paused } else { RecordingState::Running };
        wire.event(self.id, Event::Recording { name: name.clone(), state });
        self.tape = Tape::Running { id, name, port, paused, tapped: (true, None) };
    }
}

impl Wire {
    /// A recording begins: it is listed from now on, and found again when the engine says what came of it.
    pub(crate) fn begin_recording(
        &mut self,
        reel: Reel,
        kind: RecordingKind,
        name: &str,
        (format, layout): (RecordingFormat, RecordingLayout),
        of: &Place,
    ) {
        let (tenant, name, call, started) = (of.tenant, name.to_owned(), Some(of.uid), self.wall());
        let kept = KeptRecording { tenant, name, call, kind, started, format, layout, end: None };
        self.outputs.push_back(Output::Record(Record::Recording(Box::new(kept.clone()))));
        self.reels.insert(reel, kept);
    }

    /// The engine has closed its file, if there is one.
    pub(crate) fn end_recording(
        &mut self,
        reel: &Reel,
        length: Duration,
        bytes: u64,
        fault: Option<&AudioError>,
    ) -> Option<(RecordingKind, String)> {
        let mut kept = self.reels.remove(reel)?;
        let told = (kept.kind, kept.name.clone());
        kept.end = Some(RecordingEnd { length, bytes, fault: fault.map(ToString::to_string) });
        self.outputs.push_back(Output::Record(Record::Recording(Box::new(kept))));
        Some(told)
    }
}
