//! The tables of some entities on any database, in the order of their foreign keys.

mod entities;
mod limits;

use sea_orm::{
    ConnectionTrait, EntityTrait, PaginatorTrait, Schema, Set as Value, TransactionTrait,
};
use sea_orm_routing::{RoutingConnection, TableName};
use sea_orm_routing_migration::{EntitySet, RoutingSchema};

use self::entities::{author, book, left, right, tree};
use crate::support::{Engine, Result, Site, Sites, column, error_of, plain, tables_of};

fn library() -> EntitySet {
    EntitySet::new()
        .entity(book::Entity)
        .entity(author::Entity)
        .entity(tree::Entity)
}

fn names(tables: &[TableName]) -> Vec<String> {
    tables.iter().map(TableName::to_string).collect()
}

/// How many objects of a kind the server's catalogue has.
async fn count(db: &RoutingConnection, database: &str, sql: &str) -> Result<i64> {
    Ok(column(&plain(db, database), sql).await?[0])
}

#[tokio::test]
async fn the_same_entities_live_in_two_databases() -> Result {
    for site in Sites::All.with("ca_same", 2).await? {
        let db = site.connect(&["shop", "archive"]).await?;
        for database in ["shop", "archive"] {
            let created = db.using(database)?.create_all(&library()).await?;
            assert_eq!(names(&created), ["author", "book", "tree"]);
            assert_eq!(tables_of(&db, database).await?, ["author", "book", "tree"]);
        }
        let archive = db.using("archive")?;
        let author = author::ActiveModel {
            name: Value("Ada".to_owned()),
            ..Default::default()
        };
        let ada = author::Entity::insert(author)
            .exec(&archive)
            .await?
            .last_insert_id;
        let orphan = book::ActiveModel::of("Orphan", ada + 1, book::Mood::Sad);
        error_of(book::Entity::insert(orphan).exec(&archive).await);
        let first = book::ActiveModel::of("First", ada, book::Mood::Sad);
        book::Entity::insert(first.clone()).exec(&archive).await?;
        error_of(book::Entity::insert(first).exec(&archive).await);
        let books = book::Entity::find().all(&archive).await?;
        assert_eq!(books[0].mood, book::Mood::Sad);
        assert_eq!(book::Entity::find().count(&db.using("shop")?).await?, 0);
    }
    Ok(())
}

#[tokio::test]
async fn each_entity_goes_where_it_is_bound() -> Result {
    for site in Sites::All.with("ca_bound", 2).await? {
        let builder = site.builder(&["shop", "forest"]).default_database("shop");
        let db = builder.bind(tree::Entity, "forest").connect().await?;
        let created = db.create_all(&library()).await?;
        assert_eq!(created.len(), 3);
        assert_eq!(tables_of(&db, "shop").await?, ["author", "book"]);
        assert_eq!(tables_of(&db, "forest").await?, ["tree"]);
        if let Engine::Postgres(_) = &site.engine {
            let moods = "SELECT count(*) FROM pg_type WHERE typname = 'mood'";
            assert_eq!(count(&db, "shop", moods).await?, 1);
            assert_eq!(count(&db, "forest", moods).await?, 0);
        }
    }
    Ok(())
}

#[tokio::test]
async fn indexes_and_unique_keys_are_created() -> Result {
    for site in Sites::All.with("ca_index", 1).await? {
        let db = site.connect(&["shop"]).await?;
        db.create_all(&library()).await?;
        let sql = match &site.engine {
            Engine::Postgres(_) => {
                "SELECT indexdef FROM pg_indexes WHERE tablename = 'book' ORDER BY 1"
            }
            Engine::MariaDb(_) => {
                "SELECT CONCAT(IF(non_unique, '', 'UNIQUE '), column_name) \
                 FROM information_schema.statistics \
                 WHERE table_schema = DATABASE() AND table_name = 'book' ORDER BY 1"
            }
            _ => {
                "SELECT IIF(l.\"unique\", 'UNIQUE ', '') || i.name FROM pragma_index_list('book') l \
                 JOIN pragma_index_info(l.name) i ORDER BY 1"
            }
        };
        let indexes: Vec<String> = column(&plain(&db, "shop"), sql).await?;
        let has = |unique: bool, name: &str| {
            let of_column = |line: &&String| line.contains(name);
            indexes
                .iter()
                .filter(of_column)
                .any(|line| line.contains("UNIQUE") == unique)
        };
        assert!(has(true, "isbn") && has(false, "title"), "{indexes:?}");
    }
    Ok(())
}

#[tokio::test]
async fn tables_that_are_there_are_left_alone() -> Result {
    for site in Sites::All.with("ca_there", 1).await? {
        let db = site.connect(&["shop"]).await?;
        let there = "CREATE TABLE author (id INTEGER NOT NULL PRIMARY KEY, old INTEGER)";
        plain(&db, "shop").execute_unprepared(there).await?;
        assert_eq!(names(&db.create_all(&library()).await?), ["book", "tree"]);
        assert!(db.create_all(&library()).await?.is_empty());
        let old: Vec<i32> = column(&plain(&db, "shop"), "SELECT old FROM author").await?;
        assert!(old.is_empty());
    }
    Ok(())
}

#[tokio::test]
async fn entities_that_refer_to_each_other_are_created() -> Result {
    for site in Sites::All.with("ca_circle", 1).await? {
        let db = site.connect(&["shop"]).await?;
        let circle = EntitySet::new().entity(left::Entity).entity(right::Entity);
        assert_eq!(db.create_all(&circle).await?.len(), 2);
        assert_eq!(
            tables_of(&db, "shop").await?,
            ["circle_left", "circle_right"]
        );
        let orphan =
            |table: &str| format!("INSERT INTO circle_{table} (id, other_id) VALUES (1, 9)");
        for table in ["left", "right"] {
            error_of(db.execute_unprepared(&orphan(table)).await);
        }
        assert!(db.create_all(&circle).await?.is_empty());
    }
    Ok(())
}

#[tokio::test]
async fn a_table_can_refer_to_itself() -> Result {
    for site in Sites::All.with("ca_tree", 1).await? {
        let db = site.connect(&["shop"]).await?;
        db.create_all(&EntitySet::new().entity(tree::Entity))
            .await?;
        db.execute_unprepared("INSERT INTO tree (id, parent_id) VALUES (1, NULL), (2, 1)")
            .await?;
        error_of(
            db.execute_unprepared("INSERT INTO tree (id, parent_id) VALUES (3, 9)")
                .await,
        );
    }
    Ok(())
}

#[tokio::test]
async fn what_creates_by_hand_is_the_same() -> Result {
    for site in Sites::Servers.with("ca_by_hand", 2).await? {
        let db = site.connect(&["shop", "hand"]).await?;
        db.create_all(&EntitySet::new().entity(author::Entity))
            .await?;
        let hand = plain(&db, "hand");
        let schema = Schema::new(hand.get_database_backend());
        hand.execute(&schema.create_table_from_entity(author::Entity))
            .await?;
        assert_eq!(
            described(&site, &db, "shop").await?,
            described(&site, &db, "hand").await?
        );
    }
    Ok(())
}

/// The columns of `author`.
async fn described(site: &Site, db: &RoutingConnection, database: &str) -> Result<Vec<String>> {
    let here = match &site.engine {
        Engine::Postgres(_) => "table_schema = current_schema()",
        _ => "table_schema = DATABASE()",
    };
    let sql = format!(
        "SELECT CONCAT(column_name, ' ', data_type, ' ', is_nullable) \
         FROM information_schema.columns WHERE table_name = 'author' AND {here} ORDER BY 1"
    );
    Ok(column(&plain(db, database), &sql).await?)
}

#[tokio::test]
async fn a_transaction_elsewhere_is_not_waited_for() -> Result {
    for site in Sites::Servers.with("ca_busy", 2).await? {
        let db = site.connect(&["shop", "archive"]).await?;
        let held = db.using("shop")?.begin().await?;
        db.using("archive")?.create_all(&library()).await?;
        held.rollback().await?;
    }
    Ok(())
}
