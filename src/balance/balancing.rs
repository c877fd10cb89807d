//! How one database spreads its reads.

use super::{Random, ReplicaPolicy};

/// Whether reads that replicas could serve may go to the primary; see
/// [`DatabaseOptions::primary_reads`](crate::DatabaseOptions::primary_reads).
///
/// It says nothing of reads that belong on the primary: those in a transaction, of `on_primary()`, or
/// after a write of the same session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum PrimaryReads {
    /// Only when no replica is available.
    #[default]
    Fallback,
    /// The primary is a candidate like the replicas: for a primary with time to spare.
    Include,
    /// Never: reads fail when no replica is available, so that a lost replica does not take the
    /// writes down too.
    Never,
}

/// How one database spreads its reads.
#[derive(Debug)]
pub(crate) struct Balancing {
    pub(crate) policy: Box<dyn ReplicaPolicy>,
    /// Whether the latency of reads is measured for the policy.
    pub(crate) measures_latency: bool,
    pub(crate) primary_reads: PrimaryReads,
}

impl Default for Balancing {
    fn default() -> Self {
        Self {
            policy: Box::new(Random),
            measures_latency: false,
            primary_reads: PrimaryReads::default(),
        }
    }
}

impl Balancing {
    pub(crate) fn set_policy(&mut self, policy: impl ReplicaPolicy + 'static) {
        self.measures_latency = policy.measures_latency();
        self.policy = Box::new(policy);
    }

    /// Whether the primary may serve reads that no replica can.
    pub(crate) fn may_fall_back(&self) -> bool {
        self.primary_reads != PrimaryReads::Never
    }

    /// Whether the primary is a candidate like the replicas.
    pub(crate) fn includes_primary(&self) -> bool {
        self.primary_reads == PrimaryReads::Include
    }
}
