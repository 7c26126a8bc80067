//! Crossing to and from the types of the `rsip` crate, for programs that speak them.
//!
//! ```text
//! to_rsip(&Message)            → rsip::SipMessage
//! from_rsip(&rsip::SipMessage) → bytes, to be parsed
//! ```
//!
//! rsip takes some valid messages for something else: a dot in a user name ends it, a `<` in a quoted name begins an
//! address, every Via behind a comma is lost, a body is printed as text. So nothing crosses on trust. What is handed over
//! is canonical: long names, no folds, one value a row. Then it is read back, as text and through rsip's typed views of the
//! headers that decide where a message belongs, and refused when anything came out different. Only the reason phrase of a
//! response is not carried; nothing may depend on it (RFC 3261 §7.2).

use rsip::prelude::*;

use crate::address::{Contact, NameAddr};
use crate::error::Error;
use crate::lex;
use crate::limits::Limits;
use crate::message::{Message, Start, parse};
use crate::method::Method;
use crate::name::Name;
use crate::status::Status;
use crate::uri::{Host, Scheme, Uri};
use crate::validate::validate;
use crate::via::Via;
use crate::writer::Writer;

/// Why a message does not cross.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It is not valid on our side.
    #[error("the message is not valid: {0}")]
    Invalid(#[from] Error),
    /// rsip has no way to hold it: an unknown method, a URI that is neither `sip` nor `sips`.
    #[error("rsip cannot read the message")]
    Unreadable,
    /// It would arrive as something else.
    #[error("{0} would arrive as something else")]
    Altered(&'static str),
}

/// Headers whose lists are taken apart, a value a row (RFC 3261 §7.3.1): rsip's typed views see the first value only.
const LISTS: [Name; 5] = [Name::Via, Name::Contact, Name::Route, Name::RecordRoute, Name::Path];

/// A message as rsip's.
///
/// # Errors
/// When it is not valid, or rsip cannot carry it faithfully.
pub fn to_rsip(message: &Message<'_>) -> Result<rsip::SipMessage, Refusal> {
    validate(message).map_err(|fault| fault.error)?;
    let plain = canonical(message)?;
    let plain = parse(&plain, &roomy())?;
    let theirs = rsip::SipMessage::try_from(plain.bytes()).map_err(|_| Refusal::Unreadable)?;
    let back = from_rsip(&theirs)?;
    same(&plain, &parse(&back, &roomy())?)?;
    same_views(&plain, &theirs)?;
    Ok(theirs)
}

/// The bytes of rsip's message.
///
/// # Errors
/// When they would not be read as that message again: a line end in a value, a name that is none, another version of SIP.
pub fn from_rsip(theirs: &rsip::SipMessage) -> Result<Vec<u8>, Refusal> {
    if *theirs.version() != rsip::Version::V2 {
        return Err(Refusal::Altered("the version"));
    }
    let mut writer = match theirs {
        rsip::SipMessage::Request(request) => {
            if !request.uri.headers.is_empty() {
                return Err(Refusal::Altered("the Request-URI"));
            }
            Writer::request(Method::parse(&request.method.to_string()), &request.uri.to_string())
        }
        rsip::SipMessage::Response(response) => match &response.status_code {
            code if !(100..700).contains(&code.code()) => return Err(Refusal::Altered("the status")),
            rsip::StatusCode::Other(code, reason) => Writer::response_with_reason(Status(*code), reason),
            code => Writer::response(Status(code.code())),
        },
    };
    let mut rows = Vec::new();
    for header in theirs.headers().iter() {
        let text = header.to_string();
        let (name, value) = text.split_once(": ").ok_or(Refusal::Altered("a header"))?;
        if Name::parse(name) == Name::ContentLength {
            continue;
        }
        writer.named(name, value);
        rows.push((name.to_owned(), value.to_owned()));
    }
    let bytes = writer.untyped_body(theirs.body());
    check(&bytes, theirs, &rows)?;
    Ok(bytes)
}

/// Do the bytes say what rsip's message says?
fn check(bytes: &[u8], theirs: &rsip::SipMessage, rows: &[(String, String)]) -> Result<(), Refusal> {
    let message = parse(bytes, &roomy())?;
    if let Some(flaw) = message.flaw() {
        return Err(flaw.into());
    }
    match (message.start(), theirs) {
        (Start::Request { method, uri }, rsip::SipMessage::Request(request)) => {
            if method.as_str() != request.method.to_string() {
                return Err(Refusal::Altered("the method"));
            }
            if uri != request.uri.to_string() || !same_uri(message.uri()?, &request.uri) {
                return Err(Refusal::Altered("the Request-URI"));
            }
        }
        (Start::Response { status, .. }, rsip::SipMessage::Response(response))
            if status.0 == response.status_code.code() => {}
        _ => return Err(Refusal::Altered("the start line")),
    }
    let written = message.rows().filter(|row| row.name != Name::ContentLength);
    let same = |(row, (name, value)): (crate::Row<'_>, &(String, String))| {
        row.name_text == name && row.value() == lex::trim(value)
    };
    if message.rows().count() != rows.len() + 1 || !written.zip(rows).all(same) {
        return Err(Refusal::Altered("a header"));
    }
    if message.body() != theirs.body().as_slice() {
        return Err(Refusal::Altered("the body"));
    }
    Ok(())
}

/// What is written one value a row may have more rows than a peer may send.
fn roomy() -> Limits {
    Limits { message: usize::MAX, headers: usize::MAX, ..Limits::default() }
}

/// The message with long names, without folds, one value a row.
fn canonical(message: &Message<'_>) -> Result<Vec<u8>, Refusal> {
    let mut writer = match message.start() {
        Start::Request { method, uri } => Writer::request(method, uri),
        Start::Response { status, reason } => Writer::response_with_reason(status, reason),
    };
    for row in message.rows() {
        let value = row.value();
        match row.name {
            Name::ContentLength => {}
            Name::Other => {
                writer.named(row.name_text, value);
            }
            name if LISTS.contains(&name) => {
                for value in lex::List(Some(&value)) {
                    writer.header(name, value);
                }
            }
            name => {
                writer.header(name, value);
            }
        }
    }
    Ok(writer.untyped_body(message.body()))
}

/// The same message but for the reason phrase and the spelling of the Request-URI and of names?
fn same(one: &Message<'_>, two: &Message<'_>) -> Result<(), Refusal> {
    let start = match (one.start(), two.start()) {
        (Start::Request { method: a, .. }, Start::Request { method: b, .. }) => {
            a == b && one.uri()?.same_as(&two.uri()?)
        }
        (Start::Response { status: a, .. }, Start::Response { status: b, .. }) => a == b,
        _ => false,
    };
    if !start {
        return Err(Refusal::Altered("the start line"));
    }
    let rows = one.rows().zip(two.rows()).all(|(one, two)| {
        one.name == two.name && one.name_text.eq_ignore_ascii_case(two.name_text) && one.value() == two.value()
    });
    if !rows || one.rows().count() != two.rows().count() {
        return Err(Refusal::Altered("a header"));
    }
    if one.body() != two.body() {
        return Err(Refusal::Altered("the body"));
    }
    Ok(())
}

/// Do rsip's typed views say what ours say?
fn same_views(ours: &Message<'_>, theirs: &rsip::SipMessage) -> Result<(), Refusal> {
    let (mut vias, mut contacts) = (ours.vias(), ours.contacts());
    for header in theirs.headers().iter() {
        match header {
            rsip::Header::From(from) => {
                let from = from.typed().map_err(|_| Refusal::Altered("From"))?;
                same_address(ours.from()?, from.display_name.as_deref(), &from.uri, &from.params, "From")?;
            }
            rsip::Header::To(to) => {
                let to = to.typed().map_err(|_| Refusal::Altered("To"))?;
                same_address(ours.to()?, to.display_name.as_deref(), &to.uri, &to.params, "To")?;
            }
            rsip::Header::Contact(contact) => {
                if let Contact::Addr(ours) = contacts.next().ok_or(Refusal::Altered("Contact"))?? {
                    let contact = contact.typed().map_err(|_| Refusal::Altered("Contact"))?;
                    same_address(ours, contact.display_name.as_deref(), &contact.uri, &contact.params, "Contact")?;
                }
            }
            rsip::Header::Via(via) => {
                let via = via.typed().map_err(|_| Refusal::Altered("Via"))?;
                if !same_via(vias.next().ok_or(Refusal::Altered("Via"))??, &via) {
                    return Err(Refusal::Altered("Via"));
                }
            }
            rsip::Header::CSeq(cseq) => {
                let cseq = cseq.typed().map_err(|_| Refusal::Altered("CSeq"))?;
                let ours = ours.cseq()?;
                if cseq.seq != ours.number || cseq.method.to_string() != ours.method.as_str() {
                    return Err(Refusal::Altered("CSeq"));
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn same_address(
    ours: NameAddr<'_>,
    display: Option<&str>,
    uri: &rsip::Uri,
    params: &[rsip::Param],
    header: &'static str,
) -> Result<(), Refusal> {
    let display = display.map(lex::unquote).filter(|name| !name.is_empty());
    if display == ours.display() && same_uri(ours.uri(), uri) && same_params(ours.params(), params) {
        Ok(())
    } else {
        Err(Refusal::Altered(header))
    }
}

fn same_via(ours: Via<'_>, theirs: &rsip::typed::Via) -> bool {
    let transport = theirs.transport.to_string();
    transport.eq_ignore_ascii_case(ours.transport_str())
        && same_host(ours.sent_by_host(), theirs.uri.host())
        && ours.sent_by_port() == theirs.uri.port().map(|port| u16::from(*port))
        && same_params(ours.params(), &theirs.params)
}

fn same_uri(ours: Uri<'_>, theirs: &rsip::Uri) -> bool {
    let scheme = match ours.scheme() {
        Scheme::Sip => theirs.scheme == Some(rsip::Scheme::Sip),
        Scheme::Sips => theirs.scheme == Some(rsip::Scheme::Sips),
        Scheme::Tel | Scheme::Other => false,
    };
    scheme
        && ours.user() == theirs.user()
        && ours.password() == theirs.auth.as_ref().and_then(|auth| auth.password.as_deref())
        && same_host(ours.host(), theirs.host())
        && ours.port() == theirs.port().map(|port| u16::from(*port))
        && same_params(ours.params(), &theirs.params)
        && ours.headers().is_none()
}

fn same_host(ours: Host<'_>, theirs: &rsip::Host) -> bool {
    match (ours, theirs) {
        (Host::Name(name), rsip::Host::Domain(domain)) => name == domain.to_string(),
        (Host::V4(ours), rsip::Host::IpAddr(theirs)) => *theirs == ours,
        (Host::V6(ours), rsip::Host::IpAddr(theirs)) => *theirs == ours,
        _ => false,
    }
}

/// The same parameters in the same order; values of those that rsip knows may differ in case.
fn same_params(ours: lex::Params<'_>, theirs: &[rsip::Param]) -> bool {
    let text: String = theirs.iter().map(ToString::to_string).collect();
    let read: Vec<_> = lex::Params(text.strip_prefix(';').unwrap_or_default()).iter().collect();
    let same_value = |ours: Option<&str>, theirs: Option<&str>| match (ours, theirs) {
        (Some(ours), Some(theirs)) if theirs.starts_with('"') => ours == theirs,
        (Some(ours), Some(theirs)) => ours.eq_ignore_ascii_case(theirs),
        (ours, theirs) => ours == theirs,
    };
    ours.iter().count() == theirs.len()
        && read.len() == theirs.len()
        && ours
            .iter()
            .zip(read)
            .all(|(ours, theirs)| ours.0.eq_ignore_ascii_case(theirs.0) && same_value(ours.1, theirs.1))
}
