//! Which tables of a statement count for its database.

use sea_orm::sea_query::{Expr, ExprTrait, Query, UnionType};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, QuerySelect, QueryTrait,
};
use sea_orm_routing::error::BindingError;
use sea_orm_routing::{RoutingConnection, RoutingError};

use crate::entities::warehouse::{movement, stock};
use crate::entities::{category, customer};
use crate::shop::{
    Result, Shop, add_category, add_stock, are, assert_error, database_of, mock, routing, sent_to,
    three_mocks,
};

fn mocks() -> Result<RoutingConnection> {
    let builder = three_mocks(DbBackend::Sqlite)
        .bind(stock::Entity, "warehouse")
        .bind(movement::Entity, "warehouse");
    Ok(builder.build()?)
}

#[test]
fn an_alias_is_no_table() -> Result {
    let db = mocks()?;
    assert_eq!(
        database_of(&db, "SELECT customer.id FROM stock AS customer")?,
        "warehouse"
    );
    assert_eq!(
        database_of(&db, "SELECT stock.id FROM customer AS stock")?,
        "default"
    );
    assert_eq!(
        database_of(&db, "UPDATE stock AS customer SET quantity = 1")?,
        "warehouse"
    );
    Ok(())
}

#[test]
fn a_common_table_expression_is_no_table() -> Result {
    let db = mocks()?;
    let named_like_a_table = "WITH stock AS (SELECT id FROM customer) SELECT * FROM stock";
    assert_eq!(database_of(&db, named_like_a_table)?, "default");
    let over_a_table = "WITH low AS (SELECT id FROM stock) SELECT * FROM low";
    assert_eq!(database_of(&db, over_a_table)?, "warehouse");
    Ok(())
}

#[test]
fn a_subquery_goes_where_its_table_lives() -> Result {
    let db = mocks()?;
    assert_eq!(
        database_of(&db, "SELECT * FROM (SELECT * FROM stock) AS x")?,
        "warehouse"
    );
    assert_eq!(
        database_of(&db, "SELECT (SELECT max(quantity) FROM stock)")?,
        "warehouse"
    );
    Ok(())
}

#[test]
fn a_union_goes_where_its_tables_live() -> Result {
    let db = mocks()?;
    let mut ids = movement::Entity::find()
        .select_only()
        .column(movement::Column::StockId);
    let more = stock::Entity::find()
        .select_only()
        .column(stock::Column::Id);
    QueryTrait::query(&mut ids).union(UnionType::All, more.into_query());
    assert_eq!(*db.explain(&ids)?.database(), "warehouse");

    let mixed = "SELECT id FROM stock UNION SELECT id FROM customer";
    assert_error!(
        db.explain_sql(mixed).expect_err("two databases"),
        RoutingError::Binding(BindingError::SeveralDatabases { tables, .. })
            if tables.len() == 2
    );
    Ok(())
}

#[test]
fn a_table_only_in_a_condition_counts() -> Result {
    let db = mocks()?;
    let inside = "SELECT * FROM movement WHERE stock_id IN (SELECT id FROM stock)";
    assert_eq!(database_of(&db, inside)?, "warehouse");

    let in_stock = stock::Entity::find()
        .select_only()
        .column(stock::Column::ProductId);
    let across =
        customer::Entity::find().filter(customer::Column::Id.in_subquery(in_stock.into_query()));
    let refused = db.explain(&across).expect_err("two databases");
    assert!(matches!(
        routing(&refused),
        RoutingError::Binding(BindingError::SeveralDatabases { .. })
    ));
    Ok(())
}

#[tokio::test]
async fn tables_of_two_databases_are_refused_before_anything_is_sent() -> Result {
    let (default, warehouse) = (mock(DbBackend::Sqlite), mock(DbBackend::Sqlite));
    let db = RoutingConnection::builder()
        .database("default", default.clone())
        .database("warehouse", warehouse.clone())
        .bind(stock::Entity, "warehouse")
        .build()?;
    let routes = db.record();
    for sql in [
        "SELECT * FROM product JOIN stock ON stock.product_id = product.id",
        "INSERT INTO product SELECT * FROM stock",
        "DELETE FROM product WHERE id IN (SELECT product_id FROM stock)",
    ] {
        let refused = db.execute_unprepared(sql).await.expect_err("two databases");
        assert_error!(
            refused,
            RoutingError::Binding(BindingError::SeveralDatabases { tables, .. })
                if are(tables, &[("product", "default"), ("stock", "warehouse")])
        );
    }
    routes.assert_nothing_sent();
    assert!(sent_to(&default).is_empty() && sent_to(&warehouse).is_empty());
    Ok(())
}

#[tokio::test]
async fn a_statement_without_a_table_goes_to_the_default_database() -> Result {
    let shop = Shop::open().await?;
    let routes = shop.db.record();
    let sum = Query::select()
        .expr_as(Expr::val(40).add(2), "answer")
        .to_owned();
    let row = shop.db.query_one(&sum).await?.expect("a row");
    let answer: i32 = row.try_get("", "answer")?;
    assert_eq!(answer, 42);
    let route = &routes.routes()[0];
    assert_eq!(*route.database(), "default");
    assert_eq!(route.why_database(), "the statement names no table");
    Ok(())
}

#[tokio::test]
async fn update_and_delete_with_an_explicit_database_change_its_rows() -> Result {
    let shop = Shop::open().await?;
    let warehouse = shop.db.using("warehouse")?;
    let row = add_stock(&shop.db, 1, 12).await?;
    add_category(&shop.db, "Tea").await?;
    let create = "CREATE TABLE category (id INTEGER PRIMARY KEY, name TEXT NOT NULL)";
    warehouse.execute_unprepared(create).await?;
    add_category(&warehouse, "Copied").await?;

    let changed = stock::Entity::update_many()
        .col_expr(stock::Column::Quantity, Expr::val(3))
        .filter(stock::Column::Id.eq(row.id))
        .exec(&warehouse)
        .await?;
    assert_eq!(changed.rows_affected, 1);
    let deleted = category::Entity::delete_many().exec(&warehouse).await?;
    assert_eq!(deleted.rows_affected, 1);

    let stocked = stock::Entity::find().one(&shop.db).await?.expect("a row");
    assert_eq!(stocked.quantity, 3);
    let kept = category::Entity::find()
        .one(&shop.db)
        .await?
        .expect("a row");
    assert_eq!(kept.name, "Tea");
    Ok(())
}
