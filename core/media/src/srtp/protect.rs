//! What we send: encrypted, then authenticated (§3.1, §3.4).

use std::fmt;

use super::keys::{self, Keys, MasterKey, Suite};
use super::packet::{Header, RTCP_HEADER, rtcp_ssrc};
use super::streams::Streams;
use super::{RTCP_OVERHEAD, SrtpError};

/// §3.4: the flag that the packet is encrypted, in front of the index.
const ENCRYPTED: u32 = 1 << 31;

/// One direction, outwards.
pub struct Protect {
    suite: Suite,
    rtp: Keys,
    rtcp: Keys,
    streams: Streams,
    /// The index of the next RTCP packet, of whichever SSRC (§3.4).
    report: u32,
}

impl Protect {
    /// Begins with a fresh key.
    #[must_use]
    pub fn new(master: &MasterKey) -> Self {
        Self {
            suite: master.suite(),
            rtp: Keys::derive(master, keys::RTP),
            rtcp: Keys::derive(master, keys::RTCP),
            streams: Streams::default(),
            report: 0,
        }
    }

    /// Protects the RTP packet in the first `length` bytes in place and returns how long it is now. The buffer has room
    /// for [`RTP_OVERHEAD`](super::RTP_OVERHEAD) more.
    ///
    /// A packet with a number that was sent before is refused: what is carried for somebody else may come twice, and
    /// two different packets must never share a key stream (§9.1).
    ///
    /// # Errors
    /// [`SrtpError::Malformed`], [`SrtpError::NoRoom`], [`SrtpError::Replayed`], [`SrtpError::TooOld`],
    /// [`SrtpError::TooManyStreams`], [`SrtpError::Exhausted`].
    pub fn rtp(&mut self, buffer: &mut [u8], length: usize) -> Result<usize, SrtpError> {
        let tag = self.suite.tag_length();
        let whole = length.checked_add(tag).and_then(|whole| buffer.get_mut(..whole)).ok_or(SrtpError::NoRoom)?;
        let (packet, place) = whole.split_at_mut(length);
        let header = Header::of(packet)?;
        let index = self.streams.index(header.ssrc, header.sequence)?;
        self.rtp.apply(header.ssrc, index, packet.get_mut(header.length..).unwrap_or_default());
        // §4.2: the roll-over counter is authenticated but not sent.
        let counter = ((index >> 16) as u32).to_be_bytes();
        let full = self.rtp.tag([packet, &counter]);
        place.copy_from_slice(full.get(..tag).unwrap_or_default());
        self.streams.note(header.ssrc, index);
        Ok(length + tag)
    }

    /// Protects the RTCP packet, compound or not, in the first `length` bytes in place and returns how long it is now.
    /// The buffer has room for [`RTCP_OVERHEAD`] more.
    ///
    /// # Errors
    /// [`SrtpError::Malformed`], [`SrtpError::NoRoom`], [`SrtpError::Exhausted`].
    pub fn rtcp(&mut self, buffer: &mut [u8], length: usize) -> Result<usize, SrtpError> {
        let whole = length.checked_add(RTCP_OVERHEAD).and_then(|whole| buffer.get_mut(..whole));
        let (packet, trailer) = whole.ok_or(SrtpError::NoRoom)?.split_at_mut(length);
        let ssrc = rtcp_ssrc(packet)?;
        // §9.2: no more than 2³¹ packets of RTCP under one key.
        let index = Some(self.report).filter(|index| *index < ENCRYPTED).ok_or(SrtpError::Exhausted)?;
        self.rtcp.apply(ssrc, index.into(), packet.get_mut(RTCP_HEADER..).unwrap_or_default());
        let word = (ENCRYPTED | index).to_be_bytes();
        let full = self.rtcp.tag([packet, &word]);
        for (to, from) in trailer.iter_mut().zip(word.iter().chain(&full)) {
            *to = *from;
        }
        self.report = index + 1;
        Ok(length + RTCP_OVERHEAD)
    }
}

impl fmt::Debug for Protect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Protect({:?}, secret)", self.suite)
    }
}
