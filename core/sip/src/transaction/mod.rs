//! Transactions (RFC 3261 §17 with RFC 6026): four machines beside each other, one [`Layer`] that finds them.
//!
//! | machine | file | timers |
//! |---|---|---|
//! | INVITE client | `client` | A retransmit, B give up, D absorb (300–699), M absorb (2xx) |
//! | non-INVITE client | `client` | E retransmit, F give up, K absorb |
//! | INVITE server | `server` | 100 after 200 ms, G retransmit, H no ACK, I absorb, L absorb (2xx) |
//! | non-INVITE server | `server` | 100 when Timer E of the peer is at T2 (RFC 4320), J absorb |
//!
//! What is sent stands before the timer that repeats it. After the final answer a transaction keeps bytes, not messages.

mod client;
mod key;
mod layer;
mod queue;
mod server;

use std::time::Duration;

pub(crate) use key::is_unique;
pub use layer::{Event, Full, Incoming, Layer};

slotmap::new_key_type! {
    /// A client transaction. Minted by the layer.
    pub struct ClientKey;
    /// A server transaction. Minted by the layer.
    pub struct ServerKey;
}

/// The timers of RFC 3261 table 4, and limits.
#[derive(Debug, Clone)]
pub struct Config {
    /// An estimate of the round-trip time.
    pub t1: Duration,
    /// The longest interval between retransmissions.
    pub t2: Duration,
    /// How long a message stays in the network.
    pub t4: Duration,
    /// When the layer itself says 100 to an INVITE (§17.2.1).
    pub trying: Duration,
    /// How many transactions there may be at once.
    pub max: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            t1: Duration::from_millis(500),
            t2: Duration::from_secs(4),
            t4: Duration::from_secs(5),
            trying: Duration::from_millis(200),
            max: 1_000_000,
        }
    }
}

impl Config {
    /// 64·T1: timers B, F, H, J, L and M.
    pub(crate) fn long(&self) -> Duration {
        64 * self.t1
    }

    /// RFC 4320 §4.1: how long it takes a peer's Timer E to be set to T2, 3.5 s by default. Not before that, and not
    /// later, a request other than INVITE gets its 100.
    pub(crate) fn late(&self) -> Duration {
        let (mut interval, mut sum) = (self.t1, self.t1);
        while !interval.is_zero() && 2 * interval < self.t2 {
            interval *= 2;
            sum += interval;
        }
        sum
    }
}
