//! What a tenant has of the public network: how its people dial, what they may call, which numbers are its own, and which
//! trunks lead where. The words; what follows from them for one number is the business of whoever answers
//! [`Ask::Resolve`](crate::Ask).

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use crate::ask::Location;
use crate::ids::{TenantId, TrunkId};
use crate::number::{E164, NumberClass};
use crate::spending::SpendingLimits;

/// How the people of a tenant dial.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DialRules {
    /// The country whose numbers are dialled, ISO 3166-1, upper case; empty: nothing outside can be dialled but as
    /// `+4930123456`.
    pub country: String,
    /// The area whose numbers can be dialled without an area code, as `30`; such numbers are `local`. Empty for none.
    pub area: String,
    /// What is dialled to get a line, as `0` or `9`; empty for nothing. A number without it is then no number outside.
    pub line: String,
}

/// What may be called. Emergency numbers may be, always.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Grants {
    /// These kinds of numbers.
    pub classes: BTreeSet<NumberClass>,
    /// Of `international` ones those of these countries alone, ISO 3166-1, upper case; of all when empty.
    pub countries: BTreeSet<String>,
    /// No number that begins with these digits, without `+`.
    pub never: BTreeSet<String>,
}

/// The way outside of one tenant.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TenantOutside {
    /// How it is dialled.
    pub rules: DialRules,
    /// What may be called by its users, and by its dialplans for callers that are no users.
    pub grants: Grants,
    /// What it may spend.
    pub limits: SpendingLimits,
    /// The number that is shown where a user has none: one of its own.
    pub shown: Option<E164>,
    /// The trunk for emergency calls; without one they go as any other call does.
    pub emergency: Option<TrunkId>,
    /// Where its users are, as far as they have no location of their own.
    pub location: Option<Location>,
}

/// The way outside of one user.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UserOutside {
    /// What may be called: never more than the tenant's. As the tenant's when `None`.
    pub grants: Option<Grants>,
    /// What may be spent, beside what the tenant may.
    pub limits: SpendingLimits,
    /// The number that is shown: one that the tenant owns.
    pub shown: Option<E164>,
    /// Where the user is.
    pub location: Option<Location>,
}

/// Numbers that a tenant owns (DID).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Did {
    /// Minted by the store.
    pub id: i64,
    /// Whose.
    pub tenant: TenantId,
    /// Which.
    pub numbers: DidNumbers,
    /// Only when they are called over this trunk.
    pub trunk: Option<TrunkId>,
    /// Who is reached.
    pub leads_to: DidTarget,
}

/// Which numbers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum DidNumbers {
    /// One.
    One(E164),
    /// From the first to the last, of equal length.
    Range(E164, E164),
    /// All that begin with these digits; of these lengths behind them, both included.
    Prefix {
        /// The digits, without `+`.
        digits: String,
        /// The fewest digits that follow.
        least: u8,
        /// The most.
        most: u8,
    },
}

/// This is no number, range or pattern of numbers.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoDid {
    /// None of the three.
    #[error("`{0}` is none of +4930123456, +4930123400-+4930123499, +4930123*, +4930123XX")]
    Form(String),
    /// The ends do not fit together.
    #[error("the range `{0}` must run upwards, between numbers of one length")]
    Range(String),
}

/// As `+4930123456`, `+4930123400-+4930123499`, `+4930123*` (up to the longest number that there is) or `+4930123XX` (so
/// many digits).
impl FromStr for DidNumbers {
    type Err = NoDid;

    fn from_str(text: &str) -> Result<Self, NoDid> {
        let wrong = || NoDid::Form(text.chars().take(40).collect());
        if let Some((first, last)) = text.split_once('-') {
            let (first, last) =
                (first.parse::<E164>().map_err(|_| wrong())?, last.parse::<E164>().map_err(|_| wrong())?);
            let upwards = first.digits().len() == last.digits().len() && first <= last;
            return if upwards { Ok(Self::Range(first, last)) } else { Err(NoDid::Range(text.to_owned())) };
        }
        if let Ok(one) = text.parse::<E164>() {
            return Ok(Self::One(one));
        }
        let digits = text.strip_prefix('+').ok_or_else(wrong)?;
        let at = digits.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
        let (digits, rest) = digits.split_at_checked(at).ok_or_else(wrong)?;
        let room = u8::try_from(15_usize.saturating_sub(digits.len())).unwrap_or_default();
        let places = u8::try_from(rest.len()).unwrap_or(u8::MAX);
        let open = rest == "*";
        if digits.is_empty() || digits.starts_with('0') || !(open || rest.bytes().all(|c| c == b'X' || c == b'x')) {
            return Err(wrong());
        }
        let (least, most) = if open { (0, room) } else { (places, places) };
        if most > room || !(2..=15).contains(&(digits.len() + usize::from(most))) {
            return Err(wrong());
        }
        Ok(Self::Prefix { digits: digits.to_owned(), least, most })
    }
}

/// As [`FromStr`] reads it.
impl fmt::Display for DidNumbers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(number) => number.fmt(f),
            Self::Range(first, last) => write!(f, "{first}-{last}"),
            Self::Prefix { digits, least, most } if least == most => {
                write!(f, "+{digits}")?;
                (0..*most).try_for_each(|_| f.write_str("X"))
            }
            Self::Prefix { digits, .. } => write!(f, "+{digits}*"),
        }
    }
}

/// Who is reached by a number of a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DidTarget {
    /// Whom the tenant's dialplan says.
    Dialplan,
    /// A user, by name.
    User(String),
    /// A conference room, by name.
    Room(String),
}

/// A route: to numbers of some kind calls go by this trunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Minted by the store.
    pub id: i64,
    /// Its name, unique among those of its tenant.
    pub name: String,
    /// Whose calls; every tenant's, where the trunk is nobody's own, when `None`.
    pub tenant: Option<TenantId>,
    /// To numbers that begin with these digits, without `+`; to all when empty. The longest that fits counts.
    pub prefix: String,
    /// To these kinds of numbers; to all when empty.
    pub classes: BTreeSet<NumberClass>,
    /// By this trunk.
    pub trunk: TrunkId,
    /// Among those of equal prefix lower ones come first; then the cheaper.
    pub priority: u16,
    /// Only at these times of the tenant's day.
    pub hours: Option<Hours>,
    /// Whether it is used.
    pub enabled: bool,
}

/// Times of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hours {
    /// On which days, Monday first.
    pub days: [bool; 7],
    /// From this minute of the day on.
    pub from: u16,
    /// Until before this one; the same as `from`: all day; an earlier one: over midnight, into the next day.
    pub until: u16,
}

impl Hours {
    const DAYS: [&str; 7] = ["mo", "tu", "we", "th", "fr", "sa", "su"];

    /// Whether this minute of this day (0 is Monday) is among them.
    #[must_use]
    pub fn contain(&self, day: usize, minute: u16) -> bool {
        let on = |day: usize| self.days.get(day % 7).copied().unwrap_or(false);
        match self.from.cmp(&self.until) {
            Ordering::Equal => on(day),
            Ordering::Less => on(day) && (self.from..self.until).contains(&minute),
            Ordering::Greater => (on(day) && minute >= self.from) || (on(day + 6) && minute < self.until),
        }
    }
}

/// These are no hours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` are no hours, as mo-fr 08:00-18:00 or sa,su 00:00-00:00")]
pub struct NoHours(String);

/// As `mo-fr 08:00-18:00`, `sa,su 20:00-06:00`.
impl FromStr for Hours {
    type Err = NoHours;

    fn from_str(text: &str) -> Result<Self, NoHours> {
        let wrong = || NoHours(text.chars().take(40).collect());
        let day = |name: &str| Self::DAYS.iter().position(|known| known.eq_ignore_ascii_case(name)).ok_or_else(wrong);
        let minute = |text: &str| {
            let (hours, minutes) = text.split_once(':').ok_or_else(wrong)?;
            let of = |text: &str, most: u16| text.parse::<u16>().ok().filter(|n| *n <= most && text.len() == 2);
            let minute = of(hours, 24).zip(of(minutes, 59)).map(|(hours, minutes)| hours * 60 + minutes);
            minute.filter(|minute| *minute <= 24 * 60).ok_or_else(wrong)
        };
        let (names, times) = text.split_once(' ').ok_or_else(wrong)?;
        let mut days = [false; 7];
        for name in names.split(',') {
            let (first, last) = name.split_once('-').unwrap_or((name, name));
            let (first, last) = (day(first)?, day(last)?);
            let count = (last + 7 - first) % 7;
            (first..=first + count).for_each(|at| {
                if let Some(day) = days.get_mut(at % 7) {
                    *day = true;
                }
            });
        }
        let (from, until) = times.split_once('-').ok_or_else(wrong)?;
        Ok(Self { days, from: minute(from)?, until: minute(until)? })
    }
}

/// As [`FromStr`] reads it.
impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = Self::DAYS.iter().zip(self.days).filter(|(_, on)| *on).map(|(name, _)| *name);
        let time = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
        write!(f, "{} {}-{}", names.collect::<Vec<_>>().join(","), time(self.from), time(self.until))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_a_tenant_are_read_as_they_are_written() {
        for text in ["+4930123456", "+4930123400-+4930123499", "+4930123*", "+4930123XX"] {
            assert_eq!(text.parse::<DidNumbers>().expect(text).to_string(), text);
        }
        for none in
            ["", "4930", "+49-+48", "+49-+490", "*", "+*", "+0*", "+49X*", "+4930123456789012*", "+49301234567890X12"]
        {
            assert!(none.parse::<DidNumbers>().is_err(), "{none}");
        }
    }

    #[test]
    fn hours_run_over_midnight_and_over_the_week() {
        let office: Hours = "mo-fr 08:00-18:00".parse().expect("hours");
        assert!(
            office.contain(0, 480) && !office.contain(0, 479) && !office.contain(0, 1080) && !office.contain(5, 600)
        );
        let night: Hours = "su,we 22:00-06:00".parse().expect("hours");
        assert!(night.contain(6, 1320) && night.contain(0, 359) && !night.contain(0, 360) && !night.contain(1, 0));
        let over: Hours = "sa-mo 00:00-00:00".parse().expect("hours");
        assert!(over.contain(5, 0) && over.contain(6, 1439) && over.contain(0, 700) && !over.contain(1, 0));
        assert_eq!(over.to_string(), "mo,sa,su 00:00-00:00");
        for none in ["", "mo", "mo 8:00-18:00", "xx 08:00-18:00", "mo 08:00", "mo 25:00-26:00", "mo 24:01-08:00"] {
            assert!(none.parse::<Hours>().is_err(), "{none}");
        }
    }
}
