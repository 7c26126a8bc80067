//! Prefixes of numbers, each in one word: as easily compared and sorted as integers.

use std::fmt;

/// The first digits of a number, 1 to 15 of them. Four bits for each, the digit and one, from the highest bits on; what
/// remains is 0. So a prefix is less than all that begins with it, and all of those stand together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Prefix(u64);

impl Prefix {
    /// The most digits that there are in a number.
    pub(crate) const MOST: usize = 15;

    /// Of digits alone.
    pub(crate) fn exactly(digits: &[u8]) -> Option<Self> {
        let fits = (1..=Self::MOST).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit);
        fits.then(|| Self::first_of(digits)).flatten()
    }

    /// Of as many digits as a text begins with.
    pub(crate) fn first_of(text: &[u8]) -> Option<Self> {
        let digits = text.iter().take(Self::MOST).take_while(|c| c.is_ascii_digit());
        let (bits, _) = digits
            .fold((0, 60_u32), |(bits, at), digit| (bits | (u64::from(digit - b'0') + 1) << at, at.saturating_sub(4)));
        (bits != 0).then_some(Self(bits))
    }

    /// As it is stored.
    pub(crate) const fn bits(self) -> u64 {
        self.0
    }

    /// From what was stored; `None` where it is no prefix.
    pub(crate) fn from_bits(bits: u64) -> Option<Self> {
        let len = Self(bits).len();
        let digit = |at: usize| (1..=10).contains(&(bits >> (60 - 4 * at) & 15));
        (bits != 0 && len <= Self::MOST && (0..len).all(digit)).then_some(Self(bits))
    }

    /// How many digits.
    pub(crate) const fn len(self) -> usize {
        16 - (self.0.trailing_zeros() / 4) as usize
    }

    /// Its digits.
    pub(crate) fn digits(self) -> String {
        (0..self.len()).map(|at| char::from(b'0' + ((self.0 >> (60 - 4 * at) & 15) as u8).saturating_sub(1))).collect()
    }

    /// Whether a number, or a longer prefix, begins with it.
    pub(crate) const fn begins(self, other: Self) -> bool {
        let unused = self.0.trailing_zeros() / 4 * 4;
        (self.0 ^ other.0) >> unused == 0
    }
}

/// Its digits.
impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.digits())
    }
}

#[cfg(test)]
mod tests {
    use super::Prefix;

    fn prefix(digits: &str) -> Prefix {
        Prefix::exactly(digits.as_bytes()).expect(digits)
    }

    #[test]
    fn prefixes_are_sorted_as_their_digits_are_and_know_what_begins_with_them() {
        let all = [
            "0",
            "00",
            "000000000000000",
            "1",
            "12",
            "129",
            "13",
            "2",
            "49",
            "4930",
            "49307",
            "4931",
            "999999999999999",
        ];
        assert!(all.iter().map(|digits| prefix(digits)).is_sorted_by(|a, b| a < b));
        for (a, b) in all.iter().flat_map(|a| all.map(|b| (*a, b))) {
            assert_eq!(prefix(a).begins(prefix(b)), b.starts_with(a), "{a} {b}");
        }
        for digits in all {
            let prefix = prefix(digits);
            assert_eq!((prefix.to_string().as_str(), prefix.len()), (digits, digits.len()));
            assert_eq!(Prefix::from_bits(prefix.bits()), Some(prefix));
        }
    }

    #[test]
    fn what_is_no_prefix_is_none() {
        for none in ["", "+49", "49 30", "1234567890123456", "4x"] {
            assert_eq!(Prefix::exactly(none.as_bytes()), None, "{none}");
        }
        assert_eq!(Prefix::first_of(b"49x"), Some(prefix("49")));
        assert_eq!(Prefix::first_of(b"12345678901234567"), Some(prefix("123456789012345")));
        for bits in [0, 1, u64::MAX, 0x0100_0000_0000_0000, 0xB000_0000_0000_0000, 0x1111_1111_1111_1111] {
            assert_eq!(Prefix::from_bits(bits), None, "{bits:x}");
        }
    }
}
