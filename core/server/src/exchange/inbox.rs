//! What other threads have to say to the signalling thread, and the bell that wakes it.

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};

use anyhow::{Context, Result};
use rustix::event::{EventfdFlags, eventfd};
use sip::{ConnectionId, Flow};
use switch::{Aor, CallId, Command, MediaEvent, RecordingOrder, Refusal, StoredBinding, TenantId};
use tokio::sync::oneshot;

/// Something from another thread.
#[derive(Debug)]
pub(crate) enum Inward {
    /// A whole message came over a stream.
    Frame { flow: Flow, bytes: Vec<u8> },
    /// A stream is open, and takes what is to be sent.
    Opened { connection: ConnectionId, flow: Flow, out: tokio::sync::mpsc::Sender<Vec<u8>> },
    /// A stream is gone.
    Closed(ConnectionId),
    /// No stream could be made.
    Unsent(Flow),
    /// An application or an operator wants something.
    Command(CallId, Command),
    /// The media engine has news.
    Media(MediaEvent),
    /// Somebody wants to know the bindings.
    Registrations(Option<TenantId>, oneshot::Sender<Vec<StoredBinding>>),
    /// An operator wants something of the recording of a call.
    Record(CallId, RecordingOrder, oneshot::Sender<Result<String, Refusal>>),
    /// A user is gone: so are its bindings.
    Forget(Aor),
    /// No new calls.
    Drain,
    /// The end.
    Stop,
}

/// The way in. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Inbox {
    sender: Sender<Inward>,
    bell: Arc<Bell>,
}

#[derive(Debug)]
struct Bell {
    event: OwnedFd,
    rung: AtomicBool,
}

/// The signalling thread's end.
#[derive(Debug)]
pub(crate) struct Outbox {
    pub(crate) received: Receiver<Inward>,
    bell: Arc<Bell>,
}

impl Inbox {
    pub(crate) fn new() -> Result<(Self, Outbox)> {
        let (sender, received) = channel();
        let event = eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)
            .context("an eventfd for the signalling thread")?;
        let bell = Arc::new(Bell { event, rung: AtomicBool::new(false) });
        Ok((Self { sender, bell: bell.clone() }, Outbox { received, bell }))
    }

    /// Gives it something, and wakes it.
    pub(crate) fn send(&self, inward: Inward) {
        let _ = self.sender.send(inward);
        self.wake();
    }

    /// Rings, unless it has rung and nobody has heard it yet.
    pub(crate) fn wake(&self) {
        if !self.bell.rung.swap(true, Ordering::AcqRel) {
            let _ = rustix::io::write(&self.bell.event, &1_u64.to_ne_bytes());
        }
    }
}

impl Outbox {
    pub(crate) fn bell(&self) -> &OwnedFd {
        &self.bell.event
    }

    /// The bell was heard: it may ring again. Take what was received after this.
    pub(crate) fn heard(&self) {
        let _ = rustix::io::read(&self.bell.event, &mut [0; 8]);
        self.bell.rung.store(false, Ordering::Release);
    }
}
