//! A price list as a carrier sends it, made line by line: it is never in memory as a whole.

use std::io::{self, Read};

/// How much of a list is the same over and over.
#[derive(Clone, Copy)]
#[allow(dead_code, reason = "one bench makes one kind")]
pub(crate) enum Kind {
    /// Some thousands of tariffs and destinations, as carriers have.
    Usual,
    /// Every tariff and every name is there once.
    Distinct,
}

/// The prefix of a row: each another, in no order, 7 to 10 digits. One in eight begins the seven behind it.
pub(crate) fn prefix(row: u64) -> String {
    let mixed = mix(row);
    let (outer, inner) = (mixed / 8, mixed % 8);
    let begin = format!("{}{outer:06}", 1 + outer % 9);
    match inner {
        0 => begin,
        1..=4 => format!("{begin}{inner}"),
        _ => format!("{begin}{inner}{:02}", outer % 100),
    }
}

/// Another order of the first 2^20 numbers: multiplying by an odd one goes round all of them.
const fn mix(row: u64) -> u64 {
    row.wrapping_mul(0x9E37_79B9) % (1 << 20)
}

/// A list of so many rows.
pub(crate) struct Sheet {
    kind: Kind,
    rows: std::ops::Range<u64>,
    line: Vec<u8>,
    at: usize,
}

impl Sheet {
    pub(crate) fn of(rows: u64, kind: Kind) -> Self {
        let line = b"prefix,per_minute,connect,first,step,name\n".to_vec();
        Self { kind, rows: 0..rows, line, at: 0 }
    }

    fn next(&mut self) -> bool {
        let Some(row) = self.rows.next() else { return false };
        let mixed = mix(row);
        self.line = match self.kind {
            Kind::Usual => {
                let price = mixed % 4000 + 10;
                format!("{},0.{price:04},0,60,60,Destination {}\n", prefix(row), mixed % 9000)
            }
            Kind::Distinct => {
                format!("{},{}.{:05},0.01,30,6,\"Destination, {mixed}\"\n", prefix(row), mixed % 11, mixed / 11)
            }
        }
        .into_bytes();
        self.at = 0;
        true
    }
}

impl Read for Sheet {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        if self.at == self.line.len() && !self.next() {
            return Ok(0);
        }
        let rest = self.line.get(self.at..).unwrap_or_default();
        let count = rest.len().min(to.len());
        to.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        self.at += count;
        Ok(count)
    }
}
