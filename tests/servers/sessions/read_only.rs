//! Read-only transactions on replicas, in a session that has written.

use sea_orm::AccessMode::ReadOnly;
use sea_orm::{DbErr, TransactionTrait};
use sea_orm_routing::error::AvailabilityError;
use sea_orm_routing::session::OnTimeout;
use sea_orm_routing::transaction::ReadOnlyTransactions;
use sea_orm_routing::{Consistency, Role, RoutingConnection, RoutingError};

use super::side::Side;
use super::{CAUSAL, WINDOW, causal, has, next_read, write};
use crate::support::{eventually, soon};

/// Whether a read-only transaction sees a row, and where it ran.
async fn sees(session: &RoutingConnection, id: i32) -> Result<(bool, Role), DbErr> {
    let routes = session.record();
    let txn = session.begin_with_config(None, Some(ReadOnly)).await?;
    let row = super::name_of(&txn, id).await?;
    txn.commit().await?;
    let role = routes.routes()[0].role();
    Ok((row.is_some(), role))
}

async fn they_see_what_was_written(side: Side) {
    let db = side.connect().await;
    let db = db.read_only_transactions(ReadOnlyTransactions::Replica);
    side.pause(0).await;
    let eventual = db.session_with(Consistency::Eventual);
    write(&eventual, 1).await.expect("written");
    assert_eq!(sees(&eventual, 1).await, Ok((false, Role::Replica)));
    for (id, mode) in [
        (2, CAUSAL),
        (3, WINDOW),
        (4, causal(50, OnTimeout::Primary)),
    ] {
        let session = db.session_with(mode);
        write(&session, id).await.expect("written");
        assert_eq!(sees(&session, id).await, Ok((true, Role::Primary)));
    }
    let strict = db.session_with(causal(50, OnTimeout::Error));
    write(&strict, 5).await.expect("written");
    let error = sees(&strict, 5).await.expect_err("no replica has it");
    let late = matches!(
        RoutingError::of(&error),
        Some(RoutingError::Availability(
            AvailabilityError::NotCaughtUp { .. }
        ))
    );
    assert!(late, "{error}");

    let patient = db.session_with(causal(15_000, OnTimeout::Error));
    write(&patient, 6).await.expect("written");
    let waits = patient.clone();
    let read = tokio::spawn(async move { sees(&waits, 6).await });
    side.resume(0).await;
    let read = soon("the transaction", read).await.expect("no panic");
    assert_eq!(read, Ok((true, Role::Replica)));
    let causal = db.session_with(CAUSAL);
    write(&causal, 7).await.expect("written");
    let returns = || async { next_read(&causal) == Role::Replica };
    eventually("reads return to the replica", returns).await;
    assert_eq!(sees(&causal, 7).await, Ok((true, Role::Replica)));
    assert!(has(&causal, 7).await);
}

#[tokio::test]
async fn they_see_what_was_written_on_postgres() {
    if let Some(side) = Side::postgres(1).await {
        they_see_what_was_written(side).await;
    }
}

#[tokio::test]
async fn they_see_what_was_written_on_mariadb() {
    if let Some(side) = Side::mariadb(1).await {
        they_see_what_was_written(side).await;
    }
}
