//! What calls cost: rates by prefix, so many as a carrier has.

mod bytes;
mod fault;
mod prefix;
mod sheet;

use switch::{Money, Rate};

pub use bytes::BadRates;
pub use fault::{Fault, Faults, Wrong};
use prefix::Prefix;

/// The rates of one carrier. For a number that with the longest prefix counts.
///
/// The prefixes lie in one sorted array of words. Whatever begins with a prefix stands behind it without a gap, so of all
/// that begin a number the longest is the last one that is not greater than it, or one that begins that one. A row takes
/// 16 bytes; tariffs and names that many rows share are kept once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RateTable {
    prefixes: Vec<Prefix>,
    /// Every [`BLOCK`]th prefix: what fits into the cache of a core tells where to look in what does not.
    blocks: Vec<Prefix>,
    /// For each prefix the row of the longest one that begins it; [`NONE`] where there is none.
    parents: Vec<u32>,
    /// For each prefix the row of its tariff.
    tariff_of: Vec<u32>,
    tariffs: Vec<Tariff>,
    names: Names,
}

/// Eight lines of cache.
const BLOCK: usize = 64;

/// No row.
const NONE: u32 = u32::MAX;

/// What it costs, and how it is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Tariff {
    connect: Money,
    per_minute: Money,
    first: u32,
    step: u32,
    /// Which of the names; [`NONE`] for none.
    name: u32,
}

/// Many short texts in one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Names {
    text: String,
    /// Where each ends.
    ends: Vec<u32>,
}

impl Names {
    fn get(&self, at: u32) -> Option<&str> {
        let at = at as usize;
        let end = *self.ends.get(at)? as usize;
        let start = at.checked_sub(1).and_then(|before| self.ends.get(before)).map_or(0, |start| *start as usize);
        self.text.get(start..end)
    }

    /// Adds one; its number. `None` where there are too many.
    fn add(&mut self, name: &str) -> Option<u32> {
        let end = u32::try_from(self.text.len().checked_add(name.len())?).ok()?;
        let at = u32::try_from(self.ends.len()).ok().filter(|at| *at != NONE)?;
        self.text.push_str(name);
        self.ends.push(end);
        Some(at)
    }
}

impl RateTable {
    /// How many prefixes have a rate.
    #[must_use]
    pub fn len(&self) -> usize {
        self.prefixes.len()
    }

    /// Whether nothing has a rate.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.prefixes.is_empty()
    }

    /// What it costs to call a number, given by its digits without `+`.
    #[must_use]
    pub fn find(&self, digits: &str) -> Option<Rate> {
        self.row(self.row_of(digits)?).map(|(rate, _)| rate)
    }

    /// The same with the name that the carrier has for the destination; empty where it has none.
    #[must_use]
    pub fn find_named(&self, digits: &str) -> Option<(Rate, &str)> {
        self.row(self.row_of(digits)?)
    }

    /// All rates with their names, by prefix.
    pub fn iter(&self) -> impl Iterator<Item = (Rate, &str)> {
        (0..self.prefixes.len()).filter_map(|at| self.row(at))
    }

    /// The row of the longest prefix that begins a number.
    fn row_of(&self, digits: &str) -> Option<usize> {
        let number = Prefix::first_of(digits.as_bytes())?;
        let start = self.blocks.partition_point(|first| *first <= number).checked_sub(1)? * BLOCK;
        let block = self.prefixes.get(start..self.prefixes.len().min(start + BLOCK))?;
        let mut at = start + block.partition_point(|prefix| *prefix <= number).checked_sub(1)?;
        while !self.prefixes.get(at)?.begins(number) {
            at = *self.parents.get(at)? as usize;
        }
        Some(at)
    }

    fn row(&self, at: usize) -> Option<(Rate, &str)> {
        let tariff = self.tariffs.get(*self.tariff_of.get(at)? as usize)?;
        let rate = Rate {
            prefix: self.prefixes.get(at)?.digits(),
            connect: tariff.connect,
            per_minute: tariff.per_minute,
            first: tariff.first,
            step: tariff.step,
        };
        Some((rate, self.names.get(tariff.name).unwrap_or_default()))
    }

    /// Of rows in the order of their prefixes, each of which is there once.
    fn of_sorted(prefixes: Vec<Prefix>, tariff_of: Vec<u32>, tariffs: Vec<Tariff>, names: Names) -> Self {
        let mut parents = Vec::with_capacity(prefixes.len());
        // Those that begin the prefix before, the longest last.
        let mut open: Vec<(Prefix, u32)> = Vec::with_capacity(Prefix::MOST);
        for (at, prefix) in (0..).zip(&prefixes) {
            while open.last().is_some_and(|(outer, _)| !outer.begins(*prefix)) {
                open.pop();
            }
            parents.push(open.last().map_or(NONE, |(_, row)| *row));
            open.push((*prefix, at));
        }
        let blocks = prefixes.iter().step_by(BLOCK).copied().collect();
        Self { prefixes, blocks, parents, tariff_of, tariffs, names }
    }
}
