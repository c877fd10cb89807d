//! The transaction an application holds.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use futures_util::future::BoxFuture;
use sea_orm::{
    AccessMode, DbErr, EntityTrait, IsolationLevel, TransactionError, TransactionOptions,
    TransactionSession, TransactionTrait,
};
use tokio::sync::OnceCell;

use super::ScopedTransaction;
use super::branch::Branch;
use super::levels::{Level, Levels};
use crate::connection::{
    Action, Answer, Core, Dispatch, Known, Planned, Scopes, Source, connection_trait, plan,
};
use crate::error::{RoutingError, list};
use crate::route::{Decision, WhyDatabase, WhyNode, WhyRole, decide_branch};
use crate::scope::Scope;
use crate::sql::{Access, Evidence};
use crate::topology::{DatabaseId, Role, Topology};

/// A transaction over the databases of a [`RoutingConnection`](crate::RoutingConnection).
///
/// It begins on a database with the first statement there, runs on primaries only, and writes to
/// one database. Dropped without [`commit`](TransactionSession::commit), it is rolled back.
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
    shared: Arc<Shared>,
    scope: Scope,
    /// None: the outermost.
    level: Option<Level>,
    ended: bool,
}

/// What a transaction and those nested in it share.
struct Shared {
    core: Arc<Core>,
    options: TransactionOptions,
    /// One for each database, begun by the first statement there.
    branches: Box<[OnceCell<Branch>]>,
    levels: Levels,
    writes_to: OnceLock<DatabaseId>,
    order: Mutex<Vec<DatabaseId>>,
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
    pub(crate) fn new(core: Arc<Core>, scope: Scope, options: TransactionOptions) -> Self {
        let databases = core.cluster.topology().databases().len();
        Self {
            shared: Arc::new(Shared {
                core,
                options,
                branches: (0..databases).map(|_| OnceCell::new()).collect(),
                levels: Levels::default(),
                writes_to: OnceLock::new(),
                order: Mutex::default(),
            }),
            scope,
            level: None,
            ended: false,
        }
    }

    /// A view for one database, by the name of it or of its primary.
    ///
    /// # Errors
    ///
    /// [`RoutingError::UnknownNode`], with the names there are.
    pub fn using(&self, name: &str) -> Result<ScopedTransaction<'_>, RoutingError> {
        ScopedTransaction::new(self, self.scopes().using(name)?)
    }

    /// A view for the database an entity lives in, which speaks its dialect.
    ///
    /// # Errors
    ///
    /// [`RoutingError::Unbound`] when the entity has no binding and unbound tables are refused.
    pub fn for_entity<E: EntityTrait>(
        &self,
        entity: E,
    ) -> Result<ScopedTransaction<'_>, RoutingError> {
        ScopedTransaction::new(self, self.scopes().for_entity(entity)?)
    }

    fn scopes(&self) -> Scopes<'_> {
        Scopes {
            core: &self.shared.core,
            scope: &self.scope,
        }
    }

    pub(super) fn scope(&self) -> &Scope {
        &self.scope
    }

    pub(super) fn core(&self) -> &Core {
        &self.shared.core
    }

    /// A transaction nested in this one, with a scope.
    pub(super) fn nested(&self, scope: Scope) -> Result<Self, DbErr> {
        Ok(Self {
            level: Some(self.shared.levels.nest(self.level)?),
            shared: Arc::clone(&self.shared),
            scope,
            ended: false,
        })
    }

    /// Sends a statement to its branch.
    pub(super) async fn send<A: Action, S: Source>(
        &self,
        scope: &Scope,
        mut source: S,
    ) -> Result<A::Output, DbErr> {
        let levels = self.shared.levels.enter(self.level)?;
        let planned = self.plan(scope, &mut source)?;
        self.core().report(&planned.known, planned.decision);
        let branch = self.shared.branch(planned.decision.database).await?;
        let mut state = branch.enter(&levels).await?;
        let result = A::on_branch(state.open()?, planned.statement).await;
        if let Err(error) = &result {
            state.failed(error);
        }
        result
    }

    /// Opens a stream on its branch.
    #[cfg(feature = "stream")]
    pub(super) async fn stream(
        &self,
        planned: Result<Planned, DbErr>,
    ) -> Result<super::stream::BranchStream<'_>, DbErr> {
        let levels = self.shared.levels.enter(self.level)?;
        let planned = planned?;
        self.core().report(&planned.known, planned.decision);
        let branch = self.shared.branch(planned.decision.database).await?;
        let state = branch.enter(&levels).await?;
        Ok(super::stream::rows(state, planned.statement))
    }

    pub(super) fn plan<S: Source>(&self, scope: &Scope, source: &mut S) -> Result<Planned, DbErr> {
        let decide = |topology: &Topology, known: &Known, dialect| {
            let branch =
                self.core()
                    .ask(topology, scope, known, dialect, &[], None, decide_branch)?;
            let (database, why) = match branch {
                Some(found) => found,
                None => (self.shared.only_branch(topology)?, WhyDatabase::Branch),
            };
            Ok(Decision {
                database,
                node: topology.database(database).primary,
                role: Role::Primary,
                why_database: why,
                why_role: WhyRole::Transaction,
                why_node: WhyNode::Primary,
            })
        };
        let planned = plan(self.core(), scope, source, |_| None, decide)?;
        self.shared
            .check(&planned.known, planned.decision.database)?;
        Ok(planned)
    }

    pub(crate) async fn run<F, T, E>(self, callback: F) -> Result<T, TransactionError<E>>
    where
        F: for<'c> FnOnce(&'c Self) -> Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'c>>
            + Send,
        T: Send,
        E: fmt::Display + fmt::Debug + Send,
    {
        let result = callback(&self).await;
        self.conclude(result).await
    }

    pub(crate) async fn run_async<F, T, E>(self, callback: F) -> Result<T, TransactionError<E>>
    where
        F: for<'c> AsyncFnOnce(&'c Self) -> Result<T, E> + Send,
        T: Send,
        E: fmt::Display + fmt::Debug + Send,
    {
        let result = callback(&self).await;
        self.conclude(result).await
    }

    /// Commits after success, rolls back after an error.
    async fn conclude<T, E>(self, result: Result<T, E>) -> Result<T, TransactionError<E>>
    where
        E: fmt::Display + fmt::Debug,
    {
        let ended = match &result {
            Ok(_) => self.commit().await,
            Err(_) => self.rollback().await,
        };
        ended.map_err(TransactionError::Connection)?;
        result.map_err(TransactionError::Transaction)
    }

    /// Runs an async closure in a nested transaction: commits on `Ok`, rolls back on `Err`.
    ///
    /// # Errors
    ///
    /// The closure's error, or that of the transaction.
    pub async fn transaction_async<F, T, E>(&self, callback: F) -> Result<T, TransactionError<E>>
    where
        F: for<'c> AsyncFnOnce(&'c Self) -> Result<T, E> + Send,
        T: Send,
        E: fmt::Display + fmt::Debug + Send,
    {
        let nested = self.begin().await.map_err(TransactionError::Connection)?;
        nested.run_async(callback).await
    }

    /// Commits; for the outermost, the database with changes first.
    ///
    /// # Errors
    ///
    /// The server's error, after which nothing of the transaction is left;
    /// [`RoutingError::NestedOpen`] while a nested transaction is alive, which dooms this one.
    pub async fn commit(mut self) -> Result<(), DbErr> {
        if let Err(error) = self.shared.levels.enter(self.level) {
            self.shared
                .levels
                .doom("it was committed while a nested transaction was open");
            return Err(error.into());
        }
        self.ended = true;
        match self.level {
            Some(level) => {
                for branch in self.shared.open() {
                    branch.release(level).await?;
                }
                self.shared.levels.end(self.level);
                Ok(())
            }
            None => {
                self.shared.levels.end(None);
                for branch in self.shared.open() {
                    branch.commit().await?;
                }
                Ok(())
            }
        }
    }

    /// Rolls back, with everything nested in it.
    ///
    /// # Errors
    ///
    /// The server's error; the connection is then closed, and the server rolls back.
    pub async fn rollback(mut self) -> Result<(), DbErr> {
        self.ended = true;
        self.shared.levels.end(self.level);
        let mut result = Ok(());
        for branch in self.shared.open() {
            result = result.and(match self.level {
                Some(level) => branch.roll_back_to(level).await,
                None => branch.roll_back().await,
            });
        }
        result
    }
}

impl Shared {
    async fn branch(&self, database: DatabaseId) -> Result<&Branch, DbErr> {
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

    /// The branches, the one with changes first, the others in order of first use.
    fn open(&self) -> impl Iterator<Item = &Branch> {
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

    fn open_branches(&self) -> Vec<String> {
        let topology = self.core.cluster.topology();
        let order = self.order.lock().unwrap_or_else(PoisonError::into_inner);
        order
            .iter()
            .map(|id| topology.database(*id).name.to_string())
            .collect()
    }

    /// The branch of a statement that names no table.
    fn only_branch(&self, topology: &Topology) -> Result<DatabaseId, RoutingError> {
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
    fn check(&self, known: &Known, database: DatabaseId) -> Result<(), RoutingError> {
        let access = known.operation.access();
        let evidence = known.operation.evidence();
        if let Evidence::Keyword(keyword) = evidence
            && access == Access::Session
            && ends_transaction(keyword)
        {
            return Err(RoutingError::Control {
                keyword: keyword.to_uppercase(),
            });
        }
        let writes = matches!(access, Access::Write | Access::Schema);
        if writes && self.options.access_mode == Some(AccessMode::ReadOnly) {
            return Err(RoutingError::ReadOnly {
                scope: "a read-only transaction",
                access,
                evidence: evidence.clone(),
            });
        }
        if writes || access == Access::Unknown {
            let first = *self.writes_to.get_or_init(|| database);
            if first != database {
                let topology = self.core.cluster.topology();
                return Err(RoutingError::SecondDatabase {
                    first: topology.database(first).name.clone(),
                    second: topology.database(database).name.clone(),
                });
            }
        }
        Ok(())
    }
}

fn ends_transaction(keyword: &str) -> bool {
    const CONTROL: [&str; 7] = ["abort", "begin", "commit", "end", "rollback", "start", "xa"];
    CONTROL
        .iter()
        .any(|control| keyword.eq_ignore_ascii_case(control))
}

impl Drop for RoutingTransaction {
    fn drop(&mut self) {
        if !self.ended {
            self.shared.levels.end(self.level);
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

super::scoped::transaction_trait!(RoutingTransaction);
