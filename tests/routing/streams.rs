//! Streams of rows, outside and inside a transaction.

use futures_util::TryStreamExt;
use sea_orm::{
    ConnectionTrait, DbBackend, DbErr, EntityTrait, FromQueryResult, PaginatorTrait, QueryOrder,
    Statement, StreamTrait, TransactionTrait,
};
use sea_orm_routing::error::BindingError;
use sea_orm_routing::{Role, RoutingError};

use crate::entities::category::{Column, Entity, Model};
use crate::entities::warehouse::stock;
use crate::shop::{Result, Shop, add_category, add_stock, are, assert_error, assert_says};

async fn hundred() -> Result<Shop> {
    let shop = Shop::open().await?;
    let numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100) \
                   INSERT INTO category (name) SELECT 'category ' || i FROM n";
    shop.db.execute_unprepared(numbers).await?;
    Ok(shop)
}

#[tokio::test]
async fn a_stream_reads_all_rows_from_a_replica() -> Result {
    let shop = hundred().await?;
    let routes = shop.db.record();
    let rows = Entity::find()
        .order_by_asc(Column::Id)
        .stream(&shop.db)
        .await?;
    let ids: Vec<i32> = rows.map_ok(|row| row.id).try_collect().await?;
    assert_eq!(ids, (1..=100).collect::<Vec<_>>());
    routes.assert_routed(Entity, "default", Role::Replica);
    Ok(())
}

#[tokio::test]
async fn a_stream_of_raw_sql() -> Result {
    let shop = hundred().await?;
    let sql = Statement::from_string(DbBackend::Sqlite, "SELECT * FROM category WHERE id <= 3");
    let rows = shop.db.stream_raw(sql).await?;
    let rows: Vec<_> = rows
        .map_ok(|row| Model::from_query_result(&row, ""))
        .try_collect()
        .await?;
    assert_eq!(rows.len(), 3);
    assert_eq!(
        rows.into_iter()
            .collect::<std::result::Result<Vec<_>, _>>()?[2]
            .id,
        3
    );
    Ok(())
}

#[tokio::test]
async fn a_stream_dropped_midway_leaves_its_pool_whole() -> Result {
    let shop = hundred().await?;
    for _ in 0..20 {
        for node in ["default/1", "default/2"] {
            let handle = shop.db.using(node)?;
            let mut rows = Entity::find().stream(&handle).await?;
            assert!(rows.try_next().await?.is_some());
        }
    }
    add_category(&shop.db, "one more").await?;
    assert_eq!(
        Entity::find().count(&shop.db.using("default/2")?).await?,
        101
    );
    Ok(())
}

#[tokio::test]
async fn a_failing_stream_is_the_servers_error() -> Result {
    let shop = hundred().await?;
    let sql = Statement::from_string(DbBackend::Sqlite, "SELECT missing FROM category");
    let failed = match shop.db.stream_raw(sql).await {
        Ok(rows) => rows
            .try_collect::<Vec<_>>()
            .await
            .expect_err("no such column"),
        Err(error) => error,
    };
    assert!(matches!(failed, DbErr::Query(_)), "{failed:?}");
    Ok(())
}

#[tokio::test]
async fn a_stream_over_two_databases_is_refused() -> Result {
    let shop = Shop::open().await?;
    let sql = Statement::from_string(DbBackend::Sqlite, "SELECT * FROM category, stock");
    let Err(refused) = shop.db.stream_raw(sql).await else {
        panic!("two databases");
    };
    assert_error!(
        refused,
        RoutingError::Binding(BindingError::SeveralDatabases { tables, .. })
            if are(tables, &[("category", "default"), ("stock", "warehouse")])
    );
    Ok(())
}

#[tokio::test]
async fn a_stream_in_a_transaction_sees_its_rows() -> Result {
    let shop = hundred().await?;
    let txn = shop.db.begin().await?;
    add_category(&txn, "uncommitted").await?;
    let rows = Entity::find().stream(&txn).await?;
    assert_eq!(rows.try_collect::<Vec<_>>().await?.len(), 101);

    let mut half = Entity::find().stream(&txn).await?;
    assert!(half.try_next().await?.is_some());
    drop(half);
    add_category(&txn, "after a half-read stream").await?;
    txn.commit().await?;
    assert_eq!(Entity::find().count(&shop.db).await?, 102);
    Ok(())
}

#[tokio::test]
async fn a_stream_of_a_view_of_a_transaction() -> Result {
    let shop = Shop::open().await?;
    let txn = shop.db.begin().await?;
    add_stock(&txn, 1, 12).await?;
    {
        let warehouse = txn.for_entity(stock::Entity)?;
        let rows = stock::Entity::find().stream(&warehouse).await?;
        assert_eq!(rows.try_collect::<Vec<_>>().await?.len(), 1);
    }
    txn.rollback().await?;
    assert_eq!(stock::Entity::find().count(&shop.db).await?, 0);
    Ok(())
}

#[tokio::test]
async fn a_failing_stream_in_a_transaction_leaves_it_usable() -> Result {
    let shop = Shop::open().await?;
    let txn = shop.db.begin().await?;
    add_category(&txn, "Tea").await?;
    let sql = Statement::from_string(DbBackend::Sqlite, "SELECT missing FROM category");
    let failed = txn.stream_raw(sql).await?.try_collect::<Vec<_>>().await;
    assert_says(&failed.expect_err("no such column"), &["no such column"]);
    add_category(&txn, "Coffee").await?;
    txn.commit().await?;
    assert_eq!(Entity::find().count(&shop.db).await?, 2);
    Ok(())
}
