//! What a transaction and those nested in it share: the branches, and what they may run.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use futures_util::future::BoxFuture;
use sea_orm::{AccessMode, DbBackend, DbErr, TransactionOptions};
use tokio::sync::OnceCell;

use super::branch::Branch;
use super::levels::Levels;
use crate::dispatch::{Core, Known};
use crate::error::{RoutingError, list};
use crate::sql::Access;
use crate::topology::{DatabaseId, Topology};

/// What a transaction and those nested in it share.
pub(super) struct Shared {
    pub(super) core: Arc<Core>,
    options: TransactionOptions,
    /// One for each database, begun by the first statement there.
    branches: Box<[OnceCell<Branch>]>,
    pub(super) levels: Levels,
    writes_to: OnceLock<DatabaseId>,
    order: Mutex<Vec<DatabaseId>>,
}

impl Shared {
    pub(super) fn new(core: Arc<Core>, options: TransactionOptions) -> Self {
        let databases = core.cluster.topology().databases().len();
        Self {
            core,
            options,
            branches: (0..databases).map(|_| OnceCell::new()).collect(),
            levels: Levels::default(),
            writes_to: OnceLock::new(),
            order: Mutex::default(),
        }
    }

    pub(super) async fn branch(&self, database: DatabaseId) -> Result<&Branch, DbErr> {
        let slot = self.branches.get(database.index()).ok_or_else(|| {
            DbErr::from(RoutingError::Doomed {
                reason: "the database was added after it began".to_owned(),
            })
        })?;
        match slot.get() {
            Some(branch) => Ok(branch),
            None => self.begin(slot, database).await,
        }
    }

    /// Boxed: it nests deep, and happens once.
    fn begin<'s>(
        &'s self,
        slot: &'s OnceCell<Branch>,
        database: DatabaseId,
    ) -> BoxFuture<'s, Result<&'s Branch, DbErr>> {
        Box::pin(slot.get_or_try_init(move || async move {
            let topology = self.core.cluster.snapshot();
            let found = topology.database(database);
            let pool = self.core.cluster.pool(found.primary);
            let name = found.name.clone();
            let branch = Branch::begin(pool, name, found.dialect, &self.options).await?;
            let mut order = self.order.lock().unwrap_or_else(PoisonError::into_inner);
            order.push(database);
            Ok(branch)
        }))
    }

    /// Commits the branch with changes, then those that only read: they have nothing to lose, so
    /// once the changes are kept their errors are no errors of the transaction.
    pub(super) async fn commit(&self) -> Result<(), DbErr> {
        let mut kept = false;
        for branch in self.open() {
            match branch.commit().await {
                Err(error) if !kept => return Err(error),
                Err(error) => tracing::warn!(%error, "a branch that only read did not commit"),
                Ok(()) => kept |= self.writes_to.get().is_some(),
            }
        }
        Ok(())
    }

    /// The branches, the one with changes first, the others in order of first use.
    pub(super) fn open(&self) -> impl Iterator<Item = &Branch> {
        let mut order = self
            .order
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        order.sort_by_key(|database| self.writes_to.get() != Some(database));
        order
            .into_iter()
            .filter_map(|database| self.branches.get(database.index())?.get())
    }

    pub(super) fn open_branches(&self) -> Vec<String> {
        let topology = self.core.cluster.topology();
        let order = self.order.lock().unwrap_or_else(PoisonError::into_inner);
        order
            .iter()
            .map(|id| topology.database(*id).name.to_string())
            .collect()
    }

    /// The branch of a statement that names no table.
    pub(super) fn only_branch(&self, topology: &Topology) -> Result<DatabaseId, RoutingError> {
        let order = self.order.lock().unwrap_or_else(PoisonError::into_inner);
        match (&order[..], topology.databases().len()) {
            ([only], _) => Ok(*only),
            ([], 1) => Ok(DatabaseId::new(0)),
            (branches, _) => {
                let names = branches
                    .iter()
                    .map(|id| topology.database(*id).name.as_str());
                Err(RoutingError::WhichBranch {
                    branches: match branches.is_empty() {
                        true => "has no branch yet".to_owned(),
                        false => format!("has branches on {}", list(names)),
                    },
                })
            }
        }
    }

    /// Refuses what a transaction must not run.
    pub(super) fn check(&self, known: &Known, database: DatabaseId) -> Result<(), RoutingError> {
        let access = known.operation.access();
        let evidence = known.operation.evidence();
        if let Some(keyword) = known.operation.controls_transaction() {
            return Err(RoutingError::Control { keyword });
        }
        let writes = matches!(access, Access::Write | Access::Schema);
        let topology = self.core.cluster.topology();
        // SQLite has no read-only transactions, so doubt counts there.
        let sqlite = topology.database(database).dialect == DbBackend::Sqlite;
        let refused = writes || access == Access::Unknown && sqlite;
        if refused && self.options.access_mode == Some(AccessMode::ReadOnly) {
            return Err(RoutingError::ReadOnly {
                scope: "a read-only transaction",
                access,
                evidence: evidence.clone(),
            });
        }
        self.check_writer(access, database, self.writes_to.get().copied())
    }

    /// A statement is about to be sent to a branch that is open: what it writes is written there.
    pub(super) fn writing(&self, known: &Known, database: DatabaseId) -> Result<(), RoutingError> {
        let access = known.operation.access();
        let first = may_write(access).then(|| *self.writes_to.get_or_init(|| database));
        self.check_writer(access, database, first)
    }

    fn check_writer(
        &self,
        access: Access,
        database: DatabaseId,
        first: Option<DatabaseId>,
    ) -> Result<(), RoutingError> {
        match first {
            Some(first) if first != database && may_write(access) => {
                let topology = self.core.cluster.topology();
                Err(RoutingError::SecondDatabase {
                    first: topology.database(first).name.clone(),
                    second: topology.database(database).name.clone(),
                })
            }
            _ => Ok(()),
        }
    }
}

fn may_write(access: Access) -> bool {
    matches!(access, Access::Unknown | Access::Write | Access::Schema)
}
