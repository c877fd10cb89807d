//! Replicas and databases that are added and removed while the connection is in use.

mod adding;
mod databases;
mod decisions;
mod draining;
mod interrupted;
mod load;
mod refused;
mod removed_databases;
mod removing;
mod tenants;

use std::collections::BTreeSet;
use std::time::Duration;

use sea_orm::{EntityTrait, PaginatorTrait};
use sea_orm_routing::topology::NodeState;
use sea_orm_routing::{DatabaseOptions, RoutingConnection};

use crate::entities::category;
use crate::shop::{Files, Result, Shop, nodes};

/// Long enough for operations that must not time out.
const LONG: Duration = Duration::from_secs(120);

/// Short, for operations that must time out.
const SHORT: Duration = Duration::from_millis(60);

/// A primary alone.
fn alone(files: &Files) -> DatabaseOptions {
    DatabaseOptions::new(files.primary("shop"))
}

async fn shop_without_replicas() -> Result<Shop> {
    Shop::on(alone, |builder| builder).await
}

/// The nodes that so many reads went to.
async fn served_by(db: &RoutingConnection, reads: usize) -> Result<BTreeSet<String>> {
    let routes = db.record();
    for _ in 0..reads {
        category::Entity::find().count(db).await?;
    }
    Ok(nodes(&routes).into_iter().collect())
}

fn state(db: &RoutingConnection, node: &str) -> Option<NodeState> {
    db.topology().find(node).map(|node| node.state())
}

/// The names of all nodes, as the topology prints them.
fn names(db: &RoutingConnection) -> Vec<String> {
    let topology = db.topology();
    let databases = topology.databases();
    let nodes = databases.into_iter().flat_map(|it| it.nodes());
    nodes.map(|node| node.name().to_string()).collect()
}
