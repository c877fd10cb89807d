//! Another MariaDB becomes the primary, and the old one comes back.

mod common;

use std::time::Duration;

use common::eventually;
use routing_servers::{MariaDbCluster, Node};

const INSERT: &str = "INSERT INTO shop.item VALUES (1)";

async fn with_table(replicas: usize) -> Option<MariaDbCluster> {
    let maria = routing_servers::mariadb(replicas).await?;
    maria.create_database("shop").await.expect("a database");
    write(&maria, Node::Primary, "CREATE TABLE shop.item (id int)").await;
    maria.wait_caught_up().await.expect("caught up");
    Some(maria)
}

async fn write(maria: &MariaDbCluster, node: impl Into<Node>, sql: &str) {
    maria.sql(node, "mysql", sql).await.expect("written");
}

async fn ask(maria: &MariaDbCluster, node: impl Into<Node>, sql: &str) -> String {
    maria.sql(node, "mysql", sql).await.expect("an answer")
}

async fn count(maria: &MariaDbCluster, node: impl Into<Node>) -> String {
    ask(maria, node, "SELECT COUNT(*) FROM shop.item").await
}

/// Whether a replica has received all that the primary has written so far.
async fn has_received(maria: &MariaDbCluster, replica: usize) -> bool {
    let position = ask(maria, Node::Primary, "SELECT @@gtid_binlog_pos").await;
    let status = ask(maria, replica, "SHOW SLAVE STATUS").await;
    status.split('\t').any(|column| column == position)
}

#[tokio::test]
async fn a_killed_primary_comes_back_as_a_replica() {
    let Some(maria) = with_table(2).await else {
        return;
    };
    maria.stop_primary().await.expect("stopped");
    maria.promote(1).await.expect("promoted");
    assert_eq!(ask(&maria, 1, "SELECT @@read_only").await, "0");
    maria.follow(0, 1).await.expect("following");
    write(&maria, 1, INSERT).await;
    maria.rejoin(Node::Primary, 1).await.expect("rejoined");
    write(&maria, 1, INSERT).await;
    maria.wait_caught_up().await.expect("caught up");
    assert_eq!(count(&maria, 0).await, "2");
    assert_eq!(count(&maria, Node::Primary).await, "2");

    // The old primary stays a replica, and the promoted server a primary.
    maria.stop_primary().await.expect("stopped");
    maria.stop_replica(1).await.expect("stopped");
    maria.start_replica(1).await.expect("started");
    maria.start_primary().await.expect("started");
    let read_only = "SELECT @@read_only";
    assert_eq!(ask(&maria, 1, read_only).await, "0");
    assert_eq!(ask(&maria, Node::Primary, read_only).await, "1");
    assert_eq!(ask(&maria, 0, read_only).await, "1");
    maria.create_database("later").await.expect("a database");
    let there = maria.sql(Node::Primary, "later", "SELECT 1").await;
    assert_eq!(there.as_deref(), Ok("1"));

    // And back again.
    maria.stop_replica(1).await.expect("stopped");
    maria.promote(Node::Primary).await.expect("promoted");
    maria.rejoin(1, Node::Primary).await.expect("rejoined");
    maria.follow(0, Node::Primary).await.expect("following");
    write(&maria, Node::Primary, INSERT).await;
    maria.wait_caught_up().await.expect("caught up");
    assert_eq!(count(&maria, 0).await, "3");
    assert_eq!(count(&maria, 1).await, "3");
}

#[tokio::test]
async fn a_running_old_primary_loses_what_only_it_has() {
    let Some(maria) = with_table(1).await else {
        return;
    };
    maria.promote(0).await.expect("promoted");
    write(&maria, Node::Primary, INSERT).await;
    write(&maria, Node::Primary, INSERT).await;
    write(&maria, 0, INSERT).await;
    maria.rejoin(Node::Primary, 0).await.expect("rejoined");
    maria.wait_caught_up().await.expect("caught up");
    assert_eq!(count(&maria, Node::Primary).await, "1");
}

#[tokio::test]
async fn a_promoted_replica_has_what_it_received() {
    let Some(maria) = with_table(1).await else {
        return;
    };
    maria.pause_replay(0).await.expect("paused");
    write(&maria, Node::Primary, INSERT).await;
    eventually("it is received", async || has_received(&maria, 0).await).await;
    assert_eq!(count(&maria, 0).await, "0");
    maria.stop_primary().await.expect("stopped");
    maria.promote(0).await.expect("promoted");
    assert_eq!(count(&maria, 0).await, "1");
}

#[tokio::test]
async fn commits_wait_for_a_replica_if_configured() {
    const WAITING: &str = "SELECT COUNT(*) FROM information_schema.PROCESSLIST
        WHERE STATE LIKE 'Waiting for semi-sync ACK%'";
    let Some(maria) = with_table(2).await else {
        return;
    };
    maria.set_synchronous(true).await.expect("synchronous");
    maria.pause_process(0).await.expect("frozen");
    write(&maria, Node::Primary, INSERT).await;
    maria.pause_process(1).await.expect("frozen");
    let is_waiting = async || ask(&maria, Node::Primary, WAITING).await == "1";
    tokio::join!(write(&maria, Node::Primary, INSERT), async {
        eventually("the commit waits", is_waiting).await;
        assert_eq!(count(&maria, Node::Primary).await, "1");
        maria.resume_process(0).await.expect("going on");
    });

    // The setting outlasts a restart, and a time without replicas.
    maria.stop_replica(0).await.expect("stopped");
    maria.stop_replica(1).await.expect("stopped");
    maria.stop_primary().await.expect("stopped");
    maria.start_primary().await.expect("started");
    tokio::join!(write(&maria, Node::Primary, INSERT), async {
        eventually("the commit waits", is_waiting).await;
        maria.start_replica(0).await.expect("started");
    });
    maria.stop_replica(0).await.expect("stopped");
    tokio::join!(write(&maria, Node::Primary, INSERT), async {
        eventually("the commit waits", is_waiting).await;
        maria.set_synchronous(false).await.expect("asynchronous");
    });
    write(&maria, Node::Primary, INSERT).await;
    assert_eq!(count(&maria, Node::Primary).await, "5");
}

#[tokio::test]
async fn a_replica_can_be_late() {
    let Some(maria) = with_table(2).await else {
        return;
    };
    let hour = Duration::from_secs(3600);
    maria.set_apply_delay(0, hour).await.expect("delayed");
    write(&maria, Node::Primary, INSERT).await;
    maria
        .wait_caught_up()
        .await
        .expect("the other has caught up");
    eventually("it is received", async || has_received(&maria, 0).await).await;
    assert_eq!(count(&maria, 1).await, "1");
    assert_eq!(count(&maria, 0).await, "0");
    maria.stop_replica(0).await.expect("stopped");
    maria.start_replica(0).await.expect("started");
    eventually("it is received", async || has_received(&maria, 0).await).await;
    assert_eq!(count(&maria, 0).await, "0");
    maria
        .set_apply_delay(0, Duration::ZERO)
        .await
        .expect("no delay");
    maria.wait_caught_up().await.expect("caught up");
    assert_eq!(count(&maria, 0).await, "1");
}

#[tokio::test]
async fn a_short_delay_is_at_least_a_second() {
    let Some(maria) = with_table(1).await else {
        return;
    };
    let delay = Duration::from_millis(1);
    maria.set_apply_delay(0, delay).await.expect("delayed");
    let status = ask(&maria, 0, "SHOW SLAVE STATUS\\G").await;
    assert!(status.lines().any(|line| line.trim() == "1"), "{status}");
}
