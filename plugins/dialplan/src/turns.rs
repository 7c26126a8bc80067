//! Guests that compute for long take turns: however many they are, whoever else wants to run waits for one of them only.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The one turn that all guests of a host share.
#[derive(Debug, Clone)]
pub(crate) struct Turns(Arc<Semaphore>);

impl Default for Turns {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(1)))
    }
}

impl Turns {
    /// A place in the queue for a guest that has computed for a tick.
    pub(crate) fn turn(&self) -> Turn {
        Turn { turns: self.0.clone(), held: Arc::default() }
    }
}

/// One guest's place in the queue, and what it computes.
#[derive(Debug)]
pub(crate) struct Turn {
    turns: Arc<Semaphore>,
    held: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    permit: Option<OwnedSemaphorePermit>,
    /// What the thread had computed when the guest came to it; `None` while the guest does not compute.
    since: Option<Duration>,
}

impl Turn {
    /// The guest's turn is over: another may compute. Returns for how long this one did: its own time, however late the
    /// system let it run. `None` when it has not computed since, or where the system does not say.
    pub(crate) fn end(&self) -> Option<Duration> {
        let mut state = lock(&self.held);
        state.permit = None;
        Some(computed()?.saturating_sub(state.since.take()?))
    }

    /// The guest computes again after it has waited for something; it takes no turn until the next tick.
    pub(crate) fn resume(&self) {
        lock(&self.held).since = computed();
    }

    /// Waits for the next turn, and lets whoever else is ready run before it.
    pub(crate) fn next(&self) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        self.end();
        let (turns, held) = (self.turns.clone(), self.held.clone());
        Box::pin(async move {
            // The semaphore is never closed.
            if let Ok(permit) = turns.acquire_owned().await {
                lock(&held).permit = Some(permit);
            }
            // After the turn was got, so that a row of guests that wake each other lets timers and sockets be looked at
            // between any two. tokio's own yield: with wasmtime's, nothing else runs on this worker for the guest's life.
            tokio::task::yield_now().await;
            // The guest goes on in this poll, so on this thread.
            lock(&held).since = computed();
        })
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The processor time of this thread so far.
#[cfg(unix)]
#[allow(clippy::unnecessary_wraps, reason = "other systems do not say")]
fn computed() -> Option<Duration> {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Some(Duration::new(time.tv_sec.try_into().unwrap_or(0), time.tv_nsec.try_into().unwrap_or(0)))
}

#[cfg(not(unix))]
fn computed() -> Option<Duration> {
    None
}
