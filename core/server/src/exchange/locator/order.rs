//! In which order what was found is tried: by priority, then by chance and weight (RFC 2782), anew each time.

use std::net::SocketAddr;

use rand_chacha::rand_core::Rng;
use sip::Transport;

use super::search::{Found, Place};

/// So many addresses are given at most: whoever tries them all has waited long enough.
const MOST: usize = 32;

/// The addresses in the order in which they are to be tried this time.
pub(super) fn order(found: &Found, chance: &mut impl Rng) -> Vec<(Transport, SocketAddr)> {
    let mut all = Vec::new();
    for way in &found.ways {
        let mut places: Vec<&Place> = way.places.iter().collect();
        places.sort_by_key(|place| place.priority);
        for equals in places.chunk_by(|one, other| one.priority == other.priority) {
            for place in by_weight(equals, chance) {
                all.extend(mixed(&place.addresses, chance).into_iter().map(|address| (way.transport, address)));
            }
        }
    }
    let mut seen = std::collections::HashSet::new();
    all.retain(|one| seen.insert(*one));
    all.truncate(MOST);
    all
}

/// RFC 2782: those of weight 0 first, a number from 0 to the sum of all weights, the first whose running sum reaches it;
/// and again with those that are left.
fn by_weight<'a>(equals: &[&'a Place], chance: &mut impl Rng) -> Vec<&'a Place> {
    let mut left = shuffled(equals, chance);
    left.sort_by_key(|place| place.weight > 0);
    let mut drawn = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let sum: u32 = left.iter().map(|place| u32::from(place.weight)).sum();
        let number = below(sum + 1, chance);
        let mut running = 0;
        let reached = left.iter().position(|place| {
            running += u32::from(place.weight);
            running >= number
        });
        drawn.push(left.remove(reached.unwrap_or(0)));
    }
    drawn
}

/// Addresses of one name are equals. IPv6 comes first where we have both (RFC 7984 §4).
fn mixed(addresses: &[SocketAddr], chance: &mut impl Rng) -> Vec<SocketAddr> {
    let mut mixed = shuffled(addresses, chance);
    mixed.sort_by_key(SocketAddr::is_ipv4);
    mixed
}

fn shuffled<T: Copy>(all: &[T], chance: &mut impl Rng) -> Vec<T> {
    let mut shuffled = all.to_vec();
    for at in (1..shuffled.len()).rev() {
        let bound = u32::try_from(at + 1).unwrap_or(u32::MAX);
        shuffled.swap(at, usize::try_from(below(bound, chance)).unwrap_or(0));
    }
    shuffled
}

/// A number below `bound`; that it is a hair uneven does no harm here.
fn below(bound: u32, chance: &mut impl Rng) -> u32 {
    ((u64::from(chance.next_u32()) * u64::from(bound)) >> 32) as u32
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use rand_chacha::ChaCha12Rng;
    use rand_chacha::rand_core::SeedableRng;

    use super::super::search::Way;
    use super::*;

    fn found(places: &[(u16, u16)]) -> Found {
        let place = |(at, (priority, weight)): (usize, &(u16, u16))| Place {
            priority: *priority,
            weight: *weight,
            addresses: vec![SocketAddr::from(([192, 0, 2, at as u8], 5060))],
        };
        let places = places.iter().enumerate().map(place).collect();
        Found { ways: vec![Way { transport: Transport::Udp, places }], lasts: Duration::ZERO, sure: true }
    }

    /// How often of 10,000 times each place came first.
    fn firsts(found: &Found) -> BTreeMap<SocketAddr, u32> {
        let mut chance = ChaCha12Rng::from_seed([7; 32]);
        let mut counts = BTreeMap::new();
        for _ in 0..10_000 {
            let order = order(found, &mut chance);
            *counts.entry(order[0].1).or_default() += 1;
        }
        counts
    }

    #[test]
    fn equals_are_tried_first_in_proportion_to_their_weights() {
        let counts = firsts(&found(&[(10, 60), (10, 30), (10, 10), (20, 1000)]));
        let shares: Vec<u32> = counts.values().copied().collect();
        assert_eq!(shares.len(), 3, "a higher priority is never first: {counts:?}");
        for (share, wanted) in shares.iter().zip([6000, 3000, 1000]) {
            assert!(share.abs_diff(wanted) < 200, "{shares:?}");
        }
    }

    #[test]
    fn a_weight_of_zero_has_a_very_small_chance_beside_others_and_an_equal_one_among_its_like() {
        let beside = firsts(&found(&[(1, 0), (1, 99)]));
        let small = beside.get(&SocketAddr::from(([192, 0, 2, 0], 5060))).copied().unwrap_or(0);
        assert!((20..300).contains(&small), "{small}");
        let shares = firsts(&found(&[(1, 0), (1, 0), (1, 0)]));
        assert!(shares.values().all(|share| share.abs_diff(3333) < 200), "{shares:?}");
    }

    #[test]
    fn each_address_comes_once_and_the_lower_priority_before_the_higher() {
        let found = found(&[(30, 5), (10, 5), (20, 5)]);
        let order = order(&found, &mut ChaCha12Rng::from_seed([2; 32]));
        let last: Vec<u8> = order
            .iter()
            .map(|(_, address)| match address {
                SocketAddr::V4(v4) => v4.ip().octets()[3],
                SocketAddr::V6(_) => 0,
            })
            .collect();
        assert_eq!(last, [1, 2, 0]);
    }
}
