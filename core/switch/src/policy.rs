//! What the media of one party may be: how much of it is encrypted, which codecs it may use, and in which language it is
//! spoken to.

use std::fmt;
use std::str::FromStr;

use media::Codec;
pub use media::prompts::Language;
use sdp::Secrecy;

/// What is asked of one party's media. What is `None` is as the next wider circle has it: a user's as the tenant's, the
/// tenant's as the exchange's.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MediaPolicy {
    /// How much of it is encrypted.
    pub secrecy: Option<Secrecy>,
    /// Which codecs may be used, the preferred first; where nobody says, all, in the order of whoever offers.
    pub codecs: Option<CodecOrder>,
    /// In which language the party is spoken to, where nobody asks for one.
    pub language: Option<Language>,
}

impl MediaPolicy {
    /// This, and where it says nothing, the wider one.
    #[must_use]
    pub fn or(&self, wider: &Self) -> Self {
        Self {
            secrecy: self.secrecy.or(wider.secrecy),
            codecs: self.codecs.clone().or_else(|| wider.codecs.clone()),
            language: self.language.clone().or_else(|| wider.language.clone()),
        }
    }
}

/// Codecs that may be used, the preferred first; at least one, none twice. Those that the exchange does not understand
/// itself may be named too: they pass between two parties that both have them. Keys (RFC 4733) and comfort noise are no
/// codecs in this sense, and always permitted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodecOrder(Vec<&'static str>);

/// Why a text is no order of codecs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadOrder {
    /// There is none in it.
    #[error("at least one codec is needed")]
    Empty,
    /// This is none that is known.
    #[error("`{0}` is none of {known}", known = CodecOrder::NAMES.join(", "))]
    Unknown(String),
    /// This stands there twice.
    #[error("`{0}` stands there twice")]
    Twice(&'static str),
}

impl CodecOrder {
    /// All that can be named. The exchange speaks the first four itself.
    pub const NAMES: [&str; 12] =
        ["opus", "g722", "pcmu", "pcma", "g729", "g723", "g728", "gsm", "ilbc", "speex", "amr", "amr-wb"];

    /// Of names, in any case.
    ///
    /// # Errors
    /// Which of them will not do.
    pub fn of<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, BadOrder> {
        let mut order = Vec::new();
        for name in names {
            let known = Self::NAMES.into_iter().find(|known| known.eq_ignore_ascii_case(name));
            let known = known.ok_or_else(|| BadOrder::Unknown(name.chars().take(32).collect()))?;
            if order.contains(&known) {
                return Err(BadOrder::Twice(known));
            }
            order.push(known);
        }
        if order.is_empty() { Err(BadOrder::Empty) } else { Ok(Self(order)) }
    }

    /// The names, the preferred first.
    #[must_use]
    pub fn names(&self) -> &[&'static str] {
        &self.0
    }

    /// At which place a codec of a description stands; `None` where it is not permitted.
    #[must_use]
    pub fn place(&self, codec: &sdp::Codec) -> Option<usize> {
        self.0.iter().position(|name| codec.name.eq_ignore_ascii_case(name))
    }

    /// Of what the exchange speaks itself what is permitted, in this order.
    #[must_use]
    pub fn of_ours(&self, ours: &[Codec]) -> Vec<Codec> {
        let named = |name: &&str| ours.iter().copied().find(|codec| codec.name().eq_ignore_ascii_case(name));
        self.0.iter().filter_map(named).collect()
    }
}

/// As [`FromStr`] reads it: `opus,g722,pcmu`.
impl fmt::Display for CodecOrder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(","))
    }
}

impl FromStr for CodecOrder {
    type Err = BadOrder;

    /// Names with commas between them.
    fn from_str(text: &str) -> Result<Self, BadOrder> {
        Self::of(text.split(',').map(str::trim).filter(|name| !name.is_empty()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_read_as_it_is_written_and_says_what_is_wrong_with_it() {
        let order: CodecOrder = " Opus, pcma ,G729".parse().expect("an order");
        assert_eq!(order.to_string(), "opus,pcma,g729");
        assert_eq!(order.to_string().parse(), Ok(order));
        assert_eq!(",".parse::<CodecOrder>(), Err(BadOrder::Empty));
        assert_eq!("opus,OPUS".parse::<CodecOrder>(), Err(BadOrder::Twice("opus")));
        let why = "mp3".parse::<CodecOrder>().expect_err("no codec of phones").to_string();
        assert!(why.starts_with("`mp3` is none of opus, g722,"), "{why}");
    }

    #[test]
    fn the_exchange_speaks_the_first_names_itself() {
        let all: CodecOrder = CodecOrder::NAMES.join(",").parse().expect("an order");
        let ours = all.of_ours(&Codec::ALL);
        assert_eq!(ours, [Codec::Opus, Codec::G722, Codec::Pcmu, Codec::Pcma]);
    }

    #[test]
    fn what_a_user_does_not_say_is_as_the_tenant_has_it() {
        let language = |tag| Language::parse(tag).ok();
        let user = MediaPolicy { secrecy: Some(Secrecy::Off), codecs: None, language: language("fr") };
        let tenant =
            MediaPolicy { secrecy: Some(Secrecy::Required), codecs: "pcma".parse().ok(), language: language("de") };
        let both = MediaPolicy { secrecy: Some(Secrecy::Off), codecs: "pcma".parse().ok(), language: language("fr") };
        assert_eq!(user.or(&tenant), both);
        assert_eq!(MediaPolicy::default().or(&tenant).language, language("de"));
    }
}
