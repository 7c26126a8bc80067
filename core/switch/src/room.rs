//! What a conference room is told and what it tells. The exchange itself knows mixers and members of them only; the
//! service on top, the live half of the gRPC API and the WIT interface `rooms` spell the same words.

use std::time::{Duration, SystemTime};

use crate::application::HungUp;
use crate::audio::{RecordingFormat, Sound};
use crate::command::Target;
use crate::ids::{CallUid, TenantId, UserId};

/// Three ports or more that hear one another. Minted by whoever opens a room; never reused while the exchange runs. It is
/// there from its first member to its last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MixerId(pub u64);

/// The longest recording of a mixer.
pub const LONGEST_ROOM_RECORDING: Duration = Duration::from_hours(24);

/// A member of one room, from 1, and not reused while the room is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MemberNumber(pub u32);

/// What a member may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// He speaks and hears.
    Participant,
    /// He rules the room too.
    Moderator,
}

/// How a member is in a mixer: whether and how loud he is heard and hears.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Bearing {
    /// Nobody hears him.
    pub muted: bool,
    /// He hears nobody; what is whispered to him he hears still.
    pub deaf: bool,
    /// How much louder he is heard, in dB, -20 to 20.
    pub speaking: i8,
    /// How much louder he hears, in dB, -20 to 20.
    pub hearing: i8,
}

impl Bearing {
    /// The range of both volumes, in dB.
    pub const VOLUMES: std::ops::RangeInclusive<i8> = -20..=20;

    /// Whether both volumes can be had.
    #[must_use]
    pub fn is_possible(&self) -> bool {
        Self::VOLUMES.contains(&self.speaking) && Self::VOLUMES.contains(&self.hearing)
    }
}

/// What an operator or a moderator says to a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RoomOrder {
    /// Nobody hears this member any more, or all do again.
    Mute(MemberNumber, bool),
    /// The same for all but moderators, and for those who come later.
    MuteAll(bool),
    /// This member hears nobody any more, or all again.
    Deafen(MemberNumber, bool),
    /// How loud a member is heard and hears, as in [`Bearing`].
    Volume {
        /// Which member.
        member: MemberNumber,
        /// How much louder he is heard, in dB.
        speaking: i8,
        /// How much louder he hears, in dB.
        hearing: i8,
    },
    /// This member leaves.
    Kick(MemberNumber),
    /// Nobody else but moderators comes in, or all may again.
    Lock(bool),
    /// Play this to all.
    Announce(Vec<Sound>),
    /// Record the room.
    Record {
        /// Under which name in the tenant, as that of any recording; a new one when `None`.
        name: Option<String>,
        /// Which kind of file.
        format: RecordingFormat,
    },
    /// The recording pauses, or goes on.
    PauseRecording(bool),
    /// The recording is over.
    StopRecording,
    /// Call somebody, who joins when he answers.
    Invite(Target),
    /// All members leave, and the room is closed.
    End,
}

/// What happens in a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RoomEvent {
    /// It has its first member.
    Opened,
    /// Somebody is in it, and waits for a moderator.
    Waiting(MemberView),
    /// Somebody speaks and hears there now.
    Joined(MemberView),
    /// Somebody is gone.
    Left {
        /// Who.
        member: MemberNumber,
        /// Why.
        why: Left,
    },
    /// A member is muted, deaf or loud now, or is not; or his role changed.
    Changed(MemberView),
    /// A member speaks, or does no longer.
    Speaking {
        /// Who.
        member: MemberNumber,
        /// Whether he does.
        speaks: bool,
    },
    /// Nobody else but moderators may come in, or all may.
    Locked(bool),
    /// It is recorded under this name; `None`: not any more.
    Recording(Option<String>),
    /// Somebody is called, who joins when he answers.
    Calling {
        /// The user, number or URI.
        target: String,
    },
    /// Somebody who was called does not come.
    NotReached {
        /// The user, number or URI.
        target: String,
        /// Why.
        why: NotReached,
    },
    /// Its last member is gone. Always the last event.
    Ended,
}

/// Why somebody who was called into a room does not come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NotReached {
    /// He talks already.
    Busy,
    /// It rang, and nobody answered in time.
    NoAnswer,
    /// He declined.
    Declined,
    /// No phone of his is registered.
    Unregistered,
    /// There is no such user, number or URI.
    Unknown,
    /// The tenant may not call there.
    Forbidden,
    /// He answered and hung up before he was in the room.
    HungUp,
    /// The room ended first.
    Cancelled,
    /// It could not be done otherwise.
    Failed,
}

impl NotReached {
    /// Its name in logs and the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Busy => "busy",
            Self::NoAnswer => "no-answer",
            Self::Declined => "declined",
            Self::Unregistered => "unregistered",
            Self::Unknown => "unknown",
            Self::Forbidden => "forbidden",
            Self::HungUp => "hung-up",
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
        }
    }
}

/// Why a member left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Left {
    /// His call ended.
    HungUp,
    /// He pressed the key for it.
    Key,
    /// He was put out.
    Kicked,
    /// The room was ended for all.
    Ended,
}

impl Left {
    /// Its name in records and the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::HungUp => "hung-up",
            Self::Key => "key",
            Self::Kicked => "kicked",
            Self::Ended => "ended",
        }
    }
}

/// How a caller wants to come in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wish {
    /// A room that is kept nowhere is opened, and who opens it is its moderator.
    pub ad_hoc: bool,
    /// The PIN, where it is known already; tried once.
    pub pin: Option<String>,
    /// He is a moderator without a PIN: whoever says so has made sure of it.
    pub moderator: bool,
    /// The name that others see; the caller's own when `None`.
    pub name: Option<String>,
}

/// Why a caller did not come in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JoinError {
    /// His call ended first.
    #[error("the call is over")]
    HungUp,
    /// The room did not take him; he was told why, where he could be.
    #[error("{0}")]
    Refused(RoomRefusal),
}

impl From<HungUp> for JoinError {
    fn from(_: HungUp) -> Self {
        Self::HungUp
    }
}

impl From<RoomRefusal> for JoinError {
    fn from(refusal: RoomRefusal) -> Self {
        Self::Refused(refusal)
    }
}

/// A member as others see him.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberView {
    /// His number in the room.
    pub number: MemberNumber,
    /// His call's name for the outside.
    pub call: CallUid,
    /// His display name, else his number.
    pub name: String,
    /// The user that he proved to be.
    pub user: Option<UserId>,
    /// What he may do.
    pub role: Role,
    /// How he is heard and hears.
    pub bearing: Bearing,
    /// He speaks now.
    pub speaks: bool,
    /// He waits for a moderator.
    pub waiting: bool,
    /// Since when he is there.
    pub since: SystemTime,
}

/// An open room as others see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomView {
    /// Whose.
    pub tenant: TenantId,
    /// Its number or name.
    pub name: String,
    /// Since when it is open.
    pub opened: SystemTime,
    /// Nobody else but moderators may come in.
    pub locked: bool,
    /// The name of the recording under way.
    pub recording: Option<String>,
    /// It stands still.
    pub recording_paused: bool,
    /// Who is there, the first to come first.
    pub members: Vec<MemberView>,
}

/// Why a room does not do what it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum RoomRefusal {
    /// There is no such room, or it is not open.
    #[error("there is no such room")]
    NoRoom,
    /// It has no such member.
    #[error("the room has no such member")]
    NoMember,
    /// As many as may be are there.
    #[error("the room is full")]
    Full,
    /// Nobody else but moderators may come in.
    #[error("the room is locked")]
    Locked,
    /// The PIN is none of the room's, or too many were tried.
    #[error("the PIN is wrong")]
    WrongPin,
    /// The room does not permit it.
    #[error("the room does not permit it")]
    Forbidden,
    /// A value is out of range.
    #[error("a value is out of range")]
    BadValue,
    /// The exchange has no port, slot or time left.
    #[error("the exchange has no resources left")]
    NoResources,
}
