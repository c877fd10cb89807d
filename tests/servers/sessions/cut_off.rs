//! A write that was cancelled may still be committed after its caller stopped waiting.

use std::time::Duration;

use routing_servers::{Mode, Node};
use sea_orm::{ConnectionTrait, TransactionTrait};
use sea_orm_routing::{Role, RoutingConnection};

use super::moments::through_proxy;
use super::side::Side;
use super::{CAUSAL, forget_follow_up, has, next_read};
use crate::support::cut::{Dropped, cut};
use crate::support::{eventually, soon};

/// An insert that takes its time on the server.
fn slow(side: &Side, id: i32, seconds: u32) -> String {
    let pause = match side {
        Side::Postgres(_) => format!("pg_sleep({seconds})"),
        Side::MariaDb(_) => format!("(SELECT SLEEP({seconds})) s"),
    };
    format!("INSERT INTO item (id, name) SELECT {id}, 'slow {id}' FROM {pause}")
}

/// The session cancels its write, the replica is probed and has everything, then the write is
/// committed, and does not reach the replica.
async fn a_cancelled_write_is_not_missed(side: Side) {
    let db = side.connect().await;
    db.ping().await.expect("open");
    let session = db.session_with(CAUSAL);
    let insert = slow(&side, 1, 1);
    let cancelled = tokio::time::timeout(
        Duration::from_millis(300),
        session.execute_unprepared(&insert),
    );
    cancelled.await.expect_err("it takes its time");
    forget_follow_up(&session);
    assert_eq!(next_read(&session), Role::Primary, "it counts at once");
    the_row_is_read(&side, &session, 1).await;
}

/// The monitor runs on, and the replica has caught up; then its replay is paused. Then the write is
/// committed after all.
async fn the_row_is_read(side: &Side, session: &RoutingConnection, id: i32) {
    tokio::time::sleep(Duration::from_millis(200)).await;
    side.pause(0).await;
    side.has(Node::Primary, id).await;
    let route = session.explain_sql("SELECT * FROM item").expect("a route");
    assert!(
        has(session, id).await,
        "the session has written it\n{route}"
    );
    side.resume(0).await;
}

#[tokio::test]
async fn a_cancelled_write_is_not_missed_on_postgres() {
    if let Some(side) = Side::postgres(1).await {
        a_cancelled_write_is_not_missed(side).await;
    }
}

#[tokio::test]
async fn a_cancelled_write_is_not_missed_on_mariadb() {
    if let Some(side) = Side::mariadb(1).await {
        a_cancelled_write_is_not_missed(side).await;
    }
}

/// The network breaks while the statement is in flight.
#[tokio::test]
async fn a_write_whose_connection_broke_is_not_missed() {
    let Some(side) = Side::postgres(1).await else {
        return;
    };
    side.create("shop").await;
    let (db, proxy) = through_proxy(&side).await;
    let session = db.session_with(CAUSAL);
    let (writes, insert) = (session.clone(), slow(&side, 1, 5));
    let write = tokio::spawn(async move { writes.execute_unprepared(&insert).await });
    const RUNS: &str = "SELECT count(*) > 0 FROM pg_stat_activity \
                        WHERE state = 'active' AND query LIKE 'INSERT INTO item%pg_sleep(5)'";
    eventually("the write runs", async || {
        side.sql(Node::Primary, "shop", RUNS).await.trim() == "t"
    })
    .await;
    proxy.set(Mode::Cut).expect("cut");
    let lost = soon("the write", write).await.expect("no panic");
    lost.expect_err("its connection broke");
    proxy.set(Mode::Pass).expect("mended");
    the_row_is_read(&side, &session, 1).await;
}

/// A commit that takes a while, and is cancelled.
#[tokio::test]
async fn a_cancelled_commit_is_not_missed() {
    let Some(side) = Side::postgres(1).await else {
        return;
    };
    let db = side.connect().await;
    let trigger = "CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS
            'BEGIN PERFORM pg_sleep(1); RETURN NULL; END';
        CREATE CONSTRAINT TRIGGER late AFTER INSERT ON item
            DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION late()";
    side.sql(Node::Primary, "shop", trigger).await;
    side.caught_up().await;
    let session = db.session_with(CAUSAL);
    let txn = session.begin().await.expect("begun");
    let insert = "INSERT INTO item (id, name) VALUES (1, 'late')";
    txn.execute_unprepared(insert).await.expect("written");
    let cancelled = tokio::time::timeout(Duration::from_millis(300), txn.commit());
    cancelled.await.expect_err("it takes its time");
    the_row_is_read(&side, &session, 1).await;
}

/// A future dropped at any poll: its writes are read afterwards.
async fn dropped_futures_count(side: Side) {
    let db = side.connect().await;
    side.pause(0).await;
    for (id, polls) in (1..).zip(1..6) {
        for dropped in [Dropped::AtOnce, Dropped::WhenAnswered] {
            let session = db.session_with(CAUSAL);
            let insert = super::write(&session, id * 1000 + dropped as i32);
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
