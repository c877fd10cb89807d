//! The own zone first.

use super::{Candidate, Candidates, ReplicaPolicy};

/// Prefers the replicas of the own zone; another policy chooses among them.
///
/// This saves the latency and the cost of traffic between zones (as Kafka's rack-aware reads and
/// Envoy's zone-aware routing). If no replica of the zone serves, all that serve are considered.
///
/// ```
/// use sea_orm_routing::policy::{LeastInFlight, Zones};
/// use sea_orm_routing::{DatabaseOptions, ReplicaOptions};
///
/// let options = DatabaseOptions::new("postgres://primary/app")
///     .replica(ReplicaOptions::new("postgres://replica-1/app").zone("eu-west-1a"))
///     .replica(ReplicaOptions::new("postgres://replica-2/app").zone("eu-west-1b"))
///     .replica_policy(Zones::prefer("eu-west-1a", LeastInFlight).spill_over(50));
/// # let _ = options;
/// ```
#[derive(Debug, Clone)]
pub struct Zones<P> {
    own: Box<str>,
    spill_over: Option<u32>,
    policy: P,
}

impl<P: ReplicaPolicy> Zones<P> {
    /// Prefers the candidates whose [zone](crate::ReplicaOptions::zone) is `own`; `policy` chooses
    /// among them. The names of zones are compared exactly.
    pub fn prefer(own: impl Into<String>, policy: P) -> Self {
        Self {
            own: own.into().into(),
            spill_over: None,
            policy,
        }
    }

    /// Considers all candidates while every near one has at least `in_flight` statements in flight.
    /// Defaults to no limit: reads stay near however busy the zone is.
    #[must_use]
    pub fn spill_over(mut self, in_flight: u32) -> Self {
        self.spill_over = Some(in_flight);
        self
    }

    fn near<'n>(&self, candidates: &Candidates<'n>) -> Option<Candidates<'n>> {
        candidates
            .only(|candidate| candidate.zone() == Some(&*self.own))
            .filter(|near| near.iter().any(|candidate| self.has_room(candidate)))
    }

    fn has_room(&self, candidate: Candidate<'_>) -> bool {
        self.spill_over
            .is_none_or(|limit| candidate.in_flight() < limit)
    }
}

impl<P: ReplicaPolicy> ReplicaPolicy for Zones<P> {
    fn choose<'n>(&self, candidates: &Candidates<'n>, random: u64) -> Candidate<'n> {
        match self.near(candidates) {
            Some(near) => self.policy.choose(&near, random),
            None => self.policy.choose(candidates, random),
        }
    }

    fn name(&self) -> &'static str {
        "own zone first"
    }

    fn measures_latency(&self) -> bool {
        self.policy.measures_latency()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::balance::testing::{Nodes, is_about, picks};
    use crate::balance::{LeastInFlight, PeakEwma, Random};

    const ZONES: [Option<&str>; 4] = [Some("far"), Some("near"), None, Some("near")];

    #[test]
    fn reads_stay_in_the_zone_while_a_replica_there_serves() {
        let nodes = Nodes::zoned(&ZONES).busy("b", 9).busy("d", 99);
        let candidates = nodes.candidates();
        let picks = picks(&Zones::prefer("near", Random), &candidates);
        assert!(is_about(picks.get("b"), 0.5), "{picks:?}");
        assert!(is_about(picks.get("d"), 0.5), "{picks:?}");
    }

    #[test]
    fn the_policy_chooses_among_the_near() {
        let nodes = Nodes::zoned(&ZONES).busy("b", 1);
        let candidates = nodes.candidates();
        let policy = Zones::prefer("near", LeastInFlight);
        assert_eq!(picks(&policy, &candidates), [("d", 10_000)].into());
    }

    #[test]
    fn without_a_near_one_all_are_considered() {
        let nodes = Nodes::zoned(&ZONES);
        let candidates = nodes.candidates();
        let picks = picks(&Zones::prefer("Near", Random), &candidates);
        assert_eq!(picks.len(), 4);
    }

    #[test]
    fn reads_spill_over_when_every_near_one_is_busy() {
        let policy = Zones::prefer("near", Random).spill_over(2);
        let one_free = Nodes::zoned(&ZONES).busy("b", 2).busy("d", 1);
        let candidates = one_free.candidates();
        assert_eq!(picks(&policy, &candidates).len(), 2);
        one_free.load("d").begin();
        let candidates = one_free.candidates();
        assert_eq!(picks(&policy, &candidates).len(), 4);
    }

    #[test]
    fn the_bounds_of_spilling() {
        let nodes = Nodes::zoned(&ZONES);
        let candidates = nodes.candidates();
        let always = Zones::prefer("near", Random).spill_over(0);
        assert_eq!(picks(&always, &candidates).len(), 4);
        let never = Zones::prefer("near", Random).spill_over(u32::MAX);
        assert_eq!(picks(&never, &candidates).len(), 2);
    }

    #[test]
    fn zones_pass_on_what_their_policy_says() {
        assert!(Zones::prefer("near", PeakEwma).measures_latency());
        assert!(!Zones::prefer("near", Random).measures_latency());
    }
}
