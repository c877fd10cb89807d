//! What a transaction and those nested in it share: the branches, and what they may run.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use sea_orm::{AccessMode, DbBackend, TransactionOptions};
use smallvec::SmallVec;

use super::branch::Branch;
use super::callbacks::Callbacks;
use super::levels::Levels;
use super::opening::Opening;
use super::state::State;
use crate::dispatch::{Core, Known};
use crate::error::{RoutingError, list};
use crate::scope::{TransactionMode, Transactions};
use crate::session::Session;
use crate::sql::{Access, ImplicitCommit};
use crate::topology::{DatabaseId, NodeId, Role, Topology, WriteBlock};

/// What a transaction and those nested in it share.
pub(super) struct Shared {
    pub(super) core: Arc<Core>,
    pub(super) options: TransactionOptions,
    pub(super) transactions: Arc<Transactions>,
    pub(super) levels: Levels,
    pub(super) callbacks: Callbacks,
    /// What its commits are writes of.
    pub(super) session: Option<Session>,
    /// In the order of their first use.
    branches: Mutex<SmallVec<[Branch; 2]>>,
    writes_to: OnceLock<DatabaseId>,
}

impl Shared {
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

    /// The branch on a database; there is one from now on.
    pub(super) fn branch(&self, database: DatabaseId) -> Branch {
        let mut branches = self.lock();
        if let Some(branch) = branches.iter().find(|branch| branch.database == database) {
            return branch.clone();
        }
        let topology = self.core.cluster.topology();
        let found = topology.database_by_id(database);
        let state = State::new(found.name.clone(), found.dialect);
        let branch = Branch::new(database, state);
        branches.push(branch.clone());
        branch
    }

    /// The branches, in the order of their first use.
    pub(super) fn branches(&self) -> SmallVec<[Branch; 2]> {
        self.lock().clone()
    }

    /// How the branch on a database opens.
    pub(super) fn opening(&self, database: DatabaseId) -> Opening<'_> {
        Opening {
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

    /// The branch of a statement that names no table.
    pub(super) fn only_branch(&self, topology: &Topology) -> Result<DatabaseId, RoutingError> {
        let branches: Vec<_> = self
            .branches()
            .into_iter()
            .filter(Branch::is_in_use)
            .collect();
        // Those that came later do not count: what was clear stays so.
        let declared = self.core.shared.declared;
        let mut databases = topology
            .database_ids()
            .filter(|database| database.index() < declared);
        match (&branches[..], (databases.next(), databases.next())) {
            ([only], _) => Ok(only.database),
            ([], (Some(only), None)) => Ok(only),
            (branches, _) => {
                let name = |branch: &Branch| topology.database_by_id(branch.database).name.clone();
                let names: Vec<_> = branches.iter().map(name).collect();
                Err(RoutingError::WhichBranch {
                    branches: match names.is_empty() {
                        true => "has no branch yet".to_owned(),
                        false => {
                            let names = names.iter().map(|name| name.as_str());
                            format!("has branches on {}", list(names))
                        }
                    },
                })
            }
        }
    }

    /// Refuses what a transaction must not run; `access_mode` is that of the level it runs in.
    pub(super) fn check(
        &self,
        known: &Known,
        database: DatabaseId,
        access_mode: Option<AccessMode>,
    ) -> Result<(), RoutingError> {
        let access = known.operation.access();
        let evidence = known.operation.evidence();
        let topology = self.core.cluster.topology();
        let found = topology.database_by_id(database);
        if let Some(keyword) = known.operation.controls_transaction() {
            return Err(RoutingError::Control { keyword });
        }
        if let Some(ImplicitCommit::Certain(keyword)) = known.operation.commits_implicitly()
            && found.dialect == DbBackend::MySql
        {
            let database = found.name.clone();
            return Err(RoutingError::ImplicitCommit { keyword, database });
        }
        let writes = matches!(access, Access::Write | Access::Schema);
        // SQLite has no read-only transactions, and a savepoint none on any server: doubt counts.
        let kept_by_us =
            found.dialect == DbBackend::Sqlite || access_mode != self.options.access_mode;
        let refused = writes || access == Access::Unknown && kept_by_us;
        if refused && access_mode == Some(AccessMode::ReadOnly) {
            return Err(RoutingError::ReadOnly {
                scope: "a read-only transaction",
                access,
                evidence: evidence.clone(),
            });
        }
        self.check_writer(known, database, self.writes_to.get().copied())
    }

    /// Refuses the primary by name, where the transaction reads from a replica.
    pub(super) fn check_node(
        &self,
        node: NodeId,
        database: DatabaseId,
    ) -> Result<(), RoutingError> {
        let topology = self.core.cluster.topology();
        let (mode, options) = (&self.transactions, &self.options);
        let elsewhere =
            mode.on_replica(options) && !topology.database_by_id(database).replicas.is_empty();
        match elsewhere {
            true => Err(RoutingError::NotInTransaction {
                scope: format!("using(..) with the node {}", topology.node(node).name),
                primary: "; this one only reads, and does so on a replica".to_owned(),
            }),
            false => Ok(()),
        }
    }

    /// Refuses to go on where a branch is open on a node that is the primary no more.
    pub(super) fn check_primary(
        &self,
        state: &mut State,
        database: DatabaseId,
    ) -> Result<(), RoutingError> {
        let Some((node, Role::Primary)) = state.at else {
            return Ok(());
        };
        let topology = self.core.cluster.topology();
        let found = topology.database_by_id(database);
        match &found.write_block {
            _ if found.primary != node => {
                let reason = format!("another node is the primary of {} now", found.name);
                state.doom(reason.clone());
                Err(RoutingError::Doomed { reason })
            }
            Some(halt @ WriteBlock::SplitBrain(_)) if state.written => Err(halt.error(found)),
            Some(_) | None => Ok(()),
        }
    }

    /// The keyword of a statement that may make the database commit what is under way.
    pub(super) fn may_commit(&self, known: &Known, database: DatabaseId) -> Option<&'static str> {
        match known.operation.commits_implicitly() {
            Some(ImplicitCommit::Possible(keyword)) => {
                let topology = self.core.cluster.topology();
                let mysql = topology.database_by_id(database).dialect == DbBackend::MySql;
                mysql.then_some(keyword)
            }
            Some(ImplicitCommit::Certain(_)) | None => None,
        }
    }

    /// A statement is about to be sent to a branch that is open: what it writes is written there.
    pub(super) fn writing(
        &self,
        known: &Known,
        database: DatabaseId,
        state: &mut State,
    ) -> Result<(), RoutingError> {
        if !known.may_write() {
            return Ok(());
        }
        let first = *self.writes_to.get_or_init(|| database);
        self.check_writer(known, database, Some(first))?;
        state.written = true;
        Ok(())
    }

    fn check_writer(
        &self,
        known: &Known,
        database: DatabaseId,
        first: Option<DatabaseId>,
    ) -> Result<(), RoutingError> {
        match (self.transactions.mode, first) {
            (TransactionMode::SingleDatabase, Some(first))
                if first != database && known.may_write() =>
            {
                let topology = self.core.cluster.topology();
                Err(RoutingError::SecondDatabase {
                    first: topology.database_by_id(first).name.clone(),
                    second: topology.database_by_id(database).name.clone(),
                })
            }
            _ => Ok(()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, SmallVec<[Branch; 2]>> {
        self.branches.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
