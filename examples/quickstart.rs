//! The main job on embedded SQLite: two databases, one with two replicas, and plain SeaORM code.
//!
//! Run with `cargo run --example quickstart`.

#![allow(clippy::print_stdout, reason = "an example speaks to its reader")]

#[path = "shop/entities.rs"]
mod entities;

use entities::warehouse::{movement, stock};
use entities::{category, customer, product};
use migration::MigratorTrait;
use sea_orm::{ActiveModelTrait, ConnectionTrait, EntityTrait, PaginatorTrait, Set};
use sea_orm_routing::{DatabaseOptions, Role, RoutingConnection};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let dir = tempfile::tempdir()?;
    let file = |name: &str| format!("sqlite://{}/{name}.db?mode=rwc", dir.path().display());

    // A replica of an SQLite database is the same file, opened read-only.
    let db = RoutingConnection::builder()
        .database(
            "default",
            DatabaseOptions::new(file("shop"))
                .replica(format!("sqlite://{}/shop.db", dir.path().display()))
                .replica(format!("sqlite://{}/shop.db", dir.path().display())),
        )
        .database("warehouse", file("warehouse"))
        .bind(stock::Entity, "warehouse")
        .bind(movement::Entity, "warehouse")
        .connect()
        .await?;

    // Each database has its own migrations, which run on its primary.
    db.primary("default")?
        .execute_unprepared("PRAGMA journal_mode = WAL")
        .await?;
    migration::default::Migrator::up(&db.primary("default")?, None).await?;
    migration::warehouse::Migrator::up(&db.primary("warehouse")?, None).await?;

    // From here on, everything is plain SeaORM.
    let routes = db.record();
    let tea = category::ActiveModel {
        name: Set("Tea".to_owned()),
        ..Default::default()
    };
    let tea = tea.insert(&db).await?;
    let assam = product::ActiveModel {
        name: Set("Assam".to_owned()),
        cents: Set(550),
        category_id: Set(tea.id),
        ..Default::default()
    };
    let assam = assam.insert(&db).await?;
    let stocked = stock::ActiveModel {
        product_id: Set(assam.id),
        quantity: Set(12),
        ..Default::default()
    };
    stocked.insert(&db).await?;

    let found = product::Entity::find_by_id(assam.id).one(&db).await?;
    assert_eq!(found.as_ref(), Some(&assam));
    let with_category = product::Entity::find()
        .find_also_related(category::Entity)
        .all(&db)
        .await?;
    assert_eq!(with_category.len(), 1);
    assert_eq!(stock::Entity::find().count(&db).await?, 1);
    assert_eq!(customer::Entity::find().count(&db).await?, 0);

    print_routes(&routes.routes());
    routes.assert_routed(stock::Entity, "warehouse", Role::Primary);
    routes.assert_routed(customer::Entity, "default", Role::Replica);

    // Where would this query be sent, and why?
    let explained = db.explain(&product::Entity::find())?;
    println!("\n{explained}");
    assert_eq!(explained.role(), Role::Replica);

    // A join that no server can run is refused before anything is sent.
    let join = "SELECT * FROM product JOIN stock ON stock.product_id = product.id";
    let refused = db.query_all_raw(sea_orm::Statement::from_string(
        sea_orm::DbBackend::Sqlite,
        join,
    ));
    let refused = refused.await.expect_err("tables of two databases");
    println!("\n{join}\n  {refused}");

    db.close().await?;
    Ok(())
}

fn print_routes(routes: &[sea_orm_routing::observe::Route]) {
    println!(
        "{:<14} {:<10} {:<14} {:<12} why",
        "does", "database", "node", "role"
    );
    for route in routes {
        let what = format!("{:?} {}", route.access(), route.tables()[0]);
        println!(
            "{what:<14} {:<10} {:<14} {:<12} {}",
            route.database().as_str(),
            route.node().as_str(),
            route.role().to_string(),
            route.why_role(),
        );
    }
}
