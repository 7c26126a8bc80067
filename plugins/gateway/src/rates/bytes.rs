//! Rates as bytes, as the database keeps them: about six a row, read again without a single comparison of texts.
//!
//! ```text
//! RATE, version                           5 bytes; then integers of variable length:
//! names, tariffs, rows                    how many of each
//! length, text                            of each name
//! connect, per minute, first, step, name  of each tariff; name: its number and 1, 0 for none
//! step, tariff                            of each row: how much its prefix is above the one before, and its tariff
//! ```

use switch::Money;

use super::fault::{MOST_RATES, MOST_SECONDS};
use super::{NONE, Prefix, RateTable, Tariff};

const MARK: &[u8; 4] = b"RATE";
const VERSION: u8 = 1;

/// These bytes are no rates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadRates {
    /// They begin otherwise.
    #[error("these are no rates")]
    NotRates,
    /// They were written by a newer version of this program.
    #[error("these rates are of version {0}, and this program knows only version {VERSION}")]
    Version(u8),
    /// They are not what was written.
    #[error("these rates are damaged at byte {0}")]
    Damaged(usize),
}

impl RateTable {
    /// To be kept.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes =
            Vec::with_capacity(64 + self.names.text.len() + 12 * self.tariffs.len() + 8 * self.prefixes.len());
        bytes.extend_from_slice(MARK);
        bytes.push(VERSION);
        for count in [self.names.ends.len(), self.tariffs.len(), self.prefixes.len()] {
            write(&mut bytes, count as u64);
        }
        for name in (0..).map_while(|at| self.names.get(at)) {
            write(&mut bytes, name.len() as u64);
            bytes.extend_from_slice(name.as_bytes());
        }
        for tariff in &self.tariffs {
            for money in [tariff.connect, tariff.per_minute] {
                write(&mut bytes, money.0.unsigned_abs());
            }
            let name = if tariff.name == NONE { 0 } else { u64::from(tariff.name) + 1 };
            [u64::from(tariff.first), u64::from(tariff.step), name]
                .into_iter()
                .for_each(|part| write(&mut bytes, part));
        }
        let mut before = 0;
        for (prefix, tariff) in self.prefixes.iter().zip(&self.tariff_of) {
            // The lowest four bits are never used.
            write(&mut bytes, (prefix.bits() - before) >> 4);
            write(&mut bytes, u64::from(*tariff));
            before = prefix.bits();
        }
        bytes
    }

    /// What was kept.
    ///
    /// # Errors
    ///
    /// It is not what [`RateTable::to_bytes`] wrote.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BadRates> {
        let rest = bytes.strip_prefix(MARK).ok_or(BadRates::NotRates)?;
        match rest.split_first() {
            Some((&VERSION, rest)) => Bytes { rest, len: bytes.len() }.table(),
            Some((version, _)) => Err(BadRates::Version(*version)),
            None => Err(BadRates::Damaged(bytes.len())),
        }
    }
}

/// Seven bits in a byte, the lowest first; the highest bit says that more follow.
fn write(bytes: &mut Vec<u8>, mut number: u64) {
    while number > 0x7f {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// Bytes that are still to be read.
struct Bytes<'a> {
    rest: &'a [u8],
    len: usize,
}

impl<'a> Bytes<'a> {
    fn table(mut self) -> Result<RateTable, BadRates> {
        let counts = [self.count()?, self.count()?, self.count()?];
        let mut table = RateTable::default();
        for _ in 0..counts[0] {
            let name = self.text()?;
            table.names.add(name).ok_or(self.damaged())?;
        }
        table.tariffs.reserve_exact(counts[1]);
        for _ in 0..counts[1] {
            let tariff = self.tariff(counts[0])?;
            table.tariffs.push(tariff);
        }
        table.prefixes.reserve_exact(counts[2]);
        table.tariff_of.reserve_exact(counts[2]);
        let mut before = 0_u64;
        for _ in 0..counts[2] {
            let step = self.number(u64::MAX >> 4)?;
            let bits = before.checked_add(step << 4).filter(|bits| *bits > before);
            let prefix = bits.and_then(Prefix::from_bits).ok_or(self.damaged())?;
            before = prefix.bits();
            table.prefixes.push(prefix);
            let tariff = self.below(counts[1])?;
            table.tariff_of.push(tariff);
        }
        if !self.rest.is_empty() {
            return Err(self.damaged());
        }
        Ok(RateTable::of_sorted(table.prefixes, table.tariff_of, table.tariffs, table.names))
    }

    fn tariff(&mut self, names: usize) -> Result<Tariff, BadRates> {
        let (connect, per_minute) = (self.money()?, self.money()?);
        let (first, step) = (self.seconds()?, self.seconds()?);
        let name = self.below(names + 1)?.checked_sub(1).unwrap_or(NONE);
        if step == 0 { Err(self.damaged()) } else { Ok(Tariff { connect, per_minute, first, step, name }) }
    }

    const fn damaged(&self) -> BadRates {
        BadRates::Damaged(self.len - self.rest.len())
    }

    /// A number that is not greater than the most that it may be.
    fn number(&mut self, most: u64) -> Result<u64, BadRates> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.rest.split_first().ok_or(self.damaged())?;
            self.rest = rest;
            let part = u64::from(byte & 0x7f);
            if part << shift >> shift != part {
                return Err(self.damaged());
            }
            number |= part << shift;
            if byte & 0x80 == 0 {
                return if number <= most { Ok(number) } else { Err(self.damaged()) };
            }
        }
        Err(self.damaged())
    }

    /// How many of something follow: each takes a byte at least, so a lie takes no memory.
    fn count(&mut self) -> Result<usize, BadRates> {
        let most = self.rest.len().min(MOST_RATES);
        usize::try_from(self.number(most as u64)?).map_err(|_| self.damaged())
    }

    fn below(&mut self, end: usize) -> Result<u32, BadRates> {
        let most = end.checked_sub(1).ok_or(self.damaged())?;
        u32::try_from(self.number(most as u64)?).map_err(|_| self.damaged())
    }

    fn money(&mut self) -> Result<Money, BadRates> {
        // No more than can be read from a text.
        const MOST: u64 = 1_000_000_000_000_000;
        i64::try_from(self.number(MOST)?).map(Money).map_err(|_| self.damaged())
    }

    fn seconds(&mut self) -> Result<u32, BadRates> {
        u32::try_from(self.number(u64::from(MOST_SECONDS))?).map_err(|_| self.damaged())
    }

    fn text(&mut self) -> Result<&'a str, BadRates> {
        let len = usize::try_from(self.number(self.rest.len() as u64)?).map_err(|_| self.damaged())?;
        let (text, rest) = self.rest.split_at_checked(len).ok_or(self.damaged())?;
        self.rest = rest;
        str::from_utf8(text).map_err(|_| self.damaged())
    }
}
