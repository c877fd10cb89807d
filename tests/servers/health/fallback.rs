//! All replicas are down, or all nodes.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use routing_servers::Node;
use sea_orm_routing::RoutingError;
use sea_orm_routing::error::{AvailabilityError, ConsideredNode};
use sea_orm_routing::policy::PrimaryReads;
use sea_orm_routing::topology::NodeState;

use crate::support::bed::{Bed, INTERVAL, SLACK, TIMEOUT, on_each_server};
use crate::support::load::{Load, read, write};
use crate::support::nodes::{becomes, is, is_read_from, served_by, when};
use crate::support::{eventually, soon, value};

/// Whether the first replica is among the nodes that were considered, and is down.
fn is_down(considered: &[ConsideredNode]) -> bool {
    let down = |it: &ConsideredNode| it.node == "default/2" && &*it.state == "down";
    considered.iter().any(down)
}

on_each_server! {
    all_replicas_are_dead_and_reads_fall_back(2),
    no_more_reads_fall_back_than_may(1),
    everything_is_dead(1),
    everything_is_frozen(1),
    the_replicas_are_dead_and_reads_must_not_fall_back(1),
}

async fn all_replicas_are_dead_and_reads_fall_back(bed: impl Bed) {
    let db = bed.connect(bed.options().max_fallback_reads(3)).await;
    let load = Load::reading(&db, 12);
    load.more(100).await;
    bed.kill(0).await;
    bed.kill(1).await;
    becomes(&db, "default/2", NodeState::Down).await;
    becomes(&db, "default/3", NodeState::Down).await;
    load.more(300).await;
    assert_eq!(served_by(&db).await, "default/1");
    bed.start(1).await;
    is_read_from(&db, "default/3").await;
    load.end().await.assert_well(INTERVAL * 2 + TIMEOUT + SLACK);
}

async fn no_more_reads_fall_back_than_may(bed: impl Bed) {
    let deadline = Duration::from_millis(1500);
    let options = bed.options().max_fallback_reads(2).read_deadline(deadline);
    let db = bed.connect(options).await;
    bed.kill(0).await;
    becomes(&db, "default/2", NodeState::Down).await;
    let before = bed.connections(Node::Primary).await;

    let slow = sleeping(&bed, 4.0);
    let reads = join_all((0..8).map(|_| value::<i64>(&db, &slow)));
    let start = Instant::now();
    let outcomes = soon("slow reads", reads).await;
    let failed: Vec<_> = outcomes.iter().filter_map(|it| it.as_ref().err()).collect();
    assert_eq!(failed.len(), 6, "{outcomes:?}");
    for error in failed {
        let is_over_limit = |it: &RoutingError| {
            matches!(
                it,
                RoutingError::Availability(AvailabilityError::FallbackLimit {
                    limit: 2,
                    considered,
                    ..
                }) if is_down(considered)
            )
        };
        assert!(is(error, is_over_limit), "{error:?}");
    }
    assert!(
        start.elapsed() < Duration::from_secs(4) + SLACK,
        "{:?}",
        start.elapsed()
    );
    let after = bed.connections(Node::Primary).await;
    assert!(
        after <= before.max(2) + 2,
        "{after} connections, {before} before"
    );

    // Reads that wait for a permit get one.
    let short = sleeping(&bed, 0.05);
    let reads = join_all((0..6).map(|_| value::<i64>(&db, &short)));
    for outcome in soon("short reads", reads).await {
        outcome.expect("a turn");
    }
    // Writes need no permit.
    let (blocked, ()) = soon("a write", async {
        tokio::join!(join_all((0..2).map(|_| value::<i64>(&db, &slow))), async {
            write(&db, "beside").await.expect("a write");
        })
    })
    .await;
    assert!(blocked.iter().all(Result::is_ok), "{blocked:?}");
}

fn sleeping<B: Bed>(_: &B, seconds: f64) -> String {
    B::sleeping(seconds)
}

async fn everything_is_dead(bed: impl Bed) {
    let db = bed.connect(bed.options()).await;
    bed.kill(0).await;
    bed.kill(Node::Primary).await;
    becomes(&db, "default/2", NodeState::Down).await;
    when("the monitor knows".to_owned(), || {
        !db.topology().databases()[0].is_writable()
    })
    .await;
    for _ in 0..3 {
        let start = Instant::now();
        let error = soon("a read", read(&db)).await.expect_err("all are dead");
        assert!(
            is(&error, |it| matches!(
                it,
                RoutingError::Availability(AvailabilityError::NoNode { considered, .. })
                    if is_down(considered)
            )),
            "{error:?}"
        );
        let error = soon("a write", write(&db, "no"))
            .await
            .expect_err("all are dead");
        assert!(
            is(&error, |it| matches!(
                it,
                RoutingError::Availability(AvailabilityError::PrimaryDown { .. })
            )),
            "{error:?}"
        );
        assert!(!error.to_string().contains("secret"), "{error}");
        assert!(
            start.elapsed() < Duration::from_secs(1),
            "{:?}",
            start.elapsed()
        );
    }
    bed.start(Node::Primary).await;
    soon(
        "the primary",
        db.wait_for_primary("default", Duration::from_secs(15)),
    )
    .await
    .expect("it is back");
    write(&db, "again").await.expect("a write");
    read(&db).await.expect("a read");
    bed.start(0).await;
    is_read_from(&db, "default/2").await;
}

/// The server refuses no connection and never answers.
async fn everything_is_frozen(bed: impl Bed) {
    let db = bed.connect(bed.options()).await;
    let load = Load::reading(&db, 4);
    load.more(20).await;
    load.end().await;
    bed.freeze(0).await;
    bed.freeze(Node::Primary).await;
    becomes(&db, "default/2", NodeState::Down).await;
    becomes(&db, "default/1", NodeState::Down).await;
    let start = Instant::now();
    let error = soon("a read", read(&db)).await.expect_err("all are frozen");
    assert!(start.elapsed() < SLACK, "{:?}: {error:?}", start.elapsed());
    bed.thaw(0).await;
    bed.thaw(Node::Primary).await;
    eventually("reads go on", || async { read(&db).await.is_ok() }).await;
    is_read_from(&db, "default/2").await;
    write(&db, "again").await.expect("a write");
}

async fn the_replicas_are_dead_and_reads_must_not_fall_back(bed: impl Bed) {
    let options = bed.options().primary_reads(PrimaryReads::Never);
    let db = bed.connect(options).await;
    bed.kill(0).await;
    becomes(&db, "default/2", NodeState::Down).await;
    let start = Instant::now();
    let mut error = soon("a read", read(&db)).await.expect_err("no replica");
    while !is(&error, |it| {
        matches!(
            it,
            RoutingError::Availability(AvailabilityError::NoReplica { .. })
        )
    }) {
        assert!(start.elapsed() < Duration::from_secs(2), "{error:?}");
        error = soon("a read", read(&db)).await.expect_err("no replica");
    }
    write(&db, "the primary").await.expect("a write");
    bed.start(0).await;
    when("reads go on".to_owned(), || {
        db.topology().find("default/2").is_some_and(|it| it.is_up())
    })
    .await;
    read(&db).await.expect("a read");
}
