//! What only MariaDB does: a deadlock ends the victim's transaction on the server, so the next
//! statement would be committed on its own.

use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, TransactionTrait};
use sea_orm_routing::error::TxnError;
use sea_orm_routing::{RoutingConnection, RoutingError, RoutingTransaction};

use crate::support::item::{self, insert, names};
use crate::support::{self, error_of, soon};

async fn connect(name: &'static str) -> Option<RoutingConnection> {
    let maria = support::mariadb(name).await?;
    let db = maria.connect().await;
    for name in ["a", "b"] {
        insert(&db, name).await.expect("inserted");
    }
    Some(db)
}

async fn append(txn: &impl ConnectionTrait, name: &str, sign: &str) -> Result<(), DbErr> {
    let changed = item::Entity::update_many()
        .col_expr(
            item::Column::Name,
            Expr::cust(format!("CONCAT(name, '{sign}')")),
        )
        .filter(item::Column::Name.eq(name));
    changed.exec(txn).await.map(drop)
}

fn doomed(error: &DbErr) -> bool {
    matches!(
        RoutingError::of(error),
        Some(RoutingError::Transaction(TxnError::Doomed { .. }))
    )
}

/// Each transaction has changed one row and wants the other's. Returns the survivor and the victim.
async fn deadlock(db: &RoutingConnection) -> (RoutingTransaction, RoutingTransaction) {
    let first = db.begin().await.expect("begun");
    let second = db.begin().await.expect("begun");
    append(&first, "a", "1").await.expect("updated");
    append(&second, "b", "2").await.expect("updated");
    let both = async { tokio::join!(append(&first, "b", "1"), append(&second, "a", "2")) };
    let outcome = soon("a deadlock is found", both).await;
    match outcome {
        (Ok(()), Err(error)) => {
            assert!(error.to_string().contains("1213"), "{error}");
            (first, second)
        }
        (Err(error), Ok(())) => {
            assert!(error.to_string().contains("1213"), "{error}");
            (second, first)
        }
        other => panic!("there should be one victim: {other:?}"),
    }
}

#[tokio::test]
async fn the_victim_of_a_deadlock_sends_nothing_more() {
    let Some(db) = connect("deadlock").await else {
        return;
    };
    let (went_on, victim) = deadlock(&db).await;
    let later = insert(&victim, "would be committed by itself")
        .await
        .expect_err("it is over");
    assert!(doomed(&later), "{later}");
    let later = item::Entity::find()
        .all(&victim)
        .await
        .expect_err("it is over");
    assert!(doomed(&later), "{later}");
    let nested = victim.begin().await.expect("a level");
    insert(&nested, "would be committed by itself")
        .await
        .expect_err("it is over");
    drop(nested);
    let commit = victim.commit().await.expect_err("nothing to commit");
    assert!(doomed(&commit), "{commit}");
    went_on.commit().await.expect("committed");
    let after = names(&db).await;
    assert!(after == ["a1", "b1"] || after == ["a2", "b2"], "{after:?}");
}

#[tokio::test]
async fn the_victim_of_a_deadlock_can_be_rolled_back_or_dropped() {
    let Some(db) = connect("deadlock_end").await else {
        return;
    };
    let (went_on, victim) = deadlock(&db).await;
    victim.rollback().await.expect("rolled back");
    went_on.rollback().await.expect("rolled back");
    let (went_on, victim) = deadlock(&db).await;
    drop(victim);
    went_on.rollback().await.expect("rolled back");
    assert_eq!(names(&db).await, ["a", "b"]);
    insert(&db, "c").await.expect("the pool is fine");
}

#[tokio::test]
async fn the_victim_of_a_deadlock_in_a_nested_transaction_is_over_as_a_whole() {
    let Some(db) = connect("deadlock_nested").await else {
        return;
    };
    let outer = db.begin().await.expect("begun");
    let other = db.begin().await.expect("begun");
    append(&outer, "a", "1").await.expect("updated");
    // The other transaction has changed more rows, so the server spares it.
    append(&other, "b", "2").await.expect("updated");
    for n in 0..30 {
        insert(&other, &format!("other {n}"))
            .await
            .expect("inserted");
    }
    let nested = outer.begin().await.expect("nested");
    let both = async { tokio::join!(append(&nested, "b", "1"), append(&other, "a", "2")) };
    let (victim, spared) = soon("a deadlock is found", both).await;
    let victim = victim.expect_err("the victim").to_string();
    assert!(victim.contains("1213"), "{victim}");
    spared.expect("the other continues");
    drop(nested.rollback().await);
    let later = insert(&outer, "would be committed by itself").await;
    assert!(
        later.is_err(),
        "the server has rolled back the outer one too"
    );
    outer.commit().await.expect_err("nothing to commit");
    other.commit().await.expect("committed");
    assert_eq!(names(&db).await.len(), 32);
}

#[tokio::test]
async fn a_lock_that_takes_too_long_ends_the_statement_only() {
    let Some(db) = connect("lock_timeout").await else {
        return;
    };
    let holder = db.begin().await.expect("begun");
    append(&holder, "a", "1").await.expect("updated");
    let waiter = db.begin().await.expect("begun");
    insert(&waiter, "c").await.expect("inserted");
    let there = waiter.using("default").expect("declared");
    let patience = "SET SESSION innodb_lock_wait_timeout = 1";
    there.execute_unprepared(patience).await.expect("set");
    let error = error_of(soon("the wait", append(&waiter, "a", "2")).await);
    assert!(error.contains("1205"), "{error}");
    insert(&waiter, "d").await.expect("the transaction goes on");
    holder.rollback().await.expect("rolled back");
    waiter.commit().await.expect("committed");
    assert_eq!(names(&db).await, ["a", "b", "c", "d"]);
}

/// With snapshot isolation, MariaDB's default since 11.6, a lost update is an error.
#[tokio::test]
async fn a_lost_update_under_snapshot_isolation_commits_nothing_by_itself() {
    let Some(db) = connect("snapshot").await else {
        return;
    };
    let txn = db.begin().await.expect("begun");
    let there = txn.using("default").expect("declared");
    let snapshot = "SET SESSION innodb_snapshot_isolation = ON";
    if there.execute_unprepared(snapshot).await.is_err() {
        eprintln!("this MariaDB has no innodb_snapshot_isolation");
        return;
    }
    insert(&txn, "mine").await.expect("inserted");
    assert_eq!(
        item::Entity::find().all(&txn).await.expect("a read").len(),
        3
    );
    append(&db, "a", "1")
        .await
        .expect("another connection's update");
    let error = error_of(append(&txn, "a1", "2").await);
    assert!(error.contains("1020"), "{error}");
    // Whether the server keeps the rest or not: all of it is committed, or nothing.
    let later = insert(&txn, "later").await;
    let committed = txn.commit().await;
    let mut expected = vec!["a1", "b"];
    if committed.is_ok() {
        assert!(later.is_ok());
        expected.extend(["later", "mine"]);
    }
    assert_eq!(names(&db).await, expected, "{later:?} {committed:?}");
}
