//! Nodes that are dead when the connection is opened.

use std::time::{Duration, Instant};

use routing_servers::Node;
use sea_orm_routing::error::AvailabilityError;
use sea_orm_routing::options::RoleSource;
use sea_orm_routing::topology::NodeState;
use sea_orm_routing::{RoutingConnection, RoutingError};

use crate::support::bed::{Bed, SLACK, TIMEOUT, on_each_server};
use crate::support::load::{read, write};
use crate::support::nodes::{is, is_read_from, served_by, serves, state, when};
use crate::support::{single, soon};

on_each_server! {
    all_replicas_are_dead_at_the_start(2),
    the_primary_is_dead_at_the_start(1),
    the_primary_is_dead_at_the_start_and_roles_are_observed(1),
    everything_is_frozen_at_the_start(1),
}

async fn all_replicas_are_dead_at_the_start(bed: impl Bed) {
    drop(bed.connect(bed.options()).await);
    bed.kill(0).await;
    bed.kill(1).await;
    let start = Instant::now();
    let db = single(bed.options()).await;
    assert!(start.elapsed() < TIMEOUT + SLACK, "{:?}", start.elapsed());
    assert_eq!(
        state(&db, "default/2"),
        NodeState::Down,
        "{}",
        db.topology()
    );
    assert_eq!(served_by(&db).await, "default/1");
    write(&db, "a write").await.expect("a write");
    bed.start(0).await;
    is_read_from(&db, "default/2").await;
    bed.start(1).await;
    is_read_from(&db, "default/3").await;
}

async fn the_primary_is_dead_at_the_start(bed: impl Bed) {
    dead_at_the_start(bed, RoleSource::Declared).await;
}

async fn the_primary_is_dead_at_the_start_and_roles_are_observed(bed: impl Bed) {
    dead_at_the_start(bed, RoleSource::Observed).await;
}

async fn dead_at_the_start(bed: impl Bed, roles: RoleSource) {
    drop(bed.connect(bed.options()).await);
    bed.kill(Node::Primary).await;

    let builder = RoutingConnection::builder().database("default", bed.options().roles(roles));
    let error = soon("a start", builder.connect())
        .await
        .expect_err("the primary is dead");
    let shown = format!("{error} {error:?}");
    assert!(
        shown.contains("default/1") && !shown.contains("secret"),
        "{shown}"
    );

    let db = single(bed.options().roles(roles).require_primary(false)).await;
    for _ in 0..5 {
        assert_eq!(served_by(&db).await, "default/2");
    }
    let start = Instant::now();
    let error = soon("a write", write(&db, "no"))
        .await
        .expect_err("the primary is dead");
    assert!(
        is(&error, |it| matches!(
            it,
            RoutingError::Availability(AvailabilityError::PrimaryDown { .. })
        )),
        "{error:?}"
    );
    assert!(
        !format!("{error} {error:?}").contains("secret"),
        "{error:?}"
    );
    assert!(
        start.elapsed() < Duration::from_secs(1),
        "{:?}",
        start.elapsed()
    );
    let waited = Duration::from_millis(200);
    let error = soon("no primary", db.wait_for_primary("default", waited)).await;
    assert!(
        matches!(
            error,
            Err(RoutingError::Availability(
                AvailabilityError::NoPrimary { .. }
            ))
        ),
        "{error:?}"
    );

    bed.start(Node::Primary).await;
    let back = db.wait_for_primary("default", Duration::from_secs(15));
    soon("the primary", back).await.expect("it is back");
    write(&db, "it is back").await.expect("a write");
}

async fn everything_is_frozen_at_the_start(bed: impl Bed) {
    drop(bed.connect(bed.options()).await);
    bed.freeze(0).await;
    let db = single(bed.options()).await;
    assert_eq!(served_by(&db).await, "default/1");
    bed.freeze(Node::Primary).await;
    let start = Instant::now();
    let db = single(bed.options().require_primary(false)).await;
    // Opening a connection has a longer timeout than a probe.
    assert!(
        start.elapsed() < TIMEOUT * 4 + Duration::from_secs(2) + SLACK,
        "{:?}",
        start.elapsed()
    );
    bed.thaw(0).await;
    when("the replica serves".to_owned(), || serves(&db, "default/2")).await;
    is_read_from(&db, "default/2").await;
    bed.thaw(Node::Primary).await;
    let back = db.wait_for_primary("default", Duration::from_secs(15));
    soon("the primary", back).await.expect("it is back");
    write(&db, "it is back").await.expect("a write");
    read(&db).await.expect("a read");
}
