//! The link between phones and exchange: slow by a little, and as bad as the weather says.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::Rng;

/// How bad the link is.
#[derive(Debug, Clone, Copy)]
pub struct Weather {
    /// Datagrams lost, in percent.
    pub loss: u32,
    /// Datagrams that come twice, in percent.
    pub twice: u32,
    /// The most by which one is late, and so overtaken.
    pub late: Duration,
}

impl Weather {
    /// Nothing is lost, repeated or late.
    pub const FAIR: Self = Self { loss: 0, twice: 0, late: Duration::ZERO };
    /// A tenth lost, a tenth twice, up to a fifth of a second late.
    pub const FOUL: Self = Self { loss: 10, twice: 10, late: Duration::from_millis(200) };
}

/// A datagram under way.
#[derive(Debug, Clone)]
pub(crate) struct Datagram {
    pub(crate) from: SocketAddr,
    pub(crate) to: SocketAddr,
    pub(crate) bytes: Vec<u8>,
}

#[derive(Debug)]
pub(crate) struct Network {
    pub(crate) weather: Weather,
    /// Datagrams by when they arrive and by the order of their sending.
    under_way: BTreeMap<(Instant, u64), Datagram>,
    sent: u64,
}

const DELAY: Duration = Duration::from_millis(5);

impl Network {
    pub(crate) fn new() -> Self {
        Self { weather: Weather::FAIR, under_way: BTreeMap::new(), sent: 0 }
    }

    pub(crate) fn send(&mut self, now: Instant, datagram: &Datagram, rng: &mut ChaCha12Rng) {
        let mut chance = |percent: u32| percent > 0 && rng.next_u32() % 100 < percent;
        if chance(self.weather.loss) {
            return;
        }
        let copies = if chance(self.weather.twice) { 2 } else { 1 };
        for _ in 0..copies {
            let most = u64::try_from(self.weather.late.as_millis()).unwrap_or(0);
            let late = if most == 0 { 0 } else { rng.next_u64() % most };
            self.sent += 1;
            self.under_way.insert((now + DELAY + Duration::from_millis(late), self.sent), datagram.clone());
        }
    }

    pub(crate) fn next(&self) -> Option<Instant> {
        self.under_way.first_key_value().map(|((due, _), _)| *due)
    }

    pub(crate) fn pop_due(&mut self, now: Instant) -> Option<Datagram> {
        let entry = self.under_way.first_entry()?;
        (entry.key().0 <= now).then(|| entry.remove())
    }
}
