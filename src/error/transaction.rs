//! Errors of transactions and their branches.

use std::sync::Arc;

use sea_orm::DbErr;

use super::words::{Quoted, on_primary};
use crate::name::{DatabaseName, NodeName};

/// A transaction that cannot go on, or a statement that it cannot run.
///
/// Named so that it does not clash with SeaORM's `TransactionError`.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum TxnError {
    /// The transaction would write to a second database.
    #[error(
        "this transaction has written to \"{first}\" and cannot write to \"{second}\" too, because the two cannot be committed as one; use two transactions, or TransactionMode::Independent if each may be committed on its own"
    )]
    #[non_exhaustive]
    SecondDatabase {
        /// The database that has changes.
        first: DatabaseName,
        /// The database that was to be changed.
        second: DatabaseName,
    },
    /// A MySQL statement commits the transaction it runs in before it does anything.
    #[error(
        "{keyword} makes \"{database}\" commit the transaction before it runs, and what follows would not be part of it; run it outside of a transaction"
    )]
    #[non_exhaustive]
    ImplicitCommit {
        /// The keyword of the statement.
        keyword: &'static str,
        /// The database.
        database: DatabaseName,
    },
    /// Some databases were committed and another one was not. This happens only where each is
    /// committed on its own ([`TransactionMode::Independent`](crate::TransactionMode::Independent)).
    #[error(
        "\"{failed}\" {}: {source}; committed: {}; rolled back: {}",
        match .unknown {
            true => "lost its connection during the commit, which may or may not have happened",
            false => "was not committed",
        },
        Quoted(.committed),
        Quoted(.rolled_back)
    )]
    #[non_exhaustive]
    PartialCommit {
        /// The database that was not committed.
        failed: DatabaseName,
        /// Whether it may have been committed nevertheless, because its answer was lost.
        unknown: bool,
        /// The databases that were committed.
        committed: Vec<DatabaseName>,
        /// The databases that were rolled back.
        rolled_back: Vec<DatabaseName>,
        /// The error of the database or of its driver.
        source: Arc<DbErr>,
    },
    /// The answer to a commit was lost: it may or may not have happened.
    #[error(
        "the connection to \"{database}\" was lost during the commit, which may or may not have happened: {source}; check the data before you repeat the transaction"
    )]
    #[non_exhaustive]
    CommitUnknown {
        /// The database.
        database: DatabaseName,
        /// The error of the driver.
        source: Arc<DbErr>,
    },
    /// A statement of `on_branch_begin` failed, so that the branch did not open.
    #[error(
        "a statement of on_branch_begin(..) failed on \"{database}\", and nothing else was run there: {source}"
    )]
    #[non_exhaustive]
    BranchBegin {
        /// The database.
        database: DatabaseName,
        /// The error of the database.
        source: Arc<DbErr>,
    },
    /// A statement cannot be run by `on_branch_begin`.
    #[error(
        "on_branch_begin(..) cannot run this statement on \"{database}\": {reason}; it accepts settings of a transaction, such as SET LOCAL"
    )]
    #[non_exhaustive]
    InvalidBranchBegin {
        /// The database.
        database: DatabaseName,
        /// Why not.
        reason: String,
    },
    /// A nested transaction was given an option that only the outermost can have.
    #[error(
        "a nested transaction is a savepoint and cannot have {option}; give the option to the outermost transaction"
    )]
    #[non_exhaustive]
    NestedOption {
        /// The option.
        option: String,
    },
    /// One database cannot be rolled back on its own here.
    #[error(
        "\"{database}\" cannot be rolled back on its own: {reason}; roll back the whole transaction"
    )]
    #[non_exhaustive]
    RollbackOn {
        /// The database.
        database: DatabaseName,
        /// Why not.
        reason: &'static str,
    },
    /// A statement names no table, and the transaction has several branches.
    #[error(
        "this statement names no table, and the transaction has branches on {}; choose a database with txn.using(..)",
        Quoted(.branches)
    )]
    #[non_exhaustive]
    AmbiguousBranch {
        /// The databases on which the transaction has a branch.
        branches: Vec<DatabaseName>,
    },
    /// A replica is chosen for a transaction, which runs on the primary.
    #[error(
        "{scope} chooses a replica, but a transaction runs on the primary{}; use a handle without that choice",
        on_primary(.primary)
    )]
    #[non_exhaustive]
    ReplicaInTransaction {
        /// What chose it.
        scope: String,
        /// The primary, if it is known.
        primary: Option<NodeName>,
    },
    /// A node is chosen by name for a read-only transaction that runs on a replica.
    #[error(
        "node \"{node}\" is chosen with using(..), but this read-only transaction runs on a replica; use a handle without that choice"
    )]
    #[non_exhaustive]
    NodeInReplicaTransaction {
        /// The node.
        node: NodeName,
    },
    /// A control statement of a branch was interrupted: whether it ran is not known.
    #[error(
        "the transaction on \"{database}\" is in doubt: {statement} was interrupted before its answer; its connection is closed, and the server rolls back what was not committed"
    )]
    #[non_exhaustive]
    InDoubt {
        /// The database.
        database: DatabaseName,
        /// The statement that was interrupted.
        statement: &'static str,
    },
    /// The only connection of a pool is held by a transaction of the task that waits for it.
    #[error(
        "no connection to node \"{node}\" came free: a transaction of this same task holds the only one; run the statement in that transaction, or end it first, or give the pool more connections"
    )]
    #[non_exhaustive]
    WaitsForItself {
        /// The node.
        node: NodeName,
    },
    /// A statement would begin or end the transaction that it runs in.
    #[error(
        "{keyword} in a statement would begin or end the transaction outside of begin(), commit() and rollback(); use these"
    )]
    #[non_exhaustive]
    TransactionControl {
        /// The keyword of the statement.
        keyword: &'static str,
    },
    /// The transaction can only be rolled back.
    #[error("the transaction cannot continue: {reason}; roll it back")]
    #[non_exhaustive]
    Doomed {
        /// Why.
        reason: String,
    },
    /// A level of the transaction is used that is not the innermost.
    #[error("a nested transaction is still open inside this one; commit it or roll it back first")]
    #[non_exhaustive]
    NestedOpen,
}
