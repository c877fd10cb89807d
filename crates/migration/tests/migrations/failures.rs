//! A failed migration names its database, and the next run continues where it stopped.

use sea_orm_routing_migration::{MigrationError, Migrations, SqlMigration, Steps};

use crate::support::{
    Engine, Result, Set, Sites, assert_says, column, creates, error_of, plain, tables_of,
};

const MIGRATION_TABLE: &str = "seaql_migrations";

fn three(second: Set) -> Migrations {
    Migrations::new()
        .database("first", creates(&["a"]))
        .database("second", second)
        .database("third", creates(&["d"]))
}

#[tokio::test]
async fn a_migration_fails_in_the_second_of_three_databases() -> Result {
    for site in Sites::All.with("second_of_three", 3).await? {
        let db = site.connect(&["first", "second", "third"]).await?;
        let broken = creates(&["b"]).sql("m_broken", "CREATE TABEL c (id INTEGER)");
        let failed = three(broken).up(&db, Steps::All).await;
        let error = failed.expect_err("a misspelt word");
        let MigrationError::Failed {
            database,
            migration,
            report,
            ..
        } = &error
        else {
            panic!("{error}");
        };
        assert_eq!(
            (database.as_str(), migration.as_deref()),
            ("second", Some("m_broken"))
        );
        assert_eq!(
            report.to_string(),
            "Done: first (1 migration), second (1 migration). Not reached: third."
        );
        assert_says(
            &error.to_string(),
            &["second, migration m_broken: ", "TABEL", "again"],
        );
        assert_eq!(tables_of(&db, "first").await?, ["a", MIGRATION_TABLE]);
        assert_eq!(tables_of(&db, "second").await?, ["b", MIGRATION_TABLE]);
        assert!(tables_of(&db, "third").await?.is_empty());

        let mended = three(creates(&["b"]).sql("m_broken", "CREATE TABLE c (id INTEGER)"));
        let report = mended.up(&db, Steps::All).await?;
        assert_eq!(
            report.to_string(),
            "Done: first (0 migrations), second (1 migration), third (1 migration)."
        );
        assert_eq!(tables_of(&db, "second").await?, ["b", "c", MIGRATION_TABLE]);
    }
    Ok(())
}

#[tokio::test]
async fn a_failed_migration_on_postgres_leaves_nothing() -> Result {
    for site in Sites::All.with("half", 1).await? {
        let db = site.connect(&["default"]).await?;
        let text = "CREATE TABLE a (id INTEGER); CREATE TABLE a (id INTEGER)";
        let migrations = Migrations::new().database("default", Set::new().sql("m_twice", text));
        assert_says(
            &error_of(migrations.up(&db, Steps::All).await),
            &["m_twice", "exists"],
        );
        let left = tables_of(&db, "default").await?;
        match &site.engine {
            Engine::Postgres(_) => assert_eq!(left, [MIGRATION_TABLE]),
            _ => assert_eq!(left, ["a", MIGRATION_TABLE]),
        }
        let status = migrations.status(&db).await?;
        assert_eq!(status.on("default").expect("it").pending().count(), 1);
    }
    Ok(())
}

#[tokio::test]
async fn a_failure_on_the_way_down_leaves_the_rest_applied() -> Result {
    for site in Sites::All.with("down_fails", 2).await? {
        let db = site.connect(&["first", "second"]).await?;
        let stays = creates(&["b"]).sql("m_stays", "CREATE TABLE c (id INTEGER)");
        let migrations = Migrations::new()
            .database("first", creates(&["a"]))
            .database("second", stays);
        migrations.up(&db, Steps::All).await?;
        let text = error_of(migrations.down(&db, Steps::All).await);
        assert_says(
            &text,
            &[
                "second, migration m_stays: ",
                "SqlMigration::down(..)",
                "Not reached: first.",
            ],
        );
        assert_eq!(tables_of(&db, "first").await?, ["a", MIGRATION_TABLE]);
        assert_eq!(tables_of(&db, "second").await?, ["b", "c", MIGRATION_TABLE]);
    }
    Ok(())
}

#[tokio::test]
async fn a_migration_whose_code_is_missing_is_named() -> Result {
    for site in Sites::All.with("gone_code", 1).await? {
        let db = site.connect(&["default"]).await?;
        let with = |migrator| Migrations::new().database("default", migrator);
        with(creates(&["a", "b"])).up(&db, Steps::All).await?;
        let fewer = with(creates(&["a"]));
        for text in [
            error_of(fewer.up(&db, Steps::All).await),
            error_of(fewer.down(&db, Steps::All).await),
            error_of(fewer.status(&db).await),
        ] {
            assert_says(&text, &["default: ", "'m_b' is missing"]);
        }
        assert_eq!(
            tables_of(&db, "default").await?,
            ["a", "b", MIGRATION_TABLE]
        );
    }
    Ok(())
}

#[tokio::test]
async fn one_text_can_have_several_statements() -> Result {
    for site in Sites::All.with("several", 1).await? {
        let db = site.connect(&["default"]).await?;
        let up = "CREATE TABLE a (id INTEGER, note TEXT);\n\
                  -- a comment; with a semicolon\n\
                  INSERT INTO a VALUES (1, 'one; not two'), (2, 'it''s');\n\
                  CREATE TABLE b (id INTEGER);\n";
        let migration = SqlMigration::new("m_several", up).down("DROP TABLE a; DROP TABLE b");
        let migrations = Migrations::new().database("default", Set::new().with(migration));
        migrations.up(&db, Steps::All).await?;
        let notes: Vec<String> =
            column(&plain(&db, "default"), "SELECT note FROM a ORDER BY id").await?;
        assert_eq!(notes, ["one; not two", "it's"]);
        assert_eq!(
            tables_of(&db, "default").await?,
            ["a", "b", MIGRATION_TABLE]
        );
        migrations.down(&db, Steps::All).await?;
        assert_eq!(tables_of(&db, "default").await?, [MIGRATION_TABLE]);
    }
    Ok(())
}
