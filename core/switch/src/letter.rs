//! What stands in an INVITE of ours about the caller and the callee.

use std::fmt;
use std::net::SocketAddr;

use crate::ask::Location;
use crate::call::ShownAs;

/// What a calling leg says of the caller and the callee.
pub(crate) struct Letter<'a> {
    /// From, without a tag.
    pub(crate) from: &'a dyn fmt::Display,
    /// To.
    pub(crate) to: &'a dyn fmt::Display,
    /// RFC 7332: copied from the other leg and decremented.
    pub(crate) max_forwards: u32,
    /// RFC 3323, passed on.
    pub(crate) privacy: Option<&'a str>,
    /// Further rows: name and value.
    pub(crate) rows: &'a [(&'static str, String)],
    /// Where the caller is, for who has to come there.
    pub(crate) location: Option<&'a Location>,
}

impl<'a> Letter<'a> {
    /// To a phone of ours or to a peer.
    pub(crate) fn plain(from: &'a dyn fmt::Display, to: &'a dyn fmt::Display, shown_as: &'a ShownAs) -> Self {
        Self {
            from,
            to,
            max_forwards: shown_as.max_forwards,
            privacy: shown_as.privacy.as_deref(),
            rows: &[],
            location: None,
        }
    }
}

/// The caller as the callee sees it, written anew: no name or host of leg A's own writing.
pub(crate) struct From<'a> {
    pub(crate) shown_as: &'a ShownAs,
    pub(crate) host: SocketAddr,
}

impl fmt::Display for From<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.shown_as.privacy.is_some() {
            // RFC 3323 §4.1.1.3
            return f.write_str("\"Anonymous\" <sip:anonymous@anonymous.invalid>");
        }
        if let Some(name) = &self.shown_as.name {
            write!(f, "\"")?;
            for c in name.chars() {
                if matches!(c, '"' | '\\') {
                    write!(f, "\\")?;
                }
                write!(f, "{c}")?;
            }
            write!(f, "\" ")?;
        }
        write!(f, "<sip:{}@{}>", Escaped(&self.shown_as.number), self.host)
    }
}

/// The callee: a whole URI, or a user of ours.
pub(crate) struct To<'a> {
    pub(crate) party: &'a str,
    pub(crate) host: SocketAddr,
}

impl fmt::Display for To<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.party.starts_with("sip:") || self.party.starts_with("sips:") {
            write!(f, "<{}>", self.party)
        } else {
            write!(f, "<sip:{}@{}>", Escaped(self.party), self.host)
        }
    }
}

/// A user part with everything escaped that may not stand there (RFC 3261 §25.1 `user`).
pub(crate) struct Escaped<'a>(pub(crate) &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in self.0.bytes() {
            if byte.is_ascii_alphanumeric() || b"-_.!~*'()&=+$,;?/".contains(&byte) {
                write!(f, "{}", char::from(byte))?;
            } else {
                write!(f, "%{byte:02X}")?;
            }
        }
        Ok(())
    }
}
