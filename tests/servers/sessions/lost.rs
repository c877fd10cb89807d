//! Sessions and their tokens when servers they have used are lost.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use routing_servers::Node;
use sea_orm_routing::error::AvailabilityError;
use sea_orm_routing::session::OnTimeout;
use sea_orm_routing::topology::NodeState;
use sea_orm_routing::{Consistency, RoutingConnection, RoutingError};

use super::{CAUSAL, causal, has, write};
use crate::support::bed::{Bed, on_each_server};
use crate::support::nodes::{becomes, is, served_by};
use crate::support::{eventually, single, soon, value};

on_each_server! {
    its_replica_and_the_primary_are_known_to_be_dead_and_it_reads_from_the_other_replica(2),
    its_replica_and_the_primary_die_and_its_next_read_goes_to_the_other_replica(2),
    its_replica_is_dead_and_its_resumed_token_reads_from_the_other_replica(2),
    a_token_of_a_write_ends_in_an_error_when_the_primary_is_frozen(1),
    the_replica_that_caught_up_breaks_and_a_strict_read_does_not_go_to_the_primary(2),
}

/// A session that has read from a replica, and the name of that replica.
async fn reader(db: &RoutingConnection) -> (RoutingConnection, String) {
    let session = db.session_with(Consistency::Eventual);
    let node = served_by(&session).await;
    assert_ne!(node, "default/1");
    (session, node)
}

/// The replica of the cluster behind a name.
fn replica(name: &str) -> usize {
    usize::from(name == "default/3")
}

/// The other one of two replicas.
fn other(name: &str) -> &'static str {
    match name {
        "default/2" => "default/3",
        _ => "default/2",
    }
}

async fn its_replica_and_the_primary_are_known_to_be_dead_and_it_reads_from_the_other_replica(
    bed: impl Bed,
) {
    let db = bed.connect(bed.options()).await;
    let (session, first) = reader(&db).await;
    bed.kill(replica(&first)).await;
    bed.kill(Node::Primary).await;
    becomes(&db, &first, NodeState::Down).await;
    becomes(&db, "default/1", NodeState::Down).await;
    assert_eq!(served_by(&session).await, other(&first));
}

/// Some connections know that their replica is dead; none knows that the primary is.
async fn its_replica_and_the_primary_die_and_its_next_read_goes_to_the_other_replica(
    bed: impl Bed,
) {
    let options = bed.options().probe_interval(Duration::from_secs(1));
    let db = bed.connect(options).await;
    let mut sessions = Vec::new();
    while sessions.len() < 40 {
        let (session, node) = reader(&db).await;
        if node == "default/2" {
            sessions.push(session);
        }
    }
    tokio::join!(bed.kill(0), bed.kill(Node::Primary));
    let reads = (0..).zip(sessions).map(|(number, session)| async move {
        // As requests arrive in a service: not all at once.
        tokio::time::sleep(Duration::from_millis(50) * number).await;
        let start = Instant::now();
        (served_by(&session).await, start.elapsed())
    });
    for (node, took) in soon("the reads", join_all(reads)).await {
        assert_eq!(node, "default/3");
        assert!(took < Duration::from_secs(5), "{took:?}");
    }
}

async fn its_replica_is_dead_and_its_resumed_token_reads_from_the_other_replica(bed: impl Bed) {
    let db = bed.connect(bed.options()).await;
    let (session, first) = reader(&db).await;
    let token = session.session_token().await.expect("a token");
    bed.kill(replica(&first)).await;
    becomes(&db, &first, NodeState::Down).await;
    // The other replica has to be probed once after the token was made.
    eventually("it reads from the other replica", || async {
        let resumed = db.resume_session(&token).expect("accepted");
        served_by(&resumed).await == other(&first)
    })
    .await;
}

async fn a_token_of_a_write_ends_in_an_error_when_the_primary_is_frozen(bed: impl Bed) {
    drop(bed.connect(bed.options()).await);
    for (id, watched) in [(100, true), (101, false)] {
        let options = bed.options().probe_timeout(Duration::from_millis(300));
        let db = single(options.monitored(watched)).await;
        let session = db.session_with(CAUSAL);
        write(&session, id).await.expect("written");
        bed.freeze(Node::Primary).await;
        // A probe from before this write is not enough.
        session.mark_written("default").expect("declared");
        let start = Instant::now();
        let error = soon("a token", session.session_token()).await;
        let error = error.expect_err("the primary does not answer");
        let took = start.elapsed();
        assert!(took < Duration::from_secs(6), "{took:?}: {error}");
        let no_primary = |it: &RoutingError| {
            matches!(
                it,
                RoutingError::Availability(AvailabilityError::NoPrimary { .. })
            )
        };
        assert!(is(&error, no_primary), "{error:?}");
        bed.thaw(Node::Primary).await;
        let again = || async { session.session_token().await.is_ok() };
        eventually("tokens are made again", again).await;
    }
}

async fn the_replica_that_caught_up_breaks_and_a_strict_read_does_not_go_to_the_primary<B: Bed>(
    bed: B,
) {
    let db = bed.connect(bed.options()).await;
    let session = db.session_with(causal(1_000, OnTimeout::Error));
    bed.pause(1).await;
    write(&session, 100).await.expect("written");
    let has_it = || async { has(&session, 100).await };
    let routes = db.record();
    eventually("one has caught up", has_it).await;
    let slow = B::sleeping(10.0);
    let breaks = async {
        bed.sleeps(0).await;
        bed.kill(0).await;
    };
    let read = async { tokio::join!(value::<i64>(&session, &slow), breaks) };
    let (outcome, ()) = soon("a read", read).await;
    let error = outcome.expect_err("no replica has caught up");
    let late = |it: &RoutingError| {
        matches!(
            it,
            RoutingError::Availability(AvailabilityError::NotCaughtUp { .. })
        )
    };
    assert!(is(&error, late), "{error:?}");
    let nodes: Vec<_> = routes
        .routes()
        .iter()
        .map(|it| it.node().to_string())
        .collect();
    assert!(nodes.iter().all(|node| node == "default/2"), "{nodes:?}");
}
