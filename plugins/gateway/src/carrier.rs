//! How numbers are written for a carrier, and how what it writes is read.

use switch::{E164, Number, NumberForm, NumberStyle};

use crate::numbers::{self, Dialled, Dialling, world};

/// A carrier's [`NumberForm`], ready for use.
#[derive(Debug, Clone)]
pub struct Form {
    style: Style,
    prefix: String,
}

#[derive(Debug, Clone)]
enum Style {
    Plus,
    Digits,
    International(String),
    National(Box<Dialling>),
}

impl Form {
    /// Of this form.
    #[must_use]
    pub fn of(form: &NumberForm) -> Self {
        let style = match &form.style {
            NumberStyle::Plus => Style::Plus,
            NumberStyle::Digits => Style::Digits,
            NumberStyle::International(prefix) => Style::International(prefix.clone()),
            NumberStyle::National { country } => Style::National(Box::new(Dialling::in_country(country))),
        };
        Self { style, prefix: form.prefix.clone() }
    }

    /// The number that is called, with the carrier's access code before it.
    #[must_use]
    pub fn called(&self, number: &Number) -> String {
        format!("{}{}", self.prefix, self.number(number))
    }

    /// Any other number: the caller's, or that of who forwarded the call.
    #[must_use]
    pub fn number(&self, number: &Number) -> String {
        let world = match number {
            Number::World(number) => number,
            Number::Short(short) => return short.clone(),
        };
        match &self.style {
            Style::Plus => world.to_string(),
            Style::Digits => world.digits().to_owned(),
            Style::International(prefix) => format!("{prefix}{}", world.digits()),
            Style::National(dialling) => {
                let text = dialling.shown(number);
                text.strip_prefix('+').map(|digits| format!("00{digits}")).unwrap_or(text)
            }
        }
    }

    /// What a text of the carrier may mean, the likeliest first: as its form says, and in the forms that carriers use
    /// beside what they were asked for. `owner`: whose trunk it is, or whom it calls; nationally written numbers are of
    /// its country.
    #[must_use]
    pub fn heard(&self, text: &str, owner: Option<&Dialling>) -> Vec<E164> {
        // What is known of a ported number stands behind it (RFC 4694).
        let number = text.split(';').next().unwrap_or_default();
        let Ok(text) = numbers::clean(number) else { return Vec::new() };
        let digits = text.strip_prefix('+').unwrap_or(&text);
        if digits.len() < text.len() {
            return e164(digits).into_iter().collect();
        }
        let by_form = match &self.style {
            Style::Plus | Style::Digits => None,
            Style::International(prefix) => digits.strip_prefix(prefix.as_str()).and_then(e164),
            Style::National(dialling) => national(dialling, digits),
        };
        let abroad = digits.strip_prefix("00").and_then(e164);
        let others = [abroad, e164(digits), owner.and_then(|owner| national(owner, digits))];
        let mut heard: Vec<E164> = Vec::new();
        for number in [by_form].into_iter().chain(others).flatten() {
            if !heard.contains(&number) {
                heard.push(number);
            }
        }
        heard
    }

    /// The one number that a text of the carrier most likely is: of what it may mean the first that can be a number.
    #[must_use]
    pub fn caller(&self, text: &str, owner: Option<&Dialling>) -> Option<E164> {
        self.heard(text, owner).into_iter().find(world::is_possible)
    }
}

fn e164(digits: &str) -> Option<E164> {
    format!("+{digits}").parse().ok()
}

fn national(dialling: &Dialling, digits: &str) -> Option<E164> {
    match dialling.plain().read(digits) {
        Ok(Dialled::World(number)) => Some(number),
        _ => None,
    }
}
