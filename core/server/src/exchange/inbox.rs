//! What other threads have to say to the signalling thread, and the bell that wakes it.

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering, fence};
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};

use anyhow::{Context, Result};
use rustix::event::{EventfdFlags, eventfd};
use sip::{ConnectionId, Flow};
use switch::{
    Aor, Application, CallId, Command, Lamp, LegRecord, MediaEvent, MediaStats, Origination, PlayRefusal,
    RecordingOrder, Refusal, Side, Site, SoundOrder, Spent, StoredBinding, TenantId, Trunk, TrunkView,
};
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::locator::Outcome;
use super::streams::Name;

/// Something from another thread.
#[derive(Debug)]
pub(crate) enum Inward {
    /// A whole message came over a stream, and the room that it takes here.
    Frame { flow: Flow, bytes: Vec<u8>, room: OwnedSemaphorePermit },
    /// A stream is open, and takes what is to be sent.
    Opened {
        connection: ConnectionId,
        flow: Flow,
        out: tokio::sync::mpsc::Sender<Vec<u8>>,
        /// The domains that its peer has proven to be.
        names: Vec<String>,
        /// We made it, and not the peer.
        made: bool,
    },
    /// A stream is gone.
    Closed(ConnectionId),
    /// No stream could be made.
    Unmade(Name),
    /// What came of looking for a peer.
    Located(Site, Outcome),
    /// An application or an operator wants something.
    Command(CallId, Command),
    /// The media engine has news.
    Media(MediaEvent),
    /// Somebody wants to know the bindings.
    Registrations(Option<TenantId>, oneshot::Sender<Vec<StoredBinding>>),
    /// An operator wants to know the legs of a call, and what was measured of each.
    Legs(CallId, oneshot::Sender<Vec<Measured>>),
    /// An operator wants something of the recording of a call.
    Record(CallId, RecordingOrder, oneshot::Sender<Result<String, Refusal>>),
    /// An operator wants something to be heard by one party of a call.
    Play(CallId, Option<Side>, Box<SoundOrder>, oneshot::Sender<Result<(), PlayRefusal>>),
    /// The exchange is to begin a call, for an application.
    Originate(Box<Begun>),
    /// The trunks are these from now on, and what may be spent is to be read anew.
    Outside(Vec<Trunk>),
    /// An operator wants to know how trunks stand.
    Trunks(oneshot::Sender<Vec<TrunkView>>),
    /// An operator wants to know what is spent.
    Spent(oneshot::Sender<Vec<Spent>>),
    /// What waits in a mailbox has changed.
    Lamp(Box<Lamp>),
    /// A mailbox is gone, and so is its lamp.
    NoLamp(TenantId, String),
    /// A user is gone: so are its bindings.
    Forget(Aor),
    /// No new calls.
    Drain,
    /// The end.
    Stop,
}

/// A call that is to be begun, and what is to have it.
pub(crate) struct Begun {
    pub(crate) order: Origination,
    pub(crate) application: Arc<dyn Application>,
}

impl std::fmt::Debug for Begun {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Begun").field("order", &self.order).finish_non_exhaustive()
    }
}

/// A leg, and where what was measured of it will come; `None` where it has no port.
pub(crate) type Measured = (LegRecord, Option<oneshot::Receiver<MediaStats>>);

/// The way in. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Inbox {
    sender: Sender<Inward>,
    bell: Arc<Bell>,
}

#[derive(Debug)]
struct Bell {
    event: OwnedFd,
    /// Somebody waits for it: else nobody needs to ring.
    wanted: AtomicBool,
}

/// The signalling thread's end.
#[derive(Debug)]
pub(crate) struct Outbox {
    pub(crate) received: Receiver<Inward>,
    /// What came while the thread was about to wait.
    first: Option<Inward>,
    bell: Arc<Bell>,
}

impl Inbox {
    pub(crate) fn new() -> Result<(Self, Outbox)> {
        let (sender, received) = channel();
        let event = eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)
            .context("an eventfd for the signalling thread")?;
        let bell = Arc::new(Bell { event, wanted: AtomicBool::new(false) });
        Ok((Self { sender, bell: bell.clone() }, Outbox { received, first: None, bell }))
    }

    /// Gives it something, and wakes it.
    pub(crate) fn send(&self, inward: Inward) {
        let _ = self.sender.send(inward);
        self.wake();
    }

    /// Rings where the thread waits and nobody has rung yet. One that works looks here before it waits again.
    fn wake(&self) {
        // What was sent is seen by the thread, or that it waits is seen here: never neither.
        fence(Ordering::SeqCst);
        if self.bell.wanted.load(Ordering::Relaxed) && self.bell.wanted.swap(false, Ordering::AcqRel) {
            let _ = rustix::io::write(&self.bell.event, &1_u64.to_ne_bytes());
        }
    }
}

impl Outbox {
    pub(crate) fn bell(&self) -> &OwnedFd {
        &self.bell.event
    }

    /// The thread is about to wait. Says whether it may: else something has just come.
    pub(crate) fn may_wait(&mut self) -> bool {
        self.bell.wanted.store(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        self.first = self.received.try_recv().ok();
        if self.first.is_some() {
            self.works();
        }
        self.first.is_none()
    }

    /// The thread does not wait any more.
    pub(crate) fn works(&self) {
        self.bell.wanted.store(false, Ordering::Relaxed);
    }

    /// The bell was heard.
    pub(crate) fn heard(&self) {
        let _ = rustix::io::read(&self.bell.event, &mut [0; 8]);
    }

    /// What came next.
    pub(crate) fn try_recv(&mut self) -> Result<Inward, TryRecvError> {
        match self.first.take() {
            Some(inward) => Ok(inward),
            None => self.received.try_recv(),
        }
    }
}
