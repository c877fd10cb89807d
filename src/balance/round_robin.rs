//! One replica after the other.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::{Candidate, Candidates, ReplicaPolicy};

/// The replicas in turn, over all tasks together. It ignores weights.
#[derive(Debug, Default)]
pub struct RoundRobin {
    turn: AtomicUsize,
}

impl ReplicaPolicy for RoundRobin {
    fn choose<'n>(&self, candidates: &Candidates<'n>, _random: u64) -> Candidate<'n> {
        candidates.at(self.turn.fetch_add(1, Ordering::Relaxed))
    }

    fn name(&self) -> &'static str {
        "round robin"
    }
}
