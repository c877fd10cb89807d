//! Which nodes are to be asked before they are due.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::topology::NodeId;

/// Nodes to probe before their next regular probe: a read waits for one, or a statement failed on it.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    nodes: Mutex<Vec<NodeId>>,
    pub(super) notify: Notify,
}

impl Wanted {
    /// Has a node asked before it is due.
    pub(super) fn add(&self, node: NodeId) {
        let mut nodes = self.lock();
        if !nodes.contains(&node) {
            nodes.push(node);
        }
        drop(nodes);
        self.notify.notify_one();
    }

    pub(super) fn take(&self) -> Vec<NodeId> {
        std::mem::take(&mut *self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Vec<NodeId>> {
        self.nodes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
