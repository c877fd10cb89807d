//! How the transactions of a handle behave.

use sea_orm::{AccessMode, IsolationLevel, Statement, TransactionOptions};

use crate::topology::{DatabaseId, Role};

/// What a transaction may write to, and how it commits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum TransactionMode {
    /// One database is written, any number are read. A write to a second database is refused,
    /// because the two could come apart.
    #[default]
    SingleDatabase,
    /// Any number of databases are written, and each is committed on its own, in the order of their
    /// first use. If one fails to commit, those before it stay committed, and
    /// [`TxnError::PartialCommit`](crate::error::TxnError::PartialCommit) says which.
    ///
    /// SQLAlchemy does the same with several binds, but does not report a partial commit.
    Independent,
}

/// Where read-only transactions run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum ReadOnlyTransactions {
    /// On the primary, like every other transaction.
    #[default]
    Primary,
    /// On a replica, chosen when the transaction first uses a database, and kept. Serializable ones
    /// stay on the primary: no replica can run them.
    Replica,
}

/// How the transactions of a handle behave.
#[derive(Debug, Clone, Default)]
pub(crate) struct Transactions {
    pub(crate) mode: TransactionMode,
    pub(crate) read_only: ReadOnlyTransactions,
    /// Statements that run first on each branch of a database.
    pub(crate) branch_begin: Vec<(DatabaseId, Statement)>,
}

impl Transactions {
    /// Applies the role that the handle of the transaction has fixed.
    pub(crate) fn choose(&mut self, role: Role) {
        self.read_only = match role {
            Role::Primary => ReadOnlyTransactions::Primary,
            Role::Replica => ReadOnlyTransactions::Replica,
        };
    }

    /// Whether a transaction with these options may run on replicas.
    pub(crate) fn on_replica(&self, options: &TransactionOptions) -> bool {
        self.read_only == ReadOnlyTransactions::Replica
            && options.access_mode == Some(AccessMode::ReadOnly)
            && options.isolation_level != Some(IsolationLevel::Serializable)
    }

    /// The statements for the branch on a database, in the order they were given.
    pub(crate) fn branch_begin(&self, database: DatabaseId) -> impl Iterator<Item = &Statement> {
        let of_database = move |(id, _): &&(DatabaseId, Statement)| *id == database;
        self.branch_begin
            .iter()
            .filter(of_database)
            .map(|(_, sql)| sql)
    }
}
