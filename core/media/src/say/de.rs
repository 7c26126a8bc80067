//! German: units before tens, and three words for one.

use super::en::unit;
use super::{Clock, Date, Piece, Tongue, digits, groups, ordinal_of, spell};

/// As it is spoken everywhere: hours by twenty-four.
pub(super) struct German;

/// What one is called at the end of a number.
#[derive(Clone, Copy)]
enum One {
    /// By itself: eins.
    Alone,
    /// Before a neuter or masculine word: ein Uhr, einhundert, eintausend.
    Ein,
    /// Before a feminine word: eine Million, eine Minute.
    Eine,
}

impl One {
    fn piece(self) -> Piece {
        match self {
            Self::Alone => "digits/1".into(),
            Self::Ein => "digits/1n".into(),
            Self::Eine => "digits/1f".into(),
        }
    }
}

fn below_hundred(number: u64, one: One, out: &mut Vec<Piece>) {
    match number {
        1 => out.push(one.piece()),
        0 | 2..=20 => out.push(digits(number)),
        _ => {
            if !number.is_multiple_of(10) {
                // Einundzwanzig: "einund" is one piece.
                out.push(format!("digits/{}-and", number % 10).into());
            }
            out.push(digits(number - number % 10));
        }
    }
}

fn below_thousand(number: u64, one: One, out: &mut Vec<Piece>) {
    if number >= 100 {
        below_hundred(number / 100, One::Ein, out);
        out.push("digits/hundred".into());
    }
    if !number.is_multiple_of(100) || number == 0 {
        below_hundred(number % 100, one, out);
    }
}

fn number(number: u64, one: One, out: &mut Vec<Piece>) {
    if number == 0 {
        out.push(digits(0));
    }
    for (group, power) in groups(number) {
        // Millions and more are feminine nouns and have a plural.
        let (count, name) = match power {
            0 => (one, None),
            1 => (One::Ein, Some("digits/thousand".into())),
            2 => (One::Eine, Some(unit(group, "digits/million", "digits/millions"))),
            3 => (One::Eine, Some(unit(group, "digits/billion", "digits/billions"))),
            _ => (One::Eine, Some(unit(group, "digits/trillion", "digits/trillions"))),
        };
        below_thousand(group, count, out);
        out.extend(name);
    }
}

fn count(how_many: u64, name: Piece, out: &mut Vec<Piece>) {
    number(how_many, One::Eine, out);
    out.push(name);
}

impl Tongue for German {
    fn code(&self) -> &'static str {
        "de"
    }

    fn number(&self, value: u64, out: &mut Vec<Piece>) {
        number(value, One::Alone, out);
    }

    fn ordinal(&self, value: u64, out: &mut Vec<Piece>) {
        number(value, One::Alone, out);
        if value > 0 {
            ordinal_of(out);
        }
    }

    /// Samstag, einundzwanzigster November zweitausendsechsundzwanzig.
    fn date(&self, date: Date, out: &mut Vec<Piece>) {
        out.push(format!("digits/day-{}", date.weekday()).into());
        self.ordinal(u64::from(date.day()), out);
        out.push(format!("digits/mon-{}", date.month() - 1).into());
        let year = u64::from(date.year());
        // Neunzehnhundertsechsundzwanzig; from 2000 on, and before 1100, a year is a number.
        if (1100..2000).contains(&year) {
            below_hundred(year / 100, One::Ein, out);
            out.push("digits/hundred".into());
            if !year.is_multiple_of(100) {
                below_hundred(year % 100, One::Alone, out);
            }
        } else {
            number(year, One::Alone, out);
        }
    }

    /// Neunzehn Uhr fünf und zehn Sekunden.
    fn time(&self, clock: Clock, out: &mut Vec<Piece>) {
        below_hundred(u64::from(clock.hour()), One::Ein, out);
        out.push("digits/oclock".into());
        if clock.minute() > 0 {
            below_hundred(u64::from(clock.minute()), One::Alone, out);
        }
        if let Some(second) = clock.second() {
            out.push("vm-and".into());
            count(u64::from(second), unit(u64::from(second), "second", "seconds"), out);
        }
    }

    /// Um.
    fn between(&self, out: &mut Vec<Piece>) {
        out.push("digits/at".into());
    }

    fn length(&self, hours: u64, minutes: u64, seconds: u64, out: &mut Vec<Piece>) {
        if hours > 0 {
            count(hours, unit(hours, "hour", "hours"), out);
        }
        if minutes > 0 {
            count(minutes, unit(minutes, "minute", "minutes"), out);
        }
        if seconds > 0 || (hours, minutes) == (0, 0) {
            count(seconds, unit(seconds, "second", "seconds"), out);
        }
    }

    fn instead(&self, piece: &str) -> Option<&'static str> {
        match piece {
            "digits/1n" | "digits/1f" => Some("digits/1"),
            "digits/millions" => Some("digits/million"),
            "digits/billions" => Some("digits/billion"),
            "digits/trillions" => Some("digits/trillion"),
            _ => spell::instead(piece),
        }
    }
}
