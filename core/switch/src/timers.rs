//! The switch's own timers: one queue, ordered by time and then by the order of arming.

use std::collections::BTreeMap;
use std::time::Instant;

use crate::ids::{CallId, LegId, Ticket};

/// What is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Timer {
    /// An application took too long to decide.
    Decide(CallId),
    /// A call stayed unanswered too long.
    SetUp(CallId),
    /// A dial step has rung long enough.
    Ring(CallId),
    /// An application's wait is over.
    Wait(CallId),
    /// A key did not come, or an echo has lasted long enough.
    Sound(CallId),
    /// The media engine took too long to give its counts.
    Count(CallId),
    /// A 2xx of ours is to be sent again (RFC 3261 §13.3.1.4).
    Accepting(LegId),
    /// A 1xx of ours is to be sent again, every minute (§13.3.1.1).
    Progress(LegId),
    /// A 1xx of ours has no PRACK yet (RFC 3262 §3).
    Assured(LegId),
    /// A dialog is to be refreshed (RFC 4028 §7.2).
    Refresh(LegId),
    /// A dialog was not refreshed in time (§10).
    Expired(LegId),
    /// An UPDATE of the far end waits too long for the other leg.
    Update(LegId),
    /// A gateway has said nothing to an INVITE of ours.
    Patience(LegId),
    /// A question was not answered.
    Ask(Ticket),
}

/// The name of an armed timer; kept by whoever armed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TimerKey(Instant, u64);

/// All armed timers of one kind.
#[derive(Debug)]
pub(crate) struct Timers<T = Timer> {
    /// Indexed by due time and order of arming; keys minted by [`arm`](Self::arm).
    queue: BTreeMap<TimerKey, T>,
    armed: u64,
}

impl<T> Default for Timers<T> {
    fn default() -> Self {
        Self { queue: BTreeMap::new(), armed: 0 }
    }
}

impl<T> Timers<T> {
    pub(crate) fn arm(&mut self, due: Instant, timer: T) -> TimerKey {
        self.armed += 1;
        let key = TimerKey(due, self.armed);
        self.queue.insert(key, timer);
        key
    }

    /// Disarms, and forgets the key.
    pub(crate) fn cancel(&mut self, key: &mut Option<TimerKey>) {
        if let Some(key) = key.take() {
            self.queue.remove(&key);
        }
    }

    pub(crate) fn next(&self) -> Option<Instant> {
        self.queue.first_key_value().map(|(key, _)| key.0)
    }

    pub(crate) fn pop_due(&mut self, now: Instant) -> Option<T> {
        let entry = self.queue.first_entry()?;
        (entry.key().0 <= now).then(|| entry.remove())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }
}
