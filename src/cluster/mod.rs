//! The open pools, and the one writer of the [topology](crate::topology).
//!
//! Pools live in an arena that grows and never shrinks; the topology's nodes point into it.
//! Connections that we open are ours to shape: replicas get a guard, and no password reaches SeaORM's
//! traces.
//!
//! What is learned about nodes comes from two sides: [`signals`] from the statements of the
//! application, and the [`monitor`], which asks each node on a connection of its own. What users change
//! at run time is in [`members`].

#[cfg_attr(
    not(any(feature = "sqlx-postgres", feature = "sqlx-mysql")),
    allow(dead_code, reason = "SQLite knows no users")
)]
mod credentials;
mod declared;
mod drain;
#[cfg_attr(
    not(all(feature = "sqlx-postgres", feature = "sqlx-mysql")),
    allow(dead_code, reason = "only drivers with a network take a URL apart")
)]
mod endpoint;
mod failover;
#[cfg_attr(
    not(feature = "sqlx-dep"),
    allow(dead_code, reason = "only drivers have faults")
)]
mod fault;
mod measured;
mod members;
mod monitor;
#[cfg_attr(
    not(feature = "sqlx-dep"),
    allow(dead_code, reason = "only drivers can be refined")
)]
mod open;
mod options;
mod own;
mod pool;
mod settings;
mod signals;
mod waits;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use tokio::sync::watch;

pub(crate) use declared::{Declared, Leave};
pub(crate) use endpoint::dialect_of;
pub(crate) use fault::Fault;
use measured::Measured;
pub(crate) use members::Newcomers;
use monitor::Monitors;
pub(crate) use open::Plan;
pub(crate) use options::Source;
pub use options::{DatabaseOptions, ReplicaGuard, ReplicaOptions};
pub(crate) use own::{own_pool, sqlite_file, sqlite_name};
pub(crate) use pool::{NodeMetric, Pool};
pub use settings::Roles;

use crate::topology::{DatabaseId, NodeId, PoolId, Topology};

/// Every pool of a connection, and what is known about their nodes.
#[derive(Debug)]
pub(crate) struct Cluster {
    state: Arc<State>,
    /// Where the statements of this handle are reported.
    measured: Option<Measured>,
}

/// What the handles of a connection share with its monitors.
#[derive(Debug)]
pub(crate) struct State {
    pools: boxcar::Vec<Pool>,
    databases: boxcar::Vec<Declared>,
    topology: ArcSwap<Topology>,
    /// That of the topology, to be read without it.
    epoch: AtomicU64,
    /// Held while the topology is changed: it has one writer at a time.
    writer: Mutex<()>,
    changes: watch::Sender<()>,
    monitors: Monitors,
}

impl Cluster {
    /// The pools and databases of a topology, in its order.
    pub(crate) fn new(first: Newcomers, topology: Topology) -> Self {
        Self {
            state: Arc::new(State {
                pools: first.pools.into_iter().collect(),
                databases: first.databases.into_iter().collect(),
                epoch: AtomicU64::new(topology.epoch()),
                topology: ArcSwap::from_pointee(topology),
                writer: Mutex::default(),
                changes: watch::Sender::new(()),
                monitors: Monitors::default(),
            }),
            measured: None,
        }
    }

    pub(crate) fn state(&self) -> &Arc<State> {
        &self.state
    }

    pub(crate) fn pool(&self, id: PoolId) -> &Pool {
        match &self.measured {
            None => self.state.pool(id),
            Some(measured) => measured.pool(id, &self.state.pools),
        }
    }

    /// The pool of a node now.
    pub(crate) fn pool_of(&self, node: NodeId) -> &Pool {
        self.pool(self.topology().node(node).pool)
    }

    /// The topology now; no lock is taken.
    pub(crate) fn topology(&self) -> arc_swap::Guard<Arc<Topology>> {
        self.state.topology.load()
    }

    pub(crate) fn snapshot(&self) -> Arc<Topology> {
        self.state.topology.load_full()
    }

    /// Another number after roles, members or pools have changed.
    pub(crate) fn epoch(&self) -> u64 {
        self.state.epoch.load(Ordering::Acquire)
    }

    /// The same nodes and the same knowledge of them, with statements reported to `metric`.
    pub(crate) fn with_metric(&self, metric: &NodeMetric) -> Self {
        Self {
            state: Arc::clone(&self.state),
            measured: Some(Measured::new(metric)),
        }
    }
}

impl State {
    pub(crate) fn pool(&self, id: PoolId) -> &Pool {
        &self.pools[id.index()]
    }

    pub(crate) fn declared(&self, id: DatabaseId) -> &Declared {
        &self.databases[id.index()]
    }

    pub(crate) fn snapshot(&self) -> Arc<Topology> {
        self.topology.load_full()
    }

    /// Told after each change of the topology.
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    /// One at a time: who sees a place sees all before it.
    fn add_pool(&self, pool: Pool) -> PoolId {
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let place = self.pools.push(pool);
        drop(writer);
        PoolId::new(u32::try_from(place).unwrap_or(u32::MAX))
    }

    /// Changes the topology; who reads it sees all of the change or nothing.
    fn change<T>(&self, change: impl FnOnce(&mut Topology) -> T) -> T {
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let mut next = (**self.topology.load()).clone();
        let changed = change(&mut next);
        self.publish(next);
        drop(writer);
        changed
    }

    /// Called by the writer.
    fn publish(&self, next: Topology) {
        let epoch = next.epoch();
        self.topology.store(Arc::new(next));
        self.epoch.store(epoch, Ordering::Release);
        self.changes.send_replace(());
    }
}
