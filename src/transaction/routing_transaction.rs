//! The transaction an application holds.

use std::fmt;
use std::sync::Arc;

use sea_orm::{AccessMode, DbBackend, DbErr, TransactionOptions, TransactionSession};
use tokio::sync::OwnedMutexGuard;

use super::branch::Branch;
use super::callbacks::When;
use super::levels::Level;
use super::protocol;
use super::state::BranchState;
use super::transaction_state::TransactionState;
use crate::dispatch::{
    Action, Answer, Core, Dispatch, Planned, Rendered, Source, connection_trait,
};
use crate::error::{RoutingError, TxnError};
use crate::observe::EventKind;
use crate::route::{Decision, Route, WhyDatabase};
use crate::scope::{Place, Scope};
use crate::topology::Role;

/// A transaction over the databases of a [`RoutingConnection`](crate::RoutingConnection).
///
/// It begins on a database with the first statement there, runs on primaries unless it is declared
/// read-only, and writes to one database unless its [mode](crate::TransactionMode) allows several.
/// Dropped without [`commit`](TransactionSession::commit), it is rolled back.
///
/// ```
/// use sea_orm::{ConnectionTrait, DbErr, TransactionSession, TransactionTrait};
/// use sea_orm_routing::RoutingConnection;
///
/// # async fn run() -> Result<(), DbErr> {
/// let db = RoutingConnection::builder()
///     .database("default", "sqlite::memory:")
///     .connect()
///     .await?;
/// db.execute_unprepared("CREATE TABLE cake (id INTEGER)").await?;
///
/// let txn = db.begin().await?;
/// txn.execute_unprepared("INSERT INTO cake VALUES (1)").await?;
/// txn.commit().await?;
/// # Ok(())
/// # }
/// # tokio::runtime::Runtime::new().unwrap().block_on(run()).unwrap();
/// ```
pub struct RoutingTransaction {
    shared: Arc<TransactionState>,
    scope: Scope,
    /// `None` for the outermost.
    level: Option<Level>,
    /// The access mode of this level, or else the one of the transaction around it.
    access_mode: Option<AccessMode>,
    ended: bool,
}

impl fmt::Debug for RoutingTransaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RoutingTransaction")
            .field("level", &self.level)
            .field("branches", &self.shared.open_branches())
            .finish_non_exhaustive()
    }
}

impl RoutingTransaction {
    pub(crate) fn new(core: Arc<Core>, mut scope: Scope, options: TransactionOptions) -> Self {
        let mut transactions = Arc::clone(&scope.transactions);
        let node = match scope.place {
            Place::Node(node) => Some(core.cluster.topology().node(node).role),
            Place::Database(..) | Place::Anywhere => None,
        };
        if let Some(role) = scope.role.or(node.filter(|role| *role == Role::Primary)) {
            // The transaction takes the role of its handle if it can have it.
            let transactions = Arc::make_mut(&mut transactions);
            transactions.choose(role);
            scope.role = scope.role.filter(|_| !transactions.on_replica(&options));
        }
        Self {
            access_mode: options.access_mode,
            shared: Arc::new(TransactionState::new(
                core,
                options,
                transactions,
                scope.session.clone(),
            )),
            scope,
            level: None,
            ended: false,
        }
    }

    pub(crate) fn scope(&self) -> &Scope {
        &self.scope
    }

    pub(super) fn access_mode(&self) -> Option<AccessMode> {
        self.access_mode
    }

    #[cfg(feature = "session-tokens")]
    pub(crate) fn is_nested(&self) -> bool {
        self.level.is_some()
    }

    pub(crate) fn core(&self) -> &Arc<Core> {
        &self.shared.core
    }

    /// A transaction nested in this one, with a scope.
    pub(super) fn nested(&self, scope: Scope, options: TransactionOptions) -> Result<Self, DbErr> {
        self.check_nested(&options)?;
        Ok(Self {
            level: Some(self.shared.levels.nest(self.level)?),
            shared: Arc::clone(&self.shared),
            scope,
            access_mode: options.access_mode.or(self.access_mode),
            ended: false,
        })
    }

    /// A savepoint has no options. Only the access mode is possible, since this crate enforces it.
    /// SQLite has no isolation levels, and ignores them.
    fn check_nested(&self, options: &TransactionOptions) -> Result<(), RoutingError> {
        let level = options.isolation_level;
        let other = level.is_some() && level != self.shared.options.isolation_level;
        if other && self.scope.dialect != DbBackend::Sqlite {
            let level = level.map(|level| level.to_string());
            return Err(RoutingError::Transaction(TxnError::NestedOption {
                option: format!("the isolation level {}", level.unwrap_or_default()),
            }));
        }
        let writes = options.access_mode == Some(AccessMode::ReadWrite);
        if writes && self.access_mode == Some(AccessMode::ReadOnly) {
            return Err(RoutingError::Transaction(TxnError::NestedOption {
                option: "the access mode READ WRITE inside a read-only one".to_owned(),
            }));
        }
        Ok(())
    }

    /// Sends a statement to its branch.
    pub(super) async fn send<A: Action, S: Source>(
        &self,
        scope: &Scope,
        mut source: S,
    ) -> Result<A::Output, DbErr> {
        self.shared.levels.enter(self.level)?;
        let planned = self.plan(scope, &mut source);
        let planned = planned.inspect_err(|error| self.core().tell_refusal(error))?;
        let entered = self.enter(&planned).await;
        let mut state = entered.inspect_err(|error| self.core().tell_refusal(error))?;
        let report = self.report(state.at().zip(state.pool()), &planned);
        state.statement::<A>(planned.statement, report).await
    }

    /// Opens a stream on its branch.
    #[cfg(feature = "stream")]
    pub(super) async fn stream(
        &self,
        planned: Result<Planned, DbErr>,
    ) -> Result<crate::dispatch::RowStream<'_>, DbErr> {
        self.shared.levels.enter(self.level)?;
        let planned = planned.inspect_err(|error| self.core().tell_refusal(error))?;
        let entered = self.enter(&planned).await;
        let state = entered.inspect_err(|error| self.core().tell_refusal(error))?;
        let report = self.report(state.at().zip(state.pool()), &planned);
        Ok(super::stream::rows(state, planned.statement).holding(report))
    }

    /// Returns the branch of a statement, ready for it.
    async fn enter(&self, planned: &Planned) -> Result<OwnedMutexGuard<BranchState>, DbErr> {
        let shared = &self.shared;
        let database = planned.decision.database;
        let levels = || shared.levels.enter(self.level);
        let branch = shared.branch(database);
        let mut state = branch.enter(shared.opener(database), levels).await?;
        shared.check_primary(&mut state, database, planned.analysis.may_write())?;
        shared.note_effects(&planned.analysis, database, &mut state)?;
        if let Some(keyword) = protocol::possible_commit(&planned.analysis.operation, state.dialect)
        {
            Box::pin(state.set_commit_canary(keyword)).await?;
        }
        let (node, role) = state
            .at()
            .unwrap_or((planned.decision.node, planned.decision.role));
        let decision = Decision {
            node,
            role,
            ..planned.decision
        };
        self.core()
            .tell_route(EventKind::Attempted, &planned.analysis, decision);
        Ok(state)
    }

    pub(super) fn plan<S: Source>(&self, scope: &Scope, source: &mut S) -> Result<Planned, DbErr> {
        let core = self.core();
        let rendered = Rendered::new(core, scope, source);
        let topology = core.cluster.topology();
        let dialect = rendered.statement.db_backend;
        let target = core.decide_branch(&topology, scope, &rendered.analysis, dialect)?;
        let branch = match target.why {
            WhyDatabase::NoTable => self.shared.only_branch(&topology)?,
            _ => None,
        };
        let (database, why) = match branch {
            Some(branch) => (branch, WhyDatabase::Branch),
            None => (target.database, target.why),
        };
        let decision = Decision::in_transaction(&topology, database, why);
        let planned = rendered.for_node(core, &topology, scope, source, decision)?;
        let database = planned.decision.database;
        if let Place::Node(node) = scope.place {
            self.shared.check_node(node, database)?;
        }
        self.shared
            .check(&planned.analysis, database, self.access_mode)?;
        Ok(planned)
    }

    /// Explains where a statement would go. Nothing is sent.
    pub(super) fn explained<S: Source>(
        &self,
        scope: &Scope,
        mut source: S,
    ) -> Result<Route, DbErr> {
        self.shared.levels.enter(self.level)?;
        let planned = self.plan(scope, &mut source)?;
        let decision = self.at(planned.decision)?;
        Ok(self.core().route(&planned.analysis, decision))
    }

    /// Completes a decision with the node on which its branch is open, or would be.
    fn at(&self, decision: Decision) -> Result<Decision, DbErr> {
        let branches = self.shared.branches();
        let branch = branches.iter().find(|b| b.database == decision.database);
        let (node, role) = match branch.and_then(Branch::at) {
            Some(at) => at,
            None => {
                let decided = self.shared.opener(decision.database).foreseen()?;
                (decided.node, decided.role)
            }
        };
        Ok(Decision {
            node,
            role,
            ..decision
        })
    }

    /// Commits; for the outermost, the databases that were only read first, then those with changes
    /// in the order of their first use.
    ///
    /// # Errors
    ///
    /// The server's error, after which nothing of the transaction is left;
    /// [`TxnError::CommitUnknown`] if the answer was lost; [`TxnError::PartialCommit`] if
    /// several databases are committed independently and not all of them were;
    /// [`TxnError::NestedOpen`] while a nested transaction is alive, which dooms this one.
    pub async fn commit(mut self) -> Result<(), DbErr> {
        let shared = Arc::clone(&self.shared);
        let levels = match shared.levels.enter(self.level) {
            Ok(levels) => levels,
            Err(error) => {
                let reason = "it was committed while a nested transaction was open";
                shared.levels.doom(reason);
                return Err(error.into());
            }
        };
        match self.level {
            Some(level) => {
                shared.release(level, &levels).await?;
                let around = shared.levels.end(self.level);
                shared.callbacks.released(level, around);
                self.ended = true;
                Ok(())
            }
            None => {
                shared.levels.end(None);
                // Cut off from here on, it is unknown how it ended.
                self.ended = true;
                shared.commit_and_conclude().await
            }
        }
    }

    /// Rolls back, with everything nested in it.
    ///
    /// # Errors
    ///
    /// The server's error; the connection is then closed, and the server rolls back.
    pub async fn rollback(mut self) -> Result<(), DbErr> {
        let shared = Arc::clone(&self.shared);
        shared.levels.end(self.level);
        let result = match self.level {
            Some(level) => shared.undo(level).await,
            None => shared.roll_back().await,
        };
        self.ended = true;
        shared.rolled_back(self.level, &result);
        result
    }

    /// Rolls back one database, and goes on with the others. The next statement on that database
    /// begins again.
    ///
    /// # Errors
    ///
    /// [`TxnError::RollbackOn`] outside of
    /// [`TransactionMode::Independent`](crate::TransactionMode::Independent) and in a nested
    /// transaction;
    /// [`TopologyError::UnknownDatabase`](crate::error::TopologyError::UnknownDatabase); the
    /// server's error.
    pub async fn rollback_on(&self, database: &str) -> Result<(), DbErr> {
        let id = { self.core().cluster.topology().require_database(database)? };
        self.shared.levels.enter(self.level)?;
        self.shared.roll_back_on(id, self.level).await
    }

    /// Calls `callback` once the whole transaction is committed, for example to queue a job or to clear a
    /// cache. A callback of a nested transaction waits for the outermost one, and is dropped if the
    /// nested one is rolled back. It is not called if the answer to the commit is lost, or if only some
    /// databases were committed.
    ///
    /// The idea is Django's `transaction.on_commit`.
    pub fn on_commit(&self, callback: impl FnOnce() + Send + 'static) {
        let callbacks = &self.shared.callbacks;
        callbacks.add(self.level, When::Committed, callback);
    }

    /// Calls `callback` once the transaction is rolled back, or dropped without a commit, for example to
    /// undo changes outside of the database. A callback of a nested transaction is called if that, or
    /// one around it, is rolled back. It is not called if the answer to the commit is lost, or if only
    /// some databases were committed.
    pub fn on_rollback(&self, callback: impl FnOnce() + Send + 'static) {
        let callbacks = &self.shared.callbacks;
        callbacks.add(self.level, When::RolledBack, callback);
    }
}

impl Drop for RoutingTransaction {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        self.shared.levels.end(self.level);
        // A nested transaction may outlive the outermost one, and then gives up its connections.
        let ended = self.level.is_none() || self.shared.levels.is_ended();
        match ended && !self.shared.close() {
            true => self.shared.callbacks.clear(self.level),
            false => self.shared.callbacks.call(self.level, When::RolledBack),
        }
    }
}

connection_trait!(RoutingTransaction);

impl Dispatch for RoutingTransaction {
    fn core(&self) -> &Core {
        &self.shared.core
    }

    fn scope(&self) -> &Scope {
        &self.scope
    }

    fn dispatch<'a, A: Action, S: Source + 'a>(&'a self, source: S) -> Answer<'a, A::Output> {
        Box::pin(self.send::<A, S>(&self.scope, source))
    }
}

#[async_trait::async_trait]
impl TransactionSession for RoutingTransaction {
    async fn commit(self) -> Result<(), DbErr> {
        self.commit().await
    }

    async fn rollback(self) -> Result<(), DbErr> {
        self.rollback().await
    }
}
