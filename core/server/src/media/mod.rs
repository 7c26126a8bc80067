//! The media engine: ports from a range, and threads that relay between them.

mod ports;
mod worker;

use std::net::SocketAddr;

use anyhow::Result;
use switch::{MediaCommand, MediaPort, NoPort, PortId};

use crate::exchange::Inbox;
use ports::Ports;
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
    pub(crate) fn start(range: (u16, u16), threads: usize, seed: [u8; 32], inbox: &Inbox) -> Result<Self> {
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let count = if threads == 0 { processors } else { threads };
        let workers = (0..count).map(|number| Worker::start(number, inbox.clone())).collect::<Result<_>>()?;
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
            | MediaCommand::Watch { port, .. } => port,
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
