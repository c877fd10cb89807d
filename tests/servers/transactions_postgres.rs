//! What only Postgres does: an error aborts the whole transaction.

use sea_orm::{ConnectionTrait, EntityTrait, PaginatorTrait, TransactionTrait};

use crate::support::item::{self, insert, names};
use crate::support::{self, error_of, soon, value};

#[tokio::test]
async fn the_commit_of_an_aborted_transaction_is_an_error() {
    let Some(pg) = support::postgres("aborted").await else {
        return;
    };
    let db = pg.connect().await;
    for _ in 0..10 {
        let txn = db.begin().await.expect("begun");
        insert(&txn, "one").await.expect("inserted");
        insert(&txn, "one").await.expect_err("the name is taken");
        let later = error_of(item::Entity::find().count(&txn).await);
        assert!(later.contains("transaction is aborted"), "{later}");
        let commit = error_of(txn.commit().await);
        assert!(commit.contains("transaction is aborted"), "{commit}");
        assert_eq!(names(&db).await, [""; 0]);
    }
    let pool = db.primary("default").expect("declared");
    assert!(pool.get_postgres_connection_pool().size() <= 8);
    insert(&db, "after").await.expect("the pool is fine");
    assert_eq!(names(&db).await, ["after"]);
}

#[tokio::test]
async fn the_closure_of_an_aborted_transaction_does_not_report_success() {
    let Some(pg) = support::postgres("aborted_closure").await else {
        return;
    };
    let db = pg.connect().await;
    let swallowed = db
        .transaction_async::<_, _, sea_orm::DbErr>(async |txn| {
            insert(txn, "one").await?;
            // The error is swallowed, so the transaction stays aborted.
            drop(insert(txn, "one").await);
            Ok(())
        })
        .await;
    swallowed.expect_err("nothing was committed");
    assert_eq!(names(&db).await, [""; 0]);
}

#[tokio::test]
async fn an_aborted_part_that_was_dropped_does_not_fail_the_nested_commit_around_it() {
    let Some(pg) = support::postgres("aborted_inside").await else {
        return;
    };
    let db = pg.connect().await;
    let txn = db.begin().await.expect("begun");
    let nested = txn.begin().await.expect("nested");
    insert(&nested, "nested").await.expect("inserted");
    let inner = nested.begin().await.expect("nested twice");
    insert(&inner, "dropped").await.expect("inserted");
    insert(&inner, "nested")
        .await
        .expect_err("the name is taken");
    drop(inner);
    nested.commit().await.expect("what was dropped is undone");
    txn.commit().await.expect("committed");
    assert_eq!(names(&db).await, ["nested"]);
}

#[tokio::test]
async fn a_constraint_that_is_checked_at_the_end_fails_the_commit() {
    let Some(pg) = support::postgres("deferred").await else {
        return;
    };
    let db = pg.connect().await;
    db.execute_unprepared(
        "ALTER TABLE item ADD CONSTRAINT once UNIQUE (name) DEFERRABLE INITIALLY DEFERRED;
         DROP INDEX IF EXISTS \"idx-item-name\"; ALTER TABLE item DROP CONSTRAINT IF EXISTS item_name_key",
    )
    .await
    .expect("a deferred constraint");
    let txn = db.begin().await.expect("begun");
    insert(&txn, "one").await.expect("inserted");
    insert(&txn, "one").await.expect("not checked yet");
    let commit = error_of(txn.commit().await);
    assert!(commit.contains("once"), "{commit}");
    assert_eq!(names(&db).await, [""; 0]);
    insert(&db, "one").await.expect("the connection is fine");
}

#[tokio::test]
async fn two_that_cannot_be_serialised_do_not_both_commit() {
    use sea_orm::IsolationLevel::Serializable;

    let Some(pg) = support::postgres("serialised").await else {
        return;
    };
    let db = pg.connect().await;
    let first = db
        .begin_with_config(Some(Serializable), None)
        .await
        .expect("begun");
    let second = db
        .begin_with_config(Some(Serializable), None)
        .await
        .expect("begun");
    for (txn, name) in [(&first, "first"), (&second, "second")] {
        assert_eq!(item::Entity::find().count(txn).await, Ok(0));
        insert(txn, name).await.expect("inserted");
    }
    first.commit().await.expect("committed");
    let refused = error_of(soon("a commit", second.commit()).await);
    assert!(refused.contains("serialize"), "{refused}");
    assert_eq!(names(&db).await, ["first"]);
}

#[tokio::test]
async fn settings_of_a_transaction_end_with_it() {
    let Some(pg) = support::postgres("set_local").await else {
        return;
    };
    let db = pg.connect().await;
    let txn = db.begin().await.expect("begun");
    let there = txn.using("default").expect("declared");
    there
        .execute_unprepared("SET LOCAL work_mem = '3MB'")
        .await
        .expect("set");
    assert_eq!(
        value::<String>(&txn, "SHOW work_mem").await.as_deref(),
        Ok("3MB")
    );
    txn.commit().await.expect("committed");
    let after = value::<String>(&db.on_primary(), "SHOW work_mem").await;
    assert_eq!(after.as_deref(), Ok("4MB"));
}
