//! Short numbers that are no emergency numbers, and what they cost to call: public facts, which regulators publish,
//! compared with libphonenumber's list (short numbers, 9.0.33). Numbers for text messages alone are left out, and those
//! that mean something else in every network. What may cost more than a call does stands under `premium`.

use switch::NumberClass;

/// One country, ISO 3166-1: its numbers that are free, that cost what calls cost, and that are dear. A digit stands for
/// itself, `X` for any, `[2-9]` and `[25]` for one of those.
struct Row {
    country: &'static str,
    free: &'static str,
    service: &'static str,
    premium: &'static str,
}

const fn row(country: &'static str, free: &'static str, service: &'static str, premium: &'static str) -> Row {
    Row { country, free, service, premium }
}

/// In the order of the countries. `116XXX` are free all over Europe (decision 2007/116/EC of the European Commission).
const COUNTRIES: &[Row] = &[
    row("AD", "116XXX", "", ""),
    row("AT", "116XXX 128 142 147", "120 123 130 141 1450", "118XX 118XXX"),
    row("AU", "", "1194 1196", "1223 1234 12456"),
    row("BE", "10[35-8] 110 116XXX 1712 1813", "102 1700 1722 1733", "1204 1207 1304 1307 1404"),
    row("BG", "116XXX", "", "118XX"),
    row("BR", "100 116 123 180 181 188 191 19[4789]", "102", ""),
    row("CA", "211 988", "[35-8]11", "411"),
    row("CH", "116XXX 143 147", "140 145 16[1-46] 1600", "18XX"),
    row("CN", "", "114 12XXX 95XXX", ""),
    row("CY", "116XXX", "", "118XX"),
    row("CZ", "116XXX", "", "118X"),
    row("DE", "116XXX", "115", "1180XX 118XX"),
    row("DK", "116XXX", "", "118"),
    row("EE", "116XXX", "1247", "118X 1220"),
    row("ES", "016 024 06[57] 116XXX", "01[0-2] 017 060", "118XX"),
    row("FI", "116XXX", "", "118 118XX"),
    row("FR", "116XXX 3[01]XX", "", "10XX 118XXX 3[2-9]XX"),
    row("GB", "105 111 116XXX", "100 101 119 123 150 155 159", "118XXX"),
    row("GR", "109 116XXX", "", "118XX"),
    row("HK", "", "1081 1083", ""),
    row("HR", "116XXX 195", "1987", "118X 118XX"),
    row("HU", "116XXX", "1818", "118XX"),
    row("IE", "116XXX", "19XX", "118XX"),
    row("IL", "", "10[3-8]", "144"),
    row("IN", "1098 181", "139 14X", "19[78]"),
    row("IS", "116XXX", "1700 1770", "18XX"),
    row("IT", "114 116XXX 117 119 133 15[05-9]X 155 159 187 19[0-6]", "15[2-4]X", "12XX 4XXXX"),
    row("JP", "189", "11[5-7] 171 177 188", "104"),
    row("KR", "182", "110 114 12[0-9] 13[0-9]", ""),
    row("LI", "116XXX", "", "18XX"),
    row("LT", "116XXX", "", "118 118X"),
    row("LU", "116XXX", "", "118XX"),
    row("LV", "116XXX", "", "118X 118XX"),
    row("MT", "116XXX", "", "118X"),
    row("MX", "08[89]", "02X 03X 04X 05X 07X", ""),
    row("NL", "116XXX", "113 144", "18XX"),
    row("NO", "116XXX", "115 120 14[159] 1412 175", "18XX"),
    row("NZ", "105 1737", "", "018"),
    row("PL", "116XXX", "19XXX 98[1-7] 99[1-6]", "118XXX"),
    row("PT", "116XXX 144", "", "118 1820"),
    row("RO", "113 116XXX", "", "118XXX"),
    row("RU", "12[1-9]", "04 104", "09"),
    row("SE", "11313 116XXX", "11414 1177", "118XXX"),
    row("SG", "", "100", ""),
    row("SI", "116XXX", "", "118X"),
    row("SK", "116XXX 159", "", "118X"),
    row("TR", "122 183", "182", "118XX"),
    row("UA", "104 116XXX", "", "109"),
    row("US", "211 933 988", "[35-8]11", "411"),
    row("ZA", "107", "", ""),
];

/// What kind of number a short number of a country is; `None` where none is known that reads so.
pub(crate) fn of(country: &str, number: &str) -> Option<NumberClass> {
    let at = COUNTRIES.binary_search_by_key(&country, |row| row.country).ok()?;
    let row = COUNTRIES.get(at)?;
    let kinds =
        [(row.premium, NumberClass::Premium), (row.free, NumberClass::TollFree), (row.service, NumberClass::Service)];
    let among = |patterns: &str| patterns.split_ascii_whitespace().any(|pattern| fits(pattern, number));
    kinds.into_iter().find(|(patterns, _)| among(patterns)).map(|(_, class)| class)
}

/// Whether a number is one that the pattern means.
fn fits(pattern: &str, number: &str) -> bool {
    let (mut pattern, mut digits) = (pattern.bytes(), number.bytes());
    loop {
        match (pattern.next(), digits.next()) {
            (None, None) => return true,
            (Some(b'X'), Some(digit)) if digit.is_ascii_digit() => {}
            (Some(b'['), Some(digit)) => {
                let (mut last, mut within, mut fit) = (0, false, false);
                for c in pattern.by_ref().take_while(|c| *c != b']') {
                    fit |= c == digit || (within && (last..=c).contains(&digit));
                    (last, within) = if c == b'-' { (last, true) } else { (c, false) };
                }
                if !fit {
                    return false;
                }
            }
            (Some(wanted), Some(digit)) if wanted == digit => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order_and_its_patterns_can_be_read() {
        assert!(COUNTRIES.is_sorted_by(|a, b| a.country < b.country), "found by halving");
        let all = COUNTRIES.iter().flat_map(|row| [row.free, row.service, row.premium]);
        for pattern in all.flat_map(str::split_ascii_whitespace) {
            let plain = pattern.bytes().all(|c| c.is_ascii_digit() || b"X[]-".contains(&c));
            assert!(plain && pattern.matches('[').count() == pattern.matches(']').count(), "{pattern}");
        }
    }

    #[test]
    fn a_pattern_means_a_digit_any_digit_or_one_of_some() {
        for (pattern, number, fit) in [
            ("115", "115", true),
            ("115", "1150", false),
            ("115", "11", false),
            ("116XXX", "116117", true),
            ("116XXX", "11611", false),
            ("10[35-8]", "103", true),
            ("10[35-8]", "106", true),
            ("10[35-8]", "104", false),
            ("10[35-8]", "10", false),
            ("19[4789]", "198", true),
            ("19[4789]", "195", false),
        ] {
            assert_eq!(fits(pattern, number), fit, "{pattern} {number}");
        }
    }

    #[test]
    fn directory_inquiries_are_dear_and_the_citizens_line_is_not() {
        let kind = |country, number| of(country, number);
        assert_eq!(kind("DE", "115"), Some(NumberClass::Service));
        assert_eq!(kind("DE", "11880"), Some(NumberClass::Premium));
        assert_eq!(kind("DE", "116117"), Some(NumberClass::TollFree));
        assert_eq!((kind("DE", "114"), kind("", "115")), (None, None));
    }
}
