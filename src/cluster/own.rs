//! Connections of one's own beside the application's pool, with the options of the pool.

use std::path::PathBuf;

use sea_orm::DatabaseConnection;
#[cfg(feature = "sqlx-dep")]
use sea_orm::DatabaseConnectionType;

/// A pool of at most `connections` to where another is open, with its options and hooks. Nothing
/// where the database lives in the pool (SQLite in memory), or where there is no pool.
#[cfg_attr(
    not(feature = "sqlx-dep"),
    allow(unused_variables, reason = "only drivers have pools")
)]
pub(crate) fn own_pool(
    connection: &DatabaseConnection,
    connections: u32,
) -> Option<DatabaseConnection> {
    match &connection.inner {
        #[cfg(feature = "sqlx-postgres")]
        DatabaseConnectionType::SqlxPostgresPoolConnection(_) => {
            let pool = own(connection.get_postgres_connection_pool(), connections);
            Some(sea_orm::SqlxPostgresConnector::from_sqlx_postgres_pool(
                pool,
            ))
        }
        #[cfg(feature = "sqlx-mysql")]
        DatabaseConnectionType::SqlxMySqlPoolConnection(_) => {
            let pool = own(connection.get_mysql_connection_pool(), connections);
            Some(sea_orm::SqlxMySqlConnector::from_sqlx_mysql_pool(pool))
        }
        #[cfg(feature = "sqlx-sqlite")]
        DatabaseConnectionType::SqlxSqlitePoolConnection(_) => {
            sqlite_file(connection)?;
            // SQLite opens files, whatever has become of the pool.
            if connection.get_sqlite_connection_pool().is_closed() {
                return None;
            }
            let pool = own(connection.get_sqlite_connection_pool(), connections);
            Some(sea_orm::SqlxSqliteConnector::from_sqlx_sqlite_pool(pool))
        }
        _ => None,
    }
}

/// A connection that is held for long must not be closed for being old or idle.
#[cfg(feature = "sqlx-dep")]
fn own<DB: sea_orm::sqlx::Database>(
    pool: &sea_orm::sqlx::Pool<DB>,
    connections: u32,
) -> sea_orm::sqlx::Pool<DB> {
    let options = pool.options().clone();
    options
        .min_connections(0)
        .max_connections(connections)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_lazy_with((*pool.connect_options()).clone())
}

/// The file of an SQLite database, if it is in one.
pub(crate) fn sqlite_file(connection: &DatabaseConnection) -> Option<PathBuf> {
    let file = sqlite_name(connection)?;
    let name = file.to_string_lossy();
    let in_memory = name.is_empty() || name.contains(":memory:") || name.starts_with("file:");
    (!in_memory).then_some(file)
}

/// What an SQLite database is called, in a file or in memory.
pub(crate) fn sqlite_name(connection: &DatabaseConnection) -> Option<PathBuf> {
    match &connection.inner {
        #[cfg(feature = "sqlx-sqlite")]
        DatabaseConnectionType::SqlxSqlitePoolConnection(_) => {
            let pool = connection.get_sqlite_connection_pool();
            Some(pool.connect_options().get_filename().to_owned())
        }
        _ => None,
    }
}
