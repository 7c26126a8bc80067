//! URIs: `sip:`, `sips:` (RFC 3261 §19.1), `tel:` (RFC 3966), and others as opaque text.

use std::borrow::Cow;
use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use crate::error::Error;
use crate::lex::{self, Class, Params};

/// A URI, borrowed and checked.
#[derive(Debug, Clone, Copy)]
pub struct Uri<'a> {
    text: &'a str,
    scheme: Scheme,
    user: Option<&'a str>,
    password: Option<&'a str>,
    host_text: &'a str,
    host: Host<'a>,
    port: Option<u16>,
    params: Params<'a>,
    headers: Option<&'a str>,
}

/// The scheme of a URI.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Scheme {
    Sip,
    Sips,
    Tel,
    /// Any other: only its text is known.
    Other,
}

/// The host of a URI or a Via.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Host<'a> {
    /// A domain name, as it stands.
    Name(&'a str),
    /// An IPv4 address.
    V4(Ipv4Addr),
    /// An IPv6 address; brackets are left out.
    V6(Ipv6Addr),
}

impl<'a> Host<'a> {
    /// Reads a host: an IPv6 reference in brackets (RFC 5954), an IPv4 address or a name. The third colon before an IPv4
    /// tail, which the grammar of RFC 3261 asked for by mistake, is overlooked (RFC 5118 §4.10).
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        if let Some(inner) = text.strip_prefix('[') {
            let inner = inner.strip_suffix(']')?;
            let mended = || {
                let (head, tail) = inner.split_once(":::")?;
                tail.parse::<Ipv4Addr>().ok().and_then(|tail| format!("{head}::{tail}").parse().ok())
            };
            return inner.parse().ok().or_else(mended).map(Self::V6);
        }
        Self::of_plain(text).filter(|_| HOST.span(text.as_bytes()) == text.len())
    }

    /// Reads a host that has bytes of [`HOST`] alone.
    fn of_plain(text: &'a str) -> Option<Self> {
        // Only what begins with a digit can be an address, and few names do.
        let digit = text.as_bytes().first().is_some_and(u8::is_ascii_digit);
        if digit && let Ok(v4) = text.parse() {
            return Some(Self::V4(v4));
        }
        (!text.is_empty() && text.len() <= 255).then_some(Self::Name(text))
    }

    /// Reads `host[:port]`: the text of the host, the host, the port.
    pub(crate) fn with_port(text: &'a str) -> Option<(&'a str, Self, Option<u16>)> {
        let (host, rest) = text.split_at_checked(HOST.span(text.as_bytes()))?;
        if rest.is_empty() {
            return Some((text, Self::of_plain(text)?, None));
        }
        if let Some(port) = rest.strip_prefix(':') {
            return Some((host, Self::of_plain(host)?, Some(port_of(port)?)));
        }
        // In brackets; the port is behind the colon behind them.
        let behind = text.rfind(']')? + 1;
        let (host, rest) = text.split_at_checked(behind)?;
        let (more, port) = match lex::cut(rest, b':') {
            Some((more, port)) => (more, Some(port_of(port)?)),
            None => (rest, None),
        };
        if more.is_empty() { Some((host, Self::parse(host)?, port)) } else { None }
    }
}

fn port_of(text: &str) -> Option<u16> {
    // A sign is no digit, though `parse` would take it.
    text.as_bytes().first().is_some_and(u8::is_ascii_digit).then(|| text.parse().ok()).flatten()
}

impl<'a> Uri<'a> {
    /// Reads a URI that is the whole text.
    ///
    /// # Errors
    /// [`Error::Uri`] when its grammar forbids it.
    pub fn parse(text: &'a str) -> Result<Self, Error> {
        let at = text.bytes().position(|byte| byte == b':').ok_or(Error::Uri)?;
        let (scheme, rest) = (text.get(..at).unwrap_or_default(), text.get(at + 1..).unwrap_or_default());
        if scheme.eq_ignore_ascii_case("sip") {
            return Self::sip(text, Scheme::Sip, rest);
        } else if scheme.eq_ignore_ascii_case("sips") {
            return Self::sip(text, Scheme::Sips, rest);
        } else if scheme.eq_ignore_ascii_case("tel") {
            return Self::tel(text, rest);
        }
        let alphabet = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
        let starts = scheme.as_bytes().first().is_some_and(u8::is_ascii_alphabetic);
        if !starts
            || rest.is_empty()
            || !scheme.bytes().all(alphabet)
            || text.bytes().any(|byte| byte <= b' ' || byte == 0x7f || matches!(byte, b'<' | b'>' | b'"'))
        {
            return Err(Error::Uri);
        }
        Ok(Self::bare(text, Scheme::Other))
    }

    fn bare(text: &'a str, scheme: Scheme) -> Self {
        Self {
            text,
            scheme,
            user: None,
            password: None,
            host_text: "",
            host: Host::Name(""),
            port: None,
            params: Params(""),
            headers: None,
        }
    }

    fn sip(text: &'a str, scheme: Scheme, rest: &'a str) -> Result<Self, Error> {
        // The user part may hold `;`, `?` and `/`, but no `@` (§25.1 user-unreserved).
        let (user, password, hostpart) = match lex::cut(rest, b'@') {
            Some((userinfo, hostpart)) => {
                let (user, password) = userinfo_of(userinfo).ok_or(Error::Uri)?;
                (Some(user), password, hostpart)
            }
            None => (None, None, rest),
        };
        let end = memchr::memchr2(b';', b'?', hostpart.as_bytes()).unwrap_or(hostpart.len());
        let (hostport, rest) = hostpart.split_at_checked(end).ok_or(Error::Uri)?;
        let (params, headers) = match lex::cut(rest, b'?') {
            Some((params, headers)) => (params, Some(headers)),
            None => (rest, None),
        };
        let params = match params.strip_prefix(';') {
            Some(params) => checked(params)?,
            None => Params(""),
        };
        let (host_text, host, port) = Host::with_port(hostport).ok_or(Error::Uri)?;
        if !headers.is_none_or(|headers| !headers.is_empty() && is_escaped(headers, &HEADERS)) {
            return Err(Error::Uri);
        }
        Ok(Self { text, scheme, user, password, host_text, host, port, params, headers })
    }

    /// RFC 3966 §3: the number stands where `sip:` has its user.
    fn tel(text: &'a str, rest: &'a str) -> Result<Self, Error> {
        let (number, params) = match lex::cut(rest, b';') {
            Some((number, params)) => (number, checked(params)?),
            None => (rest, Params("")),
        };
        let digits = number.strip_prefix('+').unwrap_or(number);
        let allowed = |byte: u8| byte.is_ascii_hexdigit() || matches!(byte, b'*' | b'#' | b'-' | b'.' | b'(' | b')');
        if !digits.bytes().any(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'*' | b'#'))
            || !digits.bytes().all(allowed)
        {
            return Err(Error::Uri);
        }
        Ok(Self { user: Some(number), params, ..Self::bare(text, Scheme::Tel) })
    }

    /// The whole text.
    #[must_use]
    pub fn as_str(&self) -> &'a str {
        self.text
    }

    /// The scheme.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// `sips:`
    #[must_use]
    pub fn is_sips(&self) -> bool {
        self.scheme == Scheme::Sips
    }

    /// The user part, or the number of a `tel:`, escaped as it stands.
    #[must_use]
    pub fn user(&self) -> Option<&'a str> {
        self.user
    }

    /// The user part with its escapes undone; bytes that are no UTF-8 stay escaped.
    #[must_use]
    pub fn user_unescaped(&self) -> Option<Cow<'a, str>> {
        self.user.map(unescape)
    }

    /// The password (§19.1.1: not recommended, and never used here).
    #[must_use]
    pub fn password(&self) -> Option<&'a str> {
        self.password
    }

    /// The host; an empty name where the scheme has none.
    #[must_use]
    pub fn host(&self) -> Host<'a> {
        self.host
    }

    /// The host as it stands, IPv6 with brackets.
    #[must_use]
    pub fn host_str(&self) -> &'a str {
        self.host_text
    }

    /// The port, where one stands.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// The URI's own parameters.
    #[must_use]
    pub fn params(&self) -> Params<'a> {
        self.params
    }

    /// One parameter: `None` when it is not there, `Some(None)` without a value. Its name may be written with escapes
    /// (RFC 4475 §3.1.1.3).
    #[must_use]
    pub fn param(&self, name: &str) -> Option<Option<&'a str>> {
        self.values_of(name).next()
    }

    /// The values of all parameters of a name. There should be one (§19.1.1).
    fn values_of(&self, name: &str) -> impl Iterator<Item = Option<&'a str>> {
        self.params.iter().filter(move |(known, _)| unescape(known).eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// What stands behind `?`, undecoded.
    #[must_use]
    pub fn headers(&self) -> Option<&'a str> {
        self.headers
    }

    /// Equal by the rules of RFC 3261 §19.1.4.
    #[must_use]
    pub fn same_as(&self, other: &Uri<'a>) -> bool {
        if self.scheme != other.scheme {
            return false;
        }
        if matches!(self.scheme, Scheme::Other) {
            return self.text == other.text;
        }
        let user = |uri: &Uri<'a>| uri.user.map(canonical);
        let password = |uri: &Uri<'a>| uri.password.map(canonical);
        let host = match (self.host, other.host) {
            (Host::Name(one), Host::Name(two)) => one.eq_ignore_ascii_case(two),
            (one, two) => one == two,
        };
        user(self) == user(other)
            && password(self) == password(other)
            && host
            && self.port == other.port
            && self.params_agree(other)
            && other.params_agree(self)
            && headers_of(self) == headers_of(other)
    }

    /// Parameters that both have agree; these five must stand in both or in none.
    fn params_agree(&self, other: &Uri<'_>) -> bool {
        let same = |one: Option<&str>, two: Option<&str>| match (one, two) {
            (Some(one), Some(two)) => canonical(one).eq_ignore_ascii_case(&canonical(two)),
            (one, two) => one == two,
        };
        self.params.iter().all(|(name, _)| {
            let name = unescape(name);
            let (ours, theirs) = (self.values_of(&name), other.values_of(&name).collect::<Vec<_>>());
            if theirs.is_empty() {
                return !["user", "ttl", "method", "maddr", "transport"]
                    .iter()
                    .any(|must| must.eq_ignore_ascii_case(&name));
            }
            let ours: Vec<_> = ours.collect();
            ours.len() == theirs.len() && ours.into_iter().zip(theirs).all(|(one, two)| same(one, two))
        })
    }
}

impl fmt::Display for Uri<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text)
    }
}

/// Header components in any order: they must all be there, and equal.
fn headers_of(uri: &Uri<'_>) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut headers: Vec<(Vec<u8>, Vec<u8>)> = uri
        .headers
        .unwrap_or_default()
        .split('&')
        .filter(|part| !part.is_empty())
        .map(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            (canonical(name).to_ascii_lowercase(), canonical(value).into_owned())
        })
        .collect();
    headers.sort();
    headers
}

/// `user[:password]`, checked.
fn userinfo_of(text: &str) -> Option<(&str, Option<&str>)> {
    // No colon is of `user`: the first one ends it.
    let (user, rest) = text.split_at_checked(USER.escaped_span(text.as_bytes())?)?;
    if user.is_empty() {
        return None;
    }
    if rest.is_empty() {
        return Some((user, None));
    }
    let password = rest.strip_prefix(':')?;
    is_escaped(password, &PASSWORD).then_some((user, Some(password)))
}

/// `name[=value]` with `;` between, none of them empty.
fn checked(text: &str) -> Result<Params<'_>, Error> {
    let bytes = text.as_bytes();
    let part = |from: usize| {
        let length = PARAM.escaped_span(bytes.get(from..)?)?;
        (length > 0).then_some(from + length)
    };
    let mut at = 0;
    for _ in 0..crate::limits::PARAMS {
        let mut end = part(at).ok_or(Error::Uri)?;
        if bytes.get(end) == Some(&b'=') {
            end = part(end + 1).ok_or(Error::Uri)?;
        }
        match bytes.get(end) {
            None => return Ok(Params(text)),
            Some(b';') => at = end + 1,
            Some(_) => return Err(Error::Uri),
        }
    }
    Err(Error::Uri)
}

/// §25.1 `user`, `password`, `paramchar` and `hvalue`, without escapes, and what a name or IPv4 address is made of.
static USER: Class = Class::alphanumeric(b"-_.!~*'()&=+$,;?/");
static PASSWORD: Class = Class::alphanumeric(b"-_.!~*'()&=+$,");
static PARAM: Class = Class::alphanumeric(b"-_.!~*'()[]/:&+$");
static HOST: Class = Class::alphanumeric(b"-._");
static HEADERS: Class = Class::alphanumeric(b"-_.!~*'()[]/?:+$&=");

/// Bytes of a class, and `%` with two hex digits.
fn is_escaped(text: &str, plain: &Class) -> bool {
    plain.escaped_span(text.as_bytes()) == Some(text.len())
}

/// Undoes `%HH`. A NUL or what would be no UTF-8 stays as it is.
pub(crate) fn unescape(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return text.into();
    }
    let bytes = text.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let escaped = (*byte == b'%')
            .then(|| text.get(at + 1..at + 3))
            .flatten()
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match escaped {
            Some(value) => {
                plain.push(value);
                at += 3;
            }
            None => {
                plain.push(*byte);
                at += 1;
            }
        }
    }
    match String::from_utf8(plain) {
        Ok(plain) if !plain.contains('\0') => plain.into(),
        _ => text.into(),
    }
}

/// One spelling for all that are equal: an escape of what is not reserved is undone, that of what is, which means
/// something else than the bare character, stays (§19.1.4).
fn canonical(text: &str) -> Cow<'_, [u8]> {
    if !text.contains('%') {
        return text.as_bytes().into();
    }
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('%') {
        plain.extend_from_slice(before.as_bytes());
        let hex = behind.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match hex {
            Some(value) if !b";/?:@&=+$,%".contains(&value) => plain.push(value),
            Some(value) => plain.extend_from_slice(format!("%{value:02X}").as_bytes()),
            None => plain.push(b'%'),
        }
        rest = if hex.is_some() { behind.get(2..).unwrap_or_default() } else { behind };
    }
    plain.extend_from_slice(rest.as_bytes());
    plain.into()
}

/// A URI of our own keeping: checked once, then text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UriBuf(String);

impl UriBuf {
    /// Keeps a URI that [`Uri::parse`] accepts.
    ///
    /// # Errors
    /// [`Error::Uri`] when it does not.
    pub fn parse(text: impl Into<String>) -> Result<Self, Error> {
        let text = text.into();
        Uri::parse(&text)?;
        Ok(Self(text))
    }

    /// The parsed view.
    #[must_use]
    pub fn as_uri(&self) -> Uri<'_> {
        // It parsed when it was made; an opaque URI is what is left otherwise.
        Uri::parse(&self.0).unwrap_or(Uri::bare(&self.0, Scheme::Other))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<Uri<'_>> for UriBuf {
    fn from(uri: Uri<'_>) -> Self {
        Self(uri.text.to_owned())
    }
}

impl fmt::Display for UriBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uri(text: &str) -> Uri<'_> {
        Uri::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn the_parts_of_a_sip_uri_are_found() {
        let uri = uri("sips:alice;day=tuesday:secret@[2001:db8::10]:5070;transport=tcp;lr?subject=a%20b");
        assert_eq!(uri.user(), Some("alice;day=tuesday"));
        assert_eq!(uri.password(), Some("secret"));
        assert_eq!(uri.host(), Host::V6("2001:db8::10".parse().unwrap()));
        assert_eq!(uri.port(), Some(5070));
        assert_eq!(uri.param("TRANSPORT"), Some(Some("tcp")));
        assert_eq!(uri.param("lr"), Some(None));
        assert_eq!(uri.headers(), Some("subject=a%20b"));
    }

    #[test]
    fn a_dot_in_the_user_is_no_host() {
        assert_eq!(uri("sip:john.doe@example.com").user(), Some("john.doe"));
        assert_eq!(uri("sip:john.doe@example.com").host_str(), "example.com");
    }

    #[test]
    fn a_tel_uri_has_its_number_for_a_user() {
        assert_eq!(uri("tel:+358-555-1234567;phone-context=example.com").user(), Some("+358-555-1234567"));
        assert!(Uri::parse("tel:;x=y").is_err());
    }

    #[test]
    fn what_is_no_uri_is_refused() {
        for text in [
            "",
            "sip:",
            "sip:@host",
            "sip:a b@host",
            "sip:a@",
            "sip:a@h:port",
            "sip:a@h:70000",
            "sip:a%4@h",
            "sip:a@h;",
            "sip:a@h;=x",
            "sip:a@[::1",
            "1sip:x",
            "<sip:a@h>",
        ] {
            assert!(Uri::parse(text).is_err(), "{text}");
        }
    }

    /// RFC 3261 §19.1.4, its own examples.
    #[test]
    fn equality_is_that_of_the_rfc() {
        let equal = [
            ("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp"),
            ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"),
            ("sip:carol@chicago.com;%6Cr", "sip:carol@chicago.com;LR"),
            ("sip:c%3bd@chicago.com", "sip:c%3Bd@chicago.com"),
            ("sip:carol@chicago.com;x=1;x=2", "sip:carol@chicago.com;x=1;x=2"),
            ("sip:carol@chicago.com", "sip:carol@chicago.com;security=on"),
            (
                "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
                "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com",
            ),
            (
                "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
                "sip:alice@atlanta.com?priority=urgent&subject=project%20x",
            ),
        ];
        let different = [
            ("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"),
            // §19.1.4: an escaped reserved character is not the bare one.
            ("sip:bob%3Bx=y@biloxi.com", "sip:bob;x=y@biloxi.com"),
            ("sip:bob%2541@biloxi.com", "sip:bob%41@biloxi.com"),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp"),
            ("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"),
            ("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"),
            ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"),
        ];
        for (one, two) in equal {
            assert!(uri(one).same_as(&uri(two)) && uri(two).same_as(&uri(one)), "{one} = {two}");
        }
        for (one, two) in different {
            assert!(!uri(one).same_as(&uri(two)) && !uri(two).same_as(&uri(one)), "{one} ≠ {two}");
        }
    }
}
