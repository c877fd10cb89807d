//! Errors of the declaration: names, options and URLs that cannot be used.

use super::words::Quoted;
use crate::name::{DatabaseName, NodeName};

/// What is declared cannot be used, or contradicts itself. Nothing was opened or changed.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// Two databases or nodes have the same name.
    #[error(
        "name {name:?} is declared twice; names of databases and nodes are unique: choose another one with name(..)"
    )]
    #[non_exhaustive]
    DuplicateName {
        /// The name.
        name: String,
    },
    /// A name is empty or contains control characters.
    #[error(
        "invalid name {name:?} for a {what}: it is empty or contains control characters; choose another one"
    )]
    #[non_exhaustive]
    InvalidName {
        /// What was to be named.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// The default database is not declared.
    #[error(
        "the default database {name:?} is not declared; declared databases: {}; declare it, or choose another one with default_database(..)",
        Quoted(.known)
    )]
    #[non_exhaustive]
    NoDefault {
        /// The name of the default database.
        name: String,
        /// The declared databases.
        known: Vec<DatabaseName>,
    },
    /// The nodes of one database speak different dialects.
    #[error(
        "node \"{node}\" is {found}, but its database \"{database}\" is {expected}; a database has one dialect: declare two databases"
    )]
    #[non_exhaustive]
    MixedDialects {
        /// The database.
        database: DatabaseName,
        /// The dialect of its primary.
        expected: &'static str,
        /// The node that differs.
        node: NodeName,
        /// The dialect of that node.
        found: &'static str,
    },
    /// A URL cannot be parsed. The error does not repeat it, since it may contain a password.
    #[error("invalid URL of node \"{node}\": {reason}")]
    #[non_exhaustive]
    InvalidUrl {
        /// The node.
        node: NodeName,
        /// What is wrong with it.
        reason: String,
    },
    /// A private in-memory database is declared as a replica.
    #[error(
        "node \"{node}\" is a private in-memory database and cannot be a replica: nothing is replicated to it; use a file"
    )]
    #[non_exhaustive]
    PrivateReplica {
        /// The node.
        node: NodeName,
    },
    /// The server that is declared as the primary takes no writes.
    #[error(
        "node \"{node}\" is declared as the primary of \"{database}\", but its server only reads: it is a standby, or read-only; give its primary's URL first, or follow the servers with roles(RoleSource::Observed); if \"{database}\" is only read, declare it with require_primary(false)"
    )]
    #[non_exhaustive]
    PrimaryOnlyReads {
        /// The node.
        node: NodeName,
        /// Its database.
        database: DatabaseName,
    },
    /// An option of a node is out of range.
    #[error("{what} of node \"{node}\" cannot be {value}: {reason}")]
    #[non_exhaustive]
    InvalidOption {
        /// The option.
        what: &'static str,
        /// The node.
        node: NodeName,
        /// The value that was given.
        value: String,
        /// Why it is refused.
        reason: &'static str,
    },
    /// A setting of a database is out of range.
    #[error("{what} of database \"{database}\" cannot be {value}: {reason}")]
    #[non_exhaustive]
    InvalidSetting {
        /// The setting.
        what: &'static str,
        /// The database.
        database: DatabaseName,
        /// The value that was given.
        value: String,
        /// Why it is refused.
        reason: &'static str,
    },
    /// The key or the lifetime of session tokens cannot be used.
    #[error("session tokens cannot be made with these settings: {reason}")]
    #[non_exhaustive]
    InvalidTokenSetting {
        /// Why not.
        reason: String,
    },
    /// The feature of the driver of a connection is off, so that it cannot hold a transaction.
    #[error(
        "node \"{node}\" uses a driver whose feature is off in sea-orm-routing; turn on the feature of {dialect}"
    )]
    #[non_exhaustive]
    DriverOff {
        /// The node.
        node: NodeName,
        /// Its dialect.
        dialect: &'static str,
    },
}
