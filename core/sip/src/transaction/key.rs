//! What a message is matched by (RFC 3261 §17.1.3, §17.2.3).

use std::fmt::Write;
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::message::Message;
use crate::method::Method;
use crate::writer::push_decimal;

/// §8.1.1.7: a branch that begins so is unique.
const COOKIE: &str = "z9hG4bK";

/// Does this branch identify a transaction by itself? The cookie with nothing behind it identifies none (RFC 4475 §3.2.1).
pub(crate) fn is_unique(branch: &str) -> bool {
    branch.strip_prefix(COOKIE).is_some_and(|rest| !rest.is_empty())
}

/// Writes the key of a server transaction: branch, sent-by and method, where ACK counts as INVITE; for RFC 2543 clients
/// what §17.2.3 names instead.
pub(super) fn server_key(key: &mut String, request: &Message<'_>, method: Method<'_>) -> Option<()> {
    let via = request.via().ok()?;
    let method = if method == Method::Ack { Method::Invite } else { method };
    key.clear();
    match via.branch() {
        Some(branch) if is_unique(branch) => {
            key.push_str(branch);
            key.push(' ');
            key.push_str(via.sent_by_str());
            key.push(' ');
            push_decimal(key, via.sent_by_port().unwrap_or(0)).ok()?;
            key.push(' ');
            key.push_str(method.as_str());
        }
        _ => {
            // The ACK's To tag is the response's, the INVITE's is none: it is left out for both.
            let from = request.from().ok()?;
            let uri = request.uri().ok()?;
            let _ = write!(
                key,
                "2543 {} {} {} {} {} {}",
                uri.as_str(),
                from.tag().unwrap_or_default(),
                request.call_id().ok()?,
                request.cseq().ok()?.number,
                via.as_str(),
                method.as_str()
            );
        }
    }
    Some(())
}

/// §8.2.2.2: what two copies of one request have in common that came by two ways. `None` inside a dialog.
pub(super) fn merge_key(request: &Message<'_>, method: Method<'_>) -> Option<u64> {
    if request.to().ok()?.tag().is_some() {
        return None;
    }
    let cseq = request.cseq().ok()?;
    let mut hasher = DefaultHasher::new();
    (request.call_id().ok()?, request.from().ok()?.tag(), cseq.number, method.as_str()).hash(&mut hasher);
    Some(hasher.finish())
}

/// Writes the key of a client transaction (§17.1.3): our own branch, and the method of CSeq, for a CANCEL shares its
/// INVITE's branch.
pub(super) fn client_key(key: &mut String, message: &Message<'_>) -> Option<()> {
    key.clear();
    key.push_str(message.cseq().ok()?.method.as_str());
    key.push(' ');
    key.push_str(message.via().ok()?.branch()?);
    Some(())
}
