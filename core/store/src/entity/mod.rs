//! The tables, a file each. Times are microseconds since 1970 in UTC.

#![allow(unreachable_pub, reason = "sea-orm's derives want public models")]

pub(crate) mod binding;
pub(crate) mod cdr;
pub(crate) mod dialplan;
pub(crate) mod did;
pub(crate) mod domain;
pub(crate) mod gateway;
pub(crate) mod letter;
pub(crate) mod mail_template;
pub(crate) mod mailbox;
pub(crate) mod mailbox_list;
pub(crate) mod message;
pub(crate) mod rate_table;
pub(crate) mod recording;
pub(crate) mod room;
pub(crate) mod route;
pub(crate) mod setting;
pub(crate) mod subscription;
pub(crate) mod tenant;
pub(crate) mod trunk;
pub(crate) mod user;
pub(crate) mod value;

use std::time::{Duration, SystemTime};

use switch::{Language, MediaPolicy, Money, Secrecy, SpendingLimits};

pub(crate) fn micros(time: SystemTime) -> i64 {
    time.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

pub(crate) fn time(micros: i64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_micros(u64::try_from(micros).unwrap_or(0))
}

/// The columns `secrecy`, `codecs` and `language`: what nobody said is null.
pub(crate) fn media_columns(media: &MediaPolicy) -> [Option<String>; 3] {
    let secrecy = media.secrecy.map(|secrecy| match secrecy {
        Secrecy::Off => "off",
        Secrecy::Optional => "optional",
        Secrecy::Required => "required",
    });
    let language = media.language.as_ref().map(|language| language.as_str().to_owned());
    [secrecy.map(str::to_owned), media.codecs.as_ref().map(ToString::to_string), language]
}

/// Back again; `None` for what was never written so.
pub(crate) fn media_of(secrecy: Option<&str>, codecs: Option<&str>, language: Option<&str>) -> Option<MediaPolicy> {
    let secrecy = match secrecy {
        None => None,
        Some("off") => Some(Secrecy::Off),
        Some("optional") => Some(Secrecy::Optional),
        Some("required") => Some(Secrecy::Required),
        Some(_) => return None,
    };
    let codecs = codecs.map(str::parse).transpose().ok()?;
    let language = language.map(Language::parse).transpose().ok()?;
    Some(MediaPolicy { secrecy, codecs, language })
}

/// The columns `concurrent`, `per_second`, `per_hour`, `minutes_per_day` and `cost_per_day`: what has no limit is null.
pub(crate) fn limit_columns(limits: &SpendingLimits) -> [Option<i64>; 5] {
    let SpendingLimits { concurrent, per_second, per_hour, minutes_per_day, cost_per_day } = *limits;
    let [concurrent, per_second, per_hour, minutes] =
        [concurrent, per_second, per_hour, minutes_per_day].map(|limit| limit.map(i64::from));
    [concurrent, per_second, per_hour, minutes, cost_per_day.map(|money| money.0)]
}

/// Back again. A number that was never written so is the strictest of limits, never none.
pub(crate) fn limits_of([concurrent, per_second, per_hour, minutes, cost]: [Option<i64>; 5]) -> SpendingLimits {
    let [concurrent, per_second, per_hour, minutes_per_day] = [concurrent, per_second, per_hour, minutes]
        .map(|limit| limit.map(|limit| u32::try_from(limit).unwrap_or_default()));
    SpendingLimits { concurrent, per_second, per_hour, minutes_per_day, cost_per_day: cost.map(Money) }
}
