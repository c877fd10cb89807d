//! The clusters behave as tests of routing expect.

use std::process::Command;

use routing_servers::{MariaDbCluster, Node, PostgresCluster};

/// Runs SQL over TCP as `app`, as the tests do; the error is what the client prints.
fn as_app(client: &mut Command, sql: &str) -> Result<String, String> {
    let output = client.arg(sql).output().expect("the client runs");
    let text = |bytes| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() {
        Ok(text(&output.stdout))
    } else {
        Err(text(&output.stderr))
    }
}

fn psql(url: &str, sql: &str) -> Result<String, String> {
    as_app(Command::new("psql").args(["-XAtq", url, "-c"]), sql)
}

fn mariadb(url: &str, sql: &str) -> Result<String, String> {
    let rest = url.strip_prefix("mysql://app:secret@127.0.0.1:");
    let (port, database) = rest.and_then(|it| it.split_once('/')).expect("a URL");
    let mut client = Command::new("mariadb");
    client.args(["--no-defaults", "-h127.0.0.1", "-uapp", "-psecret", "-BN"]);
    as_app(client.args(["-P", port, "-D", database, "-e"]), sql)
}

async fn postgres_with_table() -> Option<PostgresCluster> {
    let pg = routing_servers::postgres(2).await?;
    pg.create_database("shop").await.expect("a database");
    let table = "CREATE TABLE item (id int)";
    psql(&pg.primary_url("shop"), table).expect("a table");
    Some(pg)
}

async fn mariadb_with_table() -> Option<MariaDbCluster> {
    let maria = routing_servers::mariadb(1).await?;
    maria.create_database("shop").await.expect("a database");
    let table = "CREATE TABLE item (id int)";
    mariadb(&maria.primary_url("shop"), table).expect("a table");
    Some(maria)
}

const INSERT: &str = "INSERT INTO item VALUES (1)";
const COUNT: &str = "SELECT count(*) FROM item";

#[tokio::test]
async fn postgres_replicas_follow_and_refuse_writes() {
    let Some(pg) = postgres_with_table().await else {
        return;
    };
    psql(&pg.primary_url("shop"), INSERT).expect("a row");
    pg.wait_caught_up().await.expect("caught up");
    for replica in 0..2 {
        let url = pg.replica_url(replica, "shop");
        assert_eq!(psql(&url, COUNT).as_deref(), Ok("1"));
        let refusal = psql(&url, INSERT).expect_err("no writes");
        assert!(refusal.contains("read-only transaction"), "{refusal}");
    }
    let outside = pg.psql(1, "shop", COUNT).await;
    assert_eq!(outside.as_deref(), Ok("1"));
}

#[tokio::test]
async fn a_postgres_replica_can_be_made_stale() {
    let Some(pg) = postgres_with_table().await else {
        return;
    };
    pg.wait_caught_up().await.expect("caught up");
    pg.pause_replay(0).await.expect("paused");
    psql(&pg.primary_url("shop"), INSERT).expect("a row");
    pg.wait_caught_up().await.expect("the other has caught up");
    assert_eq!(pg.psql(1, "shop", COUNT).await.as_deref(), Ok("1"));
    assert_eq!(pg.psql(0, "shop", COUNT).await.as_deref(), Ok("0"));
    pg.resume_replay(0).await.expect("resumed");
    pg.wait_caught_up().await.expect("caught up");
    assert_eq!(pg.psql(0, "shop", COUNT).await.as_deref(), Ok("1"));
}

#[tokio::test]
async fn postgres_servers_can_be_killed_and_started_again() {
    let Some(pg) = postgres_with_table().await else {
        return;
    };
    pg.stop_replica(0).await.expect("stopped");
    let url = pg.replica_url(0, "shop");
    psql(&url, COUNT).expect_err("no server is there");
    psql(&pg.primary_url("shop"), INSERT).expect("a row");
    pg.start_replica(0).await.expect("started");
    pg.wait_caught_up().await.expect("caught up");
    assert_eq!(psql(&url, COUNT).as_deref(), Ok("1"));

    pg.stop_primary().await.expect("stopped");
    psql(&pg.primary_url("shop"), COUNT).expect_err("no server is there");
    assert_eq!(psql(&url, COUNT).as_deref(), Ok("1"));
    pg.start_primary().await.expect("started");
    psql(&pg.primary_url("shop"), INSERT).expect("a row");
    pg.wait_caught_up().await.expect("caught up");
    assert_eq!(psql(&url, COUNT).as_deref(), Ok("2"));
}

#[tokio::test]
async fn a_postgres_replica_can_be_promoted() {
    let Some(pg) = postgres_with_table().await else {
        return;
    };
    pg.wait_caught_up().await.expect("caught up");
    pg.stop_primary().await.expect("stopped");
    pg.promote(1).await.expect("promoted");
    psql(&pg.replica_url(1, "shop"), INSERT).expect("a row");
    assert_eq!(
        pg.psql(Node::Replica(1), "shop", COUNT).await.as_deref(),
        Ok("1")
    );
    assert_eq!(
        pg.psql(Node::Replica(0), "shop", COUNT).await.as_deref(),
        Ok("0")
    );
}

#[tokio::test]
async fn a_frozen_postgres_hangs_and_goes_on() {
    let Some(pg) = postgres_with_table().await else {
        return;
    };
    let url = format!("{}?connect_timeout=2", pg.replica_url(0, "shop"));
    pg.wait_caught_up().await.expect("caught up");
    pg.pause_process(0).await.expect("frozen");
    let timeout = psql(&url, COUNT).expect_err("no answer");
    assert!(timeout.contains("timeout expired"), "{timeout}");
    pg.resume_process(0).await.expect("going on");
    assert_eq!(psql(&url, COUNT).as_deref(), Ok("0"));
    pg.pause_process(Node::Primary).await.expect("frozen");
    // And now the cluster is dropped while frozen.
}

#[tokio::test]
async fn mariadb_replicas_follow_and_refuse_writes() {
    let Some(maria) = mariadb_with_table().await else {
        return;
    };
    mariadb(&maria.primary_url("shop"), INSERT).expect("a row");
    maria.wait_caught_up().await.expect("caught up");
    let url = maria.replica_url(0, "shop");
    assert_eq!(mariadb(&url, COUNT).as_deref(), Ok("1"));
    let refusal = mariadb(&url, INSERT).expect_err("no writes");
    assert!(refusal.contains("ERROR 1290"), "{refusal}");
    mariadb(&url, "SET GLOBAL read_only = OFF").expect_err("no such privilege");
    let status = mariadb(&url, "SHOW SLAVE STATUS").expect("may look");
    assert!(!status.is_empty());
}

#[tokio::test]
async fn a_mariadb_replica_can_be_made_stale() {
    let Some(maria) = mariadb_with_table().await else {
        return;
    };
    maria.wait_caught_up().await.expect("caught up");
    maria.pause_replay(0).await.expect("paused");
    mariadb(&maria.primary_url("shop"), INSERT).expect("a row");
    assert_eq!(maria.sql(0, "shop", COUNT).await.as_deref(), Ok("0"));
    maria.resume_replay(0).await.expect("resumed");
    maria.wait_caught_up().await.expect("caught up");
    assert_eq!(maria.sql(0, "shop", COUNT).await.as_deref(), Ok("1"));
}

#[tokio::test]
async fn mariadb_servers_can_be_killed_and_started_again() {
    let Some(maria) = mariadb_with_table().await else {
        return;
    };
    maria.stop_replica(0).await.expect("stopped");
    let url = maria.replica_url(0, "shop");
    mariadb(&url, COUNT).expect_err("no server is there");
    mariadb(&maria.primary_url("shop"), INSERT).expect("a row");
    maria.start_replica(0).await.expect("started");
    maria.wait_caught_up().await.expect("caught up");
    assert_eq!(mariadb(&url, COUNT).as_deref(), Ok("1"));

    maria.stop_primary().await.expect("stopped");
    assert_eq!(mariadb(&url, COUNT).as_deref(), Ok("1"));
    maria.start_primary().await.expect("started");
    mariadb(&maria.primary_url("shop"), INSERT).expect("a row");
    maria.wait_caught_up().await.expect("caught up");
    assert_eq!(mariadb(&url, COUNT).as_deref(), Ok("2"));
}
