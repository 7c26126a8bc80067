//! What the stories share: chance from a seed, sines and how alike two sounds are.

use std::f64::consts::TAU;

use media::Rate;

/// A stream of numbers from a seed (SplitMix64): the same on every machine.
#[derive(Debug, Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    /// The seed is printed, so that a failure can be had again.
    pub(crate) fn seeded(seed: u64) -> Self {
        eprintln!("seed {seed}");
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }
}

/// A sine at half of full scale.
pub(crate) fn sine(hz: f64, rate: Rate, samples: usize) -> Vec<i16> {
    let step = TAU * hz / f64::from(rate.hz());
    (0..samples).map(|n| ((n as f64 * step).sin() * 16_384.0) as i16).collect()
}

/// What no codec can make of nothing: a sine whose frequency and loudness wander, so that no shift of it looks like
/// itself.
pub(crate) fn wandering(from: f64, to: f64, rate: Rate, samples: usize) -> Vec<i16> {
    let mut phase = 0.0;
    let pitch = |n: usize| from + (to - from) * n as f64 / samples as f64;
    let loud = |n: usize| 9_000.0 * (1.0 + 0.6 * (n as f64 / f64::from(rate.hz()) * 3.0 * TAU).sin());
    (0..samples)
        .map(|n| {
            phase += TAU * pitch(n) / f64::from(rate.hz());
            (phase.sin() * loud(n)) as i16
        })
        .collect()
}

/// How alike two sounds are, 1 being the same but for loudness.
pub(crate) fn likeness(one: &[i16], other: &[i16]) -> f64 {
    let pairs = || one.iter().zip(other).map(|(a, b)| (f64::from(*a), f64::from(*b)));
    let both: f64 = pairs().map(|(a, b)| a * b).sum();
    let (first, second): (f64, f64) = pairs().fold((0.0, 0.0), |(x, y), (a, b)| (x + a * a, y + b * b));
    if first == 0.0 || second == 0.0 { 0.0 } else { both / (first * second).sqrt() }
}

/// The best likeness of `other` shifted by up to `most` samples either way, and that shift.
pub(crate) fn aligned(one: &[i16], other: &[i16], most: usize) -> (f64, isize) {
    let later = (0..=most).map(|by| (likeness(one, other.get(by..).unwrap_or_default()), by as isize));
    let sooner = (1..=most).map(|by| (likeness(one.get(by..).unwrap_or_default(), other), -(by as isize)));
    later.chain(sooner).fold((-1.0, 0), |best, next| if next.0 > best.0 { next } else { best })
}

/// How much of a sound's energy is at this frequency, 1 being all.
pub(crate) fn share(hz: f64, rate: Rate, samples: &[i16]) -> f64 {
    let step = TAU * hz / f64::from(rate.hz());
    let (mut re, mut im, mut all) = (0.0, 0.0, 0.0);
    for (n, sample) in samples.iter().enumerate() {
        let (sample, angle) = (f64::from(*sample), n as f64 * step);
        re += sample * angle.cos();
        im += sample * angle.sin();
        all += sample * sample;
    }
    if all == 0.0 { 0.0 } else { 2.0 * (re * re + im * im) / (samples.len() as f64 * all) }
}

/// A file of `tests/sounds`.
pub(crate) fn file(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/sounds/{name}", env!("CARGO_MANIFEST_DIR"))).expect("a file of the tests")
}
