//! Replica choices other than the session's, none of which makes a read stale.

use sea_orm::{ConnectionTrait, DbErr, TransactionTrait};
use sea_orm_routing::error::AvailabilityError;
use sea_orm_routing::policy::{PrimaryReads, Random};
use sea_orm_routing::session::OnTimeout;
use sea_orm_routing::{Bind, BindRequest, Role, RoutingConnection, RoutingError, RoutingPolicy};

use super::side::Side;
use super::{CAUSAL, WINDOW, causal, forget_follow_up, has, name_of, next_read, write};
use crate::support::single;

/// A policy that sends every read to a replica.
#[derive(Debug)]
struct Replicas;

impl RoutingPolicy for Replicas {
    fn get_bind(&self, request: &BindRequest<'_>) -> Result<Option<Bind>, DbErr> {
        let reads = request.operation.access() == sea_orm_routing::sql::Access::Read;
        Ok(Some(Bind::Database {
            name: "default".into(),
            role: reads.then_some(Role::Replica),
        }))
    }
}

async fn late(side: &Side) -> RoutingConnection {
    let db = side.connect().await;
    side.pause(0).await;
    db
}

#[tokio::test]
async fn a_policy_that_wants_replicas() {
    let Some(side) = Side::postgres(1).await else {
        return;
    };
    late(&side).await;
    let builder = RoutingConnection::builder().database("default", side.options("shop"));
    let db = builder.policy(Replicas).connect().await.expect("connected");
    assert_eq!(next_read(&db), Role::Replica);
    for (id, mode) in [
        (1, WINDOW),
        (2, CAUSAL),
        (3, causal(50, OnTimeout::Primary)),
    ] {
        let session = db.session_with(mode);
        write(&session, id).await.expect("written");
        assert!(has(&session, id).await, "{mode:?}");
    }
}

#[tokio::test]
async fn a_handle_for_replicas() {
    let Some(side) = Side::postgres(1).await else {
        return;
    };
    let db = late(&side).await;
    for (id, mode) in [(1, CAUSAL), (2, causal(50, OnTimeout::Primary))] {
        let session = db.session_with(mode);
        write(&session, id).await.expect("written");
        assert!(has(&session.on_replica(), id).await, "{mode:?}");
    }
    let strict = db.session_with(causal(50, OnTimeout::Error));
    write(&strict, 3).await.expect("written");
    let error = name_of(&strict.on_replica(), 3).await.expect_err("late");
    let late = matches!(
        RoutingError::of(&error),
        Some(RoutingError::Availability(
            AvailabilityError::NotCaughtUp { .. }
        ))
    );
    assert!(late, "{error}");
}

#[tokio::test]
async fn a_primary_that_serves_reads_too() {
    let Some(side) = Side::postgres(1).await else {
        return;
    };
    late(&side).await;
    let db = single(
        side.options("shop")
            .replica_policy(Random)
            .primary_reads(PrimaryReads::Include),
    )
    .await;
    for (id, mode) in (0..60).zip([WINDOW, CAUSAL].into_iter().cycle()) {
        let session = db.session_with(mode);
        write(&session, id).await.expect("written");
        assert!(has(&session, id).await, "{mode:?}");
    }
}

/// The primary is kept for writes, and the session requires it for a while: the read fails instead
/// of returning stale rows.
#[tokio::test]
async fn a_primary_that_serves_no_reads() {
    let Some(side) = Side::postgres(1).await else {
        return;
    };
    late(&side).await;
    let never = side.options("shop").primary_reads(PrimaryReads::Never);
    let session = single(never).await.session_with(WINDOW);
    write(&session, 1).await.expect("written");
    let read = name_of(&session, 1).await;
    assert_ne!(read, Ok(None), "written a moment ago");
}

/// A procedure commits a transaction that is then rolled back: its rows exist.
#[tokio::test]
async fn what_a_procedure_committed_counts() {
    let Some(side) = Side::mariadb(1).await else {
        return;
    };
    let db = side.connect().await;
    let procedure = "CREATE PROCEDURE commits() COMMIT";
    db.execute_unprepared(procedure).await.expect("created");
    side.caught_up().await;
    side.pause(0).await;
    for mode in [WINDOW, CAUSAL] {
        let session = db.session_with(mode);
        let txn = session.begin().await.expect("begun");
        let sql = format!("INSERT INTO item (name) VALUES ('kept by {mode:?}')");
        txn.execute_unprepared(&sql).await.expect("written");
        let called = txn.execute_unprepared("CALL commits()").await;
        drop((called, txn.rollback().await));
        forget_follow_up(&session);
        let kept = crate::support::item::names(&db).await;
        assert!(!kept.is_empty(), "it was committed");
        assert_eq!(next_read(&session), Role::Primary, "{mode:?}");
    }
}
