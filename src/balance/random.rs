//! Each replica alike.

use super::{Candidate, Candidates, ReplicaPolicy};

/// Each replica with the same chance: the default.
#[derive(Debug, Clone, Copy, Default)]
pub struct Random;

impl ReplicaPolicy for Random {
    fn choose<'c>(&self, candidates: &'c Candidates<'_>, random: u64) -> &'c Candidate<'c> {
        candidates.any(random)
    }

    fn name(&self) -> &'static str {
        "random"
    }
}
