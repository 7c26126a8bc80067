//! One port of ours: its far end, its streams and its counts.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use rtp_types::RtpPacket;

use crate::counts::{Stats, Stream};
use crate::relay::PortKey;
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
        }
    }

    /// A new agreement; the source is learnt anew when the far end moved.
    pub(crate) fn expect(&mut self, expected: Expectation) {
        let moved = self.expected.as_ref().is_none_or(|old| old.remote != expected.remote);
        if moved {
            self.rtp = Source::default();
            self.rtcp = Source::default();
        }
        self.expected = Some(expected);
    }

    /// RTP came: may it go on?
    pub(crate) fn take_rtp(&mut self, now: Instant, from: SocketAddr, bytes: &[u8]) -> bool {
        let taken = self.try_rtp(now, from, bytes);
        if taken {
            self.last = now;
            self.told = false;
            self.stats.packets_in += 1;
            self.stats.bytes_in += u64::try_from(bytes.len()).unwrap_or(0);
        } else {
            self.stats.dropped += 1;
        }
        taken
    }

    fn try_rtp(&mut self, now: Instant, from: SocketAddr, bytes: &[u8]) -> bool {
        let Some(expected) = &self.expected else { return false };
        let Ok(packet) = RtpPacket::parse(bytes) else { return false };
        let payload = packet.payload_type();
        let clock = expected.clocks.iter().find(|(known, _)| *known == payload).map(|(_, clock)| *clock);
        let learning = self.rtp == Source::Learning;
        if learning && clock.is_none() && !expected.clocks.is_empty() {
            return false;
        }
        if !self.rtp.takes(now, from, expected.remote, expected.signalling) {
            return false;
        }
        let (ssrc, sequence) = (packet.ssrc(), packet.sequence_number());
        if self.ssrc != Some(ssrc) {
            let speaking = self.ssrc.is_some() && now.saturating_duration_since(self.last) < SSRC_PAUSE;
            if speaking && !learning {
                return false;
            }
            self.lost += self.stream.map_or(0, |stream| stream.lost());
            self.ssrc = Some(ssrc);
            self.stream = None;
        }
        self.stream.get_or_insert_with(|| Stream::new(sequence)).count(now, sequence, packet.timestamp(), clock);
        true
    }

    /// RTCP came: may it go on? Only from where RTP comes from, or should.
    pub(crate) fn take_rtcp(&mut self, now: Instant, from: SocketAddr, bytes: &[u8]) -> bool {
        let taken = self.try_rtcp(now, from, bytes);
        if !taken {
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

    pub(crate) fn finish(&self) -> Stats {
        let (lost, jitter_us) = self.stream.map_or((0, None), |stream| (stream.lost(), stream.jitter_us()));
        Stats { lost: self.lost + lost, jitter_us, ..self.stats }
    }
}

/// RFC 3550 §11: RTCP on the next port.
fn beside(rtp: SocketAddr) -> SocketAddr {
    SocketAddr::new(rtp.ip(), rtp.port().saturating_add(1))
}
