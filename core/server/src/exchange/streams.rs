//! TCP and TLS: connections are tasks that frame bytes and hand whole messages in (RFC 3261 §18.3), within limits.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sip::{ConnectionId, Flow, Frame, Framer, Transport};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::timeout;

use super::inbox::{Inbox, Inward};
use super::tls::Tls;

/// How many messages wait for a peer that does not read.
pub(super) const QUEUE: usize = 64;
/// So many bytes of messages wait for the exchange, of all streams together. A stream that brings more is read no further
/// until there is room: its sender waits, as TCP has it, and streams get room in the order in which they asked.
const INWARD: usize = 1 << 20;
const CONNECT: Duration = Duration::from_secs(5);
const WRITE: Duration = Duration::from_secs(10);

/// What connections may cost.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    pub(crate) connections: usize,
    pub(crate) per_source: usize,
    pub(crate) idle: Duration,
    /// For one message to come in whole.
    pub(crate) message: Duration,
    pub(crate) sip: sip::Limits,
}

/// What all connections share.
#[derive(Debug)]
pub(crate) struct Streams {
    inbox: Inbox,
    limits: Limits,
    tls: Option<Arc<Tls>>,
    minted: AtomicU64,
    room: Arc<Semaphore>,
    /// How many connections each source holds.
    held: Mutex<HashMap<IpAddr, usize>>,
}

/// One connection's place in the count; given back when dropped.
struct Place(Arc<Streams>, IpAddr);

impl Drop for Place {
    fn drop(&mut self) {
        let mut held = self.0.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = held.get_mut(&self.1) {
            *count -= 1;
            if *count == 0 {
                held.remove(&self.1);
            }
        }
    }
}

impl Streams {
    pub(crate) fn new(inbox: Inbox, limits: Limits, tls: Option<Arc<Tls>>) -> Arc<Self> {
        let room = Arc::new(Semaphore::new(INWARD));
        Arc::new(Self { inbox, limits, tls, minted: AtomicU64::new(0), room, held: Mutex::default() })
    }

    fn place(self: &Arc<Self>, source: IpAddr) -> Option<Place> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let all: usize = held.values().sum();
        let own = held.get(&source).copied().unwrap_or(0);
        if all >= self.limits.connections || own >= self.limits.per_source {
            return None;
        }
        held.insert(source, own + 1);
        Some(Place(self.clone(), source))
    }

    /// Accepts until the listener is gone.
    pub(crate) async fn accept(self: Arc<Self>, listener: TcpListener, transport: Transport) {
        loop {
            match listener.accept().await {
                Ok((stream, remote)) => {
                    // One too many is closed at once: it costs nothing more.
                    if let Some(place) = self.place(remote.ip()) {
                        tokio::spawn(self.clone().run(stream, (transport, remote), place, None));
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "a TCP connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }

    /// Makes a connection to a peer that is to be one of these hosts, for messages that want one (§18.1.1).
    pub(crate) async fn connect(self: Arc<Self>, to: Name, hosts: Vec<String>) {
        let stream = timeout(CONNECT, TcpStream::connect(to.1)).await;
        let runs = match (self.place(to.1.ip()), stream) {
            (Some(place), Ok(Ok(stream))) => self.clone().run(stream, to, place, Some(hosts)).await,
            _ => false,
        };
        if !runs {
            self.inbox.send(Inward::Unmade(to));
        }
    }

    /// Serves a connection to its end; one that we have made where `hosts` are named. Says whether it was ever one.
    async fn run(
        self: Arc<Self>,
        stream: TcpStream,
        (transport, remote): Name,
        place: Place,
        hosts: Option<Vec<String>>,
    ) -> bool {
        let Ok(local) = stream.local_addr() else { return false };
        let _ = stream.set_nodelay(true);
        let flow = Flow { transport, local, remote, connection: None };
        let made = hosts.is_some();
        match (transport, &self.tls) {
            (Transport::Tcp, _) => {
                let (read, write) = stream.into_split();
                self.serve(read, write, flow, Vec::new(), made).await;
            }
            (Transport::Tls, Some(tls)) => {
                let secured = match hosts {
                    Some(hosts) => tls.connect(stream, remote, hosts).await,
                    None => tls.accept(stream).await,
                };
                let Some((stream, names)) = secured else { return false };
                let (read, write) = tokio::io::split(stream);
                self.serve(read, write, flow, names, made).await;
            }
            // We are nobody's client over the others.
            _ => return false,
        }
        drop(place);
        true
    }

    async fn serve(
        &self,
        read: impl AsyncRead + Unpin,
        write: impl AsyncWrite + Unpin,
        flow: Flow,
        names: Vec<String>,
        made: bool,
    ) {
        let connection = ConnectionId(self.minted.fetch_add(1, Ordering::Relaxed) + 1);
        let flow = Flow { connection: Some(connection), ..flow };
        let (out, queued) = mpsc::channel(QUEUE);
        let pong = out.downgrade();
        self.inbox.send(Inward::Opened { connection, flow, out, names, made });
        tokio::select! {
            () = self.read(read, flow, pong) => {}
            () = write_all(write, queued) => {}
        }
        self.inbox.send(Inward::Closed(connection));
    }

    async fn read(&self, mut stream: impl AsyncRead + Unpin, flow: Flow, pong: mpsc::WeakSender<Vec<u8>>) {
        let mut framer = Framer::new(self.limits.sip);
        let mut chunk = vec![0; 16 * 1024];
        let mut begun: Option<tokio::time::Instant> = None;
        loop {
            // A slow loris has only so long for each message; between messages it may be silent.
            let patience = match begun {
                Some(begun) => (begun + self.limits.message).saturating_duration_since(tokio::time::Instant::now()),
                None => self.limits.idle,
            };
            let Ok(Ok(size @ 1..)) = timeout(patience, stream.read(&mut chunk)).await else { return };
            framer.push(chunk.get(..size).unwrap_or_default());
            loop {
                match framer.next() {
                    Ok(Some(Frame::Message(bytes))) => {
                        begun = None;
                        let size = u32::try_from(bytes.len().min(INWARD)).unwrap_or(u32::MAX);
                        // The semaphore is never closed.
                        let Ok(room) = self.room.clone().acquire_many_owned(size).await else { return };
                        self.inbox.send(Inward::Frame { flow, bytes, room });
                    }
                    // RFC 5626 §3.5.1: the ping of two CRLF is answered with one.
                    Ok(Some(Frame::KeepAlive)) => {
                        begun = None;
                        if let Some(pong) = pong.upgrade() {
                            let _ = pong.try_send(b"\r\n".to_vec());
                        }
                    }
                    Ok(None) => break,
                    // §18.3: where a message ends cannot be known any more.
                    Err(_) => return,
                }
            }
            if framer.is_partial() {
                begun.get_or_insert_with(tokio::time::Instant::now);
            } else {
                begun = None;
            }
        }
    }
}

async fn write_all(mut stream: impl AsyncWrite + Unpin, mut queued: mpsc::Receiver<Vec<u8>>) {
    while let Some(bytes) = queued.recv().await {
        let sent = async {
            stream.write_all(&bytes).await?;
            stream.flush().await
        };
        if !matches!(timeout(WRITE, sent).await, Ok(Ok(()))) {
            return;
        }
    }
    // TLS says farewell: without it the peer cannot tell the end from a cut (RFC 8446 §6.1).
    let _ = timeout(WRITE, stream.shutdown()).await;
}

/// The transport and the remote address by which a stream is found again.
pub(crate) type Name = (Transport, SocketAddr);

pub(crate) fn name_of(flow: &Flow) -> Name {
    (flow.transport, flow.remote)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_peer_that_sends_more_than_can_be_handled_is_read_no_further_and_loses_nothing() {
        let (inbox, mut outbox) = Inbox::new().expect("an inbox");
        let limits = Limits {
            connections: 2,
            per_source: 2,
            idle: Duration::from_secs(60),
            message: Duration::from_secs(60),
            sip: sip::Limits::default(),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
        let address = listener.local_addr().expect("its address");
        let accepting = tokio::spawn(Streams::new(inbox, limits, None).accept(listener, Transport::Tcp));
        let mut peer = TcpStream::connect(address).await.expect("connected");
        let message = format!("OPTIONS sip:a SIP/2.0\r\nContent-Length: 8000\r\n\r\n{}", "x".repeat(8_000));
        // More than the kernel holds for it and we do.
        let all = 4_000;
        let sending = tokio::spawn(async move {
            for _ in 0..all {
                peer.write_all(message.as_bytes()).await.expect("sent");
            }
            peer
        });
        let (mut frames, mut waiting, mut most, mut out) = (0, 0, 0, None);
        while frames < all {
            match outbox.try_recv() {
                Ok(Inward::Frame { bytes, room, .. }) => {
                    frames += 1;
                    assert_eq!(room.num_permits(), bytes.len());
                }
                Ok(Inward::Opened { out: kept, .. }) => out = Some(kept),
                Ok(other) => panic!("{other:?}"),
                Err(_) => {
                    // Long enough for all that there is room for, and for all that there is, were there no limit.
                    most = most.max(std::mem::take(&mut waiting));
                    tokio::time::sleep(Duration::from_millis(if frames == 0 { 500 } else { 1 })).await;
                    continue;
                }
            }
            waiting += 1;
        }
        let most = most.max(waiting);
        assert!(most <= INWARD / 8_000, "{most} messages waited at once");
        assert!(out.is_some_and(|out| !out.is_closed()), "it is still there");
        drop(sending.await.expect("all was sent"));
        accepting.abort();
    }
}
