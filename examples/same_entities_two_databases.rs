//! One set of entities in two databases, as Elixir's recipe has it: each handle sees its own rows.
//!
//! Run with `cargo run --example same_entities_two_databases`.

#![allow(clippy::print_stdout, reason = "an example speaks to its reader")]

#[path = "shop/entities.rs"]
mod entities;

use entities::{category, product};
use sea_orm::{ActiveModelTrait, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, Set};
use sea_orm_routing::RoutingConnection;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let db = RoutingConnection::builder()
        .database("default", "sqlite::memory:")
        .database("archive", "sqlite::memory:")
        .connect()
        .await?;
    for database in ["default", "archive"] {
        let builder = db.get_schema_builder();
        let builder = builder.register(category::Entity).register(product::Entity);
        builder.apply(&db.primary(database)?).await?;
    }

    // A function that takes a connection takes any handle.
    let archive = db.using("archive")?;
    add(&db, "Assam").await?;
    add(&db, "Darjeeling").await?;
    add(&archive, "Earl Grey").await?;
    assert_eq!(names(&db).await?, ["Assam", "Darjeeling"]);
    assert_eq!(names(&archive).await?, ["Earl Grey"]);

    // Rebinding at run time: this handle alone reads products from the archive.
    let rebound = db.with_bindings([("product", "archive"), ("category", "archive")])?;
    assert_eq!(names(&rebound).await?, ["Earl Grey"]);
    assert_eq!(product::Entity::find().count(&db).await?, 2);

    println!("default: {:?}", names(&db).await?);
    println!("archive: {:?}", names(&archive).await?);
    Ok(())
}

async fn add<C: ConnectionTrait>(db: &C, name: &str) -> Result<product::Model, DbErr> {
    let tea = match category::Entity::find().one(db).await? {
        Some(tea) => tea,
        None => {
            let tea = category::ActiveModel {
                name: Set("Tea".to_owned()),
                ..Default::default()
            };
            tea.insert(db).await?
        }
    };
    let product = product::ActiveModel {
        name: Set(name.to_owned()),
        cents: Set(500),
        category_id: Set(tea.id),
        ..Default::default()
    };
    product.insert(db).await
}

async fn names<C: ConnectionTrait>(db: &C) -> Result<Vec<String>, DbErr> {
    let products = product::Entity::find().all(db).await?;
    Ok(products.into_iter().map(|product| product.name).collect())
}
