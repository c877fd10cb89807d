//! Bindings: however it is written, a table lives in the database it is bound to.

use sea_orm::{ConnectionTrait, DbBackend, EntityTrait, PaginatorTrait};
use sea_orm_routing::error::BindingError;
use sea_orm_routing::{Role, RoutingError, Unbound};

use crate::entities::customer;
use crate::entities::warehouse::stock;
use crate::shop::{
    Result, Shop, add_category, add_stock, assert_error, assert_says, database_of, three_mocks,
};

#[tokio::test]
async fn rows_of_a_bound_entity_are_stored_in_its_database() -> Result {
    let shop = Shop::open().await?;
    let routes = shop.db.record();
    let row = add_stock(&shop.db, 1, 12).await?;

    let warehouse = shop.db.primary("warehouse")?;
    assert_eq!(
        stock::Entity::find().one(&shop.db).await?,
        Some(row.clone())
    );
    assert_eq!(stock::Entity::find().one(&warehouse).await?, Some(row));
    let elsewhere = stock::Entity::find()
        .all(&shop.db.primary("default")?)
        .await;
    assert_says(
        &elsewhere.expect_err("no such table"),
        &["no such table: stock"],
    );
    assert!(
        routes
            .routes()
            .iter()
            .all(|route| *route.database() == "warehouse")
    );
    Ok(())
}

#[tokio::test]
async fn rows_of_an_unbound_entity_are_stored_in_the_default_database() -> Result {
    let shop = Shop::open().await?;
    let routes = shop.db.record();
    add_category(&shop.db, "Tea").await?;
    assert_eq!(customer::Entity::find().count(&shop.db).await?, 0);
    routes.assert_routed(customer::Entity, "default", Role::Replica);
    let why = shop.db.explain(&customer::Entity::find())?.why_database();
    assert_eq!(why, "the table customer has no binding");
    Ok(())
}

#[test]
fn a_table_is_bound_by_its_name() -> Result {
    let db = three_mocks(DbBackend::Sqlite)
        .bind_table("stock", "warehouse")
        .build()?;
    assert_eq!(database_of(&db, "SELECT * FROM stock")?, "warehouse");
    assert_eq!(
        database_of(&db, "INSERT INTO stock VALUES (1)")?,
        "warehouse"
    );
    assert_eq!(database_of(&db, "SELECT * FROM customer")?, "default");
    let why = db.explain(&stock::Entity::find())?.why_database();
    assert_eq!(why, "the table stock is bound to it");
    Ok(())
}

#[test]
fn of_the_bindings_that_fit_the_most_specific_wins() -> Result {
    let db = three_mocks(DbBackend::Postgres)
        .bind_table("orders", "warehouse")
        .bind_schema("reporting", "archive")
        .bind_table("reporting.sales", "warehouse")
        .build()?;
    assert_eq!(database_of(&db, "SELECT * FROM orders")?, "warehouse");
    assert_eq!(
        database_of(&db, "SELECT * FROM public.orders")?,
        "warehouse"
    );
    assert_eq!(
        database_of(&db, "SELECT * FROM reporting.orders")?,
        "archive"
    );
    assert_eq!(
        database_of(&db, r#"SELECT * FROM "reporting"."sales""#)?,
        "warehouse"
    );
    assert_eq!(
        database_of(&db, "SELECT * FROM reporting.other")?,
        "archive"
    );
    assert_eq!(database_of(&db, "SELECT * FROM sales")?, "default");
    Ok(())
}

#[test]
fn a_schema_is_what_mysql_calls_a_database() -> Result {
    let db = three_mocks(DbBackend::MySql)
        .bind_schema("reporting", "archive")
        .build()?;
    assert_eq!(
        database_of(&db, "SELECT * FROM `reporting`.`orders`")?,
        "archive"
    );
    assert_eq!(database_of(&db, "SELECT * FROM `orders`")?, "default");
    Ok(())
}

#[test]
fn names_are_compared_as_the_server_does() -> Result {
    let sqlite = three_mocks(DbBackend::Sqlite)
        .bind_table("Stock", "warehouse")
        .build()?;
    assert_eq!(database_of(&sqlite, "SELECT * FROM STOCK")?, "warehouse");
    assert_eq!(
        database_of(&sqlite, "SELECT * FROM main.stock")?,
        "warehouse"
    );
    let postgres = three_mocks(DbBackend::Postgres)
        .bind_table("Stock", "warehouse")
        .build()?;
    assert_eq!(
        database_of(&postgres, r#"SELECT * FROM "Stock""#)?,
        "warehouse"
    );
    assert_eq!(database_of(&postgres, "SELECT * FROM Stock")?, "default");
    Ok(())
}

#[tokio::test]
async fn bindings_change_at_run_time_for_one_handle() -> Result {
    let shop = Shop::open().await?;
    let create = "CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT)";
    shop.db
        .primary("warehouse")?
        .execute_unprepared(create)
        .await?;

    let moved = shop.db.with_bindings([("note", "warehouse")])?;
    moved
        .execute_unprepared("INSERT INTO note VALUES (1, 'moved')")
        .await?;
    let missing = shop
        .db
        .execute_unprepared("INSERT INTO note VALUES (2, 'not')")
        .await;
    assert_says(
        &missing.expect_err("note is not in default"),
        &["no such table: note"],
    );
    assert_eq!(database_of(&moved, "SELECT * FROM note")?, "warehouse");
    assert_eq!(database_of(&moved, "SELECT * FROM stock")?, "warehouse");
    Ok(())
}

#[test]
fn a_binding_at_run_time_wins_over_the_builders_and_an_earlier_one() -> Result {
    let db = three_mocks(DbBackend::Sqlite)
        .bind_table("stock", "warehouse")
        .build()?;
    let archive = db.with_bindings([("stock", "archive")])?;
    assert_eq!(database_of(&archive, "SELECT * FROM stock")?, "archive");
    let of_entity = archive.for_entity(stock::Entity)?;
    assert_eq!(
        database_of(&of_entity, "SELECT * FROM customer")?,
        "archive"
    );
    let back = archive.with_bindings([("stock", "default")])?;
    assert_eq!(database_of(&back, "SELECT * FROM stock")?, "default");
    assert_eq!(database_of(&db, "SELECT * FROM stock")?, "warehouse");
    Ok(())
}

#[test]
fn a_binding_at_run_time_wins_however_its_name_is_written() -> Result {
    let db = three_mocks(DbBackend::Sqlite)
        .bind_table("stock", "warehouse")
        .build()?;
    let archive = db.with_bindings([("STOCK", "archive")])?;
    assert_eq!(database_of(&archive, "SELECT * FROM stock")?, "archive");
    Ok(())
}

#[test]
fn unbound_tables_are_refused_where_that_is_asked_for() -> Result {
    let db = three_mocks(DbBackend::Sqlite)
        .bind_table("stock", "warehouse")
        .unbound(Unbound::Error)
        .build()?;
    assert_eq!(database_of(&db, "SELECT * FROM stock")?, "warehouse");
    assert_eq!(database_of(&db, "SELECT 1")?, "default");
    assert_eq!(
        database_of(&db, "SELECT name FROM sqlite_schema")?,
        "default"
    );

    let refused = db
        .explain(&customer::Entity::find())
        .expect_err("customer is unbound");
    assert_error!(
        refused,
        RoutingError::Binding(BindingError::Unbound { table, .. })
            if table.name() == "customer"
    );
    let refused = db
        .for_entity(customer::Entity)
        .expect_err("customer is unbound");
    assert_error!(
        refused,
        RoutingError::Binding(BindingError::Unbound { table, .. })
            if table.name() == "customer"
    );

    let chosen = db.using("archive")?.explain(&customer::Entity::find())?;
    assert_eq!(*chosen.database(), "archive");
    Ok(())
}
