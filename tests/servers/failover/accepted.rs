//! Nothing decides between two servers, and the administrator does.

use routing_servers::{MariaDbCluster, Node, PostgresCluster};
use sea_orm_routing::options::RoleSource;
use sea_orm_routing::topology::NodeState;
use sea_orm_routing::{Role, RoutingConnection, RoutingError, error::TopologyError};

use super::{is_writable, no_read_goes_to, old_primary_comes_back, rows, writes_stop};
use crate::support::bed::{Bed, often_asked, on_each_server, port};
use crate::support::load::write;
use crate::support::nodes::{becomes, role, takes, when};
use crate::support::single;

on_each_server! {
    the_older_one_is_accepted_while_the_newer_is_silent(1),
    a_server_that_cannot_be_opened_is_not_accepted(1),
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_standbys_are_promoted_apart() {
    let Some(bed) = PostgresCluster::begin(2).await else {
        return;
    };
    let db = bed.connect(bed.options().roles(RoleSource::Observed)).await;
    bed.kill(Node::Primary).await;
    bed.promote(0).await.expect("promoted");
    takes(&db, "default/2", Role::Primary).await;
    bed.promote(1).await.expect("promoted");
    writes_stop(&db).await;
    becomes(&db, "default/3", NodeState::Refused).await;
    no_read_goes_to(&db, "default/3").await;
    let before = (
        rows(&bed, Node::Replica(0)).await,
        rows(&bed, Node::Replica(1)).await,
    );

    let of_another = db.admin().accept_primary("default", "default/1").await;
    assert!(
        matches!(
            of_another,
            Err(RoutingError::Topology(TopologyError::CannotAccept { .. }))
        ),
        "{of_another:?}"
    );
    db.admin()
        .accept_primary("default", "default/3")
        .await
        .expect("accepted");
    assert_eq!(role(&db, "default/3"), Role::Primary);
    write(&db, "chosen").await.expect("a write");
    becomes(&db, "default/2", NodeState::Refused).await;
    write(&db, "and again").await.expect("a write");
    assert_eq!(rows(&bed, Node::Replica(0)).await, before.0);
    assert_ne!(rows(&bed, Node::Replica(1)).await, before.1);
}

/// What was written on the newer one is given up; it stays refused when it is back.
async fn the_older_one_is_accepted_while_the_newer_is_silent(bed: impl Bed) {
    let db = bed.connect(bed.options().roles(RoleSource::Observed)).await;
    the_old_one_is_back_and_the_new_one_silent(&bed, &db).await;
    let accepted = db.admin().accept_primary("default", "default/1").await;
    accepted.expect("accepted");
    assert_eq!(role(&db, "default/1"), Role::Primary);
    write(&db, "chosen").await.expect("a write");

    bed.thaw(0).await;
    becomes(&db, "default/2", NodeState::Refused).await;
    write(&db, "and again").await.expect("a write");
    no_read_goes_to(&db, "default/2").await;
    assert_eq!(rows(&bed, Node::Replica(0)).await, "2");
}

/// It answers the monitor, but takes no new connections.
async fn a_server_that_cannot_be_opened_is_not_accepted(bed: impl Bed) {
    let (address, url) = bed.proxy(Node::Primary);
    let options = often_asked(url.clone()).replica(bed.url(0));
    let db = bed.connect(options.roles(RoleSource::Observed)).await;
    the_old_one_is_back_and_the_new_one_silent(&bed, &db).await;
    address.lead_to(1);
    let accepted = db.admin().accept_primary("default", "default/1").await;
    let error = accepted.expect_err("no connection").to_string();
    assert!(error.contains("pool could not be opened"), "{error}");
    assert_eq!(role(&db, "default/2"), Role::Primary);

    // Nothing is left of the attempt.
    address.lead_to(port(&bed.url(Node::Primary)));
    bed.thaw(0).await;
    when("writes go on".to_owned(), || is_writable(&db)).await;
    write(&db, "on the newer one").await.expect("a write");
    assert_eq!(role(&db, "default/2"), Role::Primary);
    becomes(&db, "default/1", NodeState::Refused).await;
    assert_eq!(rows(&bed, Node::Primary).await, "1");
}

async fn the_old_one_is_back_and_the_new_one_silent(bed: &impl Bed, db: &RoutingConnection) {
    old_primary_comes_back(bed, db).await;
    bed.freeze(0).await;
    writes_stop(db).await;
}

/// Two writable servers without a timeline, and nothing was observed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_writable_mariadb_is_there_at_the_start() {
    let Some(bed) = MariaDbCluster::begin(1).await else {
        return;
    };
    bed.promote(0).await.expect("promoted");
    let options = bed.options().roles(RoleSource::Observed);
    let db = single(options.require_primary(false)).await;
    when("writes stop".to_owned(), || !is_writable(&db)).await;
    assert_eq!(role(&db, "default/1"), Role::Primary, "{}", db.topology());
    let accepted = db.admin().accept_primary("default", "default/2").await;
    accepted.expect("accepted");
    assert_eq!(role(&db, "default/2"), Role::Primary);
    assert!(is_writable(&db), "{}", db.topology());
    becomes(&db, "default/1", NodeState::Refused).await;
}

/// A promotion of a server that is known to lack what the primary has committed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_promoted_mariadb_lacks_transactions() {
    let Some(bed) = MariaDbCluster::begin(1).await else {
        return;
    };
    let db = bed.connect(bed.options().roles(RoleSource::Observed)).await;
    bed.kill(0).await;
    write(&db, "only there").await.expect("a write");
    // The monitor samples it.
    let session = db.session_with(sea_orm_routing::Consistency::Causal {
        max_wait: std::time::Duration::ZERO,
        on_timeout: sea_orm_routing::session::OnTimeout::Primary,
    });
    session.mark_written("default").expect("a session");
    session.session_token().await.expect("a token");
    bed.kill(Node::Primary).await;
    bed.start(0).await;
    becomes(&db, "default/2", NodeState::Up).await;
    bed.promote(0).await.expect("promoted");
    writes_stop(&db).await;
    let accepted = db.admin().accept_primary("default", "default/2").await;
    accepted.expect("accepted");
    write(&db, "given up").await.expect("a write");
}
