//! How a room hears one member.

use std::time::Instant;

use crate::jitter::{JitterConfig, Taken};
use crate::pcm::Rate;
use crate::resample::Resampler;
use crate::transcode::{Format, Heard, Hearing, Unheard};

/// No sample of a quiet frame is larger, as the noise of a microphone is not: −58 dB below full scale.
const QUIET: u16 = 40;
/// After so many of them no sound is left in a filter.
const TAIL: u8 = 2;

/// A far end's packets, as sound of the room's rate.
#[derive(Debug)]
pub(super) struct Ear {
    hearing: Hearing,
    resampler: Resampler,
    frame: Vec<i16>,
    /// Quiet frames one after another.
    quiet: u8,
    /// He breaks whoever listens.
    #[cfg(test)]
    pub(super) trapped: bool,
}

impl Ear {
    pub(super) fn new(formats: &[(u8, Format)], rate: Rate, config: JitterConfig, seed: u64) -> Self {
        Self {
            hearing: Hearing::new(formats, rate, config, seed),
            resampler: Resampler::new(rate, rate),
            frame: vec![0; rate.frame()],
            quiet: TAIL,
            #[cfg(test)]
            trapped: false,
        }
    }

    pub(super) const fn hearing(&self) -> &Hearing {
        &self.hearing
    }

    pub(super) fn set_formats(&mut self, formats: &[(u8, Format)]) {
        self.hearing.set_formats(formats);
    }

    pub(super) fn leave_behind(&mut self) {
        self.hearing.leave_behind();
    }

    pub(super) fn handle(&mut self, now: Instant, packet: &[u8]) -> Result<Taken, Unheard> {
        self.hearing.handle(now, packet)
    }

    /// What he says in this tick, at the rate of the room; `None` when that is nothing. Quiet is not worth a filter.
    pub(super) fn listen(&mut self, now: Instant, room: Rate) -> Option<&[i16]> {
        #[cfg(test)]
        assert!(!self.trapped, "a trap");
        if self.resampler.to() != room {
            self.resampler = Resampler::new(self.hearing.rate(), room);
            // The filter knows what was said last: the voice does not begin anew.
            self.resampler.resample(&self.frame);
        }
        let silent = self.hearing.poll(now, &mut self.frame) == Heard::Silence;
        let filtered = self.resampler.from() != self.resampler.to();
        let quiet = silent || (filtered && self.frame.iter().all(|sample| sample.unsigned_abs() <= QUIET));
        self.quiet = if quiet { self.quiet.saturating_add(1) } else { 0 };
        if self.quiet > TAIL {
            if self.quiet == TAIL + 1 {
                self.resampler.reset();
            }
            return None;
        }
        Some(self.resampler.resample(&self.frame))
    }
}
