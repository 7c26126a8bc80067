//! What is wrong in a table of rates, where, and what is to be done about it.

use std::fmt;

/// One fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// In which line of the file, from 1.
    pub line: u64,
    /// In which column, by its name; empty where it is the line as a whole.
    pub column: String,
    /// What stands there, no more than its first characters.
    pub value: String,
    /// What is wrong with it.
    pub wrong: Wrong,
}

/// What is wrong, and its cure.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    /// There is not even a first line.
    #[error("the file is empty: its first line names the columns, as prefix,per_minute")]
    Empty,
    /// Another character than the comma stands between columns.
    #[error("columns are separated by commas: replace every `{0}`")]
    Separator(char),
    /// A column of that name is not known.
    #[error("no such column: {cure}", cure = nearest(.0))]
    UnknownColumn(Option<&'static str>),
    /// The column is there already.
    #[error("this column is there twice: remove one")]
    ColumnTwice,
    /// A column is missing without which there is no rate.
    #[error("the first line does not name this column: add it")]
    NoColumn,
    /// More or fewer columns than the first line names.
    #[error("{found} values in a line of {wanted} columns: write every value, and quotes around one with a comma")]
    Width {
        /// So many does the first line name.
        wanted: usize,
        /// So many are there.
        found: usize,
    },
    /// It is no prefix.
    #[error("a prefix is 1 to 15 digits with the country's code first, as 4930")]
    NoPrefix,
    /// It is no amount of money.
    #[error("an amount is digits with at most six after a point, as 0.0125")]
    NoMoney,
    /// It is no number of seconds.
    #[error("write whole seconds, at most {MOST_SECONDS}")]
    NoSeconds,
    /// Steps of no length.
    #[error("a step is at least one second: write 1")]
    NoStep,
    /// A name that is too long.
    #[error("a name has at most {LONGEST_NAME} characters: shorten it")]
    LongName,
    /// Bytes that are no text.
    #[error("this is not UTF-8: save the file as UTF-8")]
    NoText,
    /// The prefix is in another line too.
    #[error("line {0} has the same prefix: remove one of the two")]
    Twice(u64),
    /// There are too many.
    #[error("a table has at most {MOST_RATES} rates: split it by trunk")]
    TooMany,
    /// The file could not be read to its end.
    #[error("the file could not be read any further: {0}")]
    Broken(String),
}

/// The longest first time and step, in seconds: a day.
pub(super) const MOST_SECONDS: u32 = 86_400;
/// The longest name of a destination, in characters.
pub(super) const LONGEST_NAME: usize = 80;
/// The most rates that a table has.
pub(super) const MOST_RATES: usize = 8_000_000;

fn nearest(column: &Option<&'static str>) -> String {
    let known = super::sheet::COLUMNS.join(", ");
    column.map_or_else(|| format!("there are {known}"), |name| format!("did you mean {name}? There are {known}"))
}

/// As `line 7: per_minute: "0,02": an amount is …`.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: ", self.line)?;
        if !self.column.is_empty() {
            write!(f, "{}: ", self.column)?;
        }
        if !self.value.is_empty() {
            write!(f, "{:?}: ", self.value)?;
        }
        self.wrong.fmt(f)
    }
}

/// All that is wrong in a file: none of it was taken.
#[derive(Debug, Clone, PartialEq, Eq, Default, thiserror::Error)]
pub struct Faults {
    /// The first of them by line, no more than [`Faults::SHOWN`].
    pub shown: Vec<Fault>,
    /// How many more there are.
    pub more: usize,
}

impl Faults {
    /// So many are told.
    pub const SHOWN: usize = 100;

    /// One more. So many are kept that the first by line are among them, whatever comes later.
    pub(super) fn add(&mut self, fault: Fault) {
        self.shown.push(fault);
        if self.shown.len() >= 4 * Self::SHOWN {
            self.sort();
        }
    }

    /// The first by line; nothing where there are none.
    pub(super) fn sort(&mut self) {
        self.shown.sort_by_key(|fault| fault.line);
        self.more += self.shown.len().saturating_sub(Self::SHOWN);
        self.shown.truncate(Self::SHOWN);
    }
}

/// A line for each, and how many more.
impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines = self.shown.iter();
        if let Some(first) = lines.next() {
            first.fmt(f)?;
        }
        lines.try_for_each(|fault| write!(f, "\n{fault}"))?;
        if self.more > 0 { write!(f, "\nand {} more", self.more) } else { Ok(()) }
    }
}
