//! Keys into sound (ITU-T Q.23).

use std::collections::VecDeque;
use std::time::Duration;

use super::{Digit, Pressed, QueueFull, SHORTEST};
use crate::pcm::Rate;
use crate::tone::{Part, Player, Sound, Tone};

/// The low tone in dBm0. The high one is 2 dB stronger, as lines attenuate it more (ETSI ES 201 235-2).
const LEVEL: i8 = -10;
const TWIST: i8 = 2;

/// The pause behind a key in milliseconds.
const GAP: u32 = 60;

/// How many keys may wait.
const WAITING: usize = 64;

/// Sounds keys, one after the other.
#[derive(Debug)]
pub struct Generator {
    rate: Rate,
    waiting: VecDeque<Pressed>,
    playing: Option<Player>,
}

impl Generator {
    /// For sound of this rate.
    #[must_use]
    pub fn new(rate: Rate) -> Self {
        Self { rate, waiting: VecDeque::with_capacity(WAITING), playing: None }
    }

    /// Sounds a key for a time, at least [`SHORTEST`]. The flash has no sound and is passed over.
    ///
    /// # Errors
    /// [`QueueFull`] when too many wait.
    pub fn send(&mut self, digit: Digit, duration: Duration) -> Result<(), QueueFull> {
        if self.waiting.len() >= WAITING {
            return Err(QueueFull);
        }
        self.waiting.push_back(Pressed { digit, duration: duration.max(SHORTEST) });
        Ok(())
    }

    /// A key sounds, or waits to.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.playing.is_some() || !self.waiting.is_empty()
    }

    /// Sound is of this rate from now on. A key that sounds is cut.
    pub fn set_rate(&mut self, rate: Rate) {
        (self.rate, self.playing) = (rate, None);
    }

    /// Fills a frame with keys and their pauses. `false`, and the frame is as it was, when there are none.
    pub fn fill(&mut self, frame: &mut [i16]) -> bool {
        let mut done = 0;
        while let Some(rest) = frame.get_mut(done..).filter(|rest| !rest.is_empty()) {
            let Some(player) = &mut self.playing else {
                let Some(next) = self.waiting.pop_front() else { break };
                self.playing = tone(next).map(|tone| Player::new(tone, self.rate));
                continue;
            };
            let written = player.play(rest);
            done += written;
            if written == 0 {
                self.playing = None;
            }
        }
        if done > 0 {
            frame.iter_mut().skip(done).for_each(|sample| *sample = 0);
        }
        done > 0
    }
}

/// A key and the pause behind it.
fn tone(pressed: Pressed) -> Option<Tone> {
    let (low, high) = pressed.digit.frequencies()?;
    let millis = u32::try_from(pressed.duration.as_millis()).unwrap_or(u32::MAX);
    let parts = [Part { sound: Sound::Key { low, high, twist: TWIST }, millis }, Part::silent(GAP)];
    Some(Tone::once(&parts).at_level(LEVEL))
}
