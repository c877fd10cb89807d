//! Many databases on the same servers, as with one for each tenant.

use std::time::Duration;

use routing_servers::Node;
use sea_orm::ConnectOptions;
use sea_orm_routing::topology::NodeState;
use sea_orm_routing::{DatabaseOptions, RoutingConnection};

use crate::support::bed::{Bed, INTERVAL, TIMEOUT, on_each_server};
use crate::support::nodes::{becomes, is_read_from, when};
use crate::support::{eventually, item};

const TENANTS: usize = 40;

on_each_server! {
    their_servers_are_asked_over_one_connection_each(2),
}

/// Databases with the same primary and replicas, `default` among them.
async fn connect(bed: &impl Bed) -> RoutingConnection {
    let names = (1..TENANTS).map(|tenant| format!("tenant_{tenant}"));
    let names = std::iter::once("default".to_owned()).chain(names);
    let builder = names.fold(RoutingConnection::builder(), |builder, name| {
        let mut primary = ConnectOptions::new(bed.url(Node::Primary));
        primary.max_connections(2);
        let database = DatabaseOptions::new(primary)
            .probe_interval(INTERVAL)
            .probe_timeout(TIMEOUT)
            .replica(bed.url(0))
            .replica(bed.url(1));
        builder.database(name, database)
    });
    builder.connect().await.expect("connected")
}

/// How many of the first replicas are in that state.
fn count(db: &RoutingConnection, state: NodeState) -> usize {
    let topology = db.topology();
    let databases = topology.databases();
    let replicas = databases.iter().filter_map(|it| it.nodes().nth(1));
    replicas.filter(|node| node.state() == state).count()
}

async fn their_servers_are_asked_over_one_connection_each(bed: impl Bed) {
    let db = connect(&bed).await;
    item::create(&db).await;
    item::insert(&db, "first").await.expect("a row");
    bed.caught_up().await;
    for replica in [0, 1] {
        let alone = || async { bed.connections(replica).await == 1 };
        eventually("only the monitor is connected", alone).await;
    }
    // What the one connection learns holds for all of them.
    bed.kill(0).await;
    let all_down = || count(&db, NodeState::Down) == TENANTS;
    when("all know that it is down".to_owned(), all_down).await;
    bed.start(0).await;
    let none_down = || count(&db, NodeState::Down) == 0;
    when("all know that it is back".to_owned(), none_down).await;
    let tenant = db.using("tenant_7").expect("declared");
    is_read_from(&tenant, "tenant_7/3").await;
    // A database that goes takes its part of the monitor with it, and no more.
    for name in (1..TENANTS).map(|tenant| format!("tenant_{tenant}")) {
        let removed = db.admin().remove_database(&name, Duration::from_secs(10));
        removed.await.expect("removed");
    }
    bed.kill(1).await;
    becomes(&db, "default/3", NodeState::Down).await;
}
