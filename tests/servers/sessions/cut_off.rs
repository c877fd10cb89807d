//! A write that was given up may still happen, after nobody waits for it any more.

use std::time::Duration;

use routing_servers::Node;
use sea_orm::{ConnectionTrait, TransactionTrait};
use sea_orm_routing::Role;

use super::side::Side;
use super::{CAUSAL, forget_follow_up, has, next_read};
use crate::support::cut::{Dropped, cut};
use crate::support::eventually;

/// An insert that takes its time on the server.
fn slow(side: &Side, id: i32) -> String {
    match side {
        Side::Postgres(_) => {
            format!("INSERT INTO item (id, name) SELECT {id}, 'slow {id}' FROM pg_sleep(1)")
        }
        Side::MariaDb(_) => {
            format!("INSERT INTO item (id, name) SELECT {id}, 'slow {id}' FROM (SELECT SLEEP(1)) s")
        }
    }
}

/// The session gives up its write, the replica is asked and has everything, then the write is
/// committed, and the replica does not get it.
async fn a_write_that_was_given_up_is_not_missed(side: Side) {
    let db = side.connect().await;
    db.ping().await.expect("open");
    let session = db.session_with(CAUSAL);
    let insert = slow(&side, 1);
    let given_up = tokio::time::timeout(
        Duration::from_millis(300),
        session.execute_unprepared(&insert),
    );
    given_up.await.expect_err("it takes its time");
    forget_follow_up(&session);
    assert_eq!(next_read(&session), Role::Primary, "it counts at once");
    // The monitor goes on, and the replica has all there is. Then it stays as it is.
    let asked = || async { side.sql(Node::Primary, "shop", "SELECT 1").await == "1" };
    eventually("the monitor has asked", asked).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    side.pause(0).await;
    side.has(Node::Primary, 1).await;
    let route = session.explain_sql("SELECT * FROM item").expect("a route");
    assert!(
        has(&session, 1).await,
        "the session has written it\n{route}"
    );
    side.resume(0).await;
}

#[tokio::test]
async fn a_write_that_was_given_up_is_not_missed_on_postgres() {
    if let Some(side) = Side::postgres(1).await {
        a_write_that_was_given_up_is_not_missed(side).await;
    }
}

#[tokio::test]
async fn a_write_that_was_given_up_is_not_missed_on_mariadb() {
    if let Some(side) = Side::mariadb(1).await {
        a_write_that_was_given_up_is_not_missed(side).await;
    }
}

/// A future that is dropped at any poll: what it wrote is read.
async fn dropped_futures_count(side: Side) {
    let db = side.connect().await;
    side.pause(0).await;
    for (id, polls) in (1..).zip(1..6) {
        for dropped in [Dropped::AtOnce, Dropped::WhenAnswered] {
            let session = db.session_with(CAUSAL);
            let insert = super::write(&session, id * 10 + dropped as i32);
            cut(polls, dropped, insert).await;
            forget_follow_up(&session);
            assert_eq!(next_read(&session), Role::Primary, "{polls} {dropped:?}");

            let session = db.session_with(CAUSAL);
            let txn = session.begin().await.expect("begun");
            let name = format!("in a transaction {id} {dropped:?}");
            let row = crate::support::item::insert(&txn, &name).await;
            let row = row.expect("written").id;
            let committed = cut(polls, dropped, txn.commit()).await;
            let seen = has(&db.on_primary(), row).await;
            assert!(seen || committed.is_none());
            assert!(has(&session, row).await || !seen, "{polls} {dropped:?}");
        }
    }
    side.resume(0).await;
}

#[tokio::test]
async fn dropped_futures_count_on_postgres() {
    if let Some(side) = Side::postgres(1).await {
        dropped_futures_count(side).await;
    }
}

#[tokio::test]
async fn dropped_futures_count_on_mariadb() {
    if let Some(side) = Side::mariadb(1).await {
        dropped_futures_count(side).await;
    }
}
