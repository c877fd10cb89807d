//! What a connection reports about its nodes.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use routing_servers::{MariaDbCluster, PostgresCluster};
use sea_orm::{DbBackend, DbErr};
use sea_orm_routing::topology::NodeState;
use sea_orm_routing::{Role, RoutingConnection, RoutingError};

use super::bed::Bed;
use super::load::read;
use super::{LIMIT, soon, value};

pub(crate) fn state(db: &RoutingConnection, node: &str) -> NodeState {
    db.topology().find(node).expect("declared").state()
}

pub(crate) fn role(db: &RoutingConnection, node: &str) -> Role {
    db.topology().find(node).expect("declared").role()
}

/// Whether statements go to a node.
pub(crate) fn serves(db: &RoutingConnection, node: &str) -> bool {
    matches!(state(db, node), NodeState::Up | NodeState::Probation)
}

/// Waits until a node is in a state; returns how long that took.
#[track_caller]
pub(crate) fn becomes(
    db: &RoutingConnection,
    node: &str,
    wanted: NodeState,
) -> impl Future<Output = Duration> {
    let what = format!("{node} is {wanted}");
    when(what, move || state(db, node) == wanted)
}

/// Waits until a node has a role; returns how long that took.
#[track_caller]
pub(crate) fn takes(
    db: &RoutingConnection,
    node: &str,
    wanted: Role,
) -> impl Future<Output = Duration> {
    let what = format!("{node} is {wanted}");
    when(what, move || role(db, node) == wanted)
}

/// Waits until a condition holds, polling often; returns how long that took.
#[track_caller]
pub(crate) fn when(what: String, holds: impl Fn() -> bool) -> impl Future<Output = Duration> {
    let start = Instant::now();
    async move {
        let often = async {
            while !holds() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        soon(&what, often).await;
        start.elapsed()
    }
}

/// Waits until reads go to a node.
pub(crate) async fn is_read_from(db: &RoutingConnection, node: &str) {
    let often = async {
        let went_there = async || {
            let routes = db.record();
            soon("a read", read(db)).await.expect("a read");
            // Other tasks read and write meanwhile.
            routes.routes().iter().any(|it| it.node().as_str() == node)
        };
        while !went_there().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let goes_there = tokio::time::timeout(LIMIT, often).await;
    assert!(
        goes_there.is_ok(),
        "no read goes to {node}: {}",
        db.topology()
    );
}

/// The node that served a read in the end, which must not fail.
pub(crate) async fn served_by(db: &RoutingConnection) -> String {
    let routes = db.record();
    soon("a read", read(db)).await.expect("a read");
    let routes = routes.routes();
    routes.last().expect("a route").node().to_string()
}

/// Whether an error is recognised as one of the routing layer.
pub(crate) fn is(error: &DbErr, kind: impl Fn(&RoutingError) -> bool) -> bool {
    RoutingError::of(error).is_some_and(kind)
}

/// The names of the nodes of `default`, sorted.
pub(crate) fn names(db: &RoutingConnection) -> Vec<String> {
    let topology = db.topology();
    let databases = topology.databases();
    let nodes = databases.iter().flat_map(|it| it.nodes());
    let mut names: Vec<_> = nodes.map(|node| node.name().to_string()).collect();
    names.sort();
    names
}

/// Checks that the pool of a node can hand out all its connections at once.
pub(crate) async fn is_whole(db: &RoutingConnection, node: &str) {
    let node = db.using(node).expect("declared");
    let sleeping = match node.get_database_backend() {
        DbBackend::Postgres => PostgresCluster::sleeping(0.4),
        _ => MariaDbCluster::sleeping(0.4),
    };
    let reads = (0..8).map(|_| value::<i64>(&node, &sleeping));
    let start = Instant::now();
    for answer in soon("all connections", join_all(reads)).await {
        answer.expect("a connection");
    }
    // One after the other it would take longer.
    let took = start.elapsed();
    assert!(took < Duration::from_secs(3), "{took:?}");
}
