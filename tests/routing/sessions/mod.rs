//! Sessions over SQLite replicas, whose positions are not tracked.

mod carried;
mod causal;
mod committed;
mod monotonic;
mod read_your_writes;
mod tokens;

use std::time::Duration;

use sea_orm::{EntityTrait, PaginatorTrait};
use sea_orm_routing::observe::Route;
use sea_orm_routing::session::OnTimeout;
use sea_orm_routing::{Consistency, RoutingConnection};

use crate::entities::category;
use crate::entities::warehouse::stock;
use crate::shop::Result;

const WINDOW: Consistency = Consistency::ReadYourWrites {
    window: Duration::from_secs(60),
};

const CAUSAL: Consistency = Consistency::Causal {
    max_wait: Duration::from_millis(50),
    on_timeout: OnTimeout::Primary,
};

/// The node that a read of the default database goes to.
fn route(db: &RoutingConnection) -> Result<Route> {
    Ok(db.explain(&category::Entity::find())?)
}

fn on_primary(db: &RoutingConnection) -> Result<bool> {
    Ok(*route(db)?.node() == "default/1")
}

/// Whether a read of the warehouse goes to its primary.
fn warehouse_on_primary(db: &RoutingConnection) -> Result<bool> {
    Ok(*db.explain(&stock::Entity::find())?.node() == "warehouse/1")
}

async fn read(db: &RoutingConnection) -> Result<u64> {
    Ok(category::Entity::find().count(db).await?)
}
