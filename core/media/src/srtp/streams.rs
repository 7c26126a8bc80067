//! What is remembered of each SSRC under one key.

use super::SrtpError;
use super::replay::Window;

/// How many SSRCs are kept under one key. None is forgotten for another, for then its packets could be played again.
pub const MAX_STREAMS: usize = 64;

/// The streams of one direction. A call has one or two, so they are searched one by one, the last used first.
#[derive(Debug, Default)]
pub(super) struct Streams {
    /// The SSRC is the sender's.
    known: Vec<(u32, Window)>,
}

impl Streams {
    /// The window of this SSRC, if it has one.
    pub(super) fn find(&self, ssrc: u32) -> Result<Option<&Window>, SrtpError> {
        match self.known.iter().find(|(known, _)| *known == ssrc) {
            Some((_, window)) => Ok(Some(window)),
            None if self.known.len() >= MAX_STREAMS => Err(SrtpError::TooManyStreams),
            None => Ok(None),
        }
    }

    /// A packet was authentic.
    pub(super) fn note(&mut self, ssrc: u32, index: u64) {
        match self.known.iter().position(|(known, _)| *known == ssrc) {
            Some(at) => {
                if let Some((_, window)) = self.known.get_mut(at) {
                    window.note(index);
                }
                if at > 0 {
                    self.known.swap(0, at);
                }
            }
            None => {
                self.known.push((ssrc, Window::beginning(index)));
                let last = self.known.len() - 1;
                self.known.swap(0, last);
            }
        }
    }

    /// The index that an RTP packet has, when it may come.
    pub(super) fn index(&self, ssrc: u32, sequence: u16) -> Result<u64, SrtpError> {
        let Some(window) = self.find(ssrc)? else {
            // §3.3.1: the first one has a counter of zero.
            return Ok(u64::from(sequence));
        };
        let index = window.estimate(sequence)?;
        window.check(index)?;
        Ok(index)
    }
}
