//! Commits of Postgres that return before they are on disk, and so before a replica can have them:
//! the replica has all of the log that was flushed, but not the commit.

use std::time::Duration;

use routing_servers::Node;
use sea_orm::{ConnectOptions, ConnectionTrait, TransactionTrait};
use sea_orm_routing::{DatabaseOptions, RoutingConnection};

use super::side::Side;
use super::{CAUSAL, has, write};
use crate::support::{options, single};

const SET: &str = "SET synchronous_commit = off";

/// A Postgres that flushes its log slowly.
async fn slow_to_flush() -> Option<Side> {
    let side = Side::postgres(1).await?;
    let seldom = "ALTER SYSTEM SET wal_writer_delay = '1s'";
    side.sql(Node::Primary, "postgres", seldom).await;
    let reload = "SELECT pg_reload_conf()";
    side.sql(Node::Primary, "postgres", reload).await;
    side.create("shop").await;
    Some(side)
}

/// Writes, and reads until a replica serves the session; no read is stale.
async fn no_read_is_stale(db: &RoutingConnection, first: i32, in_transaction: Option<&str>) {
    for id in first..first + 20 {
        let session = db.session_with(CAUSAL);
        match in_transaction {
            None => write(&session, id).await.expect("written"),
            Some(set) => {
                let txn = session.begin().await.expect("begun");
                txn.execute_unprepared(set).await.expect("set");
                let insert = format!("INSERT INTO item (id, name) VALUES ({id}, 'item {id}')");
                txn.execute_unprepared(&insert).await.expect("written");
                txn.commit().await.expect("committed");
            }
        }
        let start = std::time::Instant::now();
        while start.elapsed() < Duration::from_millis(120) {
            let route = session.explain_sql("SELECT * FROM item").expect("a route");
            assert!(has(&session, id).await, "row {id} is missing\n{route}");
        }
    }
}

#[tokio::test]
async fn set_for_a_role_or_a_database() {
    let Some(side) = slow_to_flush().await else {
        return;
    };
    for (first, whose) in [(1, "ROLE app"), (101, "DATABASE shop")] {
        let set = format!("ALTER {whose} {SET}");
        side.sql(Node::Primary, "shop", &set).await;
        side.caught_up().await;
        let db = single(side.options("shop")).await;
        no_read_is_stale(&db, first, None).await;
        db.close().await.expect("closed");
        let reset = format!("ALTER {whose} RESET ALL");
        side.sql(Node::Primary, "shop", &reset).await;
    }
}

#[tokio::test]
async fn set_while_the_connection_is_open() {
    let Some(side) = slow_to_flush().await else {
        return;
    };
    let db = connect_with(&side, young(&side)).await;
    write(&db, 1).await.expect("written");
    side.sql(Node::Primary, "shop", &format!("ALTER ROLE app {SET}"))
        .await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    no_read_is_stale(&db, 2, None).await;
}

/// The setting is not declared: the monitor detects it, in any spelling.
#[tokio::test]
async fn set_in_other_words_while_the_connection_is_open() {
    let Some(side) = slow_to_flush().await else {
        return;
    };
    for (first, off) in [(1, "off"), (101, "'false'"), (201, "'No'")] {
        let db = single(database(&side, young(&side))).await;
        write(&db, first).await.expect("written");
        let set = format!("ALTER ROLE app SET synchronous_commit = {off}");
        side.sql(Node::Primary, "shop", &set).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        no_read_is_stale(&db, first + 1, None).await;
        db.close().await.expect("closed");
        let reset = "ALTER ROLE app RESET ALL";
        side.sql(Node::Primary, "shop", reset).await;
    }
}

/// Connections are short-lived: those opened after a change have the new setting.
fn young(side: &Side) -> ConnectOptions {
    let mut young = options(match side {
        Side::Postgres(pg) => pg.primary_url("shop"),
        Side::MariaDb(_) => unreachable!("a Postgres"),
    });
    young.max_lifetime(Duration::from_millis(200));
    young
}

fn database(side: &Side, primary: ConnectOptions) -> DatabaseOptions {
    let Side::Postgres(pg) = side else {
        unreachable!("a Postgres")
    };
    DatabaseOptions::new(primary)
        .replica(pg.replica_url(0, "shop"))
        .probe_interval(Duration::from_millis(20))
}

async fn connect_with(side: &Side, primary: ConnectOptions) -> RoutingConnection {
    single(database(side, primary).asynchronous_commits(true)).await
}

#[tokio::test]
async fn set_in_a_transaction() {
    let Some(side) = slow_to_flush().await else {
        return;
    };
    let db = single(side.options("shop").asynchronous_commits(true)).await;
    let local = "SET LOCAL synchronous_commit = off";
    no_read_is_stale(&db, 1, Some(local)).await;
}

/// What a user's `after_connect` does on each connection of a pool is not done on the monitor's
/// connection.
#[tokio::test]
async fn set_on_each_new_connection() {
    let Some(side) = slow_to_flush().await else {
        return;
    };
    let mut primary = options(match &side {
        Side::Postgres(pg) => pg.primary_url("shop"),
        Side::MariaDb(_) => unreachable!("a Postgres"),
    });
    primary.map_sqlx_postgres_pool_opts(|options| {
        options.after_connect(|connection, _| {
            Box::pin(async move {
                use sea_orm::sqlx::Executor;
                connection.execute(SET).await.map(drop)
            })
        })
    });
    no_read_is_stale(&connect_with(&side, primary).await, 1, None).await;
}
