//! Migrations on a database that must not hold certain tables.
//!
//! A migration is given a `DatabaseConnection` of SeaORM's, which sends what it is given. To look at
//! each statement before it is sent, raw SQL included, the migration is given one whose driver is
//! ours: it hands every statement to a task that classifies it, refuses it, or sends it through the
//! real connection, and hands back the real rows. SeaORM's hook for such a driver does not wait
//! asynchronously, so the migration runs on a thread of its own. The hook is not told the options of
//! a transaction: one that the migration begins itself has those of the server.

use std::fmt;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};

use futures_util::future::BoxFuture;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseConnectionType, DatabaseTransaction, DbBackend,
    DbErr, ExecResult, MockDatabaseConnection, MockDatabaseTrait, QueryResult, Statement,
    Transaction, TransactionTrait,
};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::dispatch::Core;
use crate::error::RoutingError;
use crate::topology::DatabaseId;

/// What the migration wants of the real connection, and where the answer goes.
enum Request {
    Execute(Statement, SyncSender<Result<ExecResult, DbErr>>),
    Query(Statement, SyncSender<Result<Vec<QueryResult>, DbErr>>),
    Begin(SyncSender<()>),
    Commit(SyncSender<()>),
    RollBack(SyncSender<()>),
}

/// What is refused.
pub(super) struct Guard<'a> {
    pub(super) core: &'a Core,
    pub(super) database: DatabaseId,
    /// The table in which SeaORM keeps what was applied; no policy is asked about it.
    pub(super) books: String,
}

impl Guard<'_> {
    fn check(&self, statement: &Statement) -> Result<(), RoutingError> {
        let analysis = self.core.analyze(&statement.sql, statement.db_backend);
        let tables = analysis.operation.tables();
        // A block or a prepared text, alone or among others, is not looked into; that it names the
        // table has to do.
        if analysis.operation.is_opaque() {
            self.core.check_text(&statement.sql, self.database)?;
        }
        if matches!(tables, [table] if table.name() == self.books) {
            return Ok(());
        }
        self.core.check_allowed(&analysis.operation, self.database)
    }
}

/// Runs `work` on a connection that refuses what is forbidden on the database.
pub(super) async fn run<T: Send + 'static>(
    guard: &Guard<'_>,
    connection: &DatabaseConnection,
    work: impl FnOnce(DatabaseConnection) -> BoxFuture<'static, Result<T, DbErr>> + Send + 'static,
) -> Result<T, DbErr> {
    let (requests, incoming) = unbounded_channel();
    let driver = Driver {
        dialect: connection.get_database_backend(),
        requests,
    };
    let guarded = MockDatabaseConnection::new(driver);
    let guarded = DatabaseConnectionType::MockDatabaseConnection(Arc::new(guarded)).into();
    // A runtime of its own: a task the migration spawns must not wait where its answers are made.
    let thread = tokio::task::spawn_blocking(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| DbErr::Custom(error.to_string()))?;
        runtime.block_on(work(guarded))
    });
    let mut real = Real {
        guard,
        connection,
        transactions: Vec::new(),
        failure: None,
    };
    real.serve(incoming).await;
    let result = thread.await.map_err(|error| {
        DbErr::Custom(format!("the migration did not come to its end: {error}"))
    })?;
    match real.failure {
        Some(failure) => Err(failure),
        None => result,
    }
}

/// The real connection, and the transactions the migration has open on it, innermost last.
struct Real<'a> {
    guard: &'a Guard<'a>,
    connection: &'a DatabaseConnection,
    transactions: Vec<DatabaseTransaction>,
    /// What went wrong where SeaORM's hook cannot say so. Nothing is sent from then on.
    failure: Option<DbErr>,
}

impl Real<'_> {
    /// Until the migration has let go of its connection. A migration that is no longer waited for
    /// is answered no more, and fails.
    async fn serve(&mut self, mut incoming: UnboundedReceiver<Request>) {
        while let Some(request) = incoming.recv().await {
            match request {
                Request::Execute(statement, answer) => {
                    let _ = answer.send(self.execute(statement).await);
                }
                Request::Query(statement, answer) => {
                    let _ = answer.send(self.query(statement).await);
                }
                Request::Begin(answer) => {
                    let begun = self.begin().await;
                    self.note(begun);
                    let _ = answer.send(());
                }
                Request::Commit(answer) => {
                    let ended = match self.transactions.pop() {
                        Some(transaction) if self.failure.is_none() => transaction.commit().await,
                        _ => Ok(()),
                    };
                    self.note(ended);
                    let _ = answer.send(());
                }
                Request::RollBack(answer) => {
                    let ended = match self.transactions.pop() {
                        Some(transaction) => transaction.rollback().await,
                        None => Ok(()),
                    };
                    self.note(ended);
                    let _ = answer.send(());
                }
            }
        }
    }

    async fn execute(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.check(&statement)?;
        let unprepared = statement.values.is_none();
        match (self.transactions.last(), unprepared) {
            (Some(transaction), true) => transaction.execute_unprepared(&statement.sql).await,
            (Some(transaction), false) => transaction.execute_raw(statement).await,
            (None, true) => self.connection.execute_unprepared(&statement.sql).await,
            (None, false) => self.connection.execute_raw(statement).await,
        }
    }

    async fn query(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.check(&statement)?;
        match self.transactions.last() {
            Some(transaction) => transaction.query_all_raw(statement).await,
            None => self.connection.query_all_raw(statement).await,
        }
    }

    async fn begin(&mut self) -> Result<(), DbErr> {
        let begun = match self.transactions.last() {
            Some(transaction) => transaction.begin().await?,
            None => self.connection.begin().await?,
        };
        self.transactions.push(begun);
        Ok(())
    }

    fn check(&self, statement: &Statement) -> Result<(), DbErr> {
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        Ok(self.guard.check(statement)?)
    }

    fn note(&mut self, result: Result<(), DbErr>) {
        if let Err(error) = result {
            self.failure.get_or_insert(error);
        }
    }
}

/// SeaORM's hook: it hands on, and waits.
struct Driver {
    dialect: DbBackend,
    requests: UnboundedSender<Request>,
}

impl fmt::Debug for Driver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Driver").finish_non_exhaustive()
    }
}

impl Driver {
    fn ask<T>(&self, request: impl FnOnce(SyncSender<T>) -> Request) -> Option<T> {
        let (answer, answered) = sync_channel(1);
        self.requests.send(request(answer)).ok()?;
        answered.recv().ok()
    }
}

impl MockDatabaseTrait for Driver {
    fn execute(&mut self, _: usize, statement: Statement) -> Result<ExecResult, DbErr> {
        let answer = self.ask(|answer| Request::Execute(statement, answer));
        answer.unwrap_or_else(|| Err(nobody_waits()))
    }

    fn query(&mut self, _: usize, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let answer = self.ask(|answer| Request::Query(statement, answer));
        answer.unwrap_or_else(|| Err(nobody_waits()))
    }

    fn begin(&mut self) {
        self.ask(Request::Begin);
    }

    fn commit(&mut self) {
        self.ask(Request::Commit);
    }

    fn rollback(&mut self) {
        self.ask(Request::RollBack);
    }

    fn drain_transaction_log(&mut self) -> Vec<Transaction> {
        Vec::new()
    }

    fn get_database_backend(&self) -> DbBackend {
        self.dialect
    }

    fn ping(&self) -> Result<(), DbErr> {
        Ok(())
    }
}

fn nobody_waits() -> DbErr {
    DbErr::Custom("the migration was given up, and is not waited for any more".to_owned())
}
