//! What the media of users and tenants may be, in the spelling of the API.

use switch::{CodecOrder, Language, MediaPolicy, Secrecy};

use crate::v1::{Names, Srtp};
use crate::violations::Violations;

const SRTP: [(&str, Srtp, Option<Secrecy>); 4] = [
    ("inherit", Srtp::Inherit, None),
    ("off", Srtp::Off, Some(Secrecy::Off)),
    ("optional", Srtp::Optional, Some(Secrecy::Optional)),
    ("required", Srtp::Required, Some(Secrecy::Required)),
];

/// What is asked for; what is not said is as the wider circle has it.
pub(crate) fn read(wrong: &mut Violations, srtp: i32, codecs: &[String], language: &str) -> MediaPolicy {
    let secrecy = wrong.word_if_said("srtp", srtp, &SRTP).flatten();
    MediaPolicy { secrecy, codecs: read_codecs(wrong, "", codecs), language: read_language(wrong, "", language) }
}

/// What is asked to be otherwise.
pub(crate) fn change(
    wrong: &mut Violations,
    media: &mut MediaPolicy,
    srtp: Option<i32>,
    codecs: Option<Names>,
    language: Option<&str>,
) {
    change_in(wrong, "", media, srtp, codecs, language);
}

/// The same of fields within another, whose name with a point is this.
pub(crate) fn change_in(
    wrong: &mut Violations,
    within: &str,
    media: &mut MediaPolicy,
    srtp: Option<i32>,
    codecs: Option<Names>,
    language: Option<&str>,
) {
    if let Some(secrecy) = srtp.and_then(|srtp| wrong.word(&format!("{within}srtp"), srtp, &SRTP)) {
        media.secrecy = secrecy;
    }
    if let Some(codecs) = codecs {
        media.codecs = read_codecs(wrong, within, &codecs.names);
    }
    if let Some(language) = language {
        media.language = read_language(wrong, within, language);
    }
}

pub(crate) fn srtp(media: &MediaPolicy) -> Srtp {
    match media.secrecy {
        None => Srtp::Inherit,
        Some(Secrecy::Off) => Srtp::Off,
        Some(Secrecy::Optional) => Srtp::Optional,
        Some(Secrecy::Required) => Srtp::Required,
    }
}

pub(crate) fn codecs(media: &MediaPolicy) -> Vec<String> {
    media.codecs.iter().flat_map(CodecOrder::names).map(|name| (*name).to_owned()).collect()
}

pub(crate) fn language(media: &MediaPolicy) -> Option<String> {
    media.language.as_ref().map(|language| language.as_str().to_owned())
}

/// Empty is as the wider circle has it.
fn read_language(wrong: &mut Violations, within: &str, tag: &str) -> Option<Language> {
    if tag.is_empty() {
        return None;
    }
    wrong.read(
        &format!("{within}language"),
        Language::parse(tag).map_err(|_| "no tag of a language; one is `en`, another `de-AT`".to_owned()),
    )
}

fn read_codecs(wrong: &mut Violations, within: &str, names: &[String]) -> Option<CodecOrder> {
    if names.is_empty() {
        return None;
    }
    let order = CodecOrder::of(names.iter().map(String::as_str));
    wrong.read(&format!("{within}codecs"), order.map_err(|why| why.to_string()))
}
