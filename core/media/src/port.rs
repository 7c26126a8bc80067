//! One port of ours: its far end, its streams and its counts.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use rtp_types::RtpPacket;

use crate::counts::{Stats, Stream};
use crate::quality;
use crate::rating::{Ballot, Hint, Way, worse};
use crate::relay::{Kind, PortKey};
use crate::rtcp::{Config, Inbound, Named, Ntp, Onward, Outbound, Reporter};
use crate::source::Source;

/// Another SSRC from the same address is taken once the first was silent for so long: a phone that begins anew, not
/// somebody who speaks between.
const SSRC_PAUSE: Duration = Duration::from_millis(200);

/// What signalling agreed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expectation {
    /// Where the far end wants RTP. Unspecified address or port 0: nowhere.
    pub remote: SocketAddr,
    /// Where it wants RTCP; the next port when `None`.
    pub rtcp: Option<SocketAddr>,
    /// RTP and RTCP on one port (RFC 5761).
    pub mux: bool,
    /// Where its signalling comes from: behind a NAT, media may come from there.
    pub signalling: IpAddr,
    /// Payload types that may come, each with its RTP clock in Hz; empty for any.
    pub clocks: Vec<(u8, u32)>,
    /// No RTP, but fax by UDPTL (ITU-T T.38): datagrams that go on as they are.
    pub fax: bool,
    /// What bears loss how, by payload type; static types (RFC 3551 §6) need not be named. What is neither is not rated.
    pub codecs: Vec<(u8, quality::Codec)>,
}

/// As whom we report at a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Under which we speak, or shall.
    pub ssrc: u32,
    /// A canonical name that says nothing of the host (RFC 7022 §4.2).
    pub cname: String,
    /// Spreads the reports of many.
    pub seed: u64,
}

/// What is to be known of a packet that came, and when, if it goes on.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Passing {
    Rtp(Instant, Inbound, Hint),
    Report(Instant, Named),
}

#[derive(Debug)]
pub(crate) struct Port {
    expected: Option<Expectation>,
    pub(crate) peer: Option<PortKey>,
    rtp: Source,
    rtcp: Source,
    ssrc: Option<u32>,
    stream: Option<Stream>,
    /// Loss of streams that are over.
    lost: u64,
    last: Instant,
    pub(crate) watch: Option<(Duration, Instant)>,
    pub(crate) told: bool,
    pub(crate) stats: Stats,
    /// Codecs of what comes, and of what is sent on.
    ballots: [Ballot; 2],
    onward: Onward,
    /// Our own reports; `None` while we are no end of its streams.
    ours: Option<Box<Reporter>>,
    /// The packet that came last.
    pub(crate) passing: Option<Passing>,
}

impl Port {
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            expected: None,
            peer: None,
            rtp: Source::default(),
            rtcp: Source::default(),
            ssrc: None,
            stream: None,
            lost: 0,
            last: now,
            watch: None,
            told: false,
            stats: Stats::default(),
            ballots: [Ballot::default(); 2],
            onward: Onward::new(now),
            ours: None,
            passing: None,
        }
    }

    /// A new agreement; the source is learnt anew when the far end moved.
    pub(crate) fn expect(&mut self, expected: Expectation) {
        // What speaks for fax may be another socket of the far end's.
        let same = |old: &Expectation| (old.remote, old.fax) == (expected.remote, expected.fax);
        let moved = !self.expected.as_ref().is_some_and(same);
        if moved {
            self.rtp = Source::default();
            self.rtcp = Source::default();
        }
        self.expected = Some(expected);
    }

    /// RTP came: may it go on?
    pub(crate) fn take_rtp(&mut self, now: Instant, from: SocketAddr, bytes: &[u8]) -> bool {
        let taken = self.try_rtp(now, from, bytes);
        self.passing = taken.map(|(packet, hint)| Passing::Rtp(now, packet, hint));
        if let Some((_, hint)) = taken {
            let [coming, _] = &mut self.ballots;
            coming.vote(hint);
            self.last = now;
            self.told = false;
            if let (Some(ours), Some((packet, _))) = (&mut self.ours, taken) {
                ours.received(now, packet);
            }
            self.stats.packets_in += 1;
            self.stats.bytes_in += u64::try_from(bytes.len()).unwrap_or(0);
        } else {
            self.stats.dropped += 1;
        }
        taken.is_some()
    }

    /// It takes fax.
    pub(crate) fn is_fax(&self) -> bool {
        self.expected.as_ref().is_some_and(|expected| expected.fax)
    }

    /// A datagram of fax came: may it go on? Whose it is, is learnt as of RTP; what is in it is the affair of the two ends.
    pub(crate) fn take_fax(&mut self, now: Instant, kind: Kind, from: SocketAddr, bytes: &[u8]) -> bool {
        let Some(expected) = &self.expected else { return false };
        // The last packets of the sound that was there before may still come, and from elsewhere.
        let sound = RtpPacket::parse(bytes).is_ok_and(|packet| Some(packet.ssrc()) == self.ssrc);
        let taken = kind == Kind::Rtp && !sound && self.rtp.takes(now, from, expected.remote, expected.signalling);
        self.passing = None;
        if taken {
            (self.last, self.told) = (now, false);
            self.stats.packets_in += 1;
            self.stats.bytes_in += u64::try_from(bytes.len()).unwrap_or(0);
        } else {
            self.stats.dropped += 1;
        }
        taken
    }

    fn try_rtp(&mut self, now: Instant, from: SocketAddr, bytes: &[u8]) -> Option<(Inbound, Hint)> {
        let expected = self.expected.as_ref()?;
        let packet = RtpPacket::parse(bytes).ok()?;
        let payload = packet.payload_type();
        let clock = expected.clocks.iter().find(|(known, _)| *known == payload).map(|(_, clock)| *clock);
        let learning = self.rtp == Source::Learning;
        if learning && clock.is_none() && !expected.clocks.is_empty() {
            return None;
        }
        if !self.rtp.takes(now, from, expected.remote, expected.signalling) {
            return None;
        }
        let hint = Hint::of(payload, &expected.codecs);
        let (ssrc, sequence) = (packet.ssrc(), packet.sequence_number());
        if self.ssrc != Some(ssrc) {
            let speaking = self.ssrc.is_some() && now.saturating_duration_since(self.last) < SSRC_PAUSE;
            if speaking && !learning {
                return None;
            }
            self.lost += self.stream.map_or(0, |stream| stream.lost());
            self.ssrc = Some(ssrc);
            self.stream = None;
        }
        let timestamp = packet.timestamp();
        self.stream.get_or_insert_with(|| Stream::new(sequence)).count(now, sequence, timestamp, clock);
        Some((Inbound { ssrc, sequence, timestamp, clock }, hint))
    }

    /// From now on we are an end ourselves, and report.
    pub(crate) fn take_part(&mut self, now: Instant, as_whom: &Identity) {
        let Identity { ssrc, cname, seed } = as_whom;
        self.ours.get_or_insert_with(|| Box::new(Reporter::new(now, Config::default(), *ssrc, cname, *seed)));
    }

    /// A packet of our own leaves for the far end.
    pub(crate) fn speak(&mut self, now: Instant, bytes: &[u8]) {
        let (Some(expected), Ok(packet)) = (&self.expected, RtpPacket::parse(bytes)) else { return };
        let (payload, ssrc) = (packet.payload_type(), packet.ssrc());
        let (sequence, timestamp) = (packet.sequence_number(), packet.timestamp());
        let clock = expected.clocks.iter().find(|(known, _)| *known == payload).map(|(_, clock)| *clock);
        let hint = Hint::of(payload, &expected.codecs);
        self.pass(Passing::Rtp(now, Inbound { ssrc, sequence, timestamp, clock }, hint));
        if let (Some(ours), Some(clock)) = (&mut self.ours, clock) {
            ours.speak_as(ssrc);
            ours.sent(now, Outbound { sequence, timestamp, clock, octets: packet.payload().len() });
        }
    }

    /// When our next report is due; `None` while we make none.
    pub(crate) fn report_due(&self) -> Option<Instant> {
        self.ours.as_ref().map(|ours| ours.poll_timeout())
    }

    /// Our report, when it is due: how long it is.
    pub(crate) fn report(&mut self, now: Instant, ntp: Ntp, into: &mut [u8]) -> Option<usize> {
        let ours = self.ours.as_mut()?;
        let length = ours.poll(now, ntp, into).ok()??;
        self.onward.passed(now, Named { ssrc: ours.ssrc(), name: ntp.middle() });
        Some(length)
    }

    /// Others report to the far end for now.
    pub(crate) fn pass_over(&mut self, now: Instant) {
        if let Some(ours) = &mut self.ours {
            ours.pass_over(now);
        }
    }

    /// Our last report: how long it is; `None` where the far end never heard of us.
    pub(crate) fn bye(&mut self, now: Instant, ntp: Ntp, into: &mut [u8]) -> Option<usize> {
        self.ours.as_mut().filter(|ours| ours.is_heard_of())?.bye(now, ntp, into).ok()
    }

    /// A packet of another far end leaves for this one, or one of ours.
    pub(crate) fn pass(&mut self, passing: Passing) {
        match passing {
            Passing::Rtp(now, packet, hint) => {
                let [_, leaving] = &mut self.ballots;
                leaving.vote(hint);
                self.onward.sent(now, packet);
            }
            Passing::Report(now, report) => self.onward.passed(now, report),
        }
    }

    /// RTCP came: may it go on? Only from where RTP comes from, or should.
    pub(crate) fn take_rtcp(&mut self, now: Instant, from: SocketAddr, bytes: &[u8]) -> bool {
        let taken = self.try_rtcp(now, from, bytes);
        self.passing = None;
        if taken {
            let report = self.onward.heard(now, self.ssrc, bytes);
            if let (Some(ours), Some(report)) = (&mut self.ours, report) {
                ours.told(now, report);
            }
            self.passing = report.map(|report| Passing::Report(now, report));
        } else {
            self.stats.dropped += 1;
        }
        taken
    }

    fn try_rtcp(&mut self, now: Instant, from: SocketAddr, bytes: &[u8]) -> bool {
        let Some(expected) = &self.expected else { return false };
        if rtcp_types::Compound::parse(bytes).is_err() {
            return false;
        }
        if self.rtp.seen().is_some_and(|source| source.ip() != from.ip()) {
            return false;
        }
        let named = expected.rtcp.unwrap_or(beside(expected.remote));
        self.rtcp.takes(now, from, named, expected.signalling)
    }

    /// Where RTP to the far end goes: where it sends from, else where signalling said.
    pub(crate) fn rtp_to(&self) -> Option<SocketAddr> {
        let expected = self.expected.as_ref()?;
        let reachable = !expected.remote.ip().is_unspecified() && expected.remote.port() != 0;
        reachable.then(|| self.rtp.seen().unwrap_or(expected.remote))
    }

    /// RTP of so many bytes leaves for the far end: where to; `None` when it takes none.
    pub(crate) fn count_out(&mut self, size: usize) -> Option<SocketAddr> {
        let to = self.rtp_to()?;
        self.stats.packets_out += 1;
        self.stats.bytes_out += u64::try_from(size).unwrap_or(0);
        Some(to)
    }

    /// Out of which of our sockets RTCP to the far end goes: with one for both, out of that (RFC 5761 §5.1.1).
    pub(crate) fn rtcp_out(&self) -> Kind {
        if self.expected.as_ref().is_some_and(|expected| expected.mux) { Kind::Rtp } else { Kind::Rtcp }
    }

    /// Where RTCP to the far end goes.
    pub(crate) fn rtcp_to(&self) -> Option<SocketAddr> {
        let expected = self.expected.as_ref()?;
        if expected.mux {
            return self.rtp_to();
        }
        let named = expected.rtcp.unwrap_or(beside(expected.remote));
        let reachable = !named.ip().is_unspecified() && expected.remote.port() != 0;
        reachable.then(|| self.rtcp.seen().unwrap_or(named))
    }

    /// Nothing came for longer than the watch allows, and nobody was told yet.
    pub(crate) fn fell_silent(&self, now: Instant) -> bool {
        let Some((longest, since)) = self.watch else { return false };
        !self.told && now.saturating_duration_since(self.last.max(since)) >= longest
    }

    /// What was counted so far.
    pub(crate) fn stats(&self) -> Stats {
        let stream = self.stream.as_ref();
        let far = self.onward.far();
        let mut stats = Stats {
            lost: self.lost + stream.map_or(0, Stream::lost),
            burst: stream.and_then(Stream::burst_ratio).map(|ratio| scaled(ratio, 100.0)),
            jitter_us: stream.and_then(Stream::jitter_us),
            rtt_us: far.mean_round_trip.and_then(micros),
            far_lost: self.onward.lost().map(|share| share.lost),
            far_jitter_us: far.jitter.and_then(micros),
            ..self.stats
        };
        let score = worse(self.coming(&stats).score(), self.leaving().score());
        stats.r_factor = score.and_then(|score| u16::try_from(scaled(score.r, 10.0)).ok());
        stats.mos = score.and_then(|score| u16::try_from(scaled(score.mos, 100.0)).ok());
        stats
    }

    /// From the far end to us.
    fn coming(&self, stats: &Stats) -> Way {
        let [coming, _] = &self.ballots;
        let sent = stats.lost.saturating_add(stats.packets_in);
        let step = self.stream.as_ref().and_then(|stream| stream.step().zip(stream.clock()));
        Way {
            codec: coming.winner(),
            round_trip: self.onward.far().mean_round_trip,
            packet: step.and_then(|(ticks, clock)| ticks_long(ticks, clock)),
            jitter: stats.jitter_us.map(|jitter| Duration::from_micros(u64::from(jitter))),
            loss: (sent > 0).then(|| stats.lost as f64 / sent as f64),
            burst: self.stream.as_ref().and_then(Stream::burst_ratio),
        }
    }

    /// From us to the far end, as it reports.
    fn leaving(&self) -> Way {
        let [_, leaving] = &self.ballots;
        let far = self.onward.far();
        Way {
            codec: leaving.winner(),
            round_trip: far.mean_round_trip,
            packet: self.onward.step().and_then(|(ticks, clock)| ticks_long(ticks, clock)),
            jitter: far.jitter,
            loss: self.onward.lost().map(|share| (share.lost as f64 / share.of as f64).min(1.0)),
            burst: None,
        }
    }
}

/// How long so many ticks are.
fn ticks_long(ticks: u32, clock: u32) -> Option<Duration> {
    let nanos = (u64::from(ticks) * 1_000_000_000).checked_div(u64::from(clock))?;
    Some(Duration::from_nanos(nanos))
}

fn micros(span: Duration) -> Option<u32> {
    u32::try_from(span.as_micros()).ok()
}

/// In parts of a whole, to the nearest; never below nothing.
fn scaled(value: f64, parts: f64) -> u32 {
    (value * parts).round().clamp(0.0, f64::from(u32::MAX)) as u32
}

/// RFC 3550 §11: RTCP on the next port.
fn beside(rtp: SocketAddr) -> SocketAddr {
    SocketAddr::new(rtp.ip(), rtp.port().saturating_add(1))
}
