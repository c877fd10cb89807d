//! A migration whose future is dropped.

use std::time::Duration;

use futures_util::future::{Either, select};
use sea_orm_routing::{RoutingConnection, TableName};
use sea_orm_routing_migration::{MigrationError, Migrations, Steps};

use crate::support::{
    Engine, Gate, Result, Set, Site, Sites, TableGate, creates, eventually, soon, tables_of,
};

/// Begins `up`, and drops the future in the middle of its migration.
async fn begin_and_drop(db: &RoutingConnection, gate: &Gate) {
    let migrations = Migrations::new().database("default", gate.migrator());
    let up = std::pin::pin!(migrations.up(db, Steps::All));
    let begun = std::pin::pin!(gate.begun.notified());
    match select(up, begun).await {
        Either::Left((outcome, _)) => panic!("should wait: {outcome:?}"),
        Either::Right(_) => {}
    }
}

/// The transactions that are open in the database of a site, as its server lists them.
async fn open_transactions(site: &Site) -> Result<String> {
    let sql = match &site.engine {
        Engine::Postgres(_) => {
            "SELECT pid, state, query FROM pg_stat_activity \
             WHERE datname = current_database() AND state LIKE 'idle in transaction%'"
        }
        Engine::MariaDb(_) => {
            "SELECT processlist.id, command, info FROM information_schema.innodb_trx \
             JOIN information_schema.processlist ON processlist.id = trx_mysql_thread_id \
             WHERE db = DATABASE()"
        }
        _ => return Ok(String::new()),
    };
    Ok(site.client(0, sql).await?.trim().to_owned())
}

async fn no_open_transaction(site: &Site) {
    eventually("no transaction is open", async || {
        let open = open_transactions(site).await.expect("the server answers");
        if !open.is_empty() {
            eprintln!("open: {open}");
        }
        open.is_empty()
    })
    .await;
}

/// Another migrator can take the lock, and `m_gate` is still pending.
async fn no_lock_is_left(site: &Site, db: &RoutingConnection) -> Result {
    no_open_transaction(site).await;
    let migrations = Migrations::new()
        .database("default", creates(&["b"]))
        .lock_timeout(Duration::from_secs(10));
    assert_eq!(migrations.up(db, Steps::All).await?.migrations(), 1);
    assert_eq!(tables_of(db, "default").await?, ["b", "seaql_migrations"]);
    Ok(())
}

#[tokio::test]
async fn a_dropped_up_leaves_no_lock_and_no_transaction() -> Result {
    for site in Sites::All.with("dropped", 1).await? {
        let db = site.connect(&["default"]).await?;
        begin_and_drop(&db, &Gate::new()).await;
        no_lock_is_left(&site, &db).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_dropped_guarded_up_ends_its_migration() -> Result {
    drop_guarded("dropped_guarded").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dropped_guarded_up_ends_its_migration_on_several_threads() -> Result {
    drop_guarded("dropped_threads").await
}

async fn drop_guarded(prefix: &'static str) -> Result {
    for site in Sites::All.with(prefix, 1).await? {
        let forbidding = site.builder(&["default"]);
        let forbidding = forbidding.forbid_table(TableName::from("secret"), "default");
        let db = forbidding.connect().await?;
        let gate = Gate::new();
        begin_and_drop(&db, &gate).await;
        // The migration continues, and notices that its caller was dropped.
        gate.go_on.notify_one();
        no_lock_is_left(&site, &db).await?;
    }
    Ok(())
}

#[tokio::test]
async fn the_lock_is_free_at_once_after_a_drop_while_waiting() -> Result {
    for site in Sites::All.with("dropped_waiting", 1).await? {
        let db = site.connect(&["default"]).await?;
        let gate = Gate::new();
        let first = Migrations::new().database("default", gate.migrator());
        let late = async {
            gate.begun.notified().await;
            let waits = tokio::time::timeout(Duration::from_millis(150), first.up(&db, Steps::All));
            assert!(waits.await.is_err(), "it waits, and is dropped");
            gate.go_on.notify_one();
            Ok(())
        };
        futures_util::future::try_join(first.up(&db, Steps::All), late).await?;
        let report = first
            .clone()
            .lock_timeout(Duration::from_secs(5))
            .up(&db, Steps::All)
            .await?;
        assert_eq!(report.migrations(), 0);
    }
    Ok(())
}

/// A statement that still runs on the server must not overlap with a second migrator.
#[tokio::test]
async fn no_migrator_starts_while_a_dropped_migrations_statement_still_runs() -> Result {
    for site in Sites::Servers.with("dropped_runs", 1).await? {
        let db = site.connect(&["default"]).await?;
        let mut gate = TableGate::closed(&site).await?;
        let stands = Set::new().sql("m_stands", TableGate::THROUGH);
        let migrations = Migrations::new().database("default", stands);
        {
            let up = std::pin::pin!(migrations.up(&db, Steps::All));
            let waits = std::pin::pin!(gate.is_waited_for());
            if let Either::Left((outcome, _)) = select(up, waits).await {
                panic!("should wait: {outcome:?}");
            }
        }
        let other = Migrations::new().database("default", Set::new().sql("m_stands", "SELECT 1"));
        let impatient = other.lock_timeout(Duration::ZERO);
        let outcome = soon("a second migrator", impatient.up(&db, Steps::All)).await;
        gate.open().await?;
        assert!(
            matches!(&outcome, Err(MigrationError::Locked { .. })),
            "{outcome:?}"
        );
    }
    Ok(())
}
