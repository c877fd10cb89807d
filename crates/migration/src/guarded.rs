//! Migrations on a database that forbids tables.
//!
//! A migration receives a `DatabaseConnection` of SeaORM's, which sends every statement. To check
//! each statement before it is sent, raw SQL included, the migration receives one with a driver of
//! this crate: it passes every statement to a task that classifies it, refuses it or sends it through
//! the real connection, and returns the real rows. SeaORM's hook for such a driver blocks, so the
//! migration runs on a thread of its own. The hook does not receive the options of a transaction, so
//! a transaction that the migration itself begins has the defaults of the server.

use std::fmt;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use futures_util::future::BoxFuture;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseConnectionType, DatabaseTransaction, DbBackend,
    DbErr, ExecResult, MockDatabaseConnection, MockDatabaseTrait, QueryResult, Statement,
    Transaction, TransactionTrait,
};
use sea_orm_routing::schema::SchemaTarget;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// How often a call that waits for its answer checks whether there is still someone to answer it.
const ABANDONED_CHECK: Duration = Duration::from_millis(200);

/// A call of the migration to the real connection, and where the answer goes.
enum Request {
    Execute(Statement, SyncSender<Result<ExecResult, DbErr>>),
    Query(Statement, SyncSender<Result<Vec<QueryResult>, DbErr>>),
    Begin(SyncSender<()>),
    Commit(SyncSender<()>),
    RollBack(SyncSender<()>),
}

/// What decides whether a statement is refused.
pub(crate) struct Guard<'a> {
    pub(crate) target: &'a SchemaTarget,
    /// SeaORM's own table, which the table rules do not apply to.
    pub(crate) migration_table: String,
}

/// Runs `work` on a connection that refuses what is forbidden on the database.
pub(crate) async fn run<T: Send + 'static>(
    guard: &Guard<'_>,
    connection: &DatabaseConnection,
    work: impl FnOnce(DatabaseConnection) -> BoxFuture<'static, Result<T, DbErr>> + Send + 'static,
) -> Result<T, DbErr> {
    let (requests, incoming) = unbounded_channel();
    let driver = CallingDriver {
        dialect: connection.get_database_backend(),
        requests,
    };
    let guarded = MockDatabaseConnection::new(driver);
    let guarded = DatabaseConnectionType::MockDatabaseConnection(Arc::new(guarded)).into();
    // A runtime of its own: a task that the migration spawns must not block the one that answers it.
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
    let result = thread
        .await
        .map_err(|error| DbErr::Custom(format!("the migration did not finish: {error}")))?;
    match real.failure {
        Some(failure) => Err(failure),
        None => result,
    }
}

/// The real connection, and the open transactions of the migration on it, innermost last.
struct Real<'a> {
    guard: &'a Guard<'a>,
    connection: &'a DatabaseConnection,
    transactions: Vec<DatabaseTransaction>,
    /// An error that SeaORM's hook could not return. No statement is sent after it.
    failure: Option<DbErr>,
}

impl Real<'_> {
    /// Serves the migration until it drops its connection. If this future is dropped, the migration
    /// gets no more answers and fails.
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
        let Guard {
            target,
            migration_table,
        } = self.guard;
        Ok(target.check_statement(statement, migration_table)?)
    }

    fn note(&mut self, result: Result<(), DbErr>) {
        if let Err(error) = result {
            self.failure.get_or_insert(error);
        }
    }
}

/// SeaORM's hook: it passes each call on and blocks for the answer.
struct CallingDriver {
    dialect: DbBackend,
    requests: UnboundedSender<Request>,
}

impl fmt::Debug for CallingDriver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallingDriver").finish_non_exhaustive()
    }
}

impl CallingDriver {
    fn call<T>(&self, request: impl FnOnce(SyncSender<T>) -> Request) -> Option<T> {
        let (answer, answered) = sync_channel(1);
        self.requests.send(request(answer)).ok()?;
        loop {
            match answered.recv_timeout(ABANDONED_CHECK) {
                // A request that was sent while the receiver was being dropped stays in the channel,
                // unanswered, for as long as this sender lives.
                Err(RecvTimeoutError::Timeout) if !self.requests.is_closed() => {}
                answer => return answer.ok(),
            }
        }
    }
}

impl MockDatabaseTrait for CallingDriver {
    fn execute(&mut self, _: usize, statement: Statement) -> Result<ExecResult, DbErr> {
        let answer = self.call(|answer| Request::Execute(statement, answer));
        answer.unwrap_or_else(|| Err(abandoned()))
    }

    fn query(&mut self, _: usize, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let answer = self.call(|answer| Request::Query(statement, answer));
        answer.unwrap_or_else(|| Err(abandoned()))
    }

    fn begin(&mut self) {
        self.call(Request::Begin);
    }

    fn commit(&mut self) {
        self.call(Request::Commit);
    }

    fn rollback(&mut self) {
        self.call(Request::RollBack);
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

fn abandoned() -> DbErr {
    DbErr::Custom("the migration was cancelled".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The state in which a request is left that was sent while its receiver was being dropped.
    #[test]
    fn a_request_that_nobody_takes_any_more_ends_its_call() {
        let (requests, mut incoming) = unbounded_channel();
        let driver = CallingDriver {
            dialect: DbBackend::Sqlite,
            requests,
        };
        let (ended, end) = sync_channel(1);
        std::thread::spawn(move || ended.send(driver.call(Request::Begin)));
        while incoming.is_empty() {
            std::thread::yield_now();
        }
        incoming.close();
        let answer = end.recv_timeout(Duration::from_secs(60));
        assert_eq!(answer.expect("the call ends"), None);
    }
}
