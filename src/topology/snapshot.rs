//! The snapshot: databases and nodes at one moment.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use sea_orm::DbBackend;

use super::node::{Node, NodeState, Role, Service};
use super::{DatabaseId, Health, NodeId, PoolId, Rank};
use crate::error::{RoutingError, dialect_name};
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
    databases: Vec<Arc<Database>>,
    nodes: Vec<Arc<Node>>,
    names: Arc<HashMap<Box<str>, Named>>,
    /// Grows when roles, members or pools change, not with health.
    epoch: u64,
}

/// Databases and nodes share their names.
#[derive(Debug, Clone, Copy)]
enum Named {
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

    fn next_node(&self) -> NodeId {
        NodeId::new(to_index(self.nodes.len()))
    }

    /// Each node of a database with its state, for an error.
    pub(crate) fn describe(&self, nodes: impl Iterator<Item = NodeId>) -> String {
        let described: Vec<_> = nodes
            .map(|id| {
                let node = self.node(id);
                match &node.service {
                    Service::Refused(reason) => format!("{} is refused: {reason}", node.name),
                    _ => format!("{} is {}", node.name, node.state()),
                }
            })
            .collect();
        match described.is_empty() {
            true => "it has none".to_owned(),
            false => described.join(", "),
        }
    }
}

/// What errors tell.
impl Topology {
    /// Each replica of a database with its lag.
    pub(crate) fn describe_lag(&self, database: DatabaseId) -> String {
        let replicas = self.database(database).replicas.iter();
        let described: Vec<_> = replicas
            .map(|id| {
                let node = self.node(*id);
                match (node.state(), node.lag()) {
                    (NodeState::Up | NodeState::Probation | NodeState::Lagging, Some(lag)) => {
                        format!("{}: {lag}", node.name)
                    }
                    (state, _) => format!("{} is {state}, its lag is not known", node.name),
                }
            })
            .collect();
        described.join(", ")
    }
}

/// What the one writer changes, on a copy.
impl Topology {
    /// Changes what is known of a node.
    pub(crate) fn change_node(&mut self, id: NodeId, change: impl FnOnce(&mut Node)) {
        let node = Arc::make_mut(&mut self.nodes[id.index()]);
        change(node);
        let database = node.database;
        self.calm_changed(database);
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
        self.change_node(id, |node| node.service = Service::Draining);
    }

    /// Removes a replica.
    pub(crate) fn remove_node(&mut self, id: NodeId) {
        let database = self.node(id).database;
        let found = Arc::make_mut(&mut self.databases[database.index()]);
        let others = found.replicas.iter().copied().filter(|other| *other != id);
        found.replicas = others.collect();
        self.leave(id);
    }

    /// Removes a database with its nodes.
    pub(crate) fn remove_database(&mut self, id: DatabaseId) {
        for node in self.node_ids_of(id).collect::<Vec<_>>() {
            self.leave(node);
        }
        let database = Arc::make_mut(&mut self.databases[id.index()]);
        database.removed = true;
        Arc::make_mut(&mut self.names).remove(database.name.as_str());
    }

    fn leave(&mut self, id: NodeId) {
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
}

/// There is no memory for more.
fn to_index(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
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
            Self::Split(_) | Self::Vacant => RoutingError::WritesStopped { database, reason },
            Self::Unreachable { reason, .. } => RoutingError::PrimaryDown {
                database,
                reason: reason.to_string(),
            },
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
}
