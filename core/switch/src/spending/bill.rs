//! A bill: what one call to a number outside spends, and the slices in which that is granted.
//!
//! Time is granted in slices of a minute, in whole steps of the rate, so that what is granted is what would be charged if
//! the call ended there. A call may last as long as what is granted to it, but for the last second: that is left for the
//! BYE to get there before another step begins.

use std::time::{Duration, Instant};

use super::{Money, Payer, Rate};

/// So many seconds are granted at once, at least.
const SLICE: u64 = 60;
/// A call is not begun for less.
const LEAST: u64 = 30;
/// So long before the end of what is granted the next slice is asked for, and its end told of when there is none.
const NOTICE: Duration = Duration::from_secs(15);
/// So long before the end of what is granted the call is over.
const EARLY: Duration = Duration::from_secs(1);

/// Charged time, and what it costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Amount {
    pub(super) seconds: u64,
    /// In millionths. Sums of a day do not overflow it, whatever the rates are.
    pub(super) cost: i128,
}

impl Amount {
    fn of(rate: &Rate, seconds: u64) -> Self {
        Self { seconds, cost: rate.cost(seconds).0.into() }
    }

    pub(super) fn plus(self, other: Self) -> Self {
        Self { seconds: self.seconds.saturating_add(other.seconds), cost: self.cost.saturating_add(other.cost) }
    }

    /// What is left of it without the other; nothing, where that is more.
    pub(super) fn minus(self, other: Self) -> Self {
        let cost = self.cost.saturating_sub(other.cost).max(0);
        Self { seconds: self.seconds.saturating_sub(other.seconds), cost }
    }

    /// What both have.
    pub(super) fn least(self, other: Self) -> Self {
        Self { seconds: self.seconds.min(other.seconds), cost: self.cost.min(other.cost) }
    }
}

/// One payer's part in a bill.
#[derive(Debug, Clone, Copy)]
pub(super) struct Share {
    /// Who.
    pub(super) payer: Payer,
    /// The day of the payer in which it was granted something last.
    pub(super) day: u64,
    /// What was granted in that day.
    pub(super) granted: Amount,
}

impl Share {
    /// This was granted on that day.
    pub(super) fn add(&mut self, day: u64, granted: Amount) {
        self.granted = if day == self.day { self.granted.plus(granted) } else { granted };
        self.day = day;
    }
}

/// How far a call is, for who pays for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// It is tried; nobody has answered.
    Tried,
    /// Answered then, and nothing stands in its way yet.
    Charged(Instant),
    /// Answered then; the next slice could not be granted.
    Ending(Instant),
    /// Answered then, and to be ended.
    Over(Instant),
}

/// A bill.
#[derive(Debug)]
pub(super) struct Bill {
    rate: Rate,
    pub(super) shares: Vec<Share>,
    /// So many charged seconds are granted, or while it is tried reserved.
    granted: u64,
    pub(super) stage: Stage,
    /// Whether its end was told of, and no whole slice granted since.
    pub(super) warned: bool,
    /// What is done next is done then.
    pub(super) due: Option<Instant>,
}

impl Bill {
    pub(super) fn new(rate: Rate, granted: u64, payers: &[Payer]) -> Self {
        let shares = payers.iter().map(|payer| Share { payer: *payer, day: 0, granted: Amount::default() }).collect();
        Self { rate, shares, granted, stage: Stage::Tried, warned: false, due: None }
    }

    pub(super) fn granted(&self) -> Amount {
        Amount::of(&self.rate, self.granted)
    }

    /// When it is over with what is granted.
    pub(super) fn end(&self) -> Option<Instant> {
        let (Stage::Charged(since) | Stage::Ending(since) | Stage::Over(since)) = self.stage else { return None };
        since.checked_add(Duration::from_secs(self.granted))?.checked_sub(EARLY)
    }

    /// When something is to be done next.
    pub(super) fn next(&self) -> Option<Instant> {
        match self.stage {
            Stage::Tried | Stage::Over(_) => None,
            Stage::Charged(since) => self.end().and_then(|end| end.checked_sub(NOTICE)).map(|next| next.max(since)),
            Stage::Ending(_) => self.end(),
        }
    }

    /// What one step more would take.
    pub(super) fn step(&self) -> Amount {
        let next = self.rate.charged(Duration::from_secs(self.granted.saturating_add(1)));
        Amount::of(&self.rate, next).minus(self.granted())
    }

    /// How far the next slice would reach.
    pub(super) fn wanted(&self, now: Instant) -> u64 {
        let (Stage::Charged(since) | Stage::Ending(since) | Stage::Over(since)) = self.stage else {
            return self.granted;
        };
        // Whoever was woken late does not catch up slice by slice.
        let lasted = now.saturating_duration_since(since).as_secs();
        self.rate.charged(Duration::from_secs(lasted.max(self.granted).saturating_add(SLICE)))
    }

    /// Grants so many steps on the way to `wanted` as are free. Says how much that is.
    pub(super) fn extend(&mut self, wanted: u64, free: Amount) -> Amount {
        let had = self.granted();
        self.granted = reach(&self.rate, had, wanted, free).unwrap_or(self.granted);
        self.granted().minus(had)
    }

    /// What it costs to end now.
    pub(super) fn charge(&self, now: Instant) -> Amount {
        match self.stage {
            Stage::Tried => Amount::default(),
            Stage::Charged(since) | Stage::Ending(since) | Stage::Over(since) => {
                Amount::of(&self.rate, self.rate.charged(now.saturating_duration_since(since)))
            }
        }
    }
}

/// What is needed for a call to be begun.
pub(super) fn needed(rate: &Rate) -> Amount {
    Amount::of(rate, rate.charged(Duration::from_secs(LEAST)))
}

/// How many seconds a call begins with, where so much is free; `None` where it is too little.
pub(super) fn first_slice(rate: &Rate, free: Amount) -> Option<u64> {
    let wanted = rate.charged(Duration::from_secs(SLICE));
    reach(rate, Amount::default(), wanted, free).filter(|seconds| *seconds >= needed(rate).seconds)
}

/// The most seconds that are charged as a whole, from what there is up to `wanted`, for which enough is free.
fn reach(rate: &Rate, had: Amount, wanted: u64, free: Amount) -> Option<u64> {
    let (first, step) = (u64::from(rate.first), u64::from(rate.step.max(1)));
    let at = |steps: u64| first.saturating_add(steps.saturating_mul(step));
    let fits = |steps: u64| {
        let more = Amount::of(rate, at(steps)).minus(had);
        more.seconds <= free.seconds && more.cost <= free.cost
    };
    let steps = |seconds: u64| seconds.saturating_sub(first) / step;
    let (mut least, mut most) = (steps(had.seconds), steps(wanted));
    if !fits(least) {
        return None;
    }
    // The cost never falls with the time: halve.
    while least < most {
        let middle = most - (most - least) / 2;
        if fits(middle) { least = middle } else { most = middle - 1 }
    }
    Some(at(least))
}

/// What is charged where nobody has said what it costs: nothing, by the second.
pub(super) fn terms(rate: Option<&Rate>) -> Rate {
    let (connect, per_minute) = rate.map_or((Money::ZERO, Money::ZERO), |rate| (rate.connect, rate.per_minute));
    let (first, step) = rate.map_or((0, 1), |rate| (rate.first, rate.step));
    Rate { prefix: String::new(), connect, per_minute, first, step }
}
