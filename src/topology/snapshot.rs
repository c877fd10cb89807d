//! The snapshot: databases, nodes and their state.

use std::fmt;
use std::time::Instant;

use sea_orm::DbBackend;

use super::Health;
use crate::error::dialect_name;
use crate::name::{DatabaseName, NodeName};

/// The place of a database in the topology.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct DatabaseId(u32);

/// The place of a node in the topology, and of its pool in the cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct NodeId(u32);

impl DatabaseId {
    pub(crate) const fn new(index: u32) -> Self {
        Self(index)
    }

    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

impl NodeId {
    pub(crate) const fn new(index: u32) -> Self {
        Self(index)
    }

    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// What a node is to its database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Takes writes.
    Primary,
    /// Follows the primary and serves reads.
    Replica,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Primary => "primary",
            Self::Replica => "replica",
        })
    }
}

/// A named logical database: one primary and any number of replicas, all of one dialect.
#[derive(Debug, Clone)]
pub struct Database {
    pub(crate) name: DatabaseName,
    pub(crate) dialect: DbBackend,
    pub(crate) primary: NodeId,
    pub(crate) replicas: Box<[NodeId]>,
}

/// One endpoint of a database.
#[derive(Debug, Clone)]
pub struct Node {
    pub(crate) name: NodeName,
    pub(crate) database: DatabaseId,
    pub(crate) role: Role,
    pub(crate) weight: u32,
    pub(crate) zone: Option<Box<str>>,
    pub(crate) health: Health,
}

/// The databases and nodes of a connection at one moment.
#[derive(Debug, Clone)]
pub struct Topology {
    databases: Box<[Database]>,
    nodes: Box<[Node]>,
    /// Whether every node is up, so that the clock need not be asked.
    all_up: bool,
}

impl Database {
    /// Its name.
    pub fn name(&self) -> &DatabaseName {
        &self.name
    }

    /// The dialect of all its nodes.
    pub fn dialect(&self) -> DbBackend {
        self.dialect
    }
}

impl Node {
    /// Its name, which never changes.
    pub fn name(&self) -> &NodeName {
        &self.name
    }

    /// What it is to its database.
    pub fn role(&self) -> Role {
        self.role
    }

    /// Its share of the reads, against the other replicas of its database.
    pub fn weight(&self) -> u32 {
        self.weight
    }

    /// The zone it was declared in.
    pub fn zone(&self) -> Option<&str> {
        self.zone.as_deref()
    }

    /// Whether its last connection was good.
    pub fn is_up(&self) -> bool {
        self.health.is_up()
    }
}

impl Topology {
    /// A topology; every id in it must be one of its own.
    pub(crate) fn new(databases: Box<[Database]>, nodes: Box<[Node]>) -> Self {
        let all_up = nodes.iter().all(|node| node.health.is_up());
        Self {
            databases,
            nodes,
            all_up,
        }
    }

    /// The databases, in the order they were declared.
    pub fn databases(&self) -> &[Database] {
        &self.databases
    }

    /// The nodes of a database, its primary first.
    pub fn nodes_of<'a>(&'a self, database: &'a Database) -> impl Iterator<Item = &'a Node> {
        std::iter::once(&database.primary)
            .chain(&database.replicas)
            .map(|id| self.node(*id))
    }

    pub(crate) fn database(&self, id: DatabaseId) -> &Database {
        &self.databases[id.index()]
    }

    pub(crate) fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.index()]
    }

    pub(crate) fn find_database(&self, name: &str) -> Option<DatabaseId> {
        let found = self.databases.iter().position(|d| d.name == name)?;
        u32::try_from(found).ok().map(DatabaseId)
    }

    pub(crate) fn find_node(&self, name: &str) -> Option<NodeId> {
        let found = self.nodes.iter().position(|n| n.name == name)?;
        u32::try_from(found).ok().map(NodeId)
    }

    pub(crate) fn database_names(&self) -> impl Iterator<Item = &str> {
        self.databases.iter().map(|database| database.name.as_str())
    }

    pub(crate) fn node_names(&self) -> impl Iterator<Item = &str> {
        self.nodes.iter().map(|node| node.name.as_str())
    }

    /// Whether `now` is needed to tell which nodes serve.
    pub(crate) fn is_all_up(&self) -> bool {
        self.all_up
    }

    /// The same topology with another health of one node.
    pub(crate) fn with_health(&self, node: NodeId, health: impl FnOnce(Health) -> Health) -> Self {
        let mut nodes = self.nodes.clone();
        if let Some(node) = nodes.get_mut(node.index()) {
            node.health = health(node.health);
        }
        Self::new(self.databases.clone(), nodes)
    }

    /// Each replica of a database with its state, for an error.
    pub(crate) fn describe_replicas(&self, database: DatabaseId, now: Instant) -> String {
        let replicas = &self.database(database).replicas;
        let described: Vec<_> = replicas
            .iter()
            .map(|id| {
                let node = self.node(*id);
                let state = if node.health.serves(now) {
                    "up"
                } else {
                    "down"
                };
                format!("{} is {state}", node.name)
            })
            .collect();
        match described.is_empty() {
            true => "it has none".to_owned(),
            false => described.join(", "),
        }
    }
}

impl fmt::Display for Topology {
    /// A line for each node.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for database in &self.databases {
            writeln!(f, "{} ({})", database.name, dialect_name(database.dialect))?;
            for node in self.nodes_of(database) {
                let state = if node.is_up() { "up" } else { "down" };
                writeln!(
                    f,
                    "  {:<24} {:<8} {state}",
                    node.name.as_str(),
                    node.role.to_string()
                )?;
            }
        }
        Ok(())
    }
}
