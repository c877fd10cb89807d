//! The open pools, and the one writer of the [topology](crate::topology).
//!
//! Decisions are pure and need a snapshot; servers die, lag and are promoted while decisions are made.
//! This room does the I/O between the two. The rule: whatever is learned about a node becomes a
//! change of the topology, made under one lock by [`ClusterState`], and nothing else writes it.
//!
//! - Pools live in an arena that grows and never shrinks; the nodes of the topology hold indices into it.
//!   A pool that this crate opens gets a guard if it is a replica's, and no password reaches SeaORM's
//!   traces ([`open`]).
//! - Signals come from the statements of the application ([`signals`]), and from the [`monitor`], which
//!   probes each node on a connection of its own. [`failover`] acts on a change of roles.
//! - Administrators change members and credentials ([`members`]).
//! - What runs beside the statements is registered in [`background`], and ends with the last handle.

mod accept;
mod background;
mod closing;
#[cfg_attr(
    not(any(feature = "sqlx-postgres", feature = "sqlx-mysql")),
    allow(dead_code, reason = "SQLite has no users")
)]
mod credentials;
mod database_spec;
mod drain;
#[cfg_attr(
    not(feature = "sqlx-dep"),
    allow(dead_code, reason = "only drivers have pools")
)]
mod driver_kind;
mod events;
mod failover;
#[cfg_attr(
    not(all(feature = "sqlx-postgres", feature = "sqlx-mysql")),
    allow(dead_code, reason = "each driver has faults of its own")
)]
mod fault;
mod guard;
mod loss;
mod members;
mod monitor;
#[cfg_attr(
    not(all(feature = "sqlx-postgres", feature = "sqlx-mysql")),
    allow(dead_code, reason = "only drivers with a network take a URL apart")
)]
mod node_url;
mod only_connection;
#[cfg_attr(
    not(feature = "sqlx-dep"),
    allow(dead_code, reason = "only drivers can be refined")
)]
mod open;
mod options;
mod own;
mod pool;
#[cfg(feature = "session-tokens")]
mod sampled;
mod settings;
mod signals;
mod start;
mod waits;

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use sea_orm::DbBackend;
use tokio::sync::watch;

use background::BackgroundTasks;
pub(crate) use database_spec::{DatabaseSpec, FallbackPermit};
pub(crate) use driver_kind::{DriverKind, dialect_of};
use events::Changed;
pub(crate) use fault::Fault;
pub(crate) use members::AddedMembers;
use monitor::Monitors;
pub(crate) use only_connection::HeldOnly;
pub(crate) use open::OpenPlan;
pub(crate) use options::NodeSource;
pub use options::{DatabaseOptions, ReplicaGuard, ReplicaOptions};
pub(crate) use own::{own_pool, sqlite_file, sqlite_name};
pub(crate) use pool::Pool;
pub use settings::RoleSource;

use crate::clock::{Clock, Jitter};
use crate::observe::Observers;
use crate::sql::{Flavor, KnownServers};
use crate::topology::{DatabaseId, NodeId, PoolId, Topology};

/// The pools of a connection and its topology. Cheap to clone; the clones share them.
#[derive(Debug, Clone)]
pub(crate) struct Cluster {
    state: Arc<ClusterState>,
}

/// The state that the handles of a connection share with its background tasks.
#[derive(Debug)]
pub(crate) struct ClusterState {
    pools: boxcar::Vec<Pool>,
    databases: boxcar::Vec<DatabaseSpec>,
    topology: ArcSwap<Topology>,
    /// The epoch of the topology, readable without loading it.
    epoch: AtomicU64,
    /// What is known of the servers, readable without loading the topology.
    servers: AtomicU32,
    /// Held while the topology is changed, so that it has one writer at a time.
    writer: Mutex<()>,
    changes: watch::Sender<()>,
    monitors: Monitors,
    tasks: BackgroundTasks,
    clock: Clock,
    /// The jitter of backoffs.
    backoffs: Jitter,
    observers: Arc<Observers>,
}

impl Cluster {
    /// The pools and databases of a topology, in its order.
    pub(crate) fn new(
        first: AddedMembers,
        topology: Topology,
        observers: Arc<Observers>,
        backoffs: Jitter,
    ) -> Self {
        Self::with_clock(first, topology, observers, Clock::default(), backoffs)
    }

    fn with_clock(
        first: AddedMembers,
        mut topology: Topology,
        observers: Arc<Observers>,
        clock: Clock,
        backoffs: Jitter,
    ) -> Self {
        Self {
            state: Arc::new(ClusterState {
                pools: first.pools.into_iter().collect(),
                databases: first.databases.into_iter().collect(),
                epoch: AtomicU64::new(topology.epoch()),
                servers: AtomicU32::new(topology.known_servers().to_bits()),
                topology: ArcSwap::from_pointee(topology),
                writer: Mutex::default(),
                changes: watch::Sender::new(()),
                monitors: Monitors::default(),
                tasks: BackgroundTasks::default(),
                clock,
                backoffs,
                observers,
            }),
        }
    }

    pub(crate) fn state(&self) -> &Arc<ClusterState> {
        &self.state
    }

    /// The same cluster, without keeping it open.
    #[cfg(feature = "stream")]
    pub(crate) fn downgrade(&self) -> WeakCluster {
        WeakCluster(Arc::downgrade(&self.state))
    }

    pub(crate) fn observers(&self) -> &Arc<Observers> {
        &self.state.observers
    }

    pub(crate) fn pool(&self, id: PoolId) -> &Pool {
        self.state.pool(id)
    }

    pub(crate) fn clock(&self) -> Clock {
        self.state.clock
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

    /// Changes with roles, members and pools.
    pub(crate) fn epoch(&self) -> u64 {
        self.state.epoch.load(Ordering::Acquire)
    }

    /// A dialect, with the server that speaks it in this connection, if it is known.
    pub(crate) fn flavor(&self, dialect: DbBackend) -> Flavor {
        let servers = self.state.servers.load(Ordering::Relaxed);
        KnownServers::from_bits(servers).flavor(dialect)
    }
}

/// A cluster that ends with its last handle.
#[cfg(feature = "stream")]
pub(crate) struct WeakCluster(std::sync::Weak<ClusterState>);

#[cfg(feature = "stream")]
impl WeakCluster {
    pub(crate) fn upgrade(&self) -> Option<Cluster> {
        self.0.upgrade().map(|state| Cluster { state })
    }
}

impl ClusterState {
    pub(crate) fn pool(&self, id: PoolId) -> &Pool {
        &self.pools[id.index()]
    }

    pub(crate) fn declared(&self, id: DatabaseId) -> &DatabaseSpec {
        &self.databases[id.index()]
    }

    pub(crate) fn snapshot(&self) -> Arc<Topology> {
        self.topology.load_full()
    }

    /// Notified after each change of the topology.
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    /// Under the lock, so that a reader of one index sees every pool before it.
    fn add_pool(&self, pool: Pool) -> PoolId {
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let place = self.pools.push(pool);
        drop(writer);
        PoolId::new(u32::try_from(place).unwrap_or(u32::MAX))
    }

    /// Changes the topology. A reader sees all of the change or none of it.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Topology) -> T) -> T {
        self.change_untold(change).tell(self)
    }

    /// Changes the topology; the observers are told when the caller has done what must not wait.
    fn change_untold<T>(&self, change: impl FnOnce(&mut Topology) -> T) -> Changed<T> {
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.snapshot();
        let mut next = (*before).clone();
        let value = change(&mut next);
        let after = self.publish(next);
        drop(writer);
        Changed {
            value,
            before,
            after,
        }
    }

    /// Must be called with the writer lock held.
    fn publish(&self, mut next: Topology) -> Arc<Topology> {
        let servers = next.known_servers().to_bits();
        let (epoch, next) = (next.epoch(), Arc::new(next));
        self.topology.store(Arc::clone(&next));
        self.epoch.store(epoch, Ordering::Release);
        self.servers.store(servers, Ordering::Relaxed);
        self.changes.send_replace(());
        next
    }
}
