//! The monitor of a database: what its nodes say of themselves, all the time.
//!
//! Each node has a task that asks it now and then, on a connection of its own. The primary's answer
//! wakes those of the replicas, so that a replica is asked when there is something to compare with. A
//! statement that failed, and a causal read that waits, wake them earlier. What they learn is judged by
//! the pure rules of the [topology](crate::topology) and written to the one snapshot.
//!
//! A monitor ends with the last handle of its connection: it holds on to nothing of it while it waits.

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
pub(super) use probe::Target;
use task::Task;
pub(super) use watch::Watch;

/// The monitors of a connection.
#[derive(Debug, Default)]
pub(crate) struct Monitors(Mutex<HashMap<DatabaseId, Monitor>>);

/// The monitor of one database; ends when dropped.
#[derive(Debug)]
struct Monitor {
    watch: Arc<Watch>,
    tasks: HashMap<NodeId, Running>,
}

/// A task, ended when dropped.
#[derive(Debug)]
struct Running(AbortHandle);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Monitors {
    /// Starts the monitor of a database, unless it runs; it asks each node at once.
    pub(super) fn start(&self, state: &Arc<State>, database: DatabaseId) -> Arc<Watch> {
        let mut monitors = self.lock();
        let monitor = monitors.entry(database).or_insert_with(|| Monitor {
            watch: Arc::new(Watch::new(state, database)),
            tasks: HashMap::new(),
        });
        for node in state.snapshot().node_ids_of(database) {
            monitor.tasks.entry(node).or_insert_with(|| {
                let task = Task::new(Arc::clone(&monitor.watch), node);
                Running(tokio::spawn(task.run()).abort_handle())
            });
        }
        Arc::clone(&monitor.watch)
    }

    pub(super) fn stop(&self, database: DatabaseId) {
        self.lock().remove(&database);
    }

    pub(super) fn stop_node(&self, database: DatabaseId, node: NodeId) {
        if let Some(monitor) = self.lock().get_mut(&database) {
            monitor.tasks.remove(&node);
            monitor.watch.forget(node);
        }
    }

    pub(super) fn stop_all(&self) {
        self.lock().clear();
    }

    pub(super) fn watch(&self, database: DatabaseId) -> Option<Arc<Watch>> {
        let monitors = self.lock();
        monitors
            .get(&database)
            .map(|monitor| Arc::clone(&monitor.watch))
    }

    /// Asks a node now, if it is watched.
    pub(super) fn look_at(&self, node: NodeId) {
        for monitor in self.lock().values() {
            if monitor.tasks.contains_key(&node) {
                monitor.watch.look_at(node);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<DatabaseId, Monitor>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
