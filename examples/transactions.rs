//! Transactions: one database, several, callbacks, and a commit that fails half-way.
//!
//! Run with `cargo run --example transactions`.

#![allow(clippy::print_stdout, reason = "an example speaks to its reader")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use sea_orm::{ConnectionTrait, DbErr, QueryResult, Statement, TransactionTrait};
use sea_orm_routing::error::TxnError;
use sea_orm_routing::{RoutingConnection, RoutingError, TransactionMode};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let dir = tempfile::tempdir()?;
    let file = |name: &str| format!("sqlite://{}/{name}.db?mode=rwc", dir.path().display());
    let db = RoutingConnection::builder()
        .database("default", file("shop"))
        .database("warehouse", file("warehouse"))
        .bind_table("stock", "warehouse")
        .connect()
        .await?;
    db.execute_unprepared("CREATE TABLE purchase (sku TEXT)")
        .await?;
    let stock = "CREATE TABLE stock (sku TEXT, left_over INTEGER REFERENCES shelf (id) \
                 DEFERRABLE INITIALLY DEFERRED)";
    db.using("warehouse")?
        .execute_unprepared("CREATE TABLE shelf (id INTEGER PRIMARY KEY)")
        .await?;
    db.using("warehouse")?.execute_unprepared(stock).await?;

    one_database(&db).await?;
    several_databases(&db).await?;
    a_commit_that_fails_half_way(&db).await?;
    callbacks(&db).await?;
    println!("all as it should be");
    Ok(())
}

/// By default a transaction writes to one database, since two could come apart.
async fn one_database(db: &RoutingConnection) -> Result<(), DbErr> {
    let txn = db.begin().await?;
    txn.execute_unprepared("INSERT INTO purchase VALUES ('tea')")
        .await?;
    let warehouse = txn.using("warehouse")?;
    let refused = warehouse
        .execute_unprepared("INSERT INTO stock VALUES ('tea', NULL)")
        .await;
    let refused = refused.expect_err("a second database");
    println!("{refused}\n");
    txn.commit().await?;
    assert_eq!(count(db, "default", "purchase").await?, 1);
    assert_eq!(count(db, "warehouse", "stock").await?, 0);
    Ok(())
}

/// If a partial commit is acceptable, each database is committed on its own.
async fn several_databases(db: &RoutingConnection) -> Result<(), DbErr> {
    let txn = db
        .transaction_mode(TransactionMode::Independent)
        .begin()
        .await?;
    txn.execute_unprepared("INSERT INTO purchase VALUES ('milk')")
        .await?;
    let warehouse = txn.using("warehouse")?;
    warehouse
        .execute_unprepared("INSERT INTO stock VALUES ('milk', NULL)")
        .await?;
    txn.commit().await?;
    assert_eq!(count(db, "default", "purchase").await?, 2);
    assert_eq!(count(db, "warehouse", "stock").await?, 1);
    Ok(())
}

/// The error says which databases are committed.
async fn a_commit_that_fails_half_way(db: &RoutingConnection) -> Result<(), DbErr> {
    let txn = db
        .transaction_mode(TransactionMode::Independent)
        .begin()
        .await?;
    txn.execute_unprepared("INSERT INTO purchase VALUES ('salt')")
        .await?;
    let warehouse = txn.using("warehouse")?;
    // There is no shelf 7; SQLite checks that at the commit.
    warehouse
        .execute_unprepared("INSERT INTO stock VALUES ('salt', 7)")
        .await?;
    let failed = txn.commit().await.expect_err("there is no shelf 7");
    println!("{failed}\n");
    let Some(RoutingError::Transaction(TxnError::PartialCommit {
        committed, failed, ..
    })) = RoutingError::of(&failed)
    else {
        return Err(failed);
    };
    assert_eq!(
        (committed[0].as_str(), failed.as_str()),
        ("default", "warehouse")
    );
    assert_eq!(count(db, "default", "purchase").await?, 3);
    assert_eq!(count(db, "warehouse", "stock").await?, 1);
    Ok(())
}

/// Work outside of the database is done once the outcome is known.
async fn callbacks(db: &RoutingConnection) -> Result<(), DbErr> {
    let (sent, undone) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    for commits in [true, false] {
        let txn = db.begin().await?;
        txn.execute_unprepared("INSERT INTO purchase VALUES ('soap')")
            .await?;
        let (mails, uploads) = (Arc::clone(&sent), Arc::clone(&undone));
        txn.on_commit(move || {
            mails.fetch_add(1, Ordering::Relaxed);
        });
        txn.on_rollback(move || {
            uploads.fetch_add(1, Ordering::Relaxed);
        });
        if commits {
            txn.commit().await?;
        }
    }
    assert_eq!(sent.load(Ordering::Relaxed), 1);
    assert_eq!(undone.load(Ordering::Relaxed), 1);
    Ok(())
}

async fn count(db: &RoutingConnection, database: &str, table: &str) -> Result<i64, DbErr> {
    let on = db.using(database)?;
    let sql = format!("SELECT COUNT(*) AS n FROM {table}");
    let statement = Statement::from_string(on.get_database_backend(), sql);
    let row: Option<QueryResult> = on.query_one_raw(statement).await?;
    row.map_or(Ok(0), |row| row.try_get("", "n"))
}
