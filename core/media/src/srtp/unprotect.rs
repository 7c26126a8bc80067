//! What comes: authenticated, then decrypted (§3.3, §3.4).

use std::fmt;

use super::keys::{self, Keys, MasterKey, Suite};
use super::packet::{Header, RTCP_HEADER, rtcp_ssrc};
use super::streams::Streams;
use super::{RTCP_OVERHEAD, SrtpError};

/// The word of RTCP with the flag and the index.
const WORD: usize = 4;

/// One direction, inwards.
pub struct Unprotect {
    suite: Suite,
    rtp: Keys,
    rtcp: Keys,
    streams: Streams,
    reports: Streams,
}

impl Unprotect {
    /// Begins with a fresh key.
    #[must_use]
    pub fn new(master: &MasterKey) -> Self {
        Self {
            suite: master.suite(),
            rtp: Keys::derive(master, keys::RTP),
            rtcp: Keys::derive(master, keys::RTCP),
            streams: Streams::default(),
            reports: Streams::default(),
        }
    }

    /// Checks an SRTP packet and decrypts it in place; returns how long the RTP packet at its beginning is. A packet that
    /// is refused is left as it came.
    ///
    /// # Errors
    /// [`SrtpError::Malformed`], [`SrtpError::Forged`], [`SrtpError::Replayed`], [`SrtpError::TooOld`],
    /// [`SrtpError::TooManyStreams`], [`SrtpError::Exhausted`].
    pub fn rtp(&mut self, packet: &mut [u8]) -> Result<usize, SrtpError> {
        let length = packet.len().checked_sub(self.suite.tag_length()).ok_or(SrtpError::Malformed)?;
        let (packet, tag) = packet.split_at_mut(length);
        let header = Header::of(packet)?;
        let index = self.streams.index(header.ssrc, header.sequence)?;
        let counter = ((index >> 16) as u32).to_be_bytes();
        if !self.rtp.is_authentic([packet, &counter], tag) {
            return Err(SrtpError::Forged);
        }
        self.rtp.apply(header.ssrc, index, packet.get_mut(header.length..).unwrap_or_default());
        self.streams.note(header.ssrc, index);
        Ok(length)
    }

    /// Checks an SRTCP packet and decrypts it in place; returns how long the RTCP packet at its beginning is. A packet
    /// that is refused is left as it came.
    ///
    /// # Errors
    /// As for [`rtp`](Self::rtp).
    pub fn rtcp(&mut self, packet: &mut [u8]) -> Result<usize, SrtpError> {
        let length = packet.len().checked_sub(RTCP_OVERHEAD).ok_or(SrtpError::Malformed)?;
        let (packet, trailer) = packet.split_at_mut(length);
        let (word, tag) = trailer.split_at_checked(WORD).ok_or(SrtpError::Malformed)?;
        let ssrc = rtcp_ssrc(packet)?;
        let value = u32::from_be_bytes(*word.first_chunk().ok_or(SrtpError::Malformed)?);
        let (encrypted, index) = (value >> 31 == 1, u64::from(value & !(1 << 31)));
        if let Some(window) = self.reports.find(ssrc)? {
            window.check(index)?;
        }
        if !self.rtcp.is_authentic([packet, word], tag) {
            return Err(SrtpError::Forged);
        }
        // §3.4: the flag says whether the sender encrypted this one; it is authenticated in either case.
        if encrypted {
            self.rtcp.apply(ssrc, index, packet.get_mut(RTCP_HEADER..).unwrap_or_default());
        }
        self.reports.note(ssrc, index);
        Ok(length)
    }
}

impl fmt::Debug for Unprotect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Unprotect({:?}, secret)", self.suite)
    }
}
