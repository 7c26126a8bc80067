//! What an application says to a call. The WIT interface `call` and the live half of the gRPC API spell the same words.

use std::time::Duration;

use crate::audio::{CallRecording, Keys, Play, Read, Record as Recording, RecordingFormat, Sound};
use crate::event::Cause;
use crate::room::{Bearing, MixerId};
use crate::trunk::EarlyMedia;

/// One request of an application. Each is answered by exactly one [`Reply`](crate::Reply).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// An application has taken the call; the CDR carries its label.
    Attach(Label),
    /// Tell the caller that the phone rings (180).
    Ring,
    /// Answer the caller (200).
    Answer,
    /// Refuse the caller with a SIP status of 300 to 699.
    Reject {
        /// The status to send; anything but a final failure is refused.
        status: u16,
        /// The reason phrase; the standard one when `None`.
        reason: Option<String>,
    },
    /// Ring one or more targets and bridge the first that answers.
    Dial(Dial),
    /// How the last dial came out, in detail. The reply is [`Reply::LastDial`](crate::Reply).
    LastDial,
    /// Play sounds to the caller, who has been answered. The reply is [`Reply::Played`](crate::Reply), when it is over.
    Play(Play),
    /// Ask the caller for keys. The reply is [`Reply::Read`](crate::Reply).
    Read(Read),
    /// Record the caller. The reply is [`Reply::Recorded`](crate::Reply).
    Record(Recording),
    /// Let the caller hear himself until one of these keys or for this time. The reply is [`Reply::Played`](crate::Reply).
    Echo {
        /// Any of these ends it.
        end: Keys,
        /// The longest time, an hour at most.
        limit: Duration,
    },
    /// Play this over and over while the application does other things; music, when it is nothing. Ended by the next
    /// command that makes sound, by [`Hush`](Self::Hush) or by an answered dial.
    Music {
        /// What; the tenant's music on hold when empty.
        sounds: Vec<Sound>,
        /// The caller's keys come as [`Event::Key`](crate::Event) meanwhile, and are not kept for what reads next.
        listens: bool,
    },
    /// End the music.
    Hush,
    /// The caller, who has been answered and is connected to nobody, becomes a member of a mixer: he hears the others
    /// there, and they hear him. His keys come as [`Event::Key`](crate::Event), his speech as
    /// [`Event::Speaking`](crate::Event). Until he leaves, whatever sounds or dials is refused as `WrongState`.
    Join {
        /// Which.
        mixer: MixerId,
        /// How he is there.
        bearing: Bearing,
    },
    /// How he is in the mixer from now on.
    Bear(Bearing),
    /// Play this to him alone, over what he hears in the mixer; in place of what is whispered there.
    Whisper(Vec<Sound>),
    /// Play this to all of the mixer that he is in, after what is announced already.
    Announce {
        /// What, one after the other.
        sounds: Vec<Sound>,
        /// In which language; the tenant's when `None`.
        language: Option<String>,
    },
    /// Record all of the mixer that he is in.
    StartRoomRecording {
        /// Its name in the tenant, as in [`Record`](Recording); a new one when `None`.
        name: Option<String>,
        /// The longest time, [`LONGEST_ROOM_RECORDING`](crate::LONGEST_ROOM_RECORDING) at most.
        limit: Duration,
        /// Which kind of file.
        format: RecordingFormat,
    },
    /// Let that recording stand still.
    PauseRoomRecording,
    /// Let it go on.
    ResumeRoomRecording,
    /// End it. What came of it is told by [`Event::RoomRecorded`](crate::Event), as when it ends by itself.
    StopRoomRecording,
    /// He leaves the mixer, and is what he was: a caller who has been answered.
    Leave,
    /// Record the call as a whole: whoever talks in it, from when the caller is answered to the end of the call. The reply
    /// is [`Reply::Recording`](crate::Reply), at once.
    StartRecording(CallRecording),
    /// Let the recording of the call stand still. A short mark in the file tells where.
    PauseRecording,
    /// Let it go on.
    ResumeRecording,
    /// End it.
    StopRecording,
    /// End the call.
    Hangup(Cause),
    /// Reply after this time: applications never sleep themselves, so that virtual time covers them.
    Wait(Duration),
    /// Reply when the call has ended.
    AwaitEnd,
    /// The application is done: a bridged call goes on, any other ends.
    Detach,
    /// Serve the caller by the tenant's built-in route; with a reason when an application failed.
    Route {
        /// Why the application could not decide; `None` when the tenant has none.
        failed: Option<String>,
    },
}

/// Which application holds a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Its name, as `office`.
    pub name: String,
    /// The hash of its version, lower-case hex.
    pub version: String,
}

/// Whom to ring, how, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dial {
    /// Whom: tried as `order` says. Each may have several contacts, which always ring at once.
    pub targets: Vec<Target>,
    /// All at once or one after the other.
    pub order: Order,
    /// How long each step rings; bounded by the switch's own limit.
    pub ring_time: Duration,
    /// What is wanted of the way outside, where one is taken.
    pub outside: Outside,
}

/// What a dial wants of the way to a number outside.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outside {
    /// Only these trunks by name, in this order; those of the tenant's routes when empty.
    pub trunks: Vec<String>,
    /// Not these.
    pub without: Vec<String>,
    /// The number to show: one that the tenant owns, as `+4930123456` or as it is dialled. The user's, else the tenant's,
    /// when `None`.
    pub shown: Option<String>,
    /// No number is shown.
    pub private: bool,
    /// What the caller hears before the answer; as the trunk has it when `None`.
    pub early: Option<EarlyMedia>,
}

/// The order in which targets are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// All at once; the first to answer wins.
    AtOnce,
    /// One after the other, until one answers.
    InTurn,
}

/// Whom to dial. Typed, never a string to be parsed: nothing can be smuggled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A user of the tenant by name.
    User(String),
    /// A short number of the tenant.
    Extension(String),
    /// A number over the tenant's trunks, as `+4930123456` or as it is dialled. The PSTN is closed until granted: refused
    /// as forbidden.
    Number(String),
    /// What a caller dialled: a user or a short number of the tenant; else a number over its trunks.
    Dialled(String),
    /// A ring group. None exist yet.
    Group(String),
    /// A mailbox. Refused: a message is left in one, it is not dialled.
    Mailbox(String),
    /// A conference room. Refused: a room is joined, not dialled.
    Room(String),
    /// Any SIP URI, only where the tenant's policy permits its host.
    Uri(String),
}

impl Target {
    /// Its name, number or URI, whatever it is of.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::User(text)
            | Self::Extension(text)
            | Self::Number(text)
            | Self::Dialled(text)
            | Self::Group(text)
            | Self::Mailbox(text)
            | Self::Room(text)
            | Self::Uri(text) => text,
        }
    }
}
