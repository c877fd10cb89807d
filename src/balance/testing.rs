//! Topologies made by hand, for the tests of the policies.

use std::collections::BTreeMap;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use sea_orm::DbBackend;

use super::{Candidates, ReplicaPolicy};
use crate::name::{DatabaseName, NodeName};
use crate::topology::{DatabaseId, Load, Node, NodeId, PoolId, Role, Topology};

/// Random numbers that every policy must accept.
pub(super) const EXTREMES: [u64; 6] = [
    0,
    1,
    u32::MAX as u64,
    u32::MAX as u64 + 1,
    u64::MAX - 1,
    u64::MAX,
];

/// The primary `p`, and replicas `a`, `b`, `c`, ...
pub(super) struct Nodes {
    topology: Topology,
}

impl Nodes {
    pub(super) fn replicas(count: usize) -> Self {
        Self::zoned(&vec![None; count])
    }

    /// A replica for each zone; the primary has none.
    pub(super) fn zoned(zones: &[Option<&str>]) -> Self {
        let mut topology = Topology::empty();
        let name = DatabaseName::new("default");
        let database = topology.add_database(name, DbBackend::Postgres);
        let node = |name, role, zone: Option<&str>| Node {
            zone: zone.map(Into::into),
            ..Node::new(NodeName::new(name), database, role, PoolId::new(0))
        };
        topology.add_node(node("p", Role::Primary, None));
        let names = ["a", "b", "c", "d", "e", "f", "g", "h"];
        for (name, zone) in std::iter::zip(names, zones) {
            topology.add_node(node(name, Role::Replica, *zone));
        }
        Self { topology }
    }

    /// With statements in flight.
    pub(super) fn busy(self, name: &str, in_flight: u32) -> Self {
        for _ in 0..in_flight {
            self.load(name).begin();
        }
        self
    }

    /// With a latency, measured at time zero.
    pub(super) fn slow(self, name: &str, latency: Duration) -> Self {
        self.load(name).observe(latency, Duration::ZERO);
        self
    }

    pub(super) fn topology(&self) -> &Topology {
        &self.topology
    }

    pub(super) fn load(&self, name: &str) -> &Load {
        let id = self.topology.find_node(name).expect("a node of the test");
        &self.topology.node(id).load
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = NodeId> {
        let database = self.topology.database_by_id(DatabaseId::new(0));
        database.replicas.iter().copied()
    }

    /// The replicas.
    pub(super) fn candidates(&self) -> Candidates<'_> {
        Candidates::of(&self.topology, self.ids()).expect("replicas")
    }

    /// The primary, then the replicas.
    pub(super) fn with_primary(&self) -> Candidates<'_> {
        let nodes = std::iter::once(NodeId::new(0)).chain(self.ids());
        Candidates::of(&self.topology, nodes).expect("a primary")
    }
}

/// How often each candidate is chosen, of 10,000 times; those that never are, are not listed.
pub(super) fn picks<'n>(
    policy: &dyn ReplicaPolicy,
    candidates: &Candidates<'n>,
) -> BTreeMap<&'n str, u32> {
    let mut random = StdRng::seed_from_u64(7);
    let mut counts = BTreeMap::new();
    for _ in 0..10_000 {
        let picked = policy.choose(candidates, random.next_u64());
        *counts.entry(picked.name()).or_default() += 1;
    }
    for extreme in EXTREMES {
        let picked = policy.choose(candidates, extreme);
        assert!(candidates.iter().any(|one| one.name() == picked.name()));
    }
    counts
}

/// Whether `count` of [`picks`] is about its share.
pub(super) fn is_about(count: Option<&u32>, share: f64) -> bool {
    count.is_some_and(|count| (f64::from(*count) / 10_000.0 - share).abs() < 0.03)
}
