//! Each replica alike.

use super::{Candidate, Candidates, ReplicaPolicy};

/// Each replica with the same chance: the default.
#[derive(Debug, Clone, Copy, Default)]
pub struct Random;

impl ReplicaPolicy for Random {
    fn choose<'c>(&self, candidates: &'c Candidates<'_>, random: u64) -> &'c Candidate<'c> {
        // The upper half of the product is uniform over 0..len (Lemire).
        let index = (u128::from(random) * candidates.len() as u128) >> 64;
        candidates.at(index as usize)
    }

    fn name(&self) -> &'static str {
        "random"
    }
}
