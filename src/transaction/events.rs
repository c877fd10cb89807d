//! What observers are told of a branch: that it opened, and how it ended.

use std::sync::Arc;

use crate::dispatch::Core;
use crate::name::DatabaseName;
use crate::observe::{BranchOutcome, Event, EventKind, Observers};
use crate::topology::{DatabaseId, NodeId};

/// Held by an open branch that is observed. Tells how it ended when it is dropped.
#[derive(Debug)]
pub(super) struct BranchEvents {
    observers: Arc<Observers>,
    database: DatabaseName,
    outcome: BranchOutcome,
}

impl BranchEvents {
    /// A branch has opened on a node. Returns `None` if no observer asks for the events of branches.
    pub(super) fn opened(core: &Core, database: DatabaseId, node: NodeId) -> Option<Self> {
        let observers = &core.observers;
        if !observers.want(EventKind::BranchOpened) && !observers.want(EventKind::BranchEnded) {
            return None;
        }
        let topology = core.cluster.snapshot();
        let database = topology.database_by_id(database).name.clone();
        observers.tell(&Event::BranchOpened {
            database: &database,
            node: &topology.node(node).name,
        });
        Some(Self {
            observers: Arc::clone(observers),
            database,
            outcome: BranchOutcome::RolledBack,
        })
    }

    /// Sets how the branch ends. Without it, the branch is rolled back.
    pub(super) fn set_outcome(&mut self, outcome: BranchOutcome) {
        self.outcome = outcome;
    }
}

impl Drop for BranchEvents {
    fn drop(&mut self) {
        self.observers.tell(&Event::BranchEnded {
            database: &self.database,
            outcome: self.outcome,
        });
    }
}
