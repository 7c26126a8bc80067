//! What letters say: in the words of a tenant, or in those of the exchange in English, German and French.

mod builtin;
mod say;
mod template;

use std::time::{Duration, SystemTime};

use say::Tongue;
pub use template::{Placeholder, Template};

/// What a letter is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A message came.
    Message,
    /// The mailbox is nearly full.
    NearlyFull,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Message, Self::NearlyFull];

    /// Its name in records and the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::NearlyFull => "nearly-full",
        }
    }

    /// The kind of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == name)
    }
}

/// What a letter tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Who called, by name. `None`: his number stands for it.
    pub caller: Option<String>,
    /// Who called, by number. `None`: withheld.
    pub number: Option<String>,
    /// The mailbox, by its number or name.
    pub mailbox: String,
    /// Whose it is. `None`: the mailbox stands for him.
    pub owner: Option<String>,
    /// When the message came.
    pub when: SystemTime,
    /// The IANA zone in which that is said, as `Europe/Vienna`; one that is none is UTC.
    pub zone: String,
    /// How long the message is.
    pub length: Duration,
    /// How many new messages there are; for a mailbox that is nearly full, how many in all.
    pub count: u32,
    /// Where it can be heard. `None`: lines with `{link}` are left out.
    pub link: Option<String>,
}

/// A letter in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The subject: one line.
    pub subject: String,
    /// The plain text.
    pub text: String,
    /// The HTML, where the template has some.
    pub html: Option<String>,
}

/// How a letter is written: a template, and the language of dates in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    tongue: Tongue,
    template: Template,
}

impl Words {
    /// The words for a language, the nearest that there are: for `de-AT` the tenant's own for `de-AT`, its own for `de`, the
    /// exchange's for `de`; where the exchange does not know the language, the tenant's own for `en` and the exchange's for
    /// `en`. `own` are the tenant's templates of this kind by language tag; capitals in tags do not count.
    ///
    /// Where a tenant writes in a language that the exchange does not know, dates and lengths are in English.
    #[must_use]
    pub fn for_language(own: &[(String, Template)], language: &str, kind: Kind) -> Self {
        let tongue = Tongue::of(language);
        let of = |tag: &str| own.iter().find(|(own, _)| own.eq_ignore_ascii_case(tag)).map(|(_, words)| words.clone());
        let template = tags(language).find_map(of);
        let template = template.or_else(|| if tongue.is_none() { of("en") } else { None });
        let tongue = tongue.unwrap_or(Tongue::English);
        Self { tongue, template: template.unwrap_or_else(|| builtin::template(tongue, kind)) }
    }

    /// Writes a letter. What strangers chose stays one line in the subject and the text, and text in the HTML.
    #[must_use]
    pub fn write(&self, facts: &Facts) -> Written {
        let values = self.tongue.values(facts);
        self.template.fill(&values)
    }
}

/// A tag and those that are less exact: `zh-Hant-TW`, `zh-Hant`, `zh`.
fn tags(language: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(language), |tag| tag.rsplit_once('-').map(|(shorter, _)| shorter))
}

#[cfg(test)]
mod tests;
