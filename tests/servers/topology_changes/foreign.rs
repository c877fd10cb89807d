//! Replicas of another cluster.

use routing_servers::{Mode, PostgresCluster, Proxy};
use sea_orm::ConnectionTrait;
use sea_orm_routing::error::TopologyError;
use sea_orm_routing::topology::NodeState;
use sea_orm_routing::{DatabaseOptions, ReplicaOptions, RoutingConnection, RoutingError};

use super::state;
use crate::support::{Servers, eventually, postgres, single, soon};

/// A separate server, with a database `shop`.
async fn stranger() -> Option<PostgresCluster> {
    let stranger = routing_servers::postgres(0).await?;
    stranger.create_database("shop").await.expect("a database");
    Some(stranger)
}

#[tokio::test]
async fn a_replica_of_another_cluster_is_not_added() {
    let (Some(pg), Some(stranger)) = (postgres("foreign_added").await, stranger().await) else {
        return;
    };
    let db = pg.connect().await;
    let before = db.topology().to_string().lines().count();
    let replica = || ReplicaOptions::new(stranger.primary_url("shop")).name("stranger");
    for _ in 0..2 {
        let added = soon("adding", db.admin().add_replica("default", replica())).await;
        let error = added.expect_err("of another cluster");
        assert!(
            matches!(
                error,
                RoutingError::Topology(TopologyError::ForeignReplica { .. })
            ),
            "{error}"
        );
        assert!(error.to_string().contains("stranger"), "{error}");
        let after = db.topology();
        assert_eq!(after.to_string().lines().count(), before, "{after}");
    }
}

#[tokio::test]
async fn a_replica_of_another_cluster_is_not_added_to_a_tenant_that_was_never_used() {
    let (Some(pg), Some(stranger)) = (postgres("foreign_tenant").await, stranger().await) else {
        return;
    };
    let db = pg.connect().await;
    let url = pg.cluster.primary_url(pg.name);
    db.admin().add_database("tenant", url).await.expect("added");
    let added = db
        .admin()
        .add_replica("tenant", stranger.primary_url("shop"));
    let error = soon("adding", added).await.expect_err("another cluster");
    assert!(
        matches!(
            error,
            RoutingError::Topology(TopologyError::ForeignReplica { .. })
        ),
        "{error}"
    );
}

#[tokio::test]
async fn the_replicas_of_a_tenant_that_came_later_are_watched() {
    let Some(pg) = postgres("watched_tenant").await else {
        return;
    };
    let db = pg.connect().await;
    let url = pg.cluster.primary_url(pg.name);
    db.admin().add_database("tenant", url).await.expect("added");
    let replica = pg.cluster.replica_url(0, pg.name);
    db.admin()
        .add_replica("tenant", replica)
        .await
        .expect("added");
    let tenant = db.using("tenant").expect("a database");
    tenant.execute_unprepared("SELECT 1").await.expect("ran");
    eventually("its lag is measured", || async {
        let topology = db.topology();
        topology.find("tenant/2").and_then(|it| it.lag()).is_some()
    })
    .await;
}

#[tokio::test]
async fn a_replica_that_was_refused_does_not_come_in_by_undrain() {
    let (Some(pg), Some(stranger)) = (postgres("foreign_undrain").await, stranger().await) else {
        return;
    };
    let (db, _proxy) = with_a_refused(&pg, &stranger).await;
    let _ = db.admin().undrain("default/2");
    assert_eq!(state(&db, "default/2"), Some(NodeState::Refused));
    let route = db.explain_sql("SELECT 1").expect("a route");
    assert_eq!(route.node().as_str(), "default/1");
}

/// The replica that was refused stays refused, and is no reason to refuse another.
#[tokio::test]
async fn a_replica_is_added_beside_one_that_was_refused() {
    let (Some(pg), Some(stranger)) = (postgres("foreign_beside").await, stranger().await) else {
        return;
    };
    let (db, _proxy) = with_a_refused(&pg, &stranger).await;
    let replica = pg.cluster.replica_url(0, pg.name);
    let added = soon("adding", db.admin().add_replica("default", replica)).await;
    let name = added.expect("a healthy one").to_string();
    assert_eq!(state(&db, &name), Some(NodeState::Up));
    assert_eq!(state(&db, "default/2"), Some(NodeState::Refused));
    let route = db.explain_sql("SELECT 1").expect("a route");
    assert_eq!(route.node().as_str(), name);
}

/// A connection with a replica that could not be probed at first, and belongs to another cluster.
async fn with_a_refused(
    pg: &Servers<PostgresCluster>,
    stranger: &PostgresCluster,
) -> (RoutingConnection, Proxy) {
    let url = stranger.primary_url("shop");
    let port = url
        .rsplit([':', '/'])
        .nth(1)
        .and_then(|port| port.parse().ok());
    let proxy = Proxy::start(port.expect("a port")).expect("a proxy");
    proxy.set(Mode::Refuse).expect("refusing");
    let primary = pg.cluster.primary_url(pg.name);
    let database = DatabaseOptions::new(primary).replica(proxy.url(&url));
    let db = single(database).await;
    proxy.set(Mode::Pass).expect("passing");
    eventually("it is refused", || async {
        state(&db, "default/2") == Some(NodeState::Refused)
    })
    .await;
    (db, proxy)
}
