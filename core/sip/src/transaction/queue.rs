//! Timers of all transactions in one queue, by due time and order of arming.

use std::collections::BTreeMap;
use std::time::Instant;

use super::{ClientKey, ServerKey};

/// Whose timer, and what it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    /// A or E: send the request again.
    Repeat(ClientKey),
    /// B, D, F, K, M: the end, good or bad.
    End(ClientKey),
    /// The 100 of §17.2.1, or G: send the response again.
    Answer(ServerKey),
    /// H, I, J, L: the end, good or bad.
    Forget(ServerKey),
}

/// An armed timer; kept by its transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Armed(Instant, u64);

#[derive(Debug, Default)]
pub(super) struct Queue {
    /// Indexed by due time and order of arming; keys minted by [`arm`](Self::arm).
    due: BTreeMap<Armed, Due>,
    count: u64,
}

impl Queue {
    pub(super) fn arm(&mut self, at: Instant, due: Due) -> Armed {
        self.count += 1;
        let armed = Armed(at, self.count);
        self.due.insert(armed, due);
        armed
    }

    pub(super) fn cancel(&mut self, armed: &mut Option<Armed>) {
        if let Some(armed) = armed.take() {
            self.due.remove(&armed);
        }
    }

    pub(super) fn next(&self) -> Option<Instant> {
        self.due.first_key_value().map(|(armed, _)| armed.0)
    }

    pub(super) fn pop(&mut self, now: Instant) -> Option<Due> {
        let first = self.due.first_entry()?;
        (first.key().0 <= now).then(|| first.remove())
    }
}
