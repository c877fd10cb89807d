//! Connections of our own beside the application's pool, with the options of the pool.

use std::path::PathBuf;

use sea_orm::DatabaseConnection;

use super::driver_kind::DriverKind;

/// A pool of at most `connections` to the database of an open one, with its options and hooks. Returns
/// `None` if the database lives in its pool (SQLite in memory), or if there is no pool.
#[cfg_attr(
    not(feature = "sqlx-dep"),
    allow(unused_variables, reason = "only drivers have pools")
)]
pub(crate) fn own_pool(
    connection: &DatabaseConnection,
    connections: u32,
) -> Option<DatabaseConnection> {
    match DriverKind::of(connection) {
        #[cfg(feature = "sqlx-postgres")]
        DriverKind::Postgres(pool) => Some(
            sea_orm::SqlxPostgresConnector::from_sqlx_postgres_pool(own(pool, connections)),
        ),
        #[cfg(feature = "sqlx-mysql")]
        DriverKind::MySql(pool) => Some(sea_orm::SqlxMySqlConnector::from_sqlx_mysql_pool(own(
            pool,
            connections,
        ))),
        #[cfg(feature = "sqlx-sqlite")]
        DriverKind::Sqlite(pool) => {
            sqlite_file(connection)?;
            // SQLite opens files, whatever has become of the pool.
            if pool.is_closed() {
                return None;
            }
            let own = own(pool, connections);
            Some(sea_orm::SqlxSqliteConnector::from_sqlx_sqlite_pool(own))
        }
        DriverKind::Other(_) | DriverKind::Disconnected => None,
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

/// The file of an SQLite database. Returns `None` if it is in memory.
pub(crate) fn sqlite_file(connection: &DatabaseConnection) -> Option<PathBuf> {
    let file = sqlite_name(connection)?;
    let name = file.to_string_lossy();
    let in_memory = name.is_empty() || name.contains(":memory:") || name.starts_with("file:");
    (!in_memory).then_some(file)
}

/// The name of an SQLite database, in a file or in memory.
pub(crate) fn sqlite_name(connection: &DatabaseConnection) -> Option<PathBuf> {
    match DriverKind::of(connection) {
        #[cfg(feature = "sqlx-sqlite")]
        DriverKind::Sqlite(pool) => Some(pool.connect_options().get_filename().to_owned()),
        _ => None,
    }
}
