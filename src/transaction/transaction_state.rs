//! What a transaction shares with those nested in it: its options and its branches.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use sea_orm::TransactionOptions;
use smallvec::SmallVec;

use super::branch::Branch;
use super::callbacks::Callbacks;
use super::levels::Levels;
use super::opener::BranchOpener;
use super::state::BranchState;
use crate::dispatch::Core;
use crate::error::{RoutingError, TxnError};
use crate::scope::Transactions;
use crate::session::Session;
use crate::topology::{DatabaseId, Topology};

/// What a transaction shares with those nested in it.
pub(super) struct TransactionState {
    pub(super) core: Arc<Core>,
    pub(super) options: TransactionOptions,
    pub(super) transactions: Arc<Transactions>,
    pub(super) levels: Levels,
    pub(super) callbacks: Callbacks,
    /// The session that its commits count as writes of.
    pub(super) session: Option<Session>,
    /// In the order of their first use.
    branches: Mutex<SmallVec<[Branch; 2]>>,
    /// The first database that was written.
    pub(super) writes_to: OnceLock<DatabaseId>,
}

impl TransactionState {
    pub(super) fn new(
        core: Arc<Core>,
        options: TransactionOptions,
        transactions: Arc<Transactions>,
        session: Option<Session>,
    ) -> Self {
        Self {
            core,
            options,
            transactions,
            levels: Levels::default(),
            callbacks: Callbacks::default(),
            session,
            branches: Mutex::default(),
            writes_to: OnceLock::new(),
        }
    }

    /// Returns the branch on a database, and adds it if there is none.
    pub(super) fn branch(&self, database: DatabaseId) -> Branch {
        let mut branches = self.lock();
        if let Some(branch) = branches.iter().find(|branch| branch.database == database) {
            return branch.clone();
        }
        let topology = self.core.cluster.topology();
        let found = topology.database_by_id(database);
        let state = BranchState::new(found.name.clone(), found.dialect);
        let branch = Branch::new(database, state);
        branches.push(branch.clone());
        branch
    }

    /// The branches, in the order of their first use.
    pub(super) fn branches(&self) -> SmallVec<[Branch; 2]> {
        self.lock().clone()
    }

    /// What opens the branch on a database.
    pub(super) fn opener(&self, database: DatabaseId) -> BranchOpener<'_> {
        BranchOpener {
            core: &self.core,
            options: &self.options,
            transactions: &self.transactions,
            database,
            session: self.session.as_ref(),
        }
    }

    pub(super) fn open_branches(&self) -> Vec<String> {
        let topology = self.core.cluster.topology();
        let name = |branch: &Branch| topology.database_by_id(branch.database).name.to_string();
        self.lock().iter().map(name).collect()
    }

    /// The database of a statement that names no table, if one is in use.
    ///
    /// # Errors
    ///
    /// Several are.
    pub(super) fn only_branch(
        &self,
        topology: &Topology,
    ) -> Result<Option<DatabaseId>, RoutingError> {
        let branches = self.branches().into_iter().filter(Branch::is_in_use);
        let databases: SmallVec<[_; 2]> = branches.map(|branch| branch.database).collect();
        match databases[..] {
            [] => Ok(None),
            [only] => Ok(Some(only)),
            _ => {
                let name = |id: &DatabaseId| topology.database_by_id(*id).name.clone();
                Err(RoutingError::Transaction(TxnError::AmbiguousBranch {
                    branches: databases.iter().map(name).collect(),
                }))
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, SmallVec<[Branch; 2]>> {
        self.branches.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
