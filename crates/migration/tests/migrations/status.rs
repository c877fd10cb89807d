//! Which migrations are applied where, as a person reads it; asking writes nothing.

use sea_orm::ConnectionTrait;
use sea_orm::prelude::DateTimeUtc;
use sea_orm_routing::RoutingConnection;
use sea_orm_routing_migration::{Migrations, Steps};

use crate::support::{Engine, Result, Site, Sites, creates, plain, tables_of};

fn two() -> Migrations {
    Migrations::new()
        .database("shop", creates(&["a", "longer"]))
        .database("warehouse", creates(&[]))
}

#[tokio::test]
async fn status_writes_nothing() -> Result {
    for site in Sites::All.with("status", 3).await? {
        let db = site.connect(&["shop", "warehouse", "logs"]).await?;
        let status = two().status(&db).await?;
        assert!(status.is_pending());
        for database in ["shop", "warehouse", "logs"] {
            assert!(tables_of(&db, database).await?.is_empty(), "{database}");
        }
        if let Engine::Files(dir) = &site.engine {
            let locks = dir.path().read_dir()?.filter_map(std::result::Result::ok);
            let locks: Vec<_> = locks.map(|entry| entry.file_name()).collect();
            assert_eq!(locks.len(), 3, "no lock file either: {locks:?}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn status_prints_a_table_a_person_can_read() -> Result {
    for site in Sites::All.with("status_table", 3).await? {
        let db = site.connect(&["shop", "warehouse", "logs"]).await?;
        two().up(&db, Steps::Only(1)).await?;
        let applied = "UPDATE seaql_migrations SET applied_at = 1767225600";
        plain(&db, "shop").execute_unprepared(applied).await?;
        let status = two().status(&db).await?;
        assert_eq!(
            status.to_string(),
            "database   migration  status\n\
             shop       m_a        applied 2026-01-01T00:00:00Z\n\
             shop       m_longer   pending\n\
             warehouse  -          no migrations\n\
             logs       -          no migrator\n"
        );
    }
    Ok(())
}

#[tokio::test]
async fn the_time_in_the_table_is_that_of_the_migration() -> Result {
    for site in Sites::All.with("status_time", 1).await? {
        let db = site.connect(&["shop"]).await?;
        let migrations = Migrations::new().database("shop", creates(&["a"]));
        let before = now();
        migrations.up(&db, Steps::All).await?;
        let text = migrations.status(&db).await?.to_string();
        let (_, time) = text.trim_end().rsplit_once(' ').expect("a time");
        let time = time.parse::<DateTimeUtc>()?.timestamp();
        assert!((before..=now()).contains(&time), "{time}");
    }
    Ok(())
}

/// Seconds since 1970.
fn now() -> i64 {
    let since = std::time::UNIX_EPOCH.elapsed().expect("after 1970");
    i64::try_from(since.as_secs()).expect("soon enough")
}

#[tokio::test]
async fn a_user_who_may_only_read_can_ask_postgres() -> Result {
    let Some(site) = Site::postgres("reader", 1).await? else {
        return Ok(());
    };
    let migrations = Migrations::new().database("shop", creates(&["a", "b"]));
    let app = site.connect(&["shop"]).await?;
    migrations.up(&app, Steps::Only(1)).await?;
    let reader = "CREATE ROLE reader LOGIN PASSWORD 'secret'; \
                  GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader; \
                  REVOKE CREATE ON SCHEMA public FROM PUBLIC";
    site.client(0, reader).await?;
    let url = site.url(0).replace("app:secret", "reader:secret");
    let db = RoutingConnection::builder()
        .database("shop", url)
        .default_database("shop")
        .connect()
        .await?;
    let status = migrations.status(&db).await?;
    let shop = status.on("shop").expect("it");
    assert_eq!(shop.applied().collect::<Vec<_>>(), ["m_a"]);
    assert_eq!(shop.pending().collect::<Vec<_>>(), ["m_b"]);
    Ok(())
}

#[tokio::test]
async fn a_file_that_is_opened_read_only_can_be_asked() -> Result {
    let site = Site::files()?;
    let migrations = Migrations::new().database("shop", creates(&["a", "b"]));
    for applied in [0, 1] {
        let app = site.connect(&["shop"]).await?;
        if applied > 0 {
            migrations.up(&app, Steps::Only(1)).await?;
        }
        app.close().await?;
        let db = RoutingConnection::builder()
            .database("shop", site.url(0).replace("rwc", "ro"))
            .default_database("shop")
            .connect()
            .await?;
        let status = migrations.status(&db).await?;
        assert_eq!(status.on("shop").expect("it").applied().count(), applied);
    }
    Ok(())
}

#[tokio::test]
async fn status_works_while_another_migrator_is_at_work() -> Result {
    for site in Sites::Shared.with("status_busy", 1).await? {
        let db = site.connect(&["default"]).await?;
        let gate = crate::support::Gate::new();
        let migrations = Migrations::new().database("default", gate.migrator());
        let ask = async {
            gate.begun.notified().await;
            let status = migrations.status(&db).await;
            gate.go_on.notify_one();
            status
        };
        let both = futures_util::future::try_join(migrations.up(&db, Steps::All), ask);
        let (_, status) = crate::support::soon("status beside up", both).await?;
        assert!(status.is_pending());
    }
    Ok(())
}
