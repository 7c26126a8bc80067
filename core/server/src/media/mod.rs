//! The media engine: ports from a range, threads that relay between them, and the sounds that are played and kept.
//!
//! ```text
//! orders ─► worker ─► thread: relay ── plain packets ──► other port
//!                       ├─ seal         decrypted as it comes, encrypted as it leaves
//!                       ├─ keys         what the far end presses
//!                       ├─ way          another payload type or law, packet for packet
//!                       └─ studio       every 20 ms, while something is played, echoed, recorded or transcoded
//!                            ▲ library: prompts, decoded and encoded by other threads
//!                            ▼ recordings: files, written by another thread
//! ```

mod keys;
mod library;
mod metronome;
mod mouth;
mod ports;
mod recordings;
mod seal;
mod studio;
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
use switch::{MediaCommand, MediaPort, NoPort, PortId};

use crate::exchange::Inbox;
pub(crate) use library::{Folders, Library};
use ports::{Place, Ports, Rested};
pub(crate) use recordings::Recordings;
use worker::Worker;

/// The signalling thread's end of the media engine.
#[derive(Debug)]
pub(crate) struct Engine {
    ports: Ports,
    workers: Vec<Worker>,
    /// Pairs of sockets whose ports the threads have closed.
    returned: Receiver<Rested>,
    minted: u64,
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
                Worker::start(number, seed, inbox.clone(), library.clone(), recordings.clone(), back.clone())
            })
            .collect::<Result<_>>()?;
        Ok(Self { ports: Ports::new(range, seed), workers, returned, minted: 0 })
    }

    /// Sets a pair of ports aside to talk with this address, on the thread of the port beside it.
    pub(crate) fn open(&mut self, toward: SocketAddr, beside: Option<PortId>) -> Result<MediaPort, NoPort> {
        let now = Instant::now();
        self.take_back(now);
        self.minted += 1;
        let threads = self.workers.len() as u64;
        let thread = beside.map_or(self.minted, |beside| beside.0) % threads;
        let id = PortId(self.minted * threads + thread);
        let place = self.ports.open(now, toward.ip(), usize::try_from(thread).unwrap_or(0)).ok_or(NoPort)?;
        let worker = self.worker(id).ok_or(NoPort)?;
        let address = match place {
            Place::Old(rested) => {
                worker.reopen(id, rested.number);
                rested.address
            }
            Place::New(pair) => {
                let address = pair.address;
                worker.open(id, pair).map_err(|error| {
                    tracing::error!(%error, "a media port cannot be watched");
                    NoPort
                })?;
                address
            }
        };
        metrics::gauge!("strowger_media_ports").increment(1.0);
        Ok(MediaPort { id, address })
    }

    /// Passes an order on to the thread that owns the port.
    pub(crate) fn command(&mut self, command: MediaCommand) {
        let port = match command {
            MediaCommand::Expect { port, .. }
            | MediaCommand::Connect { a: port, .. }
            | MediaCommand::Disconnect { port }
            | MediaCommand::Watch { port, .. }
            | MediaCommand::Play { port, .. }
            | MediaCommand::Hush { port }
            | MediaCommand::Echo { port, .. }
            | MediaCommand::Record { port, .. }
            | MediaCommand::Enough { port } => port,
            MediaCommand::Close { port } => {
                metrics::gauge!("strowger_media_ports").decrement(1.0);
                port
            }
        };
        if let Some(worker) = self.worker(port) {
            worker.give(command);
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

    /// The name tells the thread.
    fn worker(&self, port: PortId) -> Option<&Worker> {
        let number = usize::try_from(port.0).unwrap_or(0) % self.workers.len().max(1);
        self.workers.get(number)
    }
}
