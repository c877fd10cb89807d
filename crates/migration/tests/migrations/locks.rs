//! Two migrators at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::{join_all, try_join};
use sea_orm_routing::RoutingConnection;
use sea_orm_routing_migration::{MigrationError, MigrationEvent, Migrations, Steps};

use crate::support::{
    Engine, Gate, Result, Site, Sites, creates, error_of, plain, soon, tables_of, value,
};

#[tokio::test]
async fn the_second_migrator_waits_and_then_does_nothing() -> Result {
    for site in Sites::All.with("second", 1).await? {
        let db = site.connect(&["default"]).await?;
        let gate = Gate::new();
        let first = Migrations::new().database("default", gate.migrator());
        let (waits, go_on) = (Arc::new(AtomicUsize::new(0)), Arc::clone(&gate.go_on));
        let told = Arc::clone(&waits);
        let second = first.clone().on_progress(move |event| {
            if let MigrationEvent::Waiting { database } = event {
                assert_eq!(database.as_str(), "default");
                told.fetch_add(1, Ordering::SeqCst);
                go_on.notify_one();
            }
        });
        let late = async {
            gate.begun.notified().await;
            second.up(&db, Steps::All).await
        };
        let both = try_join(first.up(&db, Steps::All), late);
        let (one, other) = soon("two migrators", both).await?;
        assert_eq!((one.migrations(), other.migrations()), (1, 0));
        assert_eq!(waits.load(Ordering::SeqCst), 1, "it is reported once");
        assert_eq!(tables_of(&db, "default").await?, ["a", "seaql_migrations"]);
    }
    Ok(())
}

/// The error of a migrator with this timeout while another one runs, and the time it took.
async fn refused(site: &Site, timeout: Duration) -> Result<(MigrationError, Duration)> {
    let db = site.connect(&["default"]).await?;
    let gate = Gate::new();
    let first = Migrations::new().database("default", gate.migrator());
    let second = first.clone().lock_timeout(timeout);
    let late = async {
        gate.begun.notified().await;
        let start = std::time::Instant::now();
        let refused = second.up(&db, Steps::All).await;
        gate.go_on.notify_one();
        Ok((refused, start.elapsed()))
    };
    let both = try_join(first.up(&db, Steps::All), late);
    let (_, (refused, elapsed)) = soon("two migrators", both).await?;
    Ok((refused.expect_err("locked"), elapsed))
}

#[tokio::test]
async fn a_lock_that_is_not_waited_for_refuses_at_once() -> Result {
    for site in Sites::All.with("at_once", 1).await? {
        let (error, elapsed) = refused(&site, Duration::ZERO).await?;
        assert!(
            matches!(&error, MigrationError::Locked { database, .. } if *database == *"default")
        );
        assert!(elapsed < Duration::from_secs(5), "{elapsed:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_lock_is_waited_for_as_long_as_was_said() -> Result {
    for site in Sites::All.with("waits", 1).await? {
        let (error, elapsed) = refused(&site, Duration::from_millis(350)).await?;
        let text = error.to_string();
        assert_eq!(
            text,
            "another migrator has held the lock of default for 0.35 s; wait for it, or set a \
             longer lock_timeout(..). Nothing was done."
        );
        assert!(elapsed >= Duration::from_millis(350), "{elapsed:?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn eight_migrators_at_once_apply_each_migration_once() -> Result {
    for site in Sites::All.with("eight", 2).await? {
        let db = site.connect(&["shop", "stock"]).await?;
        let migrations = Migrations::new()
            .database("shop", creates(&["a", "b", "c"]))
            .database("stock", creates(&["d"]));
        let each = |_| {
            let (db, migrations) = (db.clone(), migrations.clone());
            tokio::spawn(async move { migrations.up(&db, Steps::All).await })
        };
        let mut ran = 0;
        for report in soon("eight migrators", join_all((0..8).map(each))).await {
            ran += report??.migrations();
        }
        assert_eq!(ran, 4);
        let rows: i64 = value(&plain(&db, "shop"), "SELECT COUNT(*) FROM seaql_migrations").await?;
        assert_eq!(rows, 3);
    }
    Ok(())
}

#[tokio::test]
async fn the_locks_of_two_databases_are_apart() -> Result {
    for site in Sites::All.with("apart", 2).await? {
        let db = site.connect(&["shop", "stock"]).await?;
        let gate = Gate::new();
        let shop = Migrations::new().database("shop", gate.migrator());
        let stock = Migrations::new()
            .database("stock", creates(&["b"]))
            .lock_timeout(Duration::ZERO);
        let beside = async {
            gate.begun.notified().await;
            let report = stock.up(&db, Steps::All).await;
            gate.go_on.notify_one();
            report
        };
        let (_, report) = soon("both", try_join(shop.up(&db, Steps::All), beside)).await?;
        assert_eq!(report.migrations(), 1);
    }
    Ok(())
}

#[tokio::test]
async fn a_link_to_an_sqlite_file_is_under_the_same_lock() -> Result {
    let site = Site::files()?;
    let db = site.connect(&["default"]).await?;
    let Engine::Files(dir) = &site.engine else {
        unreachable!("files");
    };
    let link = dir.path().join("link.db");
    std::os::unix::fs::symlink(dir.path().join(site.database(0) + ".db"), &link)?;
    let linked = RoutingConnection::builder()
        .database("default", format!("sqlite:{}", link.display()))
        .connect()
        .await?;
    let gate = Gate::new();
    let first = Migrations::new().database("default", gate.migrator());
    let second = Migrations::new()
        .database("default", creates(&["b"]))
        .lock_timeout(Duration::ZERO);
    let late = async {
        gate.begun.notified().await;
        let refused = second.up(&linked, Steps::All).await;
        gate.go_on.notify_one();
        Ok(refused)
    };
    let (_, refused) = soon("both", try_join(first.up(&db, Steps::All), late)).await?;
    assert!(error_of(refused).contains("another migrator"));
    Ok(())
}

#[tokio::test]
async fn what_was_done_before_a_locked_database_is_reported() -> Result {
    for site in Sites::All.with("then_locked", 3).await? {
        let db = site.connect(&["shop", "stock", "logs"]).await?;
        let gate = Gate::new();
        let holder = Migrations::new().database("stock", gate.migrator());
        let all = Migrations::new()
            .database("shop", creates(&["a"]))
            .database("stock", gate.migrator())
            .database("logs", creates(&["b"]))
            .lock_timeout(Duration::ZERO);
        let late = async {
            gate.begun.notified().await;
            let refused = all.up(&db, Steps::All).await;
            gate.go_on.notify_one();
            Ok(refused)
        };
        let (_, refused) = soon("both", try_join(holder.up(&db, Steps::All), late)).await?;
        let text = error_of(refused);
        assert!(
            text.ends_with("Done: shop (1 migration). Not reached: logs."),
            "{text}"
        );
        assert_eq!(all.up(&db, Steps::All).await?.migrations(), 1);
    }
    Ok(())
}
