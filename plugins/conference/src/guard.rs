//! Wrong PINs are counted for each room over all calls: who guesses by many calls at once is no faster.
//!
//! A PIN counts as wrong from when it is tried, and no more once it is known to be right. So those that are looked up at
//! the same moment are no more than may be wrong; whoever comes beside them waits until it is known what they were.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use switch::TenantId;
use tokio::sync::Notify;

use crate::conference::{Clock, lock};

const MINUTE: Duration = Duration::from_secs(60);

/// The tenant's name for a room.
type Name = (TenantId, String);

/// The wrong PINs of the last minute.
#[derive(Debug)]
pub(crate) struct Guard {
    most: usize,
    rooms: Mutex<BTreeMap<Name, Tries>>,
    /// It became known what a PIN was.
    known: Notify,
}

#[derive(Debug, Default)]
struct Tries {
    /// When those came that are wrong, or may be.
    counted: VecDeque<Instant>,
    /// How many of them are looked up now.
    open: usize,
}

/// Whether a PIN may be tried.
enum Leave {
    Now,
    /// Perhaps, when it is known what others were.
    Later,
    Never,
}

/// A PIN that is looked up. It was a wrong one unless it is said to be [`right`](Self::right).
#[derive(Debug)]
pub(crate) struct Try<'a> {
    guard: &'a Guard,
    room: Name,
    at: Instant,
    right: bool,
}

impl Guard {
    pub(crate) fn new(most: usize) -> Self {
        Self { most, rooms: Mutex::default(), known: Notify::new() }
    }

    /// Leave to try a PIN there; `None` where too many were wrong in the last minute.
    pub(crate) async fn admit(&self, clock: &Clock, tenant: TenantId, room: &str) -> Option<Try<'_>> {
        let room = (tenant, room.to_owned());
        loop {
            // Before looking, so that nothing is missed between the two.
            let known = self.known.notified();
            let at = clock().0;
            match self.ask(at, &room) {
                Leave::Now => return Some(Try { guard: self, room, at, right: false }),
                Leave::Later => known.await,
                Leave::Never => return None,
            }
        }
    }

    /// Counts one, where it may be tried now.
    fn ask(&self, now: Instant, room: &Name) -> Leave {
        let mut rooms = lock(&self.rooms);
        forget(&mut rooms, now);
        let tries = rooms.entry(room.clone()).or_default();
        if tries.counted.len() < self.most {
            tries.counted.push_back(now);
            tries.open += 1;
            Leave::Now
        } else if tries.open > 0 {
            Leave::Later
        } else {
            Leave::Never
        }
    }
}

impl Try<'_> {
    /// It was a right one, and counts no more.
    pub(crate) fn right(mut self) {
        self.right = true;
    }
}

impl Drop for Try<'_> {
    fn drop(&mut self) {
        if let Some(tries) = lock(&self.guard.rooms).get_mut(&self.room) {
            tries.open = tries.open.saturating_sub(1);
            let own = tries.counted.iter().position(|at| *at == self.at);
            if let (true, Some(own)) = (self.right, own) {
                tries.counted.remove(own);
            }
        }
        self.guard.known.notify_waiters();
    }
}

/// What is older than a minute counts no more. Rooms are real ones here, so there are not many.
fn forget(rooms: &mut BTreeMap<Name, Tries>, now: Instant) {
    rooms.retain(|_, tries| {
        while tries.counted.front().is_some_and(|first| now.saturating_duration_since(*first) >= MINUTE) {
            tries.counted.pop_front();
        }
        !tries.counted.is_empty() || tries.open > 0
    });
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::pin;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::task::{Context, Poll, Waker};
    use std::time::SystemTime;

    use super::*;

    const ONE: TenantId = TenantId(1);

    /// A clock of so many seconds.
    fn clock() -> (Clock, Arc<AtomicU64>) {
        let (begin, seconds) = (Instant::now(), Arc::new(AtomicU64::new(0)));
        let read = seconds.clone();
        let clock: Clock =
            Arc::new(move || (begin + Duration::from_secs(read.load(Ordering::Relaxed)), SystemTime::UNIX_EPOCH));
        (clock, seconds)
    }

    fn now<T>(future: impl Future<Output = T>) -> Option<T> {
        match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(done) => Some(done),
            Poll::Pending => None,
        }
    }

    #[test]
    fn a_room_rests_for_a_minute_after_too_many_wrong_pins_and_others_do_not() {
        let ((clock, seconds), guard) = (clock(), Guard::new(2));
        let wrong = |tenant, room: &str| now(guard.admit(&clock, tenant, room)).expect("known at once").is_some();
        assert!(wrong(ONE, "600"));
        seconds.store(30, Ordering::Relaxed);
        assert!(wrong(ONE, "600"));
        seconds.store(59, Ordering::Relaxed);
        assert!(!wrong(ONE, "600"));
        assert!(wrong(ONE, "601") && wrong(TenantId(2), "600"));
        seconds.store(60, Ordering::Relaxed);
        assert!(wrong(ONE, "600"), "the first counts no more");
        seconds.store(200, Ordering::Relaxed);
        assert!(wrong(ONE, "602"));
        assert_eq!(lock(&guard.rooms).len(), 1, "what is over is forgotten");
    }

    #[test]
    fn right_ones_count_no_more_and_who_comes_beside_many_waits_to_know_what_they_were() {
        let ((clock, _), guard) = (clock(), Guard::new(2));
        let ask = || guard.admit(&clock, ONE, "600");
        let (first, second) = (now(ask()).flatten().expect("leave"), now(ask()).flatten().expect("leave"));
        let mut third = pin!(ask());
        assert!(now(third.as_mut()).is_none(), "two may be wrong already");
        first.right();
        let third = now(third).flatten().expect("one was right");
        let mut fourth = pin!(ask());
        assert!(now(fourth.as_mut()).is_none());
        drop((second, third));
        assert!(now(fourth).expect("known").is_none(), "both were wrong");
    }
}
