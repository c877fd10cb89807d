//! A claim to be the primary counts by its epoch: a newer one takes over, an older one never does.

use routing_servers::Node;
use sea_orm::{EntityTrait, PaginatorTrait};
use sea_orm_routing::Role;
use sea_orm_routing::options::RoleSource;
use sea_orm_routing::session::OnTimeout;
use sea_orm_routing::topology::NodeState;
use sea_orm_routing::{Consistency, RoutingConnection};

use super::{is_writable, no_read_goes_to, old_primary_comes_back, rows, writes_stop};
use crate::support::bed::{Bed, on_each_server};
use crate::support::load::write;
use crate::support::nodes::{becomes, is_read_from, role, takes, when};
use crate::support::{eventually, item, soon};

on_each_server! {
    a_replica_is_promoted_while_the_primary_lives(2),
    the_old_primary_comes_back_as_one(1),
    the_new_primary_is_frozen_when_the_old_one_is_back(1),
    a_frozen_primary_thaws_after_another_was_promoted(1),
    the_primary_moves_there_and_back_unseen(1),
}

async fn writes_go_on(db: &RoutingConnection, name: &str) {
    eventually("writes go on", || async { write(db, name).await.is_ok() }).await;
}

async fn a_replica_is_promoted_while_the_primary_lives(bed: impl Bed) {
    let db = bed.connect(bed.options().roles(RoleSource::Observed)).await;
    bed.promote(0).await;
    takes(&db, "default/2", Role::Primary).await;
    write(&db, "on the new one").await.expect("a write");
    assert_eq!(
        rows(&bed, Node::Primary).await,
        "1",
        "nothing was written there"
    );
    becomes(&db, "default/1", NodeState::Refused).await;
    no_read_goes_to(&db, "default/1").await;

    bed.rejoin(1, 0).await;
    bed.rejoin(Node::Primary, 0).await;
    is_read_from(&db, "default/1").await;
    assert!(is_writable(&db), "{}", db.topology());
}

async fn the_old_primary_comes_back_as_one(bed: impl Bed) {
    let db = bed.connect(bed.options().roles(RoleSource::Observed)).await;
    old_primary_comes_back(&bed, &db).await;
    no_read_goes_to(&db, "default/1").await;
    write(&db, "and another").await.expect("a write");
    assert_eq!(
        rows(&bed, Node::Primary).await,
        "1",
        "nothing was written there"
    );

    bed.rejoin(Node::Primary, 0).await;
    is_read_from(&db, "default/1").await;
    assert_eq!(role(&db, "default/2"), Role::Primary);
}

/// The silence of the true primary hands its writes to no other node.
async fn the_new_primary_is_frozen_when_the_old_one_is_back(bed: impl Bed) {
    let db = bed.connect(bed.options().roles(RoleSource::Observed)).await;
    old_primary_comes_back(&bed, &db).await;

    bed.freeze(0).await;
    writes_stop(&db).await;
    assert_eq!(role(&db, "default/2"), Role::Primary);
    assert_eq!(
        rows(&bed, Node::Primary).await,
        "1",
        "nothing was written there"
    );

    bed.thaw(0).await;
    writes_go_on(&db, "again").await;
    assert_eq!(
        rows(&bed, Node::Primary).await,
        "1",
        "nothing was written there"
    );
}

/// Without synchronous replication nothing but the epoch keeps writes from it.
async fn a_frozen_primary_thaws_after_another_was_promoted(bed: impl Bed) {
    let db = bed.connect(bed.options().roles(RoleSource::Observed)).await;
    bed.freeze(Node::Primary).await;
    bed.promote(0).await;
    when("the claim is seen".to_owned(), || {
        !is_writable(&db) || role(&db, "default/2") == Role::Primary
    })
    .await;
    let writes = (0..50).map(|number| {
        let db = db.clone();
        tokio::spawn(async move { write(&db, &format!("late {number}")).await })
    });
    let writes: Vec<_> = writes.collect();
    bed.thaw(Node::Primary).await;
    for write in writes {
        let _ = soon("a write", write).await.expect("no panic");
    }
    takes(&db, "default/2", Role::Primary).await;
    becomes(&db, "default/1", NodeState::Refused).await;
    let late = "SELECT COUNT(*) FROM item WHERE name LIKE 'late %'";
    assert_eq!(bed.ask(Node::Primary, late).await, "0");
}

async fn the_primary_moves_there_and_back_unseen(bed: impl Bed) {
    let (primary, url) = bed.proxy(Node::Primary);
    let (replica, replica_url) = bed.proxy(0);
    let options = crate::support::bed::often_asked(url).replica(replica_url);
    let db = bed.connect(options.roles(RoleSource::Observed)).await;
    for proxy in [&primary, &replica] {
        proxy.set(routing_servers::Mode::Refuse).expect("set");
    }
    when("it is unreachable".to_owned(), || !is_writable(&db)).await;
    bed.retire(Node::Primary).await;
    bed.promote(0).await;
    bed.rejoin(Node::Primary, 0).await;
    bed.caught_up().await;
    bed.retire(0).await;
    bed.promote(Node::Primary).await;
    bed.rejoin(0, Node::Primary).await;
    for proxy in [&primary, &replica] {
        proxy.set(routing_servers::Mode::Pass).expect("set");
    }
    writes_go_on(&db, "back").await;
    is_read_from(&db, "default/2").await;
    assert_eq!(role(&db, "default/1"), Role::Primary);
}

/// It is on the old timeline, and its position is a higher number than the new primary's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_has_more_of_the_old_timeline_than_the_new_primary() {
    let Some(bed) = routing_servers::PostgresCluster::begin(2).await else {
        return;
    };
    let db = bed.connect(bed.options().roles(RoleSource::Observed)).await;
    bed.kill(0).await;
    let much = "INSERT INTO item (name) SELECT 'lost ' || n FROM generate_series(1, 3000) n";
    bed.ask(Node::Primary, much).await;
    let has_it = || async { rows(&bed, Node::Replica(1)).await == "3001" };
    eventually("the other replica has it", has_it).await;
    bed.kill(Node::Primary).await;
    bed.start(0).await;
    bed.promote(0).await.expect("promoted");
    takes(&db, "default/2", Role::Primary).await;
    writes_go_on(&db, "kept").await;

    let session = db.session_with(Consistency::Causal {
        max_wait: std::time::Duration::ZERO,
        on_timeout: OnTimeout::Primary,
    });
    for number in 0..100 {
        item::insert(&session, &format!("row {number}"))
            .await
            .expect("a write");
        let found = item::Entity::find().count(&session).await.expect("a read");
        assert_eq!(found, number + 3, "a stale read: {}", db.topology());
    }
}
