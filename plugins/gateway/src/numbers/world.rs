//! The numbering plans of the world: libphonenumber's, by the crate `rlibphonenumber`, which nothing outside `numbers`
//! names. It is asked about digits alone, so nothing of its leniency with texts is met.

use std::sync::LazyLock;

use rlibphonenumber::{
    CountryCodeSource, NumberLengthType, PHONE_NUMBER_UTIL, ParseError, PhoneNumber, PhoneNumberFormat, Region,
    ValidationError,
};
use switch::E164;

/// Makes the numbering plans ready for use, which takes some milliseconds; else the first question does.
pub(crate) fn unpack() {
    LazyLock::force(&PHONE_NUMBER_UTIL);
}

/// A country with numbers of its own, by its code; `None` where there is none.
pub(crate) fn country(code: &str) -> Option<Region> {
    let region = Region::from_code(code).ok().filter(|region| *region != Region::World && code.len() == 2)?;
    PHONE_NUMBER_UTIL.get_country_code_for_region(region).map(|_| region)
}

/// The calling code of a country, as `49`.
pub(crate) fn calling_code(country: Region) -> Option<i32> {
    PHONE_NUMBER_UTIL.get_country_code_for_region(country)
}

/// All that is dialled before national numbers anywhere, the longest first.
const TRUNK_PREFIXES: &[&str] = &["06", "0", "1", "8"];

/// What is dialled before a national number there, as `0`; `None` where nothing is. The crate does not say it, but it
/// understands a number with it.
pub(crate) fn trunk_prefix(country: Region) -> Option<&'static str> {
    let example = PHONE_NUMBER_UTIL.get_example_number(country).ok()?;
    let (number, significant) = (e164(&example), significant(&example));
    let skipped = |prefix: &&&str| {
        understand(&format!("{prefix}{significant}"), Some(country)).ok().map(|read| read.number) == number
    };
    TRUNK_PREFIXES.iter().find(skipped).copied()
}

/// Digits, as they were understood.
#[derive(Debug, Clone)]
pub(crate) struct Understood {
    /// The number.
    pub(crate) number: E164,
    /// The same, as the crate has it.
    pub(crate) phone: PhoneNumber,
    /// It was dialled as to another country: with `+` or what stands for it.
    pub(crate) abroad: bool,
}

impl Understood {
    /// Whether such a number is known to be in use.
    pub(crate) fn is_known(&self) -> bool {
        self.phone.is_valid()
    }

    /// Whether it has a length that such a number may have. One that still begins with what is dialled before it was too
    /// short to be read.
    pub(crate) fn fit(&self) -> Fit {
        match fit(&self.phone) {
            Fit::Whole if self.keeps_its_prefix() && !self.is_known() => Fit::Short,
            fit => fit,
        }
    }

    fn keeps_its_prefix(&self) -> bool {
        let begin = significant(&self.phone).chars().next();
        let prefix = || PHONE_NUMBER_UTIL.get_region_for_country_code(self.phone.country_code).and_then(trunk_prefix);
        (begin == Some('1') && self.phone.country_code == 1) || (begin == Some('0') && prefix() == Some("0"))
    }
}

/// Whether a number has a length that there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fit {
    /// It has.
    Whole,
    /// Something is missing.
    Short,
    /// It cannot be one.
    None,
}

fn fit(phone: &PhoneNumber) -> Fit {
    match phone.is_possible_with_reason() {
        Ok(NumberLengthType::IsPossible) => Fit::Whole,
        Ok(NumberLengthType::IsPossibleLocalOnly) | Err(ValidationError::TooShort) => Fit::Short,
        Err(_) => Fit::None,
    }
}

/// Reads digits, with or without `+`, as they are dialled in a country.
pub(crate) fn understand(digits: &str, country: Option<Region>) -> Result<Understood, Fit> {
    let phone = PHONE_NUMBER_UTIL.parse_and_keep_raw_input(digits, country).map_err(|error| match error {
        ParseError::TooShortAfterIdd | ParseError::TooShortNsn => Fit::Short,
        // What is too short to look like a number at all.
        ParseError::NotANumber(_) => Fit::Short,
        ParseError::InvalidCountryCode | ParseError::TooLongNsn => Fit::None,
    })?;
    let number = e164(&phone).ok_or(Fit::None)?;
    let source = phone.country_code_source();
    let abroad = matches!(source, CountryCodeSource::FromNumberWithPlusSign | CountryCodeSource::FromNumberWithIdd);
    Ok(Understood { number, phone, abroad })
}

/// The same number as the crate has it; `None` where no country has its first digits.
pub(crate) fn phone(number: &E164) -> Option<PhoneNumber> {
    let digits = number.digits();
    (1..=3.min(digits.len())).find_map(|at| {
        let (code, rest) = digits.split_at_checked(at)?;
        let country_code = code.parse().ok()?;
        PHONE_NUMBER_UTIL.get_region_for_country_code(country_code)?;
        let zeros = rest.bytes().take(rest.len().saturating_sub(1)).take_while(|c| *c == b'0').count();
        Some(PhoneNumber {
            country_code,
            national_number: rest.parse().ok()?,
            italian_leading_zero: (zeros > 0).then_some(true),
            number_of_leading_zeros: i32::try_from(zeros).ok().filter(|zeros| *zeros > 1),
            ..PhoneNumber::default()
        })
    })
}

/// Whether it could be a number at all: a country has its first digits, and it is neither too short nor too long.
pub(crate) fn is_possible(number: &E164) -> bool {
    phone(number).is_some_and(|phone| fit(&phone) == Fit::Whole)
}

/// The number in its normal form.
pub(crate) fn e164(phone: &PhoneNumber) -> Option<E164> {
    phone.format_as(PhoneNumberFormat::E164).parse().ok()
}

/// As it is written in its own country, digits alone.
pub(crate) fn national(phone: &PhoneNumber) -> String {
    digits_of(phone.format_as(PhoneNumberFormat::National).into_owned())
}

/// As it is dialled from another country, digits alone; `None` where several ways lead out of it.
pub(crate) fn from_abroad(phone: &PhoneNumber, here: Region) -> Option<String> {
    let text = phone.format_out_of_country_calling_number(here);
    (!text.starts_with('+')).then(|| digits_of(text.into_owned()))
}

/// The national number, without anything before it.
pub(crate) fn significant(phone: &PhoneNumber) -> String {
    phone.get_national_significant_number()
}

fn digits_of(mut text: String) -> String {
    text.retain(|c| c.is_ascii_digit());
    text
}

#[cfg(test)]
mod tests {
    use rlibphonenumber::PHONE_NUMBER_UTIL;

    use super::*;

    #[test]
    fn a_number_is_taken_apart_as_it_was_put_together() {
        for region in PHONE_NUMBER_UTIL.get_supported_regions() {
            let Ok(example) = PHONE_NUMBER_UTIL.get_example_number(region) else { continue };
            let number = e164(&example).expect("a number");
            let again = phone(&number).expect("of a country");
            assert_eq!(e164(&again), Some(number), "{region}");
            assert_eq!((again.country_code, again.is_valid()), (example.country_code, true), "{region}");
        }
    }

    #[test]
    fn a_country_has_what_is_dialled_before_its_numbers() {
        let prefix = |code| country(code).and_then(trunk_prefix);
        assert_eq!((prefix("DE"), prefix("RU"), prefix("HU")), (Some("0"), Some("8"), Some("06")));
        assert_eq!((prefix("IT"), prefix("DK"), prefix("US")), (None, None, Some("1")));
        for none in ["", "XX", "de ", "001", "DEU", "Ü"] {
            assert!(country(none).is_none(), "{none}");
        }
    }
}
