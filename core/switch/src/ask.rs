//! What the exchange must be told. Each question has a ticket and a deadline; most are answered from memory at once.

use std::net::SocketAddr;
use std::time::Duration;

use sip::Transport;

use crate::command::{Outside, Target};
use crate::ids::{Aor, PortId, TenantId, TrunkId, UserId};
use crate::mailbox::{Lamp, NoLamp};
use crate::media::MediaPort;
use crate::number::{Number, NumberClass};
use crate::policy::MediaPolicy;
use crate::spending::{Purse, Rate};
use crate::trunk::Site;

/// A question of the exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// Which tenant owns this domain, does it know this source by address, and has it this user?
    Admission {
        /// The host of the Request-URI (INVITE …) or of the To header (REGISTER), lower case.
        domain: String,
        /// The user that the credentials name, or the From header's when there are none; the caller's number as a trunk
        /// gives it.
        user: String,
        /// Where the request came from.
        source: SocketAddr,
        /// The trunk that this source belongs to.
        trunk: Option<TrunkId>,
        /// Whom an INVITE is for: the user part of its Request-URI, then those of To and P-Called-Party-ID, by which some
        /// carriers name the number that was dialled.
        called: Vec<String>,
    },
    /// Where does this target lead?
    Resolve {
        /// Whose words these are.
        tenant: TenantId,
        /// The target.
        target: Target,
        /// For whom.
        asker: Box<Asker>,
    },
    /// Which addresses has this peer (RFC 3263)?
    Locate(Site),
    /// What does the lamp of a mailbox say, and may this user see it?
    Lamp {
        /// Whose mailbox.
        tenant: TenantId,
        /// The user who wants to know.
        user: String,
        /// What he named: a mailbox, himself or his extension, or the number by which voicemail is reached; the last three
        /// are his own.
        wanted: String,
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
    /// To [`Ask::Admission`].
    Admission(Result<Box<Admission>, NotAdmitted>),
    /// To [`Ask::Resolve`].
    Resolve(Result<Vec<Destination>, Unresolved>),
    /// To [`Ask::Port`].
    Port(Result<MediaPort, NoPort>),
    /// To [`Ask::Lamp`].
    Lamp(Result<Box<Lamp>, NoLamp>),
    /// To [`Ask::Locate`]: at least one address, in the order in which they are to be tried.
    Located(Result<Vec<(Transport, SocketAddr)>, Unlocated>),
}

/// Nobody here is meant: no tenant owns the domain, or the number that a carrier called. The status that says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAdmitted(pub u16);

/// A peer has no address: its name is unknown, or nobody could be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unlocated(pub String);

/// For whom a target is resolved: who pays for it, and whose number is shown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Asker {
    /// The user that called; `None` for a caller from outside, and for a call that the exchange began.
    pub user: Option<UserId>,
    /// The caller's number or name.
    pub caller: String,
    /// The caller came from outside: the number of ours that he called.
    pub dialled: Option<Number>,
    /// What the dial wants of the way outside.
    pub outside: Outside,
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
    /// It comes over a trunk, for a number of the tenant.
    pub inbound: Option<Inbound>,
    /// An emergency number is called: no limit of ours stands in its way, and no application is asked.
    pub emergency: bool,
}

/// A call that comes over a trunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inbound {
    /// The trunk.
    pub trunk: TrunkId,
    /// The number that was called.
    pub number: Number,
    /// The caller's number as the tenant's phones show it, and can call it back; empty when it is not known.
    pub caller: String,
    /// Who is rung without asking the tenant's dialplan.
    pub leads_to: Option<Target>,
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
    /// A number outside, by trunks; permitted by the tenant's and the user's grants. What it may cost is looked at when it
    /// is called.
    Outside(Box<Outbound>),
}

/// A way to a number outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outbound {
    /// Which number.
    pub number: Number,
    /// What kind of number that is for the caller. An emergency call is held back by no limit.
    pub class: NumberClass,
    /// The trunks that lead there, the best first.
    pub hops: Vec<Hop>,
    /// Who pays, beside the trunk.
    pub purses: Vec<Purse>,
    /// Where the caller is, for emergency calls.
    pub location: Option<Location>,
}

/// One trunk on the way to a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hop {
    /// The trunk.
    pub trunk: TrunkId,
    /// The called number, as this carrier wants it.
    pub callee: String,
    /// The caller's number, as this carrier wants it; `None` where none may be shown.
    pub caller: Option<String>,
    /// For whom the call was forwarded, as this carrier wants it (RFC 5806).
    pub diverted: Option<String>,
    /// What it costs; `None` where nobody has said.
    pub rate: Option<Rate>,
    /// What may go over the trunk.
    pub purse: Purse,
}

/// Where somebody is: a civic address (RFC 5139). What is not known is empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Location {
    /// ISO 3166-1, upper case.
    pub country: String,
    /// State or province (A1).
    pub region: String,
    /// City (A3).
    pub city: String,
    /// Postal code (PC).
    pub postcode: String,
    /// Street (RD).
    pub street: String,
    /// House number (HNO).
    pub house: String,
    /// Floor (FLR).
    pub floor: String,
    /// Room (ROOM).
    pub room: String,
    /// Name of the place or of who is there (NAM).
    pub name: String,
}

/// Why a target leads nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unresolved {
    /// Nothing of that name.
    Unknown,
    /// Not for this tenant or user.
    Forbidden,
    /// No number, or not all of it (RFC 3261 §21.4.22).
    Incomplete,
    /// A number to which no trunk leads.
    NoRoute,
}

/// No media port was free.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoPort;
