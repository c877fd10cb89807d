//! Errors of names and of changes of the topology.

use std::time::Duration;

use super::words::Quoted;
use crate::name::{DatabaseName, NodeName};

/// A name that does not exist, or a change of databases and nodes that is refused.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum TopologyError {
    /// No database has this name.
    #[error("unknown database {name:?}; declared databases: {}", Quoted(.known))]
    #[non_exhaustive]
    UnknownDatabase {
        /// The name that was asked for.
        name: String,
        /// The declared databases.
        known: Vec<DatabaseName>,
    },
    /// No node has this name, and no database where one is accepted too.
    #[error("unknown database or node {name:?}; known names: {}", Quoted(.known))]
    #[non_exhaustive]
    UnknownNode {
        /// The name that was asked for.
        name: String,
        /// The names that are accepted.
        known: Vec<String>,
    },
    /// The database or node was removed.
    #[error("{name:?} was removed; create a new handle with using(..)")]
    #[non_exhaustive]
    Removed {
        /// The name of the database or node.
        name: String,
    },
    /// A node cannot be drained or removed because it is a primary.
    #[error(
        "node \"{node}\" is the primary of \"{database}\"; only replicas can be drained or removed"
    )]
    #[non_exhaustive]
    NotAReplica {
        /// The node.
        node: NodeName,
        /// Its database.
        database: DatabaseName,
    },
    /// A replica does not follow the primary of its database.
    #[error(
        "node \"{node}\" is not a replica of \"{database}\": {reason}; correct its address, or declare it as a database of its own"
    )]
    #[non_exhaustive]
    ForeignReplica {
        /// The node.
        node: NodeName,
        /// The database it was declared in.
        database: DatabaseName,
        /// How the two servers differ.
        reason: String,
    },
    /// A database cannot be removed.
    #[error("database \"{database}\" cannot be removed: {reason}")]
    #[non_exhaustive]
    CannotRemove {
        /// The database.
        database: DatabaseName,
        /// Why not.
        reason: String,
    },
    /// A node cannot be accepted as the primary.
    #[error("node \"{node}\" was not accepted as the primary of \"{database}\": {reason}")]
    #[non_exhaustive]
    CannotAccept {
        /// The node.
        node: NodeName,
        /// The database.
        database: DatabaseName,
        /// Why not.
        reason: String,
    },
    /// Statements or transactions did not finish in time.
    #[error(
        "{what} was still in use after {waited:?}; it receives no new statements, running ones continue"
    )]
    #[non_exhaustive]
    Draining {
        /// The node or database.
        what: String,
        /// How long it was waited for.
        waited: Duration,
    },
    /// The connection is closed.
    #[error("the RoutingConnection is closed; nothing can be added, changed or awaited")]
    #[non_exhaustive]
    Closed,
    /// Connections were still in use when the time to close was over.
    #[error(
        "connections of {} were still in use after {waited:?}; they receive no new statements",
        Quoted(.nodes)
    )]
    #[non_exhaustive]
    StillOpen {
        /// The nodes.
        nodes: Vec<NodeName>,
        /// How long they were waited for.
        waited: Duration,
    },
}
