//! Tables that are forbidden on a database: no migration creates them, no statement names them.

use sea_orm::entity::prelude::*;
use sea_orm::sea_query::{ColumnDef, Table};
use sea_orm::{ConnectionTrait, Set as Value, TransactionTrait};
use sea_orm_routing::error::BindingError;
use sea_orm_routing::{RoutingConnection, RoutingError};
use sea_orm_routing_migration::{MigrationError, Migrations, Steps};

use crate::support::{Result, Set, Site, Sites, Step, assert_says, creates, error_of, tables_of};

const MIGRATION_TABLE: &str = "seaql_migrations";

mod secret {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "secret")]
    pub(super) struct Model {
        #[sea_orm(primary_key)]
        pub(super) id: i32,
        pub(super) name: String,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// `stock` must not hold `secret`.
async fn forbidding(site: &Site) -> Result<RoutingConnection> {
    eprintln!("on {}", site.url(0));
    let builder = site.builder(&["shop", "stock"]).default_database("shop");
    let db = builder.forbid(secret::Entity, "stock").connect().await?;
    Ok(db)
}

fn raw() -> Step {
    Step::new("m_secret", |manager| {
        Box::pin(async move {
            let db = manager.get_connection();
            db.execute_unprepared("CREATE TABLE before_it (id INTEGER)")
                .await?;
            db.execute_unprepared("CREATE TABLE secret (id INTEGER)")
                .await?;
            Ok(())
        })
    })
}

fn built() -> Step {
    Step::new("m_secret", |manager| {
        Box::pin(async move {
            let mut id = ColumnDef::new("id");
            let table = Table::create().table("secret").col(id.integer()).to_owned();
            manager.create_table(table).await
        })
    })
}

/// Every spelling of the same forbidden migration.
fn ways() -> Vec<(&'static str, Set)> {
    vec![
        ("raw", Set::new().with(raw())),
        (
            "raw, in a transaction",
            Set::new().with(raw().transaction(true)),
        ),
        ("raw, in none", Set::new().with(raw().transaction(false))),
        (
            "built, in a transaction",
            Set::new().with(built().transaction(true)),
        ),
        (
            "built, in none",
            Set::new().with(built().transaction(false)),
        ),
        (
            "text",
            Set::new().sql("m_secret", "CREATE TABLE secret (id INTEGER)"),
        ),
    ]
}

async fn no_way_leads_there(site: &Site) -> Result {
    let db = forbidding(site).await?;
    for (way, set) in ways() {
        let migrations = Migrations::new().database("stock", set);
        let error = migrations.up(&db, Steps::All).await.expect_err(way);
        let MigrationError::Failed {
            source, migration, ..
        } = &error
        else {
            panic!("{way}: {error}");
        };
        assert_eq!(migration.as_deref(), Some("m_secret"), "{way}");
        assert!(
            matches!(
                RoutingError::of(source),
                Some(RoutingError::Binding(BindingError::Forbidden { .. }))
            ),
            "{way}: {source:?}"
        );
        assert_says(
            &error.to_string(),
            &["stock, migration m_secret: ", "secret"],
        );
        assert!(migrations.status(&db).await?.is_pending(), "{way}");
        let mut left = tables_of(&db, "stock").await?;
        if way == "raw, in a transaction" {
            assert!(
                !left.contains(&"before_it".to_owned()) || site.is_mariadb(),
                "{left:?}"
            );
        }
        left.retain(|table| table != "before_it");
        assert_eq!(left, [MIGRATION_TABLE], "{way}");
        let drop = "DROP TABLE IF EXISTS before_it";
        db.primary("stock")?.execute_unprepared(drop).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_forbidden_table_is_refused_however_it_is_written() -> Result {
    for site in Sites::All.with("forbidden", 2).await? {
        no_way_leads_there(&site).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forbidden_table_is_refused_on_a_runtime_of_several_threads() -> Result {
    for site in Sites::All.with("forbidden_threads", 2).await? {
        no_way_leads_there(&site).await?;
    }
    Ok(())
}

#[tokio::test]
async fn another_database_may_hold_what_one_must_not() -> Result {
    for site in Sites::All.with("elsewhere", 2).await? {
        let db = forbidding(&site).await?;
        let migrations = Migrations::new()
            .database("shop", creates(&["secret"]))
            .database("stock", creates(&["a"]));
        migrations.up(&db, Steps::All).await?;
        assert_eq!(tables_of(&db, "shop").await?, [MIGRATION_TABLE, "secret"]);
        assert_eq!(tables_of(&db, "stock").await?, ["a", MIGRATION_TABLE]);
    }
    Ok(())
}

#[tokio::test]
async fn no_handle_leads_a_statement_to_a_forbidden_table() -> Result {
    for site in Sites::All.with("handles", 2).await? {
        let db = forbidding(&site).await?;
        let stock = db.using("stock")?;
        let create = "CREATE TABLE secret (id INTEGER, name TEXT)";
        db.primary("stock")?.execute_unprepared(create).await?;
        let row = secret::ActiveModel {
            name: Value("x".to_owned()),
            ..Default::default()
        };
        for error in [
            error_of(secret::Entity::find().all(&stock).await),
            error_of(secret::Entity::find().stream(&stock).await.map(drop)),
            error_of(row.insert(&stock).await),
            error_of(stock.execute_unprepared("DELETE FROM secret").await),
            error_of(stock.execute_unprepared("DROP TABLE secret").await),
        ] {
            assert_says(
                &error,
                &["table \"secret\" is forbidden on database \"stock\""],
            );
        }
        let txn = stock.begin().await?;
        let within = error_of(txn.execute_unprepared("DELETE FROM secret").await);
        assert_says(&within, &["is forbidden on database \"stock\""]);
        txn.rollback().await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_table_that_is_forbidden_on_no_database_is_refused() -> Result {
    for site in Sites::All.with("nowhere", 1).await? {
        let builder = site.builder(&["default"]).forbid(secret::Entity, "defualt");
        let text = error_of(builder.connect().await);
        assert_says(&text, &["defualt", "secret", "default"]);
    }
    Ok(())
}

#[tokio::test]
async fn a_table_that_is_bound_where_it_is_forbidden_is_refused() -> Result {
    for site in Sites::All.with("bound_there", 2).await? {
        let builder = site.builder(&["shop", "stock"]).default_database("shop");
        let builder = builder
            .bind(secret::Entity, "stock")
            .forbid(secret::Entity, "stock");
        let text = error_of(builder.connect().await);
        assert_says(&text, &["secret", "stock"]);
    }
    Ok(())
}
