//! Without tracked positions no replica can prove that it has caught up: a causal session that
//! wrote reads from the primary.

use std::time::{Duration, Instant};

use sea_orm::{AccessMode, EntityTrait, PaginatorTrait, TransactionTrait};
use sea_orm_routing::error::AvailabilityError;
use sea_orm_routing::policy::PrimaryReads;
use sea_orm_routing::session::OnTimeout;
use sea_orm_routing::transaction::ReadOnlyTransactions;
use sea_orm_routing::{Consistency, RoutingError};

use super::{CAUSAL, on_primary, read, route, warehouse_on_primary};
use crate::entities::category;
use crate::shop::{Files, Result, Shop, add_category, assert_says, nodes, routing};

const STRICT: Consistency = Consistency::Causal {
    max_wait: Duration::from_secs(30),
    on_timeout: OnTimeout::Error,
};

#[tokio::test]
async fn reads_go_to_the_primary_once_it_wrote() -> Result {
    let shop = Shop::open().await?;
    let session = shop.db.session_with(CAUSAL);
    assert!(!on_primary(&session)?);
    add_category(&session, "Tea").await?;
    let route = route(&session)?;
    assert_eq!(*route.node(), "default/1");
    let why = "no replica is known to have what its session has seen";
    assert_says(&route, &[why]);
    assert_eq!(read(&session).await?, 1);
    assert!(!warehouse_on_primary(&session)?);
    Ok(())
}

#[tokio::test]
async fn no_read_waits_where_positions_are_not_tracked() -> Result {
    let shop = Shop::open().await?;
    let session = shop.db.session_with(Consistency::Causal {
        max_wait: Duration::from_secs(30),
        on_timeout: OnTimeout::Primary,
    });
    add_category(&session, "Tea").await?;
    let start = Instant::now();
    assert_eq!(read(&session).await?, 1);
    assert!(start.elapsed() < Duration::from_secs(1));
    Ok(())
}

#[tokio::test]
async fn it_fails_where_the_primary_is_kept_for_writes() -> Result {
    let shop = Shop::open().await?;
    let session = shop.db.session_with(STRICT);
    assert_eq!(read(&session).await?, 0);
    add_category(&session, "Tea").await?;
    let error = category::Entity::find().count(&session).await;
    let error = error.expect_err("not caught up");
    assert!(
        matches!(
            routing(&error),
            RoutingError::Availability(AvailabilityError::NotCaughtUp { .. })
        ),
        "{error}"
    );
    assert_says(&error, &["default"]);
    let stream = category::Entity::find().stream(&session).await;
    assert!(stream.is_err());
    // A read for which the primary was requested goes there.
    assert_eq!(read(&session.on_primary()).await?, 1);
    // So does a statement that can only run on the primary.
    let txn = session.begin().await?;
    assert_eq!(category::Entity::find().count(&txn).await?, 1);
    txn.commit().await?;
    Ok(())
}

#[tokio::test]
async fn reads_that_may_not_fall_back_fail_too() -> Result {
    let strict = |files: &Files| {
        let options = files.with_two_replicas("shop");
        options.primary_reads(PrimaryReads::Never)
    };
    let shop = Shop::on(strict, |builder| builder).await?;
    let session = shop.db.session_with(CAUSAL);
    add_category(&session, "Tea").await?;
    let error = category::Entity::find().count(&session).await;
    let error = error.expect_err("not caught up");
    assert!(
        matches!(
            routing(&error),
            RoutingError::Availability(AvailabilityError::NotCaughtUp { .. })
        ),
        "{error}"
    );
    Ok(())
}

#[tokio::test]
async fn a_transaction_that_only_reads_sees_the_write_too() -> Result {
    let shop =
        Shop::with(|builder| builder.read_only_transactions(ReadOnlyTransactions::Replica)).await?;
    let session = shop.db.session_with(CAUSAL);
    let read_only = Some(AccessMode::ReadOnly);
    for expected in ["replica", "default/1"] {
        let routes = shop.db.record();
        let txn = session.begin_with_config(None, read_only).await?;
        category::Entity::find().count(&txn).await?;
        txn.commit().await?;
        let node = nodes(&routes)[0].clone();
        assert_eq!(node == "default/1", expected == "default/1", "{node}");
        add_category(&session, expected).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_mark_counts_as_a_write() -> Result {
    let shop = Shop::open().await?;
    let session = shop.db.session_with(CAUSAL);
    session.mark_written("default")?;
    assert!(on_primary(&session)?);
    Ok(())
}
