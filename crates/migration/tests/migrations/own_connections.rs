//! Migrations run on the primary, on connections of their own.

use std::time::Duration;

use futures_util::future::join;
use sea_orm::{Database, DatabaseConnection, TransactionTrait};
use sea_orm_routing::{DatabaseOptions, RoutingConnection};
use sea_orm_routing_migration::{MigrationError, Migrations, Steps};

use crate::support::{
    Engine, Gate, Result, Set, Site, Sites, column, creates, eventually, plain, soon, tables,
    tables_of, value,
};

/// A pool of one connection with a short acquire timeout.
async fn one_connection(site: &Site) -> Result<RoutingConnection> {
    let mut options = site.options(0);
    options.max_connections(1);
    options.acquire_timeout(Duration::from_secs(2));
    let builder = RoutingConnection::builder().database("default", options);
    Ok(builder.connect().await?)
}

#[tokio::test]
async fn a_pool_whose_only_connection_is_in_a_transaction_is_not_waited_for() -> Result {
    for site in Sites::Servers.with("full_pool", 1).await? {
        let db = one_connection(&site).await?;
        let migrations = Migrations::new().database("default", creates(&["a"]));
        let held = plain(&db, "default").begin().await?;
        assert_eq!(column::<i32>(&held, "SELECT 1").await?, [1]);
        let report = soon("up beside a full pool", migrations.up(&db, Steps::All)).await?;
        assert_eq!(report.migrations(), 1);
        held.rollback().await?;
        assert_eq!(tables_of(&db, "default").await?, ["a", "seaql_migrations"]);
    }
    Ok(())
}

#[tokio::test]
async fn what_a_migration_sets_stays_in_its_session() -> Result {
    for site in Sites::Servers.with("settings", 1).await? {
        let db = one_connection(&site).await?;
        let (set, get) = match &site.engine {
            Engine::Postgres(_) => ("SET search_path TO pg_catalog", "SHOW search_path"),
            _ => ("SET SESSION sql_mode = 'ANSI'", "SELECT @@sql_mode"),
        };
        let before: String = value(&plain(&db, "default"), get).await?;
        let migrator = Set::new().sql("m_set", set);
        // On Postgres the migration table would be in the wrong schema, so the run may fail.
        let _ = Migrations::new()
            .database("default", migrator)
            .up(&db, Steps::All)
            .await;
        let after: String = value(&plain(&db, "default"), get).await?;
        assert_eq!(before, after);
    }
    Ok(())
}

#[tokio::test]
async fn the_connections_of_a_migration_end_with_it() -> Result {
    for site in Sites::Servers.with("gone", 1).await? {
        let db = site.connect(&["default"]).await?;
        let before = site.connections(0).await?;
        let migrations = Migrations::new().database("default", creates(&["a", "b"]));
        migrations.up(&db, Steps::All).await?;
        let gate = Gate::new();
        let first = Migrations::new().database("default", gate.migrator().migration_table("other"));
        let second = migrations.clone().lock_timeout(Duration::ZERO);
        let late = async {
            gate.begun.notified().await;
            let refused = second.up(&db, Steps::All).await;
            gate.go_on.notify_one();
            refused
        };
        // A run that did not get the lock leaves no connection either; `a` exists already.
        let (first, refused) = join(first.up(&db, Steps::All), late).await;
        assert!(first.is_err());
        assert!(matches!(refused, Err(MigrationError::Locked { .. })));
        let pool_at_most = before.max(1);
        eventually("the connections of the migration are closed", async || {
            site.connections(0)
                .await
                .is_ok_and(|now| now <= pool_at_most)
        })
        .await;
    }
    Ok(())
}

/// One database whose replica is a second, empty one.
async fn with_replica(site: &Site) -> Result<(RoutingConnection, DatabaseConnection)> {
    let replica = Database::connect(site.url(1)).await?;
    let database = DatabaseOptions::new(site.options(0)).replica(site.url(1));
    let builder = RoutingConnection::builder().database("default", database);
    Ok((builder.connect().await?, replica))
}

#[tokio::test]
async fn a_replica_is_never_migrated() -> Result {
    for site in Sites::Shared.with("replica", 2).await? {
        let (db, replica) = with_replica(&site).await?;
        let migrations = Migrations::new().database("default", creates(&["a"]));
        migrations.up(&db, Steps::All).await?;
        let status = migrations.status(&db).await?;
        assert_eq!(status.on("default").expect("it").applied().count(), 1);
        migrations.refresh(&db).await?;
        assert_eq!(tables_of(&db, "default").await?, ["a", "seaql_migrations"]);
        assert!(tables(&replica).await?.is_empty());
    }
    Ok(())
}

#[tokio::test]
async fn a_handle_that_has_fixed_a_replica_migrates_the_primary() -> Result {
    for site in Sites::Shared.with("fixed", 2).await? {
        let (db, replica) = with_replica(&site).await?;
        let migrations = Migrations::new().database("default", creates(&["a"]));
        migrations.up(&db.using("default/2")?, Steps::All).await?;
        assert_eq!(tables_of(&db, "default").await?, ["a", "seaql_migrations"]);
        assert!(tables(&replica).await?.is_empty());
    }
    Ok(())
}

#[tokio::test]
async fn a_dead_replica_stops_no_migration() -> Result {
    for site in Sites::Servers.with("dead_replica", 1).await? {
        let dead = match &site.engine {
            Engine::Postgres(_) => "postgres://app:secret@127.0.0.1:1/app",
            _ => "mysql://app:secret@127.0.0.1:1/app",
        };
        let database = DatabaseOptions::new(site.options(0)).replica(dead);
        let db = RoutingConnection::builder()
            .database("default", database)
            .connect()
            .await?;
        let migrations = Migrations::new().database("default", creates(&["a"]));
        assert!(soon("status", migrations.status(&db)).await?.is_pending());
        soon("up", migrations.up(&db, Steps::All)).await?;
        assert_eq!(tables_of(&db, "default").await?, ["a", "seaql_migrations"]);
    }
    Ok(())
}

#[tokio::test]
async fn the_search_path_of_the_pool_is_that_of_the_migration() -> Result {
    let Some(site) = Site::postgres("search_path", 1).await? else {
        return Ok(());
    };
    site.client(0, "CREATE SCHEMA reporting AUTHORIZATION app")
        .await?;
    let mut options = site.options(0);
    options.set_schema_search_path("reporting");
    let builder = RoutingConnection::builder().database("default", options);
    let db = builder.connect().await?;
    let migrations = Migrations::new().database("default", creates(&["a"]));
    migrations.up(&db, Steps::All).await?;
    let schemas = "SELECT schemaname FROM pg_tables WHERE tablename IN ('a', 'seaql_migrations')";
    assert_eq!(
        site.client(0, schemas).await?.trim(),
        "reporting\nreporting"
    );
    Ok(())
}

#[tokio::test]
async fn a_connection_that_became_a_router_is_migrated() -> Result {
    for site in Sites::All.with("became", 1).await? {
        let plain = Database::connect(site.options(0)).await?;
        let db: RoutingConnection = plain.into();
        let migrations = Migrations::new().database("default", creates(&["a"]));
        migrations.up(&db, Steps::All).await?;
        assert_eq!(tables_of(&db, "default").await?, ["a", "seaql_migrations"]);
    }
    Ok(())
}

#[tokio::test]
async fn status_beside_a_full_pool_is_not_waited_for() -> Result {
    for site in Sites::Servers.with("full_status", 1).await? {
        let db = one_connection(&site).await?;
        let migrations = Migrations::new().database("default", creates(&["a"]));
        let held = plain(&db, "default").begin().await?;
        assert!(soon("status", migrations.status(&db)).await?.is_pending());
        held.rollback().await?;
    }
    Ok(())
}
