//! What the post needs from those above: a queue, a clock, and somebody who counts.

use std::error::Error;
use std::future::Future;
use std::time::{Duration, SystemTime};

use crate::delivery::Stage;
use crate::letter::Letter;

/// A letter that is to be sent now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due<A = ()> {
    /// Its number in the queue; minted by the queue.
    pub id: i64,
    /// Since when it waits.
    pub queued: SystemTime,
    /// How often it was tried.
    pub tries: u32,
    /// What the queue needs to compose it.
    pub about: A,
}

impl<A> Due<A> {
    pub(crate) fn slip(&self) -> Due {
        Due { id: self.id, queued: self.queued, tries: self.tries, about: () }
    }
}

/// Where letters wait. It outlives the exchange; the post keeps nothing.
pub trait Queue: Send + Sync + 'static {
    /// Why it does not answer.
    type Error: Error + Send + Sync + 'static;

    /// What it needs to compose a letter, as its row.
    type About: Send + Sync + 'static;

    /// Letters that are due, those first that are so for longest, `most` of them. A letter is due until [`sent`](Self::sent),
    /// [`failed`](Self::failed) or [`dropped`](Self::dropped) was said of it, also while it is on its way.
    fn due(
        &self,
        now: SystemTime,
        most: usize,
    ) -> impl Future<Output = Result<Vec<Due<Self::About>>, Self::Error>> + Send;

    /// When the next letter is due, if one waits; it may be past.
    fn next(&self) -> impl Future<Output = Result<Option<SystemTime>, Self::Error>> + Send;

    /// Composes a letter. `None`: there is nothing to say any more, as when its message was deleted. It is asked at each try,
    /// just before the letter is sent.
    fn compose(&self, due: &Due<Self::About>) -> impl Future<Output = Result<Option<Letter>, Self::Error>> + Send;

    /// A server has taken it, for one of its recipients at least.
    fn sent(&self, id: i64) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// It was not sent, for this reason; it is due again then, or given up when `None`.
    fn failed(
        &self,
        id: i64,
        fault: &str,
        again: Option<SystemTime>,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// There was nothing to say: it is not to be sent.
    fn dropped(&self, id: i64) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

/// Who counts what becomes of letters. All of it is optional.
pub trait Observer: Send + Sync + 'static {
    /// One was sent, so long after it was queued.
    fn sent(&self, after: Duration) {
        let _ = after;
    }

    /// A try failed, there; the letter is tried again.
    fn failed(&self, stage: Stage) {
        let _ = stage;
    }

    /// One was given up, there.
    fn given_up(&self, stage: Stage) {
        let _ = stage;
    }

    /// One of several recipients was refused for good; the letter went to others.
    fn refused(&self) {}

    /// The server takes letters, or does not: told when it changes.
    fn server(&self, takes: bool) {
        let _ = takes;
    }
}

/// Nobody counts.
impl Observer for () {}

/// What time it is.
pub trait Clock: Send + Sync + 'static {
    /// Now.
    fn now(&self) -> SystemTime;
}

/// The system's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }
}
