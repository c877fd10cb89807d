//! Where causal reads go, and what they wait for.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use sea_orm::{DbErr, EntityTrait};
use sea_orm_routing::error::AvailabilityError;
use sea_orm_routing::policy::PrimaryReads;
use sea_orm_routing::session::OnTimeout;
use sea_orm_routing::{Role, RoutingConnection, RoutingError};

use super::side::Side;
use super::{CAUSAL, causal, has, name_of, next_read, write};
use crate::support::{eventually, item, single, soon};

fn is_not_caught_up(error: &DbErr) -> bool {
    matches!(
        RoutingError::of(error),
        Some(RoutingError::Availability(
            AvailabilityError::NotCaughtUp { .. }
        ))
    )
}

/// The nodes that served the reads of a future.
async fn roles<F: Future>(db: &RoutingConnection, reads: F) -> (F::Output, Vec<Role>) {
    let routes = db.record();
    let output = reads.await;
    let routes = routes.routes();
    (output, routes.iter().map(|route| route.role()).collect())
}

/// Until a replica has the write, reads go to the primary at once; afterwards to that replica, in
/// one round trip each.
async fn reads_return_to_replicas(side: &Side, db: &RoutingConnection) {
    side.pause(0).await;
    let session = db.session_with(CAUSAL);
    assert_eq!(next_read(&session), Role::Replica, "nothing was written");
    write(&session, 1).await.expect("written");
    let (found, went) = roles(db, has(&session, 1)).await;
    assert!(found && went == [Role::Primary], "{found} {went:?}");
    let route = session.explain(&item::Entity::find()).expect("a route");
    assert!(route.why_node().contains("its session"), "{route}");

    side.resume(0).await;
    let returns = || async { next_read(&session) == Role::Replica };
    eventually("reads return to the replica", returns).await;
    let statements = Arc::new(AtomicUsize::new(0));
    let mut counted = session.clone();
    let count = Arc::clone(&statements);
    counted.set_node_metric_callback(move |node, _| {
        assert_eq!(node.as_str(), "default/2");
        count.fetch_add(1, Ordering::Relaxed);
    });
    for _ in 0..50 {
        assert!(has(&counted, 1).await);
    }
    assert_eq!(statements.load(Ordering::Relaxed), 50);
}

/// A read that may wait is served by the replica once it has caught up.
async fn reads_wait(side: &Side, db: &RoutingConnection) {
    side.pause(0).await;
    let session = db.session_with(causal(15_000, OnTimeout::Error));
    write(&session, 2).await.expect("written");
    let (waiting, routes) = (session.clone(), db.record());
    let read = tokio::spawn(async move { name_of(&waiting, 2).await });
    tokio::time::sleep(Duration::from_millis(150)).await;
    assert!(!read.is_finished(), "no replica can have it");
    side.resume(0).await;
    let read = soon("the read", read).await.expect("no panic");
    assert_eq!(read, Ok(Some("item 2".to_owned())));
    assert_eq!(
        routes.routes().last().expect("a route").role(),
        Role::Replica
    );
}

/// The outcome of a read whose wait timed out.
async fn reads_time_out(side: &Side, db: &RoutingConnection) {
    side.pause(0).await;
    for (id, on_timeout) in [(3, OnTimeout::Error), (4, OnTimeout::Primary)] {
        let wait = 100;
        let session = db.session_with(causal(wait, on_timeout));
        write(&session, id).await.expect("written");
        let start = Instant::now();
        let (read, went) = roles(db, name_of(&session, id)).await;
        let waited = start.elapsed();
        assert!(waited >= Duration::from_millis(wait), "{waited:?}");
        assert!(waited < Duration::from_millis(wait + 1000), "{waited:?}");
        match on_timeout {
            OnTimeout::Error => {
                let error = read.expect_err("no replica has it");
                assert!(is_not_caught_up(&error), "{error}");
                assert_eq!(went, []);
            }
            _ => {
                assert_eq!(read, Ok(Some(format!("item {id}"))));
                assert_eq!(went, [Role::Primary]);
            }
        }
    }
    side.resume(0).await;
}

/// If the primary is kept for writes, no read goes there, and none is stale.
async fn the_primary_is_spared(side: &Side) {
    let never = side.options("shop").primary_reads(PrimaryReads::Never);
    let id = 5;
    let db = single(never).await;
    side.pause(0).await;
    write(&db, id).await.expect("written");
    for wait in [0, 100] {
        let session = db.session_with(causal(wait, OnTimeout::Primary));
        session.mark_written("default").expect("a session");
        let routes = db.record();
        let failed = name_of(&session, id).await.expect_err("no replica has it");
        assert!(is_not_caught_up(&failed), "{failed}");
        routes.assert_nothing_sent();
    }
    let session = db.session_with(causal(15_000, OnTimeout::Primary));
    session.mark_written("default").expect("a session");
    let read = tokio::spawn(async move { has(&session, id).await });
    side.resume(0).await;
    assert!(soon("the read", read).await.expect("no panic"));
}

async fn causal_reads(side: Side) {
    let db = side.connect().await;
    reads_return_to_replicas(&side, &db).await;
    reads_wait(&side, &db).await;
    reads_time_out(&side, &db).await;
    the_primary_is_spared(&side).await;
}

#[tokio::test]
async fn causal_reads_on_postgres() {
    if let Some(side) = Side::postgres(1).await {
        causal_reads(side).await;
    }
}

#[tokio::test]
async fn causal_reads_on_mariadb() {
    if let Some(side) = Side::mariadb(1).await {
        causal_reads(side).await;
    }
}
