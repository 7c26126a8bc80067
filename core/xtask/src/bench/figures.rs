//! Figures: values of several runs, their median beside the target, for eyes and for programs.

use std::fmt::Write;

use super::machine::Machine;

/// Something that was measured.
#[derive(Debug)]
pub(crate) struct Figure {
    /// Its name for programs.
    pub(crate) key: String,
    /// Its name for people.
    pub(crate) what: String,
    pub(crate) unit: &'static str,
    /// One value for each run.
    pub(crate) values: Vec<f64>,
    /// No more than this is wanted.
    pub(crate) target: Option<f64>,
    /// What else there is to say.
    pub(crate) note: String,
}

impl Figure {
    pub(crate) fn new(key: &str, what: &str, unit: &'static str, target: Option<f64>) -> Self {
        let (key, what) = (key.to_owned(), what.to_owned());
        Self { key, what, unit, values: Vec::new(), target, note: String::new() }
    }

    /// The middle one; of two in the middle, their mean.
    pub(crate) fn median(&self) -> f64 {
        let mut values = self.values.clone();
        values.sort_by(f64::total_cmp);
        let middle = values.len() / 2;
        match (values.get(middle), middle.checked_sub(1).and_then(|before| values.get(before))) {
            (Some(one), Some(other)) if values.len().is_multiple_of(2) => f64::midpoint(*one, *other),
            (Some(one), _) => *one,
            (None, _) => f64::NAN,
        }
    }
}

/// Three digits that count.
fn short(value: f64) -> String {
    let digits = match value.abs() {
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        size if size >= 1.0 => 2,
        _ => 3,
    };
    let text = format!("{value:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// A Markdown table, as `docs/performance.md` has it.
pub(crate) fn table(figures: &[Figure]) -> String {
    let mut rows = vec![["what", "unit", "median", "runs", "target", "notes"].map(str::to_owned)];
    for figure in figures {
        let target = figure.target.map_or_else(String::new, |target| format!("≤ {}", short(target)));
        let runs = figure.values.iter().map(|value| short(*value)).collect::<Vec<_>>().join(", ");
        let median = short(figure.median());
        rows.push([figure.what.clone(), figure.unit.to_owned(), median, runs, target, figure.note.clone()]);
    }
    let widths: Vec<usize> =
        (0..6).map(|at| rows.iter().map(|row| row[at].chars().count()).max().unwrap_or(0)).collect();
    let mut text = String::new();
    for (number, row) in rows.iter().enumerate() {
        for (cell, width) in row.iter().zip(&widths) {
            let _ = write!(text, "| {cell:width$} ");
        }
        text.push_str("|\n");
        if number == 0 {
            text.extend(widths.iter().map(|width| format!("|{}", "-".repeat(width + 2))));
            text.push_str("|\n");
        }
    }
    text
}

/// The same for programs.
pub(crate) fn json(machine: &Machine, load: [&str; 2], figures: &[Figure]) -> String {
    let list: Vec<String> = figures
        .iter()
        .map(|figure| {
            let values: Vec<String> = figure.values.iter().map(ToString::to_string).collect();
            format!(
                "{{\"key\":{},\"what\":{},\"unit\":{},\"median\":{},\"values\":[{}],\"target\":{},\"note\":{}}}",
                quoted(&figure.key),
                quoted(&figure.what),
                quoted(figure.unit),
                if figure.values.is_empty() { "null".to_owned() } else { figure.median().to_string() },
                values.join(","),
                figure.target.map_or_else(|| "null".to_owned(), |target| target.to_string()),
                quoted(&figure.note),
            )
        })
        .collect();
    format!(
        "{{\"machine\":{{\"processor\":{},\"cores\":{},\"memory_gib\":{},\"kernel\":{}}},\
         \"load\":{{\"before\":{},\"after\":{}}},\"figures\":[{}]}}",
        quoted(&machine.processor),
        machine.cores,
        machine.memory_gib,
        quoted(&machine.kernel),
        quoted(load[0]),
        quoted(load[1]),
        list.join(",")
    )
}

fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            control if control.is_control() => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(control));
            }
            plain => quoted.push(plain),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::{Figure, quoted, short};

    #[test]
    fn the_median_is_the_middle_one() {
        let of = |values: &[f64]| Figure { values: values.to_vec(), ..Figure::new("", "", "", None) }.median();
        assert!((of(&[3.0, 1.0, 2.0]) - 2.0).abs() < 1e-9);
        assert!((of(&[4.0, 1.0, 2.0, 3.0]) - 2.5).abs() < 1e-9);
        assert!(of(&[]).is_nan());
    }

    #[test]
    fn a_figure_is_short_and_text_is_quoted() {
        assert_eq!([0.25, 1.5, 12.34, 123.4, 0.0].map(short), ["0.25", "1.5", "12.3", "123", "0"]);
        assert_eq!(quoted("a\"b\\c\n"), "\"a\\\"b\\\\c\\u000a\"");
    }
}
