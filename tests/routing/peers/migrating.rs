//! Migrations of several databases.

use std::fs;

use sea_orm::{ConnectionTrait, DbBackend, Statement};
use sea_orm_migration::{MigrationTrait, MigratorTrait};
use sea_orm_routing::RoutingConnection;
use sea_orm_routing_migration::{Migrations, SqlMigration, Steps};

use crate::shop::{Files, Result, assert_says};

struct Shops;

impl MigratorTrait for Shops {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        let create = "CREATE TABLE shop (id INTEGER)";
        vec![Box::new(
            SqlMigration::new("m1_create_shop", create).down("DROP TABLE shop"),
        )]
    }
}

struct Stocks;

impl MigratorTrait for Stocks {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        let create = "CREATE TABLE stock (id INTEGER)";
        vec![Box::new(
            SqlMigration::new("m1_create_stock", create).down("DROP TABLE stock"),
        )]
    }
}

/// Creates, in raw SQL, what must not be on its database.
struct Secrets;

impl MigratorTrait for Secrets {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        let create = "CREATE TABLE secret (id INTEGER)";
        vec![Box::new(SqlMigration::new("m1_create_secret", create))]
    }
}

async fn connect(files: &Files) -> Result<RoutingConnection> {
    let db = RoutingConnection::builder()
        .database("default", files.primary("default"))
        .database("warehouse", files.primary("warehouse"))
        .forbid_table("secret", "warehouse");
    Ok(db.connect().await?)
}

/// The tables of a database that are not SQLite's own.
async fn tables(db: &RoutingConnection, database: &str) -> Result<Vec<String>> {
    let sql = "SELECT name FROM sqlite_master WHERE type = 'table' \
               AND name NOT LIKE 'sqlite_%' ORDER BY name";
    let sql = Statement::from_string(DbBackend::Sqlite, sql);
    let rows = db.primary(database)?.query_all_raw(sql).await?;
    let names = rows.iter().map(|row| row.try_get("", "name"));
    Ok(names.collect::<std::result::Result<_, _>>()?)
}

/// 21. Migrating one database touches only that one.
#[tokio::test]
async fn migrating_one_database_touches_only_that_one() -> Result {
    let files = Files::new()?;
    let db = connect(&files).await?;
    let migrations = Migrations::new()
        .database("default", Shops)
        .database("warehouse", Stocks);
    migrations.only("warehouse")?.up(&db, Steps::All).await?;
    assert_eq!(tables(&db, "default").await?, [""; 0]);
    assert!(
        tables(&db, "warehouse")
            .await?
            .contains(&"stock".to_owned())
    );
    migrations.up(&db, Steps::All).await?;
    let default = tables(&db, "default").await?;
    assert!(default.contains(&"shop".to_owned()) && !default.contains(&"stock".to_owned()));
    migrations.only("default")?.reset(&db).await?;
    assert!(!tables(&db, "default").await?.contains(&"shop".to_owned()));
    assert!(
        tables(&db, "warehouse")
            .await?
            .contains(&"stock".to_owned())
    );
    Ok(())
}

/// 21. A table can be forbidden on a database; raw SQL migrations obey it too.
#[tokio::test]
async fn a_forbidden_table_is_refused_to_a_raw_sql_migration() -> Result {
    let files = Files::new()?;
    let db = connect(&files).await?;
    let there = Migrations::new().database("warehouse", Secrets);
    let refused = there.up(&db, Steps::All).await.expect_err("forbidden");
    assert_says(&refused, &["warehouse", "secret"]);
    assert!(
        !tables(&db, "warehouse")
            .await?
            .contains(&"secret".to_owned())
    );
    let here = Migrations::new().database("default", Secrets);
    here.up(&db, Steps::All).await?;
    assert!(tables(&db, "default").await?.contains(&"secret".to_owned()));
    Ok(())
}

/// 22. Status and planning never write.
#[tokio::test]
async fn status_never_writes() -> Result {
    let files = Files::new()?;
    let db = connect(&files).await?;
    let migrations = Migrations::new()
        .database("default", Shops)
        .database("warehouse", Stocks);
    let contents = || -> Result<_> {
        let read = |name| fs::read(files.path(name));
        Ok((read("default")?, read("warehouse")?))
    };
    let empty = contents()?;
    let status = migrations.status(&db).await?;
    assert!(status.is_pending());
    assert_eq!(contents()?, empty);
    migrations.only("default")?.up(&db, Steps::All).await?;
    let half = contents()?;
    let status = migrations.status(&db).await?;
    let default = status.on("default").expect("declared");
    assert_eq!(default.applied().collect::<Vec<_>>(), ["m1_create_shop"]);
    let warehouse = status.on("warehouse").expect("declared");
    assert_eq!(warehouse.pending().collect::<Vec<_>>(), ["m1_create_stock"]);
    assert_eq!(contents()?, half);
    assert_eq!(tables(&db, "warehouse").await?, [""; 0]);
    Ok(())
}
