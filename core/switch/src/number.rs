//! Numbers of the public network: their normal form, and what kind of number they are.

use std::fmt;
use std::str::FromStr;

/// A number in the normal form of ITU-T E.164: country code and national number, 2 to 15 digits, kept without the `+`
/// that it is written with.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct E164(String);

/// This is no number in the normal form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no number as +4930123456: `+`, then 2 to 15 digits, the first not 0")]
pub struct NoE164(String);

impl E164 {
    /// The digits, without `+`.
    #[must_use]
    pub fn digits(&self) -> &str {
        &self.0
    }
}

/// With its `+`; nothing else is skipped over.
impl FromStr for E164 {
    type Err = NoE164;

    fn from_str(text: &str) -> Result<Self, NoE164> {
        let digits = text.strip_prefix('+').filter(|digits| {
            (2..=15).contains(&digits.len()) && !digits.starts_with('0') && digits.bytes().all(|c| c.is_ascii_digit())
        });
        digits.map(|digits| Self(digits.to_owned())).ok_or_else(|| NoE164(text.chars().take(32).collect()))
    }
}

impl fmt::Display for E164 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "+{}", self.0)
    }
}

impl fmt::Debug for E164 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A number outside that can be called.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Number {
    /// One that the whole world can call.
    World(E164),
    /// A short or service number of one country, as it is dialled there: `112`, `115`.
    Short(String),
}

/// As it stands in records: `+4930123456`, `112`.
impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::World(number) => number.fmt(f),
            Self::Short(number) => f.write_str(number),
        }
    }
}

/// What kind of number it is, as seen from the country of whoever calls. Permission is granted by kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NumberClass {
    /// The fire brigade, the police, an ambulance: permitted always.
    Emergency,
    /// A number that the caller's own tenant owns.
    Internal,
    /// In the caller's own area, where the country has areas.
    Local,
    /// Elsewhere in the country, on a wire or not to be told from a mobile one.
    National,
    /// A mobile phone in the country.
    Mobile,
    /// Free of charge for the caller.
    TollFree,
    /// A short or service number of the country at an ordinary price: directory inquiries, the operator.
    Service,
    /// In another country.
    International,
    /// Dearer than others, whatever the country: premium rate, shared cost abroad.
    Premium,
    /// By satellite, or in a world-wide network: +870, +881, +882, +883.
    Satellite,
}

impl NumberClass {
    /// All, the nearest first.
    pub const ALL: [Self; 10] = [
        Self::Emergency,
        Self::Internal,
        Self::Local,
        Self::National,
        Self::Mobile,
        Self::TollFree,
        Self::Service,
        Self::International,
        Self::Premium,
        Self::Satellite,
    ];

    /// Its name in settings, records and the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Emergency => "emergency",
            Self::Internal => "internal",
            Self::Local => "local",
            Self::National => "national",
            Self::Mobile => "mobile",
            Self::TollFree => "toll-free",
            Self::Service => "service",
            Self::International => "international",
            Self::Premium => "premium",
            Self::Satellite => "satellite",
        }
    }

    /// By its name, in any case.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.as_str().eq_ignore_ascii_case(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_normal_form_is_a_plus_and_digits_and_nothing_else() {
        let number: E164 = "+4930123456".parse().expect("a number");
        assert_eq!((number.digits(), number.to_string()), ("4930123456", "+4930123456".to_owned()));
        for none in ["", "+", "4930123456", "+0301", "+49 30", "+1", "+1234567890123456", "+49ü", "++49"] {
            assert!(none.parse::<E164>().is_err(), "{none}");
        }
    }

    #[test]
    fn a_class_is_read_as_it_is_written() {
        for class in NumberClass::ALL {
            assert_eq!(NumberClass::parse(&class.as_str().to_uppercase()), Some(class));
        }
    }
}
