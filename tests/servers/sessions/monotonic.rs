//! A session never sees a row appear and vanish: one of two replicas lags.

use std::time::Duration;

use routing_servers::Node;
use sea_orm::AccessMode::ReadOnly;
use sea_orm::TransactionTrait;
use sea_orm_routing::policy::{PrimaryReads, Random};
use sea_orm_routing::session::OnTimeout;
use sea_orm_routing::transaction::ReadOnlyTransactions;
use sea_orm_routing::{Consistency, Role, RoutingConnection};

use super::side::Side;
use super::{CAUSAL, WINDOW, causal, has, write};
use crate::support::{eventually, single};

const MODES: [Consistency; 3] = [Consistency::Eventual, WINDOW, CAUSAL];

/// A cluster whose first replica has row 1 and whose second does not, since before the connection
/// was opened.
async fn half_late(side: &Side) -> RoutingConnection {
    side.create("shop").await;
    side.pause(1).await;
    // Behind every position that this connection will have seen of the primary.
    let before = "INSERT INTO item (id, name) VALUES (1000, 'before')";
    side.sql(Node::Primary, "shop", before).await;
    let db = single(side.options("shop")).await;
    write(&db, 1).await.expect("written");
    side.has(0, 1).await;
    db
}

/// Sessions that each read until they see the row, and then some more times.
async fn sessions_that_saw_it(db: &RoutingConnection, mode: Consistency) -> Vec<RoutingConnection> {
    let mut saw = Vec::new();
    for _ in 0..60 {
        let session = db.session_with(mode);
        if has(&session, 1).await {
            saw.push(session);
        }
    }
    assert!(
        (5..56).contains(&saw.len()),
        "{} of 60: no control",
        saw.len()
    );
    saw
}

async fn all_see_it(sessions: &[RoutingConnection], times: usize, what: &str) {
    for time in 0..times {
        for session in sessions {
            let route = session.explain_sql("SELECT * FROM item").expect("a route");
            assert!(
                has(session, 1).await,
                "{what}, read {time}: the row is missing\n{route}"
            );
        }
    }
}

async fn no_row_vanishes(side: Side) {
    let db = half_late(&side).await;
    let mut sessions = Vec::new();
    for mode in MODES {
        let of_mode = sessions_that_saw_it(&db, mode).await;
        all_see_it(&of_mode, 40, &format!("{mode:?}")).await;
        sessions.extend(of_mode);
    }
    side.stop_replica(0).await;
    all_see_it(&sessions, 10, "its replica was killed").await;
    eventually("the replica is known to be down", || async {
        let topology = db.topology();
        !topology.find("default/2").expect("declared").is_up()
    })
    .await;
    all_see_it(&sessions, 10, "its replica is down").await;
    side.start_replica(0).await;
    all_see_it(&sessions, 10, "its replica is back").await;
}

#[tokio::test]
async fn no_row_vanishes_on_postgres() {
    if let Some(side) = Side::postgres(2).await {
        no_row_vanishes(side).await;
    }
}

#[tokio::test]
async fn no_row_vanishes_on_mariadb() {
    if let Some(side) = Side::mariadb(2).await {
        no_row_vanishes(side).await;
    }
}

/// Reads of a session that are in flight at the same time.
#[tokio::test]
async fn no_row_vanishes_after_concurrent_reads() {
    let Some(side) = Side::postgres(2).await else {
        return;
    };
    let db = half_late(&side).await;
    for mode in MODES {
        for round in 0..40 {
            let session = db.session_with(mode);
            let (a, b, c) = tokio::join!(has(&session, 1), has(&session, 1), has(&session, 1));
            if a || b || c {
                let after = has(&session, 1).await;
                assert!(after, "{mode:?}, round {round}: {a} {b} {c}, then missing");
            }
        }
    }
}

/// A read-only transaction is part of the session's history.
#[tokio::test]
async fn no_row_vanishes_after_a_transaction_on_a_replica() {
    let Some(side) = Side::postgres(2).await else {
        return;
    };
    let db = half_late(&side).await;
    let db = db.read_only_transactions(ReadOnlyTransactions::Replica);
    for mode in MODES {
        for round in 0..20 {
            let session = db.session_with(mode);
            let txn = session.begin_with_config(None, Some(ReadOnly)).await;
            let txn = txn.expect("begun");
            let seen = has(&txn, 1).await;
            txn.commit().await.expect("committed");
            if seen {
                assert!(
                    has(&session, 1).await,
                    "{mode:?}, round {round}: the row is missing"
                );
            }
        }
    }
}

/// The primary serves reads too, and is always ahead of the replicas.
#[tokio::test]
async fn no_row_vanishes_where_the_primary_serves_reads_too() {
    let Some(side) = Side::postgres(1).await else {
        return;
    };
    side.create("shop").await;
    side.pause(0).await;
    let options = side.options("shop");
    let db = single(
        options
            .replica_policy(Random)
            .primary_reads(PrimaryReads::Include),
    )
    .await;
    write(&db, 1).await.expect("written");
    for mode in MODES {
        let sessions = sessions_that_saw_it(&db, mode).await;
        all_see_it(&sessions, 5, &format!("{mode:?}")).await;
    }
}

/// Reads went to the primary until the replica caught up with the session's own write; the replica
/// has that write now, but not yet the rows of others that the session has seen.
#[tokio::test]
async fn no_row_vanishes_when_reads_return_to_a_replica() {
    let Some(side) = Side::postgres(1).await else {
        return;
    };
    let db = side.connect().await;
    side.delay(0, Duration::from_millis(700)).await;
    let session = db.session_with(causal(20, OnTimeout::Primary));
    write(&session, 1).await.expect("written");
    let mut last = 1;
    loop {
        // A session that keeps seeing new rows on the primary stays there.
        let next = match last < 20 {
            true => last + 1,
            false => last,
        };
        if next > last {
            write(&db, next).await.expect("written");
        }
        let routes = db.record();
        let seen = has(&session, next).await;
        let route = &routes.routes()[0];
        if route.role() == Role::Replica {
            assert!(last > 2, "it went to the replica at once");
            let still = has(&session, last).await;
            assert!(
                still,
                "it saw row {last} on the primary, then not:\n{route}"
            );
            return;
        }
        assert!(seen, "the primary has it");
        last = next;
    }
}
