//! Linear sound: mono samples of 16 bits at one of the rates that a codec here can use.

use std::time::Duration;

/// How many samples make a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Rate {
    /// 8 kHz: G.711.
    Narrow,
    /// 16 kHz: G.722.
    Wide,
    /// 48 kHz: Opus.
    Full,
}

impl Rate {
    /// Samples a second.
    #[must_use]
    pub const fn hz(self) -> u32 {
        match self {
            Self::Narrow => 8_000,
            Self::Wide => 16_000,
            Self::Full => 48_000,
        }
    }

    /// How many samples this time takes, rounded down.
    #[must_use]
    pub const fn samples(self, time: Duration) -> usize {
        (time.as_micros() * self.hz() as u128 / 1_000_000) as usize
    }

    /// How many samples a frame of [`FRAME`] has: 160, 320 or 960.
    #[must_use]
    pub const fn frame(self) -> usize {
        self.samples(FRAME)
    }

    /// How long so many samples sound.
    #[must_use]
    pub const fn time(self, samples: usize) -> Duration {
        Duration::from_micros(samples as u64 * 1_000_000 / self.hz() as u64)
    }
}

/// The time that one step of the engine covers: mixers, players and recorders all walk in it.
pub const FRAME: Duration = Duration::from_millis(20);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_has_the_samples_of_its_rate() {
        assert_eq!([Rate::Narrow, Rate::Wide, Rate::Full].map(Rate::frame), [160, 320, 960]);
        assert_eq!(Rate::Full.time(960), FRAME);
    }
}
