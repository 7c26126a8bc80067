//! Where the command line reads and writes: tables for people, JSON for scripts.

use std::io::{self, BufRead, BufReader, IsTerminal, Write};

use comfy_table::{ContentArrangement, Table, presets};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use prost::{Message, Name};

use crate::cli::failure::Failure;
use crate::cli::json;

/// Where a command reads and writes.
pub struct Console {
    /// For what was asked.
    pub out: Box<dyn Write>,
    /// For remarks beside it.
    pub notes: Box<dyn Write>,
    /// For passwords.
    pub input: Box<dyn BufRead>,
    /// Draw lines around tables and fit them to the window.
    pub fancy: bool,
    /// JSON instead of tables.
    pub json: bool,
    /// In which times are shown and read.
    pub zone: TimeZone,
    /// From which times as `2h` count back.
    pub now: Timestamp,
}

impl std::fmt::Debug for Console {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Console").field("fancy", &self.fancy).field("json", &self.json).finish_non_exhaustive()
    }
}

impl Console {
    /// The process's own.
    #[must_use]
    pub fn terminal(json: bool) -> Self {
        Self {
            out: Box::new(io::stdout()),
            notes: Box::new(io::stderr()),
            input: Box::new(BufReader::new(io::stdin())),
            fancy: io::stdout().is_terminal(),
            json,
            zone: TimeZone::system(),
            now: Timestamp::now(),
        }
    }

    /// One thing: its fields below each other.
    pub(crate) fn card<M: Message + Name>(
        &mut self,
        message: &M,
        fields: impl FnOnce(&Self) -> Vec<(&'static str, String)>,
    ) -> Result<(), Failure> {
        if self.json {
            return Ok(writeln!(self.out, "{}", json::pretty(message)?)?);
        }
        let fields = fields(self);
        let widest = fields.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
        for (name, value) in fields.iter().filter(|(_, value)| !value.is_empty()) {
            writeln!(self.out, "{name:<widest$}  {}", plain(value))?;
        }
        Ok(())
    }

    /// Many things: a row each, or the whole answer as JSON.
    pub(crate) fn table<M: Message + Name>(
        &mut self,
        message: &M,
        none: &str,
        header: &[&str],
        rows: impl FnOnce(&Self) -> Vec<Vec<String>>,
    ) -> Result<(), Failure> {
        if self.json {
            return Ok(writeln!(self.out, "{}", json::pretty(message)?)?);
        }
        let rows = rows(self);
        if rows.is_empty() {
            return self.note(none);
        }
        self.rows(header, &rows)
    }

    /// A table without a message behind it.
    pub(crate) fn rows(&mut self, header: &[&str], rows: &[Vec<String>]) -> Result<(), Failure> {
        let mut table = Table::new();
        if self.fancy {
            table.load_style(presets::UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic);
        } else {
            table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
        }
        table.set_header(header.iter().copied());
        for row in rows {
            table.add_row(row.iter().map(|cell| plain(cell)));
        }
        if !self.fancy {
            table.column_iter_mut().for_each(|column| {
                column.set_padding((0, 2));
            });
        }
        for line in table.lines() {
            writeln!(self.out, "{}", line.trim_end())?;
        }
        Ok(())
    }

    /// That something was done: a sentence, or JSON.
    pub(crate) fn say(&mut self, sentence: &str, json: &serde_json::Value) -> Result<(), Failure> {
        if self.json {
            writeln!(self.out, "{json}")?;
        } else {
            writeln!(self.out, "{}", plain(sentence))?;
        }
        Ok(())
    }

    /// A remark for people, beside the output.
    pub(crate) fn note(&mut self, sentence: &str) -> Result<(), Failure> {
        Ok(writeln!(self.notes, "{}", plain(sentence))?)
    }

    /// A time in the operator's zone.
    pub(crate) fn time(&self, time: Option<prost_types::Timestamp>) -> String {
        self.strftime(time, "%Y-%m-%d %H:%M:%S")
    }

    /// The time of day alone.
    pub(crate) fn clock(&self, time: Option<prost_types::Timestamp>) -> String {
        self.strftime(time, "%H:%M:%S%.3f")
    }

    fn strftime(&self, time: Option<prost_types::Timestamp>, format: &str) -> String {
        time.and_then(|time| Timestamp::new(time.seconds, time.nanos).ok())
            .map(|time| time.to_zoned(self.zone.clone()).strftime(format).to_string())
            .unwrap_or_default()
    }
}

/// Text of a peer's must not command the operator's terminal: control characters are shown as a mark.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_callers_name_cannot_command_the_terminal() {
        assert_eq!(plain("Eve\u{1b}[2J\r\n\u{9b}31m"), "Eve\u{fffd}[2J\u{fffd}\u{fffd}\u{fffd}31m");
    }
}
