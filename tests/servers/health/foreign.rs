//! A replica of another cluster.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use routing_servers::{Mode, Node, PostgresCluster};
use sea_orm_routing::error::TopologyError;
use sea_orm_routing::topology::NodeState;
use sea_orm_routing::{RoutingConnection, RoutingError};

use crate::support::bed::{Bed, often_asked};
use crate::support::nodes::becomes;
use crate::support::{item, single, soon, value};

/// Two clusters, each with a database and a table of the same name.
async fn two() -> Option<(PostgresCluster, PostgresCluster)> {
    let (own, other) = (
        PostgresCluster::begin(1).await?,
        PostgresCluster::begin(1).await?,
    );
    drop(own.connect(own.options()).await);
    let db = single(other.options()).await;
    item::create(&db).await;
    item::insert(&db, "foreign").await.expect("a row");
    other.caught_up().await;
    Some((own, other))
}

#[tokio::test]
async fn a_replica_is_of_another_cluster() {
    let Some((own, other)) = two().await else {
        return;
    };
    let options = own.options().replica(other.url(0));
    let builder = RoutingConnection::builder().database("default", options);
    let error = soon("a start", builder.connect())
        .await
        .expect_err("it is foreign");
    let is_it = matches!(&error, RoutingError::Topology(TopologyError::ForeignReplica { node, .. }) if node.as_str() == "default/3");
    assert!(is_it, "{error:?}");
    assert!(!error.to_string().contains("secret"), "{error}");

    let db = single(own.options()).await;
    let error = soon("a replica", db.admin().add_replica("default", other.url(0))).await;
    assert!(
        matches!(
            error,
            Err(RoutingError::Topology(TopologyError::ForeignReplica { .. }))
        ),
        "{error:?}"
    );
    assert!(
        db.topology().find("default/3").is_none(),
        "{}",
        db.topology()
    );
}

/// The replica answers before the cluster of the primary is known.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_of_another_cluster_answers_before_the_primary() {
    let Some((own, other)) = two().await else {
        return;
    };
    let (proxy, url) = own.proxy(Node::Primary);
    let late = Mode::Delay(Duration::from_millis(60));
    proxy.set(late).expect("set");
    for _ in 0..4 {
        let options = often_asked(url.clone()).replica(other.url(0));
        let builder = RoutingConnection::builder().database("default", options);
        let error = soon("a start", builder.connect()).await;
        let error = error.expect_err("it is foreign");
        let is_it = matches!(
            error,
            RoutingError::Topology(TopologyError::ForeignReplica { .. })
        );
        assert!(is_it, "{error:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_of_another_cluster_appears_later() {
    let Some((own, other)) = two().await else {
        return;
    };
    // Whether it is refused is a race of microseconds, so the test repeats it.
    for _ in 0..8 {
        let (proxy, url) = other.proxy(0);
        proxy.set(Mode::Refuse).expect("set");
        let options = often_asked(own.url(Node::Primary)).replica(url);
        let db = single(options.max_fallback_reads(64)).await;
        becomes(&db, "default/2", NodeState::Down).await;
        let stop = Arc::new(AtomicBool::new(false));
        let reads = (0..6).map(|_| tokio::spawn(names_read(db.clone(), Arc::clone(&stop))));
        let reads: Vec<_> = reads.collect();
        proxy.set(Mode::Pass).expect("set");
        becomes(&db, "default/2", NodeState::Refused).await;
        stop.store(true, Ordering::SeqCst);
        for read in reads {
            soon("reads", read)
                .await
                .expect("only rows of its own cluster");
        }
        let table = db.topology().to_string();
        assert!(table.contains("refused"), "{table}");
    }
}

async fn names_read(db: RoutingConnection, stop: Arc<AtomicBool>) {
    while !stop.load(Ordering::SeqCst) {
        let name = value::<String>(&db, "SELECT name FROM item ORDER BY id LIMIT 1").await;
        assert_eq!(name.as_deref(), Ok("first"), "{}", db.topology());
    }
}
