//! What time it is for a tenant.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};

/// A time zone by its IANA name, from the database that is built in: no file is read.
pub(crate) fn zone(name: &str) -> Option<TimeZone> {
    TimeZoneDatabase::bundled().get(name).ok()
}

/// A moment, as the clocks of a tenant show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Local {
    /// The day of the week, 0 is Monday.
    pub(crate) day: usize,
    /// The minute of the day.
    pub(crate) minute: u16,
    /// When the day began.
    pub(crate) day_begins: SystemTime,
    /// When the day is over: the first moment of the next one.
    pub(crate) day_ends: SystemTime,
}

impl Local {
    /// What the clocks show at a moment. Where calendars end, a day has 24 hours.
    pub(crate) fn at(wall: SystemTime, zone: &TimeZone) -> Self {
        Self::by_calendar(wall, zone).unwrap_or(Self {
            day: 0,
            minute: 0,
            day_begins: wall,
            day_ends: wall + Duration::from_secs(86_400),
        })
    }

    fn by_calendar(wall: SystemTime, zone: &TimeZone) -> Option<Self> {
        let here = Timestamp::try_from(wall).ok()?.to_zoned(zone.clone());
        let begin = here.start_of_day().ok()?;
        let next = here.tomorrow().and_then(|next| next.start_of_day()).ok()?;
        Some(Self {
            day: usize::try_from(here.weekday().to_monday_zero_offset()).ok()?,
            minute: u16::try_from(i16::from(here.hour()) * 60 + i16::from(here.minute())).ok()?,
            day_begins: begin.timestamp().into(),
            day_ends: next.timestamp().into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> SystemTime {
        text.parse::<Timestamp>().expect(text).into()
    }

    #[test]
    fn a_day_ends_at_the_tenants_midnight_also_when_the_clocks_are_changed() {
        for (name, wall, day, minute, ends) in [
            ("UTC", "2026-03-02T12:34:56Z", 0, 754, "2026-03-03T00:00:00Z"),
            ("Europe/Berlin", "2026-03-02T23:30:00Z", 1, 30, "2026-03-03T23:00:00Z"),
            // The night without its third hour, and that with two of them.
            ("Europe/Berlin", "2026-03-29T00:30:00Z", 6, 90, "2026-03-29T22:00:00Z"),
            ("Europe/Berlin", "2026-10-25T00:30:00Z", 6, 150, "2026-10-25T23:00:00Z"),
            ("America/New_York", "2026-07-01T03:59:00Z", 1, 1439, "2026-07-01T04:00:00Z"),
            ("Asia/Kolkata", "2026-07-01T18:29:00Z", 2, 1439, "2026-07-01T18:30:00Z"),
            // A day that begins at one o'clock.
            ("America/Santiago", "2026-09-06T03:00:00Z", 5, 1380, "2026-09-06T04:00:00Z"),
        ] {
            let local = Local::at(at(wall), &zone(name).expect(name));
            assert_eq!(local, Local { day, minute, day_ends: at(ends) }, "{name} {wall}");
        }
        assert!(zone("Europe/Atlantis").is_none());
    }

    #[test]
    fn a_clock_that_is_out_of_its_mind_has_a_day_too() {
        let far = SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 50);
        assert_eq!(Local::at(far, &TimeZone::UTC).day_ends, far + Duration::from_secs(86_400));
    }
}
