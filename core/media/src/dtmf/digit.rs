//! One key.

use std::fmt;

/// The keys in the order of their event codes (RFC 4733 §3.2, table 3); `!` is the hook flash.
const KEYS: [char; 17] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '#', 'A', 'B', 'C', 'D', '!'];

/// The low group in Hz, a row of keys each (ITU-T Q.23).
pub(super) const LOW: [u16; 4] = [697, 770, 852, 941];

/// The high group in Hz, a column of keys each (ITU-T Q.23).
pub(super) const HIGH: [u16; 4] = [1209, 1336, 1477, 1633];

/// A key of a telephone: 0 to 9, `*`, `#`, A to D, or the hook flash.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digit(u8);

impl Digit {
    /// `*`
    pub const STAR: Self = Self(10);
    /// `#`
    pub const POUND: Self = Self(11);
    /// The hook, shortly pressed. It has no sound.
    pub const FLASH: Self = Self(16);

    /// The key of an event code (RFC 4733 §3.2); `None` for codes above 16, which are no keys.
    #[must_use]
    pub const fn from_event(code: u8) -> Option<Self> {
        if code <= 16 { Some(Self(code)) } else { None }
    }

    /// Its event code (RFC 4733 §3.2).
    #[must_use]
    pub const fn event(self) -> u8 {
        self.0
    }

    /// The key of a character: `0`–`9`, `*`, `#`, `A`–`D` in any case, `!` for the flash.
    #[must_use]
    pub fn from_char(character: char) -> Option<Self> {
        let wanted = character.to_ascii_uppercase();
        let code = KEYS.iter().position(|key| *key == wanted)?;
        u8::try_from(code).ok().map(Self)
    }

    /// Its character.
    #[must_use]
    pub fn character(self) -> char {
        KEYS.get(usize::from(self.0)).copied().unwrap_or('!')
    }

    /// Its two frequencies in Hz, the low one first (ITU-T Q.23); `None` for the flash.
    #[must_use]
    pub fn frequencies(self) -> Option<(u16, u16)> {
        let (row, column) = match self.0 {
            0 => (3, 1),
            code @ 1..=9 => ((code - 1) / 3, (code - 1) % 3),
            10 => (3, 0),
            11 => (3, 2),
            code @ 12..=15 => (code - 12, 3),
            _ => return None,
        };
        Some((*LOW.get(usize::from(row))?, *HIGH.get(usize::from(column))?))
    }

    /// The key in this row and column of the keypad.
    pub(super) fn at(row: usize, column: usize) -> Option<Self> {
        const PAD: [[u8; 4]; 4] = [[1, 2, 3, 12], [4, 5, 6, 13], [7, 8, 9, 14], [10, 0, 11, 15]];
        PAD.get(row)?.get(column).copied().map(Self)
    }
}

impl fmt::Display for Digit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.character())
    }
}

impl fmt::Debug for Digit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digit({})", self.character())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_has_a_code_a_character_and_two_frequencies() {
        for (code, key) in (0_u8..).zip(KEYS) {
            let digit = Digit::from_event(code).expect("a key");
            assert_eq!((digit.character(), digit.event()), (key, code));
            assert_eq!(Digit::from_char(key.to_ascii_lowercase()), Some(digit));
            let Some((low, high)) = digit.frequencies() else {
                assert_eq!(digit, Digit::FLASH);
                continue;
            };
            let row = LOW.iter().position(|one| *one == low).expect("a row");
            let column = HIGH.iter().position(|one| *one == high).expect("a column");
            assert_eq!(Digit::at(row, column), Some(digit));
        }
        assert_eq!(Digit::from_event(17), None);
        assert_eq!(Digit::from_char('x'), None);
        assert_eq!(Digit::from_char('5').and_then(Digit::frequencies), Some((770, 1336)));
    }
}
