//! A server or a connection that is killed during a transaction: an error, and never a hang.

use std::time::Duration;

use routing_servers::Node;
use sea_orm::{ConnectOptions, EntityTrait, PaginatorTrait, TransactionTrait};
use sea_orm_routing::error::TxnError;
use sea_orm_routing::{RoutingConnection, RoutingError, RoutingTransaction};

use crate::support::item::{self, insert, names};
use crate::support::{self, eventually, impatient, single, soon, value};

/// The next statement fails, later ones are refused, and nothing is committed.
async fn is_over(db: &RoutingConnection, txn: RoutingTransaction) {
    let lost = soon("a statement", insert(&txn, "two")).await;
    lost.expect_err("the connection was killed");
    let later = item::Entity::find()
        .count(&txn)
        .await
        .expect_err("it is over");
    assert!(
        matches!(
            RoutingError::of(&later),
            Some(RoutingError::Transaction(TxnError::Doomed { .. }))
        ),
        "{later}"
    );
    soon("a commit", txn.commit())
        .await
        .expect_err("nothing to commit");
    assert_eq!(names(db).await, [""; 0]);
    insert(db, "after").await.expect("the pool is fine");
}

#[tokio::test]
async fn a_connection_of_postgres_is_killed_in_a_transaction() {
    let Some(pg) = support::postgres("lost_postgres").await else {
        return;
    };
    let db = pg.connect().await;
    let txn = db.begin().await.expect("begun");
    insert(&txn, "one").await.expect("inserted");
    let pid = value::<i32>(&txn, "SELECT pg_backend_pid()")
        .await
        .expect("a process");
    pg.sql(&format!("SELECT pg_terminate_backend({pid}, 5000)"))
        .await;
    is_over(&db, txn).await;
}

#[tokio::test]
async fn a_connection_of_mariadb_is_killed_in_a_transaction() {
    let Some(maria) = support::mariadb("lost_mariadb").await else {
        return;
    };
    let db = maria.connect().await;
    let txn = db.begin().await.expect("begun");
    insert(&txn, "one").await.expect("inserted");
    let id = value::<u32>(&txn, "SELECT CONNECTION_ID()")
        .await
        .expect("a thread");
    maria.sql(&format!("KILL HARD CONNECTION {id}")).await;
    is_over(&db, txn).await;
}

#[tokio::test]
async fn a_connection_is_killed_before_the_commit() {
    let Some(pg) = support::postgres("lost_commit").await else {
        return;
    };
    let db = pg.connect().await;
    let txn = db.begin().await.expect("begun");
    insert(&txn, "one").await.expect("inserted");
    let pid = value::<i32>(&txn, "SELECT pg_backend_pid()")
        .await
        .expect("a process");
    pg.sql(&format!("SELECT pg_terminate_backend({pid}, 5000)"))
        .await;
    soon("a commit", txn.commit())
        .await
        .expect_err("the connection was killed");
    assert_eq!(names(&db).await, [""; 0]);
}

#[tokio::test]
async fn a_connection_is_killed_and_the_transaction_rolled_back() {
    let Some(pg) = support::postgres("lost_rollback").await else {
        return;
    };
    let db = pg.connect().await;
    let txn = db.begin().await.expect("begun");
    insert(&txn, "one").await.expect("inserted");
    let pid = value::<i32>(&txn, "SELECT pg_backend_pid()")
        .await
        .expect("a process");
    pg.sql(&format!("SELECT pg_terminate_backend({pid}, 5000)"))
        .await;
    soon("a statement", insert(&txn, "two"))
        .await
        .expect_err("the connection was killed");
    soon("a rollback", txn.rollback())
        .await
        .expect("the server has rolled back");
    assert_eq!(names(&db).await, [""; 0]);
}

/// Long enough to open on a busy machine.
fn waiting_briefly(url: String) -> ConnectOptions {
    let mut options = impatient(url);
    options.acquire_timeout(Duration::from_secs(2));
    options
}

#[tokio::test]
async fn the_server_of_postgres_is_killed_in_a_transaction() {
    let Some(pg) = routing_servers::postgres(0).await else {
        return;
    };
    pg.create_database("shop").await.expect("a database");
    let db = single(waiting_briefly(pg.primary_url("shop")).into()).await;
    item::create(&db).await;
    let (txn, other) = (
        db.begin().await.expect("begun"),
        db.begin().await.expect("begun"),
    );
    insert(&txn, "one").await.expect("inserted");
    insert(&other, "two").await.expect("inserted");
    pg.stop_primary().await.expect("stopped");
    soon("a statement", insert(&txn, "three"))
        .await
        .expect_err("the server was killed");
    soon("a commit", txn.commit())
        .await
        .expect_err("the server was killed");
    soon("a commit", other.commit())
        .await
        .expect_err("the server was killed");
    let next = db.begin().await.expect("nothing is opened yet");
    soon("a statement", insert(&next, "four"))
        .await
        .expect_err("the server was killed");
    drop(next);

    pg.start_primary().await.expect("started");
    let db = &db;
    eventually("transactions go on", || async move {
        db.transaction_async(async |txn| insert(txn, "after").await)
            .await
            .is_ok()
    })
    .await;
    let there = pg
        .psql(Node::Primary, "shop", "SELECT name FROM item")
        .await;
    assert_eq!(there.as_deref(), Ok("after"));
}

#[tokio::test]
async fn the_server_of_mariadb_is_killed_in_a_transaction() {
    let Some(maria) = routing_servers::mariadb(0).await else {
        return;
    };
    maria.create_database("shop").await.expect("a database");
    let db = single(waiting_briefly(maria.primary_url("shop")).into()).await;
    item::create(&db).await;
    let txn = db.begin().await.expect("begun");
    insert(&txn, "one").await.expect("inserted");
    maria.stop_primary().await.expect("stopped");
    soon("a statement", insert(&txn, "two"))
        .await
        .expect_err("the server was killed");
    soon("a commit", txn.commit())
        .await
        .expect_err("the server was killed");
    maria.start_primary().await.expect("started");
    let db = &db;
    eventually("transactions go on", || async move {
        db.transaction_async(async |txn| insert(txn, "after").await)
            .await
            .is_ok()
    })
    .await;
    assert_eq!(names(db).await, ["after"]);
}
