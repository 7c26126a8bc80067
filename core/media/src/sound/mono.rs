//! Where decoded sound comes together: voices mixed to one, resampled, bounded in length.

use std::time::Duration;

use rubato::audioadapter_buffers::direct::SequentialSlice;
use rubato::{Fft, FixedSync, Resampler};

use super::{Limits, SoundError};
use crate::pcm::Rate;

/// What resamples, from one rate of a file to the one asked for.
struct Converter {
    fft: Fft<f32>,
    /// What is yet less than a chunk.
    input: Vec<f32>,
    output: Vec<f32>,
    /// Samples of its delay that are still to come.
    skip: usize,
    taken: u64,
    given: u64,
}

/// Collects samples at one rate.
pub(crate) struct Mono<'a> {
    rate: Rate,
    limits: &'a Limits,
    samples: Vec<i16>,
    most: usize,
    /// The rate of what comes in, in Hz, once known.
    hz: Option<u32>,
    converter: Option<Converter>,
    mixed: Vec<f32>,
}

impl<'a> Mono<'a> {
    pub(crate) fn new(rate: Rate, limits: &'a Limits) -> Self {
        let most = rate.samples(limits.length);
        Self { rate, limits, samples: Vec::new(), most, hz: None, converter: None, mixed: Vec::new() }
    }

    pub(crate) const fn limits(&self) -> &'a Limits {
        self.limits
    }

    pub(crate) const fn rate(&self) -> Rate {
        self.rate
    }

    /// How many samples are there: those that are yet in the resampler left out.
    pub(crate) fn len(&self) -> usize {
        self.samples.len()
    }

    /// How long the sound is by now.
    pub(crate) fn time(&self) -> Duration {
        self.rate.time(self.samples.len())
    }

    pub(crate) fn truncate(&mut self, len: usize) {
        self.samples.truncate(len);
    }

    /// Takes interleaved samples between −1 and 1 at `hz`.
    pub(crate) fn take(&mut self, hz: u32, voices: usize, interleaved: &[f32]) -> Result<(), SoundError> {
        self.limits.allow(hz, voices)?;
        let share = 1.0 / voices as f32;
        let mut mixed = std::mem::take(&mut self.mixed);
        mixed.clear();
        // Decoders of float give what is no number at all; it would stay in the resampler for good.
        let sane = |sample: &f32| if sample.is_finite() { sample.clamp(-4.0, 4.0) } else { 0.0 };
        mixed.extend(interleaved.chunks_exact(voices).map(|frame| frame.iter().map(sane).sum::<f32>() * share));
        let result = self.resample(hz, &mixed);
        self.mixed = mixed;
        result
    }

    /// Takes mono samples that are at the rate already.
    pub(crate) fn append(&mut self, samples: impl Iterator<Item = i16>) -> Result<(), SoundError> {
        self.samples.extend(samples);
        self.bound()
    }

    fn bound(&self) -> Result<(), SoundError> {
        if self.samples.len() > self.most {
            return Err(SoundError::TooLong { limit: self.limits.length });
        }
        Ok(())
    }

    fn resample(&mut self, hz: u32, mono: &[f32]) -> Result<(), SoundError> {
        if self.hz != Some(hz) {
            // A stream may change its rate where another begins.
            self.drain()?;
            self.hz = Some(hz);
            self.converter = if hz == self.rate.hz() { None } else { Some(Converter::new(hz, self.rate.hz())?) };
        }
        match &mut self.converter {
            None => self.samples.extend(mono.iter().copied().map(integer)),
            Some(converter) => converter.take(mono, &mut self.samples)?,
        }
        self.bound()
    }

    /// Takes out what the resampler still holds.
    fn drain(&mut self) -> Result<(), SoundError> {
        let (from, to) = (u64::from(self.hz.unwrap_or(1)), u64::from(self.rate.hz()));
        if let Some(mut converter) = self.converter.take() {
            let whole = (converter.taken * to).div_ceil(from);
            let zeros = vec![0.0; converter.fft.input_frames_next()];
            while converter.given < whole {
                converter.take(&zeros, &mut self.samples)?;
            }
            let over = usize::try_from(converter.given - whole).unwrap_or(0);
            self.samples.truncate(self.samples.len().saturating_sub(over));
        }
        Ok(())
    }

    pub(crate) fn finish(mut self) -> Result<Vec<i16>, SoundError> {
        self.drain()?;
        self.bound()?;
        Ok(self.samples)
    }
}

impl Limits {
    /// Whether a file may have this rate and so many voices.
    pub(crate) fn allow(&self, hz: u32, voices: usize) -> Result<(), SoundError> {
        if !(self.lowest..=self.highest).contains(&hz) {
            return Err(SoundError::Sampling { hz });
        }
        self.allow_voices(voices)
    }

    /// Whether a file may have so many voices.
    pub(crate) fn allow_voices(&self, voices: usize) -> Result<(), SoundError> {
        if voices == 0 || voices > self.voices {
            return Err(SoundError::Voices { voices });
        }
        Ok(())
    }
}

impl Converter {
    fn new(from: u32, to: u32) -> Result<Self, SoundError> {
        let wrong = || SoundError::Sampling { hz: from };
        let (input, output) = (usize::try_from(from).unwrap_or(0), usize::try_from(to).unwrap_or(0));
        // 40 ms a chunk: a steeper filter than in a call, where the delay counts.
        let fft = Fft::<f32>::new_custom(
            input,
            output,
            input / 25,
            1,
            1,
            rubato::WindowFunction::BlackmanHarris2,
            FixedSync::Both,
        )
        .map_err(|_| wrong())?;
        let skip = fft.output_delay();
        let room = vec![0.0; fft.output_frames_max()];
        Ok(Self { fft, input: Vec::new(), output: room, skip, taken: 0, given: 0 })
    }

    fn take(&mut self, mono: &[f32], samples: &mut Vec<i16>) -> Result<(), SoundError> {
        let broken = |_| SoundError::Breaking;
        self.taken += mono.len() as u64;
        self.input.extend_from_slice(mono);
        let chunk = self.fft.input_frames_next();
        let mut done = 0;
        while let Some(piece) = self.input.get(done..done + chunk) {
            let room = self.output.len();
            let from = SequentialSlice::new(piece, 1, chunk).map_err(|_| SoundError::Breaking)?;
            let mut to = SequentialSlice::new_mut(&mut self.output, 1, room).map_err(|_| SoundError::Breaking)?;
            let (_, made) = self.fft.process_into_buffer(&from, &mut to, None).map_err(broken)?;
            let skipped = self.skip.min(made);
            self.skip -= skipped;
            samples.extend(self.output.iter().take(made).skip(skipped).copied().map(integer));
            self.given += (made - skipped) as u64;
            done += chunk;
        }
        self.input.drain(..done);
        Ok(())
    }
}

/// From ±1 to 16 bits, clipped.
pub(crate) fn integer(sample: f32) -> i16 {
    // The cast saturates, and nothing that is no number comes so far.
    (sample * 32_768.0).round() as i16
}
