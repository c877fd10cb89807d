//! The primary is lost or steps down, and a replica is promoted.

use std::collections::HashSet;
use std::time::Duration;

use routing_servers::Node;
use sea_orm::{DbErr, TransactionTrait};
use sea_orm_routing::options::RoleSource;
use sea_orm_routing::{Role, RoutingConnection};

use super::cost;
use crate::support::bed::{Bed, on_each_server};
use crate::support::load::{Load, write};
use crate::support::nodes::{is_read_from, names, takes};
use crate::support::{item, single, soon};

const LONG: Duration = Duration::from_secs(15);

on_each_server! {
    the_primary_is_killed_under_load(1),
    the_primary_is_frozen_under_load(1),
    the_primary_steps_down(2),
}

async fn the_primary_is_killed_under_load(bed: impl Bed) {
    bed.synchronous().await;
    let db = bed.connect(bed.options().roles(RoleSource::Observed)).await;
    let reader = reader(&bed).await;
    let before = names(&db);
    let (writes, reads) = (Load::writing(&db, 6), Load::reading(&reader, 6));
    writes.more(100).await;

    bed.kill(Node::Primary).await;
    bed.promote(0).await;
    takes(&db, "default/2", Role::Primary).await;
    soon("a primary", db.wait_for_primary("default", LONG))
        .await
        .expect("a primary");
    writes.more(100).await;
    reads.more(100).await;
    assert_eq!(names(&db), before);

    bed.rejoin(Node::Primary, 0).await;
    is_read_from(&db, "default/1").await;
    writes.more(50).await;
    let (written, read) = (writes.end().await, reads.end().await);
    no_read_failed(&read.failed);
    assert_eq!(names(&db), before);
    assert!(!written.failed.is_empty(), "the primary was killed");

    bed.caught_up().await;
    nothing_is_missing(&bed, &written.written).await;
    cost::print(&bed, Node::Replica(0), "killed, synchronous", &written).await;
    no_connection_only_reads(&db).await;
}

async fn the_primary_is_frozen_under_load(bed: impl Bed) {
    bed.synchronous().await;
    let db = bed.connect(bed.options().roles(RoleSource::Observed)).await;
    let writes = Load::writing(&db, 6);
    writes.more(50).await;

    bed.freeze(Node::Primary).await;
    bed.promote(0).await;
    takes(&db, "default/2", Role::Primary).await;
    writes.more(100).await;
    bed.kill(Node::Primary).await;
    bed.rejoin(Node::Primary, 0).await;
    is_read_from(&db, "default/1").await;
    let written = writes.end().await;
    bed.caught_up().await;
    nothing_is_missing(&bed, &written.written).await;
    cost::print(&bed, Node::Replica(0), "frozen, synchronous", &written).await;
    no_connection_only_reads(&db).await;
}

/// A planned switchover: the primary refuses writes, and the replica catches up completely.
async fn the_primary_steps_down(bed: impl Bed) {
    let db = bed.connect(bed.options().roles(RoleSource::Observed)).await;
    let reader = reader(&bed).await;
    let (writes, reads) = (Load::writing(&db, 4), Load::reading(&reader, 4));
    writes.more(50).await;
    let handles = [&db, &reader];
    bed.retire(Node::Primary).await;
    bed.promote(0).await;
    bed.rejoin(Node::Primary, 0).await;
    for handle in handles {
        takes(handle, "default/2", Role::Primary).await;
        is_read_from(handle, "default/1").await;
    }
    // Rebuilt: a Postgres replica may have received more than the one that was promoted.
    bed.rejoin(1, 0).await;
    writes.more(50).await;
    is_read_from(&reader, "default/3").await;

    // And back again.
    bed.retire(0).await;
    bed.promote(Node::Primary).await;
    bed.rejoin(0, Node::Primary).await;
    for handle in handles {
        takes(handle, "default/1", Role::Primary).await;
        is_read_from(handle, "default/2").await;
    }
    writes.more(50).await;
    let written = writes.end().await;
    cost::print(&bed, Node::Primary, "stepped down, and back", &written).await;
    let read = reads.end().await;
    no_read_failed(&read.failed);
    no_connection_only_reads(&db).await;
}

/// A rebuilt MariaDB replays its log from the first change, and answers meanwhile.
fn no_read_failed(failed: &[DbErr]) {
    let is_built = |error: &&DbErr| {
        error
            .to_string()
            .contains("Table 'shop.item' doesn't exist")
    };
    let failed: Vec<_> = failed.iter().filter(|error| !is_built(error)).collect();
    assert!(failed.is_empty(), "{failed:?}");
}

/// Uses another connection: without RETURNING, a read after a write goes to the primary in any
/// session.
async fn reader(bed: &impl Bed) -> RoutingConnection {
    single(bed.options().roles(RoleSource::Observed)).await
}

/// Every acknowledged row exists, on every server.
async fn nothing_is_missing(bed: &impl Bed, written: &[String]) {
    let all = [Node::Primary, Node::Replica(0)];
    for node in all {
        let rows = bed.ask(node, "SELECT name FROM item").await;
        let rows: HashSet<_> = rows.lines().collect();
        let missing: Vec<_> = written
            .iter()
            .filter(|it| !rows.contains(it.as_str()))
            .collect();
        assert!(missing.is_empty(), "{node} lacks {missing:?}");
    }
}

/// Every connection of the new primary's pool accepts writes.
async fn no_connection_only_reads(db: &RoutingConnection) {
    let mut held = Vec::new();
    for number in 0..8 {
        let txn = db.begin().await.expect("begun");
        item::insert(&txn, &format!("on connection {number}"))
            .await
            .expect("a write");
        held.push(txn);
    }
    for txn in held {
        txn.rollback().await.expect("rolled back");
    }
    write(db, "last").await.expect("a write");
}
