//! The signalling thread's end of a media thread, and what others have to tell that thread.

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};

use anyhow::{Context, Result};
use media::player::Item;
use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::event::{EventfdFlags, eventfd};
use switch::{AudioError, MediaCommand, MediaStats, MixerId, PortId, SoundId};
use tokio::sync::oneshot;

use super::library::Library;
use super::ports::{Pair, Rested};
use super::recordings::{Recordings, Taped};
use super::thread::{Moving, Thread};
use crate::exchange::Inbox;

/// What a thread is told.
#[derive(Debug)]
pub(super) enum Order {
    /// The sockets are watched already: whatever comes wakes the thread, which reads its orders first.
    Open { id: PortId, pair: Pair },
    /// By the exchange.
    Command(MediaCommand),
    /// What was to be played is there, or is not.
    Ready { port: PortId, id: SoundId, items: Result<Vec<Item>, AudioError> },
    /// The same of what was to be announced in a mixer.
    Announced { mixer: MixerId, id: SoundId, items: Result<Vec<Item>, AudioError> },
    /// A recording cannot go on; the exchange is told.
    Spoilt { of: Taped, id: SoundId },
    /// A port will come from another thread; orders for it follow.
    Await { port: PortId },
    /// A port goes to another thread.
    Move { port: PortId, to: Orders },
    /// A port comes from another thread; `None` when it was not there.
    Arrive { port: PortId, moving: Option<Box<Moving>> },
    /// A new port on a pair that rests.
    Reopen { id: PortId, number: u64 },
    /// A pair that rests is to be closed.
    Forget { number: u64 },
    /// Somebody wants to know what was measured.
    Measure { port: PortId, answer: oneshot::Sender<MediaStats> },
}

/// The way of other threads to a media thread.
#[derive(Debug, Clone)]
pub(super) struct Orders {
    orders: Sender<Order>,
    bell: Arc<Bell>,
}

impl Orders {
    /// Gives an order and wakes the thread.
    pub(super) fn give(&self, order: Order) {
        let _ = self.orders.send(order);
        self.bell.ring();
    }
}

/// The signalling thread's end of a media thread.
#[derive(Debug, Clone)]
pub(crate) struct Worker {
    orders: Sender<Order>,
    bell: Arc<Bell>,
    poll: Arc<OwnedFd>,
    back: Orders,
}

#[derive(Debug)]
pub(super) struct Bell {
    event: OwnedFd,
    wanted: AtomicBool,
}

impl Bell {
    fn ring(&self) {
        let _ = rustix::io::write(&self.event, &1_u64.to_ne_bytes());
    }

    /// It was heard, and is silent until it rings again.
    pub(super) fn heard(&self) {
        let _ = rustix::io::read(&self.event, &mut [0; 8]);
    }
}

/// What a thread works with.
pub(super) struct Parts {
    pub(super) poll: Arc<OwnedFd>,
    pub(super) bell: Arc<Bell>,
    /// From the signalling thread; when it is gone, so is the work.
    pub(super) orders: Receiver<Order>,
    /// From the threads that read and write files.
    pub(super) results: Receiver<Order>,
    pub(super) back: Orders,
    pub(super) inbox: Inbox,
    pub(super) library: Library,
    pub(super) recordings: Recordings,
    /// Takes pairs whose ports are closed.
    pub(super) returned: Sender<Rested>,
    /// Which thread this is.
    pub(super) number: usize,
    pub(super) seed: [u8; 32],
}

/// The eventfd's place among the sockets: no pair's number is all ones.
pub(super) const BELL: u64 = u64::MAX;
/// The highest bit of an epoll's data: no pair's number grows so far.
pub(super) const RTCP: u64 = 1 << 63;

impl Worker {
    pub(super) fn start(
        (name, number): (usize, usize),
        seed: [u8; 32],
        inbox: Inbox,
        library: Library,
        recordings: Recordings,
        returned: Sender<Rested>,
    ) -> Result<Self> {
        let ((orders, received), (back, results)) = (channel(), channel());
        let event = eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC).context("an eventfd for media")?;
        let bell = Arc::new(Bell { event, wanted: AtomicBool::new(false) });
        let poll = Arc::new(epoll::create(epoll::CreateFlags::CLOEXEC).context("an epoll for media")?);
        epoll::add(&*poll, &bell.event, EventData::new_u64(BELL), EventFlags::IN).context("watching the eventfd")?;
        let back = Orders { orders: back, bell: bell.clone() };
        let thread = Thread::new(Parts {
            poll: poll.clone(),
            bell: bell.clone(),
            orders: received,
            results,
            back: back.clone(),
            inbox,
            library,
            recordings,
            returned,
            number,
            seed,
        });
        std::thread::Builder::new()
            .name(format!("media-{name}"))
            .spawn(move || thread.run())
            .context("starting a media thread")?;
        Ok(Self { orders, bell, poll, back })
    }

    /// A new port of this thread. Nobody is woken for it.
    pub(super) fn open(&self, id: PortId, pair: Pair) -> std::io::Result<()> {
        let (rtp, rtcp) = (EventData::new_u64(pair.number), EventData::new_u64(pair.number | RTCP));
        epoll::add(&*self.poll, &pair.rtp, rtp, EventFlags::IN)?;
        epoll::add(&*self.poll, &pair.rtcp, rtcp, EventFlags::IN)?;
        let _ = self.orders.send(Order::Open { id, pair });
        Ok(())
    }

    /// A new port on a pair that rests at this thread. Nobody is woken for it.
    pub(super) fn reopen(&self, id: PortId, number: u64) {
        let _ = self.orders.send(Order::Reopen { id, number });
    }

    /// Closes a pair that rests there. Nobody is woken for it.
    pub(super) fn forget(&self, number: u64) {
        let _ = self.orders.send(Order::Forget { number });
    }

    /// An order. Only one that somebody waits for, or that begins sound, wakes the thread; the others are read before the
    /// next packet is.
    pub(super) fn give(&self, command: MediaCommand) {
        let rings = match &command {
            MediaCommand::Expect { .. }
            | MediaCommand::Fax { .. }
            | MediaCommand::Connect { .. }
            | MediaCommand::Disconnect { .. }
            | MediaCommand::Watch { .. } => false,
            MediaCommand::Play { .. }
            | MediaCommand::Hush { .. }
            | MediaCommand::Press { .. }
            | MediaCommand::Echo { .. }
            | MediaCommand::Record { .. }
            | MediaCommand::Enough { .. }
            | MediaCommand::RecordCall { .. }
            | MediaCommand::Tap { .. }
            | MediaCommand::PauseCall { .. }
            | MediaCommand::EnoughCall { .. }
            | MediaCommand::Join { .. }
            | MediaCommand::Leave { .. }
            | MediaCommand::Announce { .. }
            | MediaCommand::RecordRoom { .. }
            | MediaCommand::PauseRoom { .. }
            | MediaCommand::EnoughRoom { .. }
            | MediaCommand::Close { .. } => true,
        };
        if rings {
            self.bell.wanted.store(true, Ordering::Release);
        }
        let _ = self.orders.send(Order::Command(command));
    }

    /// What was measured at a port is told, at once.
    pub(super) fn measure(&self, port: PortId, answer: oneshot::Sender<MediaStats>) {
        let _ = self.orders.send(Order::Measure { port, answer });
        self.bell.wanted.store(true, Ordering::Release);
    }

    /// A port of this thread goes to another one, where what is ordered from now on waits for it.
    pub(super) fn hand_over(&self, port: PortId, to: &Self) {
        let _ = to.orders.send(Order::Await { port });
        let _ = self.orders.send(Order::Move { port, to: to.back.clone() });
        self.bell.wanted.store(true, Ordering::Release);
    }

    pub(super) fn wake(&self) {
        if self.bell.wanted.swap(false, Ordering::AcqRel) {
            self.bell.ring();
        }
    }
}
