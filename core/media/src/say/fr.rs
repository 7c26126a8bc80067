//! French: tens of twenty, "et un", and a feminine one.

use super::{Clock, Date, Piece, Tongue, digits, groups, ordinal_of, spell};

/// As it is spoken in France and Canada: soixante-dix, quatre-vingts; hours by twenty-four.
pub(super) struct French;

fn one(feminine: bool) -> Piece {
    if feminine { "digits/1f".into() } else { "digits/1".into() }
}

fn below_hundred(number: u64, feminine: bool, out: &mut Vec<Piece>) {
    let (ten, rest) = (number / 10, number % 10);
    match (ten, rest) {
        (0, 1) => out.push(one(feminine)),
        (0 | 1, _) | (_, 0) => out.push(digits(number)),
        // Vingt et un, soixante et onze; but quatre-vingt-un.
        (2..=6, 1) => out.extend([digits(ten * 10), "digits/et".into(), one(feminine)]),
        (7, 1) => out.extend([digits(60), "digits/et".into(), digits(11)]),
        // Soixante-douze, quatre-vingt-onze.
        (7 | 9, _) => out.extend([digits((ten - 1) * 10), digits(10 + rest)]),
        (8, 1) => out.extend([digits(80), one(feminine)]),
        _ => out.extend([digits(ten * 10), digits(rest)]),
    }
}

fn below_thousand(number: u64, feminine: bool, out: &mut Vec<Piece>) {
    // Cent, not un cent.
    if number >= 200 {
        out.push(digits(number / 100));
    }
    if number >= 100 {
        out.push("digits/hundred".into());
    }
    if !number.is_multiple_of(100) || number == 0 {
        below_hundred(number % 100, feminine, out);
    }
}

fn number(value: u64, feminine: bool, out: &mut Vec<Piece>) {
    if value == 0 {
        out.push(digits(0));
    }
    for (group, power) in groups(value) {
        // Mille, not un mille; but un million, un milliard.
        if power != 1 && power != 4 || group > 1 {
            below_thousand(group, feminine && power == 0, out);
        }
        match power {
            0 => {}
            1 => out.push("digits/thousand".into()),
            2 => out.push("digits/million".into()),
            3 => out.push("digits/billion".into()),
            // Mille milliards.
            _ => out.extend(["digits/thousand", "digits/billion"].map(Piece::from)),
        }
    }
}

fn count(how_many: u64, name: &'static str, out: &mut Vec<Piece>) {
    number(how_many, true, out);
    out.push(name.into());
}

impl Tongue for French {
    fn code(&self) -> &'static str {
        "fr"
    }

    fn number(&self, value: u64, out: &mut Vec<Piece>) {
        number(value, false, out);
    }

    fn ordinal(&self, value: u64, out: &mut Vec<Piece>) {
        number(value, false, out);
        if value == 0 {
            return;
        }
        ordinal_of(out);
        // Premier is for one alone: vingt et unième.
        if out.len() > 1
            && let Some(last) = out.last_mut().filter(|last| *last == "digits/h-1")
        {
            *last = "digits/h-1x".into();
        }
    }

    /// Samedi vingt et un novembre deux mille vingt-six; only the first is an ordinal.
    fn date(&self, date: Date, out: &mut Vec<Piece>) {
        out.push(format!("digits/day-{}", date.weekday()).into());
        match date.day() {
            1 => out.push("digits/h-1".into()),
            day => below_hundred(u64::from(day), false, out),
        }
        out.push(format!("digits/mon-{}", date.month() - 1).into());
        number(u64::from(date.year()), false, out);
    }

    /// Dix-neuf heures cinq; hours and minutes are feminine.
    fn time(&self, clock: Clock, out: &mut Vec<Piece>) {
        count(u64::from(clock.hour()), "digits/oclock", out);
        if clock.minute() > 0 {
            below_hundred(u64::from(clock.minute()), true, out);
        }
        if let Some(second) = clock.second() {
            out.push("vm-and".into());
            count(u64::from(second), "seconds", out);
        }
    }

    /// À.
    fn between(&self, out: &mut Vec<Piece>) {
        out.push("digits/at".into());
    }

    /// One and many sound alike.
    fn length(&self, hours: u64, minutes: u64, seconds: u64, out: &mut Vec<Piece>) {
        if hours > 0 {
            count(hours, "hours", out);
        }
        if minutes > 0 {
            count(minutes, "minutes", out);
        }
        if seconds > 0 || (hours, minutes) == (0, 0) {
            count(seconds, "seconds", out);
        }
    }

    fn instead(&self, piece: &str) -> Option<&'static str> {
        match piece {
            "digits/1f" => Some("digits/1"),
            _ => spell::instead(piece),
        }
    }
}
