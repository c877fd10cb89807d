//! What the observers are told of nodes and databases.
//!
//! The topology has one writer, so the events of a change are what differs between the snapshots before
//! and after it: no caller can forget to tell one.

use std::sync::Arc;

use super::ClusterState;
use crate::observe::{Event, EventKind};
use crate::topology::{Database, Node, Topology, WriteBlock};

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
            let changed = before.changed_nodes(after);
            changed.for_each(|(before, after)| self.tell_health(before, after));
        }
        let tells_roles = self.observers.want(EventKind::RoleChanged);
        let tells_writes = self.observers.want(EventKind::WritesChanged);
        if tells_roles || tells_writes {
            for (before, database) in before.changed_databases(after) {
                self.tell_role(before, database, after);
                self.tell_writes(before, database);
            }
        }
    }

    fn tell_added(&self, node: &Node, after: &Topology) {
        self.observers.tell(&Event::NodeAdded {
            database: &after.database_by_id(node.database).name,
            node: &node.name,
        });
    }

    fn tell_health(&self, before: &Node, after: &Node) {
        let (from, to) = (before.state(), after.state());
        if from != to {
            let node = &after.name;
            self.observers
                .tell(&Event::HealthChanged { node, from, to });
        }
    }

    fn tell_role(&self, before: &Database, database: &Database, after: &Topology) {
        let (from, to) = (before.primary, database.primary);
        if from != to {
            self.observers.tell(&Event::RoleChanged {
                database: &database.name,
                from: &after.node(from).name,
                to: &after.node(to).name,
            });
        }
    }

    fn tell_writes(&self, before: &Database, database: &Database) {
        let kind = |block: &Option<WriteBlock>| block.as_ref().map(std::mem::discriminant);
        if kind(&before.write_block) != kind(&database.write_block) {
            let blocked = database.write_block.as_ref().map(ToString::to_string);
            self.observers.tell(&Event::WritesChanged {
                database: &database.name,
                blocked: blocked.as_deref(),
            });
        }
    }
}
