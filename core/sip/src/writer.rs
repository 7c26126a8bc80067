//! Writes messages. No CR, LF or NUL gets through in a value: they become spaces, but for the NUL of a `quoted-pair`,
//! which an answer has to give back as it came.

use std::fmt::{self, Display, Write};
use std::net::SocketAddr;

use crate::lex;
use crate::message::Message;
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
        if text.bytes().any(|byte| matches!(byte, b'\r' | b'\n' | 0)) {
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
        let _ = write!(Clean(&mut writer.text), "{} {} SIP/2.0", method.as_str(), uri);
        writer.text.push_str("\r\n");
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
        let _ = write!(Clean(&mut writer.text), "SIP/2.0 {} {}", status.0, reason);
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
        for via in request.tokens(Name::Via) {
            if std::mem::take(&mut top) {
                writer.header(Name::Via, TopVia { via, source });
            } else {
                writer.header(Name::Via, via);
            }
        }
        writer.copy(request, Name::From);
        let to = request.value(Name::To).unwrap_or_default();
        match to_tag {
            Some(tag) if request.to().is_ok_and(|to| to.tag().is_none()) => {
                writer.header(Name::To, format_args!("{to};tag={tag}"))
            }
            _ => writer.header(Name::To, to),
        };
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
        self.named(name.as_str(), value)
    }

    /// A header row whose name has no [`Name`]. Nothing is written under a name that is no token.
    pub fn named(&mut self, name: &str, value: impl Display) -> &mut Self {
        if !lex::is_token(name) {
            return self;
        }
        self.text.push_str(name);
        self.text.push_str(": ");
        let _ = write!(Clean(&mut self.text), "{value}");
        self.text.push_str("\r\n");
        self
    }

    /// All rows of a name, as they stand in another message.
    pub fn copy(&mut self, from: &Message<'_>, name: Name) -> &mut Self {
        for row in from.rows().filter(|row| row.name == name) {
            self.header(name, row.value());
        }
        self
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
struct TopVia<'a> {
    via: &'a str,
    source: SocketAddr,
}

impl Display for TopVia<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Ok(via) = crate::via::Via::parse(self.via) else { return f.write_str(self.via) };
        let (head, _) = self.via.split_once(';').unwrap_or((self.via, ""));
        f.write_str(head.trim_end())?;
        let asks = via.rport().is_some();
        for (name, value) in via.params().iter() {
            // What the sender claims of where it came from is not repeated.
            if name.eq_ignore_ascii_case("received") || name.eq_ignore_ascii_case("rport") {
                continue;
            }
            match value {
                Some(value) => write!(f, ";{name}={value}")?,
                None => write!(f, ";{name}")?,
            }
        }
        let same = match via.sent_by_host() {
            crate::uri::Host::V4(ip) => self.source.ip() == ip,
            crate::uri::Host::V6(ip) => self.source.ip() == ip,
            crate::uri::Host::Name(_) => false,
        };
        if asks || !same {
            write!(f, ";received={}", self.source.ip())?;
        }
        if asks {
            write!(f, ";rport={}", self.source.port())?;
        }
        Ok(())
    }
}
