//! Addresses in headers: `name-addr` and `addr-spec` with parameters (RFC 3261 §20.10), and Contact.

use std::borrow::Cow;

use crate::error::Error;
use crate::lex::{self, Params};
use crate::message::unfold;
use crate::uri::Uri;

/// The value of From, To, Contact, Route and their like.
#[derive(Debug, Clone, Copy)]
pub struct NameAddr<'a> {
    text: &'a str,
    display: &'a str,
    uri: Uri<'a>,
    params: Params<'a>,
}

impl<'a> NameAddr<'a> {
    /// Reads one value. `header` names it in errors.
    ///
    /// # Errors
    /// [`Error::Value`] when it is malformed.
    pub fn parse(text: &'a str, header: &'static str) -> Result<Self, Error> {
        let text = lex::trim(text);
        let wrong = Error::Value(header);
        let behind = if text.starts_with('"') { lex::quoted_end(text).ok_or(wrong)? } else { 0 };
        let rest = text.get(behind..).ok_or(wrong)?;
        // A `:` or `;` before any `<` is of an addr-spec and its header parameters, whose values may be quoted (§20.10).
        let bare =
            |open: &usize| behind == 0 && rest.get(..*open).is_some_and(|name| lex::has_either(name, b':', b';'));
        let Some(open) = memchr::memchr(b'<', rest.as_bytes()).filter(|open| !bare(open)) else {
            if behind > 0 {
                return Err(wrong);
            }
            return Self::bare(text, header);
        };
        let display = lex::trim(text.get(..behind + open).ok_or(wrong)?);
        let words_ok = if behind > 0 {
            lex::trim(rest.get(..open).ok_or(wrong)?).is_empty()
        } else {
            display.bytes().all(|byte| lex::is_token_byte(byte) || byte >= 0x80 || lex::is_space(char::from(byte)))
        };
        let (uri, behind_uri) = rest.get(open + 1..).and_then(|rest| lex::cut(rest, b'>')).ok_or(wrong)?;
        let params = lex::trim(behind_uri);
        let params = match params.strip_prefix(';') {
            Some(params) => Params(params),
            None if params.is_empty() => Params(""),
            None => return Err(wrong),
        };
        if !words_ok {
            return Err(wrong);
        }
        params.check(header)?;
        Ok(Self { text, display, uri: Uri::parse(uri)?, params })
    }

    fn bare(text: &'a str, header: &'static str) -> Result<Self, Error> {
        let (uri, params) = lex::cut(text, b';').unwrap_or((text, ""));
        let uri = lex::trim(uri);
        // §20: a URI with a comma, question mark or semicolon must stand in brackets.
        if lex::has_either(uri, b'?', b',') {
            return Err(Error::Value(header));
        }
        Params(params).check(header)?;
        Ok(Self { text, display: "", uri: Uri::parse(uri)?, params: Params(params) })
    }

    /// The display name without quotes, escapes and folds; `None` when there is none.
    #[must_use]
    pub fn display(&self) -> Option<Cow<'a, str>> {
        let name = if self.display.starts_with('"') { lex::unquote(self.display) } else { unfold(self.display) };
        Some(name).filter(|name| !name.is_empty())
    }

    /// The URI.
    #[must_use]
    pub fn uri(&self) -> Uri<'a> {
        self.uri
    }

    /// The `tag` parameter.
    #[must_use]
    pub fn tag(&self) -> Option<&'a str> {
        self.param("tag").flatten()
    }

    /// A parameter of the header: `None` when it is not there, `Some(None)` without a value.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<Option<&'a str>> {
        self.params.get(name)
    }

    /// The parameters of the header.
    #[must_use]
    pub fn params(&self) -> Params<'a> {
        self.params
    }

    /// The whole value.
    #[must_use]
    pub fn as_str(&self) -> &'a str {
        self.text
    }
}

/// A value of Contact.
#[derive(Debug, Clone, Copy)]
pub enum Contact<'a> {
    /// `*`: all bindings (§10.2.2).
    Star,
    /// One address.
    Addr(NameAddr<'a>),
}

impl<'a> Contact<'a> {
    /// Reads one value.
    ///
    /// # Errors
    /// [`Error::Value`] when it is malformed.
    pub fn parse(text: &'a str) -> Result<Self, Error> {
        if lex::trim(text) == "*" { Ok(Self::Star) } else { NameAddr::parse(text, "Contact").map(Self::Addr) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bracket_in_a_quoted_name_is_no_address() {
        let address =
            NameAddr::parse(r#""Mallory <sip:boss@example.com>" <sip:mallory@example.com>;tag=1"#, "From").unwrap();
        assert_eq!(address.uri().user(), Some("mallory"));
        assert_eq!(address.display().as_deref(), Some("Mallory <sip:boss@example.com>"));
        assert_eq!(address.tag(), Some("1"));
    }

    #[test]
    fn parameters_behind_a_bare_address_belong_to_the_header() {
        let address = NameAddr::parse("sip:a@example.com;tag=x;transport=tcp", "To").unwrap();
        assert_eq!(address.uri().as_str(), "sip:a@example.com");
        assert_eq!(address.tag(), Some("x"));
        assert!(address.uri().param("transport").is_none());
    }

    #[test]
    fn a_bracket_in_a_quoted_parameter_is_no_address() {
        let address = NameAddr::parse("sip:a@example.com;x=\"<sip:b@example.com>\";tag=1", "From").unwrap();
        assert_eq!((address.uri().user(), address.tag()), (Some("a"), Some("1")));
    }

    #[test]
    fn a_display_name_comes_out_on_one_line_and_without_nul() {
        for (text, name) in [
            ("\"J\r\n Rosenberg \\\"\" <sip:j@example.com>", "J Rosenberg \""),
            ("J\r\n Rosenberg <sip:j@example.com>", "J Rosenberg"),
            ("\"a\\\0b\" <sip:j@example.com>", "a\u{fffd}b"),
        ] {
            assert_eq!(NameAddr::parse(text, "From").unwrap().display().as_deref(), Some(name));
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            "Bob",
            "\"Bob <sip:a@b>",
            "<sip:a@b",
            "Bob, Jr <sip:a@b>",
            "<sip:a@b> x",
            "sip:a@b?x=y",
            "<sip:a@b>;;tag=1",
            "\"a\" b <sip:x@y>",
            "<sip:a@b>;tag=1;TAG=2",
        ] {
            assert!(NameAddr::parse(text, "To").is_err(), "{text}");
        }
    }
}
