//! What is played to one leg: tracks, sounds, tones and silence, one after the other.
//!
//! ```text
//! player.push(Item::Track(prompt))?
//! every ptime:  player.step()  → Payload(…) | Frame(…) | Quiet | Over
//!               player.poll()  → Item(0), then All, each once
//! ```
//!
//! A step allocates nothing.

use std::sync::Arc;
use std::time::Duration;

use crate::encoded::Track;
use crate::pcm::Rate;
use crate::sound::Sound;
use crate::tone::{self, Tone};

/// Something to be played.
#[derive(Debug, Clone)]
pub enum Item {
    /// What is encoded for the leg's codec already.
    Track(Arc<Track>),
    /// Linear sound, which the leg encodes itself.
    Sound(Sound),
    /// Nothing, for this long.
    Silence(Duration),
    /// A tone, for this long at most; without a time as long as it has one itself, or until it is stopped.
    Tone(Tone, Option<Duration>),
}

/// What is to be sent now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step<'a> {
    /// A payload of the leg's codec.
    Payload(&'a [u8]),
    /// Samples to be encoded.
    Frame(&'a [i16]),
    /// Silence, or nothing at all: a pause.
    Quiet,
    /// There is nothing more.
    Over,
}

/// What has come to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Played {
    /// The item of this number, counted from 0 as they were pushed.
    Item(usize),
    /// All of them.
    All,
    /// It was stopped within the item of this number.
    Stopped(usize),
}

/// How often the whole sequence is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// So many times.
    Times(u32),
    /// Until it is stopped: music.
    Forever,
}

/// Why an item cannot be played here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PlayError {
    /// Its payloads last longer or shorter than the player's steps.
    #[error("payloads of {track:?} cannot be played in steps of {step:?}")]
    Ptime {
        /// Of the track.
        track: Duration,
        /// Of the player.
        step: Duration,
    },
    /// It is at another rate.
    #[error("sound at {} Hz cannot be played at {} Hz", sound.hz(), player.hz())]
    Rate {
        /// Of the sound.
        sound: Rate,
        /// Of the player.
        player: Rate,
    },
}

/// What plays.
#[derive(Debug)]
enum Source {
    Track(Arc<Track>),
    Sound(Sound),
    Silence,
    Tone(Box<(Tone, tone::Player)>),
}

#[derive(Debug)]
struct Entry {
    source: Source,
    /// How many steps it lasts; `None` for a tone without end.
    steps: Option<u64>,
}

/// Plays a sequence in steps of one payload's time.
#[derive(Debug)]
pub struct Player {
    rate: Rate,
    ptime: Duration,
    entries: Vec<Entry>,
    repeat: Repeat,
    /// The item that plays, and how many of its steps were played.
    at: usize,
    step: u64,
    rounds: u32,
    paused: bool,
    ended: Option<Played>,
    /// Items that ended in this round, and how many of them were told.
    passed: usize,
    told: usize,
    frame: Vec<i16>,
}

impl Player {
    /// A player of nothing, for a leg that sends a payload each `ptime`.
    #[must_use]
    pub fn new(rate: Rate, ptime: Duration) -> Self {
        Self {
            rate,
            ptime: ptime.max(Duration::from_millis(1)),
            entries: Vec::new(),
            repeat: Repeat::Times(1),
            at: 0,
            step: 0,
            rounds: 0,
            paused: false,
            ended: None,
            passed: 0,
            told: 0,
            frame: vec![0; rate.samples(ptime)],
        }
    }

    /// Puts an item behind the others and says its number. It may be pushed while others play.
    ///
    /// # Errors
    ///
    /// [`PlayError`] when it does not fit the leg.
    pub fn push(&mut self, item: Item) -> Result<usize, PlayError> {
        let entry = match item {
            Item::Track(track) if track.ptime() != self.ptime => {
                return Err(PlayError::Ptime { track: track.ptime(), step: self.ptime });
            }
            Item::Sound(sound) if sound.rate() != self.rate => {
                return Err(PlayError::Rate { sound: sound.rate(), player: self.rate });
            }
            Item::Track(track) => Entry { steps: Some(track.count() as u64), source: Source::Track(track) },
            Item::Sound(sound) => {
                let steps = sound.samples().len().div_ceil(self.frame.len().max(1)) as u64;
                Entry { source: Source::Sound(sound), steps: Some(steps) }
            }
            Item::Silence(length) => Entry { source: Source::Silence, steps: Some(self.steps(length)) },
            Item::Tone(tone, length) => {
                let length = [length, tone.duration()].into_iter().flatten().min();
                let source = Source::Tone(Box::new((tone, tone::Player::new(tone, self.rate))));
                Entry { source, steps: length.map(|length| self.steps(length)) }
            }
        };
        self.entries.push(entry);
        Ok(self.entries.len() - 1)
    }

    /// How often the sequence is played; once unless told.
    #[must_use]
    pub const fn repeating(mut self, repeat: Repeat) -> Self {
        self.repeat = repeat;
        self
    }

    fn steps(&self, time: Duration) -> u64 {
        u64::try_from(time.as_micros().div_ceil(self.ptime.as_micros())).unwrap_or(u64::MAX)
    }

    /// Goes to this place of the sequence, counted from its beginning. Past the end it goes round when it repeats
    /// forever, and is over when not. Tones begin anew.
    pub fn seek(&mut self, to: Duration) {
        let mut left = u64::try_from(to.as_micros() / self.ptime.as_micros()).unwrap_or(u64::MAX);
        if self.repeat == Repeat::Forever {
            let whole = self.entries.iter().try_fold(0_u64, |sum, entry| sum.checked_add(entry.steps?));
            left = whole.and_then(|whole| left.checked_rem(whole)).unwrap_or(left);
        }
        self.begin_round();
        (self.rounds, self.ended) = (0, None);
        while let Some(steps) = self.entries.get(self.at).and_then(|entry| entry.steps).filter(|steps| *steps <= left) {
            left -= steps;
            self.at += 1;
        }
        // What was passed over was not played, so nothing is told of it.
        (self.passed, self.told) = (self.at, self.at);
        self.step = left;
    }

    fn begin_round(&mut self) {
        (self.at, self.step, self.passed, self.told) = (0, 0, 0, 0);
        for entry in &mut self.entries {
            if let Source::Tone(playing) = &mut entry.source {
                playing.1 = tone::Player::new(playing.0, self.rate);
            }
        }
    }

    /// Where it is: the item's number and how much of it was played.
    #[must_use]
    pub fn position(&self) -> (usize, Duration) {
        let micros = u64::try_from(self.ptime.as_micros()).unwrap_or(u64::MAX);
        (self.at, Duration::from_micros(micros.saturating_mul(self.step)))
    }

    /// Stands still until [`resume`](Self::resume).
    pub const fn pause(&mut self) {
        self.paused = true;
    }

    /// Goes on where it stood still.
    pub const fn resume(&mut self) {
        self.paused = false;
    }

    /// Ends here; items not played are not told.
    pub const fn stop(&mut self) {
        if self.ended.is_none() {
            self.ended = Some(Played::Stopped(self.at));
        }
    }

    /// What has ended since it was asked last; ask until `None`, at least once a step.
    pub fn poll(&mut self) -> Option<Played> {
        if self.told < self.passed {
            self.told += 1;
            return Some(Played::Item(self.told - 1));
        }
        // Told once: what is over stays over, and is asked for no more.
        match self.ended {
            Some(played) if self.told != usize::MAX => {
                (self.passed, self.told) = (usize::MAX, usize::MAX);
                Some(played)
            }
            _ => None,
        }
    }

    /// What is to be sent now. To be called once each ptime.
    pub fn step(&mut self) -> Step<'_> {
        if self.ended.is_some() {
            return Step::Over;
        }
        if self.paused {
            return Step::Quiet;
        }
        if !self.advance() {
            self.ended = Some(Played::All);
            return Step::Over;
        }
        let step = self.step;
        self.step += 1;
        let Some(entry) = self.entries.get_mut(self.at) else {
            return Step::Over;
        };
        match &mut entry.source {
            Source::Track(track) => {
                let payload = usize::try_from(step).ok().and_then(|step| track.payload(step));
                payload.filter(|payload| !payload.is_empty()).map_or(Step::Quiet, Step::Payload)
            }
            Source::Sound(sound) => Step::Frame(piece(sound.samples(), step, &mut self.frame)),
            Source::Silence => Step::Quiet,
            Source::Tone(playing) => {
                playing.1.fill(&mut self.frame);
                Step::Frame(&self.frame)
            }
        }
    }

    /// Goes to the next item that has something to play. `false` when there is none.
    fn advance(&mut self) -> bool {
        let mut rounds_of_nothing = 0;
        loop {
            let Some(entry) = self.entries.get(self.at) else {
                // Items may be empty, and a round of them would never end.
                rounds_of_nothing += 1;
                self.rounds = self.rounds.saturating_add(1);
                let again = match self.repeat {
                    Repeat::Forever => true,
                    Repeat::Times(times) => self.rounds < times,
                };
                if !again || rounds_of_nothing > 1 || self.entries.is_empty() {
                    return false;
                }
                self.begin_round();
                continue;
            };
            if entry.steps.is_none_or(|steps| self.step < steps) {
                return true;
            }
            (self.at, self.step) = (self.at + 1, 0);
            self.passed = self.at;
        }
    }
}

/// One frame of a sound, filled with silence at its end.
fn piece<'a>(samples: &'a [i16], step: u64, frame: &'a mut [i16]) -> &'a [i16] {
    let begin = usize::try_from(step).unwrap_or(usize::MAX).saturating_mul(frame.len());
    let rest = samples.get(begin..).unwrap_or_default();
    if let Some(whole) = rest.get(..frame.len()) {
        return whole;
    }
    let (now, after) = frame.split_at_mut(rest.len());
    now.copy_from_slice(rest);
    after.fill(0);
    frame
}
