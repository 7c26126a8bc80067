//! What reading a message costs, by the benchmarks of `core/sip`.

use super::figures::Figure;
use crate::place::Place;
use crate::tool::{self, Outcome};

/// The benchmarks that are shown, and the most that they should take.
const SHOWN: &[(&str, &str, Option<f64>)] = &[
    ("invite", "INVITE: parse", None),
    ("invite_and_typed_headers", "INVITE: parse, with typed headers", Some(1.5)),
    ("invite_validated", "INVITE: parse, with validation", None),
    ("reply", "a reply written", None),
];

pub(crate) fn micro(place: &Place) -> Outcome<Vec<Figure>> {
    let text = tool::read(place.cargo().args(["bench", "--locked", "-p", "sip", "--bench", "parse"]))?;
    let mut figures = Vec::new();
    for (name, what, target) in SHOWN {
        if let Some(median) = text.lines().find_map(|line| median(line, name)) {
            let mut figure = Figure::new(&format!("micro.{name}"), what, "µs", *target);
            figure.values.push(median);
            figures.push(figure);
        }
    }
    Ok(figures)
}

/// The median in a line of divan's tree, in µs: `├─ name  fastest │ slowest │ median │ mean │ samples │ iters`.
fn median(line: &str, name: &str) -> Option<f64> {
    let (head, rest) = line.split_once('│').filter(|(head, _)| !head.is_empty())?;
    let mut words = head.split_whitespace().skip_while(|word| *word != name);
    words.next()?;
    let mut words = rest.split('│').nth(1)?.split_whitespace();
    let value: f64 = words.next()?.parse().ok()?;
    let unit = match words.next()? {
        "ns" => 0.001,
        "µs" => 1.0,
        "ms" => 1000.0,
        _ => return None,
    };
    Some(value * unit)
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn the_median_is_found_in_a_line_of_the_tree() {
        let line =
            "├─ invite             1.2 µs        │ 9 µs          │ 1250 ns       │ 1.3 µs        │ 100     │ 800";
        assert_eq!(median(line, "invite").map(|value| (value * 1000.0).round()), Some(1250.0));
        assert_eq!(median(line, "reply"), None);
    }
}
