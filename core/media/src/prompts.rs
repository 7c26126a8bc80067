//! Prompt sets: a language has names, a name has a file. Which file that is, is said here by its path; who reads it is
//! the server.
//!
//! ```text
//! sounds/system/en/digits/1.wav           the system's set
//! sounds/tenants/acme/de/welcome.wav      what a tenant has beside or over it
//! ```

use std::fmt;

/// The language that every set falls back to.
pub const FALLBACK: &str = "en";

/// What a prompt's file may end in, in the order in which it is looked for.
pub const ENDINGS: [&str; 6] = ["wav", "opus", "ogg", "flac", "mp3", "m4a"];

/// Longer names are no names.
const LONGEST: usize = 200;

/// Why a text is no name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// It is empty, or a part of it between two strokes is.
    #[error("a name, or a part of it, is empty")]
    Empty,
    /// It has more than 200 characters.
    #[error("a name may have 200 characters")]
    Long,
    /// It has a character other than a–z, 0–9, `-`, `_` and, in a prompt's name, `/`.
    #[error("{0:?} may not be in a name")]
    Character(char),
}

fn checked(text: &str, strokes: bool) -> Result<String, NameError> {
    if text.len() > LONGEST {
        return Err(NameError::Long);
    }
    // With neither a dot nor an empty part no name leads out of its folder.
    let allowed = |sign: &char| matches!(sign, 'a'..='z' | '0'..='9' | '_' | '-') || (strokes && *sign == '/');
    if let Some(sign) = text.chars().find(|sign| !allowed(sign)) {
        return Err(NameError::Character(sign));
    }
    if text.split('/').any(str::is_empty) {
        return Err(NameError::Empty);
    }
    Ok(text.to_owned())
}

/// The name of a prompt, such as `digits/1`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(String);

impl Name {
    /// Checks a name: a–z, 0–9, `-`, `_`, in parts divided by single strokes.
    ///
    /// # Errors
    ///
    /// [`NameError`] for anything else.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        checked(text, true).map(Self)
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whose prompts come first: a tenant's folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Owner(String);

impl Owner {
    /// Checks a folder's name: a–z, 0–9, `-`, `_`.
    ///
    /// # Errors
    ///
    /// [`NameError`] for anything else.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        checked(text, false).map(Self)
    }
}

/// A language's tag (RFC 5646 §2.1), in small letters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Language(String);

impl Language {
    /// Checks a tag such as `de` or `de-AT`; `de_AT` is taken too.
    ///
    /// # Errors
    ///
    /// [`NameError`] for anything else.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let tag = text.to_ascii_lowercase().replace('_', "-");
        let tag = checked(&tag, false)?;
        if tag.split('-').any(str::is_empty) {
            return Err(NameError::Empty);
        }
        Ok(Self(tag))
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// This language and those that stand in for it: `de-at`, `de`, `en` (RFC 4647 §3.4).
    pub fn chain(&self) -> impl Iterator<Item = &str> {
        let own = std::iter::successors(Some(self.0.as_str()), |tag| Some(tag.rsplit_once('-')?.0));
        let has_fallback = self.0 == FALLBACK || self.0.starts_with("en-");
        own.chain((!has_fallback).then_some(FALLBACK))
    }
}

/// Where a prompt may be, the best place first: a better language goes before the tenant's own file in a worse one, and
/// within a language the tenant's before the system's. The paths are relative to the folder of all sounds.
pub fn paths(owner: Option<&Owner>, language: &Language, name: &Name) -> impl Iterator<Item = String> {
    language.chain().flat_map(move |tag| {
        let tenant = owner.map(|owner| format!("tenants/{}/{tag}/{name}", owner.0));
        let system = format!("system/{tag}/{name}");
        tenant.into_iter().chain([system]).flat_map(|path| ENDINGS.map(|ending| format!("{path}.{ending}")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prompt_is_looked_for_by_language_then_by_tenant() {
        let (owner, language) = (Owner::parse("acme").expect("right"), Language::parse("de_AT").expect("right"));
        let name = Name::parse("digits/1").expect("right");
        let wavs: Vec<_> = paths(Some(&owner), &language, &name).filter(|path| path.ends_with("wav")).collect();
        let expected = [
            "tenants/acme/de-at/digits/1.wav",
            "system/de-at/digits/1.wav",
            "tenants/acme/de/digits/1.wav",
            "system/de/digits/1.wav",
            "tenants/acme/en/digits/1.wav",
            "system/en/digits/1.wav",
        ];
        assert_eq!(wavs, expected);
        assert_eq!(paths(None, &language, &name).count(), 3 * ENDINGS.len());
    }

    #[test]
    fn english_falls_back_to_itself_alone() {
        let chain = |tag: &str| Language::parse(tag).map(|tag| tag.chain().map(str::to_owned).collect::<Vec<_>>());
        assert_eq!(chain("en"), Ok(vec!["en".to_owned()]));
        assert_eq!(chain("en-GB"), Ok(vec!["en-gb".to_owned(), "en".to_owned()]));
        assert_eq!(chain("zh-Hant-TW"), Ok(["zh-hant-tw", "zh-hant", "zh", "en"].map(str::to_owned).to_vec()));
    }

    #[test]
    fn no_name_leads_out_of_its_folder() {
        for name in ["", "/etc/passwd", "a//b", "a/", "../x", "a/../b", "a.wav", "c:\\x", "a\0", "ä", "A", "%2e", "~"]
        {
            assert!(Name::parse(name).is_err(), "{name:?}");
        }
        for tag in ["", "de-", "-de", "d/e", "..", "de--at"] {
            assert!(Language::parse(tag).is_err(), "{tag:?}");
        }
        assert!(Owner::parse("a/b").is_err() && Name::parse(&"a".repeat(201)).is_err());
    }
}
