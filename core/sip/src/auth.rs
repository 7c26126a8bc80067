//! Credentials and challenges (RFC 3261 §22, RFC 7616 §3.3, §3.4), read only.

use std::borrow::Cow;

use crate::lex::{self, Part};

/// The fields of a digest header that have a meaning here.
#[derive(Debug, Clone, Copy)]
enum Field {
    Username,
    Realm,
    Nonce,
    Uri,
    Response,
    Algorithm,
    Cnonce,
    Opaque,
    Qop,
    Nc,
    Stale,
}

/// In the order of [`Field`].
const FIELDS: [&str; 11] =
    ["username", "realm", "nonce", "uri", "response", "algorithm", "cnonce", "opaque", "qop", "nc", "stale"];

/// What was found of a field.
#[derive(Debug, Clone, Copy)]
enum Found<'a> {
    Nothing,
    Value(&'a str),
    /// It stands twice, so it could mean two things, or has no value: it means nothing.
    Void,
}

/// The fields of a digest header, undecoded; read in one pass.
#[derive(Debug, Clone, Copy)]
struct Fields<'a>([Found<'a>; FIELDS.len()]);

impl<'a> Fields<'a> {
    /// Only of the scheme Digest (§22.4).
    fn parse(row: &'a str) -> Option<Self> {
        let row = lex::trim(row);
        let (scheme, rest) = row.split_at_checked(row.find(lex::is_space)?)?;
        if !scheme.eq_ignore_ascii_case("Digest") {
            return None;
        }
        let mut fields = Self([Found::Nothing; FIELDS.len()]);
        let mut rest = Some(rest);
        while let Some(text) = rest {
            let part = Part::next(text.strip_prefix(' ').unwrap_or(text), b',');
            rest = part.rest;
            let field = FIELDS.iter().position(|known| known.eq_ignore_ascii_case(part.name));
            if let Some(found) = field.and_then(|at| fields.0.get_mut(at)) {
                *found = match (*found, part.value) {
                    (Found::Nothing, Some(value)) => Found::Value(value),
                    _ => Found::Void,
                };
            }
        }
        Some(fields)
    }

    fn raw(&self, field: Field) -> Option<&'a str> {
        match self.0.get(field as usize) {
            Some(Found::Value(value)) => Some(value),
            _ => None,
        }
    }

    fn text(&self, field: Field) -> Option<Cow<'a, str>> {
        self.raw(field).map(lex::unquote)
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
        let nc_text =
            fields.raw(Field::Nc).filter(|nc| nc.len() == 8 && nc.bytes().all(|byte| byte.is_ascii_hexdigit()));
        Some(Self {
            username: fields.text(Field::Username)?,
            realm: fields.text(Field::Realm)?,
            nonce: fields.text(Field::Nonce)?,
            uri: fields.text(Field::Uri)?,
            response: fields.text(Field::Response)?,
            algorithm: fields.text(Field::Algorithm),
            cnonce: fields.text(Field::Cnonce),
            opaque: fields.text(Field::Opaque),
            qop: fields.text(Field::Qop),
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
            realm: fields.text(Field::Realm)?,
            nonce: fields.text(Field::Nonce)?,
            algorithm: fields.text(Field::Algorithm),
            opaque: fields.text(Field::Opaque),
            qop: fields.text(Field::Qop),
            stale: fields.text(Field::Stale).is_some_and(|stale| stale.eq_ignore_ascii_case("true")),
        })
    }
}

impl Challenge<'_> {
    /// The same, kept beyond the message that it stands in.
    #[must_use]
    pub fn into_owned(self) -> Challenge<'static> {
        let own = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        Challenge {
            realm: own(self.realm),
            nonce: own(self.nonce),
            algorithm: self.algorithm.map(own),
            opaque: self.opaque.map(own),
            qop: self.qop.map(own),
            stale: self.stale,
        }
    }
}
