//! The end of a connection: for rolling restarts.

use std::time::{Duration, Instant};

use futures_util::TryStreamExt;
use sea_orm::{ConnAcquireErr, DbErr, EntityTrait, PaginatorTrait, TransactionTrait};
use sea_orm_routing::RoutingError;
use sea_orm_routing::error::TopologyError;

use crate::entities::category;
use crate::shop::{Result, Shop, add_category, assert_says, routing};

const LONG: Duration = Duration::from_secs(120);
const SHORT: Duration = Duration::from_millis(80);

fn still_open(closed: std::result::Result<(), DbErr>) -> Vec<String> {
    let error = closed.expect_err("in use");
    match routing(&error) {
        RoutingError::Topology(TopologyError::StillOpen { nodes, .. }) => {
            nodes.iter().map(ToString::to_string).collect()
        }
        other => panic!("another error: {other}"),
    }
}

#[tokio::test]
async fn an_idle_connection_closes_at_once() -> Result {
    let shop = Shop::open().await?;
    category::Entity::find().count(&shop.db).await?;
    let start = Instant::now();
    shop.db.close_with(LONG).await?;
    assert!(start.elapsed() < Duration::from_secs(1));
    // And once more.
    shop.db.close_with(LONG).await?;
    Ok(())
}

#[tokio::test]
async fn an_open_transaction_is_named_by_its_node() -> Result {
    let shop = Shop::open().await?;
    let txn = shop.db.begin().await?;
    add_category(&txn, "Tea").await?;
    let start = Instant::now();
    let closed = shop.db.close_with(SHORT).await;
    assert!((SHORT..LONG).contains(&start.elapsed()));
    let text = closed.as_ref().expect_err("in use").to_string();
    assert_says(&text, &["default/1", "80ms"]);
    assert_eq!(still_open(closed), ["default/1"]);
    // The statement in flight finishes.
    add_category(&txn, "Coffee").await?;
    txn.commit().await?;
    shop.db.close_with(LONG).await?;
    let plain = sea_orm::Database::connect(shop.files.replica("shop")).await?;
    assert_eq!(category::Entity::find().count(&plain).await?, 2);
    Ok(())
}

#[tokio::test]
async fn a_transaction_that_ends_in_time_is_waited_for() -> Result {
    let shop = Shop::open().await?;
    let txn = shop.db.begin().await?;
    add_category(&txn, "Tea").await?;
    let (closed, committed) = tokio::join!(shop.db.close_with(LONG), async {
        tokio::time::sleep(SHORT).await;
        txn.commit().await
    });
    closed?;
    committed?;
    Ok(())
}

#[tokio::test]
async fn an_open_stream_is_named_by_its_node() -> Result {
    let shop = Shop::open().await?;
    for name in ["Tea", "Coffee"] {
        add_category(&shop.db, name).await?;
    }
    let replica = shop.db.using("default/3")?;
    let mut rows = category::Entity::find().stream(&replica).await?;
    assert!(rows.try_next().await?.is_some());
    assert_eq!(still_open(shop.db.close_with(SHORT).await), ["default/3"]);
    assert!(rows.try_next().await?.is_some());
    drop(rows);
    shop.db.close_with(LONG).await?;
    Ok(())
}

#[tokio::test]
async fn statements_fail_from_the_call_on() -> Result {
    let shop = Shop::open().await?;
    let handles = [
        shop.db.clone(),
        shop.db.using("default")?,
        shop.db.using("default/2")?,
        shop.db.session(),
    ];
    let txn = shop.db.begin().await?;
    add_category(&txn, "Tea").await?;
    still_open(shop.db.close_with(SHORT).await);
    for handle in &handles {
        let start = Instant::now();
        assert!(category::Entity::find().count(handle).await.is_err());
        assert!(add_category(handle, "Coffee").await.is_err());
        assert!(category::Entity::find().stream(handle).await.is_err());
        let later = handle.begin().await?;
        assert!(category::Entity::find().count(&later).await.is_err());
        assert!(
            start.elapsed() < Duration::from_secs(1),
            "it says so at once"
        );
    }
    txn.rollback().await?;
    Ok(())
}

#[tokio::test]
async fn a_connection_that_is_idle_closes_with_no_time_at_all() -> Result {
    let shop = Shop::open().await?;
    category::Entity::find().count(&shop.db).await?;
    // Closing takes some time, too.
    if let Err(error) = shop.db.close_with(Duration::ZERO).await {
        assert!(!still_open(Err(error)).is_empty(), "no node is named");
    }
    assert!(category::Entity::find().count(&shop.db).await.is_err());
    Ok(())
}

#[tokio::test]
async fn databases_that_were_never_opened_close_too() -> Result {
    let shop = Shop::open().await?;
    shop.db
        .admin()
        .add_database("tenant", "sqlite::memory:")
        .await?;
    let tenant = shop.db.using("tenant")?;
    shop.db.close_with(LONG).await?;
    assert!(category::Entity::find().count(&tenant).await.is_err());
    Ok(())
}

#[tokio::test]
async fn a_wait_for_the_primary_of_a_closed_connection_does_not_hang() -> Result {
    let shop = Shop::open().await?;
    shop.db.close_by_ref().await?;
    let error = shop.db.wait_for_primary("default", SHORT).await;
    let error = error.expect_err("closed");
    assert!(
        matches!(error, RoutingError::Topology(TopologyError::Closed { .. })),
        "{error}"
    );
    Ok(())
}

#[tokio::test]
async fn a_ping_of_a_closed_connection_is_the_error_of_seaorm() -> Result {
    let shop = Shop::open().await?;
    shop.db.ping().await?;
    shop.db.close_by_ref().await?;
    let error = shop.db.ping().await.expect_err("closed");
    let is_closed = matches!(
        error,
        DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed)
    );
    assert!(is_closed, "{error:?}");
    Ok(())
}
