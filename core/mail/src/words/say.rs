//! Days, times and lengths, as people write them.

use std::time::Duration;

use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use crate::clean;
use crate::words::template::{Placeholder, Values};
use crate::words::{Facts, tags};

/// A language that the exchange writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tongue {
    English,
    German,
    French,
}

#[rustfmt::skip]
const DAYS: [[&str; 7]; 3] = [
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
    ["Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"],
    ["lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"],
];

#[rustfmt::skip]
const MONTHS: [[&str; 12]; 3] = [
    ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
     "December"],
    ["Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November",
     "Dezember"],
    ["janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre",
     "décembre"],
];

/// What stands for each placeholder.
pub(super) struct Said {
    caller: String,
    number: String,
    mailbox: String,
    owner: String,
    date: String,
    time: String,
    length: String,
    count: String,
    link: Option<String>,
}

impl Values for Said {
    fn value(&self, placeholder: Placeholder) -> Option<&str> {
        Some(match placeholder {
            Placeholder::Caller => &self.caller,
            Placeholder::Number => &self.number,
            Placeholder::Mailbox => &self.mailbox,
            Placeholder::Owner => &self.owner,
            Placeholder::Date => &self.date,
            Placeholder::Time => &self.time,
            Placeholder::Length => &self.length,
            Placeholder::Count => &self.count,
            Placeholder::Link => return self.link.as_deref(),
        })
    }
}

impl Tongue {
    /// The language of a tag, or of the first part of it.
    pub(super) fn of(language: &str) -> Option<Self> {
        match tags(language).last()?.to_ascii_lowercase().as_str() {
            "en" => Some(Self::English),
            "de" => Some(Self::German),
            "fr" => Some(Self::French),
            _ => None,
        }
    }

    /// Its row in the tables.
    const fn row(self) -> usize {
        match self {
            Self::English => 0,
            Self::German => 1,
            Self::French => 2,
        }
    }

    pub(super) fn values(self, facts: &Facts) -> Said {
        let [somebody, withheld] = match self {
            Self::English => ["unknown caller", "withheld"],
            Self::German => ["Unbekannt", "unterdrückt"],
            Self::French => ["appelant inconnu", "masqué"],
        };
        let clean = |text: &Option<String>| text.as_deref().map(clean::name).filter(|text| !text.is_empty());
        let number = clean(&facts.number);
        let mailbox = clean::name(&facts.mailbox);
        let zone = TimeZone::get(&facts.zone).unwrap_or(TimeZone::UTC);
        let when = Timestamp::try_from(facts.when).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(zone);
        Said {
            caller: clean(&facts.caller).or_else(|| number.clone()).unwrap_or_else(|| somebody.to_owned()),
            number: number.unwrap_or_else(|| withheld.to_owned()),
            owner: clean(&facts.owner).unwrap_or_else(|| mailbox.clone()),
            mailbox,
            date: self.date(&when),
            time: self.time(&when),
            length: self.length(facts.length),
            count: facts.count.to_string(),
            link: facts.link.as_deref().map(clean::line),
        }
    }

    fn date(self, when: &Zoned) -> String {
        let weekday = match when.weekday() {
            Weekday::Monday => 0,
            Weekday::Tuesday => 1,
            Weekday::Wednesday => 2,
            Weekday::Thursday => 3,
            Weekday::Friday => 4,
            Weekday::Saturday => 5,
            Weekday::Sunday => 6,
        };
        let weekday = DAYS[self.row()][weekday];
        let month = MONTHS[self.row()][usize::from(when.month().unsigned_abs().clamp(1, 12)) - 1];
        let (day, year) = (when.day(), when.year());
        match self {
            Self::English => format!("{weekday}, {day} {month} {year}"),
            Self::German => format!("{weekday}, {day}. {month} {year}"),
            Self::French if day == 1 => format!("{weekday} 1er {month} {year}"),
            Self::French => format!("{weekday} {day} {month} {year}"),
        }
    }

    fn time(self, when: &Zoned) -> String {
        let (hour, minute) = (when.hour(), when.minute());
        match self {
            Self::English => format!("{hour:02}:{minute:02}"),
            Self::German => format!("{hour:02}:{minute:02} Uhr"),
            Self::French => format!("{hour} h {minute:02}"),
        }
    }

    /// Whole seconds, at least one: nothing that was kept is empty.
    fn length(self, length: Duration) -> String {
        let seconds = length.as_secs().max(1);
        let [minute, minutes, second, many] = match self {
            Self::English => ["minute", "minutes", "second", "seconds"],
            Self::German => ["Minute", "Minuten", "Sekunde", "Sekunden"],
            Self::French => ["minute", "minutes", "seconde", "secondes"],
        };
        let count = |number: u64, one: &str, more: &str| match number {
            0 => None,
            1 => Some(format!("1 {one}")),
            number => Some(format!("{number} {more}")),
        };
        let parts = [count(seconds / 60, minute, minutes), count(seconds % 60, second, many)];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }
}
