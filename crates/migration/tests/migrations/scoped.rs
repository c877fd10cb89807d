//! Migrations on a handle that has fixed a database, and the state after a failure.

use std::process::ExitCode;
use std::sync::{Arc, Mutex};

use sea_orm::ConnectionTrait;
use sea_orm_migration::{MigrationTrait, MigratorTrait};
use sea_orm_routing_migration::{
    EntitySet, MigrationError, Migrations, RoutingSchema, SqlMigration, Steps, cli,
};

use crate::support::{Result, Site, Sites, assert_says, creates, error_of, plain, tables_of};

fn both() -> Migrations {
    Migrations::new()
        .database("shop", creates(&["a"]))
        .database("stock", creates(&["b"]))
}

#[tokio::test]
async fn a_fixed_database_is_migrated_alone() -> Result {
    for site in Sites::Shared.with("scoped_fixed", 2).await? {
        let db = site.connect(&["shop", "stock"]).await?;
        let stock = db.using("stock")?;
        plain(&db, "shop")
            .execute_unprepared("CREATE TABLE precious (id INTEGER)")
            .await?;
        let report = both().fresh(&stock).await?;
        assert_eq!(report.migrations(), 1);
        assert_eq!(
            both().status(&stock).await?.databases()[0]
                .database()
                .as_str(),
            "stock"
        );
        assert_eq!(tables_of(&db, "shop").await?, ["precious"]);
        let shop_only = both().only("shop")?;
        let refused = error_of(shop_only.up(&stock, Steps::All).await);
        assert_says(&refused, &["stock", "no migrator"]);
    }
    Ok(())
}

struct Half;

impl MigratorTrait for Half {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        let text = "CREATE TABLE half (id INTEGER); CREATE TABLE half (id INTEGER)";
        vec![Box::new(SqlMigration::new("m_half", text))]
    }
}

struct Whole;

impl MigratorTrait for Whole {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        let text = "CREATE TABLE half (id INTEGER); CREATE TABLE half (id INTEGER)";
        vec![Box::new(
            SqlMigration::new("m_half", text).in_transaction(true),
        )]
    }
}

#[tokio::test]
async fn a_migration_that_may_be_applied_in_part_says_so() -> Result {
    for site in Sites::Shared.with("scoped_half", 1).await? {
        let db = site.connect(&["default"]).await?;
        let halved = Migrations::new().database("default", Half);
        let failed = halved.up(&db, Steps::All).await.expect_err("twice");
        let left = tables_of(&db, "default")
            .await?
            .contains(&"half".to_owned());
        let MigrationError::Failed { half_applied, .. } = failed else {
            return Err(failed.into());
        };
        assert_eq!(half_applied, left, "{}", site.url(0));
        plain(&db, "default")
            .execute_unprepared("DROP TABLE IF EXISTS half")
            .await?;
        let whole = Migrations::new().database("default", Whole);
        let failed = whole.up(&db, Steps::All).await.expect_err("twice");
        let left = tables_of(&db, "default")
            .await?
            .contains(&"half".to_owned());
        let MigrationError::Failed { half_applied, .. } = failed else {
            return Err(failed.into());
        };
        assert_eq!(half_applied, left);
        assert_eq!(left, site.is_mariadb());
    }
    Ok(())
}

#[tokio::test]
async fn the_listener_of_the_program_is_called_on_the_command_line_too() -> Result {
    let site = Site::files()?;
    let heard = Arc::new(Mutex::new(Vec::new()));
    let events = Arc::clone(&heard);
    let migrations = Migrations::new()
        .database("default", creates(&["a"]))
        .on_progress(move |event| {
            events.lock().expect("no poison").push(format!("{event:?}"));
        });
    let connect = async || site.connect(&["default"]).await;
    let code = cli::run_from(migrations, connect, ["migration", "up"]).await;
    assert_eq!(code, ExitCode::SUCCESS);
    assert_eq!(heard.lock().expect("no poison").len(), 3);
    Ok(())
}

#[tokio::test]
async fn a_block_that_names_a_forbidden_table_is_refused_on_a_handle_too() -> Result {
    for site in Sites::Servers.with("scoped_block", 1).await? {
        let builder = site.builder(&["default"]).forbid_table("secret", "default");
        let db = builder.connect().await?;
        let blocks: &[&str] = match site.is_mariadb() {
            true => &[
                "EXECUTE IMMEDIATE 'CREATE TABLE secret (id INT)'",
                "PREPARE s FROM 'CREATE TABLE secret (id INT)'",
            ],
            false => &["DO $$ BEGIN EXECUTE 'CREATE TABLE secret (id INT)'; END $$"],
        };
        for block in blocks {
            let refused = error_of(db.using("default")?.execute_unprepared(block).await);
            assert_says(&refused, &["secret", "is forbidden on"]);
        }
    }
    Ok(())
}

mod pair {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "pair")]
    pub(super) struct Model {
        #[sea_orm(primary_key)]
        pub(super) id: i32,
        #[sea_orm(unique_key = "both")]
        pub(super) a: i32,
        #[sea_orm(unique_key = "both")]
        pub(super) b: i32,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

#[tokio::test]
async fn tables_are_created_by_several_at_once_with_their_indexes() -> Result {
    for site in Sites::Shared.with("scoped_at_once", 1).await? {
        let db = site.connect(&["default"]).await?;
        let create = |_| {
            let db = db.clone();
            tokio::spawn(async move { db.create_all(&EntitySet::new().entity(pair::Entity)).await })
        };
        let tasks: Vec<_> = (0..4).map(create).collect();
        for task in tasks {
            task.await??;
        }
        let twice = "INSERT INTO pair (id, a, b) VALUES (1, 1, 1), (2, 1, 1)";
        error_of(db.execute_unprepared(twice).await);
    }
    Ok(())
}

fn is_send<T: Send>(_: &T) {}

#[tokio::test]
async fn the_futures_can_be_spawned() -> Result {
    let db = Site::files()?.connect(&["default"]).await?;
    let migrations = Migrations::new().database("default", creates(&["a"]));
    is_send(&migrations.up(&db, Steps::All));
    is_send(&migrations.status(&db));
    is_send(&migrations.fresh(&db));
    is_send(&db.sync_schema("nothing::here"));
    is_send(&db.create_all(&EntitySet::new().entity(pair::Entity)));
    Ok(())
}
