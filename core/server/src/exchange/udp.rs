//! One UDP socket of the signalling thread: datagrams in batches, both ways.

use std::io::{ErrorKind, IoSlice, IoSliceMut};
use std::net::{SocketAddr, UdpSocket};

use anyhow::{Context, Result};
use quinn_udp::{BATCH_SIZE, RecvMeta, UdpSockRef, UdpSocketState};
use rustix::net::addr::SocketAddrArg;
use rustix::net::{MMsgHdr, SendAncillaryBuffer, SendFlags, SocketAddrAny, sendmmsg};
use sip::Flow;

/// The largest datagram that there is.
const DATAGRAM: usize = 65_536;
/// How many datagrams leave with one call of the system.
const AT_ONCE: usize = 64;

#[derive(Debug)]
pub(crate) struct Udp {
    pub(crate) socket: UdpSocket,
    pub(crate) local: SocketAddr,
    state: UdpSocketState,
    /// What waits to be sent, in order.
    out: Vec<(Flow, Vec<u8>)>,
}

/// Room for a batch, shared by all sockets.
#[derive(Debug)]
pub(crate) struct Batch {
    bytes: Vec<u8>,
    meta: [RecvMeta; BATCH_SIZE],
    count: usize,
}

impl Default for Batch {
    fn default() -> Self {
        Self { bytes: vec![0; DATAGRAM * BATCH_SIZE], meta: [RecvMeta::default(); BATCH_SIZE], count: 0 }
    }
}

impl Batch {
    /// It came full: there may be more.
    pub(crate) fn is_full(&self) -> bool {
        self.count == BATCH_SIZE
    }

    /// Each datagram with where it came from.
    pub(crate) fn datagrams(&self) -> impl Iterator<Item = (SocketAddr, &[u8])> {
        self.meta.iter().zip(self.bytes.chunks_exact(DATAGRAM)).take(self.count).flat_map(|(meta, buffer)| {
            let bytes = buffer.get(..meta.len).unwrap_or_default();
            // The kernel may have joined datagrams of one sender (GRO).
            bytes.chunks(meta.stride.max(1)).map(|datagram| (meta.addr, datagram))
        })
    }
}

impl Udp {
    pub(crate) fn new(socket: UdpSocket) -> Result<Self> {
        let local = socket.local_addr().context("a socket's own address")?;
        let state = UdpSocketState::new(UdpSockRef::from(&socket)).context("preparing a UDP socket")?;
        Ok(Self { socket, local, state, out: Vec::new() })
    }

    /// Fills a batch with what has come.
    pub(crate) fn receive(&self, batch: &mut Batch) {
        let mut buffers = batch.bytes.chunks_exact_mut(DATAGRAM);
        let mut slices: [IoSliceMut<'_>; BATCH_SIZE] =
            std::array::from_fn(|_| IoSliceMut::new(buffers.next().unwrap_or_default()));
        let received = self.state.recv(UdpSockRef::from(&self.socket), &mut slices, &mut batch.meta);
        batch.count = received.unwrap_or(0);
    }

    /// Will be sent with the next [`flush`](Self::flush).
    pub(crate) fn send(&mut self, flow: Flow, bytes: Vec<u8>) {
        self.out.push((flow, bytes));
    }

    /// Sends all that waits; says by which flows nothing can be sent. A full buffer is a lost datagram, which its timer
    /// repeats; anything else will not get better (§18.4).
    pub(crate) fn flush(&mut self) -> Vec<Flow> {
        let mut unsent = Vec::new();
        let mut left = self.out.as_slice();
        while let Some(((flow, _), behind)) = left.split_first() {
            match self.send_some(left) {
                Ok(count) => left = left.get(count.max(1)..).unwrap_or_default(),
                Err(error) => {
                    if error.kind() != ErrorKind::WouldBlock {
                        tracing::debug!(%error, "a datagram could not be sent");
                        unsent.push(*flow);
                    }
                    left = behind;
                }
            }
        }
        self.out.clear();
        unsent
    }

    /// Sends as many as the kernel takes at once; fails when it does not take the first.
    fn send_some(&self, datagrams: &[(Flow, Vec<u8>)]) -> std::io::Result<usize> {
        if let [(flow, bytes)] = datagrams {
            return self.socket.send_to(bytes, flow.remote).map(|_| 1);
        }
        let datagrams = datagrams.get(..AT_ONCE).unwrap_or(datagrams);
        let addresses: Vec<SocketAddrAny> = datagrams.iter().map(|(flow, _)| flow.remote.as_any()).collect();
        let bytes: Vec<[IoSlice<'_>; 1]> = datagrams.iter().map(|(_, bytes)| [IoSlice::new(bytes)]).collect();
        let mut controls: Vec<_> = datagrams.iter().map(|_| SendAncillaryBuffer::default()).collect();
        let mut messages: Vec<MMsgHdr<'_>> = addresses
            .iter()
            .zip(&bytes)
            .zip(&mut controls)
            .map(|((address, bytes), control)| MMsgHdr::new_with_addr(address, bytes, control))
            .collect();
        Ok(sendmmsg(&self.socket, &mut messages, SendFlags::empty())?)
    }
}
