//! Setting the overrides on the connect options of a pool, for each driver.

use std::str::FromStr;

use sea_orm::sqlx::{ConnectOptions, Database, Pool};
use sea_orm::{DatabaseConnection, DbErr, RuntimeErr, sqlx};

use super::{ConnectOverrides, PoolGuard};
use crate::cluster::credentials::Credentials;
use crate::cluster::driver_kind::DriverKind;

/// Sets the overrides on a pool that was opened lazily.
pub(super) async fn apply(
    connection: DatabaseConnection,
    overrides: ConnectOverrides,
) -> Result<DatabaseConnection, DbErr> {
    let replaced = match DriverKind::of(&connection) {
        #[cfg(feature = "sqlx-postgres")]
        DriverKind::Postgres(pool) => {
            let options = postgres((*pool.connect_options()).clone(), &overrides)?;
            let pool = match overrides.guard {
                PoolGuard::FirstStatement => Some(guarded_first(pool, options).await),
                PoolGuard::Off | PoolGuard::AtStart => replace(pool, options).await,
            };
            pool.map(sea_orm::SqlxPostgresConnector::from_sqlx_postgres_pool)
        }
        #[cfg(feature = "sqlx-mysql")]
        DriverKind::MySql(pool) => {
            let options = mysql((*pool.connect_options()).clone(), &overrides)?;
            let pool = replace(pool, options).await;
            pool.map(sea_orm::SqlxMySqlConnector::from_sqlx_mysql_pool)
        }
        #[cfg(feature = "sqlx-sqlite")]
        DriverKind::Sqlite(pool) => {
            let options = sqlite((*pool.connect_options()).clone(), &overrides)?;
            let pool = replace(pool, options).await;
            if let Some(pool) = &pool {
                // SQLite opens files, so it can be tried at once.
                drop(pool.acquire().await.map_err(sqlx_error)?);
            }
            pool.map(sea_orm::SqlxSqliteConnector::from_sqlx_sqlite_pool)
        }
        DriverKind::Other(_) | DriverKind::Disconnected => None,
    };
    Ok(replaced.unwrap_or(connection))
}

/// Logs a pool in as another user. The returned closure makes the change and cannot fail: with
/// `must_answer`, a new connection was tried already.
#[cfg_attr(
    not(any(feature = "sqlx-postgres", feature = "sqlx-mysql")),
    allow(unused_variables, reason = "SQLite has no users")
)]
pub(in crate::cluster) async fn log_in_as(
    connection: &DatabaseConnection,
    credentials: &Credentials,
    must_answer: bool,
) -> Result<Box<dyn FnOnce() + Send>, DbErr> {
    let Credentials { username, password } = credentials;
    match DriverKind::of(connection) {
        #[cfg(feature = "sqlx-postgres")]
        DriverKind::Postgres(pool) => {
            let options = (*pool.connect_options()).clone();
            let options = options.username(username).password(password);
            change_options(pool, options, must_answer).await
        }
        #[cfg(feature = "sqlx-mysql")]
        DriverKind::MySql(pool) => {
            let options = (*pool.connect_options()).clone();
            let options = options.username(username).password(password);
            change_options(pool, options, must_answer).await
        }
        _ => Ok(Box::new(|| {})),
    }
}

/// Connects once to the server of a pool.
///
/// # Errors
///
/// The address, and why no server answers there. What a server answers is left to the pool.
pub(super) async fn reach(connection: &DatabaseConnection) -> Result<(), DbErr> {
    match DriverKind::of(connection) {
        #[cfg(feature = "sqlx-postgres")]
        DriverKind::Postgres(pool) => {
            let options = pool.connect_options();
            let address = address(options.get_host(), options.get_port(), options.get_socket());
            try_once(pool, address).await
        }
        #[cfg(feature = "sqlx-mysql")]
        DriverKind::MySql(pool) => {
            let options = pool.connect_options();
            let address = address(options.get_host(), options.get_port(), options.get_socket());
            try_once(pool, address).await
        }
        _ => Ok(()),
    }
}

#[cfg(any(feature = "sqlx-postgres", feature = "sqlx-mysql"))]
fn address(host: &str, port: u16, socket: Option<&std::path::PathBuf>) -> String {
    match socket {
        Some(socket) => socket.display().to_string(),
        None if host.contains(':') => format!("[{host}]:{port}"),
        None => format!("{host}:{port}"),
    }
}

#[cfg(any(feature = "sqlx-postgres", feature = "sqlx-mysql"))]
async fn try_once<DB: Database>(pool: &Pool<DB>, address: String) -> Result<(), DbErr> {
    use std::io::{Error, ErrorKind};

    let timeout = pool.options().get_acquire_timeout();
    let connected = pool.connect_options();
    let error = match tokio::time::timeout(timeout, connected.connect()).await {
        Ok(Err(sqlx::Error::Io(error))) => Error::new(error.kind(), format!("{address}: {error}")),
        Ok(Ok(_) | Err(_)) => return Ok(()),
        Err(_) => {
            let text = format!("{address}: no answer within {timeout:?}");
            Error::new(ErrorKind::TimedOut, text)
        }
    };
    Err(sqlx_error(sqlx::Error::Io(error)))
}

#[cfg(any(feature = "sqlx-postgres", feature = "sqlx-mysql"))]
async fn change_options<DB: Database>(
    pool: &Pool<DB>,
    options: <DB::Connection as sqlx::Connection>::Options,
    must_answer: bool,
) -> Result<Box<dyn FnOnce() + Send>, DbErr> {
    if must_answer {
        drop(options.connect().await.map_err(sqlx_error)?);
    }
    let pool = pool.clone();
    Ok(Box::new(move || pool.set_connect_options(options)))
}

/// Sets connect options on a pool, and closes the connections that it has already. Returns a new pool with
/// them if some are in use.
async fn replace<DB: Database>(
    pool: &Pool<DB>,
    options: <DB::Connection as sqlx::Connection>::Options,
) -> Option<Pool<DB>> {
    pool.set_connect_options(options.clone());
    while let Some(idle) = pool.try_acquire() {
        let _ = idle.close().await;
    }
    if pool.size() == 0 {
        return None;
    }
    let refined = pool.options().clone().connect_lazy_with(options);
    pool.close().await;
    Some(refined)
}

fn sqlx_error(error: sqlx::Error) -> DbErr {
    DbErr::Conn(RuntimeErr::SqlxError(error.into()))
}

fn parse<O>(url: &str) -> Result<O, DbErr>
where
    O: ConnectOptions + FromStr<Err = sqlx::Error>,
{
    O::from_str(url).map_err(sqlx_error)
}

#[cfg(feature = "sqlx-postgres")]
fn postgres(
    mut options: sqlx::postgres::PgConnectOptions,
    overrides: &ConnectOverrides,
) -> Result<sqlx::postgres::PgConnectOptions, DbErr> {
    if let Some(endpoint) = &overrides.endpoint {
        // A socket, once set, beats every host.
        let socket = options.get_socket().is_some() && endpoint.host().is_some();
        if endpoint.has_options() || socket {
            options = parse(endpoint.as_str())?;
        }
        if let Some(host) = endpoint.host() {
            options = match host.starts_with('/') {
                true => options.socket(host),
                false => options.host(&host).port(endpoint.port().unwrap_or(5432)),
            };
        }
        if let Some(name) = endpoint.username() {
            options = options.username(&name);
        }
        if let Some(database) = endpoint.database() {
            options = options.database(&database);
        }
    }
    if let Some(password) = overrides.password() {
        options = options.password(&password);
    }
    if overrides.guard == PoolGuard::AtStart {
        options = options.options([("default_transaction_read_only", "on")]);
    }
    Ok(options)
}

/// A pool whose connections are made read-only by their first statement. It has no other hook.
#[cfg(feature = "sqlx-postgres")]
async fn guarded_first(
    pool: &sqlx::PgPool,
    options: sqlx::postgres::PgConnectOptions,
) -> sqlx::PgPool {
    use sqlx::Executor;

    const GUARD: &str = "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY";
    let guarded = pool.options().clone().after_connect(|connection, _| {
        Box::pin(async move { connection.execute(GUARD).await.map(drop) })
    });
    let guarded = guarded.connect_lazy_with(options);
    pool.close().await;
    guarded
}

#[cfg(feature = "sqlx-mysql")]
fn mysql(
    mut options: sqlx::mysql::MySqlConnectOptions,
    overrides: &ConnectOverrides,
) -> Result<sqlx::mysql::MySqlConnectOptions, DbErr> {
    if let Some(endpoint) = &overrides.endpoint {
        // A socket, once set, beats every host.
        let socket = options.get_socket().is_some() && endpoint.host().is_some();
        if endpoint.has_options() || socket {
            options = parse(endpoint.as_str())?;
        }
        if let Some(host) = endpoint.host() {
            options = options.host(&host).port(endpoint.port().unwrap_or(3306));
        }
        if let Some(name) = endpoint.username() {
            options = options.username(&name);
        }
        if let Some(database) = endpoint.database() {
            options = options.database(&database);
        }
    }
    if let Some(password) = overrides.password() {
        options = options.password(&password);
    }
    if overrides.guard != PoolGuard::Off {
        options = mysql_read_only(options);
    }
    Ok(options)
}

/// Makes every connection of the pool read-only.
///
/// sqlx has one `after_connect` slot, which belongs to the user. sqlx itself runs one statement on each
/// new connection, `SET NAMES <charset> [COLLATE <collation>]`, and the guard is appended to it. A test
/// on a real server covers this.
#[cfg(feature = "sqlx-mysql")]
fn mysql_read_only(options: sqlx::mysql::MySqlConnectOptions) -> sqlx::mysql::MySqlConnectOptions {
    const GUARD: &str = "; SET SESSION TRANSACTION READ ONLY";
    let options = options.set_names(true);
    match options.get_collation().map(str::to_owned) {
        Some(collation) => options.collation(&(collation + GUARD)),
        None => {
            let charset = options.get_charset().to_owned();
            options.charset(&(charset + GUARD))
        }
    }
}

#[cfg(feature = "sqlx-sqlite")]
fn sqlite(
    mut options: sqlx::sqlite::SqliteConnectOptions,
    overrides: &ConnectOverrides,
) -> Result<sqlx::sqlite::SqliteConnectOptions, DbErr> {
    if let Some(endpoint) = &overrides.endpoint {
        let own: sqlx::sqlite::SqliteConnectOptions = parse(endpoint.as_str())?;
        options = match endpoint.has_options() {
            true => own,
            false => options.filename(own.get_filename()),
        };
    }
    if overrides.guard != PoolGuard::Off {
        options = options.read_only(true).create_if_missing(false);
    }
    Ok(options)
}

impl ConnectOverrides {
    #[cfg(any(feature = "sqlx-postgres", feature = "sqlx-mysql"))]
    fn password(&self) -> Option<String> {
        let endpoint = self.endpoint.as_ref().and_then(super::NodeUrl::password);
        endpoint.or_else(|| self.password.clone())
    }
}
