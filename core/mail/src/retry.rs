//! When a letter is tried again, and when it never is.

use std::time::{Duration, SystemTime};

use crate::config::{Config, Pauses};

/// How long to wait after so many tries, this one not counted.
pub(crate) fn pause(pauses: Pauses, tries: u32) -> Duration {
    let factor = 1_u32.checked_shl(tries).unwrap_or(u32::MAX);
    pauses.first.saturating_mul(factor).min(pauses.longest.max(pauses.first))
}

/// Whether a letter has waited so long that it is given up at the next failure. A clock that was set back makes nothing old.
pub(crate) fn is_old(config: &Config, queued: SystemTime, now: SystemTime) -> bool {
    now.duration_since(queued).is_ok_and(|waited| waited >= config.give_up)
}

/// When a letter is tried again after one more failure; `None`: never.
pub(crate) fn again(config: &Config, queued: SystemTime, tries: u32, now: SystemTime) -> Option<SystemTime> {
    (!is_old(config, queued, now)).then(|| now + pause(config.pauses, tries))
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest() {
        let pauses = Pauses::default();
        let all: Vec<u64> = (0..9).map(|tries| pause(pauses, tries).as_secs()).collect();
        assert_eq!(all, [30, 60, 120, 240, 480, 960, 1800, 1800, 1800]);
        assert_eq!(pause(pauses, u32::MAX), pauses.longest);
    }

    #[test]
    fn a_letter_is_given_up_after_five_days_and_not_before() {
        let config = Config::default();
        let after = |seconds| again(&config, UNIX_EPOCH, 0, UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!(after(432_000 - 1), Some(UNIX_EPOCH + Duration::from_secs(432_000 + 29)));
        assert_eq!(after(432_000), None);
        let set_back = UNIX_EPOCH + Duration::from_secs(9_000_000);
        assert!(again(&config, set_back, 0, UNIX_EPOCH).is_some());
    }
}
