//! Wrong PINs are counted for each room over all calls: who guesses by many calls at once is no faster.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use switch::TenantId;

const MINUTE: Duration = Duration::from_secs(60);

/// The wrong PINs of the last minute.
#[derive(Debug)]
pub(crate) struct Guard {
    most: usize,
    /// When they came, by room; the tenant's name for it.
    wrong: BTreeMap<(TenantId, String), VecDeque<Instant>>,
}

impl Guard {
    pub(crate) fn new(most: usize) -> Self {
        Self { most, wrong: BTreeMap::new() }
    }

    /// Whether a PIN may be tried there.
    pub(crate) fn permits(&mut self, now: Instant, tenant: TenantId, room: &str) -> bool {
        self.forget(now);
        self.wrong.get(&(tenant, room.to_owned())).is_none_or(|wrong| wrong.len() < self.most)
    }

    /// A wrong one was tried.
    pub(crate) fn wrong(&mut self, now: Instant, tenant: TenantId, room: &str) {
        self.wrong.entry((tenant, room.to_owned())).or_default().push_back(now);
    }

    /// What is older than a minute counts no more. Rooms are real ones here, so there are not many.
    fn forget(&mut self, now: Instant) {
        self.wrong.retain(|_, wrong| {
            while wrong.front().is_some_and(|first| now.saturating_duration_since(*first) >= MINUTE) {
                wrong.pop_front();
            }
            !wrong.is_empty()
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_rests_for_a_minute_after_too_many_wrong_pins_and_others_do_not() {
        let (one, other, now) = (TenantId(1), TenantId(2), Instant::now());
        let mut guard = Guard::new(2);
        guard.wrong(now, one, "600");
        assert!(guard.permits(now, one, "600"));
        guard.wrong(now + Duration::from_secs(30), one, "600");
        assert!(!guard.permits(now + Duration::from_secs(59), one, "600"));
        assert!(guard.permits(now, one, "601") && guard.permits(now, other, "600"));
        assert!(guard.permits(now + MINUTE, one, "600"), "the first counts no more");
        assert!(guard.permits(now + 2 * MINUTE, one, "600") && guard.wrong.is_empty());
    }
}
