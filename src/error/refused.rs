//! Errors of statements that are refused before they are sent.

use crate::name::{DatabaseName, NodeName};
use crate::sql::{Access, Evidence};

/// A statement that must not be sent where it would go.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum RefusedError {
    /// The SQL text contains a NUL byte, which sends SQLite's driver into an endless loop.
    #[error(
        "the statement contains a NUL byte, which SQLite does not accept in SQL text; pass it as a value"
    )]
    #[non_exhaustive]
    NulByte,
    /// The database speaks another dialect than the handle.
    #[error(
        "{what} goes to database \"{database}\", which is {node_dialect}, but this handle speaks {handle_dialect}; use {way_out}"
    )]
    #[non_exhaustive]
    ForeignDialect {
        /// What the statement is.
        what: String,
        /// The database it goes to.
        database: DatabaseName,
        /// The dialect of that database.
        node_dialect: &'static str,
        /// The dialect of the handle.
        handle_dialect: &'static str,
        /// Which handle to use.
        way_out: String,
    },
    /// A raw statement was built for another dialect than its node speaks.
    #[error(
        "a raw statement for {statement_dialect} was routed to node \"{node}\" of database \"{database}\", which is {node_dialect}; build it with the backend of the handle that runs it, using(\"{database}\") or for_entity(..)"
    )]
    #[non_exhaustive]
    StatementDialect {
        /// The dialect the statement was built for.
        statement_dialect: &'static str,
        /// The database it would go to.
        database: DatabaseName,
        /// The node it would go to.
        node: NodeName,
        /// The dialect of that node.
        node_dialect: &'static str,
    },
    /// The handle or the transaction allows only reads, and the statement is not proven to be one.
    #[error(
        "{scope} allows only reads, and this statement is {access}: {evidence}; run it on a handle without that limit"
    )]
    #[non_exhaustive]
    ReadOnly {
        /// What sets the limit.
        scope: &'static str,
        /// What the statement does.
        access: Access,
        /// The part of the statement that shows it.
        evidence: Evidence,
    },
    /// An explicit choice would send a write to a replica.
    #[error(
        "{by} sends this statement to a replica of \"{database}\", but it is {access}: {evidence}; use a handle without that choice, and it goes to the primary"
    )]
    #[non_exhaustive]
    WriteOnReplica {
        /// What chose the replica.
        by: &'static str,
        /// The database.
        database: DatabaseName,
        /// What the statement does.
        access: Access,
        /// The part of the statement that shows it.
        evidence: Evidence,
    },
}
