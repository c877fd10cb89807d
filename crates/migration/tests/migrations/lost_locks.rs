//! A lock ends with its session, which a server or a person may end.

use futures_util::future::try_join;
use sea_orm::sqlx::Executor;
use sea_orm_routing::RoutingConnection;
use sea_orm_routing_migration::{Migrations, Steps};

use crate::support::{Engine, Gate, Result, Site, Sites, creates, error_of, soon, tables_of};

/// Ends the session that holds the lock.
async fn lose_the_lock(site: &Site) -> Result {
    match &site.engine {
        Engine::Postgres(_) => {
            let sql = "SELECT pg_terminate_backend(pid) FROM pg_locks \
                       WHERE locktype = 'advisory' AND database = \
                       (SELECT oid FROM pg_database WHERE datname = current_database())";
            assert_eq!(site.client(0, sql).await?.trim(), "t");
        }
        _ => {
            let name = format!("CONCAT('sea_orm_routing/', MD5('{}'))", site.database(0));
            let holder = site
                .client(0, &format!("SELECT IS_USED_LOCK({name})"))
                .await?;
            site.client(0, &format!("KILL {holder}")).await?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_lost_lock_stops_before_the_next_migration() -> Result {
    for site in Sites::Servers.with("lost_lock", 1).await? {
        let db = site.connect(&["default"]).await?;
        let gate = Gate::new();
        let migrator = gate.migrator().sql("m_b", "CREATE TABLE b (id INTEGER)");
        let migrations = Migrations::new().database("default", migrator);
        let loser = async {
            gate.begun.notified().await;
            let lost = lose_the_lock(&site).await;
            gate.go_on.notify_one();
            lost
        };
        let up = async { Ok(migrations.up(&db, Steps::All).await) };
        let (outcome, ()) = soon("a lost lock", try_join(up, loser)).await?;
        // The connection of the migration holds the lock: in a transaction, the migration itself
        // fails.
        let text = error_of(outcome);
        let (failed, tables, left): (_, &[&str], _) = match &site.engine {
            Engine::Postgres(_) => ("m_gate", &["seaql_migrations"], 2),
            _ => ("m_b", &["a", "seaql_migrations"], 1),
        };
        let names_it = text.starts_with(&format!("default, migration {failed}"));
        assert!(names_it, "{text}");
        assert_eq!(tables_of(&db, "default").await?, tables);
        gate.go_on.notify_one();
        assert_eq!(migrations.up(&db, Steps::All).await?.migrations(), left);
    }
    Ok(())
}

/// Servers end sessions that are idle for long, and a migration can take longer than that.
#[tokio::test]
async fn a_server_that_ends_idle_sessions_does_not_take_the_lock_away() -> Result {
    for site in Sites::Servers.with("idle", 1).await? {
        let mut options = site.options(0);
        let (slow, idle) = match &site.engine {
            Engine::Postgres(_) => ("SELECT pg_sleep(2.5)", "SET idle_session_timeout = 1000"),
            _ => ("SELECT SLEEP(2.5)", "SET SESSION wait_timeout = 1"),
        };
        options.map_sqlx_postgres_pool_opts(move |own| {
            own.after_connect(move |it, _| {
                Box::pin(async move { it.execute(idle).await.map(drop) })
            })
        });
        options.map_sqlx_mysql_pool_opts(move |own| {
            own.after_connect(move |it, _| {
                Box::pin(async move { it.execute(idle).await.map(drop) })
            })
        });
        let builder = RoutingConnection::builder().database("default", options);
        let db = builder.connect().await?;
        let set = creates(&["a"])
            .sql("m_slow", slow)
            .sql("m_last", "CREATE TABLE b (id INTEGER)");
        let migrations = Migrations::new().database("default", set);
        let report = soon("a slow migration", migrations.up(&db, Steps::All)).await?;
        assert_eq!(report.migrations(), 3);
    }
    Ok(())
}
