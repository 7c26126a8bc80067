//! Guests that compute for long take turns: however many they are, whoever else wants to run waits for one of them only.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

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

/// One guest's place in the queue.
#[derive(Debug)]
pub(crate) struct Turn {
    turns: Arc<Semaphore>,
    held: Arc<Mutex<Option<OwnedSemaphorePermit>>>,
}

impl Turn {
    /// The guest's turn is over: another may compute.
    pub(crate) fn end(&self) {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// Waits for the next turn, and lets whoever else is ready run before it.
    pub(crate) fn next(&self) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        self.end();
        let (turns, held) = (self.turns.clone(), self.held.clone());
        Box::pin(async move {
            // The semaphore is never closed.
            if let Ok(permit) = turns.acquire_owned().await {
                *held.lock().unwrap_or_else(PoisonError::into_inner) = Some(permit);
            }
            // After the turn was got, so that a row of guests that wake each other lets timers and sockets be looked at
            // between any two. tokio's own yield: with wasmtime's, nothing else runs on this worker for the guest's life.
            tokio::task::yield_now().await;
        })
    }
}
