//! Wrong PINs are counted over all calls, for each mailbox and for each source: who guesses by many calls at once, or at many
//! mailboxes, is no faster. A mailbox that there is not is guarded as one that there is.
//!
//! A PIN counts as wrong from when it is tried, and no more once it is known to be right. So those that are looked up at
//! the same moment are no more than may be wrong; whoever comes beside them waits until it is known what they were.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use switch::{Invitation, TenantId, TrunkId, UserId};
use tokio::sync::Notify;

use crate::voicemail::Clock;

const MINUTE: Duration = Duration::from_mins(1);
const DAY: Duration = Duration::from_hours(24);

/// Who tries PINs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Source {
    /// A user of the tenant, who proved to be that.
    User(TenantId, UserId),
    /// A number outside: many come from one address there.
    Number(TenantId, TrunkId, String),
    /// An address; of IPv6 the part that one customer has.
    Address(IpAddr),
}

impl Source {
    pub(crate) fn of(invitation: &Invitation) -> Self {
        match (invitation.user, &invitation.inbound) {
            (Some(user), _) => Self::User(invitation.tenant, user),
            (None, Some((trunk, _))) => Self::Number(invitation.tenant, *trunk, invitation.caller.user.clone()),
            (None, None) => Self::Address(customer(invitation.source.ip())),
        }
    }
}

/// The first 64 bits of an IPv6 address are the customer's, the others he chooses himself.
fn customer(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() >> 64 << 64).into()),
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// Both guards.
#[derive(Debug)]
pub(crate) struct Guards {
    /// By the tenant's name for a mailbox, as it is, or as somebody typed it where there is none.
    mailboxes: Guard<(TenantId, String)>,
    sources: Guard<Source>,
    /// The same mailboxes, over a day, for all but their owners: who guesses slowly is no luckier.
    days: Guard<(TenantId, String)>,
}

/// A PIN that is looked up, at both.
#[derive(Debug)]
pub(crate) struct Tried<'a> {
    mailbox: Try<'a, (TenantId, String)>,
    source: Try<'a, Source>,
    day: Option<Try<'a, (TenantId, String)>>,
}

impl Guards {
    pub(crate) fn new(of_a_mailbox: usize, of_a_source: usize, window: Duration, in_a_day: usize) -> Self {
        Self {
            mailboxes: Guard::new(of_a_mailbox, MINUTE),
            sources: Guard::new(of_a_source, window),
            days: Guard::new(in_a_day, DAY),
        }
    }

    /// Leave to try a PIN; `None` where too many were wrong. Always in this order: who waits for the second holds a place at
    /// the first, and never the other way round.
    pub(crate) async fn admit(
        &self,
        clock: &Clock,
        tenant: TenantId,
        mailbox: &str,
        source: Source,
        owner: bool,
    ) -> Option<Tried<'_>> {
        let name = (tenant, mailbox.to_owned());
        let day = if owner { None } else { Some(self.days.admit(clock, name.clone()).await?) };
        let Some(mailbox) = self.mailboxes.admit(clock, name).await else {
            day.into_iter().for_each(Try::right);
            return None;
        };
        let Some(source) = self.sources.admit(clock, source).await else {
            // It is looked up nowhere, so the mailbox was not guessed at.
            mailbox.right();
            day.into_iter().for_each(Try::right);
            return None;
        };
        Some(Tried { mailbox, source, day })
    }
}

impl Tried<'_> {
    /// It was a right one, and counts no more.
    pub(crate) fn right(self) {
        self.mailbox.right();
        self.source.right();
        self.day.into_iter().for_each(Try::right);
    }
}

/// The wrong PINs of the last time.
#[derive(Debug)]
struct Guard<K> {
    most: usize,
    window: Duration,
    names: Mutex<BTreeMap<K, Tries>>,
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
struct Try<'a, K: Ord> {
    guard: &'a Guard<K>,
    name: K,
    at: Instant,
    right: bool,
}

impl<K: Ord + Clone> Guard<K> {
    fn new(most: usize, window: Duration) -> Self {
        Self { most, window, names: Mutex::new(BTreeMap::new()), known: Notify::new() }
    }

    async fn admit(&self, clock: &Clock, name: K) -> Option<Try<'_, K>> {
        loop {
            // Before looking, so that nothing is missed between the two.
            let known = self.known.notified();
            let at = clock().0;
            match self.ask(at, &name) {
                Leave::Now => return Some(Try { guard: self, name, at, right: false }),
                Leave::Later => known.await,
                Leave::Never => return None,
            }
        }
    }

    /// Counts one, where it may be tried now.
    fn ask(&self, now: Instant, name: &K) -> Leave {
        let mut names = lock(&self.names);
        self.forget(&mut names, now);
        let tries = names.entry(name.clone()).or_default();
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

    /// What is older than the window counts no more. There are never more names than wrong PINs in it.
    fn forget(&self, names: &mut BTreeMap<K, Tries>, now: Instant) {
        names.retain(|_, tries| {
            while tries.counted.front().is_some_and(|first| now.saturating_duration_since(*first) >= self.window) {
                tries.counted.pop_front();
            }
            !tries.counted.is_empty() || tries.open > 0
        });
    }
}

impl<K: Ord> Try<'_, K> {
    fn right(mut self) {
        self.right = true;
    }
}

impl<K: Ord> Drop for Try<'_, K> {
    fn drop(&mut self) {
        if let Some(tries) = lock(&self.guard.names).get_mut(&self.name) {
            tries.open = tries.open.saturating_sub(1);
            let own = tries.counted.iter().position(|at| *at == self.at);
            if let (true, Some(own)) = (self.right, own) {
                tries.counted.remove(own);
            }
        }
        self.guard.known.notify_waiters();
    }
}

/// What a panicked writer left is whole: no state is half-changed where anything can panic.
fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::pin;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::task::{Context, Poll, Waker};
    use std::time::SystemTime;

    use switch::{CallUid, Number, Party};

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

    fn user(id: i64) -> Source {
        Source::User(ONE, UserId(id))
    }

    #[test]
    fn a_mailbox_rests_for_a_minute_after_too_many_wrong_pins_and_others_do_not() {
        let ((clock, seconds), guards) = (clock(), Guards::new(2, 100, MINUTE, 1_000));
        let wrong =
            |mailbox: &str| now(guards.admit(&clock, ONE, mailbox, user(1), false)).expect("known at once").is_some();
        assert!(wrong("101"));
        seconds.store(30, Ordering::Relaxed);
        assert!(wrong("101"));
        seconds.store(59, Ordering::Relaxed);
        assert!(!wrong("101") && wrong("102"));
        seconds.store(60, Ordering::Relaxed);
        assert!(wrong("101"), "the first counts no more");
        seconds.store(200, Ordering::Relaxed);
        assert!(wrong("103"));
        assert_eq!(lock(&guards.mailboxes.names).len(), 1, "what is over is forgotten");
    }

    #[test]
    fn a_source_rests_whatever_mailbox_it_guesses_at_and_its_guesses_then_count_against_none() {
        let ((clock, seconds), guards) = (clock(), Guards::new(2, 3, 10 * MINUTE, 1_000));
        let wrong = |mailbox: &str, of: i64| {
            now(guards.admit(&clock, ONE, mailbox, user(of), false)).expect("known at once").is_some()
        };
        assert!(wrong("101", 1) && wrong("102", 1) && wrong("103", 1));
        assert!(!wrong("104", 1) && !wrong("104", 1) && !wrong("104", 1));
        assert!(wrong("104", 2) && wrong("104", 2), "nobody looked there yet");
        seconds.store(599, Ordering::Relaxed);
        assert!(!wrong("105", 1));
        seconds.store(600, Ordering::Relaxed);
        assert!(wrong("105", 1));
    }

    #[test]
    fn right_ones_count_no_more_and_who_comes_beside_many_waits_to_know_what_they_were() {
        let ((clock, _), guards) = (clock(), Guards::new(2, 100, MINUTE, 1_000));
        let ask = || guards.admit(&clock, ONE, "101", user(1), false);
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

    #[test]
    fn right_ones_count_against_neither_the_mailbox_nor_the_source() {
        let ((clock, _), guards) = (clock(), Guards::new(1, 1, MINUTE, 1_000));
        for _ in 0..3 {
            now(guards.admit(&clock, ONE, "101", user(1), false)).flatten().expect("leave").right();
        }
        assert!(lock(&guards.mailboxes.names).values().all(|tries| tries.counted.is_empty()));
        assert!(lock(&guards.sources.names).values().all(|tries| tries.counted.is_empty() && tries.open == 0));
    }

    #[test]
    fn a_source_is_a_user_else_a_number_outside_else_an_address() {
        let party = |user: &str| Party { name: None, user: user.to_owned(), uri: format!("sip:{user}@192.0.2.1") };
        let invitation = |user, trunk: Option<i64>| Invitation {
            uid: CallUid([1; 12]),
            tenant: ONE,
            caller: party("+4930123"),
            user,
            callee: party("101"),
            headers: Vec::new(),
            source: ([192, 0, 2, 1], 5060).into(),
            arrived: SystemTime::UNIX_EPOCH,
            deadline: MINUTE,
            inbound: trunk.map(|trunk| (TrunkId(trunk), Number::Short("101".to_owned()))),
            leads_to: None,
        };
        let of = |user, trunk| Source::of(&invitation(user, trunk));
        assert_eq!(of(Some(UserId(7)), None), user(7));
        assert_eq!(of(None, Some(2)), Source::Number(ONE, TrunkId(2), "+4930123".to_owned()));
        assert_eq!(of(None, None), Source::Address([192, 0, 2, 1].into()));
    }

    #[test]
    fn one_customer_is_one_source() {
        let of = |text: &str| customer(text.parse().expect("an address"));
        assert_eq!(of("2001:db8:1:2::7"), of("2001:db8:1:2:3:4:5:6"));
        assert_ne!(of("2001:db8:1:2::7"), of("2001:db8:1:3::7"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
    }

    #[test]
    fn a_slow_guesser_has_no_luck_either_and_the_owner_at_his_phone_is_not_held_up() {
        let ((clock, seconds), guards) = (clock(), Guards::new(2, 1_000, MINUTE, 5));
        let tries = |of: i64, owner: bool| {
            now(guards.admit(&clock, ONE, "101", user(of), owner)).expect("known at once").is_some()
        };
        for at in 0..5 {
            seconds.store(at * 61, Ordering::Relaxed);
            assert!(tries(at.try_into().expect("few"), false));
        }
        seconds.store(3_600, Ordering::Relaxed);
        assert!(!tries(99, false) && tries(1, true));
        seconds.store(25 * 3_600, Ordering::Relaxed);
        assert!(tries(99, false), "the next day");
    }
}
