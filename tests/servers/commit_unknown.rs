//! The reply to a commit is lost: the commit is reported neither as committed nor as rolled back.

use sea_orm::{DbErr, TransactionError, TransactionTrait};
use sea_orm_routing::error::TxnError;
use sea_orm_routing::{RoutingConnection, RoutingError};

use crate::support::cut_link::{Breaks, Scissors, cut_link};
use crate::support::ends::Ends;
use crate::support::item::{self, insert, names};
use crate::support::several::{as_text, connect, independent, insert_on, names_on};
use crate::support::{self, options, single, soon};

/// Connections of the pool.
const CONNECTIONS: u32 = 2;

async fn through_scissors(url: &str) -> (RoutingConnection, Scissors) {
    let (url, scissors) = cut_link(url).await;
    let mut options = options(url);
    options.max_connections(CONNECTIONS);
    let db = single(options.into()).await;
    item::create(&db).await;
    (db, scissors)
}

#[track_caller]
fn assert_unknown(error: &DbErr) {
    match RoutingError::of(error) {
        Some(RoutingError::Transaction(TxnError::CommitUnknown { database, .. })) => {
            assert_eq!(database.as_str(), "default");
        }
        _ => panic!("{error}"),
    }
}

/// As many transactions at once as there are connections.
async fn pool_is_whole(db: &RoutingConnection) {
    let work = async |name: &str| {
        let txn = db.begin().await?;
        insert(&txn, name).await?;
        txn.rollback().await
    };
    let both = async { tokio::join!(work("whole 1"), work("whole 2")) };
    let (one, two) = soon("two connections", both).await;
    one.expect("a connection");
    two.expect("a connection");
}

async fn is_unknown(db: &RoutingConnection, scissors: &Scissors) {
    for (breaks, name, expected) in [
        (Breaks::OnTheWay, "never came", &[][..]),
        (Breaks::OnTheWayBack, "came", &["came"][..]),
    ] {
        let txn = db.begin().await.expect("begun");
        let ends = Ends::of(&txn);
        insert(&txn, name).await.expect("inserted");
        scissors.wait_for("COMMIT", breaks);
        let committed = soon("a commit", txn.commit()).await;
        assert_unknown(&committed.expect_err("its answer is lost"));
        assert_eq!(ends.take(), [""; 0], "{breaks:?}");
        pool_is_whole(db).await;
        // If the commit did not arrive, the server rolls back once it notices that the client is
        // disconnected.
        support::eventually("the server is done", || async {
            names(db).await == expected
        })
        .await;
    }
}

#[tokio::test]
async fn on_postgres() {
    let Some(pg) = support::postgres("unknown").await else {
        return;
    };
    let (db, scissors) = through_scissors(&pg.cluster.primary_url(pg.name)).await;
    is_unknown(&db, &scissors).await;
}

#[tokio::test]
async fn on_mariadb() {
    let Some(maria) = support::mariadb("unknown").await else {
        return;
    };
    let (db, scissors) = through_scissors(&maria.cluster.primary_url(maria.name)).await;
    is_unknown(&db, &scissors).await;
}

#[tokio::test]
async fn of_a_closure() {
    let Some(pg) = support::postgres("unknown_closure").await else {
        return;
    };
    let (db, scissors) = through_scissors(&pg.cluster.primary_url(pg.name)).await;
    let ended = db.transaction_async::<_, (), DbErr>(async |txn| {
        insert(txn, "one").await?;
        scissors.wait_for("COMMIT", Breaks::OnTheWayBack);
        Ok(())
    });
    match soon("a commit", ended).await {
        Err(TransactionError::Connection(error)) => assert_unknown(&error),
        other => panic!("{other:?}"),
    }
    assert_eq!(names(&db).await, ["one"]);
    pool_is_whole(&db).await;
}

#[tokio::test]
async fn of_a_transaction_in_which_a_statement_failed() {
    let Some(pg) = support::postgres("unknown_failed").await else {
        return;
    };
    let (db, scissors) = through_scissors(&pg.cluster.primary_url(pg.name)).await;
    let txn = db.begin().await.expect("begun");
    insert(&txn, "one").await.expect("inserted");
    let nested = txn.begin().await.expect("nested");
    insert(&nested, "one").await.expect_err("the name is taken");
    nested.rollback().await.expect("rolled back");
    // Since a statement failed, the commit is verified, in the same message.
    scissors.wait_for("COMMIT", Breaks::OnTheWayBack);
    let committed = soon("a commit", txn.commit()).await;
    assert_unknown(&committed.expect_err("its answer is lost"));
    assert_eq!(names(&db).await, ["one"]);
    pool_is_whole(&db).await;
}

#[tokio::test]
async fn of_the_second_of_two_databases() {
    let Some(pg) = support::postgres("unknown_two").await else {
        return;
    };
    let Some(maria) = support::mariadb("unknown_two").await else {
        return;
    };
    let (url, scissors) = cut_link(&maria.cluster.primary_url(maria.name)).await;
    let first = pg.cluster.primary_url(pg.name);
    let db = connect([("default", first), ("second", url)]).await;
    let txn = independent(&db).await;
    let ends = Ends::of(&txn);
    for name in ["default", "second"] {
        insert_on(&txn, name, "one").await.expect("inserted");
    }
    scissors.wait_for("COMMIT", Breaks::OnTheWayBack);
    let error = soon("a commit", txn.commit()).await;
    let error = error.expect_err("its answer is lost");
    match RoutingError::of(&error) {
        Some(RoutingError::Transaction(TxnError::PartialCommit {
            failed,
            unknown,
            committed,
            rolled_back,
            ..
        })) => {
            assert_eq!((failed.as_str(), *unknown), ("second", true));
            assert_eq!(as_text(committed), ["default"]);
            assert_eq!(as_text(rolled_back), [""; 0]);
        }
        _ => panic!("{error}"),
    }
    assert_eq!(ends.take(), [""; 0]);
    for name in ["default", "second"] {
        assert_eq!(names_on(&db, name).await, ["one"]);
    }
}

#[tokio::test]
async fn of_a_transaction_that_only_read_is_no_harm_and_an_error() {
    let Some(pg) = support::postgres("unknown_reader").await else {
        return;
    };
    let (db, scissors) = through_scissors(&pg.cluster.primary_url(pg.name)).await;
    let txn = db.begin().await.expect("begun");
    support::value::<i64>(&txn, "SELECT count(*) FROM item")
        .await
        .expect("a count");
    scissors.wait_for("COMMIT", Breaks::OnTheWay);
    soon("a commit", txn.commit())
        .await
        .expect_err("it is lost");
    pool_is_whole(&db).await;
}

#[tokio::test]
async fn a_rollback_whose_answer_is_lost_is_rolled_back() {
    let Some(pg) = support::postgres("lost_answer").await else {
        return;
    };
    let (db, scissors) = through_scissors(&pg.cluster.primary_url(pg.name)).await;
    for breaks in [Breaks::OnTheWay, Breaks::OnTheWayBack] {
        let txn = db.begin().await.expect("begun");
        let ends = Ends::of(&txn);
        insert(&txn, "one").await.expect("inserted");
        scissors.wait_for("ROLLBACK", breaks);
        soon("a rollback", txn.rollback())
            .await
            .expect_err("it is lost");
        assert_eq!(ends.take(), ["rolled back"]);
        pool_is_whole(&db).await;
        assert_eq!(names(&db).await, [""; 0]);
    }
}
