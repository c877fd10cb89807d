//! Changes that are cancelled, that run concurrently, or that meet the end of the connection.

use std::future::Future;
use std::time::Duration;

use futures_util::FutureExt;
use sea_orm::{ConnectionTrait, EntityTrait, PaginatorTrait};
use sea_orm_routing::ReplicaOptions;
use sea_orm_routing::topology::NodeState;

use super::{LONG, names, shop_without_replicas, state};
use crate::entities::category;
use crate::shop::{Result, Shop};

/// Polls once, then drops. Returns whether the future was still pending.
fn cut_off(future: impl Future) -> bool {
    future.now_or_never().is_none()
}

#[tokio::test]
async fn a_replica_whose_adding_was_cut_off_is_not_there() -> Result {
    let shop = shop_without_replicas().await?;
    let late = || ReplicaOptions::new(shop.files.replica("shop")).name("late");
    assert!(cut_off(shop.db.admin().add_replica("default", late())));
    assert_eq!(names(&shop.db), ["default/1", "warehouse/1", "warehouse/2"]);
    shop.db.admin().add_replica("default", late()).await?;
    Ok(())
}

#[tokio::test]
async fn a_replica_that_is_removed_while_it_is_added_stays_removed() -> Result {
    let shop = shop_without_replicas().await?;
    let late = || ReplicaOptions::new(shop.files.replica("shop")).name("late");
    let (added, removed) = tokio::join!(
        shop.db.admin().add_replica("default", late()),
        shop.db.admin().remove_replica("late", LONG),
    );
    removed?;
    drop(added);
    assert_eq!(state(&shop.db, "late"), None);
    category::Entity::find().count(&shop.db).await?;
    Ok(())
}

#[tokio::test]
async fn a_drain_that_was_cut_off_can_be_taken_back() -> Result {
    let shop = Shop::open().await?;
    assert!(cut_off(shop.db.admin().drain("default/2", LONG)));
    assert_eq!(state(&shop.db, "default/2"), Some(NodeState::Draining));
    shop.db.admin().undrain("default/2")?;
    assert_eq!(state(&shop.db, "default/2"), Some(NodeState::Up));
    Ok(())
}

#[tokio::test]
async fn a_database_whose_removal_was_cut_off_is_closed_all_the_same() -> Result {
    let shop = Shop::open().await?;
    let url = shop.files.primary("seven");
    shop.db.admin().add_database("tenant", url).await?;
    shop.db
        .using("tenant")?
        .execute_unprepared("SELECT 1")
        .await?;
    let plain = shop.db.primary("tenant")?;
    assert!(cut_off(shop.db.admin().remove_database("tenant", LONG)));
    assert!(shop.db.using("tenant").is_err());
    let closed = async {
        while plain.ping().await.is_ok() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(2), closed).await?;
    Ok(())
}

#[tokio::test]
async fn what_is_added_to_a_closed_connection_runs_no_statement() -> Result {
    let shop = Shop::open().await?;
    shop.db.close_by_ref().await?;
    let added = shop
        .db
        .admin()
        .add_database("tenant", "sqlite::memory:")
        .await;
    if added.is_ok() {
        let tenant = shop.db.using("tenant")?;
        let ran = tenant.execute_unprepared("SELECT 1").await;
        assert!(ran.is_err(), "statements fail on a closed connection");
    }
    let url = shop.files.replica("shop");
    if let Ok(node) = shop.db.admin().add_replica("default", url).await {
        let replica = shop.db.using(node.as_str())?;
        let read = category::Entity::find().count(&replica).await;
        assert!(read.is_err(), "statements fail on a closed connection");
    }
    Ok(())
}

#[tokio::test]
async fn a_database_that_opens_while_it_is_removed_does_not_stay_open() -> Result {
    let shop = Shop::open().await?;
    let url = shop.files.primary("seven");
    for round in 0..20 {
        shop.db.admin().add_database("tenant", url.clone()).await?;
        let tenant = shop.db.using("tenant")?;
        let node = shop.db.clone();
        let (_, removed, plain) = tokio::join!(
            tenant.execute_unprepared("SELECT 1"),
            shop.db.admin().remove_database("tenant", LONG),
            async {
                // Only while its name is known.
                node.primary("tenant").ok()
            }
        );
        removed?;
        drop(plain);
        let after = tenant.execute_unprepared("SELECT 1").await;
        assert!(after.is_err(), "round {round}");
    }
    Ok(())
}
