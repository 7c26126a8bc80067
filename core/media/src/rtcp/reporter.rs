//! Our own reports, and the machine that holds both sides.

use std::time::{Duration, Instant};

use rtcp_types::prelude::{RtcpPacketParser, RtcpPacketWriterExt};
use rtcp_types::{
    Bye, Compound, CompoundBuilder, ReceiverReport, ReportBlock, ReportBlockBuilder, Sdes, SdesChunk, SdesItem,
    SenderReport,
};

use super::far::{Judge, Truth};
use super::{Far, Named, Ntp, RtcpError, middle};
use crate::counts::Stream;

/// The SDES item of a canonical name (RFC 3550 §6.5.1).
const CNAME: u8 = 1;

/// Packet types (§6.4–§6.6).
pub(super) const SENDER_REPORT: u8 = 200;
pub(super) const RECEIVER_REPORT: u8 = 201;
const BYE: u8 = 203;

/// What may be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Config {
    /// How far reports are apart, in the middle (§6.2: 5 s).
    pub interval: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self { interval: Duration::from_secs(5) }
    }
}

/// An RTP packet that left.
#[derive(Debug, Clone, Copy)]
pub struct Outbound {
    /// Its number.
    pub sequence: u16,
    /// Its timestamp, in ticks.
    pub timestamp: u32,
    /// Ticks a second.
    pub clock: u32,
    /// Octets of payload, without header and padding (§6.4.1).
    pub octets: usize,
}

/// An RTP packet that came, and was the far end's.
#[derive(Debug, Clone, Copy)]
pub struct Inbound {
    /// Whose.
    pub ssrc: u32,
    /// Its number.
    pub sequence: u16,
    /// Its timestamp, in ticks.
    pub timestamp: u32,
    /// Ticks a second, where the payload type is known.
    pub clock: Option<u32>,
}

/// What came here, of the stream that comes now. `None` where nothing was measured.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Near {
    /// Packets that came.
    pub received: u64,
    /// Packets that never did.
    pub lost: u64,
    /// Their share, 0 to 1.
    pub loss: Option<f64>,
    /// How much longer losses last than by chance; see [`quality::Measured`](crate::quality::Measured).
    pub burst: Option<f64>,
    /// Interarrival jitter (§6.4.1).
    pub jitter: Option<Duration>,
}

/// Makes reports and reads the far end's.
#[derive(Debug)]
pub struct Reporter {
    config: Config,
    ssrc: u32,
    cname: String,
    chance: u64,
    due: Instant,
    /// RTP or a report has left.
    heard_of: bool,
    sent: Sent,
    source: Option<Source>,
    judge: Judge,
}

/// What we sent under our SSRC. The two counts wrap, as their fields do.
#[derive(Debug, Clone, Copy, Default)]
struct Sent {
    packets: u32,
    octets: u32,
    /// The packet that left last, and when the first of its timestamp left.
    last: Option<(Instant, Outbound)>,
    spoke: Option<Instant>,
}

/// The stream that comes.
#[derive(Debug)]
struct Source {
    ssrc: u32,
    stream: Stream,
    /// As they were at our last report (§A.3).
    expected_prior: u64,
    received_prior: u64,
    /// The far end's last sender report: the middle of its time, and when it came.
    report: Option<(u32, Instant)>,
}

impl Reporter {
    /// A reporter for one stream out and one in. `cname` should say nothing of the host (RFC 7022), and is cut to 64
    /// octets; `seed` spreads the reports of many.
    #[must_use]
    pub fn new(now: Instant, config: Config, ssrc: u32, cname: &str, seed: u64) -> Self {
        let end = (0..=cname.len().min(64)).rev().find(|end| cname.is_char_boundary(*end)).unwrap_or(0);
        let mut reporter = Self {
            config,
            ssrc,
            cname: cname.get(..end).unwrap_or_default().to_owned(),
            chance: seed,
            due: now,
            heard_of: false,
            sent: Sent::default(),
            source: None,
            judge: Judge::default(),
        };
        // §6.3.2: the first after half the time.
        reporter.due = now + reporter.interval() / 2;
        reporter
    }

    /// We send under another SSRC from now on. What was reported of the former one stays known, but for what is over.
    pub fn speak_as(&mut self, ssrc: u32) {
        if self.ssrc != ssrc {
            self.ssrc = ssrc;
            self.sent = Sent::default();
        }
    }

    /// An RTP packet left.
    pub fn sent(&mut self, now: Instant, packet: Outbound) {
        self.heard_of = true;
        self.sent.packets = self.sent.packets.wrapping_add(1);
        self.sent.octets = self.sent.octets.wrapping_add(u32::try_from(packet.octets).unwrap_or(0));
        // Reports of one key all bear the time at which it began (RFC 4733 §2.3): the first of them says what time that is.
        let when = match self.sent.last {
            Some((when, last)) if last.timestamp == packet.timestamp => when,
            _ => now,
        };
        self.sent.last = Some((when, packet));
        self.sent.spoke = Some(now);
    }

    /// An RTP packet came. Another SSRC is another stream, and the former is over.
    pub fn received(&mut self, now: Instant, packet: Inbound) {
        let source = match &mut self.source {
            Some(source) if source.ssrc == packet.ssrc => source,
            other => other.insert(Source {
                ssrc: packet.ssrc,
                stream: Stream::new(packet.sequence),
                expected_prior: 0,
                received_prior: 0,
                report: None,
            }),
        };
        source.stream.count(now, packet.sequence, packet.timestamp, packet.clock);
    }

    /// RTCP came, from an address that is the far end's.
    ///
    /// # Errors
    /// [`RtcpError`] when it is none or of somebody else; parts before the bad one were taken.
    pub fn handle(&mut self, now: Instant, ntp: Ntp, bytes: &[u8]) -> Result<(), RtcpError> {
        if bytes.is_empty() {
            return Err(RtcpError::NotCompound);
        }
        let mut parts = Parts(bytes);
        let mut first = true;
        while let Some((kind, part)) = parts.next_part()? {
            // §6.1: a compound packet begins with a report.
            if std::mem::take(&mut first) && kind != SENDER_REPORT && kind != RECEIVER_REPORT {
                return Err(RtcpError::NotCompound);
            }
            match kind {
                SENDER_REPORT => {
                    let report = SenderReport::parse(part)?;
                    self.known(report.ssrc())?;
                    self.told(now, Named { ssrc: report.ssrc(), name: Ntp(report.ntp_timestamp()).middle() });
                    self.take(ntp, report.report_blocks());
                }
                RECEIVER_REPORT => {
                    let report = ReceiverReport::parse(part)?;
                    self.known(report.ssrc())?;
                    self.take(ntp, report.report_blocks());
                }
                BYE => {
                    let bye = Bye::parse(part)?;
                    let speaker = self.source.as_ref().map(|source| source.ssrc);
                    self.judge.far.gone |= bye.ssrcs().any(|ssrc| Some(ssrc) == speaker);
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// A sender report of the far end came: ours will say which it was, and how long ago (§6.4.1).
    pub(crate) fn told(&mut self, now: Instant, report: Named) {
        if let Some(source) = self.source.as_mut().filter(|source| source.ssrc == report.ssrc) {
            source.report = Some((report.name, now));
        }
    }

    /// The far end knows of us: only then there is a goodbye to say (§6.3.7).
    pub(crate) const fn is_heard_of(&self) -> bool {
        self.heard_of
    }

    /// Under which SSRC we speak.
    pub(crate) const fn ssrc(&self) -> u32 {
        self.ssrc
    }

    /// Nothing is to be said now; the next report is due as if this one had been made.
    pub(crate) fn pass_over(&mut self, now: Instant) {
        self.due = now + self.interval();
    }

    /// What the far end says.
    #[must_use]
    pub fn far(&self) -> Far {
        self.judge.far
    }

    /// What came here.
    #[must_use]
    pub fn near(&self) -> Near {
        let Some(stream) = self.source.as_ref().map(|source| &source.stream) else { return Near::default() };
        let (lost, expected) = (stream.lost(), stream.expected());
        Near {
            received: stream.received(),
            lost,
            loss: Some((expected.saturating_sub(stream.received())) as f64 / expected.max(1) as f64),
            burst: stream.burst_ratio(),
            jitter: stream.jitter_us().map(|micros| Duration::from_micros(u64::from(micros))),
        }
    }

    /// When the next report is due.
    #[must_use]
    pub fn poll_timeout(&self) -> Instant {
        self.due
    }

    /// Writes a report when one is due, and says how many octets it has. 256 always suffice.
    ///
    /// # Errors
    /// [`RtcpError::Unwritable`] when the buffer is too small; the report is given up.
    pub fn poll(&mut self, now: Instant, ntp: Ntp, into: &mut [u8]) -> Result<Option<usize>, RtcpError> {
        if now < self.due {
            return Ok(None);
        }
        self.due = now + self.interval();
        self.heard_of = true;
        Ok(Some(self.report(now, ntp).write_into(into)?))
    }

    /// Writes the last report, with a goodbye (§6.6), and says how many octets it has. 256 always suffice.
    ///
    /// # Errors
    /// [`RtcpError::Unwritable`] when the buffer is too small.
    pub fn bye(&mut self, now: Instant, ntp: Ntp, into: &mut [u8]) -> Result<usize, RtcpError> {
        let bye = Bye::builder().add_source(self.ssrc);
        Ok(self.report(now, ntp).add_packet(bye).write_into(into)?)
    }

    /// A sender that we hear is the one that reports; while none is heard, any may be.
    fn known(&self, ssrc: u32) -> Result<(), RtcpError> {
        match &self.source {
            Some(source) if source.ssrc != ssrc => Err(RtcpError::Foreign(ssrc)),
            _ => Ok(()),
        }
    }

    fn take<'a>(&mut self, ntp: Ntp, blocks: impl Iterator<Item = ReportBlock<'a>>) {
        let Some((_, last)) = self.sent.last else { return };
        let truth = Truth { packets: self.sent.packets, sequence: last.sequence, clock: Some(last.clock) };
        for block in blocks.filter(|block| block.ssrc() == self.ssrc) {
            self.judge.take(ntp, truth, &block);
        }
    }

    /// §6.4: a sender report if we sent since the report before the last, else a receiver report; then the name (§6.5).
    fn report(&mut self, now: Instant, ntp: Ntp) -> CompoundBuilder<'_> {
        let block = self.source.as_mut().and_then(|source| source.block(now));
        let recent = self.config.interval * 2;
        let spoke = self.sent.spoke.is_some_and(|spoke| now.saturating_duration_since(spoke) <= recent);
        let speaking = self.sent.last.filter(|_| spoke);
        let compound = Compound::builder();
        let compound = if let Some((when, last)) = speaking {
            self.judge.reported(ntp.middle(), ntp);
            let report = SenderReport::builder(self.ssrc)
                .ntp_timestamp(ntp.0)
                .rtp_timestamp(last.at(now.saturating_duration_since(when)))
                .packet_count(self.sent.packets)
                .octet_count(self.sent.octets);
            compound.add_packet(match block {
                Some(block) => report.add_report_block(block),
                None => report,
            })
        } else {
            let report = ReceiverReport::builder(self.ssrc);
            compound.add_packet(match block {
                Some(block) => report.add_report_block(block),
                None => report,
            })
        };
        let name = SdesChunk::builder(self.ssrc).add_item(SdesItem::builder(CNAME, &self.cname));
        compound.add_packet(Sdes::builder().add_chunk(name))
    }

    /// §6.3.1: between half and one and a half of the interval, so that reports of many do not fall together.
    fn interval(&mut self) -> Duration {
        // splitmix64: enough to spread, and the same for the same seed.
        self.chance = self.chance.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.chance;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let part = ((z ^ (z >> 31)) >> 40) as u32;
        let whole = u128::from(part) + (1 << 23);
        let nanos = (self.config.interval.as_nanos() * whole) >> 24;
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

impl Outbound {
    /// The timestamp of a packet that would leave so long after this one.
    fn at(self, later: Duration) -> u32 {
        let ticks = later.as_nanos() * u128::from(self.clock) / 1_000_000_000;
        // Timestamps wrap.
        self.timestamp.wrapping_add((ticks & u128::from(u32::MAX)) as u32)
    }
}

impl Source {
    /// §6.4.1, §A.3: what came since our last report; `None` if nothing did.
    fn block(&mut self, now: Instant) -> Option<ReportBlockBuilder> {
        let (expected, received) = (self.stream.expected(), self.stream.received());
        // A sender that began anew is counted anew.
        let anew = received < self.received_prior || expected < self.expected_prior;
        let (expected_prior, received_prior) = if anew { (0, 0) } else { (self.expected_prior, self.received_prior) };
        if received == received_prior {
            return None;
        }
        (self.expected_prior, self.received_prior) = (expected, received);
        let interval = expected - expected_prior;
        let lost = interval.saturating_sub(received - received_prior);
        let fraction = (lost << 8).checked_div(interval).unwrap_or(0);
        let (last, held) =
            self.report.map_or((0, 0), |(last, came)| (last, middle(now.saturating_duration_since(came))));
        Some(
            ReportBlock::builder(self.ssrc)
                .fraction_lost(u8::try_from(fraction).unwrap_or(u8::MAX))
                .cumulative_lost(signed_24(expected, received))
                .extended_sequence_number(self.stream.highest())
                .interarrival_jitter(self.stream.jitter_ticks())
                .last_sender_report_timestamp(last)
                .delay_since_last_sender_report_timestamp(held),
        )
    }
}

/// Expected less received, in 24 bits with a sign, at most what fits (§6.4.1, §A.3).
fn signed_24(expected: u64, received: u64) -> u32 {
    if expected >= received {
        u32::try_from(expected - received).unwrap_or(u32::MAX).min(0x7f_ffff)
    } else {
        0x100_0000 - u32::try_from(received - expected).unwrap_or(u32::MAX).min(0x80_0000)
    }
}

/// The parts of a compound packet.
pub(super) struct Parts<'a>(pub(super) &'a [u8]);

impl<'a> Parts<'a> {
    /// The packet type of the next part, and the part (§6.1, §A.2).
    pub(super) fn next_part(&mut self) -> Result<Option<(u8, &'a [u8])>, RtcpError> {
        let &[flags, kind, high, low, ..] = self.0 else {
            return if self.0.is_empty() { Ok(None) } else { Err(RtcpError::NotCompound) };
        };
        let length = 4 * (usize::from(u16::from_be_bytes([high, low])) + 1);
        let (part, rest) = self.0.split_at_checked(length).ok_or(RtcpError::NotCompound)?;
        // Version 2, and padding only at the very end.
        if flags >> 6 != 2 || (flags & 0x20 != 0 && !rest.is_empty()) {
            return Err(RtcpError::NotCompound);
        }
        self.0 = rest;
        Ok(Some((kind, part)))
    }
}
