//! The media engine: ports from a range, threads that relay between them, and the sounds that are played and kept.
//!
//! ```text
//! orders ─► worker ─► thread: relay ── plain packets ──► other port
//!                       ├─ seal         decrypted as it comes, encrypted as it leaves
//!                       ├─ keys         what the far end presses
//!                       ├─ way          another payload type or law, packet for packet
//!                       ├─ reports      RTCP of our own, where a stream ends here
//!                       ├─ room         every 20 ms, a mixer: its members' ports are all on one thread, and move there
//!                       ├─ tape         two ports of a call into one recording
//!                       └─ studio       every 20 ms, while something is played, echoed, recorded or transcoded
//!                            ▲ library: prompts, decoded and encoded by other threads
//!                            ▼ recordings: files, written by another thread
//! ```

mod keys;
mod library;
mod metronome;
mod mouth;
mod places;
mod ports;
mod recordings;
mod room;
mod seal;
mod studio;
mod tape;
#[cfg(test)]
mod tests;
mod thread;
mod way;
mod worker;

use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, channel};
use std::time::Instant;

use anyhow::Result;
use sha2::{Digest, Sha256};
use switch::{AudioError, MediaCommand, MediaEvent, MediaPort, MediaStats, NoPort, PortId};
use tokio::sync::oneshot;

use crate::exchange::{Inbox, Inward};
pub(crate) use library::{Folders, Habits, Library};
use places::{Place, Places};
use ports::{Ports, Rested, Seat};
pub(crate) use recordings::{Mended, Recordings, Removal};
use worker::Worker;

/// The signalling thread's end of the media engine.
#[derive(Debug)]
pub(crate) struct Engine {
    ports: Ports,
    workers: Vec<Worker>,
    places: Places,
    inbox: Inbox,
    /// Pairs of sockets whose ports the threads have closed.
    returned: Receiver<Rested>,
    minted: u64,
    /// Ports that were opened beside none: they take the threads in turn.
    alone: u64,
}

impl Engine {
    /// Starts the threads. `inbox` hears what they have to say.
    pub(crate) fn start(
        range: (u16, u16),
        threads: usize,
        seed: [u8; 32],
        inbox: &Inbox,
        library: &Library,
        recordings: &Recordings,
    ) -> Result<Self> {
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let count = if threads == 0 { processors } else { threads };
        let (back, returned) = channel();
        let workers = (0..count)
            .map(|number| {
                let seed = Sha256::new().chain_update(seed).chain_update(number.to_be_bytes()).finalize().into();
                Worker::start((number, number), seed, inbox.clone(), library.clone(), recordings.clone(), back.clone())
            })
            .collect::<Result<_>>()?;
        Ok(Self::new(Ports::new(range, seed), workers, returned, inbox.clone()))
    }

    fn new(ports: Ports, workers: Vec<Worker>, returned: Receiver<Rested>, inbox: Inbox) -> Self {
        Self { ports, places: Places::new(workers.len()), workers, returned, inbox, minted: 0, alone: 0 }
    }

    /// Sets a pair of ports aside to talk with this address, on the thread of the port beside it.
    pub(crate) fn open(&mut self, toward: SocketAddr, beside: Option<PortId>) -> Result<MediaPort, NoPort> {
        let now = Instant::now();
        self.take_back(now);
        self.minted += 1;
        let threads = self.workers.len() as u64;
        let thread = match beside {
            Some(beside) => self.places.of(beside) as u64,
            None => {
                self.alone += 1;
                self.alone % threads
            }
        };
        let id = PortId(self.minted * threads + thread);
        let place = self.places.of(id);
        let seat = self.ports.open(now, toward.ip(), place).ok_or(NoPort)?;
        let worker = self.workers.get(place).ok_or(NoPort)?;
        let address = match seat {
            Seat::Old(rested) => {
                worker.reopen(id, rested.number);
                rested.address
            }
            Seat::New(pair) => {
                let address = pair.address;
                if let Err(error) = worker.open(id, pair) {
                    tracing::error!(%error, "a media port cannot be watched");
                    self.ports.closed(address);
                    return Err(NoPort);
                }
                address
            }
        };
        metrics::gauge!("strowger_media_ports").increment(1.0);
        Ok(MediaPort { id, address })
    }

    /// Passes an order on to the thread that owns the port or the mixer. Ports that are to hear each other come together.
    pub(crate) fn command(&mut self, command: MediaCommand) {
        let place = match &command {
            MediaCommand::Join { port, mixer, .. } => {
                let place = self.places.join(*port, *mixer);
                self.bring(*port, place);
                Some(place)
            }
            MediaCommand::Connect { a, b } => {
                self.places.leave(*a);
                self.places.leave(*b);
                let place = self.places.of(*a);
                self.bring(*b, place);
                Some(place)
            }
            MediaCommand::Leave { port } => {
                self.places.leave(*port);
                Some(self.places.of(*port))
            }
            MediaCommand::Close { port } => {
                metrics::gauge!("strowger_media_ports").decrement(1.0);
                let place = self.places.of(*port);
                self.places.forget(*port);
                Some(place)
            }
            MediaCommand::Expect { port, .. }
            | MediaCommand::Fax { port, .. }
            | MediaCommand::Disconnect { port }
            | MediaCommand::Watch { port, .. }
            | MediaCommand::Play { port, .. }
            | MediaCommand::Hush { port }
            | MediaCommand::Press { port, .. }
            | MediaCommand::Echo { port, .. }
            | MediaCommand::Record { port, .. }
            | MediaCommand::Enough { port }
            | MediaCommand::RecordCall { port, .. }
            | MediaCommand::Tap { port, .. }
            | MediaCommand::PauseCall { port, .. }
            | MediaCommand::EnoughCall { port } => Some(self.places.of(*port)),
            MediaCommand::Announce { mixer, .. }
            | MediaCommand::RecordRoom { mixer, .. }
            | MediaCommand::PauseRoom { mixer, .. }
            | MediaCommand::EnoughRoom { mixer } => self.places.of_mixer(*mixer),
        };
        match (place.and_then(|place| self.workers.get(place)), command) {
            (Some(worker), command) => worker.give(command),
            // Whoever asked waits for the answer.
            (None, MediaCommand::RecordRoom { mixer, id, name, .. }) => {
                let fault = Some(AudioError::Unwritable("nobody is in the room".to_owned()));
                let length = std::time::Duration::ZERO;
                self.inbox.send(Inward::Media(MediaEvent::RoomRecorded { mixer, id, name, length, bytes: 0, fault }));
            }
            (None, _) => {}
        }
    }

    /// What was measured at a port up to now; nothing comes when it is closed first.
    pub(crate) fn measure(&self, port: PortId) -> oneshot::Receiver<MediaStats> {
        let (answer, measured) = oneshot::channel();
        if let Some(worker) = self.workers.get(self.places.of(port)) {
            worker.measure(port, answer);
        }
        measured
    }

    /// Brings a port to a thread.
    fn bring(&mut self, port: PortId, to: Place) {
        let Some(from) = self.places.go(port, to) else { return };
        if let (Some(from), Some(to)) = (self.workers.get(from), self.workers.get(to)) {
            from.hand_over(port, to);
        }
    }

    /// Closes sockets that nobody wants any more; to be called now and then.
    pub(crate) fn tidy(&mut self, now: Instant) {
        self.take_back(now);
        for stale in self.ports.stale(now) {
            self.forget(stale);
        }
    }

    fn take_back(&mut self, now: Instant) {
        while let Ok(rested) = self.returned.try_recv() {
            if let Some(surplus) = self.ports.rest(now, rested) {
                self.forget(surplus);
            }
        }
    }

    fn forget(&self, rested: Rested) {
        if let Some(worker) = self.workers.get(rested.thread) {
            worker.forget(rested.number);
        }
    }

    /// Wakes the threads that were given something.
    pub(crate) fn flush(&self) {
        for worker in &self.workers {
            worker.wake();
        }
    }
}
