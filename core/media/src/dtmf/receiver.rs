//! Keys out of RTP events (RFC 4733 §2.5.2).
//!
//! A sender reports a key many times: while it is held, with a growing duration, and three times at its end. All
//! reports of one key carry the timestamp of its beginning, and that is what makes them one (§2.5.1.2). Any one of
//! them is enough to hear the key: its beginning, its end, or both may be lost.
//!
//! | the key so far | a report of the same key | of another key | nothing for [`LOST_END`] |
//! |---|---|---|---|
//! | none, or `Ended` | (of the one that ended) ignored | **Began** → `Sounding` | |
//! | `Sounding` | longer; with the end bit **Ended** | **Ended**, **Began** | **Ended** → `Abandoned` |
//! | `Abandoned` | longer, nothing told | **Began** → `Sounding` | |

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::{Digit, Event, EventError, Heard, Pressed};

/// A key of which nothing is heard for so long is up: all three reports of its end were lost. Senders report every 20
/// to 50 ms (§2.5.1.2), so this stands three of the slowest being lost.
const LOST_END: Duration = Duration::from_millis(200);

/// Reports with an older sequence number than the newest are stragglers, if they are no older than this (RFC 3550
/// §A.1) …
const MAX_MISORDER: u16 = 100;

/// … and no longer ago: between two keys sequence numbers may wrap unseen.
const STRAGGLERS: Duration = Duration::from_secs(2);

/// The longest that one segment of a key can be (§2.5.1.3).
const SEGMENT: u32 = 0xffff;

/// An RTP packet of the payload type of events.
#[derive(Debug, Clone, Copy)]
pub struct Arrival<'a> {
    /// Whose stream.
    pub ssrc: u32,
    /// Its number in it.
    pub sequence: u16,
    /// When the key went down, in ticks.
    pub timestamp: u32,
    /// The marker bit.
    pub marker: bool,
    /// Ticks a second of the timestamp and the duration, as negotiated for this payload type.
    pub clock: u32,
    /// What it carries.
    pub payload: &'a [u8],
}

/// Hears keys in the events of one stream.
#[derive(Debug, Default)]
pub struct Receiver {
    key: Option<Key>,
    told: VecDeque<Heard>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Sounding,
    /// Told as ended when its reports ceased; its end bit was never seen.
    Abandoned,
    Ended,
}

/// The newest key.
#[derive(Debug, Clone, Copy)]
struct Key {
    digit: Digit,
    state: State,
    ssrc: u32,
    clock: u32,
    /// The newest sequence number of its reports.
    sequence: u16,
    /// Where its newest segment begins.
    segment: u32,
    /// How long the segments before that were, in ticks.
    before: u64,
    /// How long the newest segment is, as far as was reported.
    duration: u16,
    seen: Instant,
}

impl Key {
    fn pressed(&self) -> Pressed {
        let ticks = self.before.saturating_add(u64::from(self.duration));
        let micros = ticks.saturating_mul(1_000_000) / u64::from(self.clock.max(1));
        Pressed { digit: self.digit, duration: Duration::from_micros(micros) }
    }

    /// There are phones whose timestamps stand still while they send no sound. A first report that is shorter than the
    /// key that ended, and no straggler of it, is the same key once more.
    fn is_pressed_again(&self, arrival: &Arrival<'_>, event: Event) -> bool {
        let ahead = arrival.sequence.wrapping_sub(self.sequence);
        self.state == State::Ended && arrival.marker && (1..0x8000).contains(&ahead) && event.duration < self.duration
    }

    /// §2.5.1.3: a key too long for the duration field goes on in a segment that begins where the last one ended, and
    /// has no marker. A segment that begins while the last one still sounds can be no other key either.
    fn goes_on_in(&self, arrival: &Arrival<'_>, event: Event) -> bool {
        let later = arrival.timestamp.wrapping_sub(self.segment);
        self.state != State::Ended
            && event.digit == self.digit
            && !arrival.marker
            && (later <= u32::from(self.duration) || later == SEGMENT)
    }
}

impl Receiver {
    /// Takes a packet of the events' payload type.
    ///
    /// # Errors
    /// [`EventError`] when it tells of no key; nothing else follows from it then.
    pub fn handle(&mut self, now: Instant, arrival: &Arrival<'_>) -> Result<(), EventError> {
        let event = Event::read(arrival.payload)?;
        self.handle_timeout(now);
        let Some(key) = self.key.as_mut().filter(|key| key.ssrc == arrival.ssrc) else {
            self.begin(now, arrival, event);
            return Ok(());
        };
        let behind = key.sequence.wrapping_sub(arrival.sequence);
        let straggles = behind > 0 && behind <= MAX_MISORDER && now.saturating_duration_since(key.seen) < STRAGGLERS;
        if arrival.timestamp == key.segment && event.digit == key.digit && !key.is_pressed_again(arrival, event) {
            key.report(now, event, straggles, arrival.sequence);
        } else if straggles {
            // Of a key or segment before this one, which is told already or was lost with all its other reports.
            return Ok(());
        } else if key.goes_on_in(arrival, event) {
            key.before += u64::from(arrival.timestamp.wrapping_sub(key.segment));
            key.segment = arrival.timestamp;
            key.duration = 0;
            key.report(now, event, false, arrival.sequence);
        } else {
            self.begin(now, arrival, event);
            return Ok(());
        }
        self.end_if(event.end);
        Ok(())
    }

    /// Ends a key whose reports ceased.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.poll_timeout().is_some_and(|due| due <= now) {
            self.end(State::Abandoned);
        }
    }

    /// The next thing to tell.
    pub fn poll(&mut self) -> Option<Heard> {
        self.told.pop_front()
    }

    /// When to call [`handle_timeout`](Self::handle_timeout).
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.key.filter(|key| key.state == State::Sounding).map(|key| key.seen + LOST_END)
    }

    /// The key that is down now.
    #[must_use]
    pub fn sounding(&self) -> Option<Digit> {
        self.key.filter(|key| key.state == State::Sounding).map(|key| key.digit)
    }

    fn begin(&mut self, now: Instant, arrival: &Arrival<'_>, event: Event) {
        self.end_if(true);
        self.key = Some(Key {
            digit: event.digit,
            state: State::Sounding,
            ssrc: arrival.ssrc,
            clock: arrival.clock,
            sequence: arrival.sequence,
            segment: arrival.timestamp,
            before: 0,
            duration: event.duration,
            seen: now,
        });
        self.told.push_back(Heard::Began(event.digit));
        self.end_if(event.end);
    }

    fn end_if(&mut self, end: bool) {
        if end {
            self.end(State::Ended);
        }
    }

    fn end(&mut self, how: State) {
        let Some(key) = &mut self.key else { return };
        if key.state == State::Sounding {
            self.told.push_back(Heard::Ended(key.pressed()));
        }
        key.state = how;
    }
}

impl Key {
    fn report(&mut self, now: Instant, event: Event, straggles: bool, sequence: u16) {
        // Durations only grow; one that was overtaken tells less than is known.
        self.duration = self.duration.max(event.duration);
        self.seen = now;
        if !straggles {
            self.sequence = sequence;
        }
    }
}
