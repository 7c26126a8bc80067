//! `cargo xtask rfcs`: what `docs/rfcs.md` claims is so. Each row names files and tests that exist, and an RFC that a
//! source of ours speaks of has a row.

use std::collections::{BTreeMap, BTreeSet};

use crate::place::{self, Place};
use crate::tool::{Outcome, fail, say};

const TABLE: &str = "docs/rfcs.md";

/// One row of the table.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    line: usize,
    rfc: u32,
    section: String,
    files: Vec<String>,
    tests: Vec<String>,
}

/// Checks the table; `strict` makes faults of what is only told otherwise: an RFC without a row, and rows out of order.
pub(crate) fn rfcs(place: &Place, strict: bool) -> Outcome {
    let path = place.root.join(TABLE);
    if !path.is_file() {
        return fail(format!("{TABLE} is missing"));
    }
    let (rows, mut faults) = rows(&place::text(&path)?);
    let mut sources = Vec::new();
    for folder in ["core", "plugins", "dialplans"] {
        for path in place::files(&place.root.join(folder), "rs")? {
            sources.push((place.shown(&path), place::text(&path)?));
        }
    }
    for row in &rows {
        let missing = row.files.iter().filter(|file| !place.root.join(file).exists());
        faults.extend(missing.map(|file| format!("line {}: there is no file {file}", row.line)));
        let unknown = row.tests.iter().filter(|test| !is_there(place, &sources, test));
        faults.extend(unknown.map(|test| format!("line {}: there is no test {test}", row.line)));
    }
    let mut told: Vec<String> = unlisted(&rows, &sources);
    told.extend(out_of_order(&rows));
    if strict {
        faults.append(&mut told);
    }
    for one in told {
        say(format!("{TABLE}: {one}"));
    }
    if !faults.is_empty() {
        let faults: Vec<String> = faults.iter().map(|fault| format!("{TABLE}: {fault}")).collect();
        return fail(faults.join("\nxtask: "));
    }
    let rfcs: BTreeSet<u32> = rows.iter().map(|row| row.rfc).collect();
    say(format!("{TABLE}: {} rows of {} RFCs, each with its file and its test", rows.len(), rfcs.len()));
    Ok(())
}

/// A test is a function of the file that is named before it, or of any; or a file that tests as a whole.
fn is_there(place: &Place, sources: &[(String, String)], test: &str) -> bool {
    let (file, name) = match test.split_once(':') {
        Some((file, name)) if file.contains('/') => (Some(file), name.trim_start_matches(':').trim()),
        _ if test.contains('/') => return place.root.join(test).exists(),
        _ => (None, test),
    };
    let name = name.rsplit("::").next().unwrap_or(name).trim_end_matches("()");
    let function = format!("fn {name}(");
    let mut searched = sources.iter().filter(|(path, _)| file.is_none_or(|file| file == path));
    searched.any(|(_, text)| text.contains(&function))
}

/// Reads the rows `| RFC § | what | where | test |`, and says which are not of that form.
fn rows(text: &str) -> (Vec<Row>, Vec<String>) {
    let (mut rows, mut faults) = (Vec::new(), Vec::new());
    for (line, text) in text.lines().enumerate().map(|(at, text)| (at + 1, text.trim())) {
        let Some(inner) = text.strip_prefix('|').and_then(|text| text.strip_suffix('|')) else { continue };
        let cells: Vec<&str> = inner.split('|').map(str::trim).collect();
        let is_head = cells.iter().all(|cell| cell.chars().all(|c| matches!(c, '-' | ':' | ' ')))
            || cells.first().is_some_and(|first| first.starts_with("RFC §"));
        if is_head {
            continue;
        }
        let [rfc, _, files, tests] = cells.as_slice() else {
            faults.push(format!("line {line}: a row has four cells, this one has {}", cells.len()));
            continue;
        };
        let (number, section) = split_rfc(rfc);
        let row = Row { line, rfc: number, section, files: list(files), tests: list(tests) };
        // A line in a file may be named too.
        let row = Row { files: row.files.iter().map(|file| before_colon(file)).collect(), ..row };
        let lacks = [(number == 0, "an RFC"), (row.files.is_empty(), "a file"), (row.tests.is_empty(), "a test")];
        faults.extend(lacks.iter().filter(|(it, _)| *it).map(|(_, what)| format!("line {line}: {what} is not named")));
        rows.push(row);
    }
    (rows, faults)
}

/// `3261 §9.2` or `RFC 3261 §9.2`.
fn split_rfc(cell: &str) -> (u32, String) {
    let cell = cell.trim_start_matches("RFC").trim();
    let digits: String = cell.chars().take_while(char::is_ascii_digit).collect();
    (digits.parse().unwrap_or(0), cell[digits.len()..].trim().trim_start_matches('§').to_owned())
}

/// What a cell names, separated by commas, with or without backticks; a dash names nothing.
fn list(cell: &str) -> Vec<String> {
    let names = cell.split(',').map(|name| name.replace('`', "").trim().to_owned());
    names.filter(|name| name.chars().any(char::is_alphanumeric)).collect()
}

fn before_colon(file: &str) -> String {
    file.split(':').next().unwrap_or(file).to_owned()
}

/// RFCs that the sources speak of and the table does not, with a file each.
fn unlisted(rows: &[Row], sources: &[(String, String)]) -> Vec<String> {
    let listed: BTreeSet<u32> = rows.iter().map(|row| row.rfc).collect();
    let mut found: BTreeMap<u32, &str> = BTreeMap::new();
    for (path, text) in sources.iter().filter(|(path, _)| path.contains("/src/") && !path.starts_with("core/xtask")) {
        for rfc in mentions(text).filter(|rfc| !listed.contains(rfc)) {
            found.entry(rfc).or_insert(path);
        }
    }
    found.iter().map(|(rfc, path)| format!("RFC {rfc} has no row, and {path} speaks of it")).collect()
}

fn mentions(text: &str) -> impl Iterator<Item = u32> {
    text.split("RFC ").skip(1).filter_map(|rest| {
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().ok()
    })
}

/// The first row that stands before one it should follow.
fn out_of_order(rows: &[Row]) -> Option<String> {
    let key = |row: &Row| -> (u32, Vec<u32>) {
        let section = row.section.split([' ', ',', '–', '-']).next().unwrap_or_default().to_owned();
        (row.rfc, section.split('.').map(|part| part.parse().unwrap_or(0)).collect())
    };
    let pair = rows.windows(2).find(|pair| key(&pair[0]) > key(&pair[1]))?;
    Some(format!("line {}: rows are sorted by RFC and section", pair[1].line))
}

#[cfg(test)]
mod tests {
    use super::{mentions, out_of_order, rows, unlisted};

    const GOOD: &str = "# RFCs\n\n| RFC § | what | where | test |\n|---|---|---|---|\n\
        | 3261 §9.2 | CANCEL | `core/sip/src/a.rs`, `core/sip/src/b.rs:12` | `one` |\n\
        | 3261 §10.3 | REGISTER | core/sip/src/a.rs | core/sip/tests/t.rs: two, `stories::three` |\n";

    #[test]
    fn a_row_names_files_and_tests() {
        let (rows, faults) = rows(GOOD);
        assert_eq!(faults, Vec::<String>::new());
        assert_eq!(rows[0].rfc, 3261);
        assert_eq!(rows[0].section, "9.2");
        assert_eq!(rows[0].files, ["core/sip/src/a.rs", "core/sip/src/b.rs"]);
        assert_eq!(rows[1].tests, ["core/sip/tests/t.rs: two", "stories::three"]);
        assert_eq!(out_of_order(&rows), None);
    }

    #[test]
    fn a_row_without_a_test_is_a_fault() {
        let (_, faults) = rows("| 3261 §9.2 | CANCEL | `core/sip/src/a.rs` | - |\n| 3261 | three | cells |\n");
        assert_eq!(faults.len(), 2, "{faults:?}");
    }

    #[test]
    fn rows_out_of_order_are_told() {
        let (rows, _) = rows("| 3261 §10.3 | a | `a` | `b` |\n| 3261 §9.2 | a | `a` | `b` |\n");
        assert!(out_of_order(&rows).is_some());
    }

    #[test]
    fn an_rfc_without_a_row_is_told_once() {
        let (rows, _) = rows(GOOD);
        let text = "// RFC 3261 §8 and RFC 5761 §4, RFC 5761 §5".to_owned();
        let told = unlisted(&rows, &[("core/media/src/a.rs".to_owned(), text.clone())]);
        assert_eq!(told, ["RFC 5761 has no row, and core/media/src/a.rs speaks of it"]);
        assert_eq!(mentions(&text).count(), 3);
    }
}
