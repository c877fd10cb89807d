//! Replicas that lag behind their primary.

use std::time::Duration;

use routing_servers::{Node, PostgresCluster};
use sea_orm_routing::topology::NodeState;

use crate::support::bed::{Bed, INTERVAL, TIMEOUT, on_each_server};
use crate::support::load::{Load, write};
use crate::support::nodes::{becomes, is_read_from, served_by, state, when};

const LIMIT: Duration = Duration::from_millis(500);

on_each_server! {
    a_replica_replays_nothing(2),
    the_only_replica_replays_nothing(1),
    the_only_replica_lags_and_the_primary_dies(1),
    the_primary_is_idle(1),
}

async fn a_replica_replays_nothing(bed: impl Bed) {
    let db = bed.connect(bed.options().lag_limit(LIMIT)).await;
    let writes = Load::writing(&db, 2);
    writes.more(20).await;
    assert_eq!(state(&db, "default/2"), NodeState::Up, "{}", db.topology());
    bed.pause(0).await;
    becomes(&db, "default/2", NodeState::Lagging).await;
    let table = db.topology().to_string();
    let line = table
        .lines()
        .find(|line| line.contains("default/2"))
        .expect("a line");
    assert!(
        line.contains("lagging") && line.contains("behind"),
        "{table}"
    );
    let lag = db.topology().find("default/2").expect("declared").lag();
    assert!(lag.expect("measured").time > LIMIT, "{lag:?}");
    writes.end().await.assert_well(Duration::MAX);

    // The primary is idle now, and the replica still lacks the rows.
    for _ in 0..20 {
        assert_ne!(served_by(&db).await, "default/2");
    }
    assert_eq!(state(&db, "default/3"), NodeState::Up, "{}", db.topology());
    bed.resume(0).await;
    becomes(&db, "default/2", NodeState::Up).await;
    is_read_from(&db, "default/2").await;
}

async fn the_only_replica_replays_nothing(bed: impl Bed) {
    let db = bed.connect(bed.options().lag_limit(LIMIT)).await;
    bed.pause(0).await;
    write(&db, "not replayed").await.expect("a write");
    becomes(&db, "default/2", NodeState::Lagging).await;
    assert_eq!(served_by(&db).await, "default/1");
    bed.resume(0).await;
    becomes(&db, "default/2", NodeState::Up).await;
    is_read_from(&db, "default/2").await;
}

/// Stale rows are better than none.
async fn the_only_replica_lags_and_the_primary_dies(bed: impl Bed) {
    let db = bed.connect(bed.options().lag_limit(LIMIT)).await;
    bed.pause(0).await;
    write(&db, "not replayed").await.expect("a write");
    becomes(&db, "default/2", NodeState::Lagging).await;
    assert_eq!(served_by(&db).await, "default/1");
    bed.kill(Node::Primary).await;
    becomes(&db, "default/1", NodeState::Down).await;
    for _ in 0..10 {
        assert_eq!(served_by(&db).await, "default/2");
    }
    bed.start(Node::Primary).await;
    becomes(&db, "default/1", NodeState::Up).await;
    when("reads go to the primary again".to_owned(), || {
        let route = db.explain_sql("SELECT name FROM item").expect("a route");
        route.node().as_str() == "default/1"
    })
    .await;
}

async fn the_primary_is_idle(bed: impl Bed) {
    let limit = INTERVAL * 2;
    let db = bed.connect(bed.options().lag_limit(limit)).await;
    // A replica that replays nothing does not lag if there is nothing to replay.
    bed.caught_up().await;
    bed.pause(0).await;
    let caught_up = || db.topology().to_string().contains("caught up");
    when("it has caught up".to_owned(), caught_up).await;
    let long = std::time::Instant::now();
    let over = || {
        assert_eq!(state(&db, "default/2"), NodeState::Up, "{}", db.topology());
        long.elapsed() > INTERVAL * 12 + TIMEOUT
    };
    when("the monitor has asked often".to_owned(), over).await;
    assert!(caught_up(), "{}", db.topology());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_lacks_more_bytes_than_it_may() {
    let Some(pg) = PostgresCluster::begin(1).await else {
        return;
    };
    let db = pg.connect(pg.options().lag_limit_bytes(64 * 1024)).await;
    pg.pause(0).await;
    write(&db, "a few bytes").await.expect("a write");
    when("it is measured".to_owned(), || {
        let topology = db.topology();
        let lag = topology.find("default/2").and_then(|node| node.lag());
        lag.is_some_and(|lag| lag.bytes.is_some_and(|bytes| bytes > 0))
    })
    .await;
    assert_eq!(state(&db, "default/2"), NodeState::Up, "{}", db.topology());
    pg.ask(
        Node::Primary,
        "CREATE TABLE filler AS SELECT repeat(md5(i::text), 20) FROM generate_series(1, 1000) AS i",
    )
    .await;
    becomes(&db, "default/2", NodeState::Lagging).await;
    pg.resume(0).await;
    becomes(&db, "default/2", NodeState::Up).await;
}
