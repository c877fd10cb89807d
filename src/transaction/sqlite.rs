//! SQLite's driver counts its transactions, so they begin and end by its own methods.

use sea_orm::sqlx::sqlite::SqliteConnection;
use sea_orm::sqlx::{AssertSqlSafe, Connection, Database, Error, Executor, SqlSafeStr, Sqlite};
use sqlx_core::transaction::TransactionManager;

use super::control::Control;

type Manager = <Sqlite as Database>::TransactionManager;

pub(super) async fn control(
    connection: &mut SqliteConnection,
    control: Control<'_>,
) -> Result<(), Error> {
    match control {
        Control::Begin(sql) => {
            let own = (sql != "BEGIN").then(|| AssertSqlSafe(sql.to_owned()).into_sql_str());
            Manager::begin(connection, own).await
        }
        Control::Commit(_) => Manager::commit(connection).await,
        Control::RollBack => Manager::rollback(connection).await,
        Control::CleanUp => clean_up(connection).await,
        Control::Text(_, sql) => {
            let sent = connection.execute(AssertSqlSafe(sql.to_owned()));
            sent.await.map(drop)
        }
    }
}

/// The driver remembers an answer that was never awaited, and takes the next rollback without an
/// answer for the one that belongs to it; so that one is sent first. A transaction that SQLite
/// has rolled back by itself is still counted: it begins again, to be rolled back.
async fn clean_up(connection: &mut SqliteConnection) -> Result<(), Error> {
    Manager::start_rollback(connection);
    connection.ping().await?;
    if Manager::get_transaction_depth(connection) > 0 {
        // An error means that one is open after all.
        let _ = connection.execute("BEGIN").await;
        Manager::rollback(connection).await?;
    }
    Ok(())
}
