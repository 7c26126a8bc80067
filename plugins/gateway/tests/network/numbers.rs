//! Real numbers of many countries, as people there dial them.

use gateway::{Dialled, Dialling, Unread};
use proptest::prelude::*;
use switch::{DialRules, NumberClass};

pub(crate) fn dialling(country: &str, area: &str, line: &str) -> Dialling {
    Dialling::of(&DialRules { country: country.into(), area: area.into(), line: line.into() })
}

/// What was dialled, in its normal form, and its class.
fn read(dialling: &Dialling, text: &str) -> Result<(String, NumberClass), Unread> {
    let dialled = dialling.read(text)?;
    let class = dialling.kind(&dialled).class;
    Ok((dialled.number().to_string(), class))
}

#[test]
fn people_of_many_countries_dial_as_they_are_used_to() {
    use NumberClass::{Emergency, International, Local, Mobile, National, Premium, Satellite, Service, TollFree};
    let table = [
        // Germany: areas of two to five digits, numbers of any length.
        ("DE", "30", "030 123456", "+4930123456", Local),
        ("DE", "30", "123456", "+4930123456", Local),
        ("DE", "30", "(089) 123-456", "+4989123456", National),
        ("DE", "30", "0171/1234567", "+491711234567", Mobile),
        ("DE", "30", "0800 3301000", "+498003301000", TollFree),
        ("DE", "30", "0180 5123456", "+491805123456", Service),
        ("DE", "30", "0900 1123456", "+499001123456", Premium),
        ("DE", "30", "0700 12345678", "+4970012345678", Premium),
        ("DE", "30", "112", "112", Emergency),
        ("DE", "30", "115", "115", Service),
        ("DE", "30", "11833", "11833", Premium),
        ("DE", "30", "116 117", "116117", TollFree),
        ("DE", "30", "0033 1 42 68 53 00", "+33142685300", International),
        ("DE", "30", "+49 (0)30 123456", "+4930123456", Local),
        ("DE", "030", "123456", "+4930123456", Local),
        // Austria, Switzerland.
        ("AT", "1", "01 5880081234", "+4315880081234", Local),
        ("AT", "1", "0664 1234567", "+436641234567", Mobile),
        ("AT", "1", "144", "144", Emergency),
        ("CH", "44", "044 668 18 00", "+41446681800", Local),
        ("CH", "", "079 123 45 67", "+41791234567", Mobile),
        ("CH", "", "0900 123 456", "+41900123456", Premium),
        // France: no areas, the first digit tells the zone.
        ("FR", "", "01 42 68 53 00", "+33142685300", National),
        ("FR", "", "06 12 34 56 78", "+33612345678", Mobile),
        ("FR", "", "08 99 70 01 23", "+33899700123", Premium),
        ("FR", "", "15", "15", Emergency),
        ("FR", "", "118 218", "118218", Premium),
        // Britain.
        ("GB", "20", "020 7946 0018", "+442079460018", Local),
        ("GB", "20", "7946 0018", "+442079460018", Local),
        ("GB", "20", "0121 234 5678", "+441212345678", National),
        ("GB", "", "07400 123456", "+447400123456", Mobile),
        ("GB", "", "0800 1111", "+448001111", TollFree),
        ("GB", "", "0345 601 2345", "+443456012345", National),
        ("GB", "", "0845 601 2345", "+448456012345", Premium),
        ("GB", "", "070 1234 5678", "+447012345678", Premium),
        ("GB", "", "0909 879 0000", "+449098790000", Premium),
        ("GB", "", "01534 456789", "+441534456789", International),
        ("GB", "", "999", "999", Emergency),
        // Italy: the 0 of the area stays, also from abroad.
        ("IT", "06", "06 6982 1234", "+390669821234", Local),
        ("IT", "06", "02 1234 5678", "+390212345678", National),
        ("IT", "", "312 345 6789", "+393123456789", Mobile),
        ("IT", "", "800 123456", "+39800123456", TollFree),
        ("IT", "", "199 123 456", "+39199123456", Premium),
        ("IT", "", "118", "118", Emergency),
        ("DE", "", "0039 06 69821234", "+390669821234", International),
        // Spain, Portugal, Denmark, Norway, Poland, Czechia, Greece: nothing before a national number.
        ("ES", "", "91 012 34 56", "+34910123456", National),
        ("ES", "91", "910 123 456", "+34910123456", Local),
        ("ES", "", "612 345 678", "+34612345678", Mobile),
        ("ES", "", "803 123 456", "+34803123456", Premium),
        ("ES", "", "091", "091", Emergency),
        ("PT", "", "21 234 5678", "+351212345678", National),
        ("DK", "", "32 12 34 56", "+4532123456", National),
        ("NO", "", "21 23 45 67", "+4721234567", National),
        ("NO", "", "406 12 345", "+4740612345", Mobile),
        ("PL", "", "512 345 678", "+48512345678", Mobile),
        ("CZ", "", "212 345 678", "+420212345678", National),
        ("GR", "", "21 2345 6789", "+302123456789", National),
        // The Netherlands, Belgium, Sweden, Finland, Hungary.
        ("NL", "10", "010 123 4567", "+31101234567", Local),
        ("NL", "", "06 12345678", "+31612345678", Mobile),
        ("BE", "", "0470 12 34 56", "+32470123456", Mobile),
        ("SE", "8", "08-12 34 56", "+468123456", Local),
        ("SE", "8", "070-123 45 67", "+46701234567", Mobile),
        ("FI", "", "041 2345678", "+358412345678", Mobile),
        ("FI", "", "018 12345", "+3581812345", National),
        ("HU", "1", "06 1 234 5678", "+3612345678", Local),
        // North America: 7, 10 and 11 digits.
        ("US", "212", "555-1234", "+12125551234", Local),
        ("US", "212", "(212) 555-1234", "+12125551234", Local),
        ("US", "212", "1 415 555 2671", "+14155552671", National),
        ("US", "", "1-800-555-0199", "+18005550199", TollFree),
        ("US", "", "1 900 555 0199", "+19005550199", Premium),
        ("US", "", "1 876 555 1234", "+18765551234", International),
        ("US", "", "1 613 555 0123", "+16135550123", International),
        ("US", "", "011 49 30 123456", "+4930123456", International),
        ("US", "", "911", "911", Emergency),
        ("US", "", "411", "411", Premium),
        ("CA", "", "613 555 0123", "+16135550123", National),
        // Russia, Kazakhstan: 8, and 8 10 to other countries.
        ("RU", "495", "8 (495) 123-45-67", "+74951234567", Local),
        ("RU", "495", "123-45-67", "+74951234567", Local),
        ("RU", "", "8 912 345 67 89", "+79123456789", Mobile),
        ("RU", "", "810 49 30 123456", "+4930123456", International),
        ("RU", "", "8 712 345 6789", "+77123456789", International),
        // Farther away.
        ("AU", "2", "02 1234 5678", "+61212345678", Local),
        ("AU", "", "0412 345 678", "+61412345678", Mobile),
        ("AU", "", "0011 49 30 123456", "+4930123456", International),
        ("AU", "", "000", "000", Emergency),
        ("NZ", "", "03-234 5678", "+6432345678", National),
        ("JP", "3", "03-1234-5678", "+81312345678", Local),
        ("JP", "", "090-1234-5678", "+819012345678", Mobile),
        ("JP", "", "010 49 30 123456", "+4930123456", International),
        ("CN", "10", "010 12345678", "+861012345678", Local),
        ("IN", "", "081234 56789", "+918123456789", Mobile),
        ("BR", "11", "(11) 2345-6789", "+551123456789", Local),
        ("BR", "11", "0 15 21 2345-6789", "+552123456789", National),
        ("BR", "", "(11) 96123-4567", "+5511961234567", Mobile),
        ("MX", "", "55 1234 5678", "+525512345678", National),
        ("ZA", "", "010 123 4567", "+27101234567", National),
        ("TR", "", "0501 234 56 78", "+905012345678", Mobile),
        ("IL", "", "02-123-4567", "+97221234567", National),
        ("SG", "", "6123 4567", "+6561234567", National),
        ("HK", "", "2123 4567", "+85221234567", National),
        // Of no country.
        ("DE", "", "00800 1234 5678", "+80012345678", TollFree),
        ("DE", "", "00870 773 111 632", "+870773111632", Satellite),
        ("DE", "", "+8816 1234 5678", "+881612345678", Satellite),
        ("DE", "", "+882 16 1234 5678", "+8821612345678", Satellite),
        ("DE", "", "+883 5100 0000 0000", "+883510000000000", Satellite),
        ("DE", "", "+979 123 456 789", "+979123456789", Premium),
        ("DE", "", "+808 1234 5678", "+80812345678", Premium),
        // Dear abroad too.
        ("DE", "", "+44 909 879 0000", "+449098790000", Premium),
        ("DE", "", "+44 845 601 2345", "+448456012345", Premium),
        ("DE", "", "+1 900 555 0199", "+19005550199", Premium),
    ];
    let wrong = table.iter().filter_map(|(country, area, dialled, number, class)| {
        let read = read(&dialling(country, area, ""), dialled);
        (read != Ok(((*number).to_owned(), *class))).then(|| format!("{country} {area} {dialled}: {read:?}"))
    });
    assert_eq!(wrong.collect::<Vec<_>>(), Vec::<String>::new());
}

#[test]
fn what_is_no_number_says_why() {
    use Unread::{Incomplete, NoLine, NoNumber, NotDigits};
    for (country, area, line, dialled, why) in [
        ("DE", "", "", "", Incomplete),
        ("DE", "", "", " - ", Incomplete),
        ("DE", "", "", "+", Incomplete),
        ("DE", "", "", "alice", NotDigits),
        ("DE", "", "", "*21#", NotDigits),
        ("DE", "", "", "030+123", NotDigits),
        ("DE", "", "", "０３０１２３４５６", NotDigits),
        ("DE", "", "", "0301", Incomplete),
        ("DE", "", "", "1234", Incomplete),
        ("DE", "", "", "+49", Incomplete),
        ("DE", "", "", "00", Incomplete),
        ("DE", "", "", "+999 1234567", NoNumber),
        ("DE", "", "", "+49 30 12345678901234", NoNumber),
        ("DE", "", "", "123456", Incomplete),
        ("DE", "30", "0", "1234567", NoLine),
        ("DE", "30", "0", "0", NoLine),
        ("US", "", "9", "12125551234", NoLine),
        ("US", "", "", "555 1234", Incomplete),
        ("US", "212", "", "155 1234", Incomplete),
        ("", "", "", "030123456", NoNumber),
        ("XX", "", "", "030123456", NoNumber),
    ] {
        assert_eq!(dialling(country, area, line).read(dialled).err(), Some(why), "{country} {area} {line} {dialled:?}");
    }
    let long = "0".repeat(100_000);
    assert_eq!(dialling("DE", "30", "").read(&long).err(), Some(NotDigits), "nothing is read that is that long");
}

#[test]
fn a_line_is_got_first_but_for_a_number_with_a_plus() {
    let berlin = dialling("DE", "30", "0");
    for (dialled, number) in [
        ("0123456", "+4930123456"),
        ("0030123456", "+4930123456"),
        ("0004412 1234 5678", "+441212345678"),
        ("0115", "115"),
        ("+49 89 123456", "+4989123456"),
    ] {
        assert_eq!(read(&berlin, dialled).map(|(number, _)| number), Ok(number.to_owned()), "{dialled}");
    }
}

#[test]
fn emergency_numbers_are_known_with_and_without_a_line() {
    for (country, line, dialled, number) in [
        ("DE", "0", "112", Some("112")),
        ("DE", "0", "0112", Some("112")),
        ("DE", "0", "00112", None),
        ("DE", "", "0112", None),
        ("DE", "0", "110", Some("110")),
        ("DE", "0", "911", None),
        ("US", "9", "911", Some("911")),
        ("US", "9", "9911", Some("911")),
        ("US", "9", "9 9-1-1", Some("911")),
        ("US", "9", "9112", Some("112")),
        ("GB", "9", "999", Some("999")),
        ("GB", "9", "9999", Some("999")),
        ("AU", "0", "000", Some("000")),
        ("AU", "0", "0000", Some("000")),
        ("FR", "", "17", Some("17")),
        ("ZA", "", "10111", Some("10111")),
        ("", "", "112", Some("112")),
        ("", "", "911", Some("911")),
        ("", "", "110", None),
        ("DE", "", "11 2", Some("112")),
        ("DE", "", "1122", None),
        ("DE", "", "+112", None),
        ("DE", "", "+49112", None),
        ("DE", "", "112#", None),
    ] {
        let dialling = dialling(country, "", line);
        let emergency = match dialling.read(dialled) {
            Ok(Dialled::Emergency(number)) => Some(number),
            _ => None,
        };
        assert_eq!(emergency.as_deref(), number, "{country} {line} {dialled}");
        assert_eq!(dialling.is_emergency(dialled), number.is_some(), "{country} {line} {dialled}");
    }
}

#[test]
fn digits_added_to_a_dear_number_do_not_make_it_cheap() {
    let berlin = dialling("DE", "30", "");
    for (dialled, class) in [
        ("0900 1123456", NumberClass::Premium),
        ("0900 1123456 12", NumberClass::Premium),
        ("0900 2123456", NumberClass::Premium),
        ("0137 7123456 1", NumberClass::Premium),
        ("0171 1234567 12", NumberClass::Mobile),
        ("0180 5123456 1", NumberClass::Service),
        ("+44 909 879 0000", NumberClass::Premium),
    ] {
        assert_eq!(read(&berlin, dialled).map(|(_, class)| class), Ok(class), "{dialled}");
    }
}

#[test]
fn a_number_abroad_has_its_country_and_an_unknown_one_has_none() {
    for (country, dialled, place) in [
        ("DE", "+33142685300", "FR"),
        ("DE", "+18765551234", "JM"),
        ("DE", "+12125551234", "US"),
        ("DE", "+16135550123", "CA"),
        ("DE", "+77123456789", "KZ"),
        ("DE", "+441534456789", "JE"),
        ("DE", "+3581812345", "FI"),
        ("DE", "+4779123456", "NO"),
        ("DE", "+390669812345", "IT"),
        ("DE", "+12225551234", ""),
        ("DE", "+870773111632", ""),
        ("DE", "030123456", "DE"),
        ("DE", "115", "DE"),
    ] {
        let dialling = dialling(country, "", "");
        let dialled = dialling.read(dialled).expect(dialled);
        assert_eq!(dialling.kind(&dialled).country, place, "{dialled:?}");
    }
}

#[test]
fn a_short_number_stands_behind_its_country_for_routes_and_rates() {
    let berlin = dialling("DE", "30", "");
    let digits = |text| berlin.digits(&berlin.read(text).expect("a number").number());
    assert_eq!((digits("112"), digits("115"), digits("123456")), ("49112".into(), "49115".into(), "4930123456".into()));
}

const COUNTRIES: [&str; 24] = [
    "", "DE", "AT", "CH", "FR", "GB", "IT", "ES", "PT", "DK", "NO", "PL", "NL", "SE", "HU", "US", "CA", "RU", "AU",
    "JP", "CN", "BR", "MX", "AR",
];

fn any_dialling() -> impl Strategy<Value = Dialling> {
    (proptest::sample::select(&COUNTRIES[..]), "[0-9]{0,4}", "[0-9]{0,2}")
        .prop_map(|(country, area, line)| dialling(country, &area, &line))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 500 } else { 20_000 }))]

    #[test]
    fn no_text_is_too_strange(dialling in any_dialling(), text in "\\PC{0,40}") {
        let _ = dialling.read(&text).map(|dialled| dialling.kind(&dialled));
    }

    #[test]
    fn what_is_read_is_a_number_that_is_read_as_itself(
        dialling in any_dialling(),
        text in "[+]?[0-9 ./()-]{1,24}",
    ) {
        if let Ok(Dialled::World(number)) = dialling.read(&text) {
            prop_assert_eq!(dialling.read(&number.to_string()), Ok(Dialled::World(number.clone())));
            prop_assert_eq!(number.to_string().parse(), Ok(number));
        }
    }

    #[test]
    fn no_country_area_or_line_is_too_strange(rules in (".{0,4}", ".{0,4}", ".{0,4}"), text in "[+]?[0-9]{1,20}") {
        let dialling = Dialling::of(&DialRules { country: rules.0, area: rules.1, line: rules.2 });
        let _ = dialling.read(&text).map(|dialled| dialling.kind(&dialled));
    }
}
