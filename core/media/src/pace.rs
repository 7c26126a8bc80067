//! Makes a whole sound faster or slower without changing its pitch: waveform similarity overlap-add (WSOLA; Verhelst and
//! Roelands, 1993). For what is at hand as a whole; a stream is followed by `stretch`.

use std::time::Duration;

use crate::pcm::Rate;

/// Two windows overlap by half of this.
const WINDOW: Duration = Duration::from_millis(30);
/// So far from its place a window is looked for that goes on as the last one would have.
const SEARCH: Duration = Duration::from_millis(10);
/// How coarse the look is, in samples.
const STEP: usize = 2;

/// The sound at this pace in per cent of its own: 200 is twice as fast.
#[must_use]
pub(crate) fn at_pace(sound: &[i16], rate: Rate, pace: u16) -> Vec<i16> {
    let half = rate.samples(WINDOW) / 2;
    let search = rate.samples(SEARCH);
    if pace == 100 || pace == 0 || sound.len() < 4 * half {
        return sound.to_vec();
    }
    let mut out: Vec<i16> = Vec::with_capacity(sound.len() * 100 / usize::from(pace) + half);
    out.extend(sound.iter().take(half));
    // Where what was said last would go on.
    let mut goes_on = half;
    for turn in 1_usize.. {
        let wanted = turn * half * usize::from(pace) / 100;
        let from = wanted.saturating_sub(search);
        let to = (wanted + search).min(sound.len().saturating_sub(2 * half));
        if from >= to {
            break;
        }
        let next = (from..to).step_by(STEP).max_by_key(|at| likeness(sound, *at, goes_on, half)).unwrap_or(wanted);
        for at in 0..half {
            let (old, new) = (sample(sound, goes_on + at), sample(sound, next + at));
            let weight = at as f32 / half as f32;
            out.push((f32::from(old) * (1.0 - weight) + f32::from(new) * weight) as i16);
        }
        goes_on = next + half;
    }
    // What is left is less than a window.
    out.extend(sound.iter().skip(goes_on).take(half));
    out
}

fn sample(sound: &[i16], at: usize) -> i16 {
    sound.get(at).copied().unwrap_or(0)
}

/// How much two places are alike, over half a window.
fn likeness(sound: &[i16], one: usize, other: usize, half: usize) -> i64 {
    let (one, other) = (sound.get(one..).unwrap_or_default(), sound.get(other..).unwrap_or_default());
    let pairs = one.iter().zip(other).take(half).step_by(STEP);
    pairs.map(|(a, b)| i64::from(*a) * i64::from(*b)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn voice(rate: Rate, seconds: usize) -> Vec<i16> {
        let hz = rate.hz() as f32;
        let wave = |at: usize, tone: f32| (std::f32::consts::TAU * tone * at as f32 / hz).sin();
        (0..rate.hz() as usize * seconds)
            .map(|at| ((wave(at, 150.0) * 5_000.0 + wave(at, 450.0) * 3_000.0) * (0.6 + 0.4 * wave(at, 3.0))) as i16)
            .collect()
    }

    /// How strong a tone is in a sound.
    fn power(sound: &[i16], rate: Rate, tone: f32) -> f32 {
        let turn = std::f32::consts::TAU * tone / rate.hz() as f32;
        let (mut sine, mut cosine) = (0.0_f32, 0.0_f32);
        for (at, sample) in sound.iter().enumerate() {
            sine += f32::from(*sample) * (turn * at as f32).sin();
            cosine += f32::from(*sample) * (turn * at as f32).cos();
        }
        (sine * sine + cosine * cosine).sqrt() / sound.len() as f32
    }

    #[test]
    fn it_is_as_long_as_its_pace_says_and_keeps_its_pitch() {
        for rate in [Rate::Narrow, Rate::Wide] {
            let own = voice(rate, 3);
            for pace in [50_u16, 80, 125, 150, 200] {
                let other = at_pace(&own, rate, pace);
                let wanted = own.len() * 100 / usize::from(pace);
                assert!(other.len().abs_diff(wanted) <= rate.samples(Duration::from_millis(60)), "{pace}");
                // Half a second: over more, the seams turn the phase of a tone.
                let part = &other[other.len() / 3..][..rate.hz() as usize / 4];
                let (own_pitch, moved) = (power(part, rate, 150.0), power(part, rate, 150.0 * f32::from(pace) / 100.0));
                assert!(own_pitch > 3.0 * moved, "{rate:?} {pace}: {own_pitch} {moved}");
            }
        }
    }

    #[test]
    fn what_is_too_short_or_at_its_own_pace_is_left_as_it_is() {
        let own = voice(Rate::Narrow, 1);
        assert_eq!(at_pace(&own, Rate::Narrow, 100), own);
        assert_eq!(at_pace(&own[..100], Rate::Narrow, 150), own[..100]);
        assert_eq!(at_pace(&[], Rate::Narrow, 150), [0_i16; 0]);
    }
}
