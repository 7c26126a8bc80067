//! From one rate to another, 10 ms at a time.

use rubato::audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Fft, FixedSync, Resampler as _};

use crate::pcm::{FRAME, Rate};

/// How many steps of the filter a [`FRAME`] takes: 10 ms each, which delays sound by 5 ms.
const STEPS: usize = 2;

/// One stream of sound on its way from one rate to another.
pub struct Resampler {
    from: Rate,
    to: Rate,
    /// Nothing when the rates are the same.
    filter: Option<Box<Filter>>,
}

struct Filter {
    fft: Fft<f32>,
    input: Vec<f32>,
    output: Vec<f32>,
    sound: Vec<i16>,
}

impl Resampler {
    /// A way from one rate to the other.
    #[must_use]
    pub fn new(from: Rate, to: Rate) -> Self {
        let filter = (from != to).then(|| Box::new(Filter::new(from, to)));
        Self { from, to, filter }
    }

    /// The rate of what goes in.
    #[must_use]
    pub const fn from(&self) -> Rate {
        self.from
    }

    /// The rate of what comes out.
    #[must_use]
    pub const fn to(&self) -> Rate {
        self.to
    }

    /// Gives the sound at the other rate, as long as it was. Between like rates it is the same sound and costs nothing.
    /// What goes in is whole steps of 10 ms; what is left over at its end is not heard.
    pub fn resample<'a>(&'a mut self, sound: &'a [i16]) -> &'a [i16] {
        match &mut self.filter {
            None => sound,
            Some(filter) => filter.resample(sound),
        }
    }

    /// Forgets the sound of before: another stream begins.
    pub fn reset(&mut self) {
        if let Some(filter) = &mut self.filter {
            filter.fft.reset();
        }
    }
}

impl std::fmt::Debug for Resampler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Resampler").field("from", &self.from).field("to", &self.to).finish_non_exhaustive()
    }
}

impl Filter {
    fn new(from: Rate, to: Rate) -> Self {
        let (step, made) = (from.samples(FRAME) / STEPS, to.samples(FRAME) / STEPS);
        let fft = Fft::new(from.hz() as usize, to.hz() as usize, step, 1, FixedSync::Both)
            .expect("both rates and the step are above 0");
        Self { fft, input: vec![0.0; step], output: vec![0.0; made], sound: Vec::with_capacity(made * STEPS) }
    }

    fn resample(&mut self, sound: &[i16]) -> &[i16] {
        self.sound.clear();
        let (step, made) = (self.input.len(), self.output.len());
        for chunk in sound.chunks_exact(step) {
            for (float, sample) in self.input.iter_mut().zip(chunk) {
                *float = f32::from(*sample);
            }
            let done = InterleavedSlice::new(&self.input, 1, step).is_ok_and(|input| {
                InterleavedSlice::new_mut(&mut self.output, 1, made)
                    .is_ok_and(|mut output| self.fft.process_into_buffer(&input, &mut output, None).is_ok())
            });
            if !done {
                self.output.fill(0.0);
            }
            // The cast stops at the ends of 16 bits.
            self.sound.extend(self.output.iter().map(|float| (float + 0.5_f32.copysign(*float)) as i16));
        }
        &self.sound
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATES: [Rate; 3] = [Rate::Narrow, Rate::Wide, Rate::Full];

    fn tone(rate: Rate, hertz: f64, amplitude: f64, samples: usize) -> Vec<i16> {
        let step = std::f64::consts::TAU * hertz / f64::from(rate.hz());
        (0..samples).map(|at| (amplitude * (step * at as f64).sin()) as i16).collect()
    }

    /// The power of `pcm` at one frequency and in all, in dB of one to the other.
    fn purity(pcm: &[i16], rate: Rate, hertz: f64) -> (f64, f64) {
        let step = std::f64::consts::TAU * hertz / f64::from(rate.hz());
        let (mut sine, mut cosine, mut all) = (0.0, 0.0, 0.0);
        for (at, sample) in pcm.iter().enumerate() {
            let (s, c) = (step * at as f64).sin_cos();
            sine += s * f64::from(*sample);
            cosine += c * f64::from(*sample);
            all += f64::from(*sample) * f64::from(*sample);
        }
        let n = pcm.len() as f64;
        let tone = 2.0 * (sine * sine + cosine * cosine) / n / n;
        let rest = (all / n - tone).max(1e-9);
        ((2.0 * tone).sqrt(), 10.0 * (tone / rest).log10())
    }

    #[test]
    fn a_frame_gives_a_frame_and_a_tone_stays_what_it_was() {
        for from in RATES {
            for to in RATES {
                let mut resampler = Resampler::new(from, to);
                let mut heard = Vec::new();
                for frame in tone(from, 1_000.0, 8_000.0, from.frame() * 50).chunks(from.frame()) {
                    let made = resampler.resample(frame);
                    assert_eq!(made.len(), to.frame(), "{from:?} to {to:?}");
                    heard.extend_from_slice(made);
                }
                let (amplitude, clean) = purity(&heard[to.frame() * 10..], to, 1_000.0);
                assert!((amplitude / 8_000.0 - 1.0).abs() < 0.01, "{from:?} to {to:?}: {amplitude}");
                assert!(clean > 60.0, "{from:?} to {to:?}: {clean} dB");
            }
        }
    }

    #[test]
    fn what_the_lower_rate_cannot_hold_is_not_folded_into_it() {
        for (from, to, hertz) in [(Rate::Wide, Rate::Narrow, 5_500.0), (Rate::Full, Rate::Narrow, 7_000.0)] {
            let mut resampler = Resampler::new(from, to);
            let heard = resampler.resample(&tone(from, hertz, 10_000.0, from.frame() * 20)).to_vec();
            let loudest = heard[to.frame() * 4..].iter().map(|s| s.unsigned_abs()).max();
            assert!(loudest.is_some_and(|peak| peak < 30), "{from:?} to {to:?}: {loudest:?}");
        }
    }

    #[test]
    fn the_loudest_sound_is_cut_and_does_not_wrap() {
        let mut resampler = Resampler::new(Rate::Narrow, Rate::Full);
        let square: Vec<i16> = (0..1_600).map(|at| if at / 20 % 2 == 0 { i16::MAX } else { i16::MIN }).collect();
        let heard = resampler.resample(&square);
        let jump = heard.windows(2).map(|pair| i32::from(pair[1]).abs_diff(i32::from(pair[0]))).max();
        assert!(jump.is_some_and(|jump| jump < 40_000), "{jump:?}");
    }
}
