//! Futures dropped at every await leave no transaction open and no outcome in doubt unreported.

mod crosstalk;
mod statements;
mod thousand;
mod transactions;

use routing_servers::{MariaDbCluster, PostgresCluster};
use sea_orm::TransactionTrait;
use sea_orm_routing::RoutingConnection;

use crate::support::item::{self, insert, names};
use crate::support::slow_link::slow_link;
use crate::support::{self, Servers, options, single, soon};

/// Connections of the pool under test.
const CONNECTIONS: usize = 2;

async fn connect(url: &str) -> RoutingConnection {
    let mut options = options(slow_link(url).await);
    options.max_connections(CONNECTIONS as u32);
    let db = single(options.into()).await;
    item::create(&db).await;
    db
}

async fn on_postgres(name: &'static str) -> Option<(Servers<PostgresCluster>, RoutingConnection)> {
    let pg = support::postgres(name).await?;
    let db = connect(&pg.cluster.primary_url(name)).await;
    Some((pg, db))
}

async fn on_mariadb(name: &'static str) -> Option<(Servers<MariaDbCluster>, RoutingConnection)> {
    let maria = support::mariadb(name).await?;
    let db = connect(&maria.cluster.primary_url(name)).await;
    Some((maria, db))
}

/// Two transactions at once, each on a connection of its own, and both are clean.
async fn pool_is_whole(db: &RoutingConnection) {
    let (one, two) = (
        db.begin().await.expect("begun"),
        db.begin().await.expect("begun"),
    );
    let both = async { tokio::join!(insert(&one, "whole 1"), insert(&two, "whole 2")) };
    let (first, second) = soon("two connections", both).await;
    first.expect("inserted");
    second.expect("inserted");
    one.rollback().await.expect("rolled back");
    two.rollback().await.expect("rolled back");
    assert!(!names(db).await.iter().any(|name| name.starts_with("whole")));
}
