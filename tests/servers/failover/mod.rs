//! Another server becomes the primary, or several servers claim to be the primary.

mod accepted;
mod closed;
mod cost;
mod declared;
mod epochs;
mod moved;
mod promoted;
mod split;
mod unlogged;

use routing_servers::Node;
use sea_orm::DbErr;
use sea_orm_routing::error::AvailabilityError;
use sea_orm_routing::topology::NodeState;
use sea_orm_routing::{Role, RoutingConnection, RoutingError};

use crate::support::bed::Bed;
use crate::support::load::{read, write};
use crate::support::nodes::{becomes, is, takes, when};
use crate::support::{eventually, item, soon};

fn stopped(error: &DbErr) -> bool {
    is(error, |it| {
        matches!(
            it,
            RoutingError::Availability(AvailabilityError::WritesStopped { .. })
        )
    })
}

fn is_writable(db: &RoutingConnection) -> bool {
    db.topology().databases()[0].is_writable()
}

/// Waits until writes stop, and tries all kinds; the error names the way out.
async fn writes_stop(db: &RoutingConnection) {
    when("writes stop".to_owned(), || {
        db.topology().to_string().contains("accept_primary")
    })
    .await;
    let raw = soon("a write", write(db, "no")).await;
    let insert = soon("a write", item::insert(db, "no")).await.map(drop);
    let txn = sea_orm::TransactionTrait::begin(db).await.expect("begun");
    let inside = soon("a write", item::insert(&txn, "no")).await.map(drop);
    for outcome in [raw, insert, inside] {
        let error = outcome.expect_err("writes are stopped");
        assert!(stopped(&error), "{error:?}");
        assert!(error.to_string().contains("accept_primary"), "{error}");
    }
    let table = db.topology().to_string();
    assert!(table.contains("takes no writes"), "{table}");
}

/// The primary is killed, the replica promoted, and the old primary comes back as one, which is refused.
async fn old_primary_comes_back(bed: &impl Bed, db: &RoutingConnection) {
    bed.kill(Node::Primary).await;
    bed.promote(0).await;
    takes(db, "default/2", Role::Primary).await;
    eventually("writes go on", || async {
        write(db, "on the new one").await.is_ok()
    })
    .await;
    bed.start(Node::Primary).await;
    becomes(db, "default/1", NodeState::Refused).await;
}

/// Reads, none of which goes to that node.
async fn no_read_goes_to(db: &RoutingConnection, node: &str) {
    let routes = db.record();
    for _ in 0..100 {
        soon("a read", read(db)).await.expect("a read");
    }
    let routes = routes.routes();
    let wrong = routes.iter().filter(|it| it.node().as_str() == node);
    assert_eq!(wrong.count(), 0, "{}", db.topology());
}

/// How many rows a server has.
async fn rows(bed: &impl Bed, node: Node) -> String {
    bed.ask(node, "SELECT COUNT(*) FROM item").await
}
