//! Databases that are removed.

use std::time::Duration;

use sea_orm::{
    ConnectionTrait, DbBackend, EntityTrait, PaginatorTrait, Statement, TransactionTrait,
};
use sea_orm_routing::error::TopologyError;
use sea_orm_routing::{DatabaseOptions, RoutingConnection, RoutingError};

use super::databases::tenant;
use super::{LONG, SHORT, names};
use crate::entities::category;
use crate::shop::{Result, Shop, add_category, assert_error, assert_says};

#[tokio::test]
async fn the_default_and_bound_ones_stay() -> Result {
    let shop = Shop::with(|builder| {
        let builder = builder.database("archive", "sqlite::memory:");
        builder.bind_schema("old", "archive")
    });
    let shop = shop.await?;
    for (name, says) in [
        ("default", "tables without a binding"),
        ("warehouse", "is bound to it"),
        ("archive", r#"schema "old""#),
    ] {
        let error = shop.db.admin().remove_database(name, LONG).await;
        let error = error.expect_err("needed");
        assert!(
            matches!(
                error,
                RoutingError::Topology(TopologyError::CannotRemove { .. })
            ),
            "{error}"
        );
        assert_says(&error, &[name, says]);
    }
    assert_eq!(names(&shop.db).len(), 6);
    Ok(())
}

#[tokio::test]
async fn a_removed_database_is_unknown_on_every_handle() -> Result {
    let shop = Shop::open().await?;
    let url = tenant(&shop.files, "seven").await?;
    let options = DatabaseOptions::new(url.clone()).replica(shop.files.replica("seven"));
    shop.db.admin().add_database("tenant", options).await?;
    let handles = [
        shop.db.using("tenant")?,
        shop.db.using("tenant/1")?,
        shop.db.using("tenant/2")?,
        shop.db.with_bindings([("category", "tenant")])?,
    ];
    for handle in &handles {
        assert_eq!(category::Entity::find().count(handle).await?, 0);
    }
    shop.db.admin().remove_database("tenant", LONG).await?;
    for handle in &handles {
        for error in [
            category::Entity::find().count(handle).await.map(drop),
            add_category(handle, "Tea").await.map(drop),
            category::Entity::find().stream(handle).await.map(drop),
            handle.explain(&category::Entity::find()).map(drop),
        ] {
            let error = error.expect_err("removed");
            assert_error!(
                error,
                RoutingError::Topology(TopologyError::Removed { name, .. })
                    if name.starts_with("tenant")
            );
        }
        let txn = handle.begin().await?;
        assert!(category::Entity::find().count(&txn).await.is_err());
        txn.rollback().await?;
    }
    assert!(shop.db.using("tenant").is_err() && shop.db.using("tenant/2").is_err());
    // The name is free, and old handles keep the removed database.
    shop.db.admin().add_database("tenant", url).await?;
    assert!(category::Entity::find().count(&handles[0]).await.is_err());
    let new = shop.db.using("tenant")?;
    assert_eq!(category::Entity::find().count(&new).await?, 0);
    Ok(())
}

#[tokio::test]
async fn a_transaction_on_a_database_that_is_removed_finishes() -> Result {
    let shop = Shop::open().await?;
    let url = tenant(&shop.files, "seven").await?;
    shop.db.admin().add_database("tenant", url.clone()).await?;
    let txn = shop.db.using("tenant")?.begin().await?;
    add_category(&txn, "Tea").await?;

    let busy = shop.db.admin().remove_database("tenant", SHORT).await;
    let error = busy.expect_err("it is in use");
    assert_error!(
        error,
        RoutingError::Topology(TopologyError::Draining { what, .. })
            if what == r#"database "tenant""#
    );
    assert!(shop.db.using("tenant").is_err());

    add_category(&txn, "Coffee").await?;
    txn.commit().await?;
    let plain = sea_orm::Database::connect(&url).await?;
    assert_eq!(category::Entity::find().count(&plain).await?, 2);
    Ok(())
}

#[tokio::test]
async fn an_idle_database_is_removed_with_no_time_at_all() -> Result {
    let shop = Shop::open().await?;
    let url = shop.files.primary("seven");
    shop.db.admin().add_database("tenant", url).await?;
    shop.db
        .using("tenant")?
        .execute_unprepared("SELECT 1")
        .await?;
    let removed = shop.db.admin().remove_database("tenant", Duration::ZERO);
    Ok(removed.await?)
}

/// The default database is not the first that was declared.
#[tokio::test]
async fn a_transaction_without_a_table_finds_the_only_database_that_is_left() -> Result {
    let db = RoutingConnection::builder()
        .database("other", "sqlite::memory:")
        .database("default", "sqlite::memory:")
        .connect()
        .await?;
    db.admin().remove_database("other", LONG).await?;
    let txn = db.begin().await?;
    let statement = Statement::from_string(DbBackend::Sqlite, "SELECT 1");
    assert!(txn.query_one_raw(statement).await?.is_some());
    txn.commit().await?;
    Ok(())
}
