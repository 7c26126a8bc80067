//! Trunks: agreements with carriers, and the gateways by which each is reached. The words; what the exchange does with
//! them is in the files beside this one.

mod choosing;
mod errands;
mod health;
mod identity;
mod proof;
mod registering;
mod trunks;

use std::fmt;
use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use ipnet::IpNet;
use sip::Transport;

use crate::ask::Ha1;
use crate::ids::{GatewayId, TenantId, TrunkId};
use crate::policy::MediaPolicy;
use crate::spending::SpendingLimits;

pub(crate) use errands::Sought;
pub(crate) use identity::{Introduction, called_by, caller_of};
pub(crate) use proof::Proof;
pub(crate) use registering::{domain_of, host_of};
pub(crate) use trunks::{RegistrationKey, Trunks};

/// A trunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trunk {
    /// Minted by the store.
    pub id: TrunkId,
    /// Its name, unique in the exchange: letters, digits, `-`, `_`, `.`.
    pub name: String,
    /// Whose it is; `None` for one of the exchange's own, which every tenant may be given routes over.
    pub tenant: Option<TenantId>,
    /// Whether it is used at all.
    pub enabled: bool,
    /// By which peers the carrier is reached.
    pub gateways: Vec<Gateway>,
    /// In which order they are tried.
    pub choice: Choice,
    /// Who we are there.
    pub login: Option<Login>,
    /// We register there, so that it knows where we are.
    pub registration: Option<Registration>,
    /// Whether its gateways are asked if they live.
    pub probe: Option<Probe>,
    /// From where its calls come, beside the addresses of its gateways.
    pub sources: Vec<Source>,
    /// What its media may be.
    pub media: MediaPolicy,
    /// In which form keys are told to it.
    pub keys: KeyForm,
    /// How numbers are written for it.
    pub numbers: NumberForm,
    /// What it is told of callers, and what it is believed of them.
    pub identity: Identity,
    /// Session timers towards it (RFC 4028).
    pub timer: SessionTimer,
    /// What a caller hears before the callee there answers.
    pub early: EarlyMedia,
    /// Whether provisional answers are acknowledged (RFC 3262).
    pub reliable: Reliable,
    /// How long a gateway may say nothing at all to an INVITE before the next is tried.
    pub patience: Duration,
    /// What the carrier is told of a number that nobody here owns: 404 for most, 603 or 480 for some.
    pub unknown_number: u16,
    /// Fax (T.38) is carried.
    pub fax: bool,
    /// What may go over it, whoever calls. `day_ends` of its purse is by its tenant's time, else by UTC.
    pub limits: SpendingLimits,
}

impl Trunk {
    /// One with a single gateway, and everything else as most carriers want it.
    #[must_use]
    pub fn named(id: TrunkId, name: &str) -> Self {
        Self {
            id,
            name: name.to_owned(),
            tenant: None,
            enabled: true,
            gateways: Vec::new(),
            choice: Choice::default(),
            login: None,
            registration: None,
            probe: None,
            sources: Vec::new(),
            media: MediaPolicy::default(),
            keys: KeyForm::default(),
            numbers: NumberForm::default(),
            identity: Identity::default(),
            timer: SessionTimer::default(),
            early: EarlyMedia::default(),
            reliable: Reliable::default(),
            patience: Duration::from_secs(6),
            unknown_number: 404,
            fax: true,
            limits: SpendingLimits::default(),
        }
    }
}

/// One network peer of a carrier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gateway {
    /// Minted by the store.
    pub id: GatewayId,
    /// Its name, unique in its trunk.
    pub name: String,
    /// Where it is.
    pub site: Site,
    /// Lower ones are tried first.
    pub priority: u16,
    /// Its share among those of the same priority.
    pub weight: u16,
    /// What the operator says of it.
    pub rule: GatewayRule,
    /// How many calls it takes at once.
    pub max_calls: Option<u32>,
}

/// Where a peer is, to be looked up by RFC 3263.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Site {
    /// A name or an address, without brackets, in lower case.
    pub host: String,
    /// Named: no SRV records are looked for (§4.2).
    pub port: Option<u16>,
    /// Named: no NAPTR records are looked for (§4.1).
    pub transport: Option<Transport>,
}

/// As in a URI: `carrier.example`, `[2001:db8::1]:5061;transport=tls`.
impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]", self.host)?;
        } else {
            f.write_str(&self.host)?;
        }
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        if let Some(transport) = self.transport {
            write!(f, ";transport={}", transport.as_str().to_ascii_lowercase())?;
        }
        Ok(())
    }
}

/// What an operator says of a gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum GatewayRule {
    /// It is used while it lives.
    #[default]
    Auto,
    /// It is used whether it seems to live or not.
    Active,
    /// It gets no new calls; those that are up go on.
    Inactive,
}

/// In which order the gateways of a trunk are tried. Those of a lower priority always come before those of a higher; the
/// choice is among equals. Whoever is not alive comes last.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Choice {
    /// As they are listed.
    #[default]
    Listed,
    /// By chance, in proportion to their weights.
    Weight,
    /// The next one each time.
    RoundRobin,
    /// By chance.
    Random,
    /// The one with the fewest calls for its weight.
    LeastLoaded,
    /// The same for the same value, as long as it lives; the others' calls stay where they are when one dies.
    Hash(HashOver),
}

/// Over what a choice by hash is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HashOver {
    /// The caller's own Call-ID.
    CallId,
    /// The caller's number.
    Caller,
    /// The callee's number.
    Callee,
    /// The value of this header of the caller's INVITE.
    Header(String),
}

/// Who we are at a carrier. The password is kept as digest hashes, so the realm must be known: our credentials are for
/// it alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// The name in digest credentials.
    pub user: String,
    /// The one realm whose challenges are answered.
    pub realm: String,
    /// What is kept of the password.
    pub ha1: Ha1,
}

/// How we register at a carrier. Its gateways are the servers, in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    /// The user of the address of record, often a number.
    pub user: String,
    /// The domain of the address of record; the gateway's host when `None`.
    pub domain: Option<String>,
    /// For how long at a time.
    pub expires: Duration,
}

/// How gateways are asked whether they live (OPTIONS, RFC 3261 §11).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// From one question to the next.
    pub interval: Duration,
    /// So many without an answer that counts, and it is dead.
    pub down: u32,
    /// So many with one, and it lives again.
    pub up: u32,
    /// Which final answers count as alive; any when empty.
    pub alive: Vec<u16>,
}

impl Default for Probe {
    fn default() -> Self {
        Self { interval: Duration::from_secs(30), down: 2, up: 1, alive: Vec::new() }
    }
}

/// From where calls of a trunk come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The network.
    pub net: IpNet,
    /// Only from this port.
    pub port: Option<u16>,
    /// Only over this transport.
    pub transport: Option<Transport>,
    /// Only over TLS with a certificate for this name that an authority of ours has signed.
    pub certificate: Option<String>,
}

/// How a registration at a carrier stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Registered {
    /// None is wanted.
    Unwanted,
    /// It was asked for, and not answered yet.
    Trying,
    /// It stands.
    Until(SystemTime),
    /// It failed, and will be tried again then.
    Failed {
        /// The status that the carrier gave; 408 where it said nothing, 503 where it could not be reached.
        status: u16,
        /// What is to be done about it, for people.
        why: String,
        /// When it is tried again.
        again: SystemTime,
    },
}

/// Whether a gateway lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GatewayState {
    /// It answers, or nobody has asked.
    Active,
    /// It does not answer, or says that it takes no calls.
    Inactive,
    /// It did not answer, or has answered again, but not so often that it counts.
    Probing,
}

impl GatewayState {
    /// Its name in events, metrics and the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Inactive => "inactive",
            Self::Probing => "probing",
        }
    }
}

/// How a trunk stands now, for operators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrunkView {
    /// Which.
    pub id: TrunkId,
    /// Whether we are registered.
    pub registered: Registered,
    /// Calls over it now, of both directions.
    pub calls: u32,
    /// Its gateways, in the order of their listing.
    pub gateways: Vec<GatewayView>,
}

/// How a gateway stands now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatewayView {
    /// Which.
    pub id: GatewayId,
    /// Whether it lives.
    pub state: GatewayState,
    /// Calls by it now.
    pub calls: u32,
    /// The addresses that it was found at last.
    pub addresses: Vec<(Transport, SocketAddr)>,
    /// How long its last answer to a question took.
    pub round_trip: Option<Duration>,
    /// It takes no calls until then: it said so (503 with Retry-After), or failed.
    pub rests_until: Option<SystemTime>,
}

/// In which form keys are told to the far end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KeyForm {
    /// As RTP events where they were agreed on, else as tones.
    #[default]
    Auto,
    /// By SIP INFO.
    Info,
    /// As tones in the sound.
    Tones,
}

/// How a carrier wants numbers written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberForm {
    /// Numbers of the world.
    pub style: NumberStyle,
    /// Put before the called number, as a carrier's access code.
    pub prefix: String,
}

impl Default for NumberForm {
    fn default() -> Self {
        Self { style: NumberStyle::Plus, prefix: String::new() }
    }
}

/// How a number of the world is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NumberStyle {
    /// `+4930123456`
    Plus,
    /// `4930123456`
    Digits,
    /// `004930123456`, whatever the prefix is.
    International(String),
    /// As it is dialled in this country: `030123456`, and `004412…` for others.
    National {
        /// ISO 3166-1, upper case.
        country: String,
    },
}

/// What a carrier is told of callers, and what it is believed of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// What stands in From.
    pub from: FromForm,
    /// How the caller is asserted.
    pub assert: Assert,
    /// Whether Diversion (RFC 5806) tells for whom a call was forwarded.
    pub diversion: bool,
    /// What becomes of a caller that wants to be private (RFC 3323).
    pub privacy: PrivacyForm,
    /// Its P-Asserted-Identity is believed, and it is told that of private callers (RFC 3325 §5, §7).
    pub trusted: bool,
    /// A call that is forwarded from outside may show its first caller's number, which is not ours.
    pub foreign: bool,
}

impl Default for Identity {
    fn default() -> Self {
        Self {
            from: FromForm::Number,
            assert: Assert::Asserted,
            diversion: true,
            privacy: PrivacyForm::Header,
            trusted: false,
            foreign: false,
        }
    }
}

/// What stands in From towards a carrier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FromForm {
    /// The caller's number.
    #[default]
    Number,
    /// The user of the login; the number stands in the assertion.
    Login,
}

/// How the caller's number is asserted to a carrier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Assert {
    /// Not at all.
    None,
    /// P-Asserted-Identity (RFC 3325).
    #[default]
    Asserted,
    /// P-Preferred-Identity (RFC 3325 §9.2).
    Preferred,
    /// Remote-Party-ID, which never became an RFC.
    RemoteParty,
}

/// What becomes of privacy towards a carrier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PrivacyForm {
    /// From is anonymous, and `Privacy: id` asks the carrier to keep the asserted number to itself.
    #[default]
    Header,
    /// From is anonymous, and no number is told at all.
    Withheld,
    /// The caller is shown: the carrier takes no anonymous calls.
    Ignored,
}

/// Session timers (RFC 4028): a call whose far end is gone is noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionTimer {
    /// What is asked for; `None`: not asked for, and taken when the far end asks.
    pub expires: Option<Duration>,
    /// The shortest that is accepted.
    pub least: Duration,
}

impl SessionTimer {
    /// Not asked for, and taken when the far end asks.
    #[must_use]
    pub fn passive() -> Self {
        Self { expires: None, ..Self::default() }
    }
}

impl Default for SessionTimer {
    fn default() -> Self {
        Self { expires: Some(Duration::from_secs(1800)), least: Duration::from_secs(90) }
    }
}

/// What a caller hears before the callee answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EarlyMedia {
    /// What the carrier sends.
    #[default]
    Passed,
    /// The ring-back tone of his own phone: nothing that the carrier sends before the answer is passed on.
    Replaced,
}

/// Whether provisional answers are acknowledged (RFC 3262).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reliable {
    /// We do not say that we can.
    Off,
    /// We say that we can.
    #[default]
    Supported,
    /// We insist.
    Required,
}
