//! Keys into RTP events (RFC 4733 §2.5.1).
//!
//! A machine that is stepped once every 20 ms, at each tick of the stream it writes into. It gives what an event packet
//! has of its own; sequence number and SSRC are those of the stream and its owner's. While it gives packets they go
//! *instead* of sound (§2.5.1.1).

use std::collections::VecDeque;
use std::time::Duration;

use super::{Digit, Event, SHORTEST};
use crate::pcm::FRAME;

/// Steps a second.
const STEPS: u64 = 50;

/// How many keys may wait. A number with all its pauses has fewer.
const WAITING: usize = 64;

/// The final report is sent three times in all (§2.5.1.4).
const REPEATS: u8 = 2;

/// The longest that one segment of a key can be (§2.5.1.3).
const SEGMENT: u64 = 0xffff;

/// Too many keys wait to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{WAITING} keys wait to be sent already")]
pub struct QueueFull;

/// What an event packet has of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Departure {
    /// The four octets.
    pub payload: [u8; 4],
    /// When the key went down, in ticks of the stream.
    pub timestamp: u32,
    /// Set on the first report of a key (§2.5.1.2).
    pub marker: bool,
}

/// Sends keys as events, one after the other.
#[derive(Debug)]
pub struct Sender {
    clock: u32,
    volume: u8,
    /// Steps between the end of a key, with its repeats, and the next key.
    gap: u32,
    waiting: VecDeque<Press>,
    state: State,
}

/// A key to send; its length in ticks, or `None` until it is released.
#[derive(Debug, Clone, Copy)]
struct Press {
    digit: Digit,
    length: Option<u64>,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Idle,
    Sounding {
        press: Press,
        /// The timestamp of its beginning.
        start: u32,
        /// How often it was stepped.
        steps: u64,
        /// Where the segment begins, in ticks after the beginning.
        segment: u64,
    },
    Ending {
        last: Departure,
        left: u8,
    },
    Pausing {
        steps: u32,
    },
}

impl Sender {
    /// A sender for a stream of this clock in Hz, with a power in −dBm0 (0 to 63; 10 is usual).
    #[must_use]
    pub fn new(clock: u32, volume: u8) -> Self {
        Self { clock, volume, gap: 1, waiting: VecDeque::with_capacity(WAITING), state: State::Idle }
    }

    /// Another pause between keys than the usual 60 ms. It is never less than 40 ms (ITU-T Q.24): so long the
    /// repeats of the end take.
    #[must_use]
    pub fn with_gap(mut self, gap: Duration) -> Self {
        let steps = gap.as_micros().div_ceil(FRAME.as_micros());
        self.gap = u32::try_from(steps).unwrap_or(u32::MAX).saturating_sub(u32::from(REPEATS));
        self
    }

    /// Sends a key of a known length, at least [`SHORTEST`].
    ///
    /// # Errors
    /// [`QueueFull`] when too many wait.
    pub fn send(&mut self, digit: Digit, duration: Duration) -> Result<(), QueueFull> {
        let ticks = duration.max(SHORTEST).as_micros().saturating_mul(u128::from(self.clock)) / 1_000_000;
        self.push(Press { digit, length: Some(u64::try_from(ticks).unwrap_or(u64::MAX)) })
    }

    /// Sends a key that goes on until [`release`](Self::release).
    ///
    /// # Errors
    /// [`QueueFull`] when too many wait.
    pub fn press(&mut self, digit: Digit) -> Result<(), QueueFull> {
        self.release();
        self.push(Press { digit, length: None })
    }

    /// Ends the key that was pressed.
    pub fn release(&mut self) {
        let shortest = self.shortest();
        if let Some(waiting) = self.waiting.back_mut() {
            waiting.length.get_or_insert(shortest);
        } else if let State::Sounding { press, steps, .. } = &mut self.state {
            let elapsed = *steps * u64::from(self.clock) / STEPS;
            press.length.get_or_insert(elapsed.max(shortest));
        }
    }

    /// A key sounds, or waits to.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        !matches!(self.state, State::Idle) || !self.waiting.is_empty()
    }

    /// Goes one step of 20 ms on. `timestamp` is where the stream stands. `None`: nothing is to be sent of this, so
    /// sound may be.
    pub fn step(&mut self, timestamp: u32) -> Option<Departure> {
        match self.state {
            State::Pausing { steps } if steps > 1 => {
                self.state = State::Pausing { steps: steps - 1 };
                None
            }
            State::Pausing { .. } => {
                self.state = State::Idle;
                None
            }
            State::Ending { last, left: 1 } => {
                self.state = if self.gap == 0 { State::Idle } else { State::Pausing { steps: self.gap } };
                Some(last)
            }
            State::Ending { last, left } => {
                self.state = State::Ending { last, left: left.saturating_sub(1) };
                Some(last)
            }
            State::Idle => {
                let press = self.waiting.pop_front()?;
                Some(self.report(press, timestamp, 1, 0))
            }
            State::Sounding { press, start, steps, segment } => {
                Some(self.report(press, start, steps.saturating_add(1), segment))
            }
        }
    }

    /// The report at this step of a key.
    fn report(&mut self, press: Press, start: u32, steps: u64, segment: u64) -> Departure {
        let elapsed = steps.saturating_mul(u64::from(self.clock)) / STEPS;
        let over = press.length.is_some_and(|length| length <= elapsed);
        let length = press.length.map_or(elapsed, |length| length.min(elapsed)).saturating_sub(segment);
        // §2.5.1.3: a key that has outgrown the field is reported in full once, and then goes on in the next segment.
        // That last report is not repeated: the timestamps of the next segment say the same.
        let outgrown = length > SEGMENT;
        let end = over && !outgrown;
        let duration = u16::try_from(length).unwrap_or(u16::MAX);
        // Timestamps wrap.
        let begin = start.wrapping_add((segment & u64::from(u32::MAX)) as u32);
        let event = Event { digit: press.digit, end, volume: self.volume, duration };
        let departure = Departure { payload: event.write(), timestamp: begin, marker: steps == 1 };
        self.state = if end {
            State::Ending { last: Departure { marker: false, ..departure }, left: REPEATS }
        } else {
            State::Sounding { press, start, steps, segment: if outgrown { segment + SEGMENT } else { segment } }
        };
        departure
    }

    fn push(&mut self, press: Press) -> Result<(), QueueFull> {
        if self.waiting.len() >= WAITING {
            return Err(QueueFull);
        }
        self.waiting.push_back(press);
        Ok(())
    }

    fn shortest(&self) -> u64 {
        u64::try_from(SHORTEST.as_millis()).unwrap_or(0) * u64::from(self.clock) / 1000
    }
}
