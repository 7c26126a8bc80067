//! How loud a frame is.

/// The level of some samples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Level {
    /// The largest sample, without its sign.
    pub peak: u16,
    /// The root of the mean square in dBov: 0 is a square wave at full scale, a sine there is −3, digital silence −127
    /// (RFC 6464 §3).
    pub rms: f32,
}

impl Level {
    /// Nothing at all.
    pub const SILENCE: Self = Self { peak: 0, rms: -127.0 };

    /// Measures samples.
    #[must_use]
    pub fn of(samples: &[i16]) -> Self {
        let peak = samples.iter().map(|sample| sample.unsigned_abs()).max().unwrap_or(0);
        if peak == 0 {
            return Self::SILENCE;
        }
        let square = |sample: &i16| i64::from(i32::from(*sample) * i32::from(*sample));
        let sum: i64 = samples.iter().map(square).sum();
        let mean = sum as f64 / samples.len() as f64;
        let rms = 10.0 * (mean / (32_768.0 * 32_768.0)).log10();
        Self { peak, rms: (rms as f32).clamp(-127.0, 0.0) }
    }

    /// As RTP carries it: 0 is the loudest, 127 silence (RFC 6464 §3).
    #[must_use]
    pub fn octet(self) -> u8 {
        (-self.rms).round().clamp(0.0, 127.0) as u8
    }

    /// The louder of two.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self { peak: self.peak.max(other.peak), rms: self.rms.max(other.rms) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_waves_have_their_known_levels() {
        let square: Vec<i16> = (0..160).map(|n| if n % 8 < 4 { i16::MAX } else { i16::MIN }).collect();
        let sine: Vec<i16> =
            (0..160).map(|n| ((f64::from(n) * std::f64::consts::FRAC_PI_8).sin() * 32_767.0) as i16).collect();
        assert_eq!((Level::of(&square).peak, Level::of(&square).octet()), (32_768, 0));
        assert!((Level::of(&sine).rms + 3.01).abs() < 0.01, "{:?}", Level::of(&sine));
        assert_eq!(Level::of(&[1]).octet(), 90);
        assert_eq!(Level::of(&[]), Level::SILENCE);
        assert_eq!(Level::of(&[0; 160]).octet(), 127);
    }
}
