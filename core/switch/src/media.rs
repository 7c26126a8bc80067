//! What the exchange says to the media engine, and hears from it. RTP itself never comes up here.

use std::net::SocketAddr;
use std::time::Duration;

use crate::ids::PortId;

/// A pair of ports that the media engine has set aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MediaPort {
    /// Its name.
    pub id: PortId,
    /// The address for `c=` and `m=`; RTCP is on the next port.
    pub address: SocketAddr,
}

/// An order to the media engine. Orders for one port are carried out in the order given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MediaCommand {
    /// What was negotiated for this port. Sent again when a new offer/answer changes it; the source is then learnt anew.
    Expect {
        /// Which port.
        port: PortId,
        /// Where the peer said it receives RTP. Unspecified address (`0.0.0.0`, `::`) or port 0: send nothing.
        remote: SocketAddr,
        /// Where the peer said it receives RTCP (RFC 3605); `None` for the next port.
        rtcp: Option<SocketAddr>,
        /// RTP and RTCP on one port (RFC 5761).
        mux: bool,
        /// The IP address that the peer's signalling came from: behind a NAT, media may come from there.
        signalling: std::net::IpAddr,
        /// The payload types that may come, each with its RTP clock in Hz. Empty: any, and jitter is not measured.
        clocks: Vec<(u8, u32)>,
    },
    /// Relay between two ports, both ways.
    Connect {
        /// One.
        a: PortId,
        /// The other.
        b: PortId,
    },
    /// Stop relaying from and to this port.
    Disconnect {
        /// Which port.
        port: PortId,
    },
    /// Say so when nothing was received for so long; `None` while the peer may rightly be silent (hold).
    Watch {
        /// Which port.
        port: PortId,
        /// The longest silence.
        silence: Option<Duration>,
    },
    /// Give the port back. Answered by [`MediaEvent::Closed`].
    Close {
        /// Which port.
        port: PortId,
    },
}

/// News from the media engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MediaEvent {
    /// Nothing was received for the time that `Watch` gave. Said once.
    Silent {
        /// Which port.
        port: PortId,
    },
    /// The port is given back, and this is what went through it.
    Closed {
        /// Which port.
        port: PortId,
        /// What was counted.
        stats: MediaStats,
    },
}

/// What went through one port, counted by ourselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MediaStats {
    /// RTP packets received and accepted.
    pub packets_in: u64,
    /// Their bytes, with RTP headers.
    pub bytes_in: u64,
    /// RTP packets sent.
    pub packets_out: u64,
    /// Their bytes, with RTP headers.
    pub bytes_out: u64,
    /// RTP packets that never came, by sequence numbers (RFC 3550 §A.3).
    pub lost: u64,
    /// Interarrival jitter in microseconds (RFC 3550 §A.8); `None` when nothing was measured.
    pub jitter_us: Option<u32>,
    /// Packets from an address that is not the peer's, or that are not RTP: dropped.
    pub dropped: u64,
}
