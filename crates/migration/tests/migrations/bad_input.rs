//! What contradicts itself is refused before anything is done.

use sea_orm_routing_migration::{MigrationError, Migrations, Steps};

use crate::support::{Result, Sites, assert_says, creates, error_of, tables_of};

#[tokio::test]
async fn a_database_without_a_migrator_is_left_alone() -> Result {
    for site in Sites::All.with("no_migrator", 2).await? {
        let db = site.connect(&["shop", "logs"]).await?;
        let migrations = Migrations::new().database("shop", creates(&["a"]));
        migrations.up(&db, Steps::All).await?;
        assert!(tables_of(&db, "logs").await?.is_empty());
        let status = migrations.status(&db).await?;
        assert!(!status.on("logs").expect("listed").has_migrator());
        assert!(!status.is_pending());
        let text = error_of(migrations.only("logs"));
        assert_says(
            &text,
            &[
                "\"logs\" has no migrator",
                "shop",
                "Migrations::database(\"logs\"",
            ],
        );
    }
    Ok(())
}

#[tokio::test]
async fn a_migrator_for_an_unknown_database_is_refused_before_anything_is_done() -> Result {
    for site in Sites::All.with("unknown", 1).await? {
        let db = site.connect(&["shop"]).await?;
        let migrations = Migrations::new()
            .database("shop", creates(&["a"]))
            .database("shpo", creates(&["b"]));
        for error in [
            error_of(migrations.up(&db, Steps::All).await),
            error_of(migrations.status(&db).await),
            error_of(migrations.fresh(&db).await),
        ] {
            assert_says(&error, &["\"shpo\"", "shop"]);
        }
        assert!(tables_of(&db, "shop").await?.is_empty());
    }
    Ok(())
}

#[tokio::test]
async fn two_migrators_of_one_database_are_refused() -> Result {
    for site in Sites::All.with("two_migrators", 1).await? {
        let db = site.connect(&["shop"]).await?;
        let migrations = Migrations::new()
            .database("shop", creates(&["a"]))
            .database("shop", creates(&["b"]));
        for migrations in [migrations.only("shop")?, migrations] {
            let error = migrations.up(&db, Steps::All).await.expect_err("two");
            assert!(
                matches!(&error, MigrationError::TwoMigrators { database } if database == "shop")
            );
        }
        assert!(tables_of(&db, "shop").await?.is_empty());
    }
    Ok(())
}

#[tokio::test]
async fn two_migrations_of_one_name_are_refused() -> Result {
    for site in Sites::All.with("same_name", 2).await? {
        let db = site.connect(&["shop", "stock"]).await?;
        let twice = creates(&["a"]).sql("m_a", "CREATE TABLE b (id INTEGER)");
        let migrations = Migrations::new()
            .database("shop", creates(&["a"]))
            .database("stock", twice);
        let error = migrations.up(&db, Steps::All).await.expect_err("one name");
        assert_says(&error.to_string(), &["two migrations of stock", "\"m_a\""]);
        assert!(tables_of(&db, "shop").await?.is_empty());
    }
    Ok(())
}

#[tokio::test]
async fn two_databases_may_have_migrations_of_one_name() -> Result {
    for site in Sites::All.with("each_own", 2).await? {
        let db = site.connect(&["shop", "stock"]).await?;
        let migrations = Migrations::new()
            .database("shop", creates(&["a"]))
            .database("stock", creates(&["a"]));
        assert_eq!(migrations.up(&db, Steps::All).await?.migrations(), 2);
    }
    Ok(())
}

#[tokio::test]
async fn no_migrators_do_nothing() -> Result {
    for site in Sites::All.with("none", 1).await? {
        let db = site.connect(&["shop"]).await?;
        let report = Migrations::new().up(&db, Steps::All).await?;
        assert_eq!(report.to_string(), "Nothing was done.");
        let empty = Migrations::new().database("shop", creates(&[]));
        assert_eq!(empty.up(&db, Steps::All).await?.migrations(), 0);
        assert!(!empty.status(&db).await?.is_pending());
    }
    Ok(())
}
