//! What the observers are told of nodes and databases.
//!
//! The topology has one writer, so the events of a change are what differs between the snapshots before
//! and after it: no caller can forget to tell one.

use std::sync::Arc;

use super::ClusterState;
use crate::observe::{Event, EventKind};
use crate::topology::{DatabaseId, Node, NodeId, Topology};

/// A change of the topology that the observers have not been told yet.
pub(super) struct Changed<T> {
    pub(super) value: T,
    pub(super) before: Arc<Topology>,
    pub(super) after: Arc<Topology>,
}

impl<T> Changed<T> {
    /// Tells the observers. Of two changes at the same time, either may be told first.
    pub(super) fn tell(self, state: &ClusterState) -> T {
        state.tell_changes(&self.before, &self.after);
        self.value
    }
}

impl ClusterState {
    /// Tells the observers what a change of the topology has changed.
    fn tell_changes(&self, before: &Topology, after: &Topology) {
        if self.observers.want(EventKind::NodeAdded) {
            let added = after.node_ids().skip(before.node_ids().count());
            added.for_each(|id| self.tell_added(after.node(id), after));
        }
        if self.observers.want(EventKind::HealthChanged) {
            before
                .node_ids()
                .for_each(|id| self.tell_health(id, before, after));
        }
        let tells_roles = self.observers.want(EventKind::RoleChanged);
        let tells_writes = self.observers.want(EventKind::WritesChanged);
        if tells_roles || tells_writes {
            for id in before.database_ids() {
                self.tell_role(id, before, after);
                self.tell_writes(id, before, after);
            }
        }
    }

    fn tell_added(&self, node: &Node, after: &Topology) {
        self.observers.tell(&Event::NodeAdded {
            database: &after.database_by_id(node.database).name,
            node: &node.name,
        });
    }

    fn tell_health(&self, id: NodeId, before: &Topology, after: &Topology) {
        let (from, to) = (before.node(id).state(), after.node(id).state());
        if from != to {
            let node = &after.node(id).name;
            self.observers
                .tell(&Event::HealthChanged { node, from, to });
        }
    }

    fn tell_role(&self, id: DatabaseId, before: &Topology, after: &Topology) {
        let (from, to) = (
            before.database_by_id(id).primary,
            after.database_by_id(id).primary,
        );
        if from != to {
            self.observers.tell(&Event::RoleChanged {
                database: &after.database_by_id(id).name,
                from: &after.node(from).name,
                to: &after.node(to).name,
            });
        }
    }

    fn tell_writes(&self, id: DatabaseId, before: &Topology, after: &Topology) {
        let database = after.database_by_id(id);
        let (was, is) = (
            &before.database_by_id(id).write_block,
            &database.write_block,
        );
        if was.as_ref().map(std::mem::discriminant) != is.as_ref().map(std::mem::discriminant) {
            let blocked = is.as_ref().map(ToString::to_string);
            self.observers.tell(&Event::WritesChanged {
                database: &database.name,
                blocked: blocked.as_deref(),
            });
        }
    }
}
