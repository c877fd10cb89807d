//! Which driver is behind a connection.
//!
//! SeaORM's variants come and go with its features, so that every match on them needs a `cfg` for each
//! driver and an arm for the rest. This is the only match: everything else asks [`DriverKind::of`].

use sea_orm::{DatabaseConnection, DatabaseConnectionType, DbBackend};

/// The driver behind a connection, with its pool.
#[derive(Debug, Clone, Copy)]
pub(crate) enum DriverKind<'c> {
    #[cfg(feature = "sqlx-postgres")]
    Postgres(&'c sea_orm::sqlx::PgPool),
    #[cfg(feature = "sqlx-mysql")]
    MySql(&'c sea_orm::sqlx::MySqlPool),
    #[cfg(feature = "sqlx-sqlite")]
    Sqlite(&'c sea_orm::sqlx::SqlitePool),
    /// No pool that this crate can reach: a mock, a proxy, rusqlite, or a driver whose feature is off
    /// here.
    Other(&'c DatabaseConnection),
    Disconnected,
}

/// How many connections a pool has.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PoolUsage {
    pub(crate) open: usize,
    pub(crate) idle: usize,
    pub(crate) max: u32,
}

impl<'c> DriverKind<'c> {
    pub(crate) fn of(connection: &'c DatabaseConnection) -> Self {
        match &connection.inner {
            #[cfg(feature = "sqlx-postgres")]
            DatabaseConnectionType::SqlxPostgresPoolConnection(_) => {
                Self::Postgres(connection.get_postgres_connection_pool())
            }
            #[cfg(feature = "sqlx-mysql")]
            DatabaseConnectionType::SqlxMySqlPoolConnection(_) => {
                Self::MySql(connection.get_mysql_connection_pool())
            }
            #[cfg(feature = "sqlx-sqlite")]
            DatabaseConnectionType::SqlxSqlitePoolConnection(_) => {
                Self::Sqlite(connection.get_sqlite_connection_pool())
            }
            DatabaseConnectionType::Disconnected => Self::Disconnected,
            #[allow(unreachable_patterns, reason = "SeaORM's features decide what is left")]
            _ => Self::Other(connection),
        }
    }

    /// The connections of the pool. Returns `None` if there is no pool.
    pub(crate) fn usage(self) -> Option<PoolUsage> {
        match self {
            #[cfg(feature = "sqlx-postgres")]
            Self::Postgres(pool) => Some(PoolUsage::of(pool)),
            #[cfg(feature = "sqlx-mysql")]
            Self::MySql(pool) => Some(PoolUsage::of(pool)),
            #[cfg(feature = "sqlx-sqlite")]
            Self::Sqlite(pool) => Some(PoolUsage::of(pool)),
            Self::Other(_) | Self::Disconnected => None,
        }
    }

    /// Closes the connections that are idle now. They are taken when this is first polled.
    pub(crate) async fn close_idle(self) {
        match self {
            #[cfg(feature = "sqlx-postgres")]
            Self::Postgres(pool) => close_idle(pool).await,
            #[cfg(feature = "sqlx-mysql")]
            Self::MySql(pool) => close_idle(pool).await,
            #[cfg(feature = "sqlx-sqlite")]
            Self::Sqlite(pool) => close_idle(pool).await,
            Self::Other(_) | Self::Disconnected => {}
        }
    }

    /// Whether it is a pool of a driver whose feature is off in this crate and on in SeaORM. Such a
    /// variant cannot be named here; only its `Debug` form tells it from a mock or a proxy.
    pub(crate) fn is_unsupported_pool(self) -> bool {
        match self {
            Self::Other(connection) => format!("{:?}", connection.inner).starts_with("Sqlx"),
            _ => false,
        }
    }
}

#[cfg(feature = "sqlx-dep")]
async fn close_idle<DB: sea_orm::sqlx::Database>(pool: &sea_orm::sqlx::Pool<DB>) {
    let idle: Vec<_> = std::iter::from_fn(|| pool.try_acquire()).collect();
    let closing = idle
        .into_iter()
        .map(sea_orm::sqlx::pool::PoolConnection::close);
    futures_util::future::join_all(closing).await;
}

impl PoolUsage {
    #[cfg(feature = "sqlx-dep")]
    fn of<DB: sea_orm::sqlx::Database>(pool: &sea_orm::sqlx::Pool<DB>) -> Self {
        Self {
            open: pool.size() as usize,
            idle: pool.num_idle(),
            max: pool.options().get_max_connections(),
        }
    }

    /// Whether no connection is in use.
    pub(crate) fn is_idle(self) -> bool {
        self.idle >= self.open
    }

    /// Whether every connection the pool may have is in use. A pool that hands out none is busy then,
    /// which says nothing about its server.
    pub(crate) fn is_exhausted(self) -> bool {
        self.idle == 0 && self.open >= self.max as usize
    }
}

/// The dialect of a connection. Returns `None` if it is not open: SeaORM panics on one.
pub(crate) fn dialect_of(connection: &DatabaseConnection) -> Option<DbBackend> {
    match DriverKind::of(connection) {
        DriverKind::Disconnected => None,
        _ => Some(connection.get_database_backend()),
    }
}
