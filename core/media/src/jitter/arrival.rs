//! A packet as it came, and what became of it.

/// No payload is longer: what a datagram of an Ethernet carries.
pub const LONGEST_PAYLOAD: usize = 1_500;

/// What a packet holds, as far as playing goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// Sound, for so many ticks of the clock.
    Sound(u32),
    /// Sound for so many ticks, or 0, after which the far end may say nothing: comfort noise (RFC 3389), Opus in
    /// discontinuous transmission (RFC 7587 §3.1.3).
    Quiet(u32),
    /// No sound: a telephone event (RFC 4733) that shares the sequence numbers, and whose timestamp stands still.
    Event,
}

/// One packet as it came.
#[derive(Debug, Clone, Copy)]
pub struct Arrival<'a> {
    /// Whose it is.
    pub ssrc: u32,
    /// RFC 3550 §5.1.
    pub sequence: u16,
    /// RFC 3550 §5.1, in ticks of the clock.
    pub timestamp: u32,
    /// RFC 3551 §4.1: the first after a silence.
    pub marker: bool,
    /// What it is coded as; given back with it.
    pub payload_type: u8,
    /// The bytes, at most [`LONGEST_PAYLOAD`].
    pub payload: &'a [u8],
    /// What they are.
    pub content: Content,
}

/// What became of a packet that came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It will be played.
    Kept,
    /// Its time is over.
    Late,
    /// It was here before.
    Duplicate,
    /// It does not fit the stream. If the next fits it, they are a new stream.
    Stray,
    /// It is too long.
    Refused,
}

impl Content {
    pub(super) const fn ticks(self) -> u32 {
        match self {
            Self::Sound(ticks) | Self::Quiet(ticks) => ticks,
            Self::Event => 0,
        }
    }
}
