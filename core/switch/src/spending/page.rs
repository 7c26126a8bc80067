//! A payer's page in the ledger: its limits, the calls that it has and had, and what is spent of its day.
//!
//! What is reserved for calls that nobody has answered yet is `held`: it is of no day, and belongs to the one in which the
//! call is answered.

use std::time::{Duration, SystemTime};

use super::bill::Amount;
use super::day::Day;
use super::window::{Hour, Second};
use super::{Limit, Money, Payer, Purse, SpendingLimits, Spent};

/// A refusal is told of once in this time, for each limit.
const SILENCE: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(super) struct Page {
    limits: SpendingLimits,
    /// Calls that are under way.
    calls: u32,
    second: Second,
    hour: Hour,
    held: Amount,
    day: Day,
    /// What is spent of the day, and what is granted of it.
    spent: Amount,
    /// Whether it was told today that little is left: of the minutes, of the cost.
    near: [bool; 2],
    /// When it was last told that a limit is reached, by limit; since the ledger's beginning.
    told: [Option<Duration>; 5],
}

impl Page {
    pub(super) fn new(time: SystemTime, ends: SystemTime) -> Self {
        Self {
            limits: SpendingLimits::default(),
            calls: 0,
            second: Second::new(),
            hour: Hour::new(),
            held: Amount::default(),
            day: Day::new(time, ends),
            spent: Amount::default(),
            near: [false; 2],
            told: [None; 5],
        }
    }

    /// Begins a new day when it is time.
    pub(super) fn turn(&mut self, time: SystemTime) {
        if self.day.turn(time) {
            self.spent = Amount::default();
            self.near = [false; 2];
        }
    }

    /// What is known of the payer from now on.
    pub(super) fn note(&mut self, time: SystemTime, purse: &Purse) {
        self.turn(time);
        self.limits = purse.limits;
        self.day.aim(time, purse.day_ends);
    }

    /// Which limit on the number of calls one more would break. One that has `begun` is only counted among those at once.
    pub(super) fn refuses(&mut self, at: Duration, begun: bool) -> Option<Limit> {
        let reached = |limit: Option<u32>, count: u32| limit.is_some_and(|limit| count >= limit);
        if reached(self.limits.concurrent, self.calls) {
            Some(Limit::Concurrent)
        } else if begun {
            None
        } else if reached(self.limits.per_second, self.second.count(at)) {
            Some(Limit::PerSecond)
        } else if reached(self.limits.per_hour, self.hour.count(at)) {
            Some(Limit::PerHour)
        } else {
            None
        }
    }

    /// What can be granted still.
    pub(super) fn free(&self) -> Amount {
        let taken = self.spent.plus(self.held);
        let seconds = self.limits.minutes_per_day.map_or(u64::MAX, |minutes| u64::from(minutes) * 60);
        let cost = self.limits.cost_per_day.map_or(i128::MAX, |most| i128::from(most.0).saturating_sub(taken.cost));
        Amount { seconds: seconds.saturating_sub(taken.seconds), cost: cost.max(0) }
    }

    /// Which limit stands in the way of this.
    pub(super) fn lacks(&self, amount: Amount) -> Option<Limit> {
        let free = self.free();
        if amount.seconds > free.seconds {
            Some(Limit::Minutes)
        } else if amount.cost > free.cost {
            Some(Limit::Cost)
        } else {
            None
        }
    }

    /// One more call began.
    pub(super) fn begin(&mut self, at: Duration) {
        self.second.add(at);
        self.hour.add(at);
    }

    /// A call is under way, and this is reserved for it.
    pub(super) fn enter(&mut self, held: Amount) {
        self.calls = self.calls.saturating_add(1);
        self.held = self.held.plus(held);
    }

    /// It is not, and that is free again.
    pub(super) fn leave(&mut self, held: Amount) {
        self.calls = self.calls.saturating_sub(1);
        self.held = self.held.minus(held);
    }

    /// What was reserved for a call is granted to it, for it was answered.
    pub(super) fn answer(&mut self, held: Amount) {
        self.held = self.held.minus(held);
        self.grant(held);
    }

    /// So much more of the day is spent.
    pub(super) fn grant(&mut self, amount: Amount) {
        self.spent = self.spent.plus(amount);
    }

    /// So much of what was granted on this day was not needed. Of a day that is over nothing comes back.
    pub(super) fn give_back(&mut self, day: u64, amount: Amount) {
        if day == self.day.number {
            self.spent = self.spent.minus(amount);
        }
    }

    /// The number of the day.
    pub(super) fn today(&self) -> u64 {
        self.day.number
    }

    /// Which limits are four fifths spent and were not told of today; they are now.
    pub(super) fn nears(&mut self) -> [Option<Limit>; 2] {
        let minutes = self.limits.minutes_per_day.map(|minutes| i128::from(minutes) * 60);
        let cost = self.limits.cost_per_day.map(|cost| i128::from(cost.0));
        let seconds = i128::from(self.spent.seconds);
        let [minutes_told, cost_told] = &mut self.near;
        let near = |limit: Limit, most: Option<i128>, spent: i128, told: &mut bool| {
            let is_near = most.is_some_and(|most| most > 0 && spent.saturating_mul(5) >= most * 4) && !*told;
            *told |= is_near;
            is_near.then_some(limit)
        };
        [near(Limit::Minutes, minutes, seconds, minutes_told), near(Limit::Cost, cost, self.spent.cost, cost_told)]
    }

    /// Whether it is to be told that this limit is reached: it was not just now.
    pub(super) fn tells(&mut self, at: Duration, limit: Limit) -> bool {
        let Some(told) = self.told.get_mut(limit as usize) else { return false };
        let silent = told.is_some_and(|told| is_fresh(told, at));
        if !silent {
            *told = Some(at);
        }
        !silent
    }

    #[cfg(test)]
    pub(super) fn holds_nothing(&self) -> bool {
        self.held == Amount::default()
    }

    /// When it can be forgotten, if nothing happens until then.
    pub(super) fn ends(&self) -> SystemTime {
        self.day.ends()
    }

    /// Nothing of it is worth to be remembered past the end of its day.
    pub(super) fn is_idle(&mut self, at: Duration) -> bool {
        self.calls == 0 && self.hour.count(at) == 0 && !self.told.iter().flatten().any(|told| is_fresh(*told, at))
    }

    pub(super) fn spent(&mut self, at: Duration, payer: Payer) -> Spent {
        Spent {
            payer,
            concurrent: self.calls,
            hour: self.hour.count(at),
            seconds: self.spent.seconds,
            cost: Money(i64::try_from(self.spent.cost).unwrap_or(i64::MAX)),
            day_ends: self.day.ends(),
        }
    }
}

fn is_fresh(told: Duration, at: Duration) -> bool {
    at.saturating_sub(told) < SILENCE
}
