//! Another Postgres becomes the primary, and the old one comes back.

mod common;

use std::time::Duration;

use common::eventually;
use routing_servers::{Node, PostgresCluster};

const INSERT: &str = "INSERT INTO item VALUES (1)";

async fn with_table(replicas: usize) -> Option<PostgresCluster> {
    let pg = routing_servers::postgres(replicas).await?;
    write(&pg, Node::Primary, "CREATE TABLE item (id int)").await;
    pg.wait_caught_up().await.expect("caught up");
    Some(pg)
}

async fn write(pg: &PostgresCluster, node: impl Into<Node>, sql: &str) {
    pg.psql(node, "postgres", sql).await.expect("written");
}

async fn count(pg: &PostgresCluster, node: impl Into<Node>) -> String {
    let sql = "SELECT count(*) FROM item";
    pg.psql(node, "postgres", sql).await.expect("a count")
}

/// Whether a replica has received all that the primary has written so far.
async fn has_received(pg: &PostgresCluster, replica: usize) -> bool {
    let position = "SELECT pg_current_wal_flush_lsn()";
    let position = pg.psql(Node::Primary, "postgres", position).await;
    let position = position.expect("a position");
    let sql = format!("SELECT pg_last_wal_receive_lsn() >= '{position}'");
    pg.psql(replica, "postgres", &sql).await.as_deref() == Ok("t")
}

#[tokio::test]
async fn a_killed_primary_comes_back_as_a_replica() {
    let Some(pg) = with_table(2).await else {
        return;
    };
    let url = pg.primary_url("postgres");
    pg.stop_primary().await.expect("stopped");
    pg.promote(1).await.expect("promoted");
    pg.follow(0, 1).await.expect("following");
    write(&pg, 1, INSERT).await;
    pg.rejoin(Node::Primary, 1).await.expect("rejoined");
    write(&pg, 1, INSERT).await;
    pg.wait_caught_up().await.expect("caught up");
    assert_eq!(count(&pg, 0).await, "2");
    assert_eq!(count(&pg, Node::Primary).await, "2");
    assert_eq!(pg.primary_url("postgres"), url);

    // The old primary stays a replica, and the promoted server a primary.
    pg.stop_primary().await.expect("stopped");
    pg.stop_replica(1).await.expect("stopped");
    pg.start_replica(1).await.expect("started");
    pg.start_primary().await.expect("started");
    pg.create_database("later").await.expect("a database");
    let there = pg.psql(Node::Primary, "later", "SELECT 1").await;
    assert_eq!(there.as_deref(), Ok("1"));
    let refusal = pg.psql(Node::Primary, "postgres", INSERT).await;
    let refusal = refusal.expect_err("no writes").to_string();
    assert!(refusal.contains("read-only transaction"), "{refusal}");

    // And back again.
    pg.stop_replica(1).await.expect("stopped");
    pg.promote(Node::Primary).await.expect("promoted");
    pg.rejoin(1, Node::Primary).await.expect("rejoined");
    pg.follow(0, Node::Primary).await.expect("following");
    write(&pg, Node::Primary, INSERT).await;
    pg.wait_caught_up().await.expect("caught up");
    assert_eq!(count(&pg, 0).await, "3");
    assert_eq!(count(&pg, 1).await, "3");
}

#[tokio::test]
async fn a_running_old_primary_loses_what_only_it_has() {
    let Some(pg) = with_table(1).await else {
        return;
    };
    pg.promote(0).await.expect("promoted");
    write(&pg, Node::Primary, INSERT).await;
    write(&pg, Node::Primary, INSERT).await;
    write(&pg, 0, INSERT).await;
    pg.rejoin(Node::Primary, 0).await.expect("rejoined");
    pg.wait_caught_up().await.expect("caught up");
    assert_eq!(count(&pg, Node::Primary).await, "1");
    let own = pg.rejoin(0, 0).await.expect_err("a mistake");
    assert_eq!(own.to_string(), "replica0 cannot follow itself");
}

#[tokio::test]
async fn a_promoted_replica_has_what_it_received() {
    let Some(pg) = with_table(1).await else {
        return;
    };
    pg.pause_replay(0).await.expect("paused");
    write(&pg, Node::Primary, INSERT).await;
    eventually("it is received", async || has_received(&pg, 0).await).await;
    assert_eq!(count(&pg, 0).await, "0");
    pg.stop_primary().await.expect("stopped");
    pg.promote(0).await.expect("promoted");
    assert_eq!(count(&pg, 0).await, "1");
}

#[tokio::test]
async fn commits_wait_for_a_replica_if_configured() {
    const WAITING: &str = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
    let Some(pg) = with_table(2).await else {
        return;
    };
    pg.set_synchronous(true).await.expect("synchronous");
    pg.pause_process(0).await.expect("frozen");
    write(&pg, Node::Primary, INSERT).await;
    pg.pause_process(1).await.expect("frozen");
    let is_waiting = async || {
        let waiting = pg.psql(Node::Primary, "postgres", WAITING).await;
        waiting.as_deref() == Ok("1")
    };
    tokio::join!(write(&pg, Node::Primary, INSERT), async {
        eventually("the commit waits", is_waiting).await;
        pg.resume_process(0).await.expect("going on");
    });

    pg.stop_replica(0).await.expect("stopped");
    tokio::join!(write(&pg, Node::Primary, INSERT), async {
        eventually("the commit waits", is_waiting).await;
        pg.set_synchronous(false).await.expect("asynchronous");
    });
    write(&pg, Node::Primary, INSERT).await;
    assert_eq!(count(&pg, Node::Primary).await, "4");
}

#[tokio::test]
async fn a_promoted_primary_can_be_synchronous_too() {
    let Some(pg) = with_table(1).await else {
        return;
    };
    pg.promote(0).await.expect("promoted");
    pg.rejoin(Node::Primary, 0).await.expect("rejoined");
    pg.set_synchronous(true).await.expect("synchronous");
    let state = "SELECT application_name, sync_state FROM pg_stat_replication";
    let state = pg.psql(0, "postgres", state).await;
    assert_eq!(state.as_deref(), Ok("primary|quorum"));
}

#[tokio::test]
async fn a_replica_can_be_late() {
    let Some(pg) = with_table(2).await else {
        return;
    };
    let hour = Duration::from_secs(3600);
    pg.set_apply_delay(0, hour).await.expect("delayed");
    write(&pg, Node::Primary, INSERT).await;
    pg.wait_caught_up().await.expect("the other has caught up");
    eventually("it is received", async || has_received(&pg, 0).await).await;
    assert_eq!(count(&pg, 1).await, "1");
    assert_eq!(count(&pg, 0).await, "0");
    pg.stop_replica(0).await.expect("stopped");
    pg.start_replica(0).await.expect("started");
    pg.wait_caught_up().await.expect("the other has caught up");
    let delay = pg.psql(0, "postgres", "SHOW recovery_min_apply_delay");
    assert_eq!(delay.await.as_deref(), Ok("1h"));
    // The delay also holds for changes that are applied again, so the table may be missing.
    let rows = pg.psql(0, "postgres", "SELECT id FROM item").await;
    assert!(rows.as_deref().unwrap_or("").is_empty(), "{rows:?}");
    pg.set_apply_delay(0, Duration::ZERO)
        .await
        .expect("no delay");
    pg.wait_caught_up().await.expect("caught up");
    assert_eq!(count(&pg, 0).await, "1");
}

#[tokio::test]
async fn the_log_can_be_brought_to_the_start_of_a_segment() {
    const POSITIONS: &str = "SELECT pg_current_wal_insert_lsn(), pg_current_wal_flush_lsn()";
    let Some(pg) = with_table(0).await else {
        return;
    };
    for _ in 0..2 {
        write(&pg, Node::Primary, INSERT).await;
        // Once in a while the server writes a record of its own in between.
        let stands_there = async || {
            pg.switch_wal().await.expect("switched");
            let positions = pg.psql(Node::Primary, "postgres", POSITIONS).await;
            let positions = positions.expect("positions");
            let (insert, flush) = positions.split_once('|').expect("two");
            insert.ends_with("000028") && flush.ends_with("000000")
        };
        eventually("the log is there", stands_there).await;
    }
}

#[tokio::test]
async fn a_foreign_cluster_is_another() {
    let (Some(own), Some(foreign)) = tokio::join!(with_table(1), with_table(0)) else {
        return;
    };
    let ask = async |pg: &PostgresCluster| {
        let sql = "SELECT system_identifier FROM pg_control_system()";
        pg.psql(Node::Primary, "postgres", sql)
            .await
            .expect("an id")
    };
    assert_ne!(ask(&own).await, ask(&foreign).await);
    assert_ne!(own.primary_url("postgres"), foreign.primary_url("postgres"));
    write(&foreign, Node::Primary, INSERT).await;
    assert_eq!(count(&own, Node::Primary).await, "0");
    drop(own);
    assert_eq!(count(&foreign, Node::Primary).await, "1");
}
