//! By weight.

use super::{Candidate, Candidates, ReplicaPolicy};

/// Each replica with a chance in proportion to its
/// [`weight`](crate::ReplicaOptions::weight), 1 unless declared otherwise. The only policy that
/// looks at weights.
#[derive(Debug, Clone, Copy, Default)]
pub struct Weighted;

impl ReplicaPolicy for Weighted {
    fn choose<'c>(&self, candidates: &'c Candidates<'_>, random: u64) -> &'c Candidate<'c> {
        let total: u64 = candidates.iter().map(|c| u64::from(c.weight())).sum();
        let mut point = ((u128::from(random) * u128::from(total)) >> 64) as u64;
        for (index, candidate) in candidates.iter().enumerate() {
            let weight = u64::from(candidate.weight());
            if point < weight {
                return candidates.at(index);
            }
            point -= weight;
        }
        candidates.at(0)
    }

    fn name(&self) -> &'static str {
        "weighted"
    }
}
