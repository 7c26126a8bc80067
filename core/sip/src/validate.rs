//! Is a message one that may be worked on? Apart from parsing, so that a bad request still gets its answer.

use crate::error::Error;
use crate::message::{Message, Start};
use crate::method::Method;
use crate::name::Name;
use crate::status::Status;
use crate::transaction::is_unique;
use crate::uri::Scheme;

/// Why a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// The status to send.
    pub status: Status,
    /// The fact behind it.
    pub error: Error,
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self { status: error.status(), error }
    }
}

/// Headers that may stand only once (§7.3.1, §20 table 2): two of them could mean two things to two readers.
const ONCE: &[Name] = &[
    Name::From,
    Name::To,
    Name::CallId,
    Name::CSeq,
    Name::MaxForwards,
    Name::ContentLength,
    Name::ContentType,
    Name::Expires,
    Name::ReferTo,
    Name::Replaces,
    Name::Event,
    Name::SessionExpires,
    Name::MinSe,
    Name::Rack,
    Name::Rseq,
    Name::SubscriptionState,
];

/// Checks what RFC 3261 §8.1.1 demands of every request, and §8.2.2.1 of its URI. A response is held to the same as far
/// as it applies.
///
/// # Errors
/// The status to send, and why.
pub fn validate(message: &Message<'_>) -> Result<(), Fault> {
    if let Some(flaw) = message.flaw() {
        return Err(flaw.into());
    }
    if let Some(name) = message.repeated(ONCE) {
        return Err(Error::Repeated(name.as_str()).into());
    }
    let mut vias = 0;
    for via in message.vias() {
        via?;
        vias += 1;
    }
    if vias == 0 {
        return Err(Error::Missing("Via").into());
    }
    // A sender of RFC 2543 has no tag (§12.1.1): From is not asked for one.
    message.from()?;
    message.to()?;
    message.call_id()?;
    let cseq = message.cseq()?;
    match message.start() {
        Start::Request { method, .. } => {
            // §8.1.1.5
            if cseq.method != method {
                return Err(Error::Value("CSeq").into());
            }
            request(message, method)
        }
        // §8.1.3.3: it went astray, or somebody wants it sent on to a third (RFC 4475 §3.3.10).
        Start::Response { .. } if vias > 1 => Err(Error::Repeated("Via").into()),
        Start::Response { .. } => Ok(()),
    }
}

fn request(message: &Message<'_>, method: Method<'_>) -> Result<(), Fault> {
    let uri = message.uri()?;
    // §8.2.2.1
    if uri.scheme() == Scheme::Other {
        return Err(Error::Scheme.into());
    }
    // §19.1.1: headers have no place in a Request-URI.
    if uri.headers().is_some() {
        return Err(Error::Uri.into());
    }
    message.max_forwards()?;
    message.expires()?;
    for contact in message.contacts() {
        contact?;
    }
    for route in message.routes().chain(message.record_routes()) {
        route?;
    }
    // §8.1.1.8: an INVITE says where it can be reached.
    if method == Method::Invite && !message.has(Name::Contact) && !is_rfc2543(message) {
        return Err(Error::Missing("Contact").into());
    }
    // §10.2: what is registered is a SIP or SIPS URI (RFC 4475 §3.3.4).
    if method == Method::Register && !matches!(message.to()?.uri().scheme(), Scheme::Sip | Scheme::Sips) {
        return Err(Error::Value("To").into());
    }
    // A body without a type cannot be understood (§20.15).
    if !message.body().is_empty() && !message.has(Name::ContentType) {
        return Err(Error::Missing("Content-Type").into());
    }
    Ok(())
}

/// Without the magic cookie, the sender follows RFC 2543 (§17.2.3).
fn is_rfc2543(message: &Message<'_>) -> bool {
    message.via().is_ok_and(|via| !via.branch().is_some_and(is_unique))
}
