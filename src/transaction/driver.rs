//! What a branch runs on: a connection of an sqlx pool, or SeaORM's own transaction where there is no
//! such pool.

#[cfg(feature = "sqlx-dep")]
use sea_orm::{
    ConnAcquireErr, RuntimeErr,
    sqlx::{self, pool::PoolConnection},
};
use sea_orm::{
    DatabaseConnection, DatabaseTransaction, DbErr, TransactionOptions, TransactionTrait,
};
#[cfg(feature = "sqlx-dep")]
use sea_query_sqlx::SqlxValues;

use crate::cluster::{DriverKind, Pool};
use crate::error::{ConfigError, RoutingError, TxnError, dialect_name};

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

impl Default for Driver {
    fn default() -> Self {
        Self::SeaOrm(Vec::new())
    }
}

/// Runs `$body` with `$connection` as sqlx's connection, or `$other` on SeaORM's transaction.
macro_rules! on_driver {
    ($driver:expr, |$connection:ident| $body:expr, |$levels:ident| $other:expr) => {
        match &mut $driver {
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

pub(super) use on_driver;

impl Driver {
    /// Takes a connection of the pool. SeaORM's own transaction begins with this.
    pub(super) async fn acquire(pool: &Pool, options: TransactionOptions) -> Result<Self, DbErr> {
        if let Some(driver) = Self::acquire_connection(pool).await? {
            return Ok(driver);
        }
        let connection = pool.open().await?;
        let begun = Box::pin(begin(pool, connection, options)).await?;
        Ok(Self::SeaOrm(vec![begun]))
    }

    /// Takes a connection of the pool. Returns `None` if it is none of sqlx, such as a mock.
    pub(super) async fn acquire_connection(pool: &Pool) -> Result<Option<Self>, DbErr> {
        Ok(match DriverKind::of(pool.open().await?) {
            #[cfg(feature = "sqlx-postgres")]
            DriverKind::Postgres(pool) => Some(Self::Postgres(acquire(pool).await?)),
            #[cfg(feature = "sqlx-mysql")]
            DriverKind::MySql(pool) => Some(Self::MySql(acquire(pool).await?)),
            #[cfg(feature = "sqlx-sqlite")]
            DriverKind::Sqlite(pool) => Some(Self::Sqlite(acquire(pool).await?)),
            DriverKind::Other(_) | DriverKind::Disconnected => None,
        })
    }

    /// Closes the connection instead of returning it to its pool.
    pub(super) fn close(self) {
        match self {
            #[cfg(feature = "sqlx-postgres")]
            Self::Postgres(connection) => close(connection),
            #[cfg(feature = "sqlx-mysql")]
            Self::MySql(connection) => close(connection),
            #[cfg(feature = "sqlx-sqlite")]
            Self::Sqlite(connection) => close(connection),
            // Innermost first: SeaORM rolls back a transaction that is dropped.
            Self::SeaOrm(mut levels) => while levels.pop().is_some() {},
        }
    }
}

/// sqlx closes a connection in the background, which needs a runtime. Without one, dropping the
/// connection closes its socket.
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
    if DriverKind::of(connection).is_unsupported_pool() {
        let dialect = crate::cluster::dialect_of(connection);
        return Err(RoutingError::Config(ConfigError::DriverOff {
            node: pool.name().clone(),
            dialect: dialect.map_or("unknown", dialect_name),
        })
        .into());
    }
    connection.begin_with_options(options).await
}

pub(super) fn innermost(levels: &[DatabaseTransaction]) -> Result<&DatabaseTransaction, DbErr> {
    levels.last().ok_or_else(|| ended().into())
}

/// The branch has no connection any more.
pub(super) fn ended() -> RoutingError {
    RoutingError::Transaction(TxnError::Doomed {
        reason: "it has ended".to_owned(),
    })
}

#[cfg(feature = "sqlx-dep")]
pub(super) fn query<'q, DB>(
    statement: &'q sea_orm::Statement,
) -> sqlx::query::Query<'q, DB, SqlxValues>
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
pub(super) fn exec_error(error: sqlx::Error) -> DbErr {
    DbErr::Exec(RuntimeErr::SqlxError(error.into()))
}

#[cfg(feature = "sqlx-dep")]
pub(super) fn query_error(error: sqlx::Error) -> DbErr {
    DbErr::Query(RuntimeErr::SqlxError(error.into()))
}

/// Takes a connection of a pool. The future of sqlx is boxed: with TLS it has some kilobytes, which each
/// future around it would move.
#[cfg(any(
    feature = "sqlx-postgres",
    feature = "sqlx-mysql",
    feature = "sqlx-sqlite"
))]
async fn acquire<DB: sqlx::Database>(
    pool: &sqlx::Pool<DB>,
) -> Result<sqlx::pool::PoolConnection<DB>, DbErr> {
    Box::pin(pool.acquire()).await.map_err(acquire_error)
}

#[cfg(any(
    feature = "sqlx-postgres",
    feature = "sqlx-mysql",
    feature = "sqlx-sqlite"
))]
fn acquire_error(error: sqlx::Error) -> DbErr {
    match error {
        sqlx::Error::PoolTimedOut => DbErr::ConnectionAcquire(ConnAcquireErr::Timeout),
        sqlx::Error::PoolClosed => DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed),
        other => DbErr::Conn(RuntimeErr::SqlxError(other.into())),
    }
}
