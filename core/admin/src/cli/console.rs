//! Where the command line reads and writes: tables for people, JSON for scripts.

use std::io::{self, BufRead, BufReader, IsTerminal, Write};

use comfy_table::{ContentArrangement, Table, presets};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use prost::{Message, Name};

use crate::cli::failure::Failure;
use crate::cli::json;

/// A table is squeezed into a window that has at least so many hundredths of its columns.
const NARROW: usize = 60;

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
    /// How many columns the window has; as the terminal says where `None`.
    pub width: Option<u16>,
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
            width: None,
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
        if let Some(width) = self.width {
            table.set_width(width);
        }
        if self.fancy {
            if table.width().is_some_and(|window| NARROW * widest(header, rows) > 100 * usize::from(window)) {
                return self.one_below_the_other(header, rows);
            }
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

    /// What would be letters below letters as a table: a line each for what is known, and an empty one between two rows.
    fn one_below_the_other(&mut self, header: &[&str], rows: &[Vec<String>]) -> Result<(), Failure> {
        let name = header.iter().map(|name| name.chars().count()).max().unwrap_or(0);
        for (number, row) in rows.iter().enumerate() {
            if number > 0 {
                writeln!(self.out)?;
            }
            for (title, cell) in header.iter().zip(row).filter(|(_, cell)| !cell.is_empty()) {
                writeln!(self.out, "{title:<name$}  {}", plain(cell))?;
            }
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

/// How many columns a table has whose cells are whole: with their lines and spaces.
fn widest(header: &[&str], rows: &[Vec<String>]) -> usize {
    let wide = |at: usize| {
        let cells = rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.chars().count());
        cells.chain(header.get(at).map(|name| name.chars().count())).max().unwrap_or(0) + 3
    };
    (0..header.len()).map(wide).sum::<usize>() + 1
}

/// Text of a peer's must not command the operator's terminal: control characters are shown as a mark.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;

    use super::*;

    /// Bytes that are written in one place and read in another.
    #[derive(Clone, Default)]
    struct Paper(Rc<RefCell<Vec<u8>>>);

    impl Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.borrow_mut().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_window_too_narrow_for_a_table_shows_its_rows_one_below_the_other() {
        let row = |cells: [&str; 4]| cells.map(str::to_owned).to_vec();
        let rows = [row(["600", "Weekly", "", "2026-03-01 12:00:00"]), row(["601", "", "yes", "2026-03-01 12:30:00"])];
        let shown = |width| {
            let (paper, mut console) = (Paper::default(), Console::terminal(false));
            (console.out, console.fancy, console.width) = (Box::new(paper.clone()), true, Some(width));
            console.rows(&["NAME", "TITLE", "PIN", "CREATED"], &rows).unwrap();
            String::from_utf8(paper.0.borrow().clone()).unwrap()
        };
        let first = "NAME     600\nTITLE    Weekly\nCREATED  2026-03-01 12:00:00\n";
        let second = "NAME     601\nPIN      yes\nCREATED  2026-03-01 12:30:00\n";
        assert_eq!(shown(20), format!("{first}\n{second}"));
        assert!(shown(40).starts_with('┌'), "a little squeezed it is a table still: {}", shown(40));
    }

    #[test]
    fn a_callers_name_cannot_command_the_terminal() {
        assert_eq!(plain("Eve\u{1b}[2J\r\n\u{9b}31m"), "Eve\u{fffd}[2J\u{fffd}\u{fffd}\u{fffd}31m");
    }
}
