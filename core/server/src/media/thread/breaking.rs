//! What a panic costs: the port that it was about, and nothing else.
//!
//! No packet, file or order is known to cause one. Should one do so all the same, a call is not to stand there in silence,
//! and least of all the calls beside it.
//!
//! | what panics | is lost |
//! |---|---|
//! | a packet, a turn, a report or an order of a port | the port |
//! | the turn of a mixer, at a member | that member's port |
//! | the same, at what all members share | the ports of all members |
//! | anything else | all ports of the thread, which begins anew |
//!
//! The exchange is told [`MediaEvent::Broken`] of each, and ends its call. The port itself is buried: nothing of it is
//! touched again, what came until then stays counted, and its pair rests once the exchange gives the port back.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use media::{PortKey, Relay};
use switch::{MediaCommand, MediaEvent, MixerId, PortId};

use super::Thread;
use super::moves::names;
use crate::media::metronome::{Metronome, Turn};
use crate::media::ports::Rested;
use crate::media::worker::{Order, Orders};

/// A thread that cannot work at all is not to spend its time in saying so.
const PAUSE: Duration = Duration::from_millis(100);

/// Does this; `None` when it panicked, which is logged and counted. Whoever asks puts away what was worked on: it may be
/// half done.
pub(super) fn caught<T>(work: impl FnOnce() -> T) -> Option<T> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(done) => Some(done),
        Err(payload) => {
            let text = payload.downcast_ref::<&str>().copied();
            let reason = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("not told");
            metrics::counter!("strowger_media_panics_total").increment(1);
            tracing::error!(reason, "a media thread panicked: the call that it worked for ends");
            None
        }
    }
}

/// What is owed to others when an order is not carried out.
pub(super) struct Owed {
    ports: [Option<PortId>; 2],
    then: Then,
}

enum Then {
    Nothing,
    Close(PortId),
    Send(PortId, Orders),
    Arrive(PortId),
}

impl Owed {
    pub(super) fn of(order: &Order) -> Self {
        let (ports, then) = match order {
            Order::Command(MediaCommand::Close { port }) => ([Some(*port), None], Then::Close(*port)),
            Order::Move { port, to } => ([Some(*port), None], Then::Send(*port, to.clone())),
            Order::Arrive { port, .. } => ([Some(*port), None], Then::Arrive(*port)),
            Order::Ready { port, .. } => ([Some(*port), None], Then::Nothing),
            order => (names(order).0, Then::Nothing),
        };
        Self { ports, then }
    }
}

impl Thread {
    /// An order was not carried out: its ports are lost, and nobody waits for them.
    pub(super) fn make_good(&mut self, now: Instant, owed: Owed) {
        for port in owed.ports.into_iter().flatten() {
            match self.key(port) {
                Some(key) => self.bury(now, key),
                // It was between two places, and is nowhere now.
                None => self.tell(MediaEvent::Broken { port }),
            }
        }
        match owed.then {
            Then::Nothing => {}
            Then::Close(port) => self.close(now, port),
            Then::Send(port, to) => self.depart(now, port, &to),
            Then::Arrive(port) => self.arrive(now, port, None),
        }
    }

    /// The turn of a mixer panicked; says whether it wants another.
    pub(super) fn room_broke(&mut self, now: Instant, mixer: MixerId) -> bool {
        let Some(room) = self.rooms.get_mut(&mixer) else { return false };
        let lost = match room.at() {
            Some(key) => vec![key],
            None => {
                let here = |port: &super::Port| port.membership.is_some_and(|membership| membership.mixer == mixer);
                self.ports.iter().filter(|(_, port)| here(port)).map(|(key, _)| key).collect()
            }
        };
        room.at = None;
        for key in lost {
            self.bury(now, key);
        }
        self.rooms.contains_key(&mixer)
    }

    /// A port is lost. What it was part of goes on without it.
    pub(super) fn bury(&mut self, now: Instant, key: PortKey) {
        // What panicked once may do so again.
        let _ = caught(|| self.leave(now, key));
        let _ = caught(|| self.disconnect(now, key));
        let _ = caught(|| self.end_tape(now, key));
        let studio = self.ports.get_mut(key).and_then(|port| port.studio.as_mut());
        let _ = studio.map(|studio| caught(|| studio.enough()));
        self.inter(key);
    }

    fn inter(&mut self, key: PortKey) {
        let Some(port) = self.ports.remove(key) else { return };
        let stats = caught(|| self.relay.close(key)).flatten().unwrap_or_default();
        self.keys.remove(&port.id);
        self.users.remove(&port.pair.number);
        if let Some(slot) = port.studio.as_ref().and_then(|studio| studio.slot) {
            self.metronome.leave(Turn::Port(key), slot);
        }
        let (number, address, thread) = (port.pair.number, port.pair.address, self.parts.number);
        self.resting.insert(number, port.pair);
        self.graves.insert(port.id, (stats, Rested { number, address, thread }));
        self.tell(MediaEvent::Broken { port: port.id });
    }

    /// Nothing that this thread has can be relied on but what it is told and whom it tells: all its ports are lost.
    pub(super) fn begin_anew(&mut self) {
        std::thread::sleep(PAUSE);
        for room in self.rooms.values_mut() {
            let _ = caught(|| room.enough());
        }
        self.rooms.clear();
        let keys: Vec<PortKey> = self.ports.keys().collect();
        for key in keys {
            if let Some(port) = self.ports.get_mut(key) {
                let (tape, studio) = (port.tape.take(), port.studio.as_mut());
                let _ = caught(|| tape.map(|tape| tape.end()));
                let _ = studio.map(|studio| caught(|| studio.enough()));
            }
            self.inter(key);
        }
        (self.relay, self.metronome) = (Relay::default(), Metronome::new(Instant::now()));
        (self.dues, self.users) = Default::default();
    }
}
