//! What both servers make of transactions: commit, rollback, savepoints, streams.

use futures_util::TryStreamExt;
use sea_orm::{DbErr, EntityTrait, PaginatorTrait, TransactionError, TransactionTrait};
use sea_orm_routing::error::TxnError;
use sea_orm_routing::{Role, RoutingConnection, RoutingError};

use crate::support::item::{self, insert, names};
use crate::support::{self, soon};

/// Each function is a test on Postgres and one on MariaDB.
macro_rules! on_both {
    ($($name:ident),* $(,)?) => {
        mod postgres {
            $(#[tokio::test]
            async fn $name() {
                let Some(pg) = super::support::postgres(concat!("t_", stringify!($name))).await else {
                    return;
                };
                super::$name(&pg.connect().await).await;
            })*
        }

        mod mariadb {
            $(#[tokio::test]
            async fn $name() {
                let Some(maria) = super::support::mariadb(concat!("t_", stringify!($name))).await else {
                    return;
                };
                super::$name(&maria.connect().await).await;
            })*
        }
    };
}

on_both!(
    committed_rows_stay,
    rolled_back_rows_do_not,
    dropped_transactions_are_rolled_back,
    closures_commit_on_ok_and_roll_back_on_err,
    nested_transactions_end_on_their_own,
    a_dropped_nested_transaction_is_undone,
    an_error_in_a_nested_transaction_is_undone_with_it,
    a_parent_does_not_end_before_its_child,
    a_stream_can_be_read_and_left,
    everything_in_a_transaction_runs_on_the_primary,
);

async fn committed_rows_stay(db: &RoutingConnection) {
    let txn = db.begin().await.expect("begun");
    let one = insert(&txn, "one").await.expect("inserted");
    let found = item::Entity::find_by_id(one.id)
        .one(&txn)
        .await
        .expect("a read");
    assert_eq!(found, Some(one));
    assert_eq!(names(db).await, [""; 0], "no other connection sees it yet");
    txn.commit().await.expect("committed");
    assert_eq!(names(db).await, ["one"]);
}

async fn rolled_back_rows_do_not(db: &RoutingConnection) {
    let txn = db.begin().await.expect("begun");
    insert(&txn, "one").await.expect("inserted");
    txn.rollback().await.expect("rolled back");
    assert_eq!(names(db).await, [""; 0]);
}

async fn dropped_transactions_are_rolled_back(db: &RoutingConnection) {
    for _ in 0..20 {
        let txn = db.begin().await.expect("begun");
        insert(&txn, "one")
            .await
            .expect("the earlier transaction released its lock");
        drop(txn);
    }
    assert_eq!(names(db).await, [""; 0]);
}

async fn closures_commit_on_ok_and_roll_back_on_err(db: &RoutingConnection) {
    let committed = db
        .transaction_async(async |txn| insert(txn, "one").await)
        .await;
    committed.expect("committed");
    let failed = db
        .transaction_async(async |txn| {
            insert(txn, "two").await?;
            Err::<(), _>(DbErr::Custom("no".to_owned()))
        })
        .await;
    let failed = failed.expect_err("the closure's error");
    assert!(
        matches!(failed, TransactionError::Transaction(DbErr::Custom(_))),
        "{failed}"
    );
    let boxed = db.transaction::<_, _, DbErr>(|txn| {
        Box::pin(async move { insert(txn, "three").await.map(|_| ()) })
    });
    boxed.await.expect("committed");
    assert_eq!(names(db).await, ["one", "three"]);
}

async fn nested_transactions_end_on_their_own(db: &RoutingConnection) {
    let txn = db.begin().await.expect("begun");
    insert(&txn, "outer").await.expect("inserted");
    let kept = txn.begin().await.expect("nested");
    insert(&kept, "kept").await.expect("inserted");
    let deeper = kept.begin().await.expect("nested twice");
    insert(&deeper, "undone").await.expect("inserted");
    deeper.rollback().await.expect("rolled back");
    insert(&kept, "kept too").await.expect("inserted");
    kept.commit().await.expect("released");
    let undone = txn.begin().await.expect("nested again");
    insert(&undone, "undone").await.expect("inserted");
    undone.rollback().await.expect("rolled back");
    txn.commit().await.expect("committed");
    assert_eq!(names(db).await, ["kept", "kept too", "outer"]);
}

async fn a_dropped_nested_transaction_is_undone(db: &RoutingConnection) {
    let txn = db.begin().await.expect("begun");
    insert(&txn, "outer").await.expect("inserted");
    let nested = txn.begin().await.expect("nested");
    insert(&nested, "undone").await.expect("inserted");
    drop(nested);
    assert_eq!(item::Entity::find().count(&txn).await, Ok(1));
    insert(&txn, "outer too").await.expect("inserted");
    let last = txn.begin().await.expect("nested");
    insert(&last, "undone").await.expect("inserted");
    drop(last);
    txn.commit().await.expect("committed");
    assert_eq!(names(db).await, ["outer", "outer too"]);
}

async fn an_error_in_a_nested_transaction_is_undone_with_it(db: &RoutingConnection) {
    let txn = db.begin().await.expect("begun");
    insert(&txn, "one").await.expect("inserted");
    let nested = txn.begin().await.expect("nested");
    insert(&nested, "two").await.expect("inserted");
    let twice = insert(&nested, "one").await.expect_err("the name is taken");
    assert!(twice.sql_err().is_some(), "{twice}");
    nested
        .rollback()
        .await
        .expect("rolled back to its savepoint");
    insert(&txn, "three")
        .await
        .expect("the outer one continues");
    txn.commit().await.expect("committed");
    assert_eq!(names(db).await, ["one", "three"]);
}

async fn a_parent_does_not_end_before_its_child(db: &RoutingConnection) {
    let txn = db.begin().await.expect("begun");
    insert(&txn, "outer").await.expect("inserted");
    let nested = txn.begin().await.expect("nested");
    insert(&nested, "inner").await.expect("inserted");
    let out_of_turn = insert(&txn, "out of turn")
        .await
        .expect_err("a child is open");
    assert!(
        matches!(
            RoutingError::of(&out_of_turn),
            Some(RoutingError::Transaction(TxnError::NestedOpen { .. }))
        ),
        "{out_of_turn}"
    );
    txn.commit().await.expect_err("a child is open");
    insert(&nested, "too late").await.expect_err("doomed");
    nested.commit().await.expect_err("doomed");
    assert_eq!(names(db).await, [""; 0]);
    insert(db, "outer").await.expect("nothing is locked");
}

async fn a_stream_can_be_read_and_left(db: &RoutingConnection) {
    let txn = db.begin().await.expect("begun");
    let rows = (0..1_000).map(|n| item::named(format!("{n:04}")));
    item::Entity::insert_many(rows)
        .exec(&txn)
        .await
        .expect("inserted");
    let streamed = item::Entity::find().stream(&txn).await.expect("a stream");
    let all: Vec<_> = streamed.try_collect().await.expect("rows");
    assert_eq!(all.len(), 1_000);

    let mut left = item::Entity::find().stream(&txn).await.expect("a stream");
    left.try_next().await.expect("a row").expect("a row");
    drop(left);
    assert_eq!(item::Entity::find().count(&txn).await, Ok(1_000));
    let nested = txn.begin().await.expect("nested");
    let mut left = item::Entity::find()
        .stream(&nested)
        .await
        .expect("a stream");
    left.try_next().await.expect("a row").expect("a row");
    drop(left);
    drop(nested);
    soon("a commit", txn.commit()).await.expect("committed");
    assert_eq!(names(db).await.len(), 1_000);
}

async fn everything_in_a_transaction_runs_on_the_primary(db: &RoutingConnection) {
    let routes = db.record();
    let txn = db.begin().await.expect("begun");
    for _ in 0..10 {
        item::Entity::find().all(&txn).await.expect("a read");
    }
    insert(&txn, "one").await.expect("inserted");
    txn.commit().await.expect("committed");
    routes.assert_routed(item::Entity, "default", Role::Primary);
}
