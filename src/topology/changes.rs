//! What the one writer of the topology changes, on a copy of the snapshot.

use std::sync::Arc;

use sea_orm::DbBackend;

use super::node::{Node, Role, Service};
use super::snapshot::{Database, Halt, Named, Topology};
use super::{DatabaseId, Health, NodeId, PoolId};
use crate::name::DatabaseName;

/// What the one writer changes, on a copy.
impl Topology {
    /// Changes what is known of a node.
    pub(crate) fn change_node(&mut self, id: NodeId, change: impl FnOnce(&mut Node)) {
        let node = Arc::make_mut(&mut self.nodes[id.index()]);
        change(node);
        node.load.set_healthy(node.health == Health::Up);
        let database = node.database;
        self.calm_changed(database);
    }

    /// The monitor knows how far the primary is.
    pub(crate) fn set_measured(&mut self, id: DatabaseId) {
        Arc::make_mut(&mut self.databases[id.index()]).measured = true;
    }

    /// Halts a database, or lets it go on.
    pub(crate) fn set_halt(&mut self, id: DatabaseId, halt: Option<Halt>) {
        let database = Arc::make_mut(&mut self.databases[id.index()]);
        let halted = database.halt.is_some();
        self.epoch += u64::from(halted != halt.is_some());
        database.halt = halt;
    }

    /// Adds a database; its primary is the node that is added next.
    pub(crate) fn add_database(&mut self, name: DatabaseName, dialect: DbBackend) -> DatabaseId {
        let id = DatabaseId::new(to_index(self.databases.len()));
        self.take_name(name.as_str(), Named::Database(id));
        let database = Database::new(name, dialect, self.next_node());
        self.databases.push(Arc::new(database));
        id
    }

    /// Adds a node; a replica joins its database.
    pub(crate) fn add_node(&mut self, node: Node) -> NodeId {
        let id = self.next_node();
        let database = node.database;
        if node.role == Role::Replica {
            let database = Arc::make_mut(&mut self.databases[database.index()]);
            database.replicas = database.replicas.iter().copied().chain([id]).collect();
        }
        self.take_name(node.name.as_str(), Named::Node(id));
        self.nodes.push(Arc::new(node));
        self.calm_changed(database);
        id
    }

    /// Keeps a node that has just come out of the rotation, until it is known.
    pub(crate) fn hold_back(&mut self, id: NodeId) {
        self.change_node(id, |node| node.service = Service::Joining);
    }

    /// Removes a replica, if it is one that is there.
    pub(crate) fn remove_node(&mut self, id: NodeId) -> bool {
        let node = self.node(id);
        if node.role == Role::Primary || node.service == Service::Removed {
            return false;
        }
        let database = self.node(id).database;
        let found = Arc::make_mut(&mut self.databases[database.index()]);
        let others = found.replicas.iter().copied().filter(|other| *other != id);
        found.replicas = others.collect();
        self.leave(id);
        true
    }

    /// Removes a database with its nodes.
    pub(crate) fn remove_database(&mut self, id: DatabaseId) {
        if self.databases[id.index()].removed {
            return;
        }
        for node in self.node_ids_of(id).collect::<Vec<_>>() {
            self.leave(node);
        }
        let database = Arc::make_mut(&mut self.databases[id.index()]);
        database.removed = true;
        Arc::make_mut(&mut self.names).remove(database.name.as_str());
    }

    fn leave(&mut self, id: NodeId) {
        if self.nodes[id.index()].service == Service::Removed {
            return;
        }
        self.change_node(id, |node| node.service = Service::Removed);
        let name = self.nodes[id.index()].name.clone();
        Arc::make_mut(&mut self.names).remove(name.as_str());
        self.epoch += 1;
    }

    fn take_name(&mut self, name: &str, named: Named) {
        Arc::make_mut(&mut self.names).insert(name.into(), named);
        self.epoch += 1;
    }

    /// Gives a node another pool.
    pub(crate) fn set_pool(&mut self, id: NodeId, pool: PoolId) {
        self.change_node(id, |node| node.pool = pool);
        self.epoch += 1;
    }

    /// Makes a replica the primary, and the primary a replica that is not up until it is seen as one.
    pub(crate) fn promote(&mut self, id: NodeId, pool: PoolId, old_pool: PoolId, down: Health) {
        let database = self.node(id).database;
        let found = Arc::make_mut(&mut self.databases[database.index()]);
        let old = std::mem::replace(&mut found.primary, id);
        for place in &mut found.replicas {
            if *place == id {
                *place = old;
            }
        }
        self.change_node(old, |node| {
            node.role = Role::Replica;
            node.pool = old_pool;
            node.health = down;
            node.progress = super::Progress::default();
        });
        self.change_node(id, |node| {
            node.role = Role::Primary;
            // A primary is not taken out of anything.
            node.service = Service::In;
            node.pool = pool;
            node.progress = super::Progress::default();
        });
        self.epoch += 1;
    }

    fn calm_changed(&mut self, id: DatabaseId) {
        let database = self.database(id);
        let mut replicas = database.replicas.iter();
        let calm = replicas.all(|id| self.node(*id).is_calm());
        if database.calm != calm {
            Arc::make_mut(&mut self.databases[id.index()]).calm = calm;
        }
    }

    fn next_node(&self) -> NodeId {
        NodeId::new(to_index(self.nodes.len()))
    }
}

/// There is no memory for more.
fn to_index(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
