//! Reading what people dial, by the rules of their tenant.

mod class;
pub(crate) mod emergency;
mod services;
pub(crate) mod world;

use rlibphonenumber::Region;
use switch::{DialRules, E164, Number, NumberClass};

pub use class::Kind;
use world::{Fit, Understood};

/// A number that was dialled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dialled {
    /// The fire brigade, the police, an ambulance: as it is dialled in the country.
    Emergency(String),
    /// A number of the world.
    World(E164),
    /// A short number of the country.
    Short(String),
}

impl Dialled {
    /// The number alone.
    #[must_use]
    pub fn number(&self) -> Number {
        match self {
            Self::World(number) => Number::World(number.clone()),
            Self::Emergency(digits) | Self::Short(digits) => Number::Short(digits.clone()),
        }
    }
}

/// Why a text is no number that can be dialled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unread {
    /// Something in it is no digit.
    #[error("digits, a `+` before them and ` -./()` between them make a number; something else stands here")]
    NotDigits,
    /// What is dialled to get a line is missing.
    #[error("the digits that are dialled to get a line are missing")]
    NoLine,
    /// Something is missing at its end or, where areas have codes, at its beginning.
    #[error("the number is not complete")]
    Incomplete,
    /// No country has such a number.
    #[error("there is no such number")]
    NoNumber,
}

/// [`DialRules`], ready to be dialled by.
#[derive(Debug, Clone)]
pub struct Dialling {
    country: Option<Region>,
    /// The calling code of the country.
    code: String,
    /// What is dialled before a national number.
    trunk_prefix: Option<&'static str>,
    /// The area, without what is dialled before it.
    area: String,
    line: String,
}

/// Longer than any number with whatever is dialled before it.
const LONGEST: usize = 40;

impl Dialling {
    /// By these rules. A country that is not known counts as none.
    #[must_use]
    pub fn of(rules: &DialRules) -> Self {
        let country = world::country(&rules.country);
        let trunk_prefix = country.and_then(world::trunk_prefix);
        let area = trunk_prefix.and_then(|prefix| rules.area.strip_prefix(prefix));
        Self {
            country,
            code: country.and_then(world::calling_code).map(|code| code.to_string()).unwrap_or_default(),
            area: area.unwrap_or(&rules.area).to_owned(),
            trunk_prefix,
            line: rules.line.clone(),
        }
    }

    /// As carriers write numbers in a country: no area, nothing for a line.
    #[must_use]
    pub fn in_country(country: &str) -> Self {
        Self::of(&DialRules { country: country.to_owned(), ..DialRules::default() })
    }

    /// The same without area and line.
    pub(crate) fn plain(&self) -> Self {
        Self { area: String::new(), line: String::new(), ..self.clone() }
    }

    /// The country's code of two letters; empty for none.
    #[must_use]
    pub fn country(&self) -> String {
        self.country.map(|country| country.to_string()).unwrap_or_default()
    }

    /// Reads what was dialled. ` -./()` are skipped over.
    ///
    /// # Errors
    ///
    /// It is no number, or not all of one.
    pub fn read(&self, text: &str) -> Result<Dialled, Unread> {
        let digits = clean(text)?;
        if let Some(number) = self.emergency(&digits) {
            return Ok(Dialled::Emergency(number.to_owned()));
        }
        if digits.starts_with('+') {
            return whole(world::understand(&digits, None)).map(Dialled::World);
        }
        let outside = digits.strip_prefix(&self.line).filter(|outside| !outside.is_empty()).ok_or(Unread::NoLine)?;
        if services::of(&self.country(), outside).is_some() {
            return Ok(Dialled::Short(outside.to_owned()));
        }
        self.world(outside).map(Dialled::World)
    }

    /// Whether an emergency number of the country is dialled, with or without what is dialled to get a line.
    #[must_use]
    pub fn is_emergency(&self, text: &str) -> bool {
        clean(text).is_ok_and(|digits| self.emergency(&digits).is_some())
    }

    /// The emergency number that these digits are.
    fn emergency<'a>(&self, digits: &'a str) -> Option<&'a str> {
        let known = emergency::of(self.country.map(|country| country.to_string()).as_deref().unwrap_or_default());
        let without = digits.strip_prefix(&self.line);
        [Some(digits), without].into_iter().flatten().find(|digits| known.contains(digits))
    }

    /// A number of the world, as it is dialled in the country. One that is dialled in full — with what leads abroad, or
    /// before a national number — may be newer than the numbering plans that we know; else it must be known, or every
    /// short number that is mistyped would be a number of the country.
    fn world(&self, digits: &str) -> Result<E164, Unread> {
        let country = self.country.ok_or(Unread::NoNumber)?;
        let read = world::understand(digits, Some(country));
        if read.as_ref().is_ok_and(|read| read.abroad) {
            return whole(read);
        }
        let in_full = self.trunk_prefix.is_none_or(|prefix| digits.starts_with(prefix));
        let known = read.as_ref().is_ok_and(Understood::is_known);
        if let Some(read) = read.as_ref().ok().filter(|_| known && in_full) {
            return Ok(read.number.clone());
        }
        // Only behind 8, as in Russia, numbers of an area begin as what is dialled before national ones.
        let local = !in_full || self.trunk_prefix == Some("8");
        if let Some(local) = local.then(|| self.local(digits)).flatten() {
            return Ok(local);
        }
        match read {
            Ok(read) if known => Ok(read.number),
            Ok(read) if (in_full && self.trunk_prefix.is_some()) || read.fit() == Fit::None => whole(Ok(read)),
            Ok(_) => Err(Unread::Incomplete),
            Err(_) => whole(read),
        }
    }

    /// A number of the tenant's own area, dialled without its code.
    fn local(&self, digits: &str) -> Option<E164> {
        let local = (!self.area.is_empty()).then(|| format!("+{}{}{digits}", self.code, self.area))?;
        let number = world::understand(&local, None).ok().filter(Understood::is_known)?.number;
        // Nothing was skipped over: in some countries a number may begin as what is dialled before a national one.
        (number.to_string() == local).then_some(number)
    }

    /// What kind of number it is for those who dial by these rules; whether it is the tenant's own is not known here.
    #[must_use]
    pub fn kind(&self, dialled: &Dialled) -> Kind {
        match dialled {
            Dialled::Emergency(_) => Kind { class: NumberClass::Emergency, country: self.country() },
            Dialled::Short(number) => {
                // Nobody knows what a short number costs that is in no list.
                let class = services::of(&self.country(), number).unwrap_or(NumberClass::Premium);
                Kind { class, country: self.country() }
            }
            Dialled::World(number) => class::of(number, self.country, &self.area),
        }
    }

    /// The digits by which routes, rates and permissions know a number: the calling code comes first, also before a
    /// short number of the country.
    #[must_use]
    pub fn digits(&self, number: &Number) -> String {
        match number {
            Number::World(number) => number.digits().to_owned(),
            Number::Short(number) => format!("{}{number}", self.code),
        }
    }

    pub(crate) const fn region(&self) -> Option<Region> {
        self.country
    }

    pub(crate) fn trunk_prefix(&self) -> &str {
        self.trunk_prefix.unwrap_or_default()
    }

    pub(crate) fn line(&self) -> &str {
        &self.line
    }
}

/// A number that was dialled in full: it must be as long as such numbers are.
fn whole(read: Result<Understood, Fit>) -> Result<E164, Unread> {
    let fit = read.as_ref().map_or_else(|fit| *fit, Understood::fit);
    match (read, fit) {
        (Ok(read), Fit::Whole) => Ok(read.number),
        (_, Fit::Short) => Err(Unread::Incomplete),
        _ => Err(Unread::NoNumber),
    }
}

/// The digits of a text, and the `+` before them; what people put between them is skipped over.
pub(crate) fn clean(text: &str) -> Result<String, Unread> {
    let mut digits = String::new();
    for c in text.chars().filter(|c| !" -./()".contains(*c)) {
        if !(c.is_ascii_digit() || (c == '+' && digits.is_empty())) || digits.len() > LONGEST {
            return Err(Unread::NotDigits);
        }
        digits.push(c);
    }
    if digits.is_empty() || digits == "+" { Err(Unread::Incomplete) } else { Ok(digits) }
}
