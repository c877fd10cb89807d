//! Transactions in transactions: savepoints, last in first out.

use sea_orm::{EntityTrait, QueryOrder, TransactionTrait};
use sea_orm_routing::RoutingError;
use sea_orm_routing::error::TxnError;

use crate::entities::category::{Column, Entity};
use crate::entities::warehouse::stock;
use crate::shop::{Result, Shop, add_category, add_stock, routing};

async fn names(shop: &Shop) -> Result<Vec<String>> {
    let rows = Entity::find()
        .order_by_asc(Column::Id)
        .all(&shop.db.on_primary())
        .await?;
    Ok(rows.into_iter().map(|row| row.name).collect())
}

#[tokio::test]
async fn a_nested_commit_is_part_of_the_outer_one() -> Result {
    let shop = Shop::open().await?;
    let txn = shop.db.begin().await?;
    add_category(&txn, "outer").await?;
    let nested = txn.begin().await?;
    add_category(&nested, "nested").await?;
    nested.commit().await?;
    txn.commit().await?;
    assert_eq!(names(&shop).await?, ["outer", "nested"]);

    let txn = shop.db.begin().await?;
    let nested = txn.begin().await?;
    add_category(&nested, "lost").await?;
    nested.commit().await?;
    txn.rollback().await?;
    assert_eq!(names(&shop).await?, ["outer", "nested"]);
    Ok(())
}

#[tokio::test]
async fn a_nested_rollback_undoes_only_what_is_nested() -> Result {
    let shop = Shop::open().await?;
    let txn = shop.db.begin().await?;
    add_category(&txn, "before").await?;
    let nested = txn.begin().await?;
    add_category(&nested, "undone").await?;
    nested.rollback().await?;
    add_category(&txn, "after").await?;
    txn.commit().await?;
    assert_eq!(names(&shop).await?, ["before", "after"]);
    Ok(())
}

#[tokio::test]
async fn a_nested_drop_undoes_only_what_is_nested() -> Result {
    for statement_after in [true, false] {
        let shop = Shop::open().await?;
        let txn = shop.db.begin().await?;
        add_category(&txn, "before").await?;
        let nested = txn.begin().await?;
        add_category(&nested, "undone").await?;
        drop(nested);
        let mut expected = vec!["before"];
        if statement_after {
            add_category(&txn, "after").await?;
            expected.push("after");
        }
        txn.commit().await?;
        assert_eq!(names(&shop).await?, expected);
    }
    Ok(())
}

#[tokio::test]
async fn three_levels_end_in_any_way() -> Result {
    let shop = Shop::open().await?;
    let txn = shop.db.begin().await?;
    let middle = txn.begin().await?;
    let inner = middle.begin().await?;
    add_category(&inner, "inner, committed").await?;
    inner.commit().await?;
    let inner = middle.begin().await?;
    add_category(&inner, "inner, rolled back").await?;
    inner.rollback().await?;
    add_category(&middle, "middle").await?;
    middle.commit().await?;
    let middle = txn.begin().await?;
    let inner = middle.begin().await?;
    add_category(&inner, "undone with its parent").await?;
    inner.commit().await?;
    middle.rollback().await?;
    txn.commit().await?;
    assert_eq!(names(&shop).await?, ["inner, committed", "middle"]);
    Ok(())
}

#[tokio::test]
async fn a_nested_commit_right_after_a_drop_inside_it_keeps_nothing_of_what_was_dropped() -> Result
{
    let shop = Shop::open().await?;
    let txn = shop.db.begin().await?;
    let nested = txn.begin().await?;
    add_category(&nested, "nested").await?;
    let inner = nested.begin().await?;
    add_category(&inner, "dropped").await?;
    drop(inner);
    nested.commit().await?;
    txn.commit().await?;
    assert_eq!(names(&shop).await?, ["nested"]);
    Ok(())
}

#[tokio::test]
async fn a_database_first_used_inside_belongs_to_the_whole() -> Result {
    let shop = Shop::open().await?;
    let txn = shop.db.begin().await?;
    let nested = txn.begin().await?;
    add_category(&nested, "undone").await?;
    nested.rollback().await?;
    assert!(Entity::find().all(&txn).await?.is_empty());
    let nested = txn.begin().await?;
    add_category(&nested, "kept").await?;
    nested.commit().await?;
    txn.commit().await?;
    assert_eq!(names(&shop).await?, ["kept"]);
    Ok(())
}

#[tokio::test]
async fn a_parent_rests_while_a_nested_one_is_open() -> Result {
    let shop = Shop::open().await?;
    let txn = shop.db.begin().await?;
    add_category(&txn, "before").await?;
    let nested = txn.begin().await?;
    for refused in [
        add_category(&txn, "too early")
            .await
            .expect_err("nested is open"),
        Entity::find().all(&txn).await.expect_err("nested is open"),
        txn.begin().await.expect_err("nested is open"),
    ] {
        assert!(matches!(
            routing(&refused),
            RoutingError::Transaction(TxnError::NestedOpen { .. })
        ));
    }
    add_category(&nested, "nested").await?;
    nested.commit().await?;
    add_category(&txn, "after").await?;
    txn.commit().await?;
    assert_eq!(names(&shop).await?, ["before", "nested", "after"]);
    Ok(())
}

#[tokio::test]
async fn a_commit_around_an_open_nested_one_fails_and_commits_nothing() -> Result {
    let shop = Shop::open().await?;
    let txn = shop.db.begin().await?;
    add_category(&txn, "outer").await?;
    let nested = txn.begin().await?;
    add_category(&nested, "nested").await?;
    let refused = txn.commit().await.expect_err("nested is open");
    assert!(matches!(
        routing(&refused),
        RoutingError::Transaction(TxnError::NestedOpen { .. })
    ));
    let doomed = add_category(&nested, "more")
        .await
        .expect_err("the whole is doomed");
    assert!(matches!(
        routing(&doomed),
        RoutingError::Transaction(TxnError::Doomed { .. })
    ));
    assert!(nested.commit().await.is_err());
    assert!(names(&shop).await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn a_rollback_around_an_open_nested_one_ends_both() -> Result {
    let shop = Shop::open().await?;
    let txn = shop.db.begin().await?;
    add_category(&txn, "outer").await?;
    let nested = txn.begin().await?;
    add_category(&nested, "nested").await?;
    txn.rollback().await?;
    let over = add_category(&nested, "more").await.expect_err("it is over");
    assert!(matches!(
        routing(&over),
        RoutingError::Transaction(TxnError::Doomed { .. })
    ));
    assert!(nested.commit().await.is_err());
    assert!(names(&shop).await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn an_outer_drop_before_the_nested_one_leaves_nothing() -> Result {
    let shop = Shop::open().await?;
    let txn = shop.db.begin().await?;
    let nested = txn.begin().await?;
    add_category(&nested, "lost").await?;
    drop(txn);
    assert!(nested.commit().await.is_err());
    assert!(names(&shop).await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn a_nested_view_keeps_its_database() -> Result {
    let shop = Shop::open().await?;
    let txn = shop.db.begin().await?;
    {
        let warehouse = txn.for_entity(stock::Entity)?;
        let nested = warehouse.begin().await?;
        add_stock(&nested, 1, 12).await?;
        assert!(
            Entity::find().all(&nested).await.is_err(),
            "category is not in warehouse"
        );
        nested.commit().await?;
    }
    txn.commit().await?;
    assert_eq!(stock::Entity::find().all(&shop.db).await?.len(), 1);
    Ok(())
}
