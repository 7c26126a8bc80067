//! Rates from a file of comma-separated values (RFC 4180 §2), as carriers send them.

use std::collections::HashMap;
use std::hash::Hash;
use std::io::Read;

use csv::{ByteRecord, ReaderBuilder};
use switch::Money;

use super::fault::{LONGEST_NAME, MOST_RATES, MOST_SECONDS};
use super::{Fault, Faults, NONE, Names, Prefix, RateTable, Tariff, Wrong};

/// The columns that a file may have, in any order; the first two must be there.
pub(super) const COLUMNS: [&str; 6] = ["prefix", "per_minute", "connect", "first", "step", "name"];
const PREFIX: usize = 0;
const PER_MINUTE: usize = 1;
const CONNECT: usize = 2;
const FIRST: usize = 3;
const STEP: usize = 4;
const NAME: usize = 5;
const NEEDED: [usize; 2] = [PREFIX, PER_MINUTE];

impl RateTable {
    /// Reads a file. Its first line names the columns: `prefix` and `per_minute`, and where the carrier has them
    /// `connect` (0), `first` and `step` (seconds, 1), `name`. The file is never in memory as a whole.
    ///
    /// # Errors
    ///
    /// All that is wrong with it, by line and column, with its cure.
    pub fn from_csv(file: impl Read) -> Result<Self, Faults> {
        let mut reader =
            ReaderBuilder::new().has_headers(false).flexible(true).buffer_capacity(1 << 16).from_reader(file);
        let (mut import, mut record) = (Import::default(), ByteRecord::new());
        loop {
            // The reader says where a record began once it has read it; where it could not, it is still before it.
            let read = reader.read_byte_record(&mut record);
            let line = record.position().map_or(1, csv::Position::line);
            match read {
                Ok(true) if import.width == 0 => import.header(&record),
                Ok(true) if import.rows.len() >= MOST_RATES => {
                    import.fault(line, "", b"", Wrong::TooMany);
                    break;
                }
                Ok(true) => import.line(line, &record),
                Ok(false) => break,
                Err(error) => {
                    import.fault(reader.position().line(), "", b"", Wrong::Broken(error.to_string()));
                    break;
                }
            }
            // Without the names of the columns nothing else can be understood.
            if import.at.iter().all(Option::is_none) {
                break;
            }
        }
        import.finish()
    }
}

/// A file, as far as it was read.
#[derive(Default)]
struct Import {
    /// How many columns the first line names.
    width: usize,
    /// Where each of [`COLUMNS`] stands.
    at: [Option<usize>; 6],
    rows: Vec<Row>,
    tariffs: Vec<Tariff>,
    names: Names,
    known_tariffs: Known<Tariff>,
    known_names: Known<Box<str>>,
    faults: Faults,
}

/// What a line says.
struct Row {
    prefix: Prefix,
    tariff: u32,
    /// Files of more lines are not read to their end.
    line: u32,
}

/// What was there before, and where. Files repeat themselves over and over, or hardly at all: only so much is remembered
/// that the latter costs no memory.
struct Known<T>(HashMap<T, u32>);

impl<T> Default for Known<T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<T: Eq + Hash> Known<T> {
    const MOST: usize = 1 << 16;

    fn remember(&mut self, one: T, at: u32) {
        if self.0.len() < Self::MOST {
            self.0.insert(one, at);
        }
    }
}

impl Import {
    fn fault(&mut self, line: u64, column: &str, value: &[u8], wrong: Wrong) {
        let value = String::from_utf8_lossy(value).chars().take(32).collect();
        self.faults.add(Fault { line, column: column.to_owned(), value, wrong });
    }

    /// The first line.
    fn header(&mut self, record: &ByteRecord) {
        self.width = record.len();
        let first = record.get(0).unwrap_or_default();
        if let Some(other) = [';', '\t', '|'].into_iter().find(|c| record.len() == 1 && first.contains(&(*c as u8))) {
            return self.fault(1, "", first, Wrong::Separator(other));
        }
        for (at, field) in record.iter().enumerate() {
            let name = String::from_utf8_lossy(field).trim().to_ascii_lowercase();
            match COLUMNS.iter().position(|column| *column == name).map(|column| self.at.get_mut(column)) {
                Some(Some(place @ None)) => *place = Some(at),
                Some(_) => self.fault(1, &name, b"", Wrong::ColumnTwice),
                None => self.fault(1, "", field, Wrong::UnknownColumn(nearest(&name))),
            }
        }
        for needed in NEEDED {
            if let (Some(None), Some(name)) = (self.at.get(needed), COLUMNS.get(needed)) {
                self.fault(1, name, b"", Wrong::NoColumn);
            }
        }
    }

    /// Any other line.
    fn line(&mut self, line: u64, record: &ByteRecord) {
        if record.len() != self.width {
            return self.fault(line, "", b"", Wrong::Width { wanted: self.width, found: record.len() });
        }
        // What is wrong in one column keeps nobody from looking at the others.
        let prefix = self.column(line, record, PREFIX, None, |field| {
            let field = field.strip_prefix(b"+").unwrap_or(field);
            Prefix::exactly(field).ok_or(Wrong::NoPrefix)
        });
        let per_minute = self.column(line, record, PER_MINUTE, None, money);
        let connect = self.column(line, record, CONNECT, Some(Money::ZERO), money);
        let first = self.column(line, record, FIRST, Some(1), seconds);
        let step = self.column(line, record, STEP, Some(1), |field| match seconds(field)? {
            0 => Err(Wrong::NoStep),
            step => Ok(step),
        });
        let name = self.name(line, record);
        let (Some(prefix), Some(per_minute), Some(connect)) = (prefix, per_minute, connect) else { return };
        let (Some(first), Some(step), Some(name)) = (first, step, name) else { return };
        let tariff = self.tariff(Tariff { connect, per_minute, first, step, name });
        if let (Some(tariff), Ok(line)) = (tariff, u32::try_from(line)) {
            self.rows.push(Row { prefix, tariff, line });
        }
    }

    /// The value of a column; the usual one where the file does not have it, or nothing stands there.
    fn column<T>(
        &mut self,
        line: u64,
        record: &ByteRecord,
        column: usize,
        usual: Option<T>,
        read: impl FnOnce(&[u8]) -> Result<T, Wrong>,
    ) -> Option<T> {
        let Some(Some(at)) = self.at.get(column) else { return usual };
        let field = record.get(*at).unwrap_or_default().trim_ascii();
        if field.is_empty() && usual.is_some() {
            return usual;
        }
        match read(field) {
            Ok(value) => Some(value),
            Err(wrong) => {
                self.fault(line, COLUMNS.get(column).copied().unwrap_or_default(), field, wrong);
                None
            }
        }
    }

    /// The number of the name of a destination.
    fn name(&mut self, line: u64, record: &ByteRecord) -> Option<u32> {
        let field = self.column(line, record, NAME, Some(String::new()), |field| {
            let text = str::from_utf8(field).map_err(|_| Wrong::NoText)?;
            if text.chars().count() > LONGEST_NAME { Err(Wrong::LongName) } else { Ok(text.to_owned()) }
        })?;
        if field.is_empty() {
            return Some(NONE);
        }
        if let Some(known) = self.known_names.0.get(field.as_str()) {
            return Some(*known);
        }
        let at = self.names.add(&field)?;
        self.known_names.remember(field.into_boxed_str(), at);
        Some(at)
    }

    /// The number of a tariff.
    fn tariff(&mut self, tariff: Tariff) -> Option<u32> {
        if let Some(known) = self.known_tariffs.0.get(&tariff) {
            return Some(*known);
        }
        let at = u32::try_from(self.tariffs.len()).ok()?;
        self.tariffs.push(tariff);
        self.known_tariffs.remember(tariff, at);
        Some(at)
    }

    /// The table, or all that is wrong with it.
    fn finish(mut self) -> Result<RateTable, Faults> {
        if self.width == 0 && self.faults.shown.is_empty() {
            self.fault(1, "", b"", Wrong::Empty);
        }
        self.rows.sort_unstable_by_key(|row| (row.prefix, row.line));
        let mut twice = Vec::new();
        let mut before: Option<&Row> = None;
        for row in &self.rows {
            match before.filter(|before| before.prefix == row.prefix) {
                Some(first) => twice.push((u64::from(row.line), row.prefix, u64::from(first.line))),
                None => before = Some(row),
            }
        }
        for (line, prefix, first) in twice {
            self.fault(line, "prefix", prefix.to_string().as_bytes(), Wrong::Twice(first));
        }
        self.faults.sort();
        if !self.faults.shown.is_empty() {
            return Err(self.faults);
        }
        let (known_names, known_tariffs) = (self.known_names, self.known_tariffs);
        drop((known_names, known_tariffs));
        let prefixes = self.rows.iter().map(|row| row.prefix).collect();
        let tariff_of = self.rows.iter().map(|row| row.tariff).collect();
        drop(self.rows);
        self.tariffs.shrink_to_fit();
        self.names.text.shrink_to_fit();
        self.names.ends.shrink_to_fit();
        Ok(RateTable::of_sorted(prefixes, tariff_of, self.tariffs, self.names))
    }
}

fn money(field: &[u8]) -> Result<Money, Wrong> {
    str::from_utf8(field).ok().and_then(|text| text.parse().ok()).ok_or(Wrong::NoMoney)
}

fn seconds(field: &[u8]) -> Result<u32, Wrong> {
    let digits = !field.is_empty() && field.iter().all(u8::is_ascii_digit);
    let seconds = str::from_utf8(field).ok().filter(|_| digits).and_then(|text| text.parse().ok());
    seconds.filter(|seconds| *seconds <= MOST_SECONDS).ok_or(Wrong::NoSeconds)
}

/// The column that a name most likely means, if any.
fn nearest(name: &str) -> Option<&'static str> {
    let likeness = |column: &str| strsim::jaro_winkler(column, name);
    let best = COLUMNS.into_iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)))?;
    (likeness(best) > 0.7).then_some(best)
}
