//! What must be kept: call records and bindings. Written in batches by one writer, never on the path of an INVITE.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, SystemTime};

use crate::audio::{RecordingFormat, RecordingLayout};
use crate::command::Label;
use crate::event::{Cause, Side};
use crate::ids::{Aor, CallUid, GatewayId, TenantId, TrunkId, UserId};
use crate::media::MediaStats;
use crate::number::{Number, NumberClass};
use crate::spending::{Limit, Money, Payer, Rate};
use crate::trunk::{GatewayState, Registered};

/// Something to keep.
#[derive(Debug, Clone, PartialEq)]
#[allow(clippy::large_enum_variant, reason = "most are of the larger kind")]
pub enum Record {
    /// A call has ended.
    Cdr(Box<Cdr>),
    /// A registration changed.
    Binding(BindingChange),
    /// A recording has begun, or is over.
    Recording(Box<KeptRecording>),
    /// Somebody wants to be told of something, or no longer.
    Subscription(SubscriptionChange),
}

/// A recording, as it is listed and looked up. Told twice: when it begins, and when it is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptRecording {
    /// Whose.
    pub tenant: TenantId,
    /// Its name in the tenant.
    pub name: String,
    /// The call that it is of.
    pub call: Option<CallUid>,
    /// What it is of.
    pub kind: RecordingKind,
    /// When it began.
    pub started: SystemTime,
    /// Which kind of file.
    pub format: RecordingFormat,
    /// What became of the sides.
    pub layout: RecordingLayout,
    /// What came of it; `None` while it goes on.
    pub end: Option<RecordingEnd>,
}

/// What came of a recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordingEnd {
    /// How long it is.
    pub length: Duration,
    /// How many bytes its file has; 0: there is none.
    pub bytes: u64,
    /// Why it ended early, if it did.
    pub fault: Option<String>,
}

/// What is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RecordingKind {
    /// What a caller said to an application.
    Message,
    /// A call as a whole.
    Call,
    /// A conference.
    Room,
}

impl RecordingKind {
    /// Its name in records, metrics and the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Call => "call",
            Self::Room => "room",
        }
    }
}

/// One call, as billed and looked up afterwards. Exactly one per call.
#[derive(Debug, Clone, PartialEq)]
pub struct Cdr {
    /// The call's name for the outside.
    pub uid: CallUid,
    /// Whose call.
    pub tenant: TenantId,
    /// Where it came from and went to.
    pub direction: CallDirection,
    /// The user that proved to be the caller.
    pub user: Option<UserId>,
    /// The caller's number or name.
    pub caller: String,
    /// The display name that the caller gave.
    pub caller_name: Option<String>,
    /// What was dialled.
    pub callee: String,
    /// Who answered, as an address of record's user or a URI.
    pub answered_by: Option<String>,
    /// When the INVITE came.
    pub arrived: SystemTime,
    /// When a phone first rang.
    pub ringing: Option<SystemTime>,
    /// When the caller was answered.
    pub answered: Option<SystemTime>,
    /// When it was over.
    pub ended: SystemTime,
    /// What became of it.
    pub disposition: Disposition,
    /// Why it ended, by Q.850.
    pub cause: Cause,
    /// The final SIP status that the caller got.
    pub status: u16,
    /// Who ended it.
    pub by: Side,
    /// The application that held the call, with its version's hash.
    pub application: Option<Label>,
    /// Why the tenant's fallback served the caller, if it did.
    pub fallback: Option<String>,
    /// The trunk that it came over.
    pub came_over: Option<TrunkId>,
    /// What was charged for the leg outside that was answered.
    pub charge: Option<Charge>,
    /// Every leg, the caller's first.
    pub legs: Vec<LegRecord>,
}

/// What is charged for a call to a number outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charge {
    /// By which trunk.
    pub trunk: TrunkId,
    /// Which number.
    pub number: Number,
    /// What kind of number that is for the caller.
    pub class: NumberClass,
    /// At which rate; `None` where nobody has said.
    pub rate: Option<Rate>,
    /// So many seconds.
    pub seconds: u64,
    /// What they cost.
    pub cost: Money,
    /// Who paid, beside the trunk.
    pub user: Option<UserId>,
}

/// Where a call came from and went to, as seen from the tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CallDirection {
    /// A user of the tenant called, and nobody outside was called for it.
    Internal,
    /// A peer outside called, whoever answered.
    Inbound,
    /// A user of the tenant called, and a peer outside was called for it.
    Outbound,
    /// Nobody called: the exchange began it, as for somebody who is called into a room.
    Originated,
}

impl CallDirection {
    /// Its name in records and the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Internal => "internal",
            Self::Inbound => "inbound",
            Self::Outbound => "outbound",
            Self::Originated => "originated",
        }
    }
}

/// What became of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    /// It was answered.
    Answered,
    /// It rang and nobody took it.
    NoAnswer,
    /// The callee was busy.
    Busy,
    /// The callee or the dialplan refused it.
    Rejected,
    /// The caller gave up.
    Cancelled,
    /// It could not be set up.
    Failed,
}

impl Disposition {
    /// Its name in records, metrics and the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::NoAnswer => "no-answer",
            Self::Busy => "busy",
            Self::Rejected => "rejected",
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
        }
    }
}

/// One leg of a call.
#[derive(Debug, Clone, PartialEq)]
pub struct LegRecord {
    /// Who began it.
    pub direction: Direction,
    /// The address of record's user or the URI at its far end.
    pub party: String,
    /// Its SIP Call-ID.
    pub sip_call_id: String,
    /// The gateway that it went by, or came from.
    pub gateway: Option<Via>,
    /// Where its signalling came from or went to.
    pub remote: SocketAddr,
    /// The last final status on it, if there was one.
    pub status: Option<u16>,
    /// What went through its media port; `None` when it had none.
    pub media: Option<MediaStats>,
}

/// By which trunk and gateway a leg goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Via {
    /// The trunk's name.
    pub trunk: String,
    /// The gateway's; `None` for a call that comes from none of them.
    pub gateway: Option<String>,
}

/// Who began a leg.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The far end called us.
    Arriving,
    /// We called the far end.
    Calling,
}

/// A change of a registration.
#[derive(Debug, Clone, PartialEq)]
#[allow(clippy::large_enum_variant, reason = "most are of the larger kind")]
pub enum BindingChange {
    /// Made or refreshed.
    Put(StoredBinding),
    /// Gone: unregistered, replaced or expired.
    Removed {
        /// Whose.
        aor: Aor,
        /// The contact URI that was bound, as given.
        contact: String,
    },
}

/// A binding as it is kept, and given back at the next start.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredBinding {
    /// Whose.
    pub aor: Aor,
    /// The contact URI as given; the key within the AOR.
    pub contact: String,
    /// Preference, 0.0 to 1.0 in thousandths (RFC 3261 §20.10).
    pub q: u16,
    /// The Call-ID that set it (§10.3 step 7).
    pub call_id: String,
    /// The CSeq that set it.
    pub cseq: u32,
    /// When it ends.
    pub expires: SystemTime,
    /// The transport of the REGISTER: `udp`, `tcp` …
    pub transport: String,
    /// Our address that received it, from which the phone is reached.
    pub local: SocketAddr,
    /// Where it came from: requests go there (behind a NAT, not to the contact).
    pub remote: SocketAddr,
    /// The Path of RFC 3327, each as given, outermost first.
    pub path: Vec<String>,
    /// `+sip.instance` of RFC 5626, without quotes.
    pub instance: Option<String>,
    /// `reg-id` of RFC 5626.
    pub reg_id: Option<u32>,
    /// The phone's User-Agent.
    pub user_agent: Option<String>,
}

/// A change of what somebody wants to be told of.
#[derive(Debug, Clone, PartialEq)]
pub enum SubscriptionChange {
    /// Made or refreshed.
    Put(Box<StoredSubscription>),
    /// Gone: ended, refused or expired.
    Removed {
        /// Whose.
        tenant: TenantId,
        /// Its SIP Call-ID.
        call_id: String,
        /// Our tag.
        local_tag: String,
    },
}

/// A subscription as it is kept, and given back at the next start: its dialog (RFC 6665 §4.4.1) and what it is of.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredSubscription {
    /// Whose.
    pub tenant: TenantId,
    /// The user who subscribed.
    pub user: String,
    /// The mailbox whose lamp it is told of.
    pub mailbox: String,
    /// The `id` of its Event, if it has one (RFC 6665 §8.2.1).
    pub event_id: Option<String>,
    /// Its SIP Call-ID: with our tag the key.
    pub call_id: String,
    /// Our tag.
    pub local_tag: String,
    /// The subscriber's tag.
    pub remote_tag: String,
    /// Our address in the dialog: a whole name-addr without its tag.
    pub local_uri: String,
    /// The subscriber's, alike.
    pub remote_uri: String,
    /// Where requests in the dialog go: the subscriber's Contact.
    pub target: String,
    /// The route set, the nearest first.
    pub route: Vec<String>,
    /// The last CSeq that came in it.
    pub remote_cseq: u32,
    /// When it ends.
    pub expires: SystemTime,
    /// The transport of the SUBSCRIBE: `udp`, `tcp` …
    pub transport: String,
    /// Our address that received it.
    pub local: SocketAddr,
    /// Where it came from: requests go there.
    pub remote: SocketAddr,
}

/// News for operators: logged and counted, never kept by the switch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// A source gave too many wrong answers to live nonces and is ignored for a while.
    Banned {
        /// The source.
        source: IpAddr,
        /// For how long.
        time: Duration,
    },
    /// A request was refused for a wrong password or an unknown user.
    Unauthorised {
        /// The source.
        source: IpAddr,
    },
    /// A new call was shed for overload.
    Overloaded,
    /// A datagram or frame was not SIP, or not to be understood.
    Malformed {
        /// The source.
        source: IpAddr,
    },
    /// A source asks more often than it may, and is not answered for a while.
    Flooded {
        /// The source.
        source: IpAddr,
    },
    /// We are registered at a carrier, or no longer.
    Registration {
        /// Where.
        trunk: TrunkId,
        /// How it stands.
        state: Registered,
    },
    /// A gateway came alive, or died.
    Gateway {
        /// Of which trunk.
        trunk: TrunkId,
        /// Which.
        gateway: GatewayId,
        /// How it stands.
        state: GatewayState,
    },
    /// A call by a trunk was tried: by one of its gateways, with this final status; `None` when it was given up.
    Attempt {
        /// Which trunk.
        trunk: TrunkId,
        /// By which gateway.
        gateway: GatewayId,
        /// What came of it.
        status: Option<u16>,
        /// How long it took until it rang or was answered (post-dial delay).
        rang_after: Option<Duration>,
    },
    /// Four fifths of what a payer may spend in a day are spent.
    SpendingNear {
        /// Whose.
        payer: Payer,
        /// Of what.
        limit: Limit,
    },
    /// A limit of a payer is reached: a call was refused, or ended.
    SpendingOver {
        /// Whose.
        payer: Payer,
        /// Of what.
        limit: Limit,
    },
}
