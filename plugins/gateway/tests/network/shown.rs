//! How numbers are written: on phones, so that they can be called back, and for carriers, as each wants it.

use gateway::{Dialled, Form};
use proptest::prelude::*;
use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberFormat, PhoneNumberType, Region};
use switch::{E164, Number, NumberForm, NumberStyle};

use crate::numbers::dialling;

fn world(number: &str) -> Number {
    Number::World(number.parse().expect(number))
}

#[test]
fn a_phone_shows_what_its_user_would_dial() {
    for (country, area, line, number, shown) in [
        ("DE", "30", "", "+4930123456", "030123456"),
        ("DE", "30", "0", "+4930123456", "0030123456"),
        ("DE", "30", "0", "+33142685300", "00033142685300"),
        ("DE", "", "", "+33142685300", "0033142685300"),
        ("DE", "", "", "+390669821234", "00390669821234"),
        ("DE", "", "", "+80012345678", "0080012345678"),
        ("FR", "", "", "+33142685300", "0142685300"),
        ("IT", "", "", "+390669821234", "0669821234"),
        ("ES", "", "", "+34910123456", "910123456"),
        ("GB", "20", "9", "+442079460018", "902079460018"),
        ("GB", "", "", "+441534456789", "01534456789"),
        ("US", "212", "9", "+12125551234", "92125551234"),
        ("US", "", "", "+4930123456", "0114930123456"),
        ("US", "", "", "+18765551234", "18765551234"),
        ("RU", "", "", "+74951234567", "84951234567"),
        ("RU", "", "", "+4930123456", "8104930123456"),
        ("AU", "", "", "+4930123456", "00114930123456"),
        ("JP", "", "", "+4930123456", "0104930123456"),
        ("HU", "", "", "+3612345678", "0612345678"),
        ("BR", "11", "", "+551123456789", "1123456789"),
        // Several ways lead out of Brazil.
        ("BR", "", "0", "+4930123456", "+4930123456"),
        ("", "", "0", "+4930123456", "+4930123456"),
    ] {
        assert_eq!(dialling(country, area, line).shown(&world(number)), shown, "{country} {line} {number}");
    }
    assert_eq!(dialling("DE", "", "0").shown(&Number::Short("115".into())), "0115");
}

/// Numbers of every kind of every country.
fn examples() -> Vec<E164> {
    let kinds = [PhoneNumberType::FixedLine, PhoneNumberType::Mobile, PhoneNumberType::TollFree];
    let mut regions: Vec<Region> = PHONE_NUMBER_UTIL.get_supported_regions().collect();
    regions.sort();
    let phones = regions.into_iter().flat_map(|region| {
        kinds.map(|kind| PHONE_NUMBER_UTIL.get_example_number_for_type_and_region(region, kind).ok())
    });
    phones.flatten().filter_map(|phone| phone.format_as(PhoneNumberFormat::E164).parse().ok()).collect()
}

#[test]
fn what_is_shown_is_called_back_in_every_country() {
    let all = examples();
    assert!(all.len() > 600, "{}", all.len());
    let mut plain = 0;
    for number in &all {
        let here = rlibphonenumber::PhoneNumber::parse(number.to_string(), None).ok().and_then(|n| n.get_region_code());
        let country = here.map(|here| here.to_string()).unwrap_or_default();
        for (country, area, line) in [(country.as_str(), "", ""), (country.as_str(), "", "0"), ("DE", "30", "0")] {
            let dialling = dialling(country, area, line);
            let shown = dialling.shown(&Number::World(number.clone()));
            assert_eq!(dialling.read(&shown), Ok(Dialled::World(number.clone())), "{country} {line} {shown}");
            plain += usize::from(!shown.starts_with('+'));
        }
    }
    assert!(plain * 100 > all.len() * 3 * 97, "{plain} of {} without +", all.len() * 3);
}

fn form(style: NumberStyle, prefix: &str) -> Form {
    Form::of(&NumberForm { style, prefix: prefix.into() })
}

#[test]
fn a_carrier_gets_numbers_as_it_wants_them() {
    let germany = || NumberStyle::National { country: "DE".into() };
    for (style, prefix, number, called, calling) in [
        (NumberStyle::Plus, "", "+4930123456", "+4930123456", "+4930123456"),
        (NumberStyle::Plus, "77#", "+4930123456", "77#+4930123456", "+4930123456"),
        (NumberStyle::Digits, "", "+4930123456", "4930123456", "4930123456"),
        (NumberStyle::Digits, "99", "+4930123456", "994930123456", "4930123456"),
        (NumberStyle::International("00".into()), "", "+4930123456", "004930123456", "004930123456"),
        (NumberStyle::International("011".into()), "1", "+4930123456", "10114930123456", "0114930123456"),
        (germany(), "", "+4930123456", "030123456", "030123456"),
        (germany(), "", "+441212345678", "00441212345678", "00441212345678"),
        (NumberStyle::National { country: "BR".into() }, "", "+4930123456", "004930123456", "004930123456"),
        (NumberStyle::National { country: "US".into() }, "", "+12125551234", "2125551234", "2125551234"),
        (NumberStyle::National { country: String::new() }, "", "+4930123456", "004930123456", "004930123456"),
    ] {
        let form = form(style, prefix);
        assert_eq!((form.called(&world(number)).as_str(), form.number(&world(number)).as_str()), (called, calling));
    }
    let short = Number::Short("112".into());
    assert_eq!(form(NumberStyle::Plus, "77#").called(&short), "77#112");
    assert_eq!(form(germany(), "").number(&short), "112");
}

#[test]
fn a_carrier_is_understood_also_where_it_writes_otherwise_than_it_said() {
    let germany = || NumberStyle::National { country: "DE".into() };
    let owner = dialling("DE", "30", "0");
    for (style, text, number) in [
        (NumberStyle::Plus, "+4930123456", Some("+4930123456")),
        (NumberStyle::Plus, "4930123456", Some("+4930123456")),
        (NumberStyle::Plus, "004930123456", Some("+4930123456")),
        (NumberStyle::Plus, "030123456", Some("+4930123456")),
        (NumberStyle::Plus, "+49-30-123456", Some("+4930123456")),
        (NumberStyle::Plus, "+4930123456;npdi;rn=+4930999", Some("+4930123456")),
        (NumberStyle::Digits, "4930123456", Some("+4930123456")),
        (NumberStyle::Digits, "030123456", Some("+4930123456")),
        (NumberStyle::International("011".into()), "0114930123456", Some("+4930123456")),
        (germany(), "030123456", Some("+4930123456")),
        (germany(), "00441212345678", Some("+441212345678")),
        (germany(), "+441212345678", Some("+441212345678")),
        (NumberStyle::Plus, "anonymous", None),
        (NumberStyle::Plus, "", None),
        (NumberStyle::Plus, "12", None),
        (NumberStyle::Plus, "101", None),
    ] {
        let caller = form(style, "").caller(text, Some(&owner)).map(|number| number.to_string());
        assert_eq!(caller.as_deref(), number, "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 300 } else { 10_000 }))]

    #[test]
    fn a_carrier_is_told_a_number_that_it_would_be_understood_by(
        digits in "[1-9][0-9]{6,14}",
        style in proptest::sample::select(vec![
            NumberStyle::Plus,
            NumberStyle::Digits,
            NumberStyle::International("00".into()),
            NumberStyle::National { country: "DE".into() },
            NumberStyle::National { country: "US".into() },
        ]),
    ) {
        let number: E164 = format!("+{digits}").parse().expect("a number");
        let form = form(style, "");
        let written = form.number(&Number::World(number.clone()));
        prop_assert!(form.heard(&written, None).contains(&number), "{written}");
    }

    #[test]
    fn nothing_that_a_carrier_writes_is_too_strange(text in "\\PC{0,40}", style in any_style()) {
        let form = form(style, "");
        let _ = form.heard(&text, Some(&dialling("DE", "30", "0")));
        let _ = form.caller(&text, None);
    }
}

fn any_style() -> impl Strategy<Value = NumberStyle> {
    prop_oneof![
        Just(NumberStyle::Plus),
        ".{0,3}".prop_map(NumberStyle::International),
        ".{0,3}".prop_map(|country| NumberStyle::National { country }),
    ]
}
