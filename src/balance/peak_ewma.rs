//! The cheaper of two replicas.

use std::time::Duration;

use super::candidates::below;
use super::{Candidate, Candidates, ReplicaPolicy};

/// The cheaper of two random replicas. The cost is the latency times the statements in flight,
/// including the new one.
///
/// As Finagle's and tower's `PeakEwma` under power of two choices (Mitzenmacher): the
/// [latency](Candidate::latency) rises with the first slow answer and falls over about 10 s, and
/// since a replica is only compared with one other, not all reads go to the same one.
///
/// A replica without a latency counts as fast as the fastest, and wins a tie: it is tried soon, and
/// not by all reads at once, since its statements in flight count. It ignores weights.
#[derive(Debug, Clone, Copy, Default)]
pub struct PeakEwma;

impl ReplicaPolicy for PeakEwma {
    fn choose<'n>(&self, candidates: &Candidates<'n>, random: u64) -> Candidate<'n> {
        let Some((one, other)) = two_of(candidates.len(), random) else {
            return candidates.at(0);
        };
        let (one, other) = (candidates.at(one), candidates.at(other));
        let fastest = candidates.iter().filter_map(Candidate::latency).min();
        match cost(other, fastest) < cost(one, fastest) {
            true => other,
            false => one,
        }
    }

    fn name(&self) -> &'static str {
        "peak EWMA"
    }

    fn measures_latency(&self) -> bool {
        true
    }
}

/// Two distinct numbers below `length`: the first from the upper half of `random`, the second from
/// the lower. Returns `None` if `length` is below 2.
fn two_of(length: usize, random: u64) -> Option<(usize, usize)> {
    let rest = length.checked_sub(1).filter(|rest| *rest > 0)?;
    let one = below(length, random);
    let other = below(rest, random << 32);
    Some((one, if other < one { other } else { other + 1 }))
}

/// Nanoseconds times statements, then whether the latency is measured: less is better.
fn cost(candidate: Candidate<'_>, fastest: Option<Duration>) -> (u128, bool) {
    let known = candidate.latency();
    let nanos = known.or(fastest).unwrap_or_default().as_nanos().max(1);
    let statements = u128::from(candidate.in_flight()) + 1;
    (nanos.saturating_mul(statements), known.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::balance::testing::{EXTREMES, Nodes, is_about, picks};

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn the_slower_of_two_gets_nothing() {
        let nodes = Nodes::replicas(2).slow("a", 9 * MS).slow("b", 10 * MS);
        let candidates = nodes.candidates();
        assert_eq!(picks(&PeakEwma, &candidates), [("a", 10_000)].into());
    }

    #[test]
    fn statements_in_flight_make_the_fast_one_dear() {
        let nodes = Nodes::replicas(2).slow("a", MS).slow("b", 10 * MS);
        let nodes = nodes.busy("a", 10);
        let candidates = nodes.candidates();
        assert_eq!(picks(&PeakEwma, &candidates), [("b", 10_000)].into());
    }

    #[test]
    fn of_three_the_slowest_gets_nothing_and_the_fastest_two_thirds() {
        let nodes = Nodes::replicas(3);
        let nodes = nodes.slow("a", 3 * MS).slow("b", MS).slow("c", 2 * MS);
        let candidates = nodes.candidates();
        let picks = picks(&PeakEwma, &candidates);
        assert!(is_about(picks.get("b"), 2.0 / 3.0), "{picks:?}");
        assert!(is_about(picks.get("c"), 1.0 / 3.0), "{picks:?}");
    }

    #[test]
    fn a_replica_without_a_latency_is_tried_first_but_not_by_all_at_once() {
        let idle = Nodes::replicas(2).slow("a", MS);
        let candidates = idle.candidates();
        assert_eq!(picks(&PeakEwma, &candidates), [("b", 10_000)].into());
        let tried = Nodes::replicas(2).slow("a", MS).busy("b", 1);
        let candidates = tried.candidates();
        assert_eq!(picks(&PeakEwma, &candidates), [("a", 10_000)].into());
    }

    #[test]
    fn without_any_latency_the_statements_in_flight_decide() {
        let nodes = Nodes::replicas(2).busy("a", 1);
        let candidates = nodes.candidates();
        assert_eq!(picks(&PeakEwma, &candidates), [("b", 10_000)].into());
    }

    #[test]
    fn two_are_always_two_and_each_pair_is_as_likely() {
        assert_eq!(two_of(0, 7), None);
        assert_eq!(two_of(1, u64::MAX), None);
        for length in 2..10 {
            for random in EXTREMES {
                let (one, other) = two_of(length, random).expect("two");
                assert!(one != other && one < length && other < length);
            }
        }
        // A grid over both halves, each point in the middle of its cell.
        let middle = |cell: u64| (2 * cell + 1) * (1 << 31) / 30;
        let mut seen = std::collections::BTreeMap::<_, u32>::new();
        for (upper, lower) in (0..30).flat_map(|upper| (0..30).map(move |lower| (upper, lower))) {
            let random = (middle(upper) << 32) | middle(lower);
            *seen.entry(two_of(3, random)).or_default() += 1;
        }
        let each: Vec<_> = seen.into_values().collect();
        assert_eq!(each, [150; 6]);
    }
}
