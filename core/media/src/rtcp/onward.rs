//! Reports that pass: what a far end says of what others send to it through us.

use std::time::Instant;

use rtcp_types::prelude::RtcpPacketParser;
use rtcp_types::{ReceiverReport, ReportBlock, SenderReport};

use super::far::{Judge, Truth};
use super::reporter::{Parts, RECEIVER_REPORT, SENDER_REPORT};
use super::{Far, Inbound, Ntp};
use crate::counts::Stream;

/// What is sent on to one far end, and what that one reports of it. Nothing is kept of a packet, and nothing changed.
///
/// A relay makes no reports, and yet it knows the way to each end by itself: it sees the sender report of the one leave
/// for the other, and the other's answer, which names that report and says how long it was held (RFC 3550 §6.4.1).
#[derive(Debug)]
pub(crate) struct Onward {
    born: Instant,
    judge: Judge,
    run: Option<Run>,
    /// Of the runs that are over.
    past: Share,
}

/// A stream as it is sent on.
#[derive(Debug)]
struct Run {
    ssrc: u32,
    stream: Stream,
    clock: Option<u32>,
    told: Option<Share>,
}

/// Packets that never arrived, of those that were sent on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Share {
    pub(crate) lost: u64,
    pub(crate) of: u64,
}

/// A sender report, as an answer names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) ssrc: u32,
    /// The middle of its NTP time.
    pub(crate) name: u32,
}

impl Share {
    fn and(self, other: Self) -> Self {
        Self { lost: self.lost.saturating_add(other.lost), of: self.of.saturating_add(other.of) }
    }
}

impl Onward {
    pub(crate) fn new(now: Instant) -> Self {
        Self { born: now, judge: Judge::default(), run: None, past: Share::default() }
    }

    /// RTP leaves for the far end.
    pub(crate) fn sent(&mut self, now: Instant, packet: Inbound) {
        if self.run.as_ref().is_none_or(|run| run.ssrc != packet.ssrc) {
            self.end_run();
            let stream = Stream::new(packet.sequence);
            self.run = Some(Run { ssrc: packet.ssrc, stream, clock: None, told: None });
        }
        let Some(run) = &mut self.run else { return };
        run.clock = packet.clock.or(run.clock);
        run.stream.count(now, packet.sequence, packet.timestamp, None);
    }

    /// A sender report leaves for the far end, which will answer it if it is of who speaks: another's or our own.
    pub(crate) fn passed(&mut self, now: Instant, report: Named) {
        if self.run.as_ref().is_some_and(|run| run.ssrc == report.ssrc) {
            self.judge.reported(report.name, self.time(now));
        }
    }

    /// RTCP came from the far end, whose own RTP has this SSRC. Gives what an answer will call its sender report.
    pub(crate) fn heard(&mut self, now: Instant, ssrc: Option<u32>, bytes: &[u8]) -> Option<Named> {
        let mut named = None;
        let mut parts = Parts(bytes);
        while let Ok(Some((kind, part))) = parts.next_part() {
            match kind {
                SENDER_REPORT => {
                    let Ok(report) = SenderReport::parse(part) else { break };
                    let name = Ntp(report.ntp_timestamp()).middle();
                    if ssrc.is_none_or(|ssrc| ssrc == report.ssrc()) {
                        // 0 is the word for "none yet" in an answer.
                        named = Some(Named { ssrc: report.ssrc(), name }).filter(|named| named.name != 0);
                        self.take(now, report.report_blocks());
                    }
                }
                RECEIVER_REPORT => {
                    let Ok(report) = ReceiverReport::parse(part) else { break };
                    if ssrc.is_none_or(|ssrc| ssrc == report.ssrc()) {
                        self.take(now, report.report_blocks());
                    }
                }
                _ => {}
            }
        }
        named
    }

    /// The far end has one block for each stream: a second one is not looked at.
    fn take<'a>(&mut self, now: Instant, mut blocks: impl Iterator<Item = ReportBlock<'a>>) {
        let ntp = self.time(now);
        let Some(run) = &mut self.run else { return };
        let Some(block) = blocks.find(|block| block.ssrc() == run.ssrc) else { return };
        let [.., high, low] = run.stream.highest().to_be_bytes();
        let truth = Truth {
            // It misses also what we never had to send on.
            packets: u32::try_from(run.stream.expected()).unwrap_or(u32::MAX),
            sequence: u16::from_be_bytes([high, low]),
            clock: run.clock,
        };
        let taken = self.judge.far.reports;
        self.judge.take(ntp, truth, &block);
        if self.judge.far.reports == taken {
            return;
        }
        let missed = u64::try_from(self.judge.far.lost.unwrap_or(0)).unwrap_or(0);
        let told = Share { lost: missed.saturating_sub(run.stream.lost_of_run()), of: run.stream.received() };
        if let Some(before) = run.told.filter(|before| before.of > told.of) {
            // The sender began anew, and the far end counts anew.
            self.past = self.past.and(before);
        }
        run.told = Some(told);
    }

    fn end_run(&mut self) {
        if let Some(told) = self.run.take().and_then(|run| run.told) {
            self.past = self.past.and(told);
        }
    }

    /// Times of our own to hold reports against: they need only be apart by the right spans.
    fn time(&self, now: Instant) -> Ntp {
        Ntp::since_1970(now.saturating_duration_since(self.born))
    }

    /// What the far end says, as far as it can be true.
    pub(crate) fn far(&self) -> Far {
        self.judge.far
    }

    /// What was lost between us and the far end, as it says, less what we had not ourselves; `None` when it said nothing.
    pub(crate) fn lost(&self) -> Option<Share> {
        let now = self.run.as_ref().and_then(|run| run.told);
        let share = self.past.and(now.unwrap_or_default());
        (share.of > 0).then_some(share)
    }

    /// How many ticks a packet holds, and how many there are a second.
    pub(crate) fn step(&self) -> Option<(u32, u32)> {
        let run = self.run.as_ref()?;
        run.stream.step().zip(run.clock)
    }
}
