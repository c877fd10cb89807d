//! Migrations per database, and one set of entities created on two.
//!
//! Run with `cargo run --example migrations`. The same migrations have a command line:
//! `cargo run -p migration -- status`.

#![allow(clippy::print_stdout, reason = "an example speaks to its reader")]

#[path = "shop/entities.rs"]
mod entities;

use entities::{category, product};
use sea_orm::{EntityTrait, PaginatorTrait};
use sea_orm_migration::{MigrationTrait, MigratorTrait};
use sea_orm_routing::RoutingConnection;
use sea_orm_routing_migration::{EntitySet, Migrations, RoutingSchema, SqlMigration, Steps};

/// A migrator as SeaORM has it; its migrations may be SQL text.
struct Reports;

impl MigratorTrait for Reports {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        let sales = SqlMigration::new(
            "m20260301_000001_create_sales",
            "CREATE TABLE sales (day TEXT PRIMARY KEY, cents INTEGER NOT NULL)",
        );
        let broken = SqlMigration::new("m20260302_000001_broken", "CREATE TABLE sales (day TEXT)");
        vec![Box::new(sales.down("DROP TABLE sales")), Box::new(broken)]
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let dir = tempfile::tempdir()?;
    let file = |name: &str| format!("sqlite://{}/{name}.db?mode=rwc", dir.path().display());
    let db = RoutingConnection::builder()
        .database("default", file("shop"))
        .database("reports", file("reports"))
        .database("warehouse", file("warehouse"))
        .database("archive", file("archive"))
        .forbid(product::Entity, "warehouse")
        .connect()
        .await?;

    let migrations = Migrations::new()
        .database("default", migration::default::Migrator)
        .database("reports", Reports)
        .database("warehouse", migration::warehouse::Migrator);
    assert!(migrations.status(&db).await?.is_pending());

    // The second fails: the first stays, the third is not reached, and each is named.
    let failed = migrations.up(&db, Steps::All).await;
    println!("{}\n", failed.expect_err("reports is broken"));
    println!("{}", migrations.status(&db).await?);

    // One database alone.
    migrations.only("warehouse")?.up(&db, Steps::All).await?;
    let status = migrations.status(&db).await?;
    let pending = |name: &str| status.on(name).map_or(0, |on| on.pending().count());
    assert_eq!(["default", "reports", "warehouse"].map(pending), [0, 1, 0]);

    // Without migrations: one set of entities, created on any database in the order of its keys.
    let tables = EntitySet::new()
        .entity(product::Entity)
        .entity(category::Entity);
    let archive = db.using("archive")?;
    let created = archive.create_all(&tables).await?;
    assert_eq!(created.len(), 2);
    assert_eq!(product::Entity::find().count(&archive).await?, 0);

    let refused = db.using("warehouse")?.create_all(&tables).await;
    println!("{}", refused.expect_err("products are forbidden there"));
    Ok(())
}
