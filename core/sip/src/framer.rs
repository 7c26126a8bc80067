//! Messages out of a stream (RFC 3261 §18.3; keep-alives of RFC 5626 §3.5.1).

use crate::error::Error;
use crate::lex;
use crate::limits::Limits;
use crate::name::Name;

/// Cuts a stream into messages. After an error the stream is lost: close the connection.
#[derive(Debug)]
pub struct Framer {
    limits: Limits,
    buffer: Vec<u8>,
    /// Where in the buffer begins what has not been given out.
    start: usize,
    /// How far from there the search for the end of the headers has come, so that no byte is looked at twice.
    searched: usize,
    /// The length of the message at the front, once its headers are whole.
    length: Option<usize>,
}

/// What a stream brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// One whole message.
    Message(Vec<u8>),
    /// A double CRLF: the peer wants a CRLF back.
    KeepAlive,
}

impl Framer {
    /// An empty one.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { limits, buffer: Vec::new(), start: 0, searched: 0, length: None }
    }

    /// Takes bytes as they came.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// Part of a message is here: the time for the rest runs.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        !self.pending().is_empty()
    }

    fn pending(&self) -> &[u8] {
        self.buffer.get(self.start..).unwrap_or_default()
    }

    /// Gives bytes at the front away. What is left moves to the front only when it is the smaller part, so that many
    /// messages in one push cost no more than their length.
    fn consume(&mut self, count: usize) {
        self.start += count;
        self.searched = 0;
        self.length = None;
        if self.start > self.buffer.len() / 2 {
            self.buffer.drain(..self.start.min(self.buffer.len()));
            self.start = 0;
        }
    }

    /// The next whole message or keep-alive; `None` when more bytes are needed.
    ///
    /// # Errors
    /// When a message is past a limit, or has no Content-Length that can be believed (§18.3: streams must have one).
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Result<Option<Frame>, Error> {
        while self.length.is_none() && self.searched == 0 {
            match self.pending() {
                [b'\r', b'\n', b'\r', b'\n', ..] => {
                    self.consume(4);
                    return Ok(Some(Frame::KeepAlive));
                }
                // It may become a keep-alive.
                b"" | b"\r" | b"\r\n" | b"\r\n\r" => return Ok(None),
                [b'\r', b'\n', ..] => self.consume(2),
                _ => break,
            }
        }
        let Some(length) = self.find_length()? else { return Ok(None) };
        let Some(message) = self.pending().get(..length).map(<[u8]>::to_vec) else { return Ok(None) };
        self.consume(length);
        Ok(Some(Frame::Message(message)))
    }

    fn find_length(&mut self) -> Result<Option<usize>, Error> {
        if let Some(length) = self.length {
            return Ok(Some(length));
        }
        let from = self.searched.saturating_sub(3);
        let pending = self.pending();
        let window = pending.get(from..).unwrap_or_default();
        let Some(at) = window.windows(4).position(|four| four == b"\r\n\r\n") else {
            let size = pending.len();
            self.searched = size;
            return if size > self.limits.message { Err(Error::MessageTooLong) } else { Ok(None) };
        };
        let head_end = from + at + 4;
        let head = pending.get(..head_end).unwrap_or_default();
        let length = head_end.saturating_add(content_length(head)?);
        if length > self.limits.message {
            return Err(Error::MessageTooLong);
        }
        self.length = Some(length);
        Ok(Some(length))
    }
}

/// The one Content-Length of a head, read as the parser reads it: folds and all.
fn content_length(head: &[u8]) -> Result<usize, Error> {
    let head = std::str::from_utf8(head).map_err(|_| Error::NotText)?;
    let mut length = None;
    let mut rows = head.split("\r\n").skip(1).peekable();
    while let Some(row) = rows.next() {
        let Some((name, value)) = row.split_once(':') else { continue };
        if row.starts_with([' ', '\t']) || Name::parse(name.trim_end_matches([' ', '\t'])) != Name::ContentLength {
            continue;
        }
        let mut value = value.to_owned();
        while let Some(fold) = rows.next_if(|row| row.starts_with([' ', '\t'])) {
            value.push_str(fold);
        }
        let number = lex::number(lex::trim(&value), "Content-Length").map_err(|_| Error::ContentLength)?;
        if length.is_some_and(|length| length != number) {
            return Err(Error::ContentLength);
        }
        length = Some(number);
    }
    length.map(|length| length as usize).ok_or(Error::ContentLength)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &[u8] = b"OPTIONS sip:a@b SIP/2.0\r\nl: 4\r\n\r\nbody";

    #[test]
    fn messages_come_out_whole_however_they_went_in() {
        for size in 1..=ONE.len() {
            let mut framer = Framer::new(Limits::default());
            let mut out = Vec::new();
            let stream = [ONE, b"\r\n\r\n", b"\r\n", ONE].concat();
            for part in stream.chunks(size) {
                framer.push(part);
                while let Some(frame) = framer.next().unwrap() {
                    out.push(frame);
                }
            }
            assert_eq!(
                out,
                [Frame::Message(ONE.to_vec()), Frame::KeepAlive, Frame::Message(ONE.to_vec())],
                "in parts of {size}"
            );
            assert!(!framer.is_partial());
        }
    }

    #[test]
    fn a_folded_length_is_read_as_the_parser_reads_it() {
        let mut framer = Framer::new(Limits::default());
        framer.push(b"OPTIONS sip:a@b SIP/2.0\r\nContent-Length:\r\n\t4\r\n\r\nbodyX");
        let Ok(Some(Frame::Message(message))) = framer.next() else { panic!("no message") };
        assert!(message.ends_with(b"body"));
        assert_eq!(crate::parse(&message, &Limits::default()).unwrap().body(), b"body");
    }

    #[test]
    fn a_stream_without_a_believable_length_is_lost() {
        for head in [
            "OPTIONS sip:a@b SIP/2.0\r\n\r\n",
            "A b SIP/2.0\r\nContent-Length: -1\r\n\r\n",
            "A b SIP/2.0\r\nl: 1\r\nContent-Length: 2\r\n\r\n",
            "A b SIP/2.0\r\nl: 99999999\r\n\r\n",
            "A b SIP/2.0\r\nl: 1\r\n 0\r\n\r\n",
        ] {
            let mut framer = Framer::new(Limits::default());
            framer.push(head.as_bytes());
            assert!(framer.next().is_err(), "{head}");
        }
    }
}
