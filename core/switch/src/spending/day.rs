//! A payer's day, and the time of day by which it ends.
//!
//! The wall clock is set now and then, and it may be set wrong and right again. Two things must not come of that: that
//! somebody gets a day's money twice, and that somebody who has spent it waits for more than about a day. So time here
//! never runs backwards. After the clock was set back it runs slower until the clock has caught up; a lead of whole days
//! is dropped, and the days with it.

use std::time::{Duration, Instant, SystemTime};

/// As long as most days are.
const DAY: Duration = Duration::from_secs(24 * 3600);
/// The end of a day is never further away than this: an hour is put in when summer time ends, and clocks are a bit off.
const LONGEST: Duration = Duration::from_secs(26 * 3600);
/// No day is shorter. A tenant that moves to another time zone does not get one day more: it has one long one.
const SHORTEST: Duration = Duration::from_secs(20 * 3600);

/// The time of day, which never runs backwards.
#[derive(Debug)]
pub(super) struct Wall {
    at: Instant,
    time: SystemTime,
}

impl Wall {
    pub(super) fn new(now: Instant, wall: SystemTime) -> Self {
        Self { at: now, time: wall }
    }

    pub(super) fn time(&self) -> SystemTime {
        self.time
    }

    /// What time it is, when the clock on the wall shows this.
    pub(super) fn turn(&mut self, now: Instant, wall: SystemTime) -> SystemTime {
        let passed = now.saturating_duration_since(self.at);
        // An eighth slower: a lead of an hour is gone after eight, and no day lasts longer than 28.
        let least = later(self.time, passed - passed / 8);
        let lead = least.duration_since(wall).unwrap_or_default();
        self.at = self.at.max(now);
        self.time = if lead.is_zero() { wall } else { earlier(least, whole_days(lead)) };
        self.time
    }
}

/// A day of one payer.
#[derive(Debug)]
pub(super) struct Day {
    /// Numbered by us, to tell it from those before.
    pub(super) number: u64,
    from: SystemTime,
    ends: SystemTime,
}

impl Day {
    /// The first that is known of a payer.
    pub(super) fn new(time: SystemTime, ends: SystemTime) -> Self {
        let ends = until(soon(ends, time), time);
        Self { number: 0, from: earlier(ends, DAY).min(time), ends }
    }

    pub(super) fn ends(&self) -> SystemTime {
        self.ends
    }

    /// Whether it was over: then it is the next one now.
    pub(super) fn turn(&mut self, time: SystemTime) -> bool {
        let early = self.from.duration_since(time).unwrap_or_default();
        if !early.is_zero() {
            let days = whole_days(early + DAY - Duration::from_nanos(1));
            (self.from, self.ends) = (earlier(self.from, days), earlier(self.ends, days));
        }
        let Ok(over) = time.duration_since(self.ends) else { return false };
        self.from = later(self.ends, whole_days(over));
        self.ends = later(self.from, DAY);
        self.number += 1;
        true
    }

    /// A purse says when it ends: exactly, but by another clock, and perhaps that of yesterday.
    pub(super) fn aim(&mut self, time: SystemTime, ends: SystemTime) {
        self.ends = until(soon(ends, time), time.max(later(self.from, SHORTEST)));
    }
}

/// The same time of day, and not further away than the end of a day is.
fn soon(ends: SystemTime, time: SystemTime) -> SystemTime {
    let far = ends.duration_since(later(time, LONGEST)).unwrap_or_default();
    if far.is_zero() { ends } else { earlier(ends, whole_days(far + DAY - Duration::from_nanos(1))) }
}

/// The same time of day, past this time.
fn until(ends: SystemTime, time: SystemTime) -> SystemTime {
    time.duration_since(ends).map_or(ends, |gap| later(ends, whole_days(gap) + DAY))
}

fn whole_days(time: Duration) -> Duration {
    Duration::from_secs(time.as_secs() / DAY.as_secs() * DAY.as_secs())
}

/// What lies past all that a clock can show is of no day.
fn later(time: SystemTime, by: Duration) -> SystemTime {
    time.checked_add(by).unwrap_or(time)
}

fn earlier(time: SystemTime, by: Duration) -> SystemTime {
    time.checked_sub(by).unwrap_or(time)
}
