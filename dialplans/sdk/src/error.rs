//! Why something was not done.

use std::fmt;

use crate::bindings::strowger::dialplan::audio::AudioError;
use crate::bindings::strowger::dialplan::types;
use crate::{Ending, RoomError, VoicemailError};

/// Why something was not done.
#[derive(Debug, Clone)]
pub enum Error {
    /// The call is over; every further request says the same.
    HungUp(Option<Ending>),
    /// The call is not in a state that permits it.
    WrongState,
    /// A value was out of range.
    BadValue,
    /// The exchange has nothing left for it.
    NoResources,
    /// There is no prompt or recording of this name.
    Missing(String),
    /// A sound is there and cannot be decoded.
    Unplayable {
        /// Which.
        name: String,
        /// What is wrong with it.
        why: String,
    },
    /// The caller and the exchange have no codec in common.
    NoCodec,
    /// Nothing can be recorded, because.
    Unwritable(String),
    /// A conference room did not take the caller, who was told so where he could be.
    Room(RoomError),
    /// Voicemail did not serve the caller, who was told so where he could be.
    Voicemail(VoicemailError),
}

impl Error {
    /// A call goes on without a sound that is missing: the log is told.
    pub(crate) fn unless_of_a_sound(self) -> Result<(), Self> {
        match self {
            Self::Missing(_) | Self::Unplayable { .. } => {
                crate::warn(&self.to_string());
                Ok(())
            }
            error => Err(error),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HungUp(_) => f.write_str("the call is over"),
            Self::WrongState => f.write_str("the call is not in a state that permits it"),
            Self::BadValue => f.write_str("a value was out of range"),
            Self::NoResources => f.write_str("the exchange has nothing left for it"),
            Self::Missing(name) => write!(f, "there is no sound of the name {name}"),
            Self::Unplayable { name, why } => write!(f, "the sound {name} cannot be played: {why}"),
            Self::NoCodec => f.write_str("the caller and the exchange have no codec in common"),
            Self::Unwritable(why) => write!(f, "nothing can be recorded: {why}"),
            Self::Room(refusal) => f.write_str(match refusal {
                RoomError::NoRoom => "there is no such room",
                RoomError::NoMember => "the room has no such member",
                RoomError::Full => "the room is full",
                RoomError::Locked => "the room is locked",
                RoomError::WrongPin => "the PIN is wrong",
                _ => "the room does not permit it",
            }),
            Self::Voicemail(refusal) => f.write_str(match refusal {
                VoicemailError::NoMailbox => "there is no such mailbox",
                VoicemailError::Full => "the mailbox is full",
                VoicemailError::WrongPin => "the PIN is wrong",
                _ => "voicemail did not serve the caller",
            }),
        }
    }
}

impl std::error::Error for Error {}

impl From<types::Error> for Error {
    fn from(error: types::Error) -> Self {
        match error {
            types::Error::HungUp(ending) => Self::HungUp(ending),
            types::Error::WrongState => Self::WrongState,
            types::Error::BadValue => Self::BadValue,
            types::Error::NoResources => Self::NoResources,
        }
    }
}

impl From<RoomError> for Error {
    fn from(error: RoomError) -> Self {
        match error {
            RoomError::HungUp(ending) => Self::HungUp(ending),
            RoomError::BadValue => Self::BadValue,
            RoomError::NoResources => Self::NoResources,
            refusal => Self::Room(refusal),
        }
    }
}

impl From<VoicemailError> for Error {
    fn from(error: VoicemailError) -> Self {
        match error {
            VoicemailError::HungUp(ending) => Self::HungUp(ending),
            VoicemailError::WrongState => Self::WrongState,
            VoicemailError::BadValue => Self::BadValue,
            VoicemailError::NoResources => Self::NoResources,
            refusal => Self::Voicemail(refusal),
        }
    }
}

impl From<AudioError> for Error {
    fn from(error: AudioError) -> Self {
        match error {
            AudioError::HungUp(ending) => Self::HungUp(ending),
            AudioError::WrongState => Self::WrongState,
            AudioError::BadValue => Self::BadValue,
            AudioError::NoResources => Self::NoResources,
            AudioError::Missing(name) => Self::Missing(name),
            AudioError::Unplayable(sound) => Self::Unplayable { name: sound.name, why: sound.why },
            AudioError::NoCodec => Self::NoCodec,
            AudioError::Unwritable(why) => Self::Unwritable(why),
        }
    }
}
