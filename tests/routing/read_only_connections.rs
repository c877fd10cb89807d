//! The connection of a read-only statement: SQLite refuses writes on it, and takes them again afterwards.

use futures_util::{StreamExt, TryStreamExt};
use sea_orm::{
    ConnectOptions, ConnectionTrait, DbBackend, FromQueryResult, Statement, StreamTrait,
};
use sea_orm_routing::RoutingConnection;

use crate::cancellation::poll_times;
use crate::shop::Result;

#[derive(Debug, PartialEq, FromQueryResult)]
struct Setting {
    query_only: i32,
}

const SETTING: &str = "SELECT query_only FROM pragma_query_only";
const WRITE: &str = "INSERT INTO note VALUES (1)";

/// A database in memory, which is lost with its one connection.
async fn one_connection() -> Result<RoutingConnection> {
    let mut options = ConnectOptions::new("sqlite::memory:");
    options.max_connections(1);
    let db = RoutingConnection::builder()
        .database("default", options)
        .read_only_function("pragma_query_only")
        .connect()
        .await?;
    db.execute_unprepared("CREATE TABLE note (id INT)").await?;
    Ok(db)
}

fn setting() -> Statement {
    Statement::from_string(DbBackend::Sqlite, SETTING)
}

async fn query_only(db: &RoutingConnection) -> Result<i32> {
    let found = Setting::find_by_statement(setting()).one(db).await?;
    Ok(found.ok_or("a row")?.query_only)
}

#[tokio::test]
async fn a_read_only_statement_runs_where_sqlite_refuses_writes() -> Result {
    let db = one_connection().await?;
    assert_eq!(query_only(&db.read_only()).await?, 1);
    assert_eq!(query_only(&db).await?, 0);
    db.execute_unprepared(WRITE).await?;
    Ok(())
}

#[tokio::test]
async fn a_read_only_stream_runs_where_sqlite_refuses_writes() -> Result {
    let db = one_connection().await?;
    let reader = db.read_only();
    let rows = reader.stream_raw(setting()).await?;
    let rows: Vec<_> = rows
        .map_ok(|row| Setting::from_query_result(&row, ""))
        .try_collect()
        .await?;
    let rows = rows
        .into_iter()
        .collect::<std::result::Result<Vec<_>, _>>()?;
    assert_eq!(rows, [Setting { query_only: 1 }]);
    db.execute_unprepared(WRITE).await?;
    Ok(())
}

#[tokio::test]
async fn a_read_only_stream_dropped_midway_leaves_the_connection_writable() -> Result {
    let db = one_connection().await?;
    let numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) \
                   SELECT i FROM n";
    let reader = db.read_only();
    let numbers = Statement::from_string(DbBackend::Sqlite, numbers);
    let mut rows = reader.stream_raw(numbers).await?;
    rows.next().await.ok_or("a row")??;
    drop(rows);
    db.execute_unprepared(WRITE).await?;
    Ok(())
}

#[tokio::test]
async fn a_read_only_statement_that_fails_leaves_the_connection_writable() -> Result {
    let db = one_connection().await?;
    let reader = db.read_only();
    let missing = reader.execute_unprepared("SELECT * FROM missing");
    missing.await.expect_err("no such table");
    db.execute_unprepared(WRITE).await?;
    Ok(())
}

#[tokio::test]
async fn a_connection_that_the_application_made_read_only_stays_so() -> Result {
    let db = one_connection().await?;
    db.execute_unprepared("PRAGMA query_only = 1").await?;
    assert_eq!(query_only(&db.read_only()).await?, 1);
    assert_eq!(query_only(&db).await?, 1);
    db.execute_unprepared(WRITE)
        .await
        .expect_err("it only reads");
    Ok(())
}

#[tokio::test]
async fn a_read_only_statement_cut_off_anywhere_leaves_the_connection_writable() -> Result {
    let db = one_connection().await?;
    let mut cut_off = 0;
    for polls in 1..1000 {
        let reader = db.read_only();
        let done = poll_times(reader.execute_unprepared(SETTING), polls).await;
        db.execute_unprepared(WRITE).await?;
        cut_off += u32::from(done.is_none());
        // Sometimes SQLite replies at once, and nothing was cut off.
        if done.is_some() && cut_off > 0 {
            return Ok(());
        }
    }
    panic!("never done, or never cut off");
}
