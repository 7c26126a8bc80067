//! Makes sound a little longer or shorter without changing its pitch: how a buffer follows the far end's clock.

use std::time::Duration;

use crate::jitter::Urgency;
use crate::pcm::Rate;
use crate::pitch;

/// By how much sound is changed at a time.
const SHORTEST: Duration = Duration::from_micros(2_500);
const LONGEST: Duration = Duration::from_micros(10_000);
/// What must be alike around the seam.
const WINDOW: Duration = Duration::from_millis(10);
/// Below this mean nobody hears a seam: −47 dBov.
const QUIET: u32 = 150;
/// A voice that is so much like itself a period later can lose one or say it twice.
const ALIKE: f32 = 0.8;

/// How much sound there must be for either.
pub(crate) const NEEDED: Duration = Duration::from_millis(20);

/// Takes one period out of the beginning of `sound` and says how many samples it had. Nothing happens where it would be
/// heard, unless it is urgent.
pub(crate) fn shrink(sound: &mut Vec<i16>, rate: Rate, urgency: Urgency) -> usize {
    let Some(period) = period(sound, rate, urgency) else { return 0 };
    for at in 0..period {
        let (Some(later), Some(sample)) = (sound.get(at + period).copied(), sound.get_mut(at)) else { return 0 };
        *sample = mix(*sample, later, at, period);
    }
    sound.drain(period..period * 2);
    period
}

/// Says one period at the beginning of `sound` twice, and says how many samples it has.
pub(crate) fn grow(sound: &mut Vec<i16>, rate: Rate, urgency: Urgency) -> usize {
    let Some(period) = period(sound, rate, urgency) else { return 0 };
    // x[0..p], then from x[p..] to x[0..] over one period, then x[p..] again.
    sound.extend(std::iter::repeat_n(0, period));
    let end = sound.len() - period;
    sound.copy_within(period..end, period * 2);
    for at in 0..period {
        let (Some(first), Some(second)) = (sound.get(at).copied(), sound.get(at + period * 2).copied()) else {
            break;
        };
        if let Some(sample) = sound.get_mut(at + period) {
            *sample = mix(second, first, at, period);
        }
    }
    period
}

/// From one sample to another, `at` of `length`.
fn mix(from: i16, to: i16, at: usize, length: usize) -> i16 {
    let weight = (at + 1) as f32 / (length + 1) as f32;
    (f32::from(from) * (1.0 - weight) + f32::from(to) * weight) as i16
}

/// A period at the beginning of `sound` that may be taken out or said twice.
fn period(sound: &[i16], rate: Rate, urgency: Urgency) -> Option<usize> {
    let needed = rate.samples(NEEDED);
    let head = sound.get(..needed)?;
    let mean = head.iter().map(|sample| u32::from(sample.unsigned_abs())).sum::<u32>() / u32::try_from(needed).ok()?;
    let (shortest, longest) = (rate.samples(SHORTEST), rate.samples(LONGEST));
    if mean < QUIET {
        return Some(longest / 2);
    }
    if urgency == Urgency::Idle {
        return None;
    }
    let pitch = pitch::before_the_end(head, rate, rate.samples(WINDOW), shortest, longest)?;
    (urgency == Urgency::Now || pitch.likeness > ALIKE).then_some(pitch.period)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(period: usize, samples: usize) -> Vec<i16> {
        (0..samples).map(|at| (9_000.0 * (std::f64::consts::TAU * at as f64 / period as f64).sin()) as i16).collect()
    }

    fn steepest(sound: &[i16]) -> u16 {
        sound.windows(2).map(|pair| pair[0].abs_diff(pair[1])).max().unwrap_or(0)
    }

    #[test]
    fn a_tone_is_shorter_or_longer_by_whole_periods_and_has_no_seam() {
        for period in [32, 40, 57] {
            let clean = tone(period, 480);
            let mut shorter = clean.clone();
            assert_eq!(shrink(&mut shorter, Rate::Narrow, Urgency::Idle), 0, "there is no hurry");
            let removed = shrink(&mut shorter, Rate::Narrow, Urgency::Soon);
            let mut longer = clean.clone();
            let added = grow(&mut longer, Rate::Narrow, Urgency::Soon);
            assert_eq!((shorter.len(), longer.len()), (480 - removed, 480 + added));
            assert!(removed > 0 && removed.is_multiple_of(period), "{removed} of {period}");
            assert!(added > 0 && added.is_multiple_of(period), "{added} of {period}");
            assert!(steepest(&shorter) <= steepest(&clean) + 20 && steepest(&longer) <= steepest(&clean) + 20);
        }
    }

    #[test]
    fn noise_is_left_alone_unless_it_must_change_and_silence_may() {
        let mut state = 17_u32;
        let mut noise: Vec<i16> = (0..480)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 18) as i16 - 8_192
            })
            .collect();
        assert_eq!(
            (shrink(&mut noise, Rate::Narrow, Urgency::Soon), grow(&mut noise, Rate::Narrow, Urgency::Soon)),
            (0, 0)
        );
        assert!(shrink(&mut noise, Rate::Narrow, Urgency::Now) > 0);
        assert_eq!(shrink(&mut vec![3; 480], Rate::Narrow, Urgency::Idle), 40);
        assert_eq!(grow(&mut vec![0; 159], Rate::Narrow, Urgency::Now), 0, "too little to judge");
    }
}
