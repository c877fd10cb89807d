//! A statement beside a transaction that holds the only connection of its pool.

use std::time::Duration;

use sea_orm::{ConnectOptions, ConnectionTrait, DbErr, EntityTrait, TransactionTrait};
use sea_orm_routing::error::TxnError;
use sea_orm_routing::{RoutingConnection, RoutingError};

use crate::entities::category;
use crate::shop::{Result, add_category, assert_error, assert_says};

/// A database in memory, which has one connection.
async fn in_memory(acquire_timeout: Duration) -> Result<RoutingConnection> {
    let mut options = ConnectOptions::new("sqlite::memory:");
    options.acquire_timeout(acquire_timeout);
    let builder = RoutingConnection::builder().database("default", options);
    let db = builder.connect().await?;
    let table = "CREATE TABLE category (id integer PRIMARY KEY, name text NOT NULL)";
    db.execute_unprepared(table).await?;
    Ok(db)
}

#[tokio::test]
async fn a_task_that_waits_for_itself_is_told_so() -> Result {
    let db = in_memory(Duration::from_millis(100)).await?;
    let txn = db.begin().await?;
    add_category(&txn, "Tea").await?;
    let beside: DbErr = category::Entity::find().all(&db).await.expect_err("held");
    assert_error!(
        beside,
        RoutingError::Transaction(TxnError::WaitsForItself { node, .. }) if *node == "default/1"
    );
    assert_says(&beside, &["default/1", "in that transaction"]);
    let other = db.begin().await?;
    let second = add_category(&other, "Coffee").await;
    let second = second.expect_err("held").to_string();
    assert_says(&second, &["the only one"]);
    drop(other);
    txn.commit().await?;
    assert_eq!(category::Entity::find().all(&db).await?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_statement_that_only_waits_for_its_turn_is_answered() -> Result {
    let db = in_memory(Duration::from_secs(60)).await?;
    let txn = db.begin().await?;
    add_category(&txn, "Tea").await?;
    // In one task, but not one after the other.
    let (found, committed) = tokio::join!(category::Entity::find().all(&db), async {
        add_category(&txn, "Coffee").await?;
        txn.commit().await
    });
    committed?;
    assert_eq!(found?.len(), 2);
    Ok(())
}

#[tokio::test]
async fn another_task_gets_the_timeout_of_the_pool() -> Result {
    let db = in_memory(Duration::from_millis(100)).await?;
    let txn = db.begin().await?;
    add_category(&txn, "Tea").await?;
    let other = tokio::spawn(async move { category::Entity::find().all(&db).await });
    let error = other.await?.expect_err("held");
    assert!(matches!(error, DbErr::ConnectionAcquire(_)), "{error:?}");
    Ok(())
}
