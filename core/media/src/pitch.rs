//! How long a period of the voice is.

use std::time::Duration;

use crate::pcm::Rate;

/// A period, and how much the sound is like itself after it: 1 for a steady tone, 0 for noise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Pitch {
    /// In samples.
    pub(crate) period: usize,
    pub(crate) likeness: f32,
}

/// Finds the distance within `shortest..=longest` samples at which the last `window` samples of `sound` are most like
/// what was before. `None` when `sound` is too short, or silent.
///
/// First on a grid of about 4 kHz, as G.711 Appendix I does, then between the points of the grid.
pub(crate) fn before_the_end(
    sound: &[i16],
    rate: Rate,
    window: usize,
    shortest: usize,
    longest: usize,
) -> Option<Pitch> {
    let start = sound.len().checked_sub(window)?;
    let longest = longest.min(start);
    let grid = rate.samples(Duration::from_micros(250)).max(1);
    let like = |period: usize, step: usize| {
        let (now, before) = (sound.get(start..)?, sound.get(start - period..)?);
        likeness(now, before, step).map(|likeness| Pitch { period, likeness })
    };
    let best = |a: Pitch, b: Pitch| if b.likeness > a.likeness { b } else { a };
    let coarse = (shortest.max(1)..=longest).step_by(grid).filter_map(|period| like(period, grid)).reduce(best)?;
    let around = coarse.period.saturating_sub(grid - 1).max(shortest.max(1))..=(coarse.period + grid - 1).min(longest);
    around.filter_map(|period| like(period, grid.div_ceil(2))).reduce(best)
}

/// The normalised correlation of two sounds, every `step`th sample of them.
fn likeness(now: &[i16], before: &[i16], step: usize) -> Option<f32> {
    let (mut both, mut one, mut other) = (0.0_f32, 0.0_f32, 0.0_f32);
    for (a, b) in now.iter().zip(before).step_by(step) {
        let (a, b) = (f32::from(*a), f32::from(*b));
        both += a * b;
        one += a * a;
        other += b * b;
    }
    let power = one * other;
    (power > 0.0).then(|| both / power.sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_period_of_a_voice_is_found_at_every_rate() {
        for rate in [Rate::Narrow, Rate::Wide, Rate::Full] {
            for hertz in [80, 125, 180] {
                let period = rate.hz() / hertz;
                let sound: Vec<i16> = (0..rate.hz() / 20)
                    .map(|at| {
                        let phase = f64::from(at % period) / f64::from(period) * std::f64::consts::TAU;
                        (3_000.0 * (phase.sin() + (2.0 * phase).sin() + (3.0 * phase).sin())) as i16
                    })
                    .collect();
                let ms = |time| rate.samples(Duration::from_millis(time));
                let pitch = before_the_end(&sound, rate, ms(20), ms(5), ms(15)).expect("a voice");
                assert!(pitch.period.abs_diff(period as usize) <= 1, "{rate:?} {hertz}: {pitch:?} for {period}");
                assert!(pitch.likeness > 0.98, "{pitch:?}");
            }
        }
    }

    #[test]
    fn silence_and_too_little_have_none() {
        assert_eq!(before_the_end(&[0; 400], Rate::Narrow, 160, 40, 120), None);
        assert_eq!(before_the_end(&[7; 100], Rate::Narrow, 160, 40, 120), None);
        assert_eq!(before_the_end(&[], Rate::Full, 960, 240, 720), None);
    }
}
