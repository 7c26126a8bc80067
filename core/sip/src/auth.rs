//! Credentials and challenges (RFC 3261 §22, RFC 7616 §3.3, §3.4), read only.

use std::borrow::Cow;

use crate::lex::{self, List};

/// The fields of a digest header, undecoded.
#[derive(Debug, Clone, Copy)]
struct Fields<'a>(&'a str);

impl<'a> Fields<'a> {
    /// Only of the scheme Digest (§22.4).
    fn parse(row: &'a str) -> Option<Self> {
        let (scheme, rest) = lex::trim(row).split_once(lex::is_space)?;
        scheme.eq_ignore_ascii_case("Digest").then_some(Self(rest))
    }

    fn raw(self, name: &str) -> Option<&'a str> {
        let mut found = None;
        for part in List(Some(self.0)) {
            let (known, value) = lex::split_at(part, b'=');
            if lex::trim(known).eq_ignore_ascii_case(name) {
                // A field that stands twice could mean two things: it means nothing.
                if found.is_some() {
                    return None;
                }
                found = Some(lex::trim(value?));
            }
        }
        found
    }

    fn text(self, name: &str) -> Option<Cow<'a, str>> {
        self.raw(name).map(lex::unquote)
    }
}

/// What a client proves (RFC 7616 §3.4).
#[derive(Debug, Clone)]
pub struct Credentials<'a> {
    /// The user name, unquoted.
    pub username: Cow<'a, str>,
    /// The realm, unquoted.
    pub realm: Cow<'a, str>,
    /// The nonce, unquoted.
    pub nonce: Cow<'a, str>,
    /// The URI, verbatim as it was hashed.
    pub uri: Cow<'a, str>,
    /// The response: hex digits.
    pub response: Cow<'a, str>,
    /// The algorithm; `None` means MD5.
    pub algorithm: Option<Cow<'a, str>>,
    /// The client's nonce.
    pub cnonce: Option<Cow<'a, str>>,
    /// What the server said to give back.
    pub opaque: Option<Cow<'a, str>>,
    /// The quality of protection.
    pub qop: Option<Cow<'a, str>>,
    /// The nonce count: exactly eight hex digits.
    pub nc: Option<u32>,
    /// The nonce count as it stands.
    pub nc_text: Option<&'a str>,
}

impl<'a> Credentials<'a> {
    pub(crate) fn parse(row: &'a str) -> Option<Self> {
        let fields = Fields::parse(row)?;
        let nc_text = fields.raw("nc").filter(|nc| nc.len() == 8 && nc.bytes().all(|byte| byte.is_ascii_hexdigit()));
        Some(Self {
            username: fields.text("username")?,
            realm: fields.text("realm")?,
            nonce: fields.text("nonce")?,
            uri: fields.text("uri")?,
            response: fields.text("response")?,
            algorithm: fields.text("algorithm"),
            cnonce: fields.text("cnonce"),
            opaque: fields.text("opaque"),
            qop: fields.text("qop"),
            nc: nc_text.and_then(|nc| u32::from_str_radix(nc, 16).ok()),
            nc_text,
        })
    }
}

/// What a server asks for (RFC 7616 §3.3).
#[derive(Debug, Clone)]
pub struct Challenge<'a> {
    /// The realm, unquoted.
    pub realm: Cow<'a, str>,
    /// The nonce, unquoted.
    pub nonce: Cow<'a, str>,
    /// The algorithm; `None` means MD5.
    pub algorithm: Option<Cow<'a, str>>,
    /// To be given back.
    pub opaque: Option<Cow<'a, str>>,
    /// The qualities of protection on offer, as a comma list.
    pub qop: Option<Cow<'a, str>>,
    /// The nonce was too old, the password may have been right.
    pub stale: bool,
}

impl<'a> Challenge<'a> {
    pub(crate) fn parse(row: &'a str) -> Option<Self> {
        let fields = Fields::parse(row)?;
        Some(Self {
            realm: fields.text("realm")?,
            nonce: fields.text("nonce")?,
            algorithm: fields.text("algorithm"),
            opaque: fields.text("opaque"),
            qop: fields.text("qop"),
            stale: fields.text("stale").is_some_and(|stale| stale.eq_ignore_ascii_case("true")),
        })
    }
}
