//! Sources that ask more than anybody needs to who does not know a password: beyond a measure they are not answered, until
//! they ask less. Whoever has proven itself from there, as one phone of an office behind one address, speaks for all of it
//! for a while.
//!
//! | source | event | next |
//! |---|---|---|
//! | unknown | a request | one of its tokens is gone; they come back with time |
//! | without a token | a request | not heard; told once |
//! | any | credentials that were right, or a request of a peer that a tenant trusts | known for an hour: nothing is counted |
//! | exempt from bans | a request | heard, and not counted |

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, Instant};

/// Settings.
#[derive(Debug, Clone)]
pub struct Config {
    /// How many requests a source may send at once that nobody there has proven anything for; 0: any number.
    pub burst: u32,
    /// How many a second after that.
    pub per_second: u32,
    /// How long who has proven itself is known.
    pub known_for: Duration,
    /// How many sources are remembered.
    pub max_sources: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self { burst: 200, per_second: 20, known_for: Duration::from_secs(3600), max_sources: 10_000 }
    }
}

/// What is to be done with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Heard {
    /// It is heard.
    Yes,
    /// It is not; the first of many.
    NoMore,
    /// It is not.
    No,
}

#[derive(Debug)]
pub(crate) struct Floods {
    config: Config,
    /// Sources by their address; of IPv6 the network.
    sources: BTreeMap<IpAddr, Source>,
}

#[derive(Debug, Clone, Copy)]
struct Source {
    /// Thousandths of requests that it may still send.
    tokens: u64,
    at: Instant,
    known_until: Option<Instant>,
    told: bool,
}

impl Floods {
    pub(crate) fn new(config: Config) -> Self {
        Self { config, sources: BTreeMap::new() }
    }

    /// A request came from a source.
    pub(crate) fn handle_request(&mut self, now: Instant, source: IpAddr) -> Heard {
        if self.config.burst == 0 {
            return Heard::Yes;
        }
        let full = u64::from(self.config.burst) * 1_000;
        let source = network(source);
        self.make_room(now, source);
        let fresh = Source { tokens: full, at: now, known_until: None, told: false };
        let entry = self.sources.entry(source).or_insert(fresh);
        if entry.known_until.is_some_and(|until| until > now) {
            return Heard::Yes;
        }
        let since = u64::try_from(now.saturating_duration_since(entry.at).as_millis()).unwrap_or(u64::MAX);
        entry.tokens = entry.tokens.saturating_add(since.saturating_mul(self.config.per_second.into())).min(full);
        entry.at = now;
        if let Some(left) = entry.tokens.checked_sub(1_000) {
            entry.tokens = left;
            // Told again when it has been quiet in between.
            entry.told &= left < full / 2;
            return Heard::Yes;
        }
        if std::mem::replace(&mut entry.told, true) { Heard::No } else { Heard::NoMore }
    }

    /// Somebody there has proven who it is.
    pub(crate) fn vouch(&mut self, now: Instant, source: IpAddr) {
        if let Some(entry) = self.sources.get_mut(&network(source)) {
            entry.known_until = Some(now + self.config.known_for);
        }
    }

    /// Where there are too many, those go that have been quiet long enough to have all their tokens back; else the newcomer's
    /// place is that of any other.
    fn make_room(&mut self, now: Instant, newcomer: IpAddr) {
        if self.sources.len() < self.config.max_sources || self.sources.contains_key(&newcomer) {
            return;
        }
        let full = Duration::from_secs(u64::from(self.config.burst / self.config.per_second.max(1)));
        self.sources.retain(|_, source| {
            source.known_until.is_some_and(|until| until > now) || now.saturating_duration_since(source.at) < full
        });
        if self.sources.len() >= self.config.max_sources {
            self.sources.pop_first();
        }
    }
}

/// One household of IPv6 has 2⁶⁴ addresses to ask from.
fn network(source: IpAddr) -> IpAddr {
    match source.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(floods: &mut Floods, now: Instant, source: IpAddr, asked: u32) -> (u32, u32) {
        let heard: Vec<Heard> = (0..asked).map(|_| floods.handle_request(now, source)).collect();
        let of = |wanted| u32::try_from(heard.iter().filter(|heard| **heard == wanted).count()).expect("few");
        (of(Heard::Yes), of(Heard::NoMore))
    }

    #[test]
    fn a_source_has_its_measure_and_gets_it_back_with_time() {
        let mut floods = Floods::new(Config::default());
        let (now, source) = (Instant::now(), "192.0.2.1".parse().expect("an address"));
        assert_eq!(count(&mut floods, now, source, 1_000), (200, 1));
        assert_eq!(count(&mut floods, now + Duration::from_secs(1), source, 1_000), (20, 0), "told once");
        assert_eq!(count(&mut floods, now + Duration::from_secs(60), source, 1_000), (200, 1), "and again after quiet");
        // Another source is another's affair; of IPv6 a network is one.
        assert_eq!(count(&mut floods, now, "192.0.2.2".parse().expect("an address"), 10), (10, 0));
        for at in 0..300_u32 {
            floods.handle_request(now, format!("2001:db8::{at:x}").parse().expect("an address"));
        }
        assert_eq!(count(&mut floods, now, "2001:db8::ffff".parse().expect("an address"), 1), (0, 0));
    }

    #[test]
    fn who_has_proven_itself_speaks_for_its_address() {
        let mut floods = Floods::new(Config::default());
        let (now, source) = (Instant::now(), "192.0.2.1".parse().expect("an address"));
        floods.handle_request(now, source);
        floods.vouch(now, source);
        assert_eq!(count(&mut floods, now, source, 10_000), (10_000, 0));
        assert_eq!(count(&mut floods, now + Duration::from_secs(3_601), source, 10_000).0, 200);
    }

    #[test]
    fn memory_is_bounded() {
        let mut floods = Floods::new(Config { max_sources: 100, ..Config::default() });
        let now = Instant::now();
        for at in 0..10_000_u32 {
            floods.handle_request(now, IpAddr::from(at.to_be_bytes()));
        }
        assert_eq!(floods.sources.len(), 100);
    }
}
