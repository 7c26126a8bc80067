//! Volumes, and voices that come and go without a click.

use super::limiter::Limiter;

/// How much louder or quieter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Volume {
    factor: f32,
}

impl Volume {
    /// As it is.
    pub const UNCHANGED: Self = Self { factor: 1.0 };

    /// The loudest, in decibels.
    pub const MAX: f32 = 20.0;

    /// What is as quiet as this is not heard at all, in decibels.
    pub const MIN: f32 = -60.0;

    /// By so many decibels; beyond the bounds the bound counts, and what is no number changes nothing.
    #[must_use]
    pub fn of_decibels(decibels: f32) -> Self {
        match decibels {
            decibels if decibels.is_nan() => Self::UNCHANGED,
            decibels if decibels <= Self::MIN => Self { factor: 0.0 },
            // Nought decibels are exactly one, so that they cost nothing.
            decibels => Self { factor: 10_f32.powf(decibels.min(Self::MAX) / 20.0) },
        }
    }

    /// Applies it to a sum, which the limiter brings down afterwards.
    pub(super) fn scale(self, sum: &mut [i32]) {
        if self != Self::UNCHANGED {
            for sample in sum {
                *sample = (*sample as f32 * self.factor) as i32;
            }
        }
    }
}

impl Default for Volume {
    fn default() -> Self {
        Self::UNCHANGED
    }
}

/// The gate in front of the sum: open by a volume or closed, and a ramp of one frame between.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Fader {
    pub(super) volume: Volume,
    now: f32,
    limiter: Limiter,
}

impl Fader {
    /// Some of the voice passed in the last tick.
    pub(super) fn is_open(&self) -> bool {
        self.now > 0.0
    }

    /// Brings a frame to its volume, or to silence by its end.
    pub(super) fn fade(&mut self, open: bool, frame: &mut [i16], scratch: &mut [i32]) {
        let to = if open { self.volume.factor } else { 0.0 };
        let from = std::mem::replace(&mut self.now, to);
        if from == 1.0 && to == 1.0 {
            return;
        }
        let step = (to - from) / frame.len().max(1) as f32;
        let gain = |at: usize| from + step * at as f32;
        if from <= 1.0 && to <= 1.0 {
            for (at, sample) in frame.iter_mut().enumerate() {
                *sample = (f32::from(*sample) * gain(at)) as i16;
            }
            return;
        }
        for (at, (sum, sample)) in scratch.iter_mut().zip(frame.iter()).enumerate() {
            *sum = (f32::from(*sample) * gain(at)) as i32;
        }
        self.limiter.limit(scratch, frame);
    }

    /// Nothing passes: the next voice begins from nothing.
    pub(super) fn close(&mut self) {
        self.now = 0.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decibels_have_bounds() {
        assert_eq!(Volume::of_decibels(0.0), Volume::UNCHANGED);
        assert_eq!(Volume::of_decibels(f32::NAN), Volume::UNCHANGED);
        assert_eq!(Volume::of_decibels(-80.0), Volume { factor: 0.0 });
        assert_eq!(Volume::of_decibels(90.0), Volume::of_decibels(20.0));
        assert!((Volume::of_decibels(-6.0).factor - 0.501).abs() < 0.001);
    }

    #[test]
    fn a_voice_comes_and_goes_by_a_ramp() {
        let mut fader = Fader::default();
        let mut frame = [10_000_i16; 160];
        fader.fade(true, &mut frame, &mut [0; 160]);
        assert_eq!((frame[0], frame[80]), (0, 5_000));
        frame = [10_000; 160];
        fader.fade(true, &mut frame, &mut [0; 160]);
        assert_eq!(frame, [10_000; 160]);
        fader.fade(false, &mut frame, &mut [0; 160]);
        assert!(frame[0] == 10_000 && frame[159] < 100 && !fader.is_open());
    }
}
