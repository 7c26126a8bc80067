//! What kind of number one is, as seen from a country.

use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumber, PhoneNumberType as Type, Region};
use switch::{E164, NumberClass};

use super::world;

/// What kind of number it is, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kind {
    /// The kind.
    pub class: NumberClass,
    /// The country, ISO 3166-1, upper case; empty where it is of none, or nobody knows of which.
    pub country: String,
}

/// Places whose numbers are those of another country in all but the letters, and which it.
const PARTS: &[(Region, Region)] = &[
    (Region::AX, Region::FI),
    (Region::BL, Region::GP),
    (Region::CC, Region::AU),
    (Region::CX, Region::AU),
    (Region::EH, Region::MA),
    (Region::MF, Region::GP),
    (Region::SJ, Region::NO),
    (Region::VA, Region::IT),
];

/// The country that a place belongs to, as far as numbers go.
pub(crate) fn whole(place: Region) -> Region {
    PARTS.iter().find(|(part, _)| *part == place).map_or(place, |(_, whole)| *whole)
}

/// The kind of a number for somebody in a country and an area.
pub(crate) fn of(number: &E164, here: Option<Region>, area: &str) -> Kind {
    let Some(phone) = world::phone(number) else {
        return Kind { class: NumberClass::International, country: String::new() };
    };
    if let Some(class) = of_the_world(&phone) {
        return Kind { class, country: String::new() };
    }
    let (place, kind) = placed(&phone);
    let home = here.zip(place).is_some_and(|(here, place)| whole(here) == whole(place));
    let class = if home { at_home(kind, &world::significant(&phone), area) } else { abroad(kind) };
    let country = place.map(whole).map(|place| place.to_string()).unwrap_or_default();
    Kind { class, country }
}

/// Numbers of no country (ITU-T E.164 §6.2.2, §6.2.3).
fn of_the_world(phone: &PhoneNumber) -> Option<NumberClass> {
    let global = PHONE_NUMBER_UTIL.get_region_for_country_code(phone.country_code) == Some(Region::World);
    global.then_some(match phone.country_code {
        800 => NumberClass::TollFree,
        // Shared cost and premium rate.
        808 | 979 => NumberClass::Premium,
        _ => NumberClass::Satellite,
    })
}

/// Where a number is, and its type. Of one that is not known what its beginning says counts: networks ignore digits that
/// follow a whole number, so a dear number stays dear with digits added to it.
fn placed(phone: &PhoneNumber) -> (Option<Region>, Type) {
    let place = phone.get_region_code();
    let kind = phone.get_type();
    if kind != Type::Unknown {
        return (place, kind);
    }
    let mut shorter = phone.clone();
    while shorter.national_number > 999 {
        shorter.national_number /= 10;
        let kind = shorter.get_type();
        if kind != Type::Unknown {
            return (shorter.get_region_code(), kind);
        }
    }
    let kind = place.filter(|place| begins_dear(*place, phone)).map_or(Type::Unknown, |_| Type::PremiumRate);
    (place, kind)
}

/// Whether an unknown number begins as the dear ones of its country do, as `0900`.
fn begins_dear(place: Region, phone: &PhoneNumber) -> bool {
    let dear = PHONE_NUMBER_UTIL.get_example_number_for_type_and_region(place, Type::PremiumRate).ok();
    let begin = |phone: &PhoneNumber| world::significant(phone).get(..3).map(str::to_owned);
    dear.and_then(|dear| begin(&dear)).is_some_and(|dear| begin(phone) == Some(dear))
}

fn at_home(kind: Type, significant: &str, area: &str) -> NumberClass {
    match kind {
        Type::FixedLine | Type::FixedLineOrMobile if !area.is_empty() && significant.starts_with(area) => {
            NumberClass::Local
        }
        Type::Mobile => NumberClass::Mobile,
        Type::TollFree => NumberClass::TollFree,
        Type::SharedCost => NumberClass::Service,
        // Numbers of persons and pagers cost what their owners agreed on: in some countries as much as premium rate.
        Type::PremiumRate | Type::PersonalNumber | Type::Pager => NumberClass::Premium,
        _ => NumberClass::National,
    }
}

fn abroad(kind: Type) -> NumberClass {
    match kind {
        Type::PremiumRate | Type::SharedCost | Type::PersonalNumber | Type::Pager => NumberClass::Premium,
        _ => NumberClass::International,
    }
}
