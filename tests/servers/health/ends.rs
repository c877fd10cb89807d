//! The monitor ends with the last handle of its connection.

use routing_servers::Node;
use sea_orm::TransactionTrait;
use sea_orm_routing::options::RoleSource;

use crate::support::bed::{Bed, on_each_server};
use crate::support::eventually;
use crate::support::load::read;

on_each_server! {
    the_last_handle_is_dropped(1),
    the_connection_is_closed(1),
    the_last_handle_is_dropped_while_a_node_is_frozen(1),
}

async fn no_client_is_connected(bed: &impl Bed) {
    for node in [Node::Primary, Node::Replica(0)] {
        eventually("no client is connected", || async {
            bed.connections(node).await == 0
        })
        .await;
    }
}

async fn the_last_handle_is_dropped(bed: impl Bed) {
    let db = bed.connect(bed.options().roles(RoleSource::Observed)).await;
    let (other, session) = (db.on_primary(), db.session());
    let txn = db.begin().await.expect("begun");
    read(&db).await.expect("a read");
    drop((db, other, txn));
    assert!(bed.connections(Node::Primary).await > 0);
    read(&session).await.expect("a read");
    drop(session);
    no_client_is_connected(&bed).await;
}

async fn the_connection_is_closed(bed: impl Bed) {
    let db = bed.connect(bed.options()).await;
    let other = db.clone();
    read(&db).await.expect("a read");
    db.close().await.expect("closed");
    no_client_is_connected(&bed).await;
    drop(other);
}

async fn the_last_handle_is_dropped_while_a_node_is_frozen(bed: impl Bed) {
    let db = bed.connect(bed.options()).await;
    read(&db).await.expect("a read");
    bed.freeze(0).await;
    drop(db);
    eventually("no client is connected", || async {
        bed.connections(Node::Primary).await == 0
    })
    .await;
    bed.thaw(0).await;
    no_client_is_connected(&bed).await;
}
