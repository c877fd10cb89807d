//! How a migration whose statements are checked ends, and on which threads it runs.

use sea_orm::{ActiveModelTrait, ConnectionTrait, TransactionTrait};
use sea_orm_routing_migration::{Migrations, Steps};

use crate::guarded::{create, guarded, row};
use crate::support::{
    Result, Set, Site, Sites, Step, assert_says, column, error_of, plain, soon, tables_of,
};

const MIGRATION_TABLE: &str = "seaql_migrations";

#[tokio::test]
async fn a_guarded_migration_that_fails_leaves_nothing_of_its_transaction() -> Result {
    for site in Sites::All.with("g_fails", 1).await? {
        let db = guarded(&site).await?;
        let create = Step::new("m_create", |manager| Box::pin(create(manager)));
        let fails = Step::new("m_fails", |manager| {
            Box::pin(async move {
                let db = manager.get_connection();
                row("one").insert(db).await?;
                row("one").insert(db).await.map(drop)
            })
        });
        let set = Set::new().with(create).with(fails.transaction(true));
        let migrations = Migrations::new().database("default", set);
        let text = error_of(soon("it fails", migrations.up(&db, Steps::All)).await);
        assert_says(&text, &["default, migration m_fails: "]);
        let rows: Vec<String> = column(&plain(&db, "default"), "SELECT name FROM item").await?;
        assert!(rows.is_empty());
        let status = migrations.status(&db).await?;
        assert_eq!(
            status
                .on("default")
                .expect("it")
                .pending()
                .collect::<Vec<_>>(),
            ["m_fails"]
        );
    }
    Ok(())
}

#[tokio::test]
async fn a_failed_commit_is_reported() -> Result {
    let Some(site) = Site::postgres("g_commit", 1).await? else {
        return Ok(());
    };
    let db = guarded(&site).await?;
    let text = "CREATE TABLE parent (id INTEGER PRIMARY KEY); \
                CREATE TABLE child (id INTEGER REFERENCES parent DEFERRABLE INITIALLY DEFERRED); \
                INSERT INTO child VALUES (1)";
    let migrations = Migrations::new().database("default", Set::new().sql("m_late", text));
    let error = error_of(migrations.up(&db, Steps::All).await);
    assert_says(&error, &["default, migration m_late: ", "foreign key"]);
    assert_eq!(tables_of(&db, "default").await?, [MIGRATION_TABLE]);
    assert!(migrations.status(&db).await?.is_pending());
    Ok(())
}

#[tokio::test]
async fn a_guarded_migration_that_panics_is_an_error_and_frees_the_lock() -> Result {
    for site in Sites::All.with("g_panics", 1).await? {
        let db = guarded(&site).await?;
        let panics = Step::new("m_panics", |_| Box::pin(async { panic!("as a bug does") }));
        let migrations = Migrations::new().database("default", Set::new().with(panics));
        let text = error_of(soon("it panics", migrations.up(&db, Steps::All)).await);
        assert_says(&text, &["default, migration m_panics: "]);
        let mended = Migrations::new().database("default", crate::support::creates(&["a"]));
        let mended = mended.lock_timeout(std::time::Duration::ZERO);
        assert_eq!(mended.up(&db, Steps::All).await?.migrations(), 1);
    }
    Ok(())
}

/// A documented limit, see the page "What does not work": SeaORM's hook does not receive the
/// options.
#[tokio::test]
async fn a_transaction_of_a_guarded_migration_has_the_level_of_the_server() -> Result {
    let Some(site) = Site::postgres("g_isolation", 1).await? else {
        return Ok(());
    };
    let step = Step::new("m_serial", |manager| {
        Box::pin(async move {
            let db = manager.get_connection();
            let level = sea_orm::IsolationLevel::Serializable;
            let txn = db.begin_with_config(Some(level), None).await?;
            let levels: Vec<String> = column(&txn, "SHOW transaction_isolation").await?;
            assert_eq!(levels, ["read committed"]);
            txn.commit().await
        })
    });
    let set = Set::new().with(step.transaction(false));
    let migrations = Migrations::new().database("default", set);
    migrations.up(&guarded(&site).await?, Steps::All).await?;
    Ok(())
}

/// A migration that does its work in a task of its own.
async fn spawning() -> Result<(), String> {
    let site = Site::files().map_err(|error| error.to_string())?;
    let db = guarded(&site).await.map_err(|error| error.to_string())?;
    let step = Step::new("m_spawns", |manager| {
        Box::pin(async move {
            let sea_orm::DatabaseExecutor::Connection(db) = manager.get_connection() else {
                unreachable!("in no transaction");
            };
            let db = (*db).clone();
            let task =
                tokio::spawn(
                    async move { db.execute_unprepared("CREATE TABLE a (id INTEGER)").await },
                );
            task.await.expect("no panic").map(drop)
        })
    });
    let migrations = Migrations::new().database("default", Set::new().with(step));
    let outcome = migrations.up(&db, Steps::All).await;
    outcome.map(drop).map_err(|error| error.to_string())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guarded_migration_may_spawn_a_task() -> Result {
    Ok(soon("a task of a migration", spawning()).await?)
}

#[tokio::test]
async fn a_guarded_migration_may_spawn_a_task_on_a_runtime_of_one_thread() -> Result {
    let (done, is_done) = tokio::sync::oneshot::channel();
    // A thread that blocks forever keeps its runtime from shutting down, so it must not be the
    // test's.
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let outcome = runtime.expect("a runtime").block_on(spawning());
        done.send(outcome)
    });
    Ok(soon("a task of a migration", is_done).await??)
}
