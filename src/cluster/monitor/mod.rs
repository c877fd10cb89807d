//! The monitor of a database: what its nodes say of themselves, all the time.
//!
//! Each node has a task that asks it now and then, on a connection of its own. The primary's answer
//! wakes those of the replicas, so that a replica is asked when there is something to compare with. A
//! statement that failed, and a causal read that waits, wake them earlier. What they learn is judged by
//! the pure rules of the [topology](crate::topology) and written to the one snapshot.
//!
//! A monitor ends with the last handle of its connection: it holds on to nothing of it while it waits.

mod judging;
mod known;
#[cfg(feature = "sqlx-mysql")]
mod mysql;
#[cfg_attr(
    not(any(feature = "sqlx-postgres", feature = "sqlx-mysql")),
    allow(dead_code, reason = "only these have servers to ask")
)]
mod observation;
#[cfg(feature = "sqlx-postgres")]
mod postgres;
#[cfg_attr(
    not(any(feature = "sqlx-postgres", feature = "sqlx-mysql")),
    allow(dead_code, unused_imports, reason = "only these have servers to ask")
)]
mod probe;
mod task;
mod watch;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::task::AbortHandle;

use super::State;
use crate::topology::{DatabaseId, NodeId};

pub(super) use probe::{Answer, Probe, Target, opening};
use task::Task;
pub(super) use watch::Watch;

/// The monitors of a connection.
#[derive(Debug, Default)]
pub(crate) struct Monitors(Mutex<Running>);

/// Those that run.
#[derive(Debug, Default)]
struct Running {
    monitors: HashMap<DatabaseId, Monitor>,
    /// The connection is closed: no more are started.
    over: bool,
}

/// The monitor of one database; ends when dropped.
#[derive(Debug)]
struct Monitor {
    watch: Arc<Watch>,
    tasks: HashMap<NodeId, Asking>,
}

impl Drop for Monitor {
    fn drop(&mut self) {
        self.watch.end();
    }
}

/// A task, ended when dropped.
#[derive(Debug)]
struct Asking(AbortHandle);

impl Drop for Asking {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Monitors {
    /// Starts the monitor of a database, unless it runs; it asks each node at once. Nothing when the
    /// database, or the connection, is over.
    pub(super) fn start(&self, state: &Arc<State>, database: DatabaseId) -> Option<Arc<Watch>> {
        let mut running = self.lock();
        let topology = state.snapshot();
        if running.over || topology.database(database).removed {
            return None;
        }
        let monitor = running.monitors.entry(database).or_insert_with(|| Monitor {
            watch: Arc::new(Watch::new(state, database)),
            tasks: HashMap::new(),
        });
        for node in topology.node_ids_of(database) {
            // One ends with its node, or with the runtime it was started on.
            let runs = |asking: &Asking| !asking.0.is_finished();
            if !monitor.tasks.get(&node).is_some_and(runs) {
                let task = Task::new(Arc::clone(&monitor.watch), node);
                let asking = Asking(tokio::spawn(task.run()).abort_handle());
                monitor.tasks.insert(node, asking);
            }
        }
        Some(Arc::clone(&monitor.watch))
    }

    pub(super) fn stop(&self, database: DatabaseId) {
        self.lock().monitors.remove(&database);
    }

    pub(super) fn stop_node(&self, database: DatabaseId, node: NodeId) {
        if let Some(monitor) = self.lock().monitors.get_mut(&database) {
            monitor.tasks.remove(&node);
            monitor.watch.forget(node);
        }
    }

    /// For ever.
    pub(super) fn stop_all(&self) {
        let mut running = self.lock();
        running.over = true;
        running.monitors.clear();
    }

    pub(super) fn are_over(&self) -> bool {
        self.lock().over
    }

    pub(super) fn watch(&self, database: DatabaseId) -> Option<Arc<Watch>> {
        let running = self.lock();
        let monitor = running.monitors.get(&database);
        monitor.map(|monitor| Arc::clone(&monitor.watch))
    }

    /// Asks a node now, if it is watched.
    pub(super) fn look_at(&self, node: NodeId) {
        for monitor in self.lock().monitors.values() {
            if monitor.tasks.contains_key(&node) {
                monitor.watch.look_at(node);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Running> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
