//! Replicas that cannot serve reads: reads fall back to another node, or fail as declared.

use std::time::Duration;

use futures_util::TryStreamExt;
use sea_orm::{
    ConnectOptions, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, TransactionTrait,
};
use sea_orm_routing::error::AvailabilityError;
use sea_orm_routing::policy::PrimaryReads;
use sea_orm_routing::{DatabaseOptions, ReplicaOptions, Role, RoutingError};

use crate::entities::category;
use crate::shop::{Files, Result, Shop, add_category, assert_error, nodes};

/// One replica whose file does not exist.
fn missing(files: &Files) -> DatabaseOptions {
    DatabaseOptions::new(files.primary("shop")).replica(files.replica("missing"))
}

#[tokio::test]
async fn replica_file_is_missing() -> Result {
    let shop = Shop::on(missing, |builder| builder).await?;
    add_category(&shop.db, "Tea").await?;
    let routes = shop.db.record();
    assert_eq!(category::Entity::find().count(&shop.db).await?, 1);
    let last = routes.routes().pop().expect("a route");
    assert_eq!(
        (last.node().as_str(), last.role()),
        ("default/1", Role::Primary)
    );
    assert_eq!(last.why_node(), "no replica is available");
    let topology = shop.db.topology();
    let replica = topology.databases()[0].nodes().nth(1).expect("a replica");
    assert!(!replica.is_up());
    Ok(())
}

#[tokio::test]
async fn replica_file_is_missing_for_a_stream() -> Result {
    let shop = Shop::on(missing, |builder| builder).await?;
    add_category(&shop.db, "Tea").await?;
    let rows = category::Entity::find().stream(&shop.db).await?;
    assert_eq!(rows.try_collect::<Vec<_>>().await?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn one_replica_file_of_two_is_missing() -> Result {
    let half = |files: &Files| missing(files).replica(files.replica("shop"));
    let shop = Shop::on(half, |builder| builder).await?;
    add_category(&shop.db, "Tea").await?;
    let routes = shop.db.record();
    for _ in 0..20 {
        assert_eq!(category::Entity::find().count(&shop.db).await?, 1);
    }
    let nodes = nodes(&routes);
    assert!(!nodes.contains(&"default/1".to_owned()), "{nodes:?}");
    assert!(nodes.contains(&"default/3".to_owned()), "{nodes:?}");
    Ok(())
}

#[tokio::test]
async fn replica_file_is_missing_and_reads_may_not_fall_back() -> Result {
    let strict = |files: &Files| missing(files).primary_reads(PrimaryReads::Never);
    let shop = Shop::on(strict, |builder| builder).await?;
    let failed = category::Entity::find()
        .count(&shop.db)
        .await
        .expect_err("no replica");
    assert_error!(
        failed,
        RoutingError::Availability(AvailabilityError::NoReplica { database, considered, .. })
            if *database == "default"
                && considered.iter().any(|it| it.node == "default/2"
                && &*it.state == "down")
    );
    Ok(())
}

#[tokio::test]
async fn there_is_no_replica_and_reads_may_not_fall_back() -> Result {
    let none = |files: &Files| {
        DatabaseOptions::new(files.primary("shop")).primary_reads(PrimaryReads::Never)
    };
    let shop = Shop::on(none, |builder| builder).await?;
    add_category(&shop.db, "Tea").await?;
    let failed = category::Entity::find()
        .count(&shop.db)
        .await
        .expect_err("no replica");
    assert_error!(
        failed,
        RoutingError::Availability(AvailabilityError::NoReplica { considered, .. })
            if considered.is_empty()
    );
    assert_eq!(
        category::Entity::find()
            .count(&shop.db.on_primary())
            .await?,
        1
    );
    Ok(())
}

#[tokio::test]
async fn without_replicas_reads_go_to_the_primary() -> Result {
    let none = |files: &Files| DatabaseOptions::new(files.primary("shop"));
    let shop = Shop::on(none, |builder| builder).await?;
    let route = shop.db.explain(&category::Entity::find())?;
    assert_eq!(*route.node(), "default/1");
    assert_eq!(route.why_node(), "the database has no replicas");
    assert_eq!(category::Entity::find().count(&shop.db).await?, 0);
    Ok(())
}

#[tokio::test]
async fn a_missing_replica_that_was_chosen_by_name_is_an_error() -> Result {
    let shop = Shop::on(missing, |builder| builder).await?;
    let chosen = shop.db.using("default/2")?;
    let failed = category::Entity::find()
        .count(&chosen)
        .await
        .expect_err("missing");
    assert_error!(
        failed,
        RoutingError::Availability(AvailabilityError::Connect { node, source, .. })
            if *node == "default/2"
                && source.to_string().contains("unable to open database file")
    );
    assert_error!(
        shop.db.node("default/2").expect_err("missing"),
        RoutingError::Availability(AvailabilityError::NotOpen { node, .. })
            if *node == "default/2"
    );
    Ok(())
}

#[tokio::test]
async fn replica_file_appears_after_the_start() -> Result {
    let late = |files: &Files| {
        DatabaseOptions::new(files.primary("shop"))
            .replica(ReplicaOptions::new(files.replica("late")).name("late"))
    };
    let shop = Shop::on(late, |builder| builder).await?;
    add_category(&shop.db, "Tea").await?;
    let checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)";
    shop.db
        .primary("default")?
        .execute_unprepared(checkpoint)
        .await?;
    std::fs::copy(shop.files.path("shop"), shop.files.path("late"))?;

    let routes = shop.db.record();
    assert_eq!(category::Entity::find().count(&shop.db).await?, 1);
    assert_eq!(nodes(&routes), ["late"]);
    Ok(())
}

#[tokio::test]
async fn primary_file_cannot_be_opened() -> Result {
    let files = Files::new()?;
    let connected = sea_orm_routing::RoutingConnection::builder()
        .database("default", files.replica("missing"))
        .connect()
        .await;
    let error = connected.expect_err("no such file");
    assert_error!(
        error,
        RoutingError::Availability(AvailabilityError::Connect { node, source, .. })
            if *node == "default/1"
                && source.to_string().contains("unable to open database file")
    );
    Ok(())
}

#[tokio::test]
async fn replica_pool_is_closed_under_the_router() -> Result {
    let shop = Shop::open().await?;
    add_category(&shop.db, "Tea").await?;
    shop.db.node("default/2")?.close().await?;
    let routes = shop.db.record();
    for _ in 0..20 {
        assert_eq!(category::Entity::find().count(&shop.db).await?, 1);
    }
    let last = nodes(&routes).split_off(10);
    assert!(last.iter().all(|node| node == "default/3"), "{last:?}");
    Ok(())
}

#[tokio::test]
async fn every_replica_pool_is_closed_under_the_router() -> Result {
    let shop = Shop::open().await?;
    add_category(&shop.db, "Tea").await?;
    for node in ["default/2", "default/3"] {
        shop.db.node(node)?.close().await?;
    }
    for _ in 0..4 {
        assert_eq!(category::Entity::find().count(&shop.db).await?, 1);
    }
    assert_eq!(
        *shop.db.explain(&category::Entity::find())?.node(),
        "default/1"
    );
    Ok(())
}

#[tokio::test]
async fn a_failing_statement_is_not_tried_elsewhere() -> Result {
    let shop = Shop::open().await?;
    let routes = shop.db.record();
    let failed = shop.db.query_all_raw(sea_orm::Statement::from_string(
        sea_orm::DbBackend::Sqlite,
        "SELECT no_such_column FROM category",
    ));
    assert!(matches!(failed.await, Err(DbErr::Query(_))));
    assert_eq!(routes.routes().len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_replica_that_is_busy_is_not_said_to_be_up_and_unavailable() -> Result {
    let busy = |files: &Files| {
        let mut replica = ConnectOptions::new(files.replica("shop"));
        replica
            .max_connections(1)
            .acquire_timeout(Duration::from_millis(50));
        DatabaseOptions::new(files.primary("shop"))
            .replica(replica)
            .primary_reads(PrimaryReads::Never)
    };
    let shop = Shop::on(busy, |builder| builder).await?;
    let held = shop.db.node("default/2")?.begin().await?;
    let error = category::Entity::find().all(&shop.db).await;
    let text = error.expect_err("busy").to_string();
    assert!(
        text.contains("\"default/2\" is up, but failed this statement"),
        "{text}"
    );
    drop(held);
    Ok(())
}
