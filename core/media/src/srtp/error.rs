//! Why a packet was not taken.

/// What is wrong with a packet or a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum SrtpError {
    /// A master key or salt of a length that the suite does not have.
    #[error("the key or its salt has not the length of the suite")]
    KeyLength,
    /// Too short, or not RTP or RTCP of version 2.
    #[error("not an RTP or RTCP packet")]
    Malformed,
    /// The buffer has no room for the tag.
    #[error("no room for the tag")]
    NoRoom,
    /// The tag is not that of this packet under this key: forged, broken, or of another key (§3.3).
    #[error("the packet is not authentic")]
    Forged,
    /// It came before (§3.3.2).
    #[error("the packet was here before")]
    Replayed,
    /// It is older than the window remembers (§3.3.2).
    #[error("the packet is too old to tell whether it was here before")]
    TooOld,
    /// One SSRC more than are kept.
    #[error("too many streams under one key")]
    TooManyStreams,
    /// The key has protected as many packets as it may (§9.2).
    #[error("the key is used up")]
    Exhausted,
}
