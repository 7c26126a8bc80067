//! Options that users and tenants have in common: encryption, codecs and language.

use crate::v1::{Names, Srtp};

/// What the media of a party may be.
#[derive(Debug, clap::Args)]
pub(crate) struct Media {
    /// How much of the media is encrypted: never, where the peer can, no call without it, or as the wider circle has it
    #[arg(long, value_name = "HOW")]
    srtp: Option<Wish>,
    /// The codecs that may be used, the preferred first, as opus,g722,pcmu; `inherit` for those of the wider circle
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    codecs: Vec<String>,
    /// The language of prompts where nobody asks for one, as en or de-AT; `inherit` for that of the wider circle
    #[arg(long, value_name = "TAG")]
    language: Option<String>,
}

/// What is said of a setting that can be the wider circle's; that is empty in a request.
pub(crate) fn or_inherit(text: Option<&String>) -> Option<String> {
    text.map(|text| if text == "inherit" { String::new() } else { text.clone() })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Wish {
    Off,
    Optional,
    Required,
    Inherit,
}

impl Media {
    /// What is asked for, if anything is.
    pub(crate) fn srtp(&self) -> Option<i32> {
        let srtp = self.srtp.map(|wish| match wish {
            Wish::Off => Srtp::Off,
            Wish::Optional => Srtp::Optional,
            Wish::Required => Srtp::Required,
            Wish::Inherit => Srtp::Inherit,
        });
        srtp.map(i32::from)
    }

    /// What is asked for, if anything is.
    pub(crate) fn language(&self) -> Option<String> {
        or_inherit(self.language.as_ref())
    }

    /// What is asked for, if anything is; an empty list asks for those of the wider circle.
    pub(crate) fn codecs(&self) -> Option<Names> {
        let given = |names: &[String]| Names { names: names.iter().map(|name| name.trim().to_owned()).collect() };
        match self.codecs.as_slice() {
            [] => None,
            [only] if only.trim().is_empty() || only.trim() == "inherit" => Some(Names::default()),
            names => Some(given(names)),
        }
    }
}

/// For people; empty where it is as the wider circle has it.
pub(crate) fn srtp(srtp: Srtp) -> String {
    match srtp {
        Srtp::Unspecified | Srtp::Inherit => "",
        Srtp::Off => "off",
        Srtp::Optional => "optional",
        Srtp::Required => "required",
    }
    .to_owned()
}
