//! The snapshot: databases and nodes at one instant.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use sea_orm::DbBackend;

use super::node::{Node, NodeState, Service};
use super::pages::Pages;
use super::{DatabaseId, NodeId, Rank};
use crate::error::{AvailabilityError, ConsideredNode, RoutingError, dialect_name};
use crate::name::{DatabaseName, NodeName};
use crate::sql::{KnownServers, Server};

/// A database in the snapshot.
#[derive(Debug, Clone)]
pub(crate) struct Database {
    pub(crate) name: DatabaseName,
    pub(crate) dialect: DbBackend,
    pub(crate) primary: NodeId,
    pub(crate) replicas: Box<[NodeId]>,
    /// Why it takes no writes now.
    pub(crate) write_block: Option<WriteBlock>,
    pub(crate) removed: bool,
    /// Whether the monitor samples positions, so that replicas can prove what they have.
    pub(crate) tracks_positions: bool,
    /// Whether every replica is up and in the rotation: a decision then needs no clock.
    pub(crate) all_healthy: bool,
    /// Its server, if it was declared.
    pub(crate) server: Option<Server>,
}

/// Why a database takes no writes now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum WriteBlock {
    /// Several servers say they are the primary, and nothing decides between them.
    SplitBrain(Box<[NodeName]>),
    /// The primary is lost or of an older epoch, and nothing proves that these, which say that they are the
    /// primary, have what it wrote.
    Unproven(Box<[NodeName]>),
    /// This node is the primary now, and its pool is being opened.
    Promoting(NodeName),
    /// The primary reports that it is a replica, and no other node is the primary.
    NoPrimary,
    /// The primary refuses connections, as a probe found; trusted until this instant.
    Unreachable { reason: Box<str>, until: Instant },
}

/// The databases and nodes of a connection at one instant. `Display` prints them as a table.
#[derive(Debug, Clone)]
pub struct Topology {
    pub(super) databases: Pages<Database>,
    pub(super) nodes: Pages<Node>,
    pub(super) names: Arc<HashMap<Box<str>, Named>>,
    /// Grows with each change of roles, members or pools, not of health.
    pub(super) epoch: u64,
    /// What is known of the servers; `None` after a change.
    pub(super) servers: Option<KnownServers>,
}

/// Databases and nodes share one namespace.
#[derive(Debug, Clone, Copy)]
pub(super) enum Named {
    Database(DatabaseId),
    Node(NodeId),
}

impl Database {
    pub(crate) fn new(name: DatabaseName, dialect: DbBackend, primary: NodeId) -> Self {
        Self {
            name,
            dialect,
            primary,
            replicas: Box::default(),
            write_block: None,
            removed: false,
            tracks_positions: false,
            all_healthy: true,
            server: None,
        }
    }

    pub(crate) fn name(&self) -> &DatabaseName {
        &self.name
    }
}

/// What decisions read.
impl Topology {
    /// A topology without databases.
    pub(crate) fn empty() -> Self {
        Self {
            databases: Pages::default(),
            nodes: Pages::default(),
            names: Arc::default(),
            epoch: 0,
            servers: None,
        }
    }

    pub(super) fn known_databases(&self) -> impl Iterator<Item = &Database> + Clone {
        self.databases.iter().filter(|database| !database.removed)
    }

    pub(crate) fn database_by_id(&self, id: DatabaseId) -> &Database {
        &self.databases[id.index()]
    }

    pub(crate) fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.index()]
    }

    pub(crate) fn database_ids(&self) -> impl Iterator<Item = DatabaseId> {
        let ids = (0..).map(DatabaseId::new).zip(self.databases.iter());
        ids.filter(|(_, database)| !database.removed)
            .map(|(id, _)| id)
    }

    pub(crate) fn node_ids(&self) -> impl Iterator<Item = NodeId> {
        (0..)
            .map(NodeId::new)
            .zip(self.nodes.iter())
            .map(|(id, _)| id)
    }

    pub(crate) fn node_ids_of(&self, database: DatabaseId) -> impl Iterator<Item = NodeId> {
        let database = self.database_by_id(database);
        std::iter::once(database.primary).chain(database.replicas.iter().copied())
    }

    pub(crate) fn find_database(&self, name: &str) -> Option<DatabaseId> {
        match self.names.get(name) {
            Some(Named::Database(id)) => Some(*id),
            Some(Named::Node(_)) | None => None,
        }
    }

    /// The database of that name.
    ///
    /// # Errors
    ///
    /// [`TopologyError::UnknownDatabase`](crate::error::TopologyError::UnknownDatabase), with the
    /// declared names.
    pub(crate) fn require_database(&self, name: &str) -> Result<DatabaseId, RoutingError> {
        self.find_database(name)
            .ok_or_else(|| RoutingError::unknown_database(name, self.database_names()))
    }

    /// The node of that name.
    ///
    /// # Errors
    ///
    /// [`TopologyError::UnknownNode`](crate::error::TopologyError::UnknownNode), with the known
    /// names.
    pub(crate) fn require_node(&self, name: &str) -> Result<NodeId, RoutingError> {
        self.find_node(name)
            .ok_or_else(|| RoutingError::unknown_node(name, self.node_names()))
    }

    pub(crate) fn find_node(&self, name: &str) -> Option<NodeId> {
        match self.names.get(name) {
            Some(Named::Node(id)) => Some(*id),
            Some(Named::Database(_)) | None => None,
        }
    }

    /// How many nodes a database has and had.
    pub(crate) fn nodes_ever_of(&self, database: DatabaseId) -> usize {
        let nodes = self.nodes.iter();
        nodes.filter(|node| node.database == database).count()
    }

    /// Whether a node has or had that name.
    pub(crate) fn was_ever(&self, name: &str) -> bool {
        self.is_taken(name) || self.nodes.iter().any(|node| node.name == name)
    }

    /// Whether a database or a node has that name.
    pub(crate) fn is_taken(&self, name: &str) -> bool {
        self.names.contains_key(name)
    }

    pub(crate) fn database_names(&self) -> impl Iterator<Item = &str> {
        self.known_databases()
            .map(|database| database.name.as_str())
    }

    /// The nodes that a later snapshot may have changed, before and after.
    pub(crate) fn changed_nodes<'t>(
        &'t self,
        later: &'t Self,
    ) -> impl Iterator<Item = (&'t Node, &'t Node)> {
        self.nodes.changed(&later.nodes)
    }

    /// The databases that a later snapshot may have changed, before and after.
    pub(crate) fn changed_databases<'t>(
        &'t self,
        later: &'t Self,
    ) -> impl Iterator<Item = (&'t Database, &'t Database)> {
        let changed = self.databases.changed(&later.databases);
        changed.filter(|(before, _)| !before.removed)
    }

    /// Every node there ever was.
    pub(crate) fn all_nodes(&self) -> impl Iterator<Item = &Node> {
        self.nodes.iter()
    }

    pub(crate) fn node_names(&self) -> impl Iterator<Item = &str> {
        self.all_nodes()
            .filter(|node| node.service != Service::Removed)
            .map(|node| node.name.as_str())
    }

    pub(crate) fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Some nodes with their states, for an error.
    pub(crate) fn describe(
        &self,
        nodes: impl Iterator<Item = NodeId>,
        failed: &[NodeId],
    ) -> Vec<ConsideredNode> {
        let considered = |id| {
            let node = self.node(id);
            match &node.refused {
                Some(reason) => ConsideredNode::new(&node.name, format_args!("refused: {reason}")),
                // It serves others: this statement got no connection there, or lost it.
                None if failed.contains(&id) && !node.health.is_down() => {
                    let state = format_args!("{}, but failed this statement", node.state());
                    ConsideredNode::new(&node.name, state).because(node.reason())
                }
                None => ConsideredNode::new(&node.name, node.state()).because(node.reason()),
            }
        };
        nodes.map(considered).collect()
    }
}

/// Texts for errors.
impl Topology {
    /// The replicas of a database with their lag.
    pub(crate) fn describe_lag(&self, database: DatabaseId) -> Vec<ConsideredNode> {
        let considered = |id: &NodeId| {
            let node = self.node(*id);
            match (node.state(), node.lag()) {
                (NodeState::Up | NodeState::Probation | NodeState::Lagging, Some(lag)) => {
                    ConsideredNode::new(&node.name, lag)
                }
                (state, _) => {
                    ConsideredNode::new(&node.name, format_args!("{state}, its lag is not known"))
                }
            }
        };
        let replicas = self.database_by_id(database).replicas.iter();
        replicas.map(considered).collect()
    }
}

impl fmt::Display for Topology {
    /// A line for each node.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for database in self.known_databases() {
            write!(f, "{} ({})", database.name, dialect_name(database.dialect))?;
            match &database.write_block {
                Some(block) => writeln!(f, "  takes no writes: {block}")?,
                None => writeln!(f)?,
            }
            let ids = std::iter::once(&database.primary).chain(&database.replicas);
            for node in ids.map(|id| self.node(*id)) {
                let (name, role, state) = (node.name.as_str(), node.role, node.state());
                write!(f, "  {name:<24} {role:<8} {state}")?;
                if let Some(reason) = node.reason() {
                    write!(f, ": {reason}")?;
                }
                if let Some(failing) = node.failing_for(Instant::now()) {
                    write!(f, " (for {:.1} s)", failing.as_secs_f64())?;
                }
                match node.lag() {
                    Some(lag) if node.state() != NodeState::Down => writeln!(f, "  {lag}")?,
                    _ => writeln!(f)?,
                }
                if let Some(reason) = &node.unguarded {
                    writeln!(f, "    no guard: {reason}")?;
                }
            }
        }
        Ok(())
    }
}

impl fmt::Display for WriteBlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SplitBrain(nodes) => write!(
                f,
                "{} are all primaries; stop the wrong ones, or choose one with \
                 db.admin().accept_primary(..)",
                quoted(nodes)
            ),
            Self::Unproven(nodes) => write!(
                f,
                "{} takes writes, but is not proven to have what the last primary wrote; if it has, or if that is \
                 to be given up, call db.admin().accept_primary(..)",
                quoted(nodes)
            ),
            Self::Promoting(node) => {
                write!(
                    f,
                    "\"{node}\" has become the primary and is being connected to"
                )
            }
            Self::NoPrimary => {
                f.write_str("its primary says it is a replica, and no node is primary")
            }
            Self::Unreachable { reason, .. } => write!(f, "its primary is down: {reason}"),
        }
    }
}

fn quoted(nodes: &[NodeName]) -> String {
    let names: Vec<_> = nodes.iter().map(|name| format!("\"{name}\"")).collect();
    names.join(" and ")
}

impl WriteBlock {
    /// The error of a statement that is blocked.
    pub(crate) fn error(&self, database: &Database) -> RoutingError {
        let (database, reason) = (database.name.clone(), self.to_string());
        match self {
            Self::SplitBrain(_) | Self::Unproven(_) | Self::Promoting(_) | Self::NoPrimary => {
                RoutingError::Availability(AvailabilityError::WritesStopped { database, reason })
            }
            Self::Unreachable { reason, .. } => {
                RoutingError::Availability(AvailabilityError::PrimaryDown {
                    database,
                    reason: reason.to_string(),
                })
            }
        }
    }

    /// Whether it still holds. That a server is unreachable expires unless a probe confirms it.
    pub(crate) fn holds(&self, now: Instant) -> bool {
        match self {
            Self::Unreachable { until, .. } => now < *until,
            _ => true,
        }
    }

    /// Whether the primary itself is of an older epoch, so that it must not be read either.
    pub(crate) fn outdates(&self, primary: &NodeName) -> bool {
        matches!(self, Self::Unproven(nodes) if nodes.contains(primary))
    }

    /// Whether it follows from what the nodes report, not from silence.
    pub(crate) fn is_of_roles(&self) -> bool {
        !matches!(self, Self::Unreachable { .. })
    }

    /// Whether a transaction that has written to the primary must not go on: another node may be the primary.
    pub(crate) fn stops_transactions(&self) -> bool {
        matches!(
            self,
            Self::SplitBrain(_) | Self::Unproven(_) | Self::Promoting(_)
        )
    }
}

impl Node {
    /// How it ranks for a read. A node out of the rotation is excluded.
    pub(crate) fn rank(&self, now: Instant) -> Rank {
        match self.is_eligible() {
            true => self.health.rank(now),
            false => Rank::Excluded,
        }
    }

    /// Whether its lag is the only reason why it does not serve.
    pub(crate) fn is_only_late(&self, now: Instant) -> bool {
        let serves = self.takes_part() && self.health.rank(now) == Rank::Preferred;
        serves && self.progress.lagging
    }
}
