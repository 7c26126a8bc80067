//! Small readers that all values share. They take text and give back parts of it; nothing here allocates.

use crate::error::Error;
use crate::limits::PARAMS;

/// `token` of RFC 3261 §25.1.
pub(crate) fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(is_token_byte)
}

pub(crate) fn is_token_byte(byte: u8) -> bool {
    TOKEN.has(byte)
}

static TOKEN: Class = Class::alphanumeric(b"-.!%*_+`'~");
static VALUE: Class = Class::alphanumeric(b"-.!%*_+`'~[]:/@=&?$");

/// A set of bytes, looked up instead of compared one by one.
#[derive(Debug)]
pub(crate) struct Class([bool; 256]);

impl Class {
    /// Letters, digits and these marks.
    pub(crate) const fn alphanumeric(marks: &[u8]) -> Self {
        let mut set = [false; 256];
        let mut byte = 0;
        while byte < 256 {
            set[byte] = (byte as u8).is_ascii_alphanumeric();
            byte += 1;
        }
        let mut at = 0;
        while at < marks.len() {
            set[marks[at] as usize] = true;
            at += 1;
        }
        Self(set)
    }

    pub(crate) fn has(&self, byte: u8) -> bool {
        self.0.get(usize::from(byte)).copied().unwrap_or(false)
    }

    /// How many bytes at the front are of the set.
    pub(crate) fn span(&self, bytes: &[u8]) -> usize {
        bytes.iter().position(|byte| !self.has(*byte)).unwrap_or(bytes.len())
    }

    /// How many bytes at the front are of the set or an escape, `%` with two hex digits; `None` where a `%` is none.
    pub(crate) fn escaped_span(&self, bytes: &[u8]) -> Option<usize> {
        let mut at = 0;
        loop {
            at += self.span(bytes.get(at..)?);
            match bytes.get(at..)? {
                [b'%', one, two, ..] if one.is_ascii_hexdigit() && two.is_ascii_hexdigit() => at += 3,
                [b'%', ..] => return None,
                _ => return Some(at),
            }
        }
    }
}

/// The number of token bytes at the front.
pub(crate) fn token_span(bytes: &[u8]) -> usize {
    TOKEN.span(bytes)
}

/// What stands before and behind the first `mark`, an ASCII byte.
pub(crate) fn cut(text: &str, mark: u8) -> Option<(&str, &str)> {
    let at = memchr::memchr(mark, text.as_bytes())?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

/// Does either of two ASCII bytes stand in it?
pub(crate) fn has_either(text: &str, one: u8, two: u8) -> bool {
    memchr::memchr2(one, two, text.as_bytes()).is_some()
}

/// White space, with the CR and LF of a folded row (`LWS` of §25.1).
pub(crate) fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

pub(crate) fn trim(text: &str) -> &str {
    match text.as_bytes() {
        // Most values have one space before them and none behind.
        [b' ', first, .., last] if is_ink(*first) && is_ink(*last) => text.get(1..).unwrap_or_default(),
        [first, .., last] if is_ink(*first) && is_ink(*last) => text,
        _ => text.trim_matches(is_space),
    }
}

fn is_ink(byte: u8) -> bool {
    !matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// The index behind the quoted string that starts at 0; `None` when it never ends.
pub(crate) fn quoted_end(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 1;
    loop {
        at += memchr::memchr2(b'\\', b'"', bytes.get(at..)?)?;
        if bytes.get(at) == Some(&b'"') {
            return Some(at + 1);
        }
        at += 2;
    }
}

/// Splits at the first `separator` outside of quotes and angle brackets.
pub(crate) fn split_at(text: &str, separator: u8) -> (&str, Option<&str>) {
    let bytes = text.as_bytes();
    let mut at = 0;
    let next = |at: usize| memchr::memchr3(separator, b'"', b'<', bytes.get(at..)?);
    while let Some(step) = next(at) {
        at += step;
        // Quotes or a bracket that never end: all of the rest is theirs.
        let end = match bytes.get(at) {
            Some(b'"') => text.get(at..).and_then(quoted_end),
            Some(b'<') => bytes.get(at..).and_then(|rest| memchr::memchr(b'>', rest)).map(|end| end + 1),
            _ => return (text.get(..at).unwrap_or_default(), text.get(at + 1..)),
        };
        match end {
            Some(end) => at += end,
            None => break,
        }
    }
    (text, None)
}

/// The values of a comma list (§7.3.1), trimmed; empty ones are left out.
#[derive(Debug, Clone)]
pub(crate) struct List<'a>(pub(crate) Option<&'a str>);

impl<'a> Iterator for List<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        loop {
            let (value, rest) = split_at(self.0?, b',');
            self.0 = rest;
            let value = trim(value);
            if !value.is_empty() {
                return Some(value);
            }
        }
    }
}

/// One of several `name` or `name=value` with a `separator` between.
pub(crate) struct Part<'a> {
    pub(crate) name: &'a str,
    pub(crate) value: Option<&'a str>,
    /// What stands behind the separator; `None` at the end.
    pub(crate) rest: Option<&'a str>,
}

impl<'a> Part<'a> {
    /// The first part where it is written as nearly all are: a token and a token, host or whole quoted string, without
    /// white space. One pass finds what [`split_at`] needs several for; `None` means that it has to be asked.
    pub(crate) fn plain(text: &'a str, separator: u8) -> Option<Self> {
        let bytes = text.as_bytes();
        let name_end = TOKEN.span(bytes);
        let name = text.get(..name_end).filter(|name| !name.is_empty())?;
        let mut end = name_end;
        let mut value = None;
        if bytes.get(end) == Some(&b'=') {
            let tail = text.get(end + 1..)?;
            let length = if tail.starts_with('"') { quoted_end(tail)? } else { VALUE.span(tail.as_bytes()) };
            value = Some(tail.get(..length).filter(|value| !value.is_empty())?);
            end += 1 + length;
        }
        let rest = match bytes.get(end) {
            None => None,
            Some(byte) if *byte == separator => Some(text.get(end + 1..)?),
            Some(_) => return None,
        };
        Some(Self { name, value, rest })
    }

    /// The first part, however it is written.
    pub(crate) fn next(text: &'a str, separator: u8) -> Self {
        Self::plain(text, separator).unwrap_or_else(|| Self::any(text, separator))
    }

    fn any(text: &'a str, separator: u8) -> Self {
        let (part, rest) = split_at(text, separator);
        let (name, value) = split_at(trim(part), b'=');
        Self { name: trim(name), value: value.map(trim), rest }
    }

    fn is_empty(&self) -> bool {
        self.name.is_empty() && self.value.is_none()
    }
}

/// Parameters of which two would mean two things to two readers.
const IDENTITY: [&str; 2] = ["tag", "branch"];

/// `;name=value` parameters, in order. Values keep their quotes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Params<'a>(pub(crate) &'a str);

impl<'a> Params<'a> {
    /// The value of a parameter, found without regard to case: `None` when it is not there, `Some(None)` without a value.
    #[must_use]
    pub fn get(self, name: &str) -> Option<Option<&'a str>> {
        self.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// All parameters.
    pub fn iter(self) -> impl Iterator<Item = (&'a str, Option<&'a str>)> {
        let mut rest = Some(self.0);
        std::iter::from_fn(move || {
            loop {
                let text = rest?;
                let part = Part::next(text, b';');
                rest = part.rest;
                if !part.is_empty() {
                    return Some((part.name, part.value));
                }
            }
        })
    }

    /// Names are tokens, values are tokens, hosts or whole quoted strings, and there are not too many.
    pub(crate) fn check(self, header: &'static str) -> Result<(), Error> {
        let mut rest = Some(self.0).filter(|text| !text.is_empty());
        let mut count = 0;
        let mut seen = [false; IDENTITY.len()];
        while let Some(text) = rest {
            count += 1;
            let part = match Part::plain(text, b';') {
                Some(part) => part,
                None => {
                    let part = Part::any(text, b';');
                    if part.is_empty() && count == 1 && part.rest.is_none() {
                        return Ok(());
                    }
                    if count <= PARAMS && !(is_token(part.name) && part.value.is_none_or(is_param_value)) {
                        return Err(Error::Value(header));
                    }
                    part
                }
            };
            if count > PARAMS {
                return Err(Error::TooManyParams);
            }
            rest = part.rest;
            // §7.3.1: no parameter stands twice. Of most the first one counts; these say what a message belongs to.
            for (known, seen) in IDENTITY.iter().zip(&mut seen) {
                if known.eq_ignore_ascii_case(part.name) && std::mem::replace(seen, true) {
                    return Err(Error::Value(header));
                }
            }
        }
        Ok(())
    }
}

/// `gen-value` of §25.1: a token, a host (IPv6 in brackets, RFC 5118 §4.5 without them too) or a quoted string.
fn is_param_value(value: &str) -> bool {
    if value.starts_with('"') {
        return quoted_end(value) == Some(value.len());
    }
    !value.is_empty() && value.bytes().all(|byte| VALUE.has(byte))
}

/// A quoted string without its quotes and escapes, on one line; other text as it is. An escaped NUL is grammatical
/// (RFC 4475 §3.1.1.2), but it goes no further than here: whoever keeps text counts on there being none.
pub(crate) fn unquote(text: &str) -> std::borrow::Cow<'_, str> {
    let Some(inner) = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) else { return text.into() };
    if !inner.bytes().any(|byte| matches!(byte, b'\\' | b'\r' | b'\n' | 0)) {
        return inner.into();
    }
    let mut plain = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match if c == '\\' { chars.next() } else { Some(c) } {
            Some('\0') => plain.push(char::REPLACEMENT_CHARACTER),
            // Of a fold the white space stays.
            Some('\r' | '\n') | None => {}
            Some(c) => plain.push(c),
        }
    }
    plain.into()
}

/// A decimal number of 32 bits; nothing but digits.
pub(crate) fn number(text: &str, header: &'static str) -> Result<u32, Error> {
    if text.is_empty() {
        return Err(Error::Value(header));
    }
    let mut number = Some(0_u32);
    for byte in text.bytes() {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return Err(Error::Value(header));
        }
        number = number.and_then(|number| number.checked_mul(10)?.checked_add(u32::from(digit)));
    }
    number.ok_or(Error::Range(header))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every text of up to six of these.
    #[test]
    fn what_is_read_in_one_pass_is_what_splitting_finds() {
        const ALPHABET: [char; 8] = ['a', '=', ';', ',', '"', '\\', '<', ' '];
        let mut texts = vec![String::new()];
        let mut plain = 0;
        for _ in 0..6 {
            texts = texts.iter().flat_map(|text| ALPHABET.map(|c| format!("{text}{c}"))).collect();
            for (text, separator) in texts.iter().flat_map(|text| [(text, b';'), (text, b',')]) {
                let Some(part) = Part::plain(text, separator) else { continue };
                let slow = Part::any(text, separator);
                assert_eq!((part.name, part.value, part.rest), (slow.name, slow.value, slow.rest), "{text:?}");
                assert!(is_token(part.name) && part.value.is_none_or(is_param_value), "{text:?}");
                plain += 1;
            }
        }
        assert!(plain > 1000, "{plain}");
    }

    #[test]
    fn a_number_has_digits_alone_and_fits() {
        assert_eq!(number("0042", "x"), Ok(42));
        assert_eq!(number("4294967295", "x"), Ok(u32::MAX));
        assert_eq!(number("4294967296", "x"), Err(Error::Range("x")));
        for text in ["", "+1", "-1", "1 ", "99999999999x"] {
            assert_eq!(number(text, "x"), Err(Error::Value("x")), "{text:?}");
        }
    }
}
