//! What is to be played, and how.

#[cfg(doc)]
use super::Jitter;
use super::arrival::Content;

/// What is to be played next.
#[derive(Debug)]
pub enum Playout<'a> {
    /// This packet.
    Packet(Due<'a>),
    /// Something was lost and later sound is here: conceal so many ticks.
    Lost {
        /// Of the clock.
        ticks: u32,
        /// The packet that follows at once, which may hold a copy of what was lost.
        next: Option<&'a [u8]>,
    },
    /// What is due has not come. Conceal, and say how much by [`Jitter::stood`].
    Starved,
    /// Nothing is due: the far end is silent, or has not begun.
    Pause,
}

/// A packet whose time has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due<'a> {
    /// As it came.
    pub payload: &'a [u8],
    /// As it came.
    pub payload_type: u8,
    /// As it came.
    pub content: Content,
    /// The first of a stream: what a decoder knows is of another one.
    pub fresh: bool,
    /// Packets before it were left out: it does not follow what was played.
    pub leapt: bool,
    /// It begins before the time of [`Jitter::leave_behind`].
    pub old: bool,
}

/// What should be done to the length of the sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slip {
    /// Nothing.
    None,
    /// Leave some out.
    Shrink(Urgency),
    /// Say some twice.
    Grow(Urgency),
}

/// Where sound may be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Urgency {
    /// In silence alone: there is only a little delay to be won.
    Idle,
    /// In silence, and in a voice that says the same again a period later.
    Soon,
    /// Anywhere.
    Now,
}
