//! A session reads its own writes while another server becomes the primary.

use std::time::Duration;

use routing_servers::{Node, PostgresCluster};
use sea_orm_routing::options::RoleSource;
use sea_orm_routing::session::OnTimeout;
use sea_orm_routing::{Role, RoutingConnection};

use super::side::Side;
use super::{CAUSAL, causal, has, name_of, next_read, write};
use crate::support::{eventually, single, soon};

fn pg(side: &Side) -> &PostgresCluster {
    match side {
        Side::Postgres(pg) => pg,
        Side::MariaDb(_) => unreachable!("a Postgres"),
    }
}

async fn observed(side: &Side) -> RoutingConnection {
    let options = side.options("shop").roles(RoleSource::Observed);
    single(options.probe_timeout(Duration::from_secs(3))).await
}

async fn takes_over(db: &RoutingConnection, node: &str) {
    eventually("another node is the primary", || async {
        let topology = db.topology();
        topology.find(node).expect("declared").role() == Role::Primary
    })
    .await;
}

/// Transactions that only one replica receives before the primary dies.
fn lost(side: &Side) -> String {
    match side {
        Side::Postgres(_) => {
            "INSERT INTO item (id, name) SELECT n, 'lost ' || n FROM generate_series(1000, 9000) n"
                .to_owned()
        }
        Side::MariaDb(_) => (1000..=9000)
            .step_by(20)
            .map(|id| format!("INSERT INTO item (id, name) VALUES ({id}, 'lost {id}');"))
            .collect(),
    }
}

/// The second replica has received more than the promoted one and cannot follow it: it keeps
/// serving stale rows, with a longer log.
async fn a_replica_that_was_ahead_proves_nothing(side: Side) {
    side.create("shop").await;
    let db = observed(&side).await;
    side.stop_replica(0).await;
    side.sql(Node::Primary, "shop", &lost(&side)).await;
    side.has(1, 9000).await;
    side.stop_primary().await;
    side.start_replica(0).await;
    side.promote(0).await;
    if let Side::MariaDb(_) = side {
        // It is known to lack transactions, which only a person can give up.
        let accepted = || async {
            db.admin()
                .accept_primary("default", "default/2")
                .await
                .is_ok()
        };
        eventually("it is accepted", accepted).await;
    }
    takes_over(&db, "default/2").await;
    for id in 1..30 {
        let session = db.session_with(CAUSAL);
        write(&session, id).await.expect("written");
        for _ in 0..10 {
            tokio::time::sleep(Duration::from_millis(5)).await;
            let route = session.explain_sql("SELECT * FROM item").expect("a route");
            assert!(has(&session, id).await, "row {id} is missing\n{route}");
        }
    }
}

#[tokio::test]
async fn a_replica_that_was_ahead_proves_nothing_on_postgres() {
    if let Some(side) = Side::postgres(2).await {
        a_replica_that_was_ahead_proves_nothing(side).await;
    }
}

#[tokio::test]
async fn a_replica_that_was_ahead_proves_nothing_on_mariadb() {
    if let Some(side) = Side::mariadb(2).await {
        a_replica_that_was_ahead_proves_nothing(side).await;
    }
}

/// A read waits for a replica, meanwhile another server is promoted, and still no replica has
/// caught up: the read ends at the new primary.
#[tokio::test]
async fn a_read_that_waits_goes_to_the_new_primary() {
    let Some(side) = Side::postgres(2).await else {
        return;
    };
    side.create("shop").await;
    let db = observed(&side).await;
    write(&db, 1).await.expect("written");
    side.caught_up().await;
    side.pause(1).await;
    side.stop_primary().await;
    let session = db.session_with(causal(6_000, OnTimeout::Primary));
    session.mark_written("default").expect("declared");
    let waits = session.clone();
    let read = tokio::spawn(async move { name_of(&waits, 1).await });
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!read.is_finished(), "no replica can prove anything");
    side.promote(0).await;
    takes_over(&db, "default/2").await;
    write(&db, 2).await.expect("it takes writes");
    let read = soon("the read", read).await.expect("no panic");
    assert_eq!(read, Ok(Some("item 1".to_owned())));
}

/// Writes and reads of many sessions while another server is promoted: every write is read.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_read_is_stale_while_another_takes_over() {
    let Some(side) = Side::postgres(2).await else {
        return;
    };
    side.create("shop").await;
    pg(&side).set_synchronous(true).await.expect("synchronous");
    side.delay(1, Duration::from_millis(300)).await;
    let db = observed(&side).await;
    let tasks: Vec<_> = (0..8)
        .map(|task| tokio::spawn(writes_and_reads(db.clone(), task * 100_000 + 1)))
        .collect();
    eventually("they write", || async {
        db.session_with(CAUSAL).ping().await.is_ok()
    })
    .await;
    side.stop_replica(1).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    side.stop_primary().await;
    side.start_replica(1).await;
    side.promote(0).await;
    pg(&side)
        .set_synchronous(false)
        .await
        .expect("not synchronous");
    takes_over(&db, "default/2").await;
    pg(&side).follow(1, 0).await.expect("it follows");
    let mut reads = 0;
    for task in tasks {
        reads += task.await.expect("no row is missing");
    }
    assert!(reads > 100, "only {reads} reads");
    let session = db.session_with(CAUSAL);
    write(&session, 99_999_999).await.expect("written");
    let returns = || async { next_read(&session) == Role::Replica };
    eventually("reads return to a replica", returns).await;
    assert!(has(&session, 99_999_999).await);
}

/// Returns how many reads there were; each sees the earlier writes.
async fn writes_and_reads(db: RoutingConnection, first: i32) -> usize {
    let (start, mut reads, mut id) = (std::time::Instant::now(), 0, first);
    while start.elapsed() < Duration::from_secs(8) {
        let session = db.session_with(CAUSAL);
        id += 1;
        if write(&session, id).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        }
        for _ in 0..5 {
            match name_of(&session, id).await {
                Ok(Some(_)) => reads += 1,
                Ok(None) => panic!("row {id} is missing"),
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    }
    reads
}
