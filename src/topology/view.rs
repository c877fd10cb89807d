//! What users read of a topology.

use std::time::{Duration, Instant};

use sea_orm::DbBackend;

use super::node::{Endpoint, Node, NodeState, Role};
use super::snapshot::{Database, Topology};
use super::{Lag, NodeId};
use crate::name::{DatabaseName, NodeName};

/// A named logical database: one primary and any number of replicas, all of one dialect.
#[derive(Debug, Clone, Copy)]
pub struct DatabaseView<'t> {
    topology: &'t Topology,
    database: &'t Database,
}

/// One endpoint of a database: a server, or a balancer before several.
#[derive(Debug, Clone, Copy)]
pub struct NodeView<'t> {
    node: &'t Node,
}

impl Topology {
    /// The databases, in the order in which they were declared.
    pub fn databases(&self) -> Vec<DatabaseView<'_>> {
        let view = |database| DatabaseView {
            topology: self,
            database,
        };
        self.known_databases().map(view).collect()
    }

    /// Finds a database by its name.
    pub fn database(&self, name: &str) -> Option<DatabaseView<'_>> {
        let id = self.find_database(name)?;
        Some(DatabaseView {
            topology: self,
            database: self.database_by_id(id),
        })
    }

    /// Finds a node by its name.
    pub fn find(&self, node: &str) -> Option<NodeView<'_>> {
        self.find_node(node).map(|id| self.view(id))
    }

    fn view(&self, id: NodeId) -> NodeView<'_> {
        NodeView {
            node: self.node(id),
        }
    }
}

impl<'t> DatabaseView<'t> {
    /// Its name.
    pub fn name(self) -> &'t DatabaseName {
        &self.database.name
    }

    /// The dialect of all its nodes.
    pub fn dialect(self) -> DbBackend {
        self.database.dialect
    }

    /// Whether it has a primary that takes writes, as far as is known.
    pub fn is_writable(self) -> bool {
        self.database.write_block.is_none()
    }

    /// Its primary.
    pub fn primary(self) -> NodeView<'t> {
        self.topology.view(self.database.primary)
    }

    /// Its nodes, the primary first.
    pub fn nodes(self) -> impl Iterator<Item = NodeView<'t>> {
        let ids = std::iter::once(&self.database.primary).chain(&self.database.replicas);
        ids.map(move |id| self.topology.view(*id))
    }
}

impl<'t> NodeView<'t> {
    /// Its name, which never changes.
    pub fn name(self) -> &'t NodeName {
        &self.node.name
    }

    /// Its role in its database.
    pub fn role(self) -> Role {
        self.node.role
    }

    /// Its share of the reads, relative to the other replicas of its database.
    pub fn weight(self) -> u32 {
        self.node.weight
    }

    /// The zone it was declared in.
    pub fn zone(self) -> Option<&'t str> {
        self.node.zone.as_deref()
    }

    /// What stands behind its address.
    pub fn endpoint(self) -> Endpoint {
        self.node.endpoint
    }

    /// Whether statements go there, and if not, why.
    pub fn state(self) -> NodeState {
        self.node.state()
    }

    /// Why it is in that state: why it is refused, or what failed last. It may quote the server. Returns `None` if
    /// there is nothing to add to the state.
    pub fn reason(self) -> Option<&'t str> {
        self.node.reason()
    }

    /// Why its connections may write, as far as its server lets them, although a
    /// [guard](crate::options::ReplicaGuard::Server) is declared: a pooler does not let them be made read-only.
    /// Returns `None` if they are guarded, or none is declared.
    pub fn unguarded(self) -> Option<&'t str> {
        self.node.unguarded.as_deref()
    }

    /// How long it has been failing. Returns `None` if it is not.
    pub fn failing_for(self) -> Option<Duration> {
        self.node.failing_for(Instant::now())
    }

    /// In how long it is tried again if it is down.
    pub fn tried_in(self) -> Option<Duration> {
        let retry_at = self.node.health.retry_at()?;
        Some(retry_at.saturating_duration_since(Instant::now()))
    }

    /// Whether its last connection was good.
    pub fn is_up(self) -> bool {
        self.node.health.is_good()
    }

    /// How far it is behind its primary. Returns `None` for a primary, for SQLite, and while no monitor
    /// measures it.
    pub fn lag(self) -> Option<Lag> {
        self.node.lag()
    }

    /// How many statements of this connection are in flight on it, of those that replicas could serve.
    pub fn in_flight(self) -> u32 {
        self.node.load.in_flight()
    }
}
