//! What sounds otherwise from tenant to tenant: the tones of its country, and its music.

use std::fmt;
use std::str::FromStr;

use media::prompts::Name;
use media::tone::Plan;

/// A country whose tones are known (ITU-T E.180), by its code of two letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Country(&'static str);

/// The tones of a country are not known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the tones of `{0}` are not known; those of {known} are", known = Country::codes().collect::<Vec<_>>().join(", "))]
pub struct UnknownCountry(String);

impl Country {
    /// All that are known.
    pub fn codes() -> impl Iterator<Item = &'static str> {
        Plan::countries()
    }

    /// Its code, as ISO 3166-1 writes it.
    #[must_use]
    pub const fn code(self) -> &'static str {
        self.0
    }

    /// Its tones.
    #[must_use]
    pub fn tones(self) -> &'static Plan {
        Plan::of(self.0)
    }
}

/// In any case.
impl FromStr for Country {
    type Err = UnknownCountry;

    fn from_str(text: &str) -> Result<Self, UnknownCountry> {
        let known = Plan::find(text).map(|plan| Self(plan.country));
        known.ok_or_else(|| UnknownCountry(text.chars().take(32).collect()))
    }
}

/// Music by its name among the prompts, below `moh/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Music(Name);

/// This cannot be the name of a music.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no name: a-z, 0-9, `-` and `_`, as the file moh/NAME is called without its ending")]
pub struct NoMusic(String);

impl Music {
    /// The prompt that is the music where a tenant names none.
    pub const DEFAULT: &str = "moh/default";

    /// The prompt that it is.
    #[must_use]
    pub const fn prompt(&self) -> &Name {
        &self.0
    }

    /// Its name alone.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.as_str().strip_prefix("moh/").unwrap_or_default()
    }
}

impl FromStr for Music {
    type Err = NoMusic;

    fn from_str(text: &str) -> Result<Self, NoMusic> {
        let wrong = || NoMusic(text.chars().take(64).collect());
        Name::parse(&format!("moh/{text}")).map(Self).map_err(|_| wrong())
    }
}

impl fmt::Display for Music {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_country_is_one_whose_tones_are_known_and_the_error_lists_them() {
        let germany: Country = "de".parse().expect("known");
        assert_eq!((germany.code(), germany.tones().country), ("DE", "DE"));
        let why = "xx".parse::<Country>().expect_err("no such country").to_string();
        assert!(why.starts_with("the tones of `xx` are not known; those of ") && why.contains("DE, "), "{why}");
    }

    #[test]
    fn music_lies_among_the_music_and_nowhere_else() {
        let jazz: Music = "jazz".parse().expect("a name");
        assert_eq!((jazz.prompt().as_str(), jazz.name()), ("moh/jazz", "jazz"));
        for wrong in ["", "../welcome", "Jazz", "a b", "/jazz"] {
            assert!(wrong.parse::<Music>().is_err(), "{wrong}");
        }
    }
}
