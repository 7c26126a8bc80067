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

use anyhow::Result;
use sha2::{Digest, Sha256};
use switch::{MediaCommand, MediaPort, NoPort, PortId};

use crate::exchange::Inbox;
pub(crate) use library::{Folders, Library};
use ports::Ports;
pub(crate) use recordings::Recordings;
use worker::Worker;

/// The signalling thread's end of the media engine.
#[derive(Debug)]
pub(crate) struct Engine {
    ports: Ports,
    workers: Vec<Worker>,
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
        let workers = (0..count)
            .map(|number| {
                let seed = Sha256::new().chain_update(seed).chain_update(number.to_be_bytes()).finalize().into();
                Worker::start(number, seed, inbox.clone(), library.clone(), recordings.clone())
            })
            .collect::<Result<_>>()?;
        Ok(Self { ports: Ports::new(range, seed), workers, minted: 0 })
    }

    /// Sets a pair of ports aside to talk with this address, on the thread of the port beside it.
    pub(crate) fn open(&mut self, toward: SocketAddr, beside: Option<PortId>) -> Result<MediaPort, NoPort> {
        let pair = self.ports.open(toward.ip()).ok_or(NoPort)?;
        self.minted += 1;
        let threads = self.workers.len() as u64;
        let id = PortId(self.minted * threads + beside.map_or(self.minted, |beside| beside.0) % threads);
        let address = pair.address;
        self.worker(id).ok_or(NoPort)?.open(id, pair).map_err(|error| {
            tracing::error!(%error, "a media port cannot be watched");
            NoPort
        })?;
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
            | MediaCommand::Enough { port }
            | MediaCommand::Join { port, .. }
            | MediaCommand::Leave { port } => port,
            MediaCommand::Announce { .. }
            | MediaCommand::RecordRoom { .. }
            | MediaCommand::PauseRoom { .. }
            | MediaCommand::EnoughRoom { .. } => return,
            MediaCommand::Close { port } => {
                metrics::gauge!("strowger_media_ports").decrement(1.0);
                port
            }
        };
        if let Some(worker) = self.worker(port) {
            worker.give(command);
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
