//! What the far end reports of us.

use std::time::Duration;

use rtcp_types::ReportBlock;

use super::{Ntp, span};

/// No round trip is longer; what says so is a mistake or a lie.
const LONGEST_ROUND_TRIP: Duration = Duration::from_secs(10);

/// Clocks step; a round trip that comes out so much below nothing is nothing.
const BACKWARDS: Duration = Duration::from_millis(50);

/// No jitter is larger.
const LARGEST_JITTER: Duration = Duration::from_secs(10);

/// How many reports of ours the far end may still answer.
const ANSWERABLE: usize = 8;

/// What the far end reported of the RTP we send. `None` where it said nothing that could be believed.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Far {
    /// Reports that were taken.
    pub reports: u64,
    /// Reports that could not be true.
    pub doubted: u64,
    /// The last round trip (RFC 3550 §6.4.1).
    pub round_trip: Option<Duration>,
    /// The mean of all round trips.
    pub mean_round_trip: Option<Duration>,
    /// The share of packets lost since the report before, 0 to 1.
    pub loss: Option<f64>,
    /// Packets lost in all. Copies count against it, so it may be below 0.
    pub lost: Option<i32>,
    /// The jitter it sees.
    pub jitter: Option<Duration>,
    /// It said goodbye (§6.6).
    pub gone: bool,
}

/// What we sent, against which reports are held.
#[derive(Debug, Clone, Copy)]
pub(super) struct Truth {
    pub(super) packets: u32,
    pub(super) sequence: u16,
    /// Ticks a second; without it nothing is known of jitter.
    pub(super) clock: Option<u32>,
}

/// Holds the far end's reports against what was sent.
#[derive(Debug, Default)]
pub(super) struct Judge {
    pub(super) far: Far,
    /// The last reports that left, the newest last: what an answer calls each, and the middle of the time at which it left.
    answerable: [Option<(u32, u32)>; ANSWERABLE],
    round_trips: u32,
    total: Duration,
}

impl Judge {
    /// A sender report left at this time, and an answer to it will bear this name.
    pub(super) fn reported(&mut self, name: u32, left: Ntp) {
        // Of two with one name, the far end answers the later.
        let same = self.answerable.iter().position(|entry| entry.is_some_and(|(known, _)| known == name));
        if let Some(tail) = self.answerable.get_mut(same.unwrap_or(0)..) {
            tail.rotate_left(1);
        }
        if let Some(last) = self.answerable.last_mut() {
            *last = Some((name, left.middle()));
        }
    }

    /// The far end reports on us.
    pub(super) fn take(&mut self, ntp: Ntp, truth: Truth, block: &ReportBlock<'_>) {
        let Some(lost) = believable_loss(truth, block) else {
            self.far.doubted += 1;
            return;
        };
        self.far.reports += 1;
        self.far.lost = Some(lost);
        self.far.loss = Some(f64::from(block.fraction_lost()) / 256.0);
        if let Some(clock) = truth.clock.filter(|clock| *clock > 0) {
            let nanos = u64::from(block.interarrival_jitter()) * 1_000_000_000 / u64::from(clock);
            let jitter = Duration::from_nanos(nanos);
            if jitter <= LARGEST_JITTER {
                self.far.jitter = Some(jitter);
            }
        }
        self.measure(ntp, block);
    }

    /// §6.4.1: A − LSR − DLSR, where A is when this report came, LSR is when the one it answers left, and DLSR is how
    /// long the far end had that one.
    fn measure(&mut self, ntp: Ntp, block: &ReportBlock<'_>) {
        let answered = block.last_sender_report_timestamp();
        if answered == 0 {
            // It has heard none of ours yet.
            return;
        }
        let entry = self.answerable.iter().flatten().find(|(name, _)| *name == answered);
        let Some((_, left)) = entry.copied() else {
            self.far.doubted += 1;
            return;
        };
        let held = block.delay_since_last_sender_report_timestamp();
        let ticks = ntp.middle().wrapping_sub(left).wrapping_sub(held);
        let below = span(ticks.wrapping_neg());
        let round_trip = if below <= BACKWARDS { Duration::ZERO } else { span(ticks) };
        if round_trip > LONGEST_ROUND_TRIP {
            self.far.doubted += 1;
            return;
        }
        self.far.round_trip = Some(round_trip);
        self.round_trips = self.round_trips.saturating_add(1);
        self.total = self.total.saturating_add(round_trip);
        self.far.mean_round_trip = Some(self.total / self.round_trips);
    }
}

/// The packets lost in all, if they and the highest sequence number can be those of what we sent.
fn believable_loss(truth: Truth, block: &ReportBlock<'_>) -> Option<i32> {
    // 24 bits with a sign (§6.4.1).
    let lost = block.cumulative_lost();
    let lost = i32::try_from(lost).ok()? - if lost & 0x80_0000 == 0 { 0 } else { 0x100_0000 };
    let sent = i64::from(truth.packets);
    // A copy of each packet, at most.
    if truth.packets == 0 || i64::from(lost) > sent || i64::from(lost) < -sent {
        return None;
    }
    // Whence the far end counts wraps is its own matter; the low 16 bits are ours.
    let highest = u16::try_from(block.extended_sequence_number() & 0xffff).ok()?;
    (truth.sequence.wrapping_sub(highest) < 0x8000).then_some(lost)
}
