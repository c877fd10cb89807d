//! The open pools, and the one writer of the [topology](crate::topology).
//!
//! Pools live in an arena that the topology's indices point into. Connections that we open are
//! ours to shape: replicas get a guard, and no password reaches SeaORM's traces.

#[cfg_attr(
    not(all(feature = "sqlx-postgres", feature = "sqlx-mysql")),
    allow(dead_code, reason = "only drivers with a network take a URL apart")
)]
mod endpoint;
#[cfg_attr(
    not(feature = "sqlx-dep"),
    allow(dead_code, reason = "only drivers have faults")
)]
mod fault;
#[cfg_attr(
    not(feature = "sqlx-dep"),
    allow(dead_code, reason = "only drivers can be refined")
)]
mod open;
mod options;
#[cfg(feature = "migrate")]
mod own;
mod pool;

use std::sync::Arc;
use std::time::Instant;

use arc_swap::ArcSwap;
use sea_orm::DbErr;

pub(crate) use endpoint::dialect_of;
use endpoint::is_exhausted;
pub(crate) use fault::Fault;
pub(crate) use open::Plan;
pub(crate) use options::Source;
pub use options::{DatabaseOptions, ReplicaGuard, ReplicaOptions};
#[cfg(feature = "migrate")]
pub(crate) use own::{own_pool, sqlite_file, sqlite_name};
pub(crate) use pool::{NodeMetric, Pool};

use crate::topology::{Health, NodeId, Topology};

/// Every pool of a connection, and what is known about their nodes.
#[derive(Debug)]
pub(crate) struct Cluster {
    pools: Box<[Pool]>,
    topology: Arc<ArcSwap<Topology>>,
}

impl Cluster {
    /// The pools of a topology, in the order of its nodes.
    pub(crate) fn new(pools: Box<[Pool]>, topology: Topology) -> Self {
        Self {
            pools,
            topology: Arc::new(ArcSwap::from_pointee(topology)),
        }
    }

    pub(crate) fn pools(&self) -> &[Pool] {
        &self.pools
    }

    pub(crate) fn pool(&self, node: NodeId) -> &Pool {
        &self.pools[node.index()]
    }

    /// The topology now; no lock is taken.
    pub(crate) fn topology(&self) -> arc_swap::Guard<Arc<Topology>> {
        self.topology.load()
    }

    pub(crate) fn snapshot(&self) -> Arc<Topology> {
        self.topology.load_full()
    }

    /// A connection to the node failed.
    fn report_failure(&self, node: NodeId) {
        let now = Instant::now();
        tracing::warn!(
            node = self.pool(node).name().as_str(),
            "a replica cannot be reached"
        );
        self.set_health(node, |health| health.after_failure(now));
    }

    /// A statement met an error of the node's. A pool whose connections are all in use hands out none
    /// because it is busy; any other, because it cannot reach its server.
    pub(crate) fn report_error(&self, node: NodeId, error: &DbErr) {
        let pool = self.pool(node).get();
        let busy = Fault::of(error) == Fault::NoConnection && pool.is_some_and(is_exhausted);
        if !busy {
            self.report_failure(node);
        }
    }

    /// The node answered.
    pub(crate) fn report_success(&self, node: NodeId) {
        self.set_health(node, |_| Health::Up);
    }

    fn set_health(&self, node: NodeId, change: impl Fn(Health) -> Health) {
        self.topology
            .rcu(|topology| topology.with_health(node, &change));
    }

    /// The same nodes and the same knowledge of them, with statements reported to `metric`.
    pub(crate) fn with_metric(&self, metric: &NodeMetric) -> Self {
        Self {
            pools: self
                .pools
                .iter()
                .map(|pool| pool.with_metric(Arc::clone(metric)))
                .collect(),
            topology: Arc::clone(&self.topology),
        }
    }
}
