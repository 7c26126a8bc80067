//! The jitter buffer: packets in as the network gives them, sound out as the ear needs it.
//!
//! What is played next is decided when it is needed, by what is there:
//!
//! | phase | what is there | what comes of it |
//! |---|---|---|
//! | Waiting | nothing, or a packet that came less than the target ago | [`Playout::Pause`] |
//! | Waiting | a packet that has waited for the target | [`Playout::Packet`], and Playing |
//! | Playing | the packet that is due, or one that overlaps it | [`Playout::Packet`] |
//! | Playing | a later packet, none missing between: the far end was silent | Waiting |
//! | Playing | a later packet, others missing between | [`Playout::Lost`], as long as they are |
//! | Playing | nothing | [`Playout::Starved`]: playing stands still and the delay grows by it |
//! | Playing | nothing for [`PATIENCE`], or after the far end said that it is silent | Waiting |
//!
//! The target is what nearly all packets are later than the fastest one, and a margin; it grows at once and falls
//! slowly. Where the delay leaves the target, because the target moved or the far end's clock is another than ours, the
//! buffer asks for sound to be made shorter or longer ([`Jitter::slip`]).

mod arrival;
mod delay;
mod playout;
mod stream;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

pub use arrival::{Arrival, Content, LONGEST_PAYLOAD, Taken};
use delay::Delays;
pub use playout::{Due, Playout, Slip, Urgency};
use stream::{Phase, Rival, Step, Stream, ticks};

/// More packets are not kept: 1.28 s of the shortest.
const CAPACITY: usize = 128;
/// How long playing stands still for a packet before it is a pause of the far end.
const PATIENCE: Duration = Duration::from_millis(120);
/// A hole so long is not filled: what comes after it is a new beginning.
const LONGEST_HOLE: Duration = Duration::from_millis(500);
/// A packet whose transit time differs by more has another clock.
const OTHER_CLOCK: Duration = Duration::from_secs(1);
/// After so long a silence anything that comes is a new beginning.
const SILENCE: Duration = Duration::from_millis(200);
/// Kept above what the network needs: we look into the buffer every 20 ms only, and not on the dot.
const MARGIN: Duration = Duration::from_millis(10);
/// How far the target falls at a time, each third of a second; further when it is far too high.
const FALL: Duration = Duration::from_millis(2);
/// The delay may be this much above the target, or below it, before sound is changed; and so much when it must be.
const ABOVE: Duration = Duration::from_millis(20);
const BELOW: Duration = Duration::from_millis(10);
const MUST: Duration = Duration::from_millis(60);
/// Ticks of the ear between two changes: one in 100 ms, so that sound is at most a tenth faster.
const REST: u8 = 5;

/// Bounds of the delay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JitterConfig {
    /// Never less, however good the network is.
    pub least: Duration,
    /// Before anything was measured.
    pub first: Duration,
    /// Never more: what comes later is lost.
    pub most: Duration,
}

impl Default for JitterConfig {
    fn default() -> Self {
        let ms = Duration::from_millis;
        Self { least: ms(20), first: ms(40), most: ms(200) }
    }
}

/// What was counted since the buffer was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct JitterCounts {
    /// All that came.
    pub received: u64,
    /// Were not there when they were due.
    pub lost: u64,
    /// Of those, the ones that came after all.
    pub late: u64,
    /// Came twice.
    pub duplicates: u64,
    /// Fitted nothing.
    pub strays: u64,
    /// Were too long.
    pub refused: u64,
    /// Were left out because the delay had become too long.
    pub skipped: u64,
    /// Streams that began after another.
    pub restarts: u64,
    /// How much was concealed.
    pub concealed: Duration,
    /// How much was said twice to become slower.
    pub inserted: Duration,
    /// How much was left out to become faster.
    pub dropped: Duration,
}

#[derive(Debug)]
struct Slot {
    sequence: i64,
    timestamp: i64,
    marker: bool,
    payload_type: u8,
    content: Content,
    payload: Vec<u8>,
}

/// What plays next of one far end's packets.
#[derive(Debug)]
pub struct Jitter {
    config: JitterConfig,
    clock: u32,
    stream: Option<Stream>,
    rival: Option<Rival>,
    /// By sequence number.
    queue: VecDeque<Slot>,
    /// Payloads not in use, whose room is used again.
    pool: Vec<Vec<u8>>,
    playing: Vec<u8>,
    delays: Delays,
    target: i64,
    counts: JitterCounts,
}

impl Jitter {
    /// An empty buffer for packets with this RTP clock, in Hz.
    #[must_use]
    pub fn new(config: JitterConfig, clock: u32) -> Self {
        let mut jitter = Self {
            config,
            clock: clock.max(1),
            stream: None,
            rival: None,
            queue: VecDeque::new(),
            pool: Vec::new(),
            playing: Vec::new(),
            delays: Delays::new(),
            target: 0,
            counts: JitterCounts::default(),
        };
        jitter.target = jitter.ticks(config.first.clamp(config.least, config.most));
        jitter
    }

    /// The RTP clock in Hz.
    #[must_use]
    pub const fn clock(&self) -> u32 {
        self.clock
    }

    /// Another clock from now on; what is here of the old one is forgotten.
    pub fn set_clock(&mut self, clock: u32) {
        if clock == self.clock || clock == 0 {
            return;
        }
        self.counts.restarts += u64::from(self.stream.is_some());
        self.stream = None;
        self.rival = None;
        self.target = self.target * i64::from(clock) / i64::from(self.clock);
        self.clock = clock;
        self.delays.clear();
        while self.drop_front().is_some() {}
    }

    /// What was counted.
    #[must_use]
    pub const fn counts(&self) -> JitterCounts {
        self.counts
    }

    /// The delay that is aimed at.
    #[must_use]
    pub fn target(&self) -> Duration {
        self.time(self.target)
    }

    /// The delay that packets lately had here, against the fastest; `None` while nothing plays.
    #[must_use]
    pub fn delay(&self) -> Option<Duration> {
        self.stream.as_ref().and_then(|stream| stream.average).map(|average| self.time(average))
    }

    /// How much sound is here, from what is due to the end of the last packet.
    #[must_use]
    pub fn depth(&self) -> Duration {
        let (Some(stream), Some(front), Some(back)) = (&self.stream, self.queue.front(), self.queue.back()) else {
            return Duration::ZERO;
        };
        let from = if stream.phase == Phase::Playing { stream.due } else { front.timestamp };
        self.time(back.timestamp + i64::from(back.content.ticks()) - from)
    }

    /// What is here, and what is older than it, is told apart from what comes from now on ([`Due::old`]).
    pub fn leave_behind(&mut self) {
        let end = self.queue.iter().map(|slot| slot.timestamp + i64::from(slot.content.ticks())).max();
        if let Some(stream) = &mut self.stream {
            stream.border = Some(end.map_or(stream.due, |end| end.max(stream.due)));
        }
    }

    /// Takes a packet.
    pub fn handle(&mut self, now: Instant, arrival: &Arrival<'_>) -> Taken {
        self.counts.received += 1;
        if arrival.payload.len() > LONGEST_PAYLOAD {
            self.counts.refused += 1;
            return Taken::Refused;
        }
        let Some((sequence, timestamp)) = self.place(now, arrival) else {
            self.counts.strays += 1;
            return Taken::Stray;
        };
        let Some(stream) = &mut self.stream else { return Taken::Stray };
        let seen = stream.mark(sequence, timestamp);
        stream.last = now;
        if seen {
            self.counts.duplicates += 1;
            return Taken::Duplicate;
        }
        if arrival.content != Content::Event {
            let transit = stream.transit(now, timestamp, self.clock);
            self.measure(transit);
        }
        self.keep(sequence, timestamp, arrival)
    }

    /// Where in the stream a packet belongs. One that belongs nowhere may begin another.
    fn place(&mut self, now: Instant, arrival: &Arrival<'_>) -> Option<(i64, i64)> {
        let fits = self.stream.as_ref().and_then(|stream| {
            let place = stream.place(arrival)?;
            let transit = stream.transit(now, place.1, self.clock);
            let odd = self
                .delays
                .fastest()
                .is_some_and(|fastest| (i64::from(transit) - i64::from(fastest)).abs() > self.ticks(OTHER_CLOCK));
            (arrival.content == Content::Event || !odd).then_some(place)
        });
        if fits.is_some() {
            self.rival = None;
            return fits;
        }
        if arrival.content == Content::Event {
            return None;
        }
        let begins = self.stream.as_ref().is_none_or(|stream| now.saturating_duration_since(stream.last) >= SILENCE)
            || self.rival.is_some_and(|rival| rival.is_followed(now, arrival, self.clock));
        if !begins {
            let Arrival { ssrc, sequence, timestamp, .. } = *arrival;
            self.rival = Some(Rival { ssrc, sequence, timestamp, at: now });
            return None;
        }
        self.counts.restarts += u64::from(self.stream.is_some());
        self.rival = None;
        self.delays.clear();
        while self.drop_front().is_some() {}
        let stream = Stream::new(now, arrival);
        let place = (stream.highest, stream.latest);
        self.stream = Some(stream);
        Some(place)
    }

    /// The target after a packet with this transit time.
    fn measure(&mut self, transit: i32) {
        let (least, most) = (self.ticks(self.config.least), self.ticks(self.config.most));
        if !self.delays.add(transit, i32::try_from(most).unwrap_or(i32::MAX)) {
            return;
        }
        let needed = (i64::from(self.delays.spread()) + self.ticks(MARGIN)).clamp(least, most.max(least));
        let fall = self.ticks(FALL).max((self.target - needed) / 16);
        self.target = needed.max(self.target - fall);
    }

    fn keep(&mut self, sequence: i64, timestamp: i64, arrival: &Arrival<'_>) -> Taken {
        let Some(stream) = &mut self.stream else { return Taken::Stray };
        if sequence < stream.next {
            if !stream.fresh {
                self.counts.late += 1;
                return Taken::Late;
            }
            // Nothing was played yet: the stream began a little earlier.
            stream.next = sequence;
        }
        if self.queue.len() >= CAPACITY
            && let Some((sequence, timestamp)) = self.drop_front()
            && let Some(stream) = &mut self.stream
        {
            stream.next = sequence + 1;
            stream.due = timestamp;
            stream.leapt = true;
            self.counts.skipped += 1;
        }
        let mut payload = self.pool.pop().unwrap_or_default();
        if arrival.content != Content::Event {
            payload.extend_from_slice(arrival.payload);
        }
        let at = self.queue.partition_point(|slot| slot.sequence < sequence);
        let Arrival { marker, payload_type, content, .. } = *arrival;
        self.queue.insert(at, Slot { sequence, timestamp, marker, payload_type, content, payload });
        Taken::Kept
    }

    /// Says what to play after `pending` ticks of sound that the caller still has.
    pub fn poll(&mut self, now: Instant, pending: u32) -> Playout<'_> {
        self.pass_events();
        match self.decide(now, pending) {
            Step::Pause => Playout::Pause,
            Step::Starved => Playout::Starved,
            Step::Lost { ticks, last } => {
                self.counts.concealed += self.time(i64::from(ticks));
                let next = self.queue.front().filter(|_| last).map(|slot| slot.payload.as_slice());
                Playout::Lost { ticks, next }
            }
            Step::Play => {
                self.leap(now, pending);
                self.play()
            }
        }
    }

    /// Playing stood still for so many ticks, which were concealed.
    pub fn stood(&mut self, ticks: u32) {
        self.counts.concealed += self.time(i64::from(ticks));
        if let Some(stream) = &mut self.stream {
            stream.stood += i64::from(ticks);
        }
    }

    fn pass_events(&mut self) {
        while let Some(front) = self.queue.front()
            && front.content == Content::Event
            && let Some(stream) = &mut self.stream
        {
            // One that is missing before it may have held sound, which the hole in time will show.
            stream.next = front.sequence + 1;
            stream.quiet = true;
            self.drop_front();
        }
    }

    fn decide(&mut self, now: Instant, pending: u32) -> Step {
        let (patience, hole) = (self.ticks(PATIENCE), self.ticks(LONGEST_HOLE));
        let Some(stream) = &mut self.stream else { return Step::Pause };
        let Some(front) = self.queue.front() else {
            if stream.phase == Phase::Playing && !stream.quiet && stream.stood < patience {
                return Step::Starved;
            }
            stream.phase = Phase::Waiting;
            return Step::Pause;
        };
        if stream.phase == Phase::Playing {
            let gap = front.timestamp - stream.due - stream.stood;
            if gap <= stream.usual / 2 {
                return Step::Play;
            }
            // RFC 3551 §4.1: a mark behind a long hole says that the far end was silent there.
            let was_silent = front.marker && gap > stream.usual * 2;
            if front.sequence > stream.next && gap <= hole && !was_silent {
                self.counts.lost += stream.missing(front.sequence, gap);
                return stream.fill_hole(front.sequence, gap);
            }
            stream.phase = Phase::Waiting;
        }
        let lag = stream.lag(now, front.timestamp, self.clock, &self.delays) + i64::from(pending);
        if lag < self.target && self.queue.len() < CAPACITY {
            return Step::Pause;
        }
        stream.phase = Phase::Playing;
        stream.average = None;
        Step::Play
    }

    /// Leaves packets out when the delay has become longer than it may ever be.
    fn leap(&mut self, now: Instant, pending: u32) {
        let limit = self.ticks(self.config.most) + self.ticks(MUST);
        let lag = |jitter: &Self| {
            let (stream, front) = (jitter.stream.as_ref()?, jitter.queue.front()?);
            Some(stream.lag(now, front.timestamp, jitter.clock, &jitter.delays) + i64::from(pending))
        };
        if lag(self).is_none_or(|lag| lag <= limit) {
            return;
        }
        while self.queue.len() > 1 && lag(self).is_some_and(|lag| lag > self.target) {
            self.drop_front();
            self.counts.skipped += 1;
        }
        if let (Some(stream), Some(front)) = (&mut self.stream, self.queue.front()) {
            stream.next = front.sequence;
            stream.leapt = true;
        }
    }

    fn play(&mut self) -> Playout<'_> {
        let (Some(stream), Some(slot)) = (&mut self.stream, self.queue.pop_front()) else { return Playout::Pause };
        let Slot { sequence, timestamp, payload_type, content, payload, .. } = slot;
        self.counts.lost += u64::try_from(sequence - stream.next).unwrap_or(0);
        stream.next = sequence + 1;
        stream.due = timestamp + i64::from(content.ticks());
        stream.quiet = matches!(content, Content::Quiet(_));
        if stream.stood > 0 {
            stream.stood = 0;
            stream.average = None;
        }
        if content.ticks() > 0 {
            stream.usual = i64::from(content.ticks());
        }
        let old = stream.border.is_some_and(|border| timestamp < border);
        let (fresh, leapt) = (std::mem::take(&mut stream.fresh), std::mem::take(&mut stream.leapt));
        let played = std::mem::replace(&mut self.playing, payload);
        self.give_back(played);
        Playout::Packet(Due { payload: &self.playing, payload_type, content, fresh, leapt, old })
    }

    /// Says whether sound should be made shorter or longer, given `pending` ticks that the caller still has. To be
    /// asked once for each 20 ms; what was done is told by [`Jitter::slipped`].
    pub fn slip(&mut self, now: Instant, pending: u32) -> Slip {
        let (above, below, must) = (self.ticks(ABOVE), self.ticks(BELOW), self.ticks(MUST));
        let Some(stream) = &mut self.stream else { return Slip::None };
        if stream.phase != Phase::Playing || stream.stood > 0 {
            return Slip::None;
        }
        let lag = stream.lag(now, stream.due, self.clock, &self.delays) + i64::from(pending);
        let average = stream.average.map_or(lag, |average| average + (lag - average) / 8);
        stream.average = Some(average);
        stream.rest = stream.rest.saturating_sub(1);
        let over = average - self.target;
        if stream.rest > 0 {
            Slip::None
        } else if over > must {
            Slip::Shrink(Urgency::Now)
        } else if over > above {
            Slip::Shrink(if over > above * 2 { Urgency::Soon } else { Urgency::Idle })
        } else if over < -below {
            // Soon there will be nothing to play.
            Slip::Grow(if over < -must { Urgency::Now } else { Urgency::Soon })
        } else {
            Slip::None
        }
    }

    /// Sound was made longer by so many ticks, or shorter.
    pub fn slipped(&mut self, ticks: i64) {
        let time = self.time(ticks.abs());
        let Some(stream) = &mut self.stream else { return };
        stream.average = stream.average.map(|average| average + ticks);
        // Where nothing could be done without being heard, it is tried again soon.
        stream.rest = if ticks == 0 { 2 } else { REST };
        if ticks > 0 {
            self.counts.inserted += time;
        } else {
            self.counts.dropped += time;
        }
    }

    fn drop_front(&mut self) -> Option<(i64, i64)> {
        let slot = self.queue.pop_front()?;
        let end = slot.timestamp + i64::from(slot.content.ticks());
        self.give_back(slot.payload);
        Some((slot.sequence, end))
    }

    fn give_back(&mut self, mut payload: Vec<u8>) {
        payload.clear();
        if payload.capacity() > 0 && self.pool.len() < CAPACITY {
            self.pool.push(payload);
        }
    }

    fn ticks(&self, time: Duration) -> i64 {
        ticks(time, self.clock)
    }

    fn time(&self, ticks: i64) -> Duration {
        Duration::from_micros(u64::try_from(ticks * 1_000_000 / i64::from(self.clock)).unwrap_or(0))
    }
}
