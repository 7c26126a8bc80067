//! Names of things. Every key says who minted it.

use std::fmt;

slotmap::new_key_type! {
    /// One call in this process. Minted by the switch; generation-checked, so a late command for an ended call finds nothing.
    pub struct CallId;
    /// One leg in this process. Minted by the switch.
    pub struct LegId;
    /// One question that the switch asked. Minted by the switch; answered at most once.
    pub struct Ticket;
}

/// A call's name for the outside: 96 random bits as 24 hex digits, unique across restarts. In CDRs, logs and the API.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallUid(pub [u8; 12]);

impl CallUid {
    /// Reads the 24 hex digits that [`Display`](fmt::Display) prints.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != 24 || !text.is_ascii() {
            return None;
        }
        let mut bytes = [0; 12];
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        Some(Self(bytes))
    }
}

impl fmt::Display for CallUid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for CallUid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A tenant. Minted by the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TenantId(pub i64);

/// A user of a tenant. Minted by the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UserId(pub i64);

/// A trunk: an agreement with a carrier. Minted by the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TrunkId(pub i64);

/// A gateway: one network peer of a carrier. Minted by the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GatewayId(pub i64);

/// A pair of media ports (RTP and RTCP). Minted by the media engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PortId(pub u64);

/// An address of record in its canonical form (RFC 3261 §10.3 step 5): the tenant stands for all of its domains, the
/// user part is unescaped and keeps its case.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Aor {
    /// Whose address.
    pub tenant: TenantId,
    /// The user part, unescaped.
    pub user: String,
}
