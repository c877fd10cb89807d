//! The many texts that bring a forbidden table into a database.

use sea_orm::ConnectionTrait;
use sea_orm_routing::RoutingConnection;
use sea_orm_routing_migration::{Migrations, Steps};

use crate::support::{Engine, Result, Set, Site, Sites, assert_says, error_of, plain, tables_of};

/// Texts that every dialect here accepts.
const COMMON: &[&str] = &[
    "CREATE TABLE IF NOT EXISTS secret (id INTEGER)",
    "create table secret(id integer)",
    "/* a comment */ CREATE TABLE secret (id INTEGER)",
    "-- a comment\nCREATE TABLE secret (id INTEGER)",
    "CREATE TABLE other (id INTEGER); CREATE TABLE secret (id INTEGER)",
    "INSERT INTO seen VALUES (1); CREATE TABLE secret (id INTEGER)",
    "SELECT 1; CREATE TABLE secret (id INTEGER)",
    "CREATE TABLE secret AS SELECT 1 AS id",
    "ALTER TABLE seen RENAME TO secret",
    "CREATE VIEW secret AS SELECT 1 AS id",
    "CREATE TABLE other (id INTEGER PRIMARY KEY REFERENCES secret (id))",
];

const POSTGRES: &[&str] = &[
    "CREATE TABLE \"secret\" (id INTEGER)",
    "CREATE TABLE Secret (id INTEGER)",
    "CREATE TABLE public.secret (id INTEGER)",
    "CREATE UNLOGGED TABLE secret (id INTEGER)",
    "CREATE MATERIALIZED VIEW secret AS SELECT 1 AS id",
    "SELECT 1 AS id INTO secret",
    "CREATE TABLE secret (LIKE seen)",
    "CREATE TABLE other PARTITION OF secret FOR VALUES IN (1)",
    "BEGIN; CREATE TABLE secret (id INTEGER); COMMIT",
];

const MARIADB: &[&str] = &[
    "CREATE TABLE `secret` (id INTEGER)",
    "CREATE TABLE SECRET (id INTEGER)",
    "CREATE TABLE secret LIKE seen",
    "CREATE OR REPLACE TABLE secret (id INTEGER)",
    "RENAME TABLE seen TO secret",
    "ALTER TABLE seen RENAME secret",
    "/*! CREATE TABLE secret (id INTEGER) */",
    "CREATE # a comment\nTABLE secret (id INTEGER)",
];

const SQLITE: &[&str] = &[
    "CREATE TABLE \"secret\" (id INTEGER)",
    "CREATE TABLE [secret] (id INTEGER)",
    "CREATE TABLE 'secret' (id INTEGER)",
    "CREATE TABLE main.secret (id INTEGER)",
    "CREATE TABLE SECRET (id INTEGER)",
    "CREATE VIRTUAL TABLE secret USING fts5(id)",
];

fn texts(site: &Site) -> impl Iterator<Item = &'static str> {
    let own = match &site.engine {
        Engine::Files(_) | Engine::Memory => SQLITE,
        Engine::Postgres(_) => POSTGRES,
        Engine::MariaDb(_) => MARIADB,
    };
    COMMON.iter().chain(own).copied()
}

/// Keeps only the table `seen`.
async fn start_again(db: &RoutingConnection) -> Result {
    let own = plain(db, "default");
    // Drops whichever of them exist.
    for there in [
        "VIEW secret",
        "MATERIALIZED VIEW secret",
        "TABLE secret",
        "TABLE other",
    ] {
        let _ = own.execute_unprepared(&format!("DROP {there}")).await;
    }
    let _ = own.execute_unprepared("DELETE FROM seaql_migrations").await;
    let seen = "CREATE TABLE IF NOT EXISTS seen (id INTEGER)";
    own.execute_unprepared(seen).await?;
    Ok(())
}

/// Those of these texts that are not refused, with the tables they create.
async fn let_through(
    site: &Site,
    texts: impl Iterator<Item = &'static str>,
) -> Result<Vec<String>> {
    let builder = site.builder(&["default"]);
    let db = builder.forbid_table("secret", "default").connect().await?;
    let mut through = Vec::new();
    start_again(&db).await?;
    for text in texts {
        let migrations = Migrations::new().database("default", Set::new().sql("m_it", text));
        let outcome = migrations.up(&db, Steps::All).await;
        let left = tables_of(&db, "default").await?;
        let refused = outcome.is_err_and(|it| it.to_string().contains("is forbidden on"));
        if !refused || left != ["seaql_migrations", "seen"] {
            through.push(format!("{}: {text}: {left:?}", site.url(0)));
            start_again(&db).await?;
        }
    }
    Ok(through)
}

#[tokio::test]
async fn no_text_brings_a_forbidden_table_in() -> Result {
    for site in Sites::All.with("texts", 1).await? {
        let through = let_through(&site, texts(&site)).await?;
        assert!(through.is_empty(), "{through:#?}");
    }
    Ok(())
}

/// Texts with a statement inside a statement.
const NESTED: [&[&str]; 2] = [
    &[
        "DO $$ BEGIN CREATE TABLE secret (id INTEGER); END $$",
        "EXPLAIN ANALYZE CREATE TABLE secret AS SELECT 1 AS id",
        "CREATE SCHEMA inner_one CREATE TABLE secret (id INTEGER)",
        "CREATE TABLE other (id INTEGER); DO $$ BEGIN CREATE TABLE secret (id INTEGER); END $$",
        "INSERT INTO seaql_migrations VALUES ('x', 1); DO $$ BEGIN CREATE TABLE secret (); END $$",
    ],
    &[
        "BEGIN NOT ATOMIC CREATE TABLE secret (id INTEGER); END",
        "EXECUTE IMMEDIATE 'CREATE TABLE secret (id INTEGER)'",
    ],
];

#[tokio::test]
async fn no_statement_inside_a_statement_brings_a_forbidden_table_in() -> Result {
    let mut through = Vec::new();
    for site in Sites::Servers.with("nested_texts", 1).await? {
        let nested = NESTED[usize::from(site.is_mariadb())];
        through.extend(let_through(&site, nested.iter().copied()).await?);
    }
    assert!(through.is_empty(), "{through:#?}");
    Ok(())
}

#[tokio::test]
async fn a_text_that_only_mentions_the_name_is_no_table() -> Result {
    for site in Sites::All.with("mentions", 1).await? {
        let builder = site.builder(&["default"]);
        let db = builder.forbid_table("secret", "default").connect().await?;
        let text = "CREATE TABLE secrets (secret INTEGER); -- not secret\n\
                    INSERT INTO secrets (secret) VALUES (1);\n\
                    CREATE TABLE note (text VARCHAR(20) DEFAULT 'secret')";
        let migrations = Migrations::new().database("default", Set::new().sql("m_note", text));
        migrations.up(&db, Steps::All).await?;
        assert_eq!(
            tables_of(&db, "default").await?,
            ["note", "seaql_migrations", "secrets"]
        );
    }
    Ok(())
}

#[tokio::test]
async fn a_table_of_a_schema_is_forbidden_by_its_whole_name() -> Result {
    let Some(site) = Site::postgres("schema_name", 1).await? else {
        return Ok(());
    };
    site.client(0, "CREATE SCHEMA reporting AUTHORIZATION app")
        .await?;
    let builder = site.builder(&["default"]);
    let db = builder
        .forbid_table("reporting.sale", "default")
        .connect()
        .await?;
    let with = |text: &str| Migrations::new().database("default", Set::new().sql("m_sale", text));
    let there = with("CREATE TABLE reporting.sale (id INTEGER)");
    assert_says(
        &error_of(there.up(&db, Steps::All).await),
        &["\"reporting.sale\" is forbidden on"],
    );
    with("CREATE TABLE public.sale (id INTEGER)")
        .up(&db, Steps::All)
        .await?;
    Ok(())
}
