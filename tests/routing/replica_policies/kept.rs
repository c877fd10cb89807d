//! The primary that is kept for writes.

use std::time::Duration;

use sea_orm::{EntityTrait, PaginatorTrait, TransactionTrait};
use sea_orm_routing::{ExcludePrimary, IncludePrimary, Random, ReplicaFallback, RoutingError};

use super::shop_on;
use crate::entities::category;
use crate::shop::{Files, Result, Shop, add_category, assert_says, routing};

/// Both ways to say it.
async fn shops() -> Result<[Shop; 2]> {
    let excluded = |files: &Files| {
        let options = files.with_two_replicas("shop");
        options.replica_policy(ExcludePrimary(Random))
    };
    let no_fallback = |files: &Files| {
        let options = files.with_two_replicas("shop");
        options.replica_fallback(ReplicaFallback::Error)
    };
    Ok([shop_on(excluded).await?, shop_on(no_fallback).await?])
}

#[tokio::test]
async fn reads_fail_rather_than_use_it() -> Result {
    for shop in shops().await? {
        assert_eq!(category::Entity::find().count(&shop.db).await?, 500);
        for node in ["default/2", "default/3"] {
            shop.db.admin().drain(node, Duration::from_secs(5)).await?;
        }
        let error = category::Entity::find().count(&shop.db).await;
        let error = error.expect_err("no replica");
        assert!(
            matches!(routing(&error), RoutingError::NoReplica { .. }),
            "{error}"
        );
        assert_says(&error, &["default/2 is draining", "default/3 is draining"]);
        let stream = category::Entity::find().stream(&shop.db).await;
        assert!(stream.is_err());
        // What belongs there works.
        add_category(&shop.db, "Tea").await?;
        let primary = shop.db.on_primary();
        assert_eq!(category::Entity::find().count(&primary).await?, 501);
        let txn = shop.db.begin().await?;
        assert_eq!(category::Entity::find().count(&txn).await?, 501);
        txn.rollback().await?;
    }
    Ok(())
}

#[tokio::test]
async fn reads_fail_when_the_last_replica_was_removed() -> Result {
    for shop in shops().await? {
        for node in ["default/2", "default/3"] {
            shop.db
                .admin()
                .remove_replica(node, Duration::from_secs(5))
                .await?;
        }
        let error = category::Entity::find().count(&shop.db).await;
        let error = error.expect_err("no replica");
        assert_says(&error, &["no replica of default", "it has none"]);
        let url = shop.files.replica("shop");
        shop.db.admin().add_replica("default", url).await?;
        assert_eq!(category::Entity::find().count(&shop.db).await?, 500);
    }
    Ok(())
}

#[tokio::test]
async fn reads_fail_when_every_pool_is_closed() -> Result {
    for shop in shops().await? {
        for node in ["default/2", "default/3"] {
            shop.db.node(node)?.close().await?;
        }
        for _ in 0..4 {
            assert!(category::Entity::find().count(&shop.db).await.is_err());
        }
    }
    Ok(())
}

#[tokio::test]
async fn the_outer_word_counts() -> Result {
    let both = |files: &Files| {
        let options = files.with_two_replicas("shop");
        let policy = IncludePrimary(ExcludePrimary(Random));
        options.replica_policy(policy)
    };
    let shop = shop_on(both).await?;
    let counts = super::choices(&shop.db, 100)?;
    assert!(counts.contains_key("default/1"), "{counts:?}");
    Ok(())
}
