//! What SeaORM writes through the router is on the right server.

use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, DbErr, EntityTrait, ExprTrait, PaginatorTrait, QueryFilter, Set,
    TransactionError, TransactionTrait,
};
use sea_orm_routing::RoutingTransaction;

use super::Shop;
use super::entities::warehouse::{movement, stock};
use super::entities::{order, order_line, product};

#[tokio::test]
async fn updates_and_deletes_of_many_rows_are_those_of_the_server() {
    let Some(shop) = Shop::open("shop_many").await else {
        return;
    };
    let db = &shop.db;
    let raised = product::Entity::update_many()
        .col_expr(
            product::Column::Cents,
            Expr::col(product::Column::Cents).add(1_000),
        )
        .filter(product::Column::CategoryId.eq(3))
        .exec(db)
        .await
        .expect("updated");
    let counted = shop
        .in_postgres("SELECT count(*) FROM product WHERE cents > 1000")
        .await;
    assert!(counted > 0);
    assert_eq!(raised.rows_affected as i64, counted);

    let warehouse = db.for_entity(movement::Entity).expect("bound");
    let deleted = movement::Entity::delete_many()
        .filter(movement::Column::Change.lt(0))
        .exec(&warehouse)
        .await
        .expect("deleted");
    assert!(deleted.rows_affected > 0);
    assert_eq!(
        shop.in_mariadb("SELECT count(*) FROM movement WHERE `change` < 0")
            .await,
        0
    );
    let left = movement::Entity::find().count(db).await.expect("a count");
    assert_eq!(
        left as i64,
        shop.in_mariadb("SELECT count(*) FROM movement").await
    );
}

/// An order of one line in Postgres; its stock is only read.
async fn buy(txn: &RoutingTransaction, product_id: i32, quantity: i32) -> Result<i32, DbErr> {
    let stock = stock::Entity::find()
        .filter(stock::Column::ProductId.eq(product_id))
        .one(txn)
        .await?
        .ok_or_else(|| DbErr::RecordNotFound("stock".to_owned()))?;
    let order = order::ActiveModel {
        customer_id: Set(1),
        state: Set("open".to_owned()),
        ..Default::default()
    };
    let order = order.insert(txn).await?;
    if stock.quantity < quantity {
        return Err(DbErr::Custom("sold out".to_owned()));
    }
    let line = order_line::ActiveModel {
        order_id: Set(order.id),
        product_id: Set(product_id),
        quantity: Set(quantity),
        ..Default::default()
    };
    line.insert(txn).await?;
    Ok(order.id)
}

#[tokio::test]
async fn a_transaction_writes_to_one_database_and_reads_the_other() {
    let Some(shop) = Shop::open("shop_txn").await else {
        return;
    };
    let db = &shop.db;
    let before = shop.in_postgres("SELECT count(*) FROM \"order\"").await;
    let sold_out = db
        .transaction_async(async |txn| buy(txn, 1, 11).await)
        .await;
    let sold_out = sold_out.expect_err("there are ten");
    assert!(
        matches!(&sold_out, TransactionError::Transaction(DbErr::Custom(_))),
        "{sold_out}"
    );
    assert_eq!(
        shop.in_postgres("SELECT count(*) FROM \"order\"").await,
        before
    );

    let bought = db
        .transaction_async(async |txn| buy(txn, 1, 10).await)
        .await;
    let order = bought.expect("bought");
    let line = format!("SELECT quantity FROM order_line WHERE order_id = {order}");
    assert_eq!(shop.in_postgres(&line).await, 10);

    // The two databases could come apart, so a write to the second is refused.
    let txn = db.begin().await.expect("begun");
    buy(&txn, 2, 1).await.expect("bought");
    let warehouse = txn.for_entity(stock::Entity).expect("bound");
    let taken = stock::Entity::update_many()
        .col_expr(
            stock::Column::Quantity,
            Expr::col(stock::Column::Quantity).sub(1),
        )
        .exec(&warehouse)
        .await;
    let error = taken.expect_err("a second database").to_string();
    assert!(
        error.contains("default") && error.contains("warehouse"),
        "{error}"
    );
    txn.rollback().await.expect("rolled back");
    assert_eq!(
        shop.in_postgres("SELECT count(*) FROM \"order\"").await,
        before + 1
    );
}
