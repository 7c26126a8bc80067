//! In which order the gateways of a trunk are tried.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::{Choice, Gateway};
use crate::ids::GatewayId;

/// What is known of one gateway when the order is made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Candidate<'a> {
    pub(crate) gateway: &'a Gateway,
    /// It lives and does not rest.
    pub(crate) fit: bool,
    /// Calls by it now.
    pub(crate) calls: u32,
}

/// What the choice is made by.
pub(crate) struct Dice<'a> {
    /// Random numbers.
    pub(crate) chance: &'a mut dyn FnMut() -> u64,
    /// How many calls have been given out by the trunk before.
    pub(crate) turn: u64,
    /// What is hashed over.
    pub(crate) value: &'a str,
}

/// The order: those that are fit first, by priority, and among equals by the trunk's choice.
pub(crate) fn order(choice: &Choice, mut candidates: Vec<Candidate<'_>>, dice: &mut Dice<'_>) -> Vec<GatewayId> {
    candidates.sort_by_key(|candidate| (!candidate.fit, candidate.gateway.priority));
    let mut order = Vec::with_capacity(candidates.len());
    for equals in candidates.chunk_by(|a, b| a.fit == b.fit && a.gateway.priority == b.gateway.priority) {
        order.extend(among(choice, equals, dice).into_iter().map(|candidate| candidate.gateway.id));
    }
    order
}

fn among<'a>(choice: &Choice, equals: &[Candidate<'a>], dice: &mut Dice<'_>) -> Vec<Candidate<'a>> {
    let mut equals = equals.to_vec();
    match choice {
        Choice::Listed => {}
        Choice::RoundRobin => {
            let first = usize::try_from(dice.turn % u64::try_from(equals.len()).unwrap_or(1).max(1)).unwrap_or(0);
            equals.rotate_left(first);
        }
        Choice::Random => equals = drawn(equals, |_| 1, dice),
        Choice::Weight => equals = drawn(equals, |candidate| u64::from(candidate.gateway.weight), dice),
        // By calls for each unit of weight; who has no weight comes after all who have some.
        Choice::LeastLoaded => equals.sort_by(|a, b| {
            let load = |one: &Candidate<'_>, other: &Candidate<'_>| {
                (u64::from(one.calls) + 1) * u64::from(other.gateway.weight)
            };
            let idle = |candidate: &Candidate<'_>| candidate.gateway.weight == 0;
            idle(a).cmp(&idle(b)).then(load(a, b).cmp(&load(b, a)))
        }),
        // The highest of the hashes of value and gateway: when one dies, only its own calls go elsewhere.
        Choice::Hash(_) => equals.sort_by_key(|candidate| {
            let mut hasher = DefaultHasher::new();
            (dice.value, candidate.gateway.id).hash(&mut hasher);
            std::cmp::Reverse(hasher.finish())
        }),
    }
    equals
}

/// One after the other by chance, each with its share of the weights that are left (RFC 2782 does so for SRV).
fn drawn<'a>(
    mut left: Vec<Candidate<'a>>,
    weight: impl Fn(&Candidate<'_>) -> u64,
    dice: &mut Dice<'_>,
) -> Vec<Candidate<'a>> {
    let mut drawn = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let sum: u64 = left.iter().map(&weight).sum();
        let mut ball = if sum == 0 { 0 } else { (dice.chance)() % sum };
        let hit = left.iter().position(|candidate| {
            let weight = weight(candidate);
            let hit = ball < weight;
            ball = ball.saturating_sub(weight);
            hit
        });
        drawn.push(left.remove(hit.unwrap_or(0)));
    }
    drawn
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::trunk::{GatewayRule, HashOver, Site};

    fn gateways(shares: &[(u16, u16)]) -> Vec<Gateway> {
        let gateway = |(at, (priority, weight)): (i64, &(u16, u16))| Gateway {
            id: GatewayId(at),
            name: format!("gw{at}"),
            site: Site { host: "192.0.2.1".into(), port: None, transport: None },
            priority: *priority,
            weight: *weight,
            rule: GatewayRule::Auto,
            max_calls: None,
        };
        (1..).zip(shares).map(gateway).collect()
    }

    fn ordered(choice: &Choice, gateways: &[Gateway], sick: &[i64], calls: &[u32], turn: u64, value: &str) -> Vec<i64> {
        let candidates = gateways.iter().enumerate().map(|(at, gateway)| Candidate {
            gateway,
            fit: !sick.contains(&gateway.id.0),
            calls: calls.get(at).copied().unwrap_or(0),
        });
        let mut state = turn.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        let mut chance = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        };
        let mut dice = Dice { chance: &mut chance, turn, value };
        order(choice, candidates.collect(), &mut dice).into_iter().map(|id| id.0).collect()
    }

    #[test]
    fn lower_priorities_come_first_and_the_sick_come_last() {
        let all = gateways(&[(2, 1), (1, 1), (1, 1), (3, 1)]);
        assert_eq!(ordered(&Choice::Listed, &all, &[], &[], 0, ""), [2, 3, 1, 4]);
        assert_eq!(ordered(&Choice::Listed, &all, &[2, 1], &[], 0, ""), [3, 4, 2, 1]);
    }

    #[test]
    fn each_has_its_turn() {
        let all = gateways(&[(1, 1); 3]);
        let firsts: Vec<i64> = (0..6).map(|turn| ordered(&Choice::RoundRobin, &all, &[], &[], turn, "")[0]).collect();
        assert_eq!(firsts, [1, 2, 3, 1, 2, 3]);
    }

    #[test]
    fn chance_is_in_proportion_to_weight() {
        let all = gateways(&[(1, 60), (1, 30), (1, 10), (1, 0)]);
        let count = |choice: &Choice| {
            let mut firsts = BTreeMap::<i64, u32>::new();
            for turn in 1..=10_000 {
                *firsts.entry(ordered(choice, &all, &[], &[], turn, "")[0]).or_default() += 1;
            }
            firsts
        };
        let by_weight = count(&Choice::Weight);
        for (gateway, expected) in [(1, 6_000), (2, 3_000), (3, 1_000)] {
            let found = by_weight.get(&gateway).copied().unwrap_or(0);
            assert!(found.abs_diff(expected) < 300, "gateway {gateway}: {found}");
        }
        assert!(!by_weight.contains_key(&4), "without a weight it is chosen last");
        assert!(count(&Choice::Random).values().all(|found| found.abs_diff(2_500) < 300));
    }

    #[test]
    fn the_least_loaded_is_so_for_its_weight() {
        let all = gateways(&[(1, 10), (1, 20), (1, 0)]);
        assert_eq!(ordered(&Choice::LeastLoaded, &all, &[], &[3, 4, 0], 0, ""), [2, 1, 3]);
        assert_eq!(ordered(&Choice::LeastLoaded, &all, &[], &[3, 9, 0], 0, ""), [1, 2, 3]);
    }

    #[test]
    fn the_same_value_goes_the_same_way_and_only_the_calls_of_the_dead_move() {
        let all = gateways(&[(1, 1); 5]);
        let choice = Choice::Hash(HashOver::Caller);
        let mut moved = 0;
        for number in 0..1_000 {
            let caller = format!("+4930{number}");
            let before = ordered(&choice, &all, &[], &[], number, &caller)[0];
            assert_eq!(before, ordered(&choice, &all, &[], &[], number + 1, &caller)[0]);
            let after = ordered(&choice, &all, &[3], &[], number, &caller)[0];
            assert!(before == after || before == 3);
            moved += u32::from(before != after);
        }
        assert!((140..260).contains(&moved), "{moved} of 1000 moved");
    }
}
