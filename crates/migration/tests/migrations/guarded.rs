//! A migration whose statements are checked can do everything that an unchecked one can.

use sea_orm::entity::prelude::*;
use sea_orm::{DbErr, Schema, Set as Value, TransactionTrait};
use sea_orm_migration::SchemaManager;
use sea_orm_routing::RoutingConnection;
use sea_orm_routing_migration::{Migrations, Steps};

use crate::support::{Result, Set, Site, Sites, Step, column, plain, soon, tables_of};

const MIGRATION_TABLE: &str = "seaql_migrations";

pub(crate) mod item {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "item")]
    pub(crate) struct Model {
        #[sea_orm(primary_key)]
        pub(crate) id: i32,
        #[sea_orm(unique)]
        pub(crate) name: String,
        pub(crate) large: i64,
        pub(crate) half: f64,
        pub(crate) flag: bool,
        pub(crate) missing: Option<String>,
        pub(crate) uuid: Uuid,
        pub(crate) json: Json,
        pub(crate) at: ChronoDateTimeUtc,
        pub(crate) bytes: Vec<u8>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) fn row(name: &str) -> item::ActiveModel {
    item::ActiveModel {
        id: sea_orm::NotSet,
        name: Value(name.to_owned()),
        large: Value(i64::MAX),
        half: Value(0.5),
        flag: Value(true),
        missing: Value(None),
        uuid: Value(Uuid::from_u128(7)),
        json: Value(serde_json(name)),
        at: Value("2026-01-01T00:00:00Z".parse().expect("a time")),
        bytes: Value(vec![0, 255]),
    }
}

fn serde_json(name: &str) -> Json {
    Json::from_iter([("name".to_owned(), Json::from(name))])
}

pub(crate) async fn create(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let schema = Schema::new(manager.get_database_backend());
    manager
        .create_table(schema.create_table_from_entity(item::Entity))
        .await
}

/// A database on which something is forbidden, so that every migration is checked.
pub(crate) async fn guarded(site: &Site) -> Result<RoutingConnection> {
    eprintln!("on {}", site.url(0));
    let builder = site.builder(&["default"]);
    Ok(builder.forbid_table("secret", "default").connect().await?)
}

/// Runs one migration, in a transaction and in none, each on a database of its own.
async fn each_way(prefix: &'static str, step: fn() -> Step) -> Result<Vec<RoutingConnection>> {
    let mut done = Vec::new();
    for site in Sites::All.with(prefix, 1).await? {
        let db = guarded(&site).await?;
        for within in [true, false] {
            let set = Set::new().with(step().transaction(within));
            let migrations = Migrations::new().database("default", set);
            soon("a guarded migration", migrations.fresh(&db)).await?;
        }
        done.push(db);
    }
    Ok(done)
}

/// Inserts, reads and updates through entities.
fn entities() -> Step {
    Step::new("m_item", |manager| {
        Box::pin(async move {
            create(manager).await?;
            let db = manager.get_connection();
            let one = row("one").insert(db).await?;
            assert_eq!((one.id, one.large, one.half), (1, i64::MAX, 0.5));
            let two = row("two").insert(db).await?;
            assert_eq!(two.json, serde_json("two"));
            let mut change: item::ActiveModel = two.into();
            change.missing = Value(Some("here".to_owned()));
            let changed = change.update(db).await?;
            assert_eq!((changed.id, changed.missing.as_deref()), (2, Some("here")));
            let all = item::Entity::find().all(db).await?;
            assert_eq!(all[0], one);
            assert_eq!(all.len(), 2);
            let many = item::Entity::insert_many([row("three"), row("four")]);
            many.exec(db).await?;
            assert_eq!(item::Entity::find().count(db).await?, 4);
            let deleted = item::Entity::delete_by_id(1).exec(db).await?;
            assert_eq!(deleted.rows_affected, 1);
            Ok(())
        })
    })
}

#[tokio::test]
async fn entities_are_written_and_read() -> Result {
    for db in each_way("g_entities", entities).await? {
        let names: Vec<String> =
            column(&plain(&db, "default"), "SELECT name FROM item ORDER BY id").await?;
        assert_eq!(names, ["two", "three", "four"]);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn entities_are_written_and_read_on_one_worker() -> Result {
    for site in Sites::All.with("g_worker", 1).await? {
        let db = guarded(&site).await?;
        let set = Set::new().with(entities());
        let run = tokio::spawn(async move {
            let migrations = Migrations::new().database("default", set);
            migrations.up(&db, Steps::All).await
        });
        assert_eq!(soon("on a worker", run).await??.migrations(), 1);
    }
    Ok(())
}

/// Queries the schema.
fn asking() -> Step {
    Step::new("m_ask", |manager| {
        Box::pin(async move {
            assert!(!manager.has_table("item").await?);
            create(manager).await?;
            assert!(manager.has_table("item").await?);
            assert!(manager.has_column("item", "half").await?);
            assert!(!manager.has_column("item", "whole").await?);
            assert!(!manager.has_index("item", "none").await?);
            Ok(())
        })
    })
}

#[tokio::test]
async fn the_schema_can_be_asked() -> Result {
    for db in each_way("g_asking", asking).await? {
        assert_eq!(tables_of(&db, "default").await?, ["item", MIGRATION_TABLE]);
    }
    Ok(())
}

/// One savepoint that is released, and one that is rolled back.
fn nested() -> Step {
    Step::new("m_nested", |manager| {
        Box::pin(async move {
            let db = manager.get_connection();
            let outer = db.begin().await?;
            row("stays").insert(&outer).await?;
            let inner = outer.begin().await?;
            row("goes").insert(&inner).await?;
            inner.rollback().await?;
            {
                let dropped = outer.begin().await?;
                row("dropped").insert(&dropped).await?;
            }
            let kept = outer.begin().await?;
            row("kept").insert(&kept).await?;
            kept.commit().await?;
            outer.commit().await
        })
    })
}

#[tokio::test]
async fn nested_transactions_end_as_requested() -> Result {
    for site in Sites::All.with("g_nested", 1).await? {
        let db = guarded(&site).await?;
        for within in [true, false] {
            // On its own: MariaDB ends a transaction with CREATE TABLE.
            let create = Step::new("m_create", |manager| Box::pin(create(manager)));
            let set = Set::new().with(create).with(nested().transaction(within));
            let migrations = Migrations::new().database("default", set);
            soon("a guarded migration", migrations.fresh(&db)).await?;
            let names: Vec<String> =
                column(&plain(&db, "default"), "SELECT name FROM item ORDER BY id").await?;
            assert_eq!(names, ["stays", "kept"]);
        }
    }
    Ok(())
}

#[tokio::test]
async fn rows_can_be_streamed() -> Result {
    use futures_util::TryStreamExt;

    for db in each_way("g_stream", || {
        Step::new("m_stream", |manager| {
            Box::pin(async move {
                create(manager).await?;
                let db = manager.get_connection();
                row("one").insert(db).await?;
                row("two").insert(db).await?;
                let names: Vec<item::Model> = match db {
                    sea_orm::DatabaseExecutor::Connection(db) => {
                        item::Entity::find()
                            .stream(*db)
                            .await?
                            .try_collect()
                            .await?
                    }
                    sea_orm::DatabaseExecutor::Transaction(db) => {
                        item::Entity::find()
                            .stream(*db)
                            .await?
                            .try_collect()
                            .await?
                    }
                    _ => unreachable!("owned"),
                };
                assert_eq!(names.len(), 2);
                Ok(())
            })
        })
    })
    .await?
    {
        assert_eq!(tables_of(&db, "default").await?, ["item", MIGRATION_TABLE]);
    }
    Ok(())
}
