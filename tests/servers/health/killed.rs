//! A replica is killed while it serves reads.

use sea_orm_routing::topology::NodeState;

use crate::support::bed::{Bed, INTERVAL, SLACK, TIMEOUT, on_each_server};
use crate::support::load::Load;
use crate::support::nodes::{becomes, is_read_from, serves};

on_each_server! {
    a_replica_is_killed_under_load(2),
    the_only_replica_is_killed_under_load(1),
    replicas_are_killed_in_turn_under_load(2),
}

async fn a_replica_is_killed_under_load(bed: impl Bed) {
    let db = bed.connect(bed.options()).await;
    let load = Load::reading(&db, 12);
    load.more(100).await;

    bed.kill(0).await;
    let ejected = becomes(&db, "default/2", NodeState::Down).await;
    assert!(ejected <= INTERVAL * 2 + SLACK, "{ejected:?}");
    load.more(100).await;

    bed.start(0).await;
    is_read_from(&db, "default/2").await;
    load.more(100).await;
    load.end().await.assert_well(INTERVAL * 2 + TIMEOUT + SLACK);
}

async fn the_only_replica_is_killed_under_load(bed: impl Bed) {
    let db = bed.connect(bed.options()).await;
    let load = Load::reading(&db, 12);
    load.more(100).await;
    bed.kill(0).await;
    becomes(&db, "default/2", NodeState::Down).await;
    load.more(100).await;
    bed.start(0).await;
    is_read_from(&db, "default/2").await;
    load.end().await.assert_well(INTERVAL * 2 + TIMEOUT + SLACK);
}

async fn replicas_are_killed_in_turn_under_load(bed: impl Bed) {
    let db = bed.connect(bed.options()).await;
    let load = Load::reading(&db, 12);
    for round in 0..4 {
        let (replica, node) = [(0, "default/2"), (1, "default/3")][round % 2];
        bed.kill(replica).await;
        becomes(&db, node, NodeState::Down).await;
        load.more(50).await;
        bed.start(replica).await;
        is_read_from(&db, node).await;
        assert!(serves(&db, node), "{}", db.topology());
    }
    load.end().await.assert_well(INTERVAL * 2 + TIMEOUT + SLACK);
}
