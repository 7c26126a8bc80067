//! What an offer and its answer come to, for whoever makes the sound.

use std::net::SocketAddr;

use crate::codec::Codec;
use crate::description::{Audio, Direction};
use crate::secrecy::Protection;

/// What a packet holds when nobody says otherwise, in ms (RFC 3551 §4.5).
const USUAL_PTIME: u16 = 20;

/// A codec that both have, under the number of either side (RFC 3264 §5.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Common {
    /// What we send: the peer's number, and its wishes in `fmtp`.
    pub send: Codec,
    /// What comes: our number, and what we said in `fmtp`.
    pub receive: Codec,
}

/// What both sides agreed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agreement {
    /// Where the peer wants RTP. Unspecified address: nowhere (RFC 2543's hold).
    pub address: SocketAddr,
    /// Where it wants RTCP, when said.
    pub rtcp: Option<SocketAddr>,
    /// Voices, the one to speak first, comfort noise after them. At least one voice.
    pub codecs: Vec<Common>,
    /// Telephone events, one for each clock.
    pub events: Vec<Common>,
    /// How much sound a packet of ours is to hold, in ms.
    pub ptime: u16,
    /// Which way, seen from us.
    pub direction: Direction,
    /// Encryption.
    pub protection: Protection,
}

impl Agreement {
    /// The codec to speak.
    #[must_use]
    pub fn voice(&self) -> Option<&Common> {
        self.codecs.iter().find(|codec| codec.send.is_voice())
    }

    /// The events that go with a voice of this clock (RFC 4733 §2.1), or the only ones that there are: some phones
    /// offer 8000 alone, also beside Opus.
    #[must_use]
    pub fn event(&self, clock: u32) -> Option<&Common> {
        self.events.iter().find(|event| event.send.clock == clock).or_else(|| self.events.first())
    }

    /// The comfort noise that goes with a voice of this clock (RFC 3389 §4).
    #[must_use]
    pub fn comfort_noise(&self, clock: u32) -> Option<&Common> {
        self.codecs.iter().find(|codec| codec.send.is_comfort_noise() && codec.send.clock == clock)
    }
}

/// RFC 8866 §6.4: what the peer wants to receive, or ours, and never more than it can take.
pub(crate) fn ptime(audio: &Audio, ours: Option<u16>) -> u16 {
    let wanted = audio.ptime.or(ours).unwrap_or(USUAL_PTIME);
    audio.maxptime.map_or(wanted, |most| wanted.min(most))
}

/// Which way media may flow, seen from us: both must want it, and an unspecified address hears nothing (RFC 3264 §6.1,
/// §8.4).
pub(crate) fn direction(theirs: &Audio, ours: Direction) -> Direction {
    let theirs_of_old = if theirs.address.ip().is_unspecified() { Direction::SendOnly } else { Direction::SendRecv };
    theirs.direction.and(theirs_of_old).mirrored().and(ours)
}
