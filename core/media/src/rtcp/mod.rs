//! Reports on RTP, ours and the far end's (RFC 3550 §6).
//!
//! ```text
//! let mut reporter = Reporter::new(now, config, ssrc, cname, seed);
//! reporter.sent(now, …)  reporter.received(now, …)         // each RTP packet, out and in
//! reporter.poll(now, ntp, &mut buffer) → how many octets to send    // at poll_timeout, about every 5 s
//! reporter.handle(now, ntp, bytes)                         // what the far end reports
//! reporter.far()                                           // round trip, loss and jitter as it says
//! reporter.near()                                          // loss and jitter of what came here
//! reporter.bye(now, ntp, &mut buffer)                      // the last one
//! ```
//!
//! What the far end reports is believed only as far as it can be true: it must speak of our SSRC, of packets that we
//! sent, and of a report that we made.

mod far;
mod onward;
mod reporter;

use std::time::Duration;

pub use far::Far;
pub(crate) use onward::{Named, Onward};
pub use reporter::{Config, Inbound, Near, Outbound, Reporter};

/// A time as RTCP has it: seconds since 1900 in 32.32 bits (RFC 3550 §4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ntp(pub u64);

/// From 1900 to 1970, in seconds.
const UNIX_EPOCH: u64 = 2_208_988_800;

impl Ntp {
    /// The time so long after 1970 began. It wraps in 2036, as the format does.
    #[must_use]
    pub const fn since_1970(unix: Duration) -> Self {
        let seconds = unix.as_secs().wrapping_add(UNIX_EPOCH) << 32;
        Self(seconds | (((unix.subsec_nanos() as u64) << 32) / 1_000_000_000))
    }

    /// The middle 32 bits: 16.16 seconds (§4).
    #[must_use]
    pub const fn middle(self) -> u32 {
        ((self.0 >> 16) & 0xffff_ffff) as u32
    }
}

/// A span of 16.16 seconds.
fn span(middle: u32) -> Duration {
    Duration::from_nanos((u64::from(middle) * 1_000_000_000) >> 16)
}

/// The span in 16.16 seconds, the longest for a longer one.
fn middle(span: Duration) -> u32 {
    u32::try_from((span.as_nanos() << 16) / 1_000_000_000).unwrap_or(u32::MAX)
}

/// Why a packet of RTCP was not taken, or none could be made.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum RtcpError {
    /// It does not begin with a report, or its lengths do not fit it (§A.2).
    #[error("not a compound RTCP packet")]
    NotCompound,
    /// One of its parts is not what it says.
    #[error("a part of it is malformed: {0}")]
    Malformed(#[from] rtcp_types::RtcpParseError),
    /// It is of another sender than the RTP that comes here.
    #[error("it is of the SSRC {0:08x}, which does not send here")]
    Foreign(u32),
    /// A report of ours could not be written.
    #[error("a report could not be written: {0}")]
    Unwritable(#[from] rtcp_types::RtcpWriteError),
}
