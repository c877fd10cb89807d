//! The transaction an application holds.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use sea_orm::{
    AccessMode, DbErr, EntityTrait, IsolationLevel, TransactionError, TransactionOptions,
    TransactionSession, TransactionTrait,
};

use super::ScopedTransaction;
use super::levels::Level;
use super::shared::Shared;
use crate::dispatch::{
    Action, Answer, Core, Dispatch, Known, Planned, Scopes, Source, connection_trait, plan,
};
use crate::error::RoutingError;
use crate::route::{Decision, WhyDatabase, WhyNode, WhyRole, decide_branch};
use crate::scope::Scope;
use crate::topology::{Role, Topology};

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
        Self {
            shared: Arc::new(Shared::new(core, options)),
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
        self.shared.levels.enter(self.level)?;
        let planned = self.plan(scope, &mut source)?;
        self.core().report(&planned.known, planned.decision);
        let branch = self.shared.branch(planned.decision.database).await?;
        let mut state = branch
            .enter(|| self.shared.levels.enter(self.level))
            .await?;
        self.shared
            .writing(&planned.known, planned.decision.database)?;
        state.sending();
        let result = A::on_branch(state.open()?, planned.statement).await;
        state.answered();
        if let Err(error) = &result {
            state.failed(error).await;
        }
        result
    }

    /// Opens a stream on its branch.
    #[cfg(feature = "stream")]
    pub(super) async fn stream(
        &self,
        planned: Result<Planned, DbErr>,
    ) -> Result<crate::dispatch::RowStream<'_>, DbErr> {
        self.shared.levels.enter(self.level)?;
        let planned = planned?;
        self.core().report(&planned.known, planned.decision);
        let branch = self.shared.branch(planned.decision.database).await?;
        let state = branch
            .enter(|| self.shared.levels.enter(self.level))
            .await?;
        self.shared
            .writing(&planned.known, planned.decision.database)?;
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
        match self.level {
            Some(level) => {
                for branch in self.shared.open() {
                    branch.release(level).await?;
                }
                self.shared.levels.end(self.level);
            }
            None => {
                self.shared.levels.end(None);
                self.shared.commit().await?;
            }
        }
        self.ended = true;
        Ok(())
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
