//! The connection of a branch: one of a pool's, or SeaORM's own transaction where there is no pool.

#[cfg(feature = "sqlx-dep")]
use sea_orm::{
    ConnAcquireErr, RuntimeErr,
    sqlx::{self, Executor, pool::PoolConnection},
};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbErr, ExecResult, QueryResult,
    Statement, TransactionOptions, TransactionTrait,
};
#[cfg(feature = "sqlx-dep")]
use sea_query_sqlx::SqlxValues;

use super::metric::{Callback, Timer};
#[cfg(feature = "sqlx-sqlite")]
use super::sqlite;
use crate::cluster::{DriverKind, Pool};
use crate::dispatch::OnBranch;
use crate::error::{RoutingError, dialect_name};

/// A connection in use by one branch.
pub(crate) struct Open {
    pub(super) driver: Driver,
    pub(super) metric: Option<Box<Callback>>,
    /// Whether spans show the text of statements.
    pub(super) traces_texts: bool,
}

/// What a branch runs on.
pub(super) enum Driver {
    #[cfg(feature = "sqlx-postgres")]
    Postgres(PoolConnection<sqlx::Postgres>),
    #[cfg(feature = "sqlx-mysql")]
    MySql(PoolConnection<sqlx::MySql>),
    #[cfg(feature = "sqlx-sqlite")]
    Sqlite(PoolConnection<sqlx::Sqlite>),
    /// Mock, proxy and rusqlite: SeaORM's transactions, one for each level.
    SeaOrm(Vec<DatabaseTransaction>),
}

impl std::fmt::Debug for Open {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Open").finish_non_exhaustive()
    }
}

/// Runs `$body` with `$connection` as sqlx's connection, or `$other` on SeaORM's transaction.
macro_rules! on_driver {
    ($open:expr, |$connection:ident| $body:expr, |$levels:ident| $other:expr) => {
        match &mut $open.driver {
            #[cfg(feature = "sqlx-postgres")]
            Driver::Postgres($connection) => $body,
            #[cfg(feature = "sqlx-mysql")]
            Driver::MySql($connection) => $body,
            #[cfg(feature = "sqlx-sqlite")]
            Driver::Sqlite($connection) => $body,
            Driver::SeaOrm($levels) => $other,
        }
    };
}

#[cfg(feature = "stream")]
pub(super) use on_driver;

impl Open {
    /// A connection of the pool; SeaORM's own transaction has begun already.
    pub(super) async fn acquire(pool: &Pool, options: TransactionOptions) -> Result<Self, DbErr> {
        let connection = pool.open().await?;
        let driver = match DriverKind::of(connection) {
            #[cfg(feature = "sqlx-postgres")]
            DriverKind::Postgres(pool) => {
                Driver::Postgres(pool.acquire().await.map_err(acquire_error)?)
            }
            #[cfg(feature = "sqlx-mysql")]
            DriverKind::MySql(pool) => Driver::MySql(pool.acquire().await.map_err(acquire_error)?),
            #[cfg(feature = "sqlx-sqlite")]
            DriverKind::Sqlite(pool) => {
                Driver::Sqlite(pool.acquire().await.map_err(acquire_error)?)
            }
            DriverKind::Other(_) | DriverKind::Disconnected => {
                Driver::SeaOrm(vec![begin(pool, connection, options).await?])
            }
        };
        Ok(Self::new(driver, pool))
    }

    /// A connection for one statement outside of a transaction.
    #[cfg(feature = "sqlx-mysql")]
    pub(crate) async fn lease_mysql(pool: &Pool) -> Result<Option<Self>, DbErr> {
        let DriverKind::MySql(connections) = DriverKind::of(pool.open().await?) else {
            return Ok(None);
        };
        let leased = connections.acquire().await;
        Ok(Some(Self::new(
            Driver::MySql(leased.map_err(acquire_error)?),
            pool,
        )))
    }

    fn new(driver: Driver, pool: &Pool) -> Self {
        let metric = pool.metric().cloned().map(|metric| {
            let name = pool.name().clone();
            let call = move |info: &sea_orm::metric::Info<'_>| metric(&name, info);
            Box::new(call) as Box<Callback>
        });
        Self {
            driver,
            metric,
            traces_texts: pool.traces_texts(),
        }
    }

    /// Whether control statements are sent as SQL; SeaORM's transactions have methods.
    pub(super) fn speaks_sql(&self) -> bool {
        !matches!(self.driver, Driver::SeaOrm(_))
    }

    /// Begins; SQLite's driver has a way of its own, which takes itself back when nobody waits for
    /// its answer.
    pub(super) async fn begin(&mut self, sql: &str) -> Result<(), DbErr> {
        #[cfg(feature = "sqlx-sqlite")]
        if let Driver::Sqlite(connection) = &mut self.driver {
            return sqlite::begin(connection, sql).await.map_err(exec_error);
        }
        self.control(sql).await
    }

    /// Commits.
    pub(super) async fn commit(&mut self, sql: &str) -> Result<(), DbErr> {
        #[cfg(feature = "sqlx-sqlite")]
        if let Driver::Sqlite(connection) = &mut self.driver {
            return sqlite::commit(connection).await.map_err(exec_error);
        }
        self.control(sql).await
    }

    /// Rolls back.
    pub(super) async fn roll_back(&mut self) -> Result<(), DbErr> {
        #[cfg(feature = "sqlx-sqlite")]
        if let Driver::Sqlite(connection) = &mut self.driver {
            return sqlite::roll_back(connection).await.map_err(exec_error);
        }
        self.control("ROLLBACK").await
    }

    /// Ends whatever is under way on the connection, so that it can be used again.
    pub(super) async fn clean_up(&mut self) -> Result<(), DbErr> {
        #[cfg(feature = "sqlx-sqlite")]
        if let Driver::Sqlite(connection) = &mut self.driver {
            return sqlite::clean_up(connection).await.map_err(exec_error);
        }
        self.control("ROLLBACK").await
    }

    /// Sends a text that is no user's.
    pub(super) async fn control(&mut self, sql: &str) -> Result<(), DbErr> {
        on_driver!(
            self,
            |connection| {
                let result = (**connection)
                    .execute(sqlx::AssertSqlSafe(sql.to_owned()))
                    .await;
                result.map(|_| ()).map_err(exec_error)
            },
            |levels| innermost(levels)?.execute_unprepared(sql).await.map(|_| ())
        )
    }

    /// Whether closing the connection would lose more than the transaction: an SQLite database in
    /// memory lives in it.
    pub(super) fn must_survive(&self) -> bool {
        match &self.driver {
            #[cfg(feature = "sqlx-sqlite")]
            Driver::Sqlite(_) => true,
            Driver::SeaOrm(_) => true,
            #[cfg(any(feature = "sqlx-postgres", feature = "sqlx-mysql"))]
            _ => false,
        }
    }

    /// Closes the connection instead of returning it to its pool.
    pub(super) fn close(self) {
        match self.driver {
            #[cfg(feature = "sqlx-postgres")]
            Driver::Postgres(connection) => close(connection),
            #[cfg(feature = "sqlx-mysql")]
            Driver::MySql(connection) => close(connection),
            #[cfg(feature = "sqlx-sqlite")]
            Driver::Sqlite(connection) => close(connection),
            // Innermost first; SeaORM rolls back what is dropped.
            Driver::SeaOrm(mut levels) => while levels.pop().is_some() {},
        }
    }
}

impl OnBranch for Open {
    async fn execute_unprepared(&mut self, sql: &str) -> Result<ExecResult, DbErr> {
        on_driver!(
            self,
            |connection| {
                let result = (**connection)
                    .execute(sqlx::AssertSqlSafe(sql.to_owned()))
                    .await;
                result.map(Into::into).map_err(exec_error)
            },
            |levels| innermost(levels)?.execute_unprepared(sql).await
        )
    }

    async fn execute_raw(&mut self, statement: Statement) -> Result<ExecResult, DbErr> {
        let timer = Timer::start(self.metric.as_deref());
        let result = on_driver!(
            self,
            |connection| {
                let result = query(&statement).execute(&mut **connection).await;
                result.map(Into::into).map_err(exec_error)
            },
            |levels| innermost(levels)?.execute_raw(statement.clone()).await
        );
        timer.stop(&statement, result.is_err());
        result
    }

    async fn query_one_raw(&mut self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        let timer = Timer::start(self.metric.as_deref());
        let result = on_driver!(
            self,
            |connection| match query(&statement).fetch_one(&mut **connection).await {
                Ok(row) => Ok(Some(row.into())),
                Err(sqlx::Error::RowNotFound) => Ok(None),
                Err(error) => Err(query_error(error)),
            },
            |levels| innermost(levels)?.query_one_raw(statement.clone()).await
        );
        timer.stop(&statement, result.is_err());
        result
    }

    async fn query_all_raw(&mut self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let timer = Timer::start(self.metric.as_deref());
        let result = on_driver!(
            self,
            |connection| match query(&statement).fetch_all(&mut **connection).await {
                Ok(rows) => Ok(rows.into_iter().map(Into::into).collect()),
                Err(error) => Err(query_error(error)),
            },
            |levels| innermost(levels)?.query_all_raw(statement.clone()).await
        );
        timer.stop(&statement, result.is_err());
        result
    }
}

/// Without a runtime there is nobody to close the connection in the background.
#[cfg(feature = "sqlx-dep")]
fn close<DB: sqlx::Database>(mut connection: PoolConnection<DB>) {
    if tokio::runtime::Handle::try_current().is_ok() {
        connection.close_on_drop();
    } else {
        drop(connection.detach());
    }
}

async fn begin(
    pool: &Pool,
    connection: &DatabaseConnection,
    options: TransactionOptions,
) -> Result<DatabaseTransaction, DbErr> {
    let dialect = crate::cluster::dialect_of(connection);
    if DriverKind::of(connection).is_unsupported_pool() {
        return Err(RoutingError::DriverOff {
            node: pool.name().clone(),
            dialect: dialect.map_or("unknown", dialect_name),
        }
        .into());
    }
    connection.begin_with_options(options).await
}

pub(super) fn innermost(levels: &[DatabaseTransaction]) -> Result<&DatabaseTransaction, DbErr> {
    levels.last().ok_or_else(|| {
        DbErr::from(RoutingError::Doomed {
            reason: "it is over".to_owned(),
        })
    })
}

#[cfg(feature = "sqlx-dep")]
pub(super) fn query<'q, DB>(statement: &'q Statement) -> sqlx::query::Query<'q, DB, SqlxValues>
where
    DB: sqlx::Database,
    SqlxValues: sqlx::IntoArguments<DB>,
{
    let values = statement
        .values
        .clone()
        .unwrap_or_else(|| sea_orm::Values(Vec::new()));
    sqlx::query_with(
        sqlx::AssertSqlSafe(statement.sql.as_str()),
        SqlxValues(values),
    )
}

#[cfg(feature = "sqlx-dep")]
fn exec_error(error: sqlx::Error) -> DbErr {
    DbErr::Exec(RuntimeErr::SqlxError(error.into()))
}

#[cfg(feature = "sqlx-dep")]
pub(super) fn query_error(error: sqlx::Error) -> DbErr {
    DbErr::Query(RuntimeErr::SqlxError(error.into()))
}

#[cfg(feature = "sqlx-dep")]
fn acquire_error(error: sqlx::Error) -> DbErr {
    match error {
        sqlx::Error::PoolTimedOut => DbErr::ConnectionAcquire(ConnAcquireErr::Timeout),
        sqlx::Error::PoolClosed => DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed),
        other => DbErr::Conn(RuntimeErr::SqlxError(other.into())),
    }
}
