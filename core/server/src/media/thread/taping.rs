//! Recordings of calls as a whole: which ports are tapped, and the turn of a tape.

use std::time::{Duration, Instant};

use media::PortKey;
use rand_chacha::rand_core::Rng;
use switch::{AudioError, MediaCommand, MediaEvent, PortId};

use super::Thread;
use crate::media::mouth::rate_of;
use crate::media::recordings::Taped;
use crate::media::tape::{CallTape, Manner, Tap, Wound};

impl Thread {
    /// An order about the recording of a call.
    pub(super) fn tape(&mut self, now: Instant, command: MediaCommand) {
        match command {
            MediaCommand::Tap { port, near, far } => self.tap_for(now, port, near, far),
            MediaCommand::PauseCall { port, on } => {
                let tape = self.key(port).and_then(|key| self.ports.get_mut(key)?.tape.as_mut());
                let goes_on = tape.and_then(|tape| tape.pause(on).then_some([Some(port), tape.far]));
                // What was said in the pause waits in the buffers still, the longer the worse the network is.
                for key in goes_on.into_iter().flatten().flatten().filter_map(|port| self.key(port)).collect::<Vec<_>>()
                {
                    if let Some(studio) = self.ports.get_mut(key).and_then(|port| port.studio.as_mut()) {
                        studio.leave_behind();
                    }
                }
            }
            MediaCommand::EnoughCall { port } => {
                if let Some(key) = self.key(port) {
                    self.end_tape(now, key);
                }
            }
            command => self.begin_tape(now, command),
        }
    }

    fn begin_tape(&mut self, now: Instant, command: MediaCommand) {
        let MediaCommand::RecordCall { port, id, tenant, name, format, layout, beep } = command else { return };
        let Some((key, voice)) = self.voiced(port) else {
            let (length, fault) = (Duration::ZERO, Some(AudioError::NoCodec));
            return self.tell(MediaEvent::Recorded { port, id, length, bytes: 0, fault });
        };
        self.end_tape(now, key);
        let back = self.parts.back.clone();
        let writing = self.parts.recordings.begin(Taped::Port(port), id, tenant, name, format, back);
        let manner = Manner { format, layout, beep, serial: self.rng.next_u32() };
        let tape = CallTape::new(id, rate_of(voice.codec), &manner, writing);
        if let (Some(tape), Some(port)) = (tape, self.ports.get_mut(key)) {
            port.tape = Some(Box::new(tape));
            self.tap(now, key, true);
        }
    }

    /// The tape of a port hears these from now on. The port of the tape itself keeps its tap: its turns wind the tape.
    fn tap_for(&mut self, now: Instant, port: PortId, near: bool, far: Option<PortId>) {
        let tape = self.key(port).and_then(|key| self.ports.get_mut(key)?.tape.as_mut());
        let Some(tape) = tape else { return };
        tape.near = near;
        let (before, known) = (std::mem::replace(&mut tape.far, far), tape.is_known());
        if before == far {
            return;
        }
        for (port, on) in [(before, false), (far, true)] {
            if let Some(key) = port.and_then(|port| self.key(port)) {
                self.tap(now, key, on);
                if on && known {
                    self.beep(key);
                }
            }
        }
    }

    /// Taps a port, or does no longer.
    pub(super) fn tap(&mut self, now: Instant, key: PortKey, on: bool) {
        if let Some(port) = self.ports.get_mut(key) {
            port.tapped = on;
        }
        let studio =
            if on { self.studio(now, key) } else { self.ports.get_mut(key).and_then(|p| p.studio.as_deref_mut()) };
        if let Some(studio) = studio {
            if !on {
                studio.tap = None;
            } else if studio.tap.is_none() {
                studio.tap = Some(Tap::default());
            }
        }
        self.settle(now, key);
    }

    /// The turn of a tape: a frame of each side.
    pub(super) fn wind(&mut self, now: Instant, key: PortKey) {
        let Some(mut tape) = self.ports.get_mut(key).and_then(|port| port.tape.take()) else { return };
        let far = tape.far.and_then(|far| self.key(far));
        #[cfg(test)]
        crate::media::tests::breaking::at_tape(key);
        let Wound { beep, over } = {
            let far = far.filter(|far| *far != key);
            let (near, far) = match far {
                Some(far) => match self.ports.get_disjoint_mut([key, far]) {
                    Some([near, far]) => (near.studio.as_mut(), far.studio.as_mut()),
                    None => (None, None),
                },
                None => (self.ports.get_mut(key).and_then(|port| port.studio.as_mut()), None),
            };
            let near = near.and_then(|studio| studio.tap.as_mut());
            tape.wind(near, far.and_then(|studio| studio.tap.as_mut()))
        };
        if let Some(port) = self.ports.get_mut(key) {
            port.tape = Some(tape);
        }
        if beep {
            self.beep(key);
            far.into_iter().for_each(|far| self.beep(far));
        }
        if over {
            self.end_tape(now, key);
        }
    }

    fn beep(&mut self, key: PortKey) {
        let Some(port) = self.ports.get_mut(key) else { return };
        if let (Some(voice), Some(studio)) = (&port.voice, &mut port.studio) {
            studio.beep(voice);
        }
        // Whoever is connected to it is not to speak into it.
        if let Some(beside) = self.relay.peer(key).and_then(|beside| self.ports.get_mut(beside)) {
            beside.relayed = false;
        }
    }

    /// A tape is over, by whatever it is.
    pub(super) fn end_tape(&mut self, now: Instant, key: PortKey) {
        let Some(tape) = self.ports.get_mut(key).and_then(|port| port.tape.take()) else { return };
        self.untap(now, key, tape.far);
        tape.end();
    }

    /// The disk takes nothing more of this recording, and that is told.
    pub(super) fn spoil_tape(&mut self, now: Instant, key: PortKey, id: switch::SoundId) {
        let spoilt = self.ports.get_mut(key).and_then(|port| port.tape.take_if(|tape| tape.id == id));
        if let Some(tape) = spoilt {
            self.untap(now, key, tape.far);
        }
    }

    fn untap(&mut self, now: Instant, key: PortKey, far: Option<PortId>) {
        let far = far.and_then(|far| self.key(far));
        for key in [Some(key), far].into_iter().flatten() {
            self.tap(now, key, false);
        }
    }
}
