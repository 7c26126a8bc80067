//! A message: a start line, an index of its header rows, a body. Values stay undecoded until somebody asks.

use std::borrow::Cow;

use crate::address::{Contact, NameAddr};
use crate::auth::{Challenge, Credentials};
use crate::error::Error;
use crate::index::{Index, Place, index};
use crate::lex::{self, List};
use crate::limits::Limits;
use crate::method::Method;
use crate::name::Name;
use crate::status::Status;
use crate::uri::Uri;
use crate::via::Via;

/// A message, borrowed from the bytes it came in. One allocation: the index.
#[derive(Debug, Clone)]
pub struct Message<'a> {
    bytes: &'a [u8],
    /// The text before the body: start line and header rows.
    head: &'a str,
    start: Start<'a>,
    index: Index,
    body: &'a [u8],
    flaw: Option<Error>,
}

/// A start line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start<'a> {
    /// RFC 3261 §7.1
    Request {
        /// The method.
        method: Method<'a>,
        /// The Request-URI as it stands.
        uri: &'a str,
    },
    /// §7.2
    Response {
        /// The code.
        status: Status,
        /// The reason phrase as it stands.
        reason: &'a str,
    },
}

/// One header row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row<'a> {
    /// What it is.
    pub name: Name,
    /// The name as it stands.
    pub name_text: &'a str,
    /// The value as it stands, with its folds.
    pub raw: &'a str,
}

impl<'a> Row<'a> {
    /// The value on one line, without white space around it (§7.3.1).
    #[must_use]
    pub fn value(&self) -> Cow<'a, str> {
        unfold(self.raw)
    }
}

/// CSeq (§20.16).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CSeq<'a> {
    /// Below 2³¹.
    pub number: u32,
    /// The method of the request.
    pub method: Method<'a>,
}

/// Reads one message: a whole datagram, or what a [`Framer`](crate::Framer) gave.
///
/// What can still be answered is read in spite of its faults; [`validate`](crate::validate) says which.
///
/// # Errors
/// When it is past a limit, ends before its headers do, or has no start line that could be answered.
pub fn parse<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Message<'a>, Error> {
    if bytes.len() > limits.message {
        return Err(Error::MessageTooLong);
    }
    // §7.5: empty lines before a start line are ignored.
    let skipped = bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    let bytes = bytes.get(skipped..).unwrap_or_default();
    let head_end = memchr::memmem::find(bytes, b"\r\n\r\n").ok_or(Error::Truncated)?;
    let (head, rest) = bytes.split_at(head_end + 2);
    let head = std::str::from_utf8(head).map_err(|_| Error::NotText)?;
    let mut flaw = None;
    let (line_end, line_plain) = line_end(head.as_bytes()).ok_or(Error::StartLine)?;
    if !line_plain {
        flaw = Some(Error::NotText);
    }
    let start = start_line(head.get(..line_end).unwrap_or_default(), &mut flaw)?;
    let (index, vias) = index(head, line_end + 2, limits, &mut flaw)?;
    let mut message = Message { bytes, head, start, index, body: rest.get(2..).unwrap_or_default(), flaw };
    // An answer repeats every Via as a row of its own: a row of bare commas must not become a flood of them.
    if vias > limits.vias && message.tokens(Name::Via).count() > limits.vias {
        return Err(Error::TooManyVias);
    }
    message.cut_body();
    Ok(message)
}

/// The first CRLF, and whether no other CR, LF or NUL stands before it.
fn line_end(bytes: &[u8]) -> Option<(usize, bool)> {
    let (mut at, mut plain) = (0, true);
    loop {
        at += memchr::memchr3(b'\r', b'\n', 0, bytes.get(at..)?)?;
        if let Some([b'\r', b'\n']) = bytes.get(at..at + 2) {
            return Some((at, plain));
        }
        plain = false;
        at += 1;
    }
}

fn start_line<'a>(line: &'a str, flaw: &mut Option<Error>) -> Result<Start<'a>, Error> {
    if line.len() >= 4 && line.get(..4).is_some_and(|name| name.eq_ignore_ascii_case("SIP/")) {
        return status_line(line, flaw);
    }
    let (method, rest) = lex::cut(line, b' ').ok_or(Error::StartLine)?;
    let at = memchr::memrchr(b' ', rest.as_bytes()).ok_or(Error::StartLine)?;
    let (uri, version) = (rest.get(..at).unwrap_or_default(), rest.get(at + 1..).unwrap_or_default());
    if !lex::is_token(method) || !version.get(..4).is_none_or(|name| name.eq_ignore_ascii_case("SIP/")) {
        return Err(Error::StartLine);
    }
    if uri.is_empty() || lex::has_either(uri, b' ', b'\t') || version.is_empty() {
        flaw.get_or_insert(Error::StartLine);
    } else if !version.eq_ignore_ascii_case("SIP/2.0") {
        flaw.get_or_insert(Error::Version);
    }
    Ok(Start::Request { method: Method::parse(method), uri })
}

fn status_line<'a>(line: &'a str, flaw: &mut Option<Error>) -> Result<Start<'a>, Error> {
    let (version, rest) = line.split_once(' ').ok_or(Error::StartLine)?;
    let (code, reason) = rest.split_once(' ').unwrap_or((rest, ""));
    let known = code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_digit());
    let code: u16 = known.then(|| code.parse().ok()).flatten().ok_or(Error::StartLine)?;
    if !(100..700).contains(&code) {
        return Err(Error::StartLine);
    }
    if !version.eq_ignore_ascii_case("SIP/2.0") {
        flaw.get_or_insert(Error::Version);
    }
    Ok(Start::Response { status: Status(code), reason })
}

/// One line out of several: every fold becomes one space.
pub(crate) fn unfold(raw: &str) -> Cow<'_, str> {
    let value = lex::trim(raw);
    if !lex::has_either(value, b'\r', b'\n') {
        return value.into();
    }
    let mut plain = String::with_capacity(value.len());
    for line in value.split(['\r', '\n']).map(|line| line.trim_matches([' ', '\t'])).filter(|line| !line.is_empty()) {
        if !plain.is_empty() {
            plain.push(' ');
        }
        plain.push_str(line);
    }
    plain.into()
}

impl<'a> Message<'a> {
    /// §18.3: Content-Length rules where it stands; without it, a datagram's body goes to its end.
    fn cut_body(&mut self) {
        let mut length = None;
        let believed =
            self.rows_of(Name::ContentLength).all(|row| match lex::number(lex::trim(row), "Content-Length") {
                Ok(number) => *length.get_or_insert(number) == number,
                Err(_) => false,
            });
        if !believed {
            self.flaw.get_or_insert(Error::ContentLength);
            return;
        }
        if let Some(length) = length {
            match self.body.get(..length as usize) {
                Some(body) => self.body = body,
                None => {
                    self.flaw.get_or_insert(Error::ContentLength);
                }
            }
        }
    }

    /// The first fault of the whole, which is not that of a single value.
    pub(crate) fn flaw(&self) -> Option<Error> {
        self.flaw
    }

    /// The bytes of the message.
    #[must_use]
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// A copy of the start line and the headers, which parses again.
    pub(crate) fn head_alone(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.head.len() + 2);
        bytes.extend_from_slice(self.head.as_bytes());
        bytes.extend_from_slice(b"\r\n");
        bytes
    }

    /// The body.
    #[must_use]
    pub fn body(&self) -> &'a [u8] {
        self.body
    }

    /// The start line.
    #[must_use]
    pub fn start(&self) -> Start<'a> {
        self.start
    }

    /// A request, or a response?
    #[must_use]
    pub fn is_request(&self) -> bool {
        matches!(self.start, Start::Request { .. })
    }

    /// The method of a request.
    #[must_use]
    pub fn method(&self) -> Option<Method<'a>> {
        match self.start {
            Start::Request { method, .. } => Some(method),
            Start::Response { .. } => None,
        }
    }

    /// The code of a response.
    #[must_use]
    pub fn status(&self) -> Option<Status> {
        match self.start {
            Start::Request { .. } => None,
            Start::Response { status, .. } => Some(status),
        }
    }

    /// The Request-URI.
    ///
    /// # Errors
    /// When it is malformed, or the message is a response.
    pub fn uri(&self) -> Result<Uri<'a>, Error> {
        match self.start {
            Start::Request { uri, .. } => Uri::parse(uri),
            Start::Response { .. } => Err(Error::StartLine),
        }
    }

    fn row(&self, place: &Place) -> Row<'a> {
        let part = |from: u32, to: u32| self.head.get(from as usize..to as usize).unwrap_or_default();
        Row { name: place.name, name_text: part(place.start, place.name_end), raw: part(place.value, place.end) }
    }

    /// Every header row in order.
    pub fn rows(&self) -> impl Iterator<Item = Row<'a>> + '_ {
        self.index.rows().map(|place| self.row(place))
    }

    /// The raw values of all rows of a name.
    fn rows_of(&self, name: Name) -> impl Iterator<Item = &'a str> + Clone + use<'a, '_> {
        self.raw_rows(name).map(|(raw, _)| raw)
    }

    /// The same, and whether each is on one line and without control characters that a writer would have to mend.
    pub(crate) fn raw_rows(&self, name: Name) -> impl Iterator<Item = (&'a str, bool)> + Clone + use<'a, '_> {
        let head = self.head;
        self.index
            .of(name)
            .map(move |row| (head.get(row.value as usize..row.end as usize).unwrap_or_default(), row.plain))
    }

    /// The first of these names that stands in more than one row.
    pub(crate) fn repeated(&self, names: &[Name]) -> Option<Name> {
        self.index.repeated(names)
    }

    /// A row of that name is there.
    pub(crate) fn has(&self, name: Name) -> bool {
        self.index.has(name)
    }

    /// The value of the first row of a name.
    #[must_use]
    pub fn value(&self, name: Name) -> Option<Cow<'a, str>> {
        self.rows_of(name).next().map(unfold)
    }

    /// The value of the first row of a name that has no [`Name`].
    #[must_use]
    pub fn other(&self, name: &str) -> Option<Cow<'a, str>> {
        self.rows().find(|row| row.name_text.eq_ignore_ascii_case(name)).map(|row| row.value())
    }

    /// The values of a comma list over all rows of a name (§7.3.1).
    pub fn tokens(&self, name: Name) -> impl Iterator<Item = &'a str> + use<'a, '_> {
        self.rows_of(name).flat_map(|row| List(Some(row)))
    }

    pub(crate) fn one(&self, name: Name) -> Result<&'a str, Error> {
        self.rows_of(name).next().map(lex::trim).ok_or(Error::Missing(name.as_str()))
    }

    /// The topmost Via.
    ///
    /// # Errors
    /// When it is missing or malformed.
    pub fn via(&self) -> Result<Via<'a>, Error> {
        self.vias().next().unwrap_or(Err(Error::Missing("Via")))
    }

    /// All Via values, the topmost first.
    pub fn vias(&self) -> impl Iterator<Item = Result<Via<'a>, Error>> + use<'a, '_> {
        self.tokens(Name::Via).map(Via::parse)
    }

    /// From.
    ///
    /// # Errors
    /// When it is missing or malformed.
    pub fn from(&self) -> Result<NameAddr<'a>, Error> {
        NameAddr::parse(self.one(Name::From)?, "From")
    }

    /// To.
    ///
    /// # Errors
    /// When it is missing or malformed.
    pub fn to(&self) -> Result<NameAddr<'a>, Error> {
        NameAddr::parse(self.one(Name::To)?, "To")
    }

    /// Call-ID.
    ///
    /// # Errors
    /// When it is missing or malformed.
    pub fn call_id(&self) -> Result<&'a str, Error> {
        let value = self.one(Name::CallId)?;
        // §25.1 `word`: no white space, no comma, no control.
        let word = |byte: u8| {
            byte.is_ascii_graphic() && !matches!(byte, b',' | b';' | b'=' | b'&' | b'$' | b'#' | b'^' | b'|')
        };
        if value.is_empty() || !value.bytes().all(word) { Err(Error::Value("Call-ID")) } else { Ok(value) }
    }

    /// CSeq.
    ///
    /// # Errors
    /// When it is missing, malformed, or 2³¹ or more (§8.1.1.5).
    pub fn cseq(&self) -> Result<CSeq<'a>, Error> {
        let value = self.one(Name::CSeq)?;
        let space = value.find(lex::is_space).ok_or(Error::Value("CSeq"))?;
        let (number, method) = value.split_at_checked(space).ok_or(Error::Value("CSeq"))?;
        let number = lex::number(number, "CSeq")?;
        let method = lex::trim(method);
        if number >= 1 << 31 {
            return Err(Error::Range("CSeq"));
        }
        if !lex::is_token(method) {
            return Err(Error::Value("CSeq"));
        }
        Ok(CSeq { number, method: Method::parse(method) })
    }

    /// All Contact values.
    pub fn contacts(&self) -> impl Iterator<Item = Result<Contact<'a>, Error>> + use<'a, '_> {
        self.tokens(Name::Contact).map(Contact::parse)
    }

    /// All values of a header of name-addrs: Route, Record-Route, Path, P-Asserted-Identity …
    pub fn addresses(&self, name: Name) -> impl Iterator<Item = Result<NameAddr<'a>, Error>> + use<'a, '_> {
        self.tokens(name).map(move |value| NameAddr::parse(value, name.as_str()))
    }

    /// All Route values.
    pub fn routes(&self) -> impl Iterator<Item = Result<NameAddr<'a>, Error>> + use<'a, '_> {
        self.addresses(Name::Route)
    }

    /// All Record-Route values.
    pub fn record_routes(&self) -> impl Iterator<Item = Result<NameAddr<'a>, Error>> + use<'a, '_> {
        self.addresses(Name::RecordRoute)
    }

    pub(crate) fn number(&self, name: Name) -> Result<Option<u32>, Error> {
        self.rows_of(name).next().map(|value| lex::number(lex::trim(value), name.as_str())).transpose()
    }

    /// Max-Forwards.
    ///
    /// # Errors
    /// When it is malformed.
    pub fn max_forwards(&self) -> Result<Option<u32>, Error> {
        match self.number(Name::MaxForwards)? {
            // §20.22
            Some(number) if number > 255 => Err(Error::Range("Max-Forwards")),
            number => Ok(number),
        }
    }

    /// Expires, in seconds; what is above 2³² - 1 is taken for that (§20.19).
    ///
    /// # Errors
    /// When it is no number.
    pub fn expires(&self) -> Result<Option<u32>, Error> {
        match self.number(Name::Expires) {
            Err(Error::Range(_)) => Ok(Some(u32::MAX)),
            expires => expires,
        }
    }

    /// Min-Expires, in seconds.
    ///
    /// # Errors
    /// When it is malformed.
    pub fn min_expires(&self) -> Result<Option<u32>, Error> {
        self.number(Name::MinExpires)
    }

    /// Content-Type.
    #[must_use]
    pub fn content_type(&self) -> Option<Cow<'a, str>> {
        self.value(Name::ContentType)
    }

    /// The digest credentials in `Authorization` or `Proxy-Authorization`; what cannot be read is passed over.
    pub fn credentials(&self, name: Name) -> impl Iterator<Item = Credentials<'a>> + use<'a, '_> {
        self.rows_of(name).filter_map(Credentials::parse)
    }

    /// The digest challenges in `WWW-Authenticate` or `Proxy-Authenticate`; what cannot be read is passed over.
    pub fn challenges(&self, name: Name) -> impl Iterator<Item = Challenge<'a>> + use<'a, '_> {
        self.rows_of(name).filter_map(Challenge::parse)
    }
}
