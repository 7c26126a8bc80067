//! One stream of packets: where in it a packet belongs, and how late it is.

use std::time::{Duration, Instant};

use super::arrival::Arrival;
use super::delay::Delays;

/// RFC 3550 §A.1: how far a sequence number may leap ahead and lag behind.
const MAX_DROPOUT: i16 = 3_000;
const MAX_MISORDER: i16 = 100;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Waiting,
    Playing,
}

/// One stream. Sequence numbers and timestamps are extended by their wraps.
#[derive(Debug)]
pub(super) struct Stream {
    pub(super) ssrc: u32,
    /// When the first packet came, and its timestamp: transit times are counted from there.
    pub(super) origin: Instant,
    pub(super) first: i64,
    pub(super) highest: i64,
    pub(super) latest: i64,
    /// Which of the 64 numbers up to the highest were here.
    pub(super) seen: u64,
    pub(super) last: Instant,
    pub(super) phase: Phase,
    /// What is due.
    pub(super) next: i64,
    pub(super) due: i64,
    /// For how long playing has stood still.
    pub(super) stood: i64,
    /// How long a packet sounds.
    pub(super) usual: i64,
    pub(super) quiet: bool,
    pub(super) fresh: bool,
    pub(super) leapt: bool,
    /// Sound before this is of a time that was left behind.
    pub(super) border: Option<i64>,
    /// The delay lately.
    pub(super) average: Option<i64>,
    pub(super) rest: u8,
}

/// A packet that fits no stream that we know.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rival {
    pub(super) ssrc: u32,
    pub(super) sequence: u16,
    pub(super) timestamp: u32,
    pub(super) at: Instant,
}

/// What to play, before it is lent out.
pub(super) enum Step {
    Pause,
    Starved,
    Lost { ticks: u32, last: bool },
    Play,
}

impl Stream {
    pub(super) fn new(now: Instant, arrival: &Arrival<'_>) -> Self {
        let (sequence, timestamp) = (i64::from(arrival.sequence), i64::from(arrival.timestamp));
        Self {
            ssrc: arrival.ssrc,
            origin: now,
            first: timestamp,
            highest: sequence,
            latest: timestamp,
            seen: 0,
            last: now,
            phase: Phase::Waiting,
            next: sequence,
            due: timestamp,
            stood: 0,
            usual: i64::from(arrival.content.ticks()),
            quiet: false,
            fresh: true,
            leapt: false,
            border: None,
            average: None,
            rest: 0,
        }
    }

    /// The extended sequence number and timestamp of a packet, if it can be of this stream.
    pub(super) fn place(&self, arrival: &Arrival<'_>) -> Option<(i64, i64)> {
        let ahead = arrival.sequence.wrapping_sub(low(self.highest) as u16).cast_signed();
        let fits = arrival.ssrc == self.ssrc && ahead > -MAX_MISORDER && ahead < MAX_DROPOUT;
        let later = arrival.timestamp.wrapping_sub(low(self.latest)).cast_signed();
        fits.then(|| (self.highest + i64::from(ahead), self.latest + i64::from(later)))
    }

    /// Marks a number as seen and says whether it was.
    pub(super) fn mark(&mut self, sequence: i64, timestamp: i64) -> bool {
        if sequence > self.highest {
            self.latest = timestamp;
            let ahead = u32::try_from(sequence - self.highest).unwrap_or(u32::MAX);
            self.seen = self.seen.checked_shl(ahead).unwrap_or(0);
            self.highest = sequence;
        }
        let bit = u32::try_from(self.highest - sequence).ok().and_then(|back| 1_u64.checked_shl(back)).unwrap_or(0);
        let seen = self.seen & bit != 0;
        self.seen |= bit;
        seen
    }

    pub(super) fn transit(&self, now: Instant, timestamp: i64, clock: u32) -> i32 {
        let transit = self.elapsed(now, clock) - (timestamp - self.first);
        i32::try_from(transit).unwrap_or(if transit < 0 { i32::MIN } else { i32::MAX })
    }

    /// How long after the fastest packet would have come what has this timestamp is played, if it is played now.
    pub(super) fn lag(&self, now: Instant, timestamp: i64, clock: u32, delays: &Delays) -> i64 {
        self.elapsed(now, clock) - (timestamp - self.first) - i64::from(delays.fastest().unwrap_or(0))
    }

    pub(super) fn elapsed(&self, now: Instant, clock: u32) -> i64 {
        ticks(now.saturating_duration_since(self.origin), clock)
    }

    /// How many packets the next piece of the hole stands for.
    pub(super) fn missing(&self, sequence: i64, gap: i64) -> u64 {
        let missing = sequence - self.next;
        u64::try_from(if gap <= self.usual * 3 / 2 { missing } else { 1 }).unwrap_or(0)
    }

    /// A piece of the hole before the packet with this number.
    pub(super) fn fill_hole(&mut self, sequence: i64, gap: i64) -> Step {
        // What was concealed while playing stood still is part of it.
        self.due += std::mem::take(&mut self.stood);
        let last = gap <= self.usual * 3 / 2;
        let ticks = if last { gap } else { self.usual.max(1) };
        // Whoever of them comes now is late. A hole that is longer than what is missing is a pause of the far end.
        self.next = if last { sequence } else { self.next + 1 };
        self.due += ticks;
        Step::Lost { ticks: u32::try_from(ticks).unwrap_or(0), last }
    }
}

impl Rival {
    pub(super) fn is_followed(&self, now: Instant, arrival: &Arrival<'_>, clock: u32) -> bool {
        let ahead = arrival.sequence.wrapping_sub(self.sequence);
        let ticks = ticks(now.saturating_duration_since(self.at), clock);
        let later = i64::from(arrival.timestamp.wrapping_sub(self.timestamp).cast_signed());
        arrival.ssrc == self.ssrc && (1..=10).contains(&ahead) && (ticks - later).abs() < i64::from(clock)
    }
}

/// The 32 bits of an extended number that went over the wire.
pub(super) const fn low(extended: i64) -> u32 {
    (extended & 0xffff_ffff) as u32
}

pub(super) const fn ticks(time: Duration, clock: u32) -> i64 {
    (time.as_micros() * clock as u128 / 1_000_000) as i64
}
