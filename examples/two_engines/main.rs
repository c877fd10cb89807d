//! Postgres and MariaDB side by side, joined in the application, rebound at run time.
//!
//! `cargo run --example two_engines` takes the servers from `POSTGRES_URL` and `MYSQL_URL` (two
//! empty databases), or starts throw-away ones from the installed binaries; without either it says
//! SKIPPED.

#![allow(clippy::print_stdout, reason = "an example speaks to its reader")]

#[path = "../shop/entities.rs"]
mod entities;

use std::collections::HashMap;

use entities::warehouse::{movement, stock};
use entities::{category, product};
use migration::MigratorTrait;
use sea_orm::{ColumnTrait, DbBackend, DbErr, EntityTrait, PaginatorTrait, QueryFilter, Set};
use sea_orm_routing::{Role, RoutingConnection};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    if let (Ok(postgres), Ok(mysql)) = (std::env::var("POSTGRES_URL"), std::env::var("MYSQL_URL")) {
        return run(postgres, mysql).await;
    }
    let Some(postgres) = routing_servers::postgres(0).await else {
        return Ok(());
    };
    let Some(mariadb) = routing_servers::mariadb(0).await else {
        return Ok(());
    };
    postgres.create_database("shop").await?;
    mariadb.create_database("warehouse").await?;
    run(
        postgres.primary_url("shop"),
        mariadb.primary_url("warehouse"),
    )
    .await
}

async fn run(postgres: String, mysql: String) -> Result<(), Box<dyn std::error::Error>> {
    let db = RoutingConnection::builder()
        .database("default", postgres)
        .database("warehouse", mysql)
        .bind_module("two_engines::entities::warehouse", "warehouse")
        .connect()
        .await?;
    migration::default::Migrator::up(&db.primary("default")?, None).await?;
    migration::warehouse::Migrator::up(&db.primary("warehouse")?, None).await?;
    let routes = db.record();

    // One handle speaks one dialect: writes to the warehouse use the handle of its entities.
    let warehouse = db.for_entity(stock::Entity)?;
    assert_eq!(db.get_database_backend(), DbBackend::Postgres);
    assert_eq!(warehouse.get_database_backend(), DbBackend::MySql);
    fill(&db, &warehouse).await?;
    let refused = stock::Entity::delete_by_id(1).exec(&db).await;
    println!("{}\n", refused.expect_err("another dialect"));

    // A read is rendered for the server it is sent to.
    let cheap = product::Entity::find()
        .filter(product::Column::Cents.lt(600))
        .all(&db)
        .await?;
    let ids = cheap.iter().map(|product| product.id);
    let stocks = stock::Entity::find()
        .filter(stock::Column::ProductId.is_in(ids))
        .all(&db)
        .await?;

    // No server can join the two databases, so the application does.
    let quantity: HashMap<i32, i32> = stocks.iter().map(|s| (s.product_id, s.quantity)).collect();
    println!("{:<12} {:>6} {:>8}", "product", "cents", "in stock");
    for product in &cheap {
        let quantity = quantity.get(&product.id).copied().unwrap_or_default();
        println!("{:<12} {:>6} {quantity:>8}", product.name, product.cents);
        assert_eq!(quantity, product.id * 10);
    }
    assert_eq!(cheap.len(), 3);

    routes.assert_routed(product::Entity, "default", Role::Primary);
    routes.assert_routed(stock::Entity, "warehouse", Role::Primary);

    // Rebinding at run time: this handle looks up the movements in Postgres, where there are none.
    let rebound = db.with_bindings([("movement", "default")])?;
    let route = rebound.explain(&movement::Entity::find())?;
    assert_eq!(*route.database(), "default");
    assert_eq!(movement::Entity::find().count(&db).await?, 3);
    Ok(())
}

async fn fill(db: &RoutingConnection, warehouse: &RoutingConnection) -> Result<(), DbErr> {
    let tea = category::ActiveModel {
        name: Set("Tea".to_owned()),
        ..Default::default()
    };
    let tea = category::Entity::insert(tea)
        .exec_with_returning(db)
        .await?;
    for (name, cents) in [("Assam", 550), ("Darjeeling", 590), ("Earl Grey", 480)] {
        let product = product::ActiveModel {
            name: Set(name.to_owned()),
            cents: Set(cents),
            category_id: Set(tea.id),
            ..Default::default()
        };
        let product = product::Entity::insert(product)
            .exec_with_returning(db)
            .await?;
        let stocked = stock::ActiveModel {
            product_id: Set(product.id),
            quantity: Set(product.id * 10),
            ..Default::default()
        };
        let stocked = stock::Entity::insert(stocked)
            .exec_with_returning(warehouse)
            .await?;
        let moved = movement::ActiveModel {
            stock_id: Set(stocked.id),
            change: Set(stocked.quantity),
            reason: Set("delivery".to_owned()),
            ..Default::default()
        };
        movement::Entity::insert(moved).exec(warehouse).await?;
    }
    Ok(())
}
