//! A server that accepts writes cannot be added as a replica.

use routing_servers::{MariaDbCluster, Node};
use sea_orm_routing::error::TopologyError;
use sea_orm_routing::options::RoleSource;
use sea_orm_routing::{RoutingConnection, RoutingError};

use crate::support::bed::{Bed, often_asked, on_each_server};
use crate::support::load::Load;
use crate::support::soon;

on_each_server! {
    a_server_that_was_promoted_is_not_added_and_writes_go_on(2),
}

/// The primary and its first replica; the servers report their own roles.
async fn connect(bed: &impl Bed) -> RoutingConnection {
    let options = often_asked(bed.url(Node::Primary)).replica(bed.url(0));
    bed.connect(options.roles(RoleSource::Observed)).await
}

async fn a_server_that_was_promoted_is_not_added_and_writes_go_on(bed: impl Bed) {
    let db = connect(&bed).await;
    bed.promote(1).await;
    is_not_added(&bed, &db).await;
}

/// The replica follows the primary all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_takes_writes_is_not_added_and_writes_go_on() {
    let Some(bed) = MariaDbCluster::begin(2).await else {
        return;
    };
    let db = connect(&bed).await;
    bed.ask(1, "SET GLOBAL read_only = OFF").await;
    is_not_added(&bed, &db).await;
    bed.ask(1, "SET GLOBAL read_only = ON").await;
    let added = soon("adding", db.admin().add_replica("default", bed.url(1))).await;
    added.expect("it only reads now");
}

async fn is_not_added(bed: &impl Bed, db: &RoutingConnection) {
    let writes = Load::writing(db, 2);
    for _ in 0..5 {
        writes.more(20).await;
        let added = soon("adding", db.admin().add_replica("default", bed.url(1))).await;
        let error = added.expect_err("it takes writes");
        let is_it = matches!(
            error,
            RoutingError::Topology(TopologyError::ForeignReplica { .. })
        );
        assert!(is_it, "{error:?}");
        let topology = db.topology();
        assert_eq!(
            topology.to_string().matches("default/").count(),
            2,
            "{topology}"
        );
        assert!(topology.databases()[0].is_writable(), "{topology}");
    }
    writes.more(20).await;
    let report = writes.end().await;
    assert!(report.failed.is_empty(), "{:?}", report.failed);
}
