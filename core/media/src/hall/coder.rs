//! Sound into payloads, once for all who are to get the same.

use std::time::Duration;

use crate::codec::{Codec, Encoder, OpusSettings};
use crate::pcm::{FRAME, Rate};
use crate::resample::Resampler;

/// RFC 7587 §3.1.1: 28 to 40 kbit/s for fullband speech.
const FULLBAND: u32 = 32_000;

/// An encoder that takes frames of a room and gives payloads of one length.
#[derive(Debug)]
pub(super) struct Coder {
    encoder: Encoder,
    resampler: Resampler,
    /// Samples of the encoder's rate in a payload.
    samples: usize,
    pending: Vec<i16>,
    /// The payloads of the last frame, and where each ends.
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

/// What a coder is to make: whoever has the same may share one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Form {
    pub(super) codec: Codec,
    /// Whole tens of milliseconds.
    pub(super) ptime: Duration,
}

impl Form {
    /// Nothing is remembered from one payload to the next: any encoder goes on where another ended.
    pub(super) const fn forgets(self) -> bool {
        matches!(self.codec, Codec::Pcmu | Codec::Pcma)
    }

    /// How much of a payload is begun when a tick begins, so that all of one form end theirs together.
    pub(super) fn begun(self, tick: u64) -> Duration {
        let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX).max(1);
        Duration::from_micros(tick.wrapping_mul(micros(FRAME)) % micros(self.ptime))
    }
}

impl Coder {
    /// A coder that has just heard `past`, frames at `rate`: what it makes from now on fits what another coder made of
    /// them, for one who heard that. `tick` is the one that comes.
    pub(super) fn new<'a>(form: Form, rate: Rate, tick: u64, past: impl ExactSizeIterator<Item = &'a [i16]>) -> Self {
        let mut encoder = Encoder::new(form.codec, rate);
        if encoder.rate() == Rate::Full {
            encoder.set_opus(&OpusSettings { bitrate: FULLBAND, ..OpusSettings::default() });
        }
        let begun = form.begun(tick.wrapping_sub(past.len() as u64));
        let samples = encoder.rate().samples(form.ptime);
        let mut pending = Vec::with_capacity(samples + encoder.rate().frame());
        pending.resize(encoder.rate().samples(begun), 0);
        let resampler = Resampler::new(rate, encoder.rate());
        let mut coder = Self { resampler, encoder, samples, pending, bytes: Vec::new(), ends: Vec::new() };
        for frame in past {
            coder.handle(frame);
        }
        coder
    }

    /// Takes a frame; what [`payloads`](Self::payloads) gives is of this one.
    pub(super) fn handle(&mut self, frame: &[i16]) {
        self.bytes.clear();
        self.ends.clear();
        self.pending.extend_from_slice(self.resampler.resample(frame));
        let mut used = 0;
        while let Some(sound) = self.pending.get(used..used + self.samples).filter(|sound| !sound.is_empty()) {
            // A codec that has no such payload is not heard; a ptime is chosen that it has.
            if self.encoder.encode(sound, &mut self.bytes).is_ok() {
                self.ends.push(self.bytes.len());
            }
            used += self.samples;
        }
        self.pending.drain(..used);
    }

    /// What is to be sent now: none, one or two.
    pub(super) fn payloads(&self) -> impl Iterator<Item = &[u8]> {
        let begins = std::iter::once(0).chain(self.ends.iter().copied());
        begins.zip(&self.ends).filter_map(|(begin, end)| self.bytes.get(begin..*end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coders_of_one_form_end_their_payloads_together_whenever_they_began() {
        for tens in [1, 2, 3, 4, 6] {
            let form = Form { codec: Codec::G722, ptime: Duration::from_millis(10) * tens };
            let frame = [7; 320];
            let mut first = Coder::new(form, Rate::Wide, 0, [].into_iter());
            for tick in 0..12 {
                let mut later = Coder::new(
                    form,
                    Rate::Wide,
                    tick,
                    (0..tick.min(5)).map(|_| &frame[..]).collect::<Vec<_>>().into_iter(),
                );
                later.handle(&frame);
                first.handle(&frame);
                let count = |coder: &Coder| coder.payloads().count();
                assert_eq!(
                    (count(&later), later.pending.len()),
                    (count(&first), first.pending.len()),
                    "{form:?} {tick}"
                );
                assert!(first.payloads().all(|payload| payload.len() == 80 * tens as usize));
            }
        }
    }
}
