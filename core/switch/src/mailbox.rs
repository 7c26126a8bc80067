//! The words of voicemail: what a mailbox holds, and the lamp that says so. The WIT interface `voicemail` and the gRPC
//! service of that name spell the same.

use crate::application::HungUp;
use crate::ids::TenantId;

/// What waits in a mailbox, as a message summary counts it (RFC 3842 §5.2): urgent messages are among the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Waiting {
    /// Not heard yet.
    pub new: u32,
    /// Heard, and kept.
    pub saved: u32,
    /// Of the new ones, those that are urgent.
    pub urgent_new: u32,
    /// Of the saved ones, those that are urgent.
    pub urgent_saved: u32,
}

/// The lamp of a mailbox: what the phones of its owner are told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lamp {
    /// Whose mailbox.
    pub tenant: TenantId,
    /// Its number or name.
    pub mailbox: String,
    /// What waits in it.
    pub waiting: Waiting,
    /// The user whose phones are told without having asked; `None`: only who subscribed is told.
    pub unasked: Option<String>,
}

/// Why somebody is not told of a lamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoLamp {
    /// There is no such mailbox.
    Unknown,
    /// It is somebody else's.
    Forbidden,
}

/// Why a caller comes to a mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// Its owner talks already.
    Busy,
    /// Its owner was rung and did not answer.
    NoAnswer,
    /// None of its owner's phones is registered.
    Offline,
    /// The dialplan or the caller chose it.
    Chosen,
}

impl Reason {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Busy, Self::NoAnswer, Self::Offline, Self::Chosen];

    /// Its name in records and the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Busy => "busy",
            Self::NoAnswer => "no-answer",
            Self::Offline => "offline",
            Self::Chosen => "chosen",
        }
    }
}

/// What an owner can say to those who reach his mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Greeting {
    /// He does not answer.
    Unavailable,
    /// He talks already.
    Busy,
    /// In place of both, while there is one.
    Temporary,
    /// His name.
    Name,
}

impl Greeting {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Unavailable, Self::Busy, Self::Temporary, Self::Name];

    /// Its name in records and the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unavailable => "unavailable",
            Self::Busy => "busy",
            Self::Temporary => "temporary",
            Self::Name => "name",
        }
    }

    /// The greeting of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == name)
    }
}

/// Where a message lies in its mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Folder {
    /// Not heard yet.
    New,
    /// Heard, and kept.
    Saved,
    /// Thrown away; it can be taken back for some days.
    Deleted,
}

impl Folder {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::New, Self::Saved, Self::Deleted];

    /// Its name in records and the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Saved => "saved",
            Self::Deleted => "deleted",
        }
    }

    /// The folder of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == name)
    }
}

/// One message of a mailbox. Minted by the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MessageId(pub i64);

/// Whether a mailbox may have this name: 1 to 32 of `0-9`, `a-z`, `-`, `.`, `_` and `*`; usually the extension of its owner.
#[must_use]
pub fn is_mailbox_name(name: &str) -> bool {
    let plain =
        |sign: u8| sign.is_ascii_digit() || sign.is_ascii_lowercase() || matches!(sign, b'-' | b'.' | b'_' | b'*');
    (1..=32).contains(&name.len()) && name.bytes().all(plain)
}

/// Whether a recording of this name is a mailbox's: `vm-` and 32 hex digits of chance. Nobody else may play it, or record under
/// such a name.
#[must_use]
pub fn is_a_mailboxes(recording: &str) -> bool {
    recording.strip_prefix("vm-").is_some_and(|rest| {
        rest.len() == 32 && rest.bytes().all(|digit| digit.is_ascii_digit() || (b'a'..=b'f').contains(&digit))
    })
}

/// Whose messages a caller wants to hear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whose {
    /// His own: the mailbox of the user that he proved to be.
    Own,
    /// Those of the mailbox whose number he is asked for.
    Any,
    /// Those of this mailbox.
    Of(String),
}

/// How a caller left voicemail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parted {
    /// His call ended.
    HungUp,
    /// He is done, and his call is what it was.
    Done,
    /// He was put through to somebody: the operator, whom he called back, or whom he found by name.
    Connected,
}

/// Why voicemail did not serve a caller. Where a prompt could tell it, he was told so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MailboxError {
    /// His call ended.
    #[error("the caller hung up")]
    HungUp,
    /// There is no such mailbox, or he has none.
    #[error("there is no such mailbox")]
    NoMailbox,
    /// It takes no more messages.
    #[error("the mailbox is full")]
    Full,
    /// He knows no PIN of it.
    #[error("the PIN is wrong")]
    WrongPin,
    /// The PIN was one that had to be changed, and was not.
    #[error("the PIN was not changed")]
    NoPin,
    /// His call is not in a state for it.
    #[error("the call is not in a state for it")]
    WrongState,
    /// A value was out of range.
    #[error("a value was out of range")]
    BadValue,
    /// Nothing can be kept or played now.
    #[error("the exchange has nothing left for it")]
    NoResources,
}

impl From<HungUp> for MailboxError {
    fn from(_: HungUp) -> Self {
        Self::HungUp
    }
}
