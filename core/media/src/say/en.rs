//! English.

use super::{Clock, Date, Piece, Tongue, digits, groups, ordinal_of};

/// As it is spoken in America: no "and" within numbers, hours by twelve.
pub(super) struct English;

const POWERS: [&str; 4] = ["", "digits/thousand", "digits/million", "digits/billion"];

fn below_hundred(number: u64, out: &mut Vec<Piece>) {
    if number <= 20 {
        out.push(digits(number));
        return;
    }
    out.push(digits(number - number % 10));
    if !number.is_multiple_of(10) {
        out.push(digits(number % 10));
    }
}

fn below_thousand(number: u64, out: &mut Vec<Piece>) {
    if number >= 100 {
        out.push(digits(number / 100));
        out.push("digits/hundred".into());
    }
    if !number.is_multiple_of(100) || number == 0 {
        below_hundred(number % 100, out);
    }
}

/// Whether one is meant; English and German have a word of its own for it.
pub(super) fn unit(count: u64, one: &'static str, many: &'static str) -> Piece {
    if count == 1 { one.into() } else { many.into() }
}

impl Tongue for English {
    fn code(&self) -> &'static str {
        "en"
    }

    fn number(&self, number: u64, out: &mut Vec<Piece>) {
        if number == 0 {
            out.push(digits(0));
        }
        // The set has no trillion: a thousand billion.
        for (group, power) in groups(number) {
            below_thousand(group, out);
            match power {
                0 => {}
                4 => out.extend([POWERS[1], POWERS[3]].map(Piece::from)),
                power => out.extend(POWERS.get(power as usize).map(|name| Piece::from(*name))),
            }
        }
    }

    fn ordinal(&self, number: u64, out: &mut Vec<Piece>) {
        self.number(number, out);
        // There is no "zeroth" to be said.
        if number > 0 {
            ordinal_of(out);
        }
    }

    /// Saturday, November twenty-first, twenty twenty-six.
    fn date(&self, date: Date, out: &mut Vec<Piece>) {
        out.push(format!("digits/day-{}", date.weekday()).into());
        out.push(format!("digits/mon-{}", date.month() - 1).into());
        self.ordinal(u64::from(date.day()), out);
        let (year, rest) = (u64::from(date.year()), u64::from(date.year()) % 100);
        // Two thousand and those up to nine after it, and years before 1100, are numbers; others go by hundreds.
        if year % 1000 < 10 || !(1100..10_000).contains(&year) {
            self.number(year, out);
            return;
        }
        below_hundred(year / 100, out);
        match rest {
            0 => out.push("digits/hundred".into()),
            1..=9 => out.extend(["digits/oh".into(), digits(rest)]),
            _ => below_hundred(rest, out),
        }
    }

    /// Seven oh five p m.
    fn time(&self, clock: Clock, out: &mut Vec<Piece>) {
        let (hour, minute) = (u64::from(clock.hour()), u64::from(clock.minute()));
        below_hundred(if hour.is_multiple_of(12) { 12 } else { hour % 12 }, out);
        match minute {
            0 => out.push("digits/oclock".into()),
            1..=9 => out.extend(["digits/oh".into(), digits(minute)]),
            _ => below_hundred(minute, out),
        }
        if let Some(second) = clock.second() {
            out.push("vm-and".into());
            below_hundred(u64::from(second), out);
            out.push(unit(u64::from(second), "second", "seconds"));
        }
        out.push(if hour < 12 { "digits/a-m".into() } else { "digits/p-m".into() });
    }

    fn between(&self, out: &mut Vec<Piece>) {
        out.push("digits/at".into());
    }

    /// The set has "hours" and no "hour", so less than two hours are told in minutes.
    fn length(&self, hours: u64, minutes: u64, seconds: u64, out: &mut Vec<Piece>) {
        let (hours, minutes) = if hours == 1 { (0, minutes + 60) } else { (hours, minutes) };
        if hours > 0 {
            self.number(hours, out);
            out.push("hours".into());
        }
        if minutes > 0 {
            self.number(minutes, out);
            out.push(unit(minutes, "minute", "minutes"));
        }
        if seconds > 0 || (hours, minutes) == (0, 0) {
            self.number(seconds, out);
            out.push(unit(seconds, "second", "seconds"));
        }
    }
}
