//! The least busy replica.

use super::candidates::below;
use super::{Candidate, Candidates, ReplicaPolicy};

/// The replica with the fewest statements in flight; a random one of those with equally few.
///
/// It counts the statements of this process alone (as Envoy's and nginx's least requests do): with
/// many processes of little traffic each it is hardly better than [`Random`](super::Random). A slow
/// replica keeps its statements longer and so gets fewer. It ignores weights.
#[derive(Debug, Clone, Copy, Default)]
pub struct LeastInFlight;

impl ReplicaPolicy for LeastInFlight {
    fn choose<'n>(&self, candidates: &Candidates<'n>, random: u64) -> Candidate<'n> {
        let fewest = candidates.iter().map(Candidate::in_flight).min();
        let least = || {
            let is_least = |one: &Candidate<'_>| Some(one.in_flight()) == fewest;
            candidates.iter().filter(is_least)
        };
        let index = below(least().count(), random);
        least().nth(index).unwrap_or(candidates.at(0))
    }

    fn name(&self) -> &'static str {
        "least in flight"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::balance::testing::{Nodes, is_about, picks};

    #[test]
    fn the_replica_with_the_fewest_gets_all() {
        let nodes = Nodes::replicas(3).busy("a", 2).busy("b", 1).busy("c", 2);
        let candidates = nodes.candidates();
        assert_eq!(picks(&LeastInFlight, &candidates), [("b", 10_000)].into());
    }

    #[test]
    fn replicas_with_equally_few_share() {
        let nodes = Nodes::replicas(4).busy("a", 1).busy("c", 5);
        let candidates = nodes.candidates();
        let picks = picks(&LeastInFlight, &candidates);
        assert!(is_about(picks.get("b"), 0.5), "{picks:?}");
        assert!(is_about(picks.get("d"), 0.5), "{picks:?}");
    }

    #[test]
    fn the_primary_is_a_candidate_if_it_takes_part() {
        let nodes = Nodes::replicas(2).busy("a", 1).busy("b", 1);
        let candidates = nodes.with_primary();
        assert_eq!(picks(&LeastInFlight, &candidates), [("p", 10_000)].into());
    }
}
