//! How loud a member is, and whether that is speech.
//!
//! | state | level in a tick | for so many ticks | next |
//! |---|---|---|---|
//! | pausing | above `speech` | `speech_ticks` | speaking, told |
//! | speaking | below `pause`, or no frame | `pause_ticks` | pausing, told |
//!
//! Levels between the two change nothing.

use super::{MemberKey, MixerConfig};

/// Sums that grow beside each other, so that the compiler takes many samples at a time.
const LANES: usize = 16;

/// Mean square of a full-scale square wave: 0 dBov.
const FULL: f32 = 32_768.0 * 32_768.0;

/// What silence counts for.
const SILENCE: f32 = -96.0;

/// Somebody began or ended to speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Speech {
    /// Who.
    pub member: MemberKey,
    /// Began, or ended.
    pub speaks: bool,
}

/// The levels and times of a room, reckoned once.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    quiet: f32,
    speech: f32,
    pause: f32,
    hang_over: u8,
    speech_ticks: u8,
    pause_ticks: u8,
}

impl Bounds {
    pub(super) fn of(config: &MixerConfig) -> Self {
        Self {
            quiet: of_level(config.quiet),
            speech: of_level(config.speech),
            pause: of_level(config.pause),
            hang_over: config.hang_over,
            speech_ticks: config.speech_ticks.max(1),
            pause_ticks: config.pause_ticks.max(1),
        }
    }
}

/// What is known of one member's voice.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Ear {
    /// Mean square of the last frame.
    power: u32,
    /// As `power`, but falling slowly: words have gaps.
    loudness: u32,
    /// Ticks for which the voice still counts as heard.
    hang: u8,
    speaks: bool,
    /// Ticks that speak for the other state.
    run: u8,
}

impl Ear {
    /// Measures a frame.
    pub(super) fn hear(&mut self, frame: &[i16]) {
        self.power = power(frame);
    }

    /// A tick, with a frame or without; whether he speaks is returned when it changed.
    pub(super) fn tick(&mut self, bounds: &Bounds, heard: bool) -> Option<bool> {
        if !heard {
            if self.loudness == 0 && !self.speaks {
                return None;
            }
            self.power = 0;
        }
        // The louder counts at once, the quieter by 3 dB in 100 ms.
        self.loudness = self.power.max(self.loudness - self.loudness.div_ceil(8));
        let power = self.power as f32;
        self.hang = if power >= bounds.quiet { bounds.hang_over } else { self.hang.saturating_sub(1) };
        let (against, enough) = if self.speaks {
            (power < bounds.pause, bounds.pause_ticks)
        } else {
            (power >= bounds.speech, bounds.speech_ticks)
        };
        self.run = if against { self.run.saturating_add(1) } else { 0 };
        if self.run < enough {
            return None;
        }
        self.run = 0;
        self.speaks = !self.speaks;
        Some(self.speaks)
    }

    /// He is silent from now on; true when he spoke.
    pub(super) fn hush(&mut self) -> bool {
        std::mem::take(self).speaks
    }

    /// Worth adding to the sum.
    pub(super) fn is_voiced(&self) -> bool {
        self.hang > 0
    }

    pub(super) fn loudness(&self) -> u32 {
        self.loudness
    }

    pub(super) fn speaks(&self) -> bool {
        self.speaks
    }

    /// In dBov.
    pub(super) fn level(&self) -> f32 {
        if self.power == 0 { SILENCE } else { (10.0 * (self.power as f32 / FULL).log10()).max(SILENCE) }
    }
}

/// The mean square, at most 2³⁰.
fn power(frame: &[i16]) -> u32 {
    let square = |sample: &i16| f32::from(*sample) * f32::from(*sample);
    let mut sums = [0.0_f32; LANES];
    let (chunks, rest) = frame.as_chunks::<LANES>();
    for chunk in chunks {
        for (sum, sample) in sums.iter_mut().zip(chunk) {
            *sum += square(sample);
        }
    }
    let sum = sums.iter().sum::<f32>() + rest.iter().map(square).sum::<f32>();
    (sum / frame.len().max(1) as f32) as u32
}

fn of_level(decibels: f32) -> f32 {
    FULL * 10_f32.powf(decibels / 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_what_a_meter_shows() {
        let mut ear = Ear::default();
        for (sample, wanted) in [(i16::MIN, 0.0), (i16::MAX, 0.0), (3_277, -20.0), (33, -60.0), (0, SILENCE)] {
            ear.hear(&[sample; 160]);
            assert!((ear.level() - wanted).abs() < 0.3, "{sample}: {}", ear.level());
        }
        ear.hear(&[]);
        assert!(ear.level() <= SILENCE);
    }

    #[test]
    fn speech_begins_and_ends_with_hysteresis() {
        let bounds = Bounds::of(&MixerConfig::default());
        let mut ear = Ear::default();
        let mut tick = |level: f32, times: usize| -> Vec<bool> {
            let sample = (32_768.0 * 10_f32.powf(level / 20.0)) as i16;
            (0..times)
                .filter_map(|_| {
                    ear.hear(&[sample; 160]);
                    ear.tick(&bounds, true)
                })
                .collect()
        };
        assert!(tick(-30.0, 2).is_empty(), "a click is no speech");
        assert!(tick(-60.0, 1).is_empty());
        assert_eq!(tick(-30.0, 3), [true]);
        assert!(tick(-46.0, 100).is_empty(), "between the two levels nothing changes");
        assert!(tick(-60.0, 24).is_empty());
        assert_eq!(tick(-60.0, 1), [false]);
        assert!(tick(-46.0, 100).is_empty());
    }
}
