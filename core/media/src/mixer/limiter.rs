//! The limiter: sums of 32 bits come down to 16 without wrapping around and without square edges.

/// What comes back after a loud moment, by the frame: 0.4 dB, that is 21 dB in a second.
const RELEASE: f32 = 1.05;

/// A gain of at most one that falls where a frame is too loud and comes back slowly. The whole frame is known before it
/// leaves, so the gain is down when the first loud sample comes; nothing is cut.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limiter {
    gain: f32,
}

impl Default for Limiter {
    fn default() -> Self {
        Self { gain: 1.0 }
    }
}

impl Limiter {
    /// Both must have the same length.
    pub(super) fn limit(&mut self, sum: &[i32], out: &mut [i16]) {
        let ceiling = f32::from(i16::MAX);
        let peak = sum.iter().map(|sample| sample.unsigned_abs()).max().unwrap_or(0);
        let fits = peak <= i16::MAX.unsigned_abs().into();
        if fits && self.gain >= 1.0 {
            for (out, sample) in out.iter_mut().zip(sum) {
                *out = *sample as i16;
            }
            return;
        }
        let needed = if fits { 1.0 } else { ceiling / peak as f32 };
        let from = self.gain;
        let (to, ramp) = if needed < from {
            // Down by the time of the first sample that would stick out.
            (needed, sum.iter().position(|sample| sample.unsigned_abs() as f32 * from > ceiling).unwrap_or(0))
        } else {
            ((from * RELEASE).min(needed), sum.len())
        };
        let step = if ramp == 0 { 0.0 } else { (to - from) / ramp as f32 };
        for (at, (out, sample)) in out.iter_mut().zip(sum).enumerate() {
            let gain = if at < ramp { from + step * at as f32 } else { to };
            // A float that is out of bounds becomes the nearest that is in.
            *out = (*sample as f32 * gain) as i16;
        }
        self.gain = to;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_passes_untouched() {
        let sum: Vec<i32> = (-160..160).map(|n| n * 204).collect();
        let mut out = vec![0_i16; sum.len()];
        Limiter::default().limit(&sum, &mut out);
        assert!(out.iter().zip(&sum).all(|(out, sum)| i32::from(*out) == *sum));
    }

    #[test]
    fn what_is_too_loud_is_made_smaller_and_keeps_its_shape() {
        let mut limiter = Limiter::default();
        let wave = |tick: usize, loud: f32| -> Vec<i32> {
            (0..160).map(|n| (loud * ((tick * 160 + n) as f32 * 0.2).sin()) as i32).collect()
        };
        let mut before = 0_i16;
        for tick in 0..20 {
            let sum = wave(tick, if tick < 10 { 150_000.0 } else { 8_000.0 });
            let mut out = vec![0_i16; 160];
            limiter.limit(&sum, &mut out);
            for (out, sum) in out.iter().zip(&sum) {
                assert!(out.signum() as i32 * sum.signum() >= 0, "wrapped around");
            }
            let dot: f64 = out.iter().zip(&sum).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
            let norm = |square: f64| square.sqrt();
            let a = norm(out.iter().map(|s| f64::from(*s).powi(2)).sum());
            let b = norm(sum.iter().map(|s| f64::from(*s).powi(2)).sum());
            assert!(dot / (a * b) > if tick == 0 { 0.97 } else { 0.999 }, "tick {tick}: {}", dot / (a * b));
            let first = out.first().copied().unwrap_or(0);
            // In the tenth the sum itself jumps.
            assert!(
                [0, 10].contains(&tick) || (i32::from(first) - i32::from(before)).abs() < 9_000,
                "a click at tick {tick}"
            );
            before = out.last().copied().unwrap_or(0);
        }
        for _ in 0..40 {
            limiter.limit(&[100; 160], &mut [0; 160]);
        }
        assert!(limiter.gain >= 1.0, "it comes back");
    }
}
