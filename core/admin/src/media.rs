//! What the media of users and tenants may be, in the spelling of the API.

use switch::{CodecOrder, MediaPolicy, Secrecy};

use crate::v1::{Names, Srtp};
use crate::violations::Violations;

/// What is asked for; what is not said is as the wider circle has it.
pub(crate) fn read(wrong: &mut Violations, srtp: Srtp, codecs: &[String]) -> MediaPolicy {
    MediaPolicy { secrecy: secrecy(srtp), codecs: read_codecs(wrong, codecs) }
}

/// What is asked to be otherwise.
pub(crate) fn change(wrong: &mut Violations, media: &mut MediaPolicy, srtp: Option<Srtp>, codecs: Option<Names>) {
    match srtp {
        Some(Srtp::Unspecified) => wrong.add("srtp", "one of inherit, off, optional, required"),
        Some(srtp) => media.secrecy = secrecy(srtp),
        None => {}
    }
    if let Some(codecs) = codecs {
        media.codecs = read_codecs(wrong, &codecs.names);
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

fn secrecy(srtp: Srtp) -> Option<Secrecy> {
    match srtp {
        Srtp::Unspecified | Srtp::Inherit => None,
        Srtp::Off => Some(Secrecy::Off),
        Srtp::Optional => Some(Secrecy::Optional),
        Srtp::Required => Some(Secrecy::Required),
    }
}

fn read_codecs(wrong: &mut Violations, names: &[String]) -> Option<CodecOrder> {
    if names.is_empty() {
        return None;
    }
    let order = CodecOrder::of(names.iter().map(String::as_str));
    wrong.read("codecs", order.map_err(|why| why.to_string()))
}
