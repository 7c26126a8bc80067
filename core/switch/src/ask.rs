//! What the exchange must be told. Each question has a ticket and a deadline; most are answered from memory at once.

use std::net::SocketAddr;
use std::time::Duration;

use crate::command::Target;
use crate::ids::{Aor, PortId, TenantId, UserId};
use crate::media::MediaPort;
use crate::policy::MediaPolicy;

/// A question of the exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// Which tenant owns this domain, does it know this source by address, and has it this user?
    Admission {
        /// The host of the Request-URI (INVITE …) or of the To header (REGISTER), lower case.
        domain: String,
        /// The user that the credentials name, or the From header's when there are none.
        user: String,
        /// Where the request came from.
        source: SocketAddr,
    },
    /// Where does this target lead?
    Resolve {
        /// Whose words these are.
        tenant: TenantId,
        /// The target.
        target: Target,
    },
    /// A pair of media ports to talk with this address.
    Port {
        /// The address that signalling came from: decides the family and which own address is shown.
        toward: SocketAddr,
        /// A port of the same call: the two will be connected, and are best kept together.
        beside: Option<PortId>,
    },
}

/// An answer. It must be of the kind of its question; another kind counts as none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// To [`Ask::Admission`]; `None` when no tenant owns the domain.
    Admission(Option<Box<Admission>>),
    /// To [`Ask::Resolve`].
    Resolve(Result<Vec<Destination>, Unresolved>),
    /// To [`Ask::Port`].
    Port(Result<MediaPort, NoPort>),
}

/// What is known of a domain and of one user in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admission {
    /// The owner of the domain.
    pub tenant: TenantId,
    /// The digest realm of all its users.
    pub realm: String,
    /// The name of the peer that this source address belongs to: its requests are not challenged.
    pub peer: Option<String>,
    /// The user; `None` when there is none of that name or it is disabled.
    pub account: Option<Account>,
    /// What the tenant permits.
    pub policy: TenantPolicy,
}

/// A user that may prove itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Minted by the store.
    pub id: UserId,
    /// The name in digest credentials and in the address of record.
    pub user: String,
    /// The name that called phones show.
    pub display_name: Option<String>,
    /// The extension (short number) that called phones show.
    pub extension: Option<String>,
    /// What is kept instead of the password.
    pub ha1: Ha1,
    /// What its media may be: its own wishes, and the tenant's where it has none.
    pub media: MediaPolicy,
}

/// H(user ":" realm ":" password) by three algorithms (RFC 7616 §3.4.2). All that is kept of a password.
#[derive(Clone, PartialEq, Eq)]
pub struct Ha1 {
    /// MD5.
    pub md5: [u8; 16],
    /// SHA-256.
    pub sha256: [u8; 32],
    /// SHA-512/256.
    pub sha512_256: [u8; 32],
}

impl Ha1 {
    /// The hashes of a password.
    #[must_use]
    pub fn of(user: &str, realm: &str, password: &str) -> Self {
        use sip::digest::{Algorithm, ha1};
        fn exactly<const N: usize>(bytes: &[u8]) -> [u8; N] {
            let mut array = [0; N];
            array.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
            array
        }
        Self {
            md5: exactly(&ha1(Algorithm::Md5, user, realm, password)),
            sha256: exactly(&ha1(Algorithm::Sha256, user, realm, password)),
            sha512_256: exactly(&ha1(Algorithm::Sha512_256, user, realm, password)),
        }
    }
}

impl std::fmt::Debug for Ha1 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ha1(…)")
    }
}

/// What a tenant permits its calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantPolicy {
    /// What happens to a caller when the tenant's application fails.
    pub fallback: Fallback,
    /// How many calls the tenant may have at once; `None` for no limit of its own.
    pub max_calls: Option<u32>,
    /// How long the built-in route rings.
    pub ring_time: Duration,
    /// What the media of callers without an account may be.
    pub media: MediaPolicy,
}

/// What happens to a caller whose application failed or that has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fallback {
    /// The built-in route: the dialled extension or user is rung.
    Extension,
    /// The caller is refused with this SIP status.
    Reject(u16),
}

/// Where a target leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// All contacts registered for it.
    Aor {
        /// Whose contacts.
        aor: Aor,
        /// What their media may be.
        media: MediaPolicy,
    },
    /// A peer outside, by URI; permitted by the tenant's policy.
    Uri(String),
}

/// Why a target leads nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unresolved {
    /// Nothing of that name.
    Unknown,
    /// Not for this tenant.
    Forbidden,
}

/// No media port was free.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoPort;
