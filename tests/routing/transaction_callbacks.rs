//! Transactions around a closure: committed on `Ok`, rolled back on `Err`.

use sea_orm::{
    AccessMode, DbErr, EntityTrait, IsolationLevel, PaginatorTrait, TransactionError,
    TransactionTrait,
};

use crate::entities::category::Entity;
use crate::entities::warehouse::stock;
use crate::shop::{Result, Shop, add_category, add_stock, assert_says};

async fn committed(shop: &Shop) -> Result<u64> {
    Ok(Entity::find().count(&shop.db.on_primary()).await?)
}

#[tokio::test]
async fn a_boxed_closure() -> Result {
    let shop = Shop::open().await?;
    let id = shop
        .db
        .transaction::<_, i32, DbErr>(|txn| {
            Box::pin(async move { Ok(add_category(txn, "Tea").await?.id) })
        })
        .await?;
    assert_eq!(id, 1);
    let failed = shop
        .db
        .transaction::<_, (), DbErr>(|txn| {
            Box::pin(async move {
                add_category(txn, "Coffee").await?;
                Err(DbErr::Custom("changed my mind".to_owned()))
            })
        })
        .await;
    let error = failed.expect_err("rolled back");
    assert!(
        matches!(&error, TransactionError::Transaction(_)),
        "{error:?}"
    );
    assert_says(&error, &["changed my mind"]);
    assert_eq!(committed(&shop).await?, 1);
    Ok(())
}

#[tokio::test]
async fn an_async_closure() -> Result {
    let shop = Shop::open().await?;
    let name = "Tea".to_owned();
    shop.db
        .transaction_async::<_, (), DbErr>(async |txn| {
            add_category(txn, &name).await?;
            txn.transaction_async::<_, (), DbErr>(async |nested| {
                add_category(nested, "nested").await.map(|_| ())
            })
            .await
            .map_err(|error| DbErr::Custom(error.to_string()))
        })
        .await?;
    let failed = shop
        .db
        .transaction_async::<_, (), DbErr>(async |txn| {
            add_category(txn, "lost").await?;
            Err(DbErr::Custom("changed my mind".to_owned()))
        })
        .await;
    assert!(matches!(failed, Err(TransactionError::Transaction(_))));
    assert_eq!(committed(&shop).await?, 2);
    Ok(())
}

#[tokio::test]
async fn a_failing_nested_closure_leaves_the_outer_one() -> Result {
    let shop = Shop::open().await?;
    let txn = shop.db.begin().await?;
    add_category(&txn, "outer").await?;
    let nested = txn
        .transaction::<_, (), DbErr>(|nested| {
            Box::pin(async move {
                add_category(nested, "undone").await?;
                Err(DbErr::Custom("no".to_owned()))
            })
        })
        .await;
    assert!(nested.is_err());
    txn.commit().await?;
    assert_eq!(committed(&shop).await?, 1);
    Ok(())
}

#[tokio::test]
async fn a_closure_with_isolation_level_and_access_mode() -> Result {
    let shop = Shop::open().await?;
    let level = Some(IsolationLevel::Serializable);
    shop.db
        .transaction_with_config::<_, (), DbErr>(
            |txn| Box::pin(async move { add_category(txn, "Tea").await.map(|_| ()) }),
            level,
            Some(AccessMode::ReadWrite),
        )
        .await?;
    let refused = shop
        .db
        .transaction_with_config_async::<_, (), DbErr>(
            async |txn| add_category(txn, "Coffee").await.map(|_| ()),
            level,
            Some(AccessMode::ReadOnly),
        )
        .await;
    assert_says(
        &refused.expect_err("read-only"),
        &["a read-only transaction"],
    );
    assert_eq!(committed(&shop).await?, 1);
    Ok(())
}

#[tokio::test]
async fn a_closure_of_a_scope_runs_in_its_database() -> Result {
    let shop = Shop::open().await?;
    let warehouse = shop.db.for_entity(stock::Entity)?;
    warehouse
        .transaction_async::<_, (), DbErr>(async |txn| {
            add_stock(txn, 1, 12).await?;
            let elsewhere = Entity::find().all(txn).await;
            assert_says(
                &elsewhere.expect_err("not in warehouse"),
                &["no such table: category"],
            );
            Ok(())
        })
        .await?;
    assert_eq!(stock::Entity::find().count(&shop.db).await?, 1);
    Ok(())
}

#[tokio::test]
async fn a_custom_error_comes_back() -> Result {
    #[derive(Debug, PartialEq, thiserror::Error)]
    #[error("{0} is out of stock")]
    struct OutOfStock(&'static str);

    let shop = Shop::open().await?;
    let failed = shop
        .db
        .transaction_async::<_, (), OutOfStock>(async |_| Err(OutOfStock("Assam")))
        .await;
    match failed {
        Err(TransactionError::Transaction(error)) => assert_eq!(error, OutOfStock("Assam")),
        other => panic!("{other:?}"),
    }
    Ok(())
}
