//! A random replica.

use super::{Candidate, Candidates, ReplicaPolicy};

/// A random replica, with a chance in proportion to its
/// [`weight`](crate::ReplicaOptions::weight): the default. The only policy that uses weights; without
/// any, each replica has the same chance.
#[derive(Debug, Clone, Copy, Default)]
pub struct Random;

impl ReplicaPolicy for Random {
    fn choose<'n>(&self, candidates: &Candidates<'n>, random: u64) -> Candidate<'n> {
        let weight = candidates.at(0).weight();
        match candidates.iter().all(|one| one.weight() == weight) {
            true => candidates.any(random),
            false => by_weight(candidates, random),
        }
    }

    fn name(&self) -> &'static str {
        "random"
    }
}

fn by_weight<'n>(candidates: &Candidates<'n>, random: u64) -> Candidate<'n> {
    let total: u64 = candidates.iter().map(|one| u64::from(one.weight())).sum();
    let mut point = ((u128::from(random) * u128::from(total)) >> 64) as u64;
    for candidate in candidates.iter() {
        let weight = u64::from(candidate.weight());
        if point < weight {
            return candidate;
        }
        point -= weight;
    }
    candidates.at(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::balance::testing::{EXTREMES, is_about, picks};

    fn weighing(weights: [(&'static str, u32); 3]) -> Candidates<'static> {
        let candidate = |(name, weight)| Candidate::new(name).with_weight(weight);
        Candidates::new(weights.map(candidate)).expect("three")
    }

    #[test]
    fn each_gets_its_share_by_weight() {
        let candidates = weighing([("a", 1), ("b", 3), ("c", 4)]);
        let picks = picks(&Random, &candidates);
        assert!(is_about(picks.get("a"), 0.125), "{picks:?}");
        assert!(is_about(picks.get("b"), 0.375), "{picks:?}");
        assert!(is_about(picks.get("c"), 0.5), "{picks:?}");
    }

    #[test]
    fn equal_weights_are_no_weights() {
        let (ones, sevens) = (
            weighing([("a", 1), ("b", 1), ("c", 1)]),
            weighing([("a", 7), ("b", 7), ("c", 7)]),
        );
        for random in EXTREMES.into_iter().chain((0..100).map(|part| part << 57)) {
            let chosen = Random.choose(&ones, random).name();
            assert_eq!(chosen, ones.any(random).name());
            assert_eq!(chosen, Random.choose(&sevens, random).name());
            assert_eq!(chosen, by_weight(&ones, random).name());
        }
    }
}
