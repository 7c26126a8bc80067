//! Times as operators type them.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use crate::cli::console::Console;
use crate::cli::failure::Failure;

/// `2h` (ago), `2026-03-01`, `2026-03-01 14:30` in the operator's zone, or a whole timestamp with its offset.
pub(crate) fn read(
    console: &Console,
    name: &'static str,
    text: Option<&str>,
) -> Result<Option<prost_types::Timestamp>, Failure> {
    let Some(text) = text else { return Ok(None) };
    let found = parse(text.trim(), &console.zone, console.now).ok_or_else(|| Failure::Argument {
        name,
        why: format!("`{text}` is no time; try `2h`, `3d`, `2026-03-01` or `2026-03-01 14:30`"),
    })?;
    Ok(Some(prost_types::Timestamp { seconds: found.as_second(), nanos: found.subsec_nanosecond() }))
}

fn parse(text: &str, zone: &TimeZone, now: Timestamp) -> Option<Timestamp> {
    if let Ok(whole) = text.parse::<Timestamp>() {
        return Some(whole);
    }
    if let Ok(local) = text.parse::<DateTime>().or_else(|_| text.parse::<Date>().map(DateTime::from)) {
        return local.to_zoned(zone.clone()).ok().map(|zoned| zoned.timestamp());
    }
    let ago: Span = text.parse().ok()?;
    now.to_zoned(zone.clone()).checked_sub(ago.abs()).ok().map(|zoned| zoned.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_people_type_them() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let now: Timestamp = "2026-03-02T12:00:00Z".parse().unwrap();
        for (text, meant) in [
            ("2h", Some("2026-03-02T10:00:00Z")),
            ("3d", Some("2026-02-27T12:00:00Z")),
            ("1h 30m", Some("2026-03-02T10:30:00Z")),
            ("2026-03-01", Some("2026-02-28T23:00:00Z")),
            ("2026-03-01 14:30", Some("2026-03-01T13:30:00Z")),
            ("2026-03-01T14:30:00Z", Some("2026-03-01T14:30:00Z")),
            ("yesterday", None),
            ("", None),
        ] {
            let meant = meant.map(|meant| meant.parse::<Timestamp>().unwrap());
            assert_eq!(parse(text, &zone, now), meant, "{text:?}");
        }
    }
}
