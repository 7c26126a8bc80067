//! Whose packets are taken: the source is learnt once, from a packet that fits, and then locked.
//!
//! | state | packet from | what happens |
//! |---|---|---|
//! | Learning | the address that signalling named | locked to it |
//! | Learning | the IP that signalling named or came from, another port (NAT) | taken, provisional |
//! | Provisional | the address that signalling named, within the window | locked to it |
//! | Provisional | the same source | taken; locked when the window is over |
//! | Locked | the same source | taken |
//! | any | anybody else | dropped and counted (CVE-2017-14099, CVE-2025-53399) |

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

/// How long after a provisional source the named address may still claim its place.
const WINDOW: Duration = Duration::from_secs(2);

/// Whose packets are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Source {
    #[default]
    Learning,
    Provisional {
        from: SocketAddr,
        until: Instant,
    },
    Locked(SocketAddr),
}

impl Source {
    /// Is this packet the far end's?
    pub(crate) fn takes(&mut self, now: Instant, from: SocketAddr, named: SocketAddr, signalling: IpAddr) -> bool {
        match *self {
            Self::Locked(source) => source == from,
            Self::Learning if from == named => {
                *self = Self::Locked(from);
                true
            }
            Self::Learning if from.ip() == named.ip() || from.ip() == signalling => {
                *self = Self::Provisional { from, until: now + WINDOW };
                true
            }
            Self::Learning => false,
            Self::Provisional { from: source, until } if source == from => {
                if now >= until {
                    *self = Self::Locked(source);
                }
                true
            }
            Self::Provisional { until, .. } if from == named && now < until => {
                *self = Self::Locked(from);
                true
            }
            Self::Provisional { .. } => false,
        }
    }

    /// Where the far end is, as far as its packets have shown.
    pub(crate) fn seen(&self) -> Option<SocketAddr> {
        match self {
            Self::Learning => None,
            Self::Provisional { from, .. } | Self::Locked(from) => Some(*from),
        }
    }
}
