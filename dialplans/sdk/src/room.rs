//! Conference rooms of the tenant, ruled from a dialplan.

use crate::bindings::strowger::dialplan::rooms::OrderError;
use crate::{Error, Member, RecordingFormat, Sound, Target, rooms};

/// An open room of the tenant, by its number or name. What is said to it is said at once, whoever is in it;
/// [`RoomError::NoRoom`](crate::RoomError) while nobody is.
#[derive(Debug, Clone)]
pub struct Room {
    name: String,
}

impl Room {
    /// The room of this number or name.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self { name: name.to_owned() }
    }

    /// Who is there, the first to come first.
    pub fn members(&self) -> Result<Vec<Member>, Error> {
        Ok(rooms::members(&self.name)?)
    }

    /// Nobody hears this member any more, or all do again.
    pub fn mute(&self, member: u32, on: bool) -> Result<(), Error> {
        Ok(rooms::mute(&self.name, member, on)?)
    }

    /// The same for all but moderators, and for those who come later.
    pub fn mute_all(&self, on: bool) -> Result<(), Error> {
        Ok(rooms::mute_all(&self.name, on)?)
    }

    /// This member hears nobody any more, or all again.
    pub fn deafen(&self, member: u32, on: bool) -> Result<(), Error> {
        Ok(rooms::deafen(&self.name, member, on)?)
    }

    /// How much louder a member is heard and hears, in dB, -20 to 20.
    pub fn volume(&self, member: u32, speaking: i8, hearing: i8) -> Result<(), Error> {
        Ok(rooms::volume(&self.name, member, speaking, hearing)?)
    }

    /// This member leaves.
    pub fn kick(&self, member: u32) -> Result<(), Error> {
        Ok(rooms::kick(&self.name, member)?)
    }

    /// Nobody else but moderators comes in, or all may again.
    pub fn lock(&self, on: bool) -> Result<(), Error> {
        Ok(rooms::lock(&self.name, on)?)
    }

    /// Plays to all, after what is announced already.
    pub fn announce(&self, sounds: &[Sound]) -> Result<(), Error> {
        Ok(rooms::announce(&self.name, sounds)?)
    }

    /// Records the room under this name or a new one, and says which.
    pub fn record(&self, name: Option<&str>, format: RecordingFormat) -> Result<String, Error> {
        Ok(rooms::record(&self.name, name, format)?)
    }

    /// The recording pauses, or goes on.
    pub fn pause_recording(&self, on: bool) -> Result<(), Error> {
        Ok(rooms::pause_recording(&self.name, on)?)
    }

    /// The recording is over.
    pub fn stop_recording(&self) -> Result<(), Error> {
        Ok(rooms::stop_recording(&self.name)?)
    }

    /// Calls somebody, who joins when he answers; returns at once. Only where the room permits it.
    pub fn invite(&self, target: &Target) -> Result<(), Error> {
        Ok(rooms::invite(&self.name, target)?)
    }

    /// All members leave, and the room is closed.
    pub fn end(&self) -> Result<(), Error> {
        Ok(rooms::end(&self.name)?)
    }
}

impl From<OrderError> for Error {
    fn from(error: OrderError) -> Self {
        use crate::RoomError;
        match error {
            OrderError::HungUp(ending) => Self::HungUp(ending),
            OrderError::NoRoom => Self::Room(RoomError::NoRoom),
            OrderError::NoMember => Self::Room(RoomError::NoMember),
            OrderError::Forbidden => Self::Room(RoomError::Forbidden),
            OrderError::BadValue => Self::BadValue,
            OrderError::NoResources => Self::NoResources,
            OrderError::Missing(name) => Self::Missing(name),
            OrderError::Unplayable(sound) => Self::Unplayable { name: sound.name, why: sound.why },
        }
    }
}
