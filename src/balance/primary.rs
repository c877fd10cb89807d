//! The primary among the candidates, or never.

use super::{Candidate, Candidates, PrimaryReads, ReplicaPolicy};

macro_rules! with_primary_reads {
    ($(#[$doc:meta])* $name:ident, $reads:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, Default)]
        pub struct $name<P>(pub P);

        impl<P: ReplicaPolicy> ReplicaPolicy for $name<P> {
            fn choose<'n>(&self, candidates: &Candidates<'n>, random: u64) -> Candidate<'n> {
                self.0.choose(candidates, random)
            }

            fn name(&self) -> &'static str {
                self.0.name()
            }

            fn measures_latency(&self) -> bool {
                self.0.measures_latency()
            }

            /// Whatever the inner policy says.
            fn primary_reads(&self) -> PrimaryReads {
                PrimaryReads::$reads
            }
        }
    };
}

with_primary_reads! {
    /// Another policy, with the primary as a candidate like the replicas: for a primary with time
    /// to spare. Its weight is 1, its zone is
    /// [`DatabaseOptions::zone`](crate::DatabaseOptions::zone).
    ///
    /// ```
    /// use sea_orm_routing::policy::{IncludePrimary, LeastInFlight, PrimaryReads, ReplicaPolicy};
    ///
    /// let policy = IncludePrimary(LeastInFlight);
    /// assert_eq!(policy.primary_reads(), PrimaryReads::Include);
    /// ```
    IncludePrimary, Include
}

with_primary_reads! {
    /// Another policy, and never the primary: reads fail when no replica serves, so that a lost
    /// replica does not bring down the writes too.
    ///
    /// ```
    /// use sea_orm_routing::policy::{ExcludePrimary, PrimaryReads, Random, ReplicaPolicy};
    ///
    /// let policy = ExcludePrimary(Random);
    /// assert_eq!(policy.primary_reads(), PrimaryReads::Exclude);
    /// ```
    ExcludePrimary, Exclude
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::balance::testing::{Nodes, is_about, picks};
    use crate::balance::{PeakEwma, Random};
    use crate::topology::Role;

    #[test]
    fn the_primary_gets_its_share() {
        let nodes = Nodes::replicas(3);
        let candidates = nodes.with_primary();
        assert_eq!(candidates.at(0).role(), Role::Primary);
        assert_eq!(candidates.at(1).role(), Role::Replica);
        let picks = picks(&IncludePrimary(Random), &candidates);
        assert!(is_about(picks.get("p"), 0.25), "{picks:?}");
    }

    #[test]
    fn the_rest_is_what_the_policy_says() {
        assert!(IncludePrimary(PeakEwma).measures_latency());
        assert!(ExcludePrimary(PeakEwma).measures_latency());
        assert_eq!(IncludePrimary(PeakEwma).name(), PeakEwma.name());
    }

    #[test]
    fn the_outer_wrapper_wins() {
        let both = ExcludePrimary(IncludePrimary(Random));
        assert_eq!(both.primary_reads(), PrimaryReads::Exclude);
    }
}
