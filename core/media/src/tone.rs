//! Tones of telephone networks: what sounds, how long, how often.
//!
//! ```text
//! let plan = Plan::of("de");                                 // or the recommendation's own, for a country not listed
//! let mut player = Player::new(plan.tone(Kind::RingBack), Rate::Narrow);
//! player.fill(&mut frame) → still sounding?                  // each 20 ms; a tone without end sounds until stopped
//! player.stop()                                              // fades out in the next 5 ms
//! ```
//!
//! A [`Tone`] is a little program of [`Part`]s. A [`Player`] walks through it sample by sample, at any rate, in pieces
//! of any size. Every part fades in and out over 4 ms, so that nothing clicks.

mod plan;

use std::f64::consts::TAU;
use std::time::Duration;

pub use plan::{Kind, Plan};

use crate::pcm::Rate;

/// The peak of a sine of 0 dBm0: one of 3.14 dBm0 just fills A-law (ITU-T G.711).
const PEAK_0_DBM0: f64 = 22_470.0;

/// How loud tones are in dBm0: −10 is recommended, from −15 to −5 allowed (ITU-T E.180). They are heard beside
/// prompts and voices, so on the quiet side.
const LEVEL: i8 = -13;

/// How long a part fades in and out.
const FADE: Duration = Duration::from_millis(4);

/// How many parts a tone may have.
const PARTS: usize = 8;

/// What sounds. Frequencies are in Hz.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sound {
    /// Nothing.
    Silence,
    /// One sine.
    One(u16),
    /// Two of the same strength.
    Two(u16, u16),
    /// One whose strength swings to silence and back so many times a second; written 400×25 in tables of tones.
    Beating(u16, u16),
    /// Two sines at the tone's level each, the high one stronger by `twist` dB.
    Key {
        /// The lower.
        low: u16,
        /// The higher.
        high: u16,
        /// How many dB it is stronger.
        twist: i8,
    },
}

/// A sound and its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// What.
    pub sound: Sound,
    /// How long in milliseconds; 0 is without end.
    pub millis: u32,
}

impl Part {
    /// A pause.
    #[must_use]
    pub const fn silent(millis: u32) -> Self {
        Self { sound: Sound::Silence, millis }
    }
}

/// Parts one after the other, once, a number of times, or for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tone {
    parts: [Part; PARTS],
    length: usize,
    /// How often they sound; 0 is for ever.
    rounds: u32,
    level: i8,
}

impl Tone {
    /// A short beep before a recording: 1 kHz for a fifth of a second.
    pub const BEEP: Self = Self::once(&[Part { sound: Sound::One(1000), millis: 200 }]);

    /// A tone that begins anew whenever it is over. Of more than eight parts the first eight.
    #[must_use]
    pub const fn of(parts: &[Part]) -> Self {
        let mut tone = Self { parts: [Part::silent(0); PARTS], length: 0, rounds: 0, level: LEVEL };
        while tone.length < parts.len() && tone.length < PARTS {
            tone.parts[tone.length] = parts[tone.length];
            tone.length += 1;
        }
        tone
    }

    /// A tone that sounds once.
    #[must_use]
    pub const fn once(parts: &[Part]) -> Self {
        Self::of(parts).times(1)
    }

    /// The same so many times; 0 is for ever.
    #[must_use]
    pub const fn times(self, rounds: u32) -> Self {
        Self { rounds, ..self }
    }

    /// The same at another level, in dBm0, from −60 to 3.
    #[must_use]
    pub fn at_level(self, dbm0: i8) -> Self {
        Self { level: dbm0.clamp(-60, 3), ..self }
    }

    /// Its parts.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        self.parts.get(..self.length).unwrap_or_default()
    }

    /// How long it is in all; `None` without end.
    #[must_use]
    pub fn duration(&self) -> Option<Duration> {
        if self.rounds == 0 || self.parts().iter().any(|part| part.millis == 0) {
            return None;
        }
        let once: u64 = self.parts().iter().map(|part| u64::from(part.millis)).sum();
        Some(Duration::from_millis(once.saturating_mul(u64::from(self.rounds))))
    }
}

/// Plays a tone.
#[derive(Debug, Clone)]
pub struct Player {
    tone: Tone,
    rate: Rate,
    part: usize,
    /// Rounds to play after this one; `None` for ever.
    rounds: Option<u32>,
    /// How many samples the part has; `None` without end.
    length: Option<usize>,
    /// How many of them were played.
    at: usize,
    wave: Wave,
    over: bool,
}

impl Player {
    /// Plays from the beginning.
    #[must_use]
    pub fn new(tone: Tone, rate: Rate) -> Self {
        // Parts of no time would never be left, and no parts would be a round of no time.
        let over = tone.length == 0;
        let mut player = Self {
            tone,
            rate,
            part: 0,
            rounds: tone.rounds.checked_sub(1),
            length: None,
            at: 0,
            wave: Wave::SILENT,
            over,
        };
        player.enter(0);
        player
    }

    /// Plays into a frame, and leaves silence where the tone is over. `false` when it was over before.
    pub fn fill(&mut self, frame: &mut [i16]) -> bool {
        let played = self.play(frame);
        frame.iter_mut().skip(played).for_each(|sample| *sample = 0);
        played > 0
    }

    /// Plays so many samples as there are still, and says how many these were.
    pub fn play(&mut self, sound: &mut [i16]) -> usize {
        let mut played = 0;
        while let Some(rest) = sound.get_mut(played..).filter(|rest| !rest.is_empty() && !self.over) {
            let left = self.length.map_or(rest.len(), |length| length.saturating_sub(self.at));
            let now = left.min(rest.len());
            let fade = self.rate.samples(FADE);
            for sample in rest.iter_mut().take(now) {
                let gain = self.gain(fade);
                *sample = (self.wave.next() * gain).round().clamp(-32_768.0, 32_767.0) as i16;
                self.at = self.at.saturating_add(1);
            }
            self.wave.settle();
            played += now;
            if self.length.is_some_and(|length| self.at >= length) {
                self.leave();
            }
        }
        played
    }

    /// Lets it fade out; it is over then.
    pub fn stop(&mut self) {
        let end = self.at.saturating_add(self.rate.samples(FADE));
        self.length = Some(self.length.map_or(end, |length| length.min(end)));
        self.rounds = Some(0);
        self.tone.length = self.part + 1;
    }

    /// Nothing more comes.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.over
    }

    /// A smooth step from 0 to 1 at the beginning of a part, and back at its end.
    fn gain(&self, fade: usize) -> f64 {
        let left = self.length.map_or(usize::MAX, |length| length.saturating_sub(self.at + 1));
        let edge = self.at.min(left);
        if edge >= fade {
            return 1.0;
        }
        let x = (edge as f64 + 0.5) / fade as f64;
        x * x * (3.0 - 2.0 * x)
    }

    fn leave(&mut self) {
        if self.part + 1 < self.tone.length {
            self.enter(self.part + 1);
        } else if self.rounds == Some(0) {
            self.over = true;
        } else {
            self.rounds = self.rounds.map(|rounds| rounds - 1);
            self.enter(0);
        }
    }

    fn enter(&mut self, part: usize) {
        self.part = part;
        self.at = 0;
        let Some(part) = self.tone.parts().get(part) else { return };
        let time = Duration::from_millis(u64::from(part.millis));
        self.length = (part.millis > 0).then(|| self.rate.samples(time));
        self.wave = Wave::new(part.sound, self.tone.level, self.rate);
    }
}

/// One sine: a point that turns on a circle.
#[derive(Debug, Clone, Copy)]
struct Turning {
    sine: f64,
    cosine: f64,
    /// The turn of one sample.
    by_sine: f64,
    by_cosine: f64,
}

impl Turning {
    fn new(hz: u16, rate: Rate) -> Self {
        let (by_sine, by_cosine) = (TAU * f64::from(hz) / f64::from(rate.hz())).sin_cos();
        Self { sine: 0.0, cosine: 1.0, by_sine, by_cosine }
    }

    fn next(&mut self) -> f64 {
        let now = self.sine;
        (self.sine, self.cosine) = (
            self.sine * self.by_cosine + self.cosine * self.by_sine,
            self.cosine * self.by_cosine - self.sine * self.by_sine,
        );
        now
    }

    /// Back onto the circle, from which rounding leads away.
    fn settle(&mut self) {
        let radius = self.sine.hypot(self.cosine);
        self.sine /= radius;
        self.cosine /= radius;
    }
}

/// The sound of a part.
#[derive(Debug, Clone, Copy)]
enum Wave {
    Silent,
    One(f64, Turning),
    Two([(f64, Turning); 2]),
    Beating(f64, Turning, Turning),
}

impl Wave {
    const SILENT: Self = Self::Silent;

    fn new(sound: Sound, level: i8, rate: Rate) -> Self {
        let peak = |dbm0: f64| PEAK_0_DBM0 * 10_f64.powf(dbm0 / 20.0);
        let level = f64::from(level);
        // Two sines, and one that swings, have the power of one at the tone's level.
        match sound {
            Sound::Silence => Self::Silent,
            Sound::One(hz) => Self::One(peak(level), Turning::new(hz, rate)),
            Sound::Two(one, other) => Self::Two([one, other].map(|hz| (peak(level - 3.0), Turning::new(hz, rate)))),
            Sound::Beating(hz, beats) => {
                Self::Beating(peak(level - 1.8), Turning::new(hz, rate), Turning::new(beats, rate))
            }
            Sound::Key { low, high, twist } => Self::Two([
                (peak(level), Turning::new(low, rate)),
                (peak(level + f64::from(twist)), Turning::new(high, rate)),
            ]),
        }
    }

    fn next(&mut self) -> f64 {
        match self {
            Self::Silent => 0.0,
            Self::One(peak, one) => *peak * one.next(),
            Self::Two([(low, one), (high, other)]) => *low * one.next() + *high * other.next(),
            Self::Beating(peak, one, beats) => *peak * one.next() * (1.0 + beats.next()),
        }
    }

    fn settle(&mut self) {
        match self {
            Self::Silent => {}
            Self::One(_, one) => one.settle(),
            Self::Two(both) => both.iter_mut().for_each(|(_, one)| one.settle()),
            Self::Beating(_, one, beats) => {
                one.settle();
                beats.settle();
            }
        }
    }
}
