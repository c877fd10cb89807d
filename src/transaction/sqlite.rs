//! SQLite's driver counts its transactions, so they begin and end by its own methods.

use sea_orm::sqlx::sqlite::SqliteConnection;
use sea_orm::sqlx::{AssertSqlSafe, Connection, Database, Error, Executor, SqlSafeStr, Sqlite};
use sqlx_core::transaction::TransactionManager;

type Manager = <Sqlite as Database>::TransactionManager;

pub(super) async fn begin(connection: &mut SqliteConnection, sql: &str) -> Result<(), Error> {
    let own = (sql != "BEGIN").then(|| AssertSqlSafe(sql.to_owned()).into_sql_str());
    Manager::begin(connection, own).await
}

pub(super) async fn commit(connection: &mut SqliteConnection) -> Result<(), Error> {
    Manager::commit(connection).await
}

pub(super) async fn roll_back(connection: &mut SqliteConnection) -> Result<(), Error> {
    Manager::rollback(connection).await
}

/// The driver remembers an answer nobody waited for, and takes the next rollback without an
/// answer for the one that belongs to it; so that one is sent first. A transaction that SQLite
/// has rolled back by itself is still counted: it begins again, to be rolled back.
pub(super) async fn clean_up(connection: &mut SqliteConnection) -> Result<(), Error> {
    Manager::start_rollback(connection);
    connection.ping().await?;
    if Manager::get_transaction_depth(connection) > 0 {
        // It says so when one is open after all.
        let _ = connection.execute("BEGIN").await;
        Manager::rollback(connection).await?;
    }
    Ok(())
}
