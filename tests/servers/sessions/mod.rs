//! Sessions read their own writes although the replicas lag.

mod async_commit;
mod bad_tokens;
mod balancer;
mod causal;
mod choices;
mod cut_off;
mod databases;
mod failover;
mod lost;
mod moments;
mod monotonic;
mod on_primary;
mod read_only;
mod rereads;
mod restarts;
mod side;
mod tokens;
mod unproven;
mod writes;

use std::time::Duration;

use sea_orm::{ConnectionTrait, DbErr, EntityTrait, Set};
use sea_orm_routing::session::OnTimeout;
use sea_orm_routing::{Consistency, Role, RoutingConnection};

use crate::support::item;

const WINDOW: Consistency = Consistency::ReadYourWrites {
    window: Duration::from_secs(600),
};

/// A causal read that does not wait.
const CAUSAL: Consistency = causal(0, OnTimeout::Primary);

const fn causal(max_wait_ms: u64, on_timeout: OnTimeout) -> Consistency {
    Consistency::Causal {
        max_wait: Duration::from_millis(max_wait_ms),
        on_timeout,
    }
}

/// Writes a row in one round trip.
async fn write(db: &RoutingConnection, id: i32) -> Result<(), DbErr> {
    let row = item::ActiveModel {
        id: Set(id),
        name: Set(format!("item {id}")),
    };
    let written = item::Entity::insert(row).exec_without_returning(db).await;
    forget_follow_up(db);
    written.map(drop)
}

/// The name of a row, if it exists.
async fn name_of(db: &impl ConnectionTrait, id: i32) -> Result<Option<String>, DbErr> {
    let row = item::Entity::find_by_id(id).one(db).await?;
    Ok(row.map(|row| row.name))
}

/// Whether a row exists.
async fn has(db: &impl ConnectionTrait, id: i32) -> bool {
    name_of(db, id).await.expect("a read").is_some()
}

/// Without RETURNING, the read that follows a write in the same thread goes to the primary
/// regardless of the session, which is not under test here. Planning a statement consumes that
/// mark.
fn forget_follow_up(db: &RoutingConnection) {
    drop(db.execute_unprepared("SELECT 1"));
}

/// Where the next read of the session would go.
fn next_read(db: &RoutingConnection) -> Role {
    let route = db.explain(&item::Entity::find());
    route.expect("a route").role()
}
