//! A letter: what it is made of, and how it is written down (RFC 5322, RFC 2045).

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use lettre::message::header::{
    ContentTransferEncoding, ContentType, Date, HeaderName, HeaderValue, MessageId, Subject,
};
use lettre::message::{Attachment as File, Body, Mailbox, MultiPart, SinglePart};

use crate::clean;
use crate::error::Error;

/// Where letters go or come from: an address, and whose it is.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address {
    name: Option<String>,
    email: lettre::Address,
}

impl Address {
    /// An address alone, as `alice@example.com`.
    ///
    /// # Errors
    /// [`Error::Address`]: what is none, or has other signs than ASCII, which many servers do not take.
    pub fn parse(email: &str) -> Result<Self, Error> {
        let fault = || Error::Address(clean::line(email));
        let plain = email.len() <= 254 && email.bytes().all(|sign| sign.is_ascii_graphic());
        let email = Some(email).filter(|_| plain).ok_or_else(fault)?.parse().map_err(|_| fault())?;
        Ok(Self { name: None, email })
    }

    /// The same, with a name; in any language, and no matter what it holds.
    #[must_use]
    pub fn named(self, name: &str) -> Self {
        let name = clean::name(name);
        Self { name: Some(name).filter(|name| !name.is_empty()), email: self.email }
    }

    /// The address without the name.
    #[must_use]
    pub fn email(&self) -> &str {
        self.email.as_ref()
    }

    pub(crate) fn smtp(&self) -> lettre::Address {
        self.email.clone()
    }

    fn mailbox(&self) -> Mailbox {
        Mailbox::new(self.name.clone(), self.email.clone())
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.mailbox(), f)
    }
}

/// A file that goes with a letter.
#[derive(Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Its name, as the reader sees it.
    pub name: String,
    /// Its type, as `audio/wav`.
    pub mime: String,
    /// What it holds.
    pub bytes: Vec<u8>,
}

impl fmt::Debug for Attachment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Attachment({}, {}, {} bytes)", self.name, self.mime, self.bytes.len())
    }
}

/// A letter, composed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// Its number in the queue.
    pub id: i64,
    /// Since when it waits there. It is dated so, and with its number it makes its Message-ID.
    pub queued: SystemTime,
    /// To whom; each may be an address that cannot be, then it is refused by itself.
    pub to: Vec<String>,
    /// From whom; `None`: the exchange.
    pub from: Option<Address>,
    /// The subject.
    pub subject: String,
    /// The letter as plain text.
    pub text: String,
    /// The letter as HTML, beside the text.
    pub html: Option<String>,
    /// What goes with it.
    pub attachment: Option<Attachment>,
}

impl Letter {
    /// What it is recognised by: the same at every try, and after a crash, so that a mail server or reader can see that it has
    /// the letter already. Numbers alone may be given again, so its time is in it too.
    #[must_use]
    pub fn message_id(&self, from: &Address) -> String {
        let queued = self.queued.duration_since(UNIX_EPOCH).unwrap_or_default().as_micros();
        format!("<strowger.{}.{queued:x}@{}>", self.id, from.email.domain())
    }

    /// The letter as it is sent. The text parts are encoded, so that every line is short and ASCII.
    pub(crate) fn written(&self, from: &Address, to: &[Address]) -> Result<Vec<u8>, Error> {
        let mut head = lettre::Message::builder().from(from.mailbox());
        for one in to {
            head = head.to(one.mailbox());
        }
        let head = head
            .header(Subject::from(clean::line(&self.subject)))
            .header(Date::new(self.queued))
            .header(MessageId::from(self.message_id(from)))
            // RFC 3834 §5: nobody's answering machine answers.
            .raw_header(fixed("Auto-Submitted", "auto-generated"))
            .raw_header(fixed("X-Auto-Response-Suppress", "All"));
        let text = SinglePart::plain(self.text.trim_end_matches(['\r', '\n']).to_owned());
        let html = self.html.clone().map(SinglePart::html);
        let file = self.attachment.as_ref().map(file).transpose()?;
        let letter = match (html, file) {
            (None, None) => head.singlepart(text),
            (Some(html), None) => head.multipart(MultiPart::alternative().singlepart(text).singlepart(html)),
            (None, Some(file)) => head.multipart(MultiPart::mixed().singlepart(text).singlepart(file)),
            (Some(html), Some(file)) => {
                let said = MultiPart::alternative().singlepart(text).singlepart(html);
                head.multipart(MultiPart::mixed().multipart(said).singlepart(file))
            }
        };
        // It has a sender; without anybody to go to it cannot be.
        let mut written = letter.map_err(|_| Error::Nobody)?.formatted();
        if written.ends_with(b"\r\n") {
            // The end of the last line is part of what ends the letter on the line (RFC 5321 §4.1.1.4).
            written.truncate(written.len() - 2);
        }
        Ok(written)
    }
}

fn file(file: &Attachment) -> Result<SinglePart, Error> {
    let kind = ContentType::parse(&file.mime).map_err(|_| Error::FileType(clean::line(&file.mime)))?;
    // Base64 whatever it holds: other encodings may change ends of lines.
    let body = Body::new_with_encoding(file.bytes.clone(), ContentTransferEncoding::Base64);
    let body = body.map_err(|_| Error::FileType(clean::line(&file.mime)))?;
    Ok(File::new(clean::file(&file.name)).body(body, kind))
}

/// A header whose value is a constant.
fn fixed(name: &'static str, value: &'static str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_would_write_another_line_are_none() {
        for right in ["alice@example.com", "a.b+c@mail.example.org", "root@localhost"] {
            assert!(Address::parse(right).is_ok(), "{right}");
        }
        let wrong = ["", "alice", "@example.com", "alice@", "a b@example.com", "a@example.com\r\nBcc: x@y.z", "ä@b.de"];
        for wrong in wrong {
            assert!(Address::parse(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_letter_to_nobody_cannot_be() {
        let from = Address::parse("pbx@example.com").unwrap();
        let letter = Letter {
            id: 1,
            queued: UNIX_EPOCH,
            to: Vec::new(),
            from: None,
            subject: String::new(),
            text: String::new(),
            html: None,
            attachment: None,
        };
        assert_eq!(letter.written(&from, &[]), Err(Error::Nobody));
    }
}
