//! One UDP socket of the signalling thread: datagrams in batches.

use std::io::IoSliceMut;
use std::net::{SocketAddr, UdpSocket};

use anyhow::{Context, Result};
use quinn_udp::{BATCH_SIZE, RecvMeta, UdpSockRef, UdpSocketState};

/// The largest datagram that there is.
const DATAGRAM: usize = 65_536;

#[derive(Debug)]
pub(crate) struct Udp {
    pub(crate) socket: UdpSocket,
    pub(crate) local: SocketAddr,
    state: UdpSocketState,
}

/// Room for a batch, shared by all sockets.
#[derive(Debug)]
pub(crate) struct Batch {
    buffers: Vec<Vec<u8>>,
    meta: [RecvMeta; BATCH_SIZE],
}

impl Default for Batch {
    fn default() -> Self {
        Self { buffers: vec![vec![0; DATAGRAM]; BATCH_SIZE], meta: [RecvMeta::default(); BATCH_SIZE] }
    }
}

impl Udp {
    pub(crate) fn new(socket: UdpSocket) -> Result<Self> {
        let local = socket.local_addr().context("a socket's own address")?;
        let state = UdpSocketState::new(UdpSockRef::from(&socket)).context("preparing a UDP socket")?;
        Ok(Self { socket, local, state })
    }

    /// Takes a batch; each datagram with where it came from. Says whether there may be more.
    pub(crate) fn receive(&self, batch: &mut Batch, mut each: impl FnMut(SocketAddr, &[u8])) -> bool {
        let mut slices: Vec<IoSliceMut<'_>> = batch.buffers.iter_mut().map(|buffer| IoSliceMut::new(buffer)).collect();
        let Ok(count) = self.state.recv(UdpSockRef::from(&self.socket), &mut slices, &mut batch.meta) else {
            return false;
        };
        for (meta, buffer) in batch.meta.iter().zip(&batch.buffers).take(count) {
            let bytes = buffer.get(..meta.len).unwrap_or_default();
            // The kernel may have joined datagrams of one sender (GRO).
            for datagram in bytes.chunks(meta.stride.max(1)) {
                each(meta.addr, datagram);
            }
        }
        count == BATCH_SIZE
    }

    pub(crate) fn send(&self, to: SocketAddr, bytes: &[u8]) -> std::io::Result<()> {
        self.socket.send_to(bytes, to).map(drop)
    }
}
