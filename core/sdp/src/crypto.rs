//! `a=crypto` lines: a key for SRTP inside the description (RFC 4568).
//!
//! ```text
//! a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:PS1uQCVeeCFCanVmcjkpPywjNWhcYD0mXXtxaVBR|2^20
//!          tag suite                 key‖salt in base 64                            lifetime
//! ```
//!
//! A line is taken whole or not at all (§5.1.2): one with a suite, a key method or a parameter that is not known here is
//! as good as absent. So are lines with a master key identifier or several keys, for nothing here changes keys by them.
//! The key is never shown by `Debug`; whoever writes a description into a log writes it by `Debug`.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_PAD_INDIFFERENT as BASE64;

/// How many random bytes make the longest key with its salt.
pub const KEYING: usize = 46;

/// Every suite has a salt of 112 bits (RFC 4568 §6.2, RFC 6188 §4).
const SALT: usize = 14;

/// RFC 3711 §9.2: no key protects more than 2⁴⁸ RTP packets.
const LONGEST_LIFE: u64 = 1 << 48;

/// How packets are encrypted and authenticated (RFC 4568 §6.2, RFC 6188 §4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Suite {
    /// `AES_CM_128_HMAC_SHA1_80`: the one that everybody has.
    AesCm128Sha1_80,
    /// `AES_CM_128_HMAC_SHA1_32`: RTP with a short tag; RTCP has the long one.
    AesCm128Sha1_32,
    /// `AES_256_CM_HMAC_SHA1_80`.
    AesCm256Sha1_80,
    /// `AES_256_CM_HMAC_SHA1_32`.
    AesCm256Sha1_32,
}

impl Suite {
    /// What is offered and taken unless somebody says otherwise: the long tag first.
    pub const USUAL: &[Self] = &[Self::AesCm128Sha1_80, Self::AesCm128Sha1_32];

    const ALL: &[Self] = &[Self::AesCm128Sha1_80, Self::AesCm128Sha1_32, Self::AesCm256Sha1_80, Self::AesCm256Sha1_32];

    /// As the line names it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AesCm128Sha1_80 => "AES_CM_128_HMAC_SHA1_80",
            Self::AesCm128Sha1_32 => "AES_CM_128_HMAC_SHA1_32",
            Self::AesCm256Sha1_80 => "AES_256_CM_HMAC_SHA1_80",
            Self::AesCm256Sha1_32 => "AES_256_CM_HMAC_SHA1_32",
        }
    }

    /// The suite of that name. RFC 4568 §9.1 makes it the same in any case.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|suite| suite.name().eq_ignore_ascii_case(name))
    }

    /// Bytes of the master key.
    #[must_use]
    pub const fn key_length(self) -> usize {
        match self {
            Self::AesCm128Sha1_80 | Self::AesCm128Sha1_32 => 16,
            Self::AesCm256Sha1_80 | Self::AesCm256Sha1_32 => 32,
        }
    }
}

/// A master key with its master salt.
#[derive(Clone, PartialEq, Eq)]
pub struct Keying {
    bytes: [u8; KEYING],
    key: usize,
}

impl Keying {
    /// One of random bytes, of which as many are taken as the suite wants.
    #[must_use]
    pub fn of_random(suite: Suite, random: &[u8; KEYING]) -> Self {
        let key = suite.key_length();
        let mut bytes = [0; KEYING];
        for (to, from) in bytes.iter_mut().zip(random).take(key + SALT) {
            *to = *from;
        }
        Self { bytes, key }
    }

    /// The master key: 16 or 32 bytes, as the suite wants.
    #[must_use]
    pub fn key(&self) -> &[u8] {
        self.bytes.get(..self.key).unwrap_or_default()
    }

    /// The master salt: 14 bytes.
    #[must_use]
    pub fn salt(&self) -> &[u8] {
        self.bytes.get(self.key..self.key + SALT).unwrap_or_default()
    }

    fn parse(suite: Suite, text: &str) -> Option<Self> {
        // One more than the longest, so that a key that is too long is seen.
        let mut bytes = [0; KEYING + 2];
        let length = BASE64.decode_slice(text, &mut bytes).ok()?;
        // RFC 4568 §6.1: the length must be that of the suite.
        let fits = length == suite.key_length() + SALT;
        fits.then_some(())?;
        Some(Self { bytes: *bytes.first_chunk()?, key: suite.key_length() })
    }
}

impl fmt::Debug for Keying {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keying(secret)")
    }
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crypto {
    /// Its number, by which an answer names it; up to nine digits.
    pub tag: u32,
    /// How packets are protected.
    pub suite: Suite,
    /// What the writer of the line encrypts with.
    pub keying: Keying,
    /// How many packets the writer sends with it at most, when it says so.
    pub lifetime: Option<u64>,
}

impl Crypto {
    /// Lines for an offer: a suite each, the preferred first, each with a key of its own (RFC 4568 §5.1.1). There are
    /// no more lines than random bytes.
    #[must_use]
    pub fn offered(suites: &[Suite], random: &[[u8; KEYING]]) -> Vec<Self> {
        (1..)
            .zip(suites.iter().zip(random))
            .map(|(tag, (suite, random))| Self {
                tag,
                suite: *suite,
                keying: Keying::of_random(*suite, random),
                lifetime: None,
            })
            .collect()
    }

    /// Reads the value of a line; `None` for one that cannot be used here.
    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        let mut words = value.split_ascii_whitespace();
        let tag = tag(words.next()?)?;
        let suite = Suite::of_name(words.next()?)?;
        let keys = words.next()?;
        // §9.1: the key method is the same in any case. A second key after `;` would need an identifier.
        let (method, inline) = keys.split_once(':')?;
        if !method.eq_ignore_ascii_case("inline") || inline.contains(';') {
            return None;
        }
        let mut parts = inline.split('|');
        let keying = Keying::parse(suite, parts.next()?)?;
        let lifetime = match parts.next() {
            // §6.1: what has a colon is a master key identifier.
            Some(part) if part.contains(':') => return None,
            Some(part) => Some(lifetime(part)?),
            None => None,
        };
        if parts.next().is_some() || !words.all(is_harmless) {
            return None;
        }
        Some(Self { tag, suite, keying, lifetime })
    }
}

/// The value of the line, with its key: for the wire alone.
pub(crate) struct Written<'a>(pub(crate) &'a Crypto);

impl fmt::Display for Written<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Crypto { tag, suite, keying, lifetime } = self.0;
        let bytes = keying.bytes.get(..keying.key + SALT).unwrap_or_default();
        write!(f, "{tag} {} inline:{}", suite.name(), base64::engine::general_purpose::STANDARD.encode(bytes))?;
        match lifetime {
            Some(packets) if packets.is_power_of_two() => write!(f, "|2^{}", packets.trailing_zeros()),
            Some(packets) => write!(f, "|{packets}"),
            None => Ok(()),
        }
    }
}

/// RFC 4568 §9.1: one to nine digits, no leading zero of use.
fn tag(text: &str) -> Option<u32> {
    let digits = (1..=9).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

/// RFC 4568 §6.1: a number or a power of two, above zero and no more than the transform allows.
fn lifetime(text: &str) -> Option<u64> {
    let packets = match text.split_once('^') {
        Some(("2", power)) => 1_u64.checked_shl(power.parse().ok()?)?,
        Some(_) => return None,
        None => text.parse().ok()?,
    };
    (1..=LONGEST_LIFE).contains(&packets).then_some(packets)
}

/// RFC 4568 §6.3: parameters of the line that ask nothing of us. All others change what is on the wire, and one that
/// is not known must not be passed over unless it begins with `-` (§6.3.8).
fn is_harmless(parameter: &str) -> bool {
    let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
    parameter.starts_with('-')
        // §6.3.7: a hint how far packets overtake each other; our window is at least its least value.
        || name.eq_ignore_ascii_case("WSH")
        // §6.3.1: keys are derived once.
        || (name.eq_ignore_ascii_case("KDR") && value == "0")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KEY: &str = "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz";

    fn line(rest: &str) -> Option<Crypto> {
        Crypto::parse(&format!("1 AES_CM_128_HMAC_SHA1_80 inline:{rest}"))
    }

    #[test]
    fn the_line_of_the_rfc_is_read() {
        let crypto = line(&format!("{KEY}|2^20 WSH=64 KDR=0 -NEW=1")).expect("a line");
        assert_eq!((crypto.tag, crypto.suite, crypto.lifetime), (1, Suite::AesCm128Sha1_80, Some(1 << 20)));
        assert_eq!(crypto.keying.key(), b"YS___semctl () {");
        assert_eq!(crypto.keying.salt(), b"\t220;}\n}\nunles");
    }

    #[test]
    fn what_we_cannot_do_is_not_taken() {
        for rest in [
            format!("{KEY}|2^20|1:4"),
            format!("{KEY}|1:4"),
            format!("{KEY}|2^20;inline:{KEY}|2^20"),
            format!("{KEY} UNENCRYPTED_SRTP"),
            format!("{KEY} UNAUTHENTICATED_SRTP"),
            format!("{KEY} KDR=1"),
            format!("{KEY} FEC_ORDER=FEC_SRTP"),
            format!("{KEY} NEW"),
            format!("{KEY}|0"),
            format!("{KEY}|2^49"),
            format!("{KEY}|2^64"),
            format!("{KEY}|3^4"),
            "c2hvcnQ=".to_owned(),
            "".to_owned(),
            format!("{KEY}AAAA"),
            "*".repeat(40),
        ] {
            assert_eq!(line(&rest), None, "{rest}");
        }
        for value in [
            format!("0123456789 AES_CM_128_HMAC_SHA1_80 inline:{KEY}"),
            format!("-1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}"),
            format!("1 F8_128_HMAC_SHA1_80 inline:{KEY}"),
            format!("1 AES_256_CM_HMAC_SHA1_80 inline:{KEY}"),
            format!("1 AES_CM_128_HMAC_SHA1_80 other:{KEY}"),
            "1 AES_CM_128_HMAC_SHA1_80".to_owned(),
            String::new(),
        ] {
            assert_eq!(Crypto::parse(&value), None, "{value}");
        }
    }

    #[test]
    fn padding_of_the_long_key_may_be_left_out() {
        let written = Written(&Crypto::offered(&[Suite::AesCm256Sha1_80], &[[7; KEYING]])[0]).to_string();
        assert!(written.ends_with("=="), "{written}");
        assert_eq!(Crypto::parse(written.trim_end_matches('=')), Crypto::parse(&written));
    }

    #[test]
    fn debug_shows_no_key() {
        let crypto = line(KEY).expect("a line");
        let shown = format!("{crypto:?} {crypto:#?}");
        assert!(shown.contains("AesCm128Sha1_80") && !shown.contains("89") && !shown.contains("WVN"), "{shown}");
    }

    proptest! {
        #[test]
        fn a_line_is_read_as_it_was_written(
            tag in 0_u32..=999_999_999,
            suite in proptest::sample::select(Suite::ALL),
            random in proptest::collection::vec(any::<u8>(), KEYING),
            lifetime in proptest::option::of(1..=LONGEST_LIFE),
        ) {
            let keying = Keying::of_random(suite, &random.try_into().expect("as many"));
            let crypto = Crypto { tag, suite, keying, lifetime };
            prop_assert_eq!(Crypto::parse(&Written(&crypto).to_string()), Some(crypto));
        }

        #[test]
        fn any_line_is_read_without_harm(text in ".{0,120}") {
            let _ = Crypto::parse(&text);
        }
    }
}
