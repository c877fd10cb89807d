//! The snapshot: databases and nodes at one moment.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use sea_orm::DbBackend;

use super::node::{Node, NodeState, Service};
use super::{DatabaseId, NodeId, Rank};
use crate::error::{AvailabilityError, ConsideredNode, RoutingError, dialect_name};
use crate::name::{DatabaseName, NodeName};

/// A named logical database: one primary and any number of replicas, all of one dialect.
#[derive(Debug, Clone)]
pub struct Database {
    pub(crate) name: DatabaseName,
    pub(crate) dialect: DbBackend,
    pub(crate) primary: NodeId,
    pub(crate) replicas: Box<[NodeId]>,
    /// Why nothing is sent to its primary now.
    pub(crate) halt: Option<Halt>,
    pub(crate) removed: bool,
    /// Whether the monitor measures how far its replicas are.
    pub(crate) measured: bool,
    /// Whether every replica serves, so that the clock need not be asked.
    pub(crate) calm: bool,
}

/// Why a database takes no writes now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Halt {
    /// Several servers say they are the primary.
    Split(Box<[NodeName]>),
    /// The primary says it is a replica, and nobody else is the primary.
    Vacant,
    /// The primary refuses connections, or did until a moment ago.
    Unreachable { reason: Box<str>, until: Instant },
}

/// The databases and nodes of a connection at one moment; prints as a table.
#[derive(Debug, Clone)]
pub struct Topology {
    pub(super) databases: Vec<Arc<Database>>,
    pub(super) nodes: Vec<Arc<Node>>,
    pub(super) names: Arc<HashMap<Box<str>, Named>>,
    /// Grows when roles, members or pools change, not with health.
    pub(super) epoch: u64,
}

/// Databases and nodes share their names.
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
            halt: None,
            removed: false,
            measured: false,
            calm: true,
        }
    }

    /// Its name.
    pub fn name(&self) -> &DatabaseName {
        &self.name
    }

    /// The dialect of all its nodes.
    pub fn dialect(&self) -> DbBackend {
        self.dialect
    }

    /// Whether it has a primary that takes writes, as far as is known.
    pub fn is_writable(&self) -> bool {
        self.halt.is_none()
    }
}

/// What users read.
impl Topology {
    /// The databases, in the order they were declared.
    pub fn databases(&self) -> Vec<&Database> {
        self.known_databases().collect()
    }

    /// The nodes of a database, its primary first.
    pub fn nodes_of<'a>(&'a self, database: &'a Database) -> impl Iterator<Item = &'a Node> {
        std::iter::once(&database.primary)
            .chain(&database.replicas)
            .map(|id| self.node(*id))
    }

    /// A node by its name.
    pub fn find(&self, node: &str) -> Option<&Node> {
        self.find_node(node).map(|id| self.node(id))
    }
}

/// What decisions read.
impl Topology {
    /// One that has nothing yet.
    pub(crate) fn empty() -> Self {
        Self {
            databases: Vec::new(),
            nodes: Vec::new(),
            names: Arc::default(),
            epoch: 0,
        }
    }

    fn known_databases(&self) -> impl Iterator<Item = &Database> {
        let databases = self.databases.iter().map(|database| &**database);
        databases.filter(|database| !database.removed)
    }

    pub(crate) fn database(&self, id: DatabaseId) -> &Database {
        &self.databases[id.index()]
    }

    pub(crate) fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.index()]
    }

    pub(crate) fn database_ids(&self) -> impl Iterator<Item = DatabaseId> {
        let ids = (0..).map(DatabaseId::new).zip(&self.databases);
        ids.filter(|(_, database)| !database.removed)
            .map(|(id, _)| id)
    }

    pub(crate) fn node_ids_of(&self, database: DatabaseId) -> impl Iterator<Item = NodeId> {
        let database = self.database(database);
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
    /// names there are.
    pub(crate) fn require_database(&self, name: &str) -> Result<DatabaseId, RoutingError> {
        self.find_database(name)
            .ok_or_else(|| RoutingError::unknown_database(name, self.database_names()))
    }

    /// The node of that name.
    ///
    /// # Errors
    ///
    /// [`TopologyError::UnknownNode`](crate::error::TopologyError::UnknownNode), with the names
    /// there are.
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

    /// How many nodes a database has, and has had.
    pub(crate) fn nodes_ever_of(&self, database: DatabaseId) -> usize {
        let nodes = self.nodes.iter();
        nodes.filter(|node| node.database == database).count()
    }

    /// Whether a node has that name, or has had it.
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

    pub(crate) fn node_names(&self) -> impl Iterator<Item = &str> {
        let nodes = self.nodes.iter().map(|node| &**node);
        nodes
            .filter(|node| node.service != Service::Removed)
            .map(|node| node.name.as_str())
    }

    pub(crate) fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Each node of a database with its state, for an error.
    pub(crate) fn describe(&self, nodes: impl Iterator<Item = NodeId>) -> Vec<ConsideredNode> {
        let considered = |id| {
            let node = self.node(id);
            match &node.refused {
                Some(reason) => ConsideredNode::new(&node.name, format_args!("refused: {reason}")),
                None => ConsideredNode::new(&node.name, node.state()),
            }
        };
        nodes.map(considered).collect()
    }
}

/// What errors tell.
impl Topology {
    /// Each replica of a database with its lag.
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
        let replicas = self.database(database).replicas.iter();
        replicas.map(considered).collect()
    }
}

impl fmt::Display for Topology {
    /// A line for each node.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for database in self.known_databases() {
            write!(f, "{} ({})", database.name, dialect_name(database.dialect))?;
            match &database.halt {
                Some(halt) => writeln!(f, "  takes no writes: {halt}")?,
                None => writeln!(f)?,
            }
            for node in self.nodes_of(database) {
                let (name, role, state) = (node.name.as_str(), node.role, node.state());
                write!(f, "  {name:<24} {role:<8} {state}")?;
                match node.lag() {
                    Some(lag) if node.state() != NodeState::Down => writeln!(f, "  {lag}")?,
                    _ => writeln!(f)?,
                }
            }
        }
        Ok(())
    }
}

impl fmt::Display for Halt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Split(nodes) => {
                let names: Vec<_> = nodes.iter().map(NodeName::as_str).collect();
                write!(f, "{} are all primaries", names.join(" and "))
            }
            Self::Vacant => f.write_str("its primary says it is a replica, and no node is primary"),
            Self::Unreachable { reason, .. } => write!(f, "its primary is down: {reason}"),
        }
    }
}

impl Halt {
    /// The error of a statement that it stops.
    pub(crate) fn error(&self, database: &Database) -> RoutingError {
        let (database, reason) = (database.name.clone(), self.to_string());
        match self {
            Self::Split(_) | Self::Vacant => {
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

    /// Whether it still holds: that a server could not be reached is true for a moment only.
    pub(crate) fn holds(&self, now: Instant) -> bool {
        match self {
            Self::Split(_) | Self::Vacant => true,
            Self::Unreachable { until, .. } => now < *until,
        }
    }
}

impl Node {
    /// Who is asked first for a read; a node that takes no part never.
    pub(crate) fn rank(&self, now: Instant) -> Rank {
        match self.is_eligible() {
            true => self.health.rank(now),
            false => Rank::Never,
        }
    }

    /// Whether it would serve, were it not too far behind.
    pub(crate) fn is_only_late(&self, now: Instant) -> bool {
        let serves = self.takes_part() && self.health.rank(now) == Rank::First;
        serves && self.progress.lagging
    }
}
