//! One after the other.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::{Candidate, Candidates, ReplicaPolicy};

/// The replicas in turn, over all tasks together.
#[derive(Debug, Default)]
pub struct RoundRobin {
    turn: AtomicUsize,
}

impl ReplicaPolicy for RoundRobin {
    fn choose<'c>(&self, candidates: &'c Candidates<'_>, _random: u64) -> &'c Candidate<'c> {
        candidates.at(self.turn.fetch_add(1, Ordering::Relaxed))
    }

    fn name(&self) -> &'static str {
        "round robin"
    }
}
