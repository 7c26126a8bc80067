//! One media thread: epoll over the sockets of its ports; no task, no lock and no allocation per packet.

use std::collections::HashMap;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use media::{Expectation, Kind, PortKey, Relay, Stats};
use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::event::{EventfdFlags, Timespec, eventfd};
use slotmap::SecondaryMap;
use switch::{MediaCommand, MediaEvent, MediaStats, PortId};

use super::ports::Pair;
use crate::exchange::{Inbox, Inward};

/// What a thread is told.
#[derive(Debug)]
pub(crate) enum Order {
    /// The sockets are watched already: whatever comes wakes the thread, which reads its orders first.
    Open {
        id: PortId,
        pair: Pair,
    },
    Command(MediaCommand),
}

/// The signalling thread's end of a media thread.
#[derive(Debug, Clone)]
pub(crate) struct Worker {
    orders: Sender<Order>,
    bell: Arc<Bell>,
    poll: Arc<OwnedFd>,
}

#[derive(Debug)]
struct Bell {
    event: OwnedFd,
    rung: AtomicBool,
}

/// The eventfd's place among the sockets: no port's name is all ones.
const BELL: u64 = u64::MAX;
const WATCH: Duration = Duration::from_secs(1);

impl Worker {
    pub(crate) fn start(number: usize, inbox: Inbox) -> Result<Self> {
        let (orders, received) = channel();
        let event = eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC).context("an eventfd for media")?;
        let bell = Arc::new(Bell { event, rung: AtomicBool::new(false) });
        let poll = Arc::new(epoll::create(epoll::CreateFlags::CLOEXEC).context("an epoll for media")?);
        epoll::add(&*poll, &bell.event, EventData::new_u64(BELL), EventFlags::IN).context("watching the eventfd")?;
        let thread = Thread {
            poll: poll.clone(),
            bell: bell.clone(),
            orders: received,
            inbox,
            relay: Relay::default(),
            sockets: SecondaryMap::new(),
            keys: HashMap::new(),
            counted: Counted::default(),
        };
        std::thread::Builder::new()
            .name(format!("media-{number}"))
            .spawn(move || thread.run())
            .context("starting a media thread")?;
        Ok(Self { orders, bell, poll })
    }

    /// A new port of this thread. Nobody is woken for it.
    pub(crate) fn open(&self, id: PortId, pair: Pair) -> std::io::Result<()> {
        let (rtp, rtcp) = (EventData::new_u64(id.0), EventData::new_u64(id.0 | RTCP));
        epoll::add(&*self.poll, &pair.rtp, rtp, EventFlags::IN)?;
        epoll::add(&*self.poll, &pair.rtcp, rtcp, EventFlags::IN)?;
        let _ = self.orders.send(Order::Open { id, pair });
        Ok(())
    }

    /// An order. Only one that somebody waits for wakes the thread; the others are read before the next packet is.
    pub(crate) fn give(&self, command: MediaCommand) {
        if matches!(command, MediaCommand::Close { .. }) {
            self.bell.rung.store(true, Ordering::Release);
        }
        let _ = self.orders.send(Order::Command(command));
    }

    pub(crate) fn wake(&self) {
        if self.bell.rung.swap(false, Ordering::AcqRel) {
            let _ = rustix::io::write(&self.bell.event, &1_u64.to_ne_bytes());
        }
    }
}

struct Thread {
    poll: Arc<OwnedFd>,
    bell: Arc<Bell>,
    orders: Receiver<Order>,
    inbox: Inbox,
    relay: Relay,
    /// Sockets by the relay's key.
    sockets: SecondaryMap<PortKey, Held>,
    /// The relay's keys by the exchange's.
    keys: HashMap<PortId, PortKey>,
    counted: Counted,
}

struct Held {
    id: PortId,
    pair: Pair,
}

/// Counted here, told to the metrics now and then.
#[derive(Default)]
struct Counted {
    received: u64,
    sent: u64,
    dropped: u64,
}

impl Thread {
    fn run(mut self) {
        let mut events = Vec::with_capacity(256);
        let mut packet = vec![0; 65_536];
        let mut next_watch = Instant::now() + WATCH;
        loop {
            let left = next_watch.saturating_duration_since(Instant::now());
            let timeout =
                Timespec { tv_sec: left.as_secs().try_into().unwrap_or(1), tv_nsec: left.subsec_nanos().into() };
            events.clear();
            match epoll::wait(&*self.poll, rustix::buffer::spare_capacity(&mut events), Some(&timeout)) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => {
                    tracing::error!(%error, "the media thread cannot wait for packets");
                    std::thread::sleep(WATCH);
                }
            }
            let now = Instant::now();
            // Orders first, with or without the bell: a peer may speak as soon as it is told that it may, and its first
            // packets overtake the bell.
            if !self.obey(now) {
                return;
            }
            for event in &events {
                match event.data.u64() {
                    BELL => {
                        let _ = rustix::io::read(&self.bell.event, &mut [0; 8]);
                    }
                    data => self.receive(now, data, &mut packet),
                }
            }
            if now >= next_watch {
                next_watch = now + WATCH;
                self.watch(now);
            }
        }
    }

    /// Takes one packet that waits on a socket; where more wait, the poll says so again, after the others had their turn.
    /// The highest bit tells RTP from RTCP.
    fn receive(&mut self, now: Instant, data: u64, packet: &mut [u8]) {
        let kind = if data & RTCP == 0 { Kind::Rtp } else { Kind::Rtcp };
        let Some(key) = self.keys.get(&PortId(data & !RTCP)).copied() else { return };
        let Some(held) = self.sockets.get(key) else { return };
        let socket = if kind == Kind::Rtp { &held.pair.rtp } else { &held.pair.rtcp };
        let Ok((size, from)) = socket.recv_from(packet) else { return };
        self.counted.received += 1;
        let bytes = packet.get(..size).unwrap_or_default();
        let Some(forward) = self.relay.handle(now, key, kind, from, bytes) else { return };
        let Some(out) = self.sockets.get(forward.port) else { return };
        let socket = if forward.kind == Kind::Rtp { &out.pair.rtp } else { &out.pair.rtcp };
        // A packet that cannot be sent now is late already.
        if socket.send_to(bytes, forward.to).is_ok() {
            self.counted.sent += 1;
        }
    }

    /// Does what it was told; says whether there is anybody left to tell it more.
    fn obey(&mut self, now: Instant) -> bool {
        loop {
            match self.orders.try_recv() {
                Ok(order) => self.order(now, order),
                Err(std::sync::mpsc::TryRecvError::Empty) => return true,
                Err(std::sync::mpsc::TryRecvError::Disconnected) => return false,
            }
        }
    }

    fn order(&mut self, now: Instant, order: Order) {
        match order {
            Order::Open { id, pair } => self.open(now, id, pair),
            Order::Command(command) => self.command(now, command),
        }
    }

    fn open(&mut self, now: Instant, id: PortId, pair: Pair) {
        let key = self.relay.open(now);
        self.keys.insert(id, key);
        self.sockets.insert(key, Held { id, pair });
    }

    fn command(&mut self, now: Instant, command: MediaCommand) {
        match command {
            MediaCommand::Expect { port, remote, rtcp, mux, signalling, clocks } => {
                if let Some(key) = self.keys.get(&port) {
                    self.relay.expect(*key, Expectation { remote, rtcp, mux, signalling, clocks });
                }
            }
            MediaCommand::Connect { a, b } => {
                if let (Some(a), Some(b)) = (self.keys.get(&a), self.keys.get(&b)) {
                    self.relay.connect(*a, *b);
                }
            }
            MediaCommand::Disconnect { port } => {
                if let Some(key) = self.keys.get(&port) {
                    self.relay.disconnect(*key);
                }
            }
            MediaCommand::Watch { port, silence } => {
                if let Some(key) = self.keys.get(&port) {
                    self.relay.watch(now, *key, silence);
                }
            }
            MediaCommand::Close { port } => {
                let stats = self.keys.remove(&port).and_then(|key| {
                    // Closing a socket takes it out of the epoll.
                    self.sockets.remove(key);
                    self.relay.close(key)
                });
                let stats = stats.unwrap_or_default();
                self.counted.dropped += stats.dropped;
                self.inbox.send(Inward::Media(MediaEvent::Closed { port, stats: told(stats) }));
            }
        }
    }

    fn watch(&mut self, now: Instant) {
        while let Some(key) = self.relay.poll_silent(now) {
            if let Some(held) = self.sockets.get(key) {
                self.inbox.send(Inward::Media(MediaEvent::Silent { port: held.id }));
            }
        }
        let counted = std::mem::take(&mut self.counted);
        metrics::counter!("strowger_media_packets_total", "direction" => "in").increment(counted.received);
        metrics::counter!("strowger_media_packets_total", "direction" => "out").increment(counted.sent);
        metrics::counter!("strowger_media_dropped_total").increment(counted.dropped);
    }
}

/// The highest bit of an epoll's data: no port's name grows so far.
const RTCP: u64 = 1 << 63;

fn told(stats: Stats) -> MediaStats {
    MediaStats {
        packets_in: stats.packets_in,
        bytes_in: stats.bytes_in,
        packets_out: stats.packets_out,
        bytes_out: stats.bytes_out,
        lost: stats.lost,
        jitter_us: stats.jitter_us,
        dropped: stats.dropped,
    }
}
