//! Which replica?
//!
//! A [`ReplicaPolicy`] picks one among the nodes that may serve a read. It gets candidates and a
//! random number and returns one of the candidates: no clock, no generator, no connection.
//!
//! | policy | picks |
//! |---|---|
//! | [`Random`] (the default) | each alike |
//! | [`RoundRobin`] | one after the other |
//! | [`Weighted`] | each in proportion to its weight; the only one that looks at weights |
//! | [`LeastInFlight`] | the one with the fewest statements in flight |
//! | [`PeakEwma`] | the cheaper of two at random, by latency and statements in flight |
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
mod weighted;
mod zones;

use std::fmt;

pub(crate) use balancing::Balancing;
pub use balancing::PrimaryReads;
pub use candidates::{Candidate, Candidates};
pub use least_in_flight::LeastInFlight;
pub use peak_ewma::PeakEwma;
pub use random::Random;
pub use round_robin::RoundRobin;
pub use weighted::Weighted;
pub use zones::Zones;

/// Picks the replica that serves a read.
///
/// A policy that holds another one passes on what that one says in every provided method.
///
/// ```
/// use sea_orm_routing::{Candidate, Candidates, ReplicaPolicy};
///
/// /// Always the first replica that serves: the others are spares.
/// #[derive(Debug)]
/// struct First;
///
/// impl ReplicaPolicy for First {
///     fn choose<'c>(&self, candidates: &'c Candidates<'_>, _random: u64) -> &'c Candidate<'c> {
///         candidates.at(0)
///     }
/// }
/// ```
pub trait ReplicaPolicy: fmt::Debug + Send + Sync {
    /// One of the candidates. `random` is uniform over `u64`.
    fn choose<'c>(&self, candidates: &'c Candidates<'_>, random: u64) -> &'c Candidate<'c>;

    /// How the choice is called in an explanation.
    fn name(&self) -> &'static str {
        "policy"
    }

    /// Whether the latency of reads is to be measured for it
    /// ([`Candidate::latency`]); it costs two looks at the clock per read.
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
            Box::new(Weighted),
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
    fn replicas_alike_in_everything_get_alike_many_reads() {
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
    fn only_who_uses_latencies_has_them_measured() {
        let measures: Vec<_> = all()
            .iter()
            .filter(|policy| policy.measures_latency())
            .map(|policy| policy.name())
            .collect();
        assert_eq!(measures, [PeakEwma.name()]);
    }
}
