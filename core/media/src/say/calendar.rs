//! Days and times of day, and nothing of time zones: who asks knows where he is.

use super::SayError;

/// A day of the Gregorian calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

impl Date {
    /// A day that there is, of the years 1 to 9999.
    ///
    /// # Errors
    ///
    /// [`SayError::NoSuchTime`] for any other.
    pub fn new(year: u16, month: u8, day: u8) -> Result<Self, SayError> {
        let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let days = match month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 => 28 + u8::from(leap),
            _ => return Err(SayError::NoSuchTime),
        };
        if !(1..=days).contains(&day) || !(1..=9999).contains(&year) {
            return Err(SayError::NoSuchTime);
        }
        Ok(Self { year, month, day })
    }

    /// The year.
    #[must_use]
    pub const fn year(self) -> u16 {
        self.year
    }

    /// The month, 1 to 12.
    #[must_use]
    pub const fn month(self) -> u8 {
        self.month
    }

    /// The day of the month, from 1.
    #[must_use]
    pub const fn day(self) -> u8 {
        self.day
    }

    /// The day of the week, Sunday being 0.
    #[must_use]
    pub fn weekday(self) -> u8 {
        // Zeller's congruence: the year begins with March, so that the leap day is its last.
        let (year, month) = if self.month < 3 { (self.year - 1, self.month + 12) } else { (self.year, self.month) };
        let (century, rest) = (u32::from(year) / 100, u32::from(year) % 100);
        let sum = u32::from(self.day) + 13 * (u32::from(month) + 1) / 5 + rest + rest / 4 + century / 4 + 5 * century;
        // 0 is a Saturday there.
        u8::try_from((sum + 6) % 7).unwrap_or(0)
    }
}

/// A time of day, with seconds when they are to be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock {
    hour: u8,
    minute: u8,
    second: Option<u8>,
}

impl Clock {
    /// A time from 00:00:00 to 23:59:59.
    ///
    /// # Errors
    ///
    /// [`SayError::NoSuchTime`] for any other.
    pub fn new(hour: u8, minute: u8, second: Option<u8>) -> Result<Self, SayError> {
        if hour > 23 || minute > 59 || second.is_some_and(|second| second > 59) {
            return Err(SayError::NoSuchTime);
        }
        Ok(Self { hour, minute, second })
    }

    /// The hour, 0 to 23.
    #[must_use]
    pub const fn hour(self) -> u8 {
        self.hour
    }

    /// The minute, 0 to 59.
    #[must_use]
    pub const fn minute(self) -> u8 {
        self.minute
    }

    /// The second, 0 to 59.
    #[must_use]
    pub const fn second(self) -> Option<u8> {
        self.second
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_days_fall_on_their_weekdays() {
        let weekday = |year, month, day| Date::new(year, month, day).map(Date::weekday);
        assert_eq!(weekday(2026, 11, 21), Ok(6));
        assert_eq!(weekday(2000, 2, 29), Ok(2));
        assert_eq!(weekday(1970, 1, 1), Ok(4));
        assert_eq!(weekday(1900, 3, 1), Ok(4));
        assert_eq!(weekday(1, 1, 1), Ok(1));
        assert_eq!(weekday(9999, 12, 31), Ok(5));
    }

    #[test]
    fn days_that_never_were_are_refused() {
        for (year, month, day) in [(1900, 2, 29), (2026, 2, 29), (2026, 13, 1), (2026, 0, 1), (2026, 4, 31), (0, 1, 1)]
        {
            assert_eq!(Date::new(year, month, day), Err(SayError::NoSuchTime), "{year}-{month}-{day}");
        }
        assert!(Date::new(2024, 2, 29).is_ok());
        assert_eq!(Clock::new(24, 0, None), Err(SayError::NoSuchTime));
        assert_eq!(Clock::new(0, 0, Some(60)), Err(SayError::NoSuchTime));
    }
}
