//! The tables, a file each. Times are microseconds since 1970 in UTC.

#![allow(unreachable_pub, reason = "sea-orm's derives want public models")]

pub(crate) mod binding;
pub(crate) mod cdr;
pub(crate) mod dialplan;
pub(crate) mod domain;
pub(crate) mod setting;
pub(crate) mod tenant;
pub(crate) mod user;
pub(crate) mod value;

use std::time::{Duration, SystemTime};

pub(crate) fn micros(time: SystemTime) -> i64 {
    time.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

pub(crate) fn time(micros: i64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_micros(u64::try_from(micros).unwrap_or(0))
}
