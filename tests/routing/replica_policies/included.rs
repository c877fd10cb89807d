//! The primary as a candidate like the replicas.

use futures_util::TryStreamExt;
use sea_orm::{EntityTrait, PaginatorTrait};
use sea_orm_routing::policy::{
    LeastInFlight, PeakEwma, PrimaryReads, Random, ReplicaPolicy, RoundRobin, Zones,
};
use sea_orm_routing::{DatabaseOptions, Role};

use super::{choices, read_that_counts_to, shop_on, slow_read, two_zones};
use crate::entities::category;
use crate::shop::{Files, Result, Shop, assert_says, nodes};

fn include(options: DatabaseOptions, policy: impl ReplicaPolicy + 'static) -> DatabaseOptions {
    options
        .replica_policy(policy)
        .primary_reads(PrimaryReads::Include)
}

async fn included(policy: impl ReplicaPolicy + 'static) -> Result<Shop> {
    shop_on(|files| include(files.with_two_replicas("shop"), policy)).await
}

fn one_replica(files: &Files) -> DatabaseOptions {
    DatabaseOptions::new(files.primary("shop")).replica(files.replica("shop"))
}

#[tokio::test]
async fn reads_go_to_the_primary_too_and_explain_names_it() -> Result {
    let shop = included(Random).await?;
    let counts = choices(&shop.db, 300)?;
    assert_eq!(counts.len(), 3);
    assert!(counts.values().all(|count| *count > 60), "{counts:?}");
    let explained = (0..100).map(|_| shop.db.explain(&category::Entity::find()));
    let routes: std::result::Result<Vec<_>, _> = explained.collect();
    let primary = routes?.into_iter().find(|it| it.role() == Role::Primary);
    let primary = primary.expect("a read of the primary");
    assert_says(
        &primary,
        &["default/1, the primary of default", "random, one of 3"],
    );
    Ok(())
}

#[tokio::test]
async fn a_request_for_a_replica_never_gets_the_primary() -> Result {
    let shop = included(RoundRobin::default()).await?;
    let counts = choices(&shop.db.on_replica(), 60)?;
    assert!(!counts.contains_key("default/1"), "{counts:?}");
    Ok(())
}

#[tokio::test]
async fn a_stream_on_the_primary_makes_it_busy() -> Result {
    let shop = shop_on(|files| include(one_replica(files), LeastInFlight)).await?;
    // SQLite's pools have one connection each.
    let mut first = category::Entity::find().stream(&shop.db).await?;
    let mut second = category::Entity::find().stream(&shop.db).await?;
    first.try_next().await?;
    second.try_next().await?;
    let topology = shop.db.topology();
    for node in ["default/1", "default/2"] {
        let in_flight = topology.find(node).map(|it| it.in_flight());
        assert_eq!(in_flight, Some(1), "{node}");
    }
    Ok(())
}

#[tokio::test]
async fn reads_at_the_same_time_are_spread_over_primary_and_replica() -> Result {
    let shop = shop_on(|files| include(one_replica(files), LeastInFlight)).await?;
    let routes = shop.db.record();
    let reads = (0..8).map(|_| slow_read(&shop.db));
    futures_util::future::try_join_all(reads).await?;
    // A read that waited too long for a connection may have gone elsewhere after these.
    let nodes = &nodes(&routes)[..8];
    let primary = nodes.iter().filter(|node| *node == "default/1").count();
    assert_eq!(primary, 4, "{nodes:?}");
    Ok(())
}

#[tokio::test]
async fn a_slow_primary_is_avoided() -> Result {
    let shop = shop_on(|files| include(one_replica(files), PeakEwma)).await?;
    let routes = shop.db.record();
    // Each read goes to the faster of the two, until one makes the primary the slower.
    for round in 1..=100 {
        read_that_counts_to(round * 20_000, &shop.db).await?;
        let served = nodes(&routes);
        let slow = served.last().is_some_and(|node| node == "default/1");
        let known = served.iter().any(|node| node == "default/2");
        if slow && known && choices(&shop.db, 100)? == [("default/2".to_owned(), 100)].into() {
            return Ok(());
        }
    }
    panic!(
        "the slow primary is not avoided: {:?}",
        choices(&shop.db, 100)?
    );
}

#[tokio::test]
async fn a_read_that_the_primary_fails_goes_to_a_replica() -> Result {
    let shop = included(RoundRobin::default()).await?;
    shop.db.primary("default")?.close().await?;
    for read in 0..12 {
        let count = category::Entity::find().count(&shop.db).await;
        assert_eq!(count?, 500, "read {read}");
    }
    Ok(())
}

#[tokio::test]
async fn the_primary_stands_in_its_zone() -> Result {
    let policy = Zones::prefer("near", RoundRobin::default());
    let shop = shop_on(|files| include(two_zones(files), policy)).await?;
    let counts = choices(&shop.db, 100)?;
    let names: Vec<_> = counts.keys().map(String::as_str).collect();
    assert_eq!(names, ["default/1", "default/2"]);
    Ok(())
}

#[tokio::test]
async fn without_replicas_it_is_the_primary() -> Result {
    let alone = |files: &Files| include(DatabaseOptions::new(files.primary("shop")), Random);
    let shop = shop_on(alone).await?;
    assert_eq!(choices(&shop.db, 5)?, [("default/1".to_owned(), 5)].into());
    assert_eq!(category::Entity::find().count(&shop.db).await?, 500);
    Ok(())
}
