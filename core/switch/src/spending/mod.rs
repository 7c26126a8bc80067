//! What calls to the public network cost and what may be spent: the words. Who has spent how much is in [`ledger`].

mod bill;
mod day;
pub mod ledger;
mod page;
mod window;

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use crate::ids::{TenantId, TrunkId, UserId};

/// Money: millionths of the exchange's one currency. Never rounded to the payer's advantage or loss: sums are exact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Money(pub i64);

/// This is no amount of money.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no amount, as 0.0125: digits, and at most six after the point")]
pub struct NoMoney(String);

impl Money {
    /// None.
    pub const ZERO: Self = Self(0);
    /// More than anybody has.
    const MOST: i64 = 1_000_000_000_000_000;
}

/// As `0.0125`: no sign, no exponent, at most six digits after the point.
impl FromStr for Money {
    type Err = NoMoney;

    fn from_str(text: &str) -> Result<Self, NoMoney> {
        let wrong = || NoMoney(text.chars().take(32).collect());
        let (whole, part) = text.split_once('.').unwrap_or((text, ""));
        let digits = |text: &str| text.bytes().all(|c| c.is_ascii_digit());
        if whole.len() + part.len() == 0 || whole.len() > 9 || part.len() > 6 || !digits(whole) || !digits(part) {
            return Err(wrong());
        }
        let number = |text: &str| if text.is_empty() { Ok(0) } else { text.parse::<i64>() };
        let whole = number(whole).map_err(|_| wrong())?;
        let part = number(&format!("{part:0<6}")).map_err(|_| wrong())?;
        Ok(Self((whole * 1_000_000 + part).min(Self::MOST)))
    }
}

/// As it is read: `0.0125`, with at least two digits after the point.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (whole, part) = (self.0.unsigned_abs() / 1_000_000, self.0.unsigned_abs() % 1_000_000);
        let part = format!("{part:06}");
        let part = part.trim_end_matches('0');
        write!(f, "{sign}{whole}.{part:0<2}")
    }
}

/// What a call by one trunk to numbers of one prefix costs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rate {
    /// The digits that the numbers begin with, without `+`.
    pub prefix: String,
    /// For being answered.
    pub connect: Money,
    /// For each minute.
    pub per_minute: Money,
    /// So many seconds are charged at least, once it is answered.
    pub first: u32,
    /// After them the time is charged in steps of so many seconds, at least 1.
    pub step: u32,
}

impl Rate {
    /// How many seconds are charged for a call of this length; none for one that was not answered.
    #[must_use]
    pub fn charged(&self, length: Duration) -> u64 {
        let seconds = length.as_secs() + u64::from(length.subsec_nanos() > 0);
        let (first, step) = (u64::from(self.first), u64::from(self.step.max(1)));
        first + seconds.saturating_sub(first).div_ceil(step) * step
    }

    /// What so many charged seconds cost, rounded up to the next millionth.
    #[must_use]
    pub fn cost(&self, seconds: u64) -> Money {
        let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
        let time = self.per_minute.0.saturating_mul(seconds);
        Money(self.connect.0.saturating_add(time / 60 + i64::from(time % 60 > 0)))
    }
}

/// Who pays for a call, or whose channels it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Payer {
    /// A tenant, for all of its users.
    Tenant(TenantId),
    /// One user.
    User(UserId),
    /// A trunk: what may go over it, whoever calls.
    Trunk(TrunkId),
}

/// What one payer may spend on calls to the public network. What is `None` has no limit of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SpendingLimits {
    /// Calls at once.
    pub concurrent: Option<u32>,
    /// Calls begun in any second.
    pub per_second: Option<u32>,
    /// Calls begun in any hour.
    pub per_hour: Option<u32>,
    /// Charged minutes a day.
    pub minutes_per_day: Option<u32>,
    /// Cost a day.
    pub cost_per_day: Option<Money>,
}

/// A payer, what it may spend, and when its day is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Purse {
    /// Who.
    pub payer: Payer,
    /// What it may spend.
    pub limits: SpendingLimits,
    /// When its day is over and the next begins: midnight in its time zone.
    pub day_ends: SystemTime,
}

/// Which limit was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Limit {
    /// Calls at once.
    Concurrent,
    /// Calls a second.
    PerSecond,
    /// Calls an hour.
    PerHour,
    /// Minutes a day.
    Minutes,
    /// Cost a day.
    Cost,
}

impl Limit {
    /// Its name in events, metrics and the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Concurrent => "concurrent",
            Self::PerSecond => "per-second",
            Self::PerHour => "per-hour",
            Self::Minutes => "minutes-per-day",
            Self::Cost => "cost-per-day",
        }
    }
}

/// What one payer has spent, for operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spent {
    /// Who.
    pub payer: Payer,
    /// Calls that are under way now.
    pub concurrent: u32,
    /// Calls begun within the last hour.
    pub hour: u32,
    /// Charged seconds of this day, those of calls under way as far as they are granted.
    pub seconds: u64,
    /// Their cost.
    pub cost: Money,
    /// When the day is over.
    pub day_ends: SystemTime,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_read_as_it_is_written() {
        for (text, millionths, shown) in [
            ("0.0125", 12_500, "0.0125"),
            ("12", 12_000_000, "12.00"),
            (".5", 500_000, "0.50"),
            ("1.", 1_000_000, "1.00"),
        ] {
            let money: Money = text.parse().expect(text);
            assert_eq!((money.0, money.to_string()), (millionths, shown.to_owned()));
        }
        for none in ["", ".", "-1", "1,5", "1e3", "0.1234567", "1234567890", "x"] {
            assert!(none.parse::<Money>().is_err(), "{none}");
        }
    }

    #[test]
    fn a_minute_begun_is_charged_as_the_rate_says() {
        let rate =
            |first, step| Rate { prefix: "49".into(), connect: Money(1_000), per_minute: Money(60_000), first, step };
        let length = |millis| Duration::from_millis(millis);
        for (first, step, millis, seconds) in [
            (60, 60, 1, 60),
            (60, 60, 60_001, 120),
            (30, 6, 31_000, 36),
            (1, 1, 59_001, 60),
            (0, 1, 0, 0),
            (0, 0, 1500, 2),
        ] {
            assert_eq!(rate(first, step).charged(length(millis)), seconds, "{first}/{step} {millis}");
        }
        assert_eq!(rate(60, 60).cost(60), Money(61_000));
        assert_eq!(Rate { per_minute: Money(1), ..rate(1, 1) }.cost(1), Money(1_001), "rounded up");
    }
}
