//! Which replica?
//!
//! Replicas of one database hold the same rows, and still it matters which one serves a read: they
//! differ in size, in distance, and from one moment to the next in load. No rule is right for every
//! fleet: an even spread overloads the smallest replica, the least busy one looks attractive to every
//! process at once, and the nearest one is no help while it is the slow one. So the choice is a
//! policy, and the rest (which replicas are up, fresh enough, and allowed) is not its concern.
//!
//! A [`ReplicaPolicy`] chooses one of the nodes that may serve a read. It is given the candidates and
//! a random number, and returns one of the candidates: no clock, no generator, no connection. The
//! lifetime of a [`Candidate`] makes sure that it is one of those.
//!
//! | policy | chooses |
//! |---|---|
//! | [`Random`] (the default) | a random one, in proportion to the weights |
//! | [`RoundRobin`] | one after the other |
//! | [`LeastInFlight`] | the one with the fewest statements in flight |
//! | [`PeakEwma`] | the cheaper of two random ones, by latency and statements in flight |
//! | [`Zones`] | with another policy, among those of the own zone |
//!
//! Whether the primary is among the candidates is not the policy's to say: [`PrimaryReads`].

mod balancing;
mod candidates;
mod least_in_flight;
mod peak_ewma;
mod random;
mod round_robin;
#[cfg(test)]
mod testing;
mod zones;

use std::fmt;

pub(crate) use balancing::Balancing;
pub use balancing::PrimaryReads;
pub use candidates::{Candidate, Candidates};
pub use least_in_flight::LeastInFlight;
pub use peak_ewma::PeakEwma;
pub use random::Random;
pub use round_robin::RoundRobin;
pub use zones::Zones;

/// Chooses the replica that serves a read.
///
/// A policy that wraps another one forwards every provided method to it. [`Candidates::new`] makes
/// candidates for a unit test.
///
/// ```
/// use sea_orm_routing::policy::{Candidate, Candidates, ReplicaPolicy};
///
/// /// Always the first replica that serves: the others are spares.
/// #[derive(Debug)]
/// struct First;
///
/// impl ReplicaPolicy for First {
///     fn choose<'n>(&self, candidates: &Candidates<'n>, _random: u64) -> Candidate<'n> {
///         candidates.at(0)
///     }
/// }
///
/// let candidates = ["default/2", "default/3"].map(Candidate::new);
/// let candidates = Candidates::new(candidates).expect("two candidates");
/// assert_eq!(First.choose(&candidates, 7).name(), "default/2");
/// ```
pub trait ReplicaPolicy: fmt::Debug + Send + Sync {
    /// Chooses one of the candidates. `random` is uniform over `u64`.
    fn choose<'n>(&self, candidates: &Candidates<'n>, random: u64) -> Candidate<'n>;

    /// The name of the policy in an explanation. Defaults to "policy".
    fn name(&self) -> &'static str {
        "policy"
    }

    /// Whether the [latency](Candidate::latency) of reads is measured for it, which costs two clock
    /// reads per statement. Defaults to no.
    fn measures_latency(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::testing::{Nodes, is_about, picks};
    use super::*;

    fn all() -> Vec<Box<dyn ReplicaPolicy>> {
        vec![
            Box::new(Random),
            Box::new(RoundRobin::default()),
            Box::new(LeastInFlight),
            Box::new(PeakEwma),
            Box::new(Zones::prefer("near", Random)),
        ]
    }

    #[test]
    fn every_policy_is_an_object_and_picks_one_of_its_candidates() {
        for policy in all() {
            for count in 1..=8 {
                let nodes = Nodes::replicas(count);
                let candidates = nodes.candidates();
                let total: u32 = picks(&*policy, &candidates).values().sum();
                assert_eq!(total, 10_000, "{}", policy.name());
            }
        }
    }

    #[test]
    fn equal_replicas_get_equally_many_reads() {
        let nodes = Nodes::replicas(3);
        let candidates = nodes.candidates();
        for policy in all() {
            let picks = picks(&*policy, &candidates);
            for name in ["a", "b", "c"] {
                assert!(
                    is_about(picks.get(name), 1.0 / 3.0),
                    "{policy:?}: {picks:?}"
                );
            }
        }
    }

    #[test]
    fn latencies_are_measured_only_for_the_policy_that_uses_them() {
        let measures: Vec<_> = all()
            .iter()
            .filter(|policy| policy.measures_latency())
            .map(|policy| policy.name())
            .collect();
        assert_eq!(measures, [PeakEwma.name()]);
    }
}
