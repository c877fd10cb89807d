//! The changes of the topology. Its one writer makes them on a copy of the snapshot.

use std::sync::Arc;

use sea_orm::DbBackend;

use super::node::{Node, Role, Service};
use super::snapshot::{Database, Named, Topology, WriteBlock};
use super::{DatabaseId, Health, NodeId, PoolId};
use crate::name::DatabaseName;
use crate::sql::{KnownServers, Server};

/// Called by the one writer, on a copy.
impl Topology {
    /// Changes a node.
    pub(crate) fn change_node(&mut self, id: NodeId, change: impl FnOnce(&mut Node)) {
        let node = self.nodes.make_mut(id.index());
        change(node);
        node.load.set_healthy(node.health == Health::Up);
        let database = node.database;
        self.update_all_healthy(database);
    }

    /// The monitor has sampled a position of the primary.
    pub(crate) fn set_tracks_positions(&mut self, id: DatabaseId) {
        self.databases.make_mut(id.index()).tracks_positions = true;
    }

    /// The server of a database is declared.
    pub(crate) fn declare_server(&mut self, id: DatabaseId, server: Server) {
        self.databases.make_mut(id.index()).server = Some(server);
        self.servers = None;
    }

    /// A node has told which server it is.
    pub(crate) fn learn_server(&mut self, id: NodeId, server: Server) {
        self.nodes.make_mut(id.index()).server = Some(server);
        self.servers = None;
    }

    /// What is known of the servers of all databases.
    pub(crate) fn known_servers(&mut self) -> KnownServers {
        if let Some(known) = self.servers {
            return known;
        }
        let servers = self.known_databases().map(|database| {
            let nodes = std::iter::once(&database.primary).chain(&database.replicas);
            let learned = nodes.filter_map(|node| self.node(*node).server).map(Some);
            let server = database.server.or_else(|| Server::common_of(learned));
            (database.dialect, server)
        });
        let known = KnownServers::of(servers);
        self.servers = Some(known);
        known
    }

    /// Blocks the writes of a database, or unblocks them.
    pub(crate) fn set_write_block(&mut self, id: DatabaseId, block: Option<WriteBlock>) {
        let database = self.databases.make_mut(id.index());
        let blocked = database.write_block.is_some();
        self.epoch += u64::from(blocked != block.is_some());
        database.write_block = block;
    }

    /// Adds a database. The node that is added next is its primary.
    pub(crate) fn add_database(&mut self, name: DatabaseName, dialect: DbBackend) -> DatabaseId {
        let id = DatabaseId::new(to_index(self.databases.len()));
        self.take_name(name.as_str(), Named::Database(id));
        let database = Database::new(name, dialect, self.next_node());
        self.databases.push(database);
        self.servers = None;
        id
    }

    /// Adds a node; a replica joins its database.
    pub(crate) fn add_node(&mut self, node: Node) -> NodeId {
        let id = self.next_node();
        let database = node.database;
        if node.role == Role::Replica {
            let database = self.databases.make_mut(database.index());
            database.replicas = database.replicas.iter().copied().chain([id]).collect();
        }
        self.take_name(node.name.as_str(), Named::Node(id));
        self.nodes.push(node);
        self.update_all_healthy(database);
        id
    }

    /// Keeps a node that was just added out of the rotation until it was probed.
    pub(crate) fn exclude_until_probed(&mut self, id: NodeId) {
        self.change_node(id, |node| node.service = Service::Joining);
    }

    /// Removes a replica. Returns `false` if it is the primary or removed already.
    pub(crate) fn remove_node(&mut self, id: NodeId) -> bool {
        let node = self.node(id);
        if node.role == Role::Primary || node.service == Service::Removed {
            return false;
        }
        let database = self.node(id).database;
        let found = self.databases.make_mut(database.index());
        let others = found.replicas.iter().copied().filter(|other| *other != id);
        found.replicas = others.collect();
        self.mark_removed(id);
        self.servers = None;
        true
    }

    /// Removes a database with its nodes.
    pub(crate) fn remove_database(&mut self, id: DatabaseId) {
        if self.databases[id.index()].removed {
            return;
        }
        for node in self.node_ids_of(id).collect::<Vec<_>>() {
            self.mark_removed(node);
        }
        let database = self.databases.make_mut(id.index());
        database.removed = true;
        Arc::make_mut(&mut self.names).remove(database.name.as_str());
        self.servers = None;
    }

    fn mark_removed(&mut self, id: NodeId) {
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

    /// Makes a replica the primary, and the primary a replica that is down until a probe finds it.
    pub(crate) fn promote(&mut self, id: NodeId, pool: PoolId, old_pool: PoolId, down: Health) {
        let database = self.node(id).database;
        let found = self.databases.make_mut(database.index());
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
            node.unguarded = None;
            node.progress = super::Progress::default();
        });
        self.change_node(id, |node| {
            node.role = Role::Primary;
            // A primary is never drained.
            node.service = Service::In;
            node.refused = None;
            node.unguarded = None;
            node.pool = pool;
            node.progress = super::Progress::default();
        });
        self.epoch += 1;
    }

    fn update_all_healthy(&mut self, id: DatabaseId) {
        let database = self.database_by_id(id);
        let mut replicas = database.replicas.iter();
        let all_healthy = replicas.all(|id| self.node(*id).is_healthy());
        if database.all_healthy != all_healthy {
            self.databases.make_mut(id.index()).all_healthy = all_healthy;
        }
    }

    fn next_node(&self) -> NodeId {
        NodeId::new(to_index(self.nodes.len()))
    }
}

/// Memory ends before the numbers do.
fn to_index(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
