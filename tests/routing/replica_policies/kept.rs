//! The primary is kept for writes.

use std::time::Duration;

use sea_orm::{EntityTrait, PaginatorTrait, TransactionTrait};
use sea_orm_routing::RoutingError;
use sea_orm_routing::error::AvailabilityError;
use sea_orm_routing::policy::PrimaryReads;

use super::shop_on;
use crate::entities::category;
use crate::shop::{Result, Shop, add_category, assert_error};

async fn kept() -> Result<Shop> {
    shop_on(|files| {
        let options = files.with_two_replicas("shop");
        options.primary_reads(PrimaryReads::Never)
    })
    .await
}

#[tokio::test]
async fn reads_fail_rather_than_use_it() -> Result {
    let shop = kept().await?;
    assert_eq!(category::Entity::find().count(&shop.db).await?, 500);
    for node in ["default/2", "default/3"] {
        shop.db.admin().drain(node, Duration::from_secs(5)).await?;
    }
    let error = category::Entity::find().count(&shop.db).await;
    let error = error.expect_err("no replica");
    assert_error!(
        error,
        RoutingError::Availability(AvailabilityError::NoReplica { considered, .. })
            if considered.len() == 2 && considered.iter().all(|it| &*it.state == "draining")
    );
    let stream = category::Entity::find().stream(&shop.db).await;
    assert!(stream.is_err());
    // Statements that belong on the primary still run there.
    add_category(&shop.db, "Tea").await?;
    let primary = shop.db.on_primary();
    assert_eq!(category::Entity::find().count(&primary).await?, 501);
    let txn = shop.db.begin().await?;
    assert_eq!(category::Entity::find().count(&txn).await?, 501);
    txn.rollback().await?;
    Ok(())
}

#[tokio::test]
async fn reads_fail_when_the_last_replica_was_removed() -> Result {
    let shop = kept().await?;
    for node in ["default/2", "default/3"] {
        shop.db
            .admin()
            .remove_replica(node, Duration::from_secs(5))
            .await?;
    }
    let error = category::Entity::find().count(&shop.db).await;
    let error = error.expect_err("no replica");
    assert_error!(
        error,
        RoutingError::Availability(AvailabilityError::NoReplica { considered, .. })
            if considered.is_empty()
    );
    let url = shop.files.replica("shop");
    shop.db.admin().add_replica("default", url).await?;
    assert_eq!(category::Entity::find().count(&shop.db).await?, 500);
    Ok(())
}

#[tokio::test]
async fn reads_fail_when_every_pool_is_closed() -> Result {
    let shop = kept().await?;
    for node in ["default/2", "default/3"] {
        shop.db.node(node)?.close().await?;
    }
    for _ in 0..4 {
        assert!(category::Entity::find().count(&shop.db).await.is_err());
    }
    Ok(())
}
