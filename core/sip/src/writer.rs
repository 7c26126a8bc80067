//! Writes messages. No CR, LF or NUL gets through in a value: they become spaces, but for the NUL of a `quoted-pair`,
//! which an answer has to give back as it came.

use std::fmt::{self, Display, Write};
use std::net::{IpAddr, SocketAddr};

use crate::lex;
use crate::message::{Message, unfold};
use crate::method::Method;
use crate::name::Name;
use crate::status::Status;

/// A message in the making.
#[derive(Debug, Clone)]
pub struct Writer {
    text: String,
    status_end: usize,
}

/// Lets text through without control characters that would end a row.
struct Clean<'a>(&'a mut String);

impl Write for Clean<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if memchr::memchr3(b'\r', b'\n', 0, text.as_bytes()).is_some() {
            let mut escaped = false;
            for c in text.chars() {
                let bad = matches!(c, '\r' | '\n') || (c == '\0' && !escaped);
                self.0.push(if bad { ' ' } else { c });
                escaped = c == '\\' && !escaped;
            }
        } else {
            self.0.push_str(text);
        }
        Ok(())
    }
}

impl Writer {
    /// A request.
    #[must_use]
    pub fn request(method: Method<'_>, uri: &str) -> Self {
        let mut writer = Self { text: String::with_capacity(1024), status_end: 0 };
        writer.clean(method.as_str());
        writer.text.push(' ');
        writer.clean(uri);
        writer.text.push_str(" SIP/2.0\r\n");
        writer
    }

    /// A response with the standard reason phrase.
    #[must_use]
    pub fn response(status: Status) -> Self {
        Self::response_with_reason(status, status.reason())
    }

    /// A response with a reason phrase of one's own.
    #[must_use]
    pub fn response_with_reason(status: Status, reason: &str) -> Self {
        let mut writer = Self { text: String::with_capacity(768), status_end: 0 };
        writer.text.push_str("SIP/2.0 ");
        let _ = push_decimal(&mut writer.text, status.0);
        writer.text.push(' ');
        writer.clean(reason);
        writer.status_end = writer.text.len();
        writer.text.push_str("\r\n");
        writer
    }

    /// Puts another reason phrase in place of the standard one.
    pub fn reason(&mut self, reason: &str) -> &mut Self {
        // "SIP/2.0 nnn " is 12 bytes.
        if self.status_end >= 12 {
            let mut clean = String::new();
            let _ = Clean(&mut clean).write_str(reason);
            self.text.replace_range(12..self.status_end, &clean);
            self.status_end = 12 + clean.len();
        }
        self
    }

    /// The response to a request by §8.2.6.2: its Vias, From, To, Call-ID and CSeq. The topmost Via gets `received`
    /// (§18.2.1) and `rport` (RFC 3581 §4) from where it came; To gets the tag where it has none and one is given.
    #[must_use]
    pub fn reply(request: &Message<'_>, status: Status, to_tag: Option<&str>, source: SocketAddr) -> Self {
        let mut writer = Self::response(status);
        let mut top = true;
        for (row, plain) in request.raw_rows(Name::Via) {
            for via in lex::List(Some(row)) {
                match (std::mem::take(&mut top), plain) {
                    (true, true) => writer.row(Name::Via, |text| top_via(text, via, source)),
                    (true, false) => writer.row(Name::Via, |text| top_via(&mut Clean(text), via, source)),
                    (false, _) => writer.row(Name::Via, |text| Clean(text).write_str(via)),
                };
            }
        }
        writer.copy(request, Name::From);
        let to = request.value(Name::To).unwrap_or_default();
        let tag = to_tag.filter(|_| request.to().is_ok_and(|to| to.tag().is_none()));
        writer.row(Name::To, |text| {
            let mut text = Clean(text);
            text.write_str(&to)?;
            match tag {
                Some(tag) => text.write_str(";tag=").and_then(|()| text.write_str(tag)),
                None => Ok(()),
            }
        });
        writer.copy(request, Name::CallId);
        writer.copy(request, Name::CSeq);
        if status == Status::TRYING {
            // §8.2.6.1
            writer.copy(request, Name::Timestamp);
        }
        writer
    }

    /// A header row.
    pub fn header(&mut self, name: Name, value: impl Display) -> &mut Self {
        if name == Name::Other {
            return self;
        }
        self.row(name, |text| write!(Clean(text), "{value}"))
    }

    /// A header row whose name has no [`Name`]. Nothing is written under a name that is no token.
    pub fn named(&mut self, name: &str, value: impl Display) -> &mut Self {
        if !lex::is_token(name) {
            return self;
        }
        self.line(name, |text| write!(Clean(text), "{value}"))
    }

    /// All rows of a name, as they stand in another message.
    pub fn copy(&mut self, from: &Message<'_>, name: Name) -> &mut Self {
        if name == Name::Other {
            return self;
        }
        for (raw, plain) in from.raw_rows(name) {
            if plain {
                self.row(name, |text| text.write_str(lex::trim(raw)));
            } else {
                self.row(name, |text| Clean(text).write_str(&unfold(raw)));
            }
        }
        self
    }

    /// A row whose value is written in place.
    fn row(&mut self, name: Name, value: impl FnOnce(&mut String) -> fmt::Result) -> &mut Self {
        self.line(name.as_str(), value)
    }

    fn line(&mut self, name: &str, value: impl FnOnce(&mut String) -> fmt::Result) -> &mut Self {
        self.text.push_str(name);
        self.text.push_str(": ");
        // A value that fails to write itself leaves what it wrote.
        let _ = value(&mut self.text);
        self.text.push_str("\r\n");
        self
    }

    fn clean(&mut self, text: &str) {
        let _ = Clean(&mut self.text).write_str(text);
    }

    /// The whole message with a body.
    #[must_use]
    pub fn body(mut self, content_type: &str, body: &[u8]) -> Vec<u8> {
        self.header(Name::ContentType, content_type);
        self.untyped_body(body)
    }

    /// The whole message with a body whose type, if it has one, is already written.
    #[must_use]
    pub fn untyped_body(mut self, body: &[u8]) -> Vec<u8> {
        // Room for the row and the body at once.
        self.text.reserve(40 + body.len());
        self.header(Name::ContentLength, body.len());
        self.text.push_str("\r\n");
        let mut bytes = self.text.into_bytes();
        bytes.extend_from_slice(body);
        bytes
    }

    /// The whole message without a body.
    #[must_use]
    pub fn finish(mut self) -> Vec<u8> {
        self.text.push_str("Content-Length: 0\r\n\r\n");
        self.text.into_bytes()
    }
}

/// The topmost Via of a response: where the request really came from.
fn top_via(out: &mut impl Write, via: &str, source: SocketAddr) -> fmt::Result {
    let Ok(parsed) = crate::via::Via::parse(via) else { return out.write_str(via) };
    let (head, _) = lex::cut(via, b';').unwrap_or((via, ""));
    out.write_str(head.trim_end())?;
    let mut asks = false;
    for (name, value) in parsed.params().iter() {
        // What the sender claims of where it came from is not repeated.
        if name.eq_ignore_ascii_case("rport") {
            asks = true;
        } else if !name.eq_ignore_ascii_case("received") {
            out.write_char(';')?;
            out.write_str(name)?;
            if let Some(value) = value {
                out.write_char('=')?;
                out.write_str(value)?;
            }
        }
    }
    let same = match parsed.sent_by_host() {
        crate::uri::Host::V4(ip) => source.ip() == ip,
        crate::uri::Host::V6(ip) => source.ip() == ip,
        crate::uri::Host::Name(_) => false,
    };
    if asks || !same {
        out.write_str(";received=")?;
        match source.ip() {
            IpAddr::V4(ip) => {
                let [first, rest @ ..] = ip.octets();
                push_decimal(out, first)?;
                for octet in rest {
                    out.write_char('.')?;
                    push_decimal(out, octet)?;
                }
            }
            IpAddr::V6(ip) => write!(out, "{ip}")?,
        }
    }
    if asks {
        out.write_str(";rport=")?;
        push_decimal(out, source.port())?;
    }
    Ok(())
}

/// Writes a number without the detours of a formatter.
pub(crate) fn push_decimal(out: &mut impl Write, number: impl Into<u32>) -> fmt::Result {
    let mut left: u32 = number.into();
    let mut digits = [0; 10];
    let mut count = 0;
    for digit in digits.iter_mut().rev() {
        // Below 10.
        *digit = b'0' + (left % 10) as u8;
        left /= 10;
        count += 1;
        if left == 0 {
            break;
        }
    }
    let text = digits.len().checked_sub(count).and_then(|from| digits.get(from..)).unwrap_or_default();
    out.write_str(std::str::from_utf8(text).unwrap_or_default())
}
