//! What a call tells: the invitation that opens it, the replies to commands, what happened, how it ended.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::audio::{AudioError, Digit, Digits, Played, Recorded, Sound};
use crate::command::{Label, Target};
use crate::ids::{CallUid, TenantId, TrunkId, UserId};
use crate::number::Number;
use crate::spending::Limit;

/// Something that happened to a call. Applications hear [`Event::Reply`], [`Event::Key`], [`Event::Speaking`],
/// [`Event::RoomRecorded`] and [`Event::Ended`]; watchers hear all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A call arrived and waits for a decision.
    Arrived(Arc<Invitation>),
    /// An application took it.
    Attached(Label),
    /// The answer to the one command that was under way.
    Reply(Reply),
    /// A target is being rung.
    Ringing {
        /// The address of record or URI that rings.
        target: String,
    },
    /// The caller and a callee are through.
    Bridged {
        /// The address of record or URI that answered.
        target: String,
    },
    /// One side put the other on hold.
    Held(Side),
    /// The side that held came back.
    Resumed(Side),
    /// The caller, who is in a mixer or hears music that listens, pressed this key.
    Key(Digit),
    /// He speaks there now, or does no longer.
    Speaking(bool),
    /// Something plays: what an application wants the caller to hear, before keys are read too, its music, and what an
    /// operator plays to either.
    Playing {
        /// For whom.
        to: Side,
        /// What, one after the other.
        sounds: Vec<Sound>,
        /// Over and over.
        forever: bool,
    },
    /// It plays no more.
    Played {
        /// For whom.
        to: Side,
        /// How that came.
        how: PlayEnd,
    },
    /// What the caller says to an application is recorded, or not any more.
    MessageRecording {
        /// The recording's name in the tenant.
        name: String,
        /// How far it is.
        state: RecordingState,
    },
    /// The call as a whole is recorded, or not any more.
    Recording {
        /// The recording's name in the tenant.
        name: String,
        /// How far it is.
        state: RecordingState,
    },
    /// What may be spent is nearly spent: the call ends within this time, unless more is granted meanwhile.
    SpendingSoonOver(Duration),
    /// What was recorded of the mixer that the caller is in is over: it was ended, was long enough, or failed.
    RoomRecorded {
        /// The recording's name in the tenant.
        name: String,
        /// Why it is not what it should be.
        fault: Option<AudioError>,
    },
    /// The call is over. Always the last event.
    Ended(Ending),
}

impl Event {
    /// Whether the application that holds the call is to hear of it; [`Event::Ended`] too, as the last.
    #[must_use]
    pub fn is_for_applications(&self) -> bool {
        matches!(self, Self::Reply(_) | Self::Key(_) | Self::Speaking(_) | Self::RoomRecorded { .. } | Self::Ended(_))
    }
}

/// How a playing ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlayEnd {
    /// All of it was played.
    Whole,
    /// By a key of the caller.
    Key,
    /// By the application or an operator, by another playing, or as the call went on or ended.
    Stopped,
    /// It could not be played.
    Failed(AudioError),
}

/// How far a recording is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordingState {
    /// It began, or goes on.
    Running,
    /// It stands still.
    Paused,
    /// It is whole.
    Ended,
    /// It could not be made, or not to its end; what was recorded until then is kept.
    Failed(AudioError),
}

/// The answer to a [`Command`](crate::Command).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// It was done.
    Done,
    /// How a dial came out.
    Dialled(DialOutcome),
    /// How the last dial came out in detail.
    LastDial(DialFacts),
    /// What was played is over.
    Played(Played),
    /// What was read from the keys.
    Read(Digits),
    /// What was recorded.
    Recorded(Recorded),
    /// The call is recorded under this name, as soon as its caller is answered.
    Recording(String),
    /// Sound could not be made or kept.
    Inaudible(AudioError),
    /// The call was over; the reply to `AwaitEnd`, and to whatever was under way when the call ended.
    Ended(Ending),
    /// It was not done, because.
    Refused(Refusal),
}

/// How a dial came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DialOutcome {
    /// Answered, and bridged to the caller.
    Answered {
        /// The address of record or URI that answered.
        target: String,
    },
    /// Every target was busy (486, 600).
    Busy,
    /// Rung, not answered in time.
    NoAnswer,
    /// Declined (603, 403 …).
    Declined,
    /// Known, but no phone is registered.
    Unregistered,
    /// No such user or extension.
    Unknown,
    /// Not permitted.
    Forbidden,
    /// Failed otherwise, with the SIP status of the best answer.
    Failed {
        /// SIP status, 300 to 699.
        status: u16,
    },
    /// No way to this number is left that may be paid for or that has room: this limit is reached.
    Spent(Limit),
}

/// How a dial came out, in detail: what the best answer of the far ends said.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DialFacts {
    /// Its SIP status; `None` where nobody was called or nobody said anything final.
    pub status: Option<u16>,
    /// The Q.850 cause: as the far end gave it (RFC 3326), else that of the status.
    pub cause: Option<Cause>,
    /// The trunk that it came over, by its name.
    pub trunk: Option<String>,
    /// Somebody was rung.
    pub rang: bool,
}

/// Why a command was not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The call is not in a state that permits it (as `Ring` after `Answer`).
    WrongState,
    /// A value was out of range.
    BadValue,
    /// The exchange had no port, slot or time left.
    NoResources,
}

/// Which party of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The leg that arrived.
    Caller,
    /// The leg that was called.
    Callee,
    /// The exchange itself, an application or an operator.
    Exchange,
}

impl Side {
    /// Its name in records and the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Caller => "caller",
            Self::Callee => "callee",
            Self::Exchange => "exchange",
        }
    }
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// Why, by Q.850.
    pub cause: Cause,
    /// Who ended it.
    pub by: Side,
    /// The final SIP status that the caller got (200 when it was answered).
    pub status: u16,
}

/// A cause by ITU-T Q.850 (values 1 to 127), with the few that are used by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Cause(pub u8);

impl Cause {
    /// 1: unallocated number.
    pub const UNALLOCATED: Self = Self(1);
    /// 16: normal call clearing.
    pub const NORMAL: Self = Self(16);
    /// 17: user busy.
    pub const BUSY: Self = Self(17);
    /// 18: no user responding.
    pub const NO_RESPONSE: Self = Self(18);
    /// 19: no answer from the user (user alerted).
    pub const NO_ANSWER: Self = Self(19);
    /// 20: subscriber absent.
    pub const ABSENT: Self = Self(20);
    /// 21: call rejected.
    pub const REJECTED: Self = Self(21);
    /// 31: normal, unspecified.
    pub const UNSPECIFIED: Self = Self(31);
    /// 34: no circuit or channel available.
    pub const NO_CIRCUIT: Self = Self(34);
    /// 38: network out of order.
    pub const NETWORK: Self = Self(38);
    /// 41: temporary failure.
    pub const TEMPORARY: Self = Self(41);
    /// 42: switching equipment congestion.
    pub const CONGESTION: Self = Self(42);
    /// 47: resource unavailable.
    pub const RESOURCE: Self = Self(47);
    /// 57: bearer capability not authorised.
    pub const FORBIDDEN: Self = Self(57);
    /// 88: incompatible destination.
    pub const INCOMPATIBLE: Self = Self(88);
    /// 102: recovery on timer expiry.
    pub const TIMER: Self = Self(102);
    /// 127: interworking, unspecified.
    pub const INTERWORKING: Self = Self(127);
}

/// A call that arrived: all that an application may know of it. What stands here is canonical: names in their standard
/// spelling, values unfolded and without control characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// The call's name for the outside.
    pub uid: CallUid,
    /// Whose call.
    pub tenant: TenantId,
    /// Who calls.
    pub caller: Party,
    /// The user of ours that proved to be the caller; `None` for a peer known by its address.
    pub user: Option<UserId>,
    /// Who is called, as dialled.
    pub callee: Party,
    /// All headers in the order of arrival, canonical name and unfolded value.
    pub headers: Vec<(String, String)>,
    /// Where the INVITE came from.
    pub source: SocketAddr,
    /// When it came.
    pub arrived: SystemTime,
    /// How long the exchange waits for the first decision.
    pub deadline: Duration,
    /// The trunk that it came over, and the number that was called there.
    pub inbound: Option<(TrunkId, Number)>,
    /// Who is rung without asking an application: a number of the tenant leads there, or it is an emergency.
    pub leads_to: Option<Target>,
}

/// One party as the other sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Party {
    /// The display name, unquoted.
    pub name: Option<String>,
    /// The user part of the URI, unescaped: a user name or a number.
    pub user: String,
    /// The whole URI.
    pub uri: String,
}
