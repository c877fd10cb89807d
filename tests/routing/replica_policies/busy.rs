//! Policies that compare how busy and how slow replicas are.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::{FutureExt, TryStreamExt};
use sea_orm::{ConnectionTrait, DbBackend, EntityTrait, Statement};
use sea_orm_routing::RoutingConnection;
use sea_orm_routing::policy::{
    Candidate, Candidates, LeastInFlight, PeakEwma, Random, ReplicaPolicy, RoundRobin,
};

use super::{choices, shop, shop_on, slow_read, two_zones};
use crate::entities::category;
use crate::shop::{Result, assert_says};

fn in_flight(db: &RoutingConnection, node: &str) -> u32 {
    db.topology().find(node).expect("a node").in_flight()
}

#[tokio::test]
async fn the_idle_replica_is_preferred_while_a_stream_is_open_on_the_other() -> Result {
    let shop = shop(LeastInFlight).await?;
    assert_eq!(choices(&shop.db, 100)?.len(), 2);
    let mut rows = category::Entity::find().stream(&shop.db).await?;
    rows.try_next().await?;
    let busy = ["default/2", "default/3"].map(|node| in_flight(&shop.db, node));
    let idle = match busy {
        [1, 0] => "default/3",
        [0, 1] => "default/2",
        other => panic!("{other:?} in flight"),
    };
    assert_eq!(choices(&shop.db, 100)?, [(idle.to_owned(), 100)].into());
    let route = shop.db.explain(&category::Entity::find())?;
    assert_says(&route, &[idle, "least in flight, one of 2 replicas"]);
    drop(rows);
    assert_eq!(in_flight(&shop.db, "default/2"), 0);
    assert_eq!(in_flight(&shop.db, "default/3"), 0);
    assert_eq!(choices(&shop.db, 100)?.len(), 2);
    Ok(())
}

#[tokio::test]
async fn a_stream_that_was_read_to_its_end_counts_no_more() -> Result {
    let shop = shop(LeastInFlight).await?;
    let rows = category::Entity::find().stream(&shop.db).await?;
    let rows: Vec<_> = rows.try_collect().await?;
    assert_eq!(rows.len(), 500);
    assert_eq!(in_flight(&shop.db, "default/2"), 0);
    assert_eq!(in_flight(&shop.db, "default/3"), 0);
    Ok(())
}

#[tokio::test]
async fn reads_at_the_same_time_are_spread_evenly() -> Result {
    let shop = shop(LeastInFlight).await?;
    let routes = shop.db.record();
    let reads = (0..8).map(|_| slow_read(&shop.db));
    futures_util::future::try_join_all(reads).await?;
    // A read that waited too long for a connection may have gone elsewhere after these.
    let nodes = &crate::shop::nodes(&routes)[..8];
    let second = nodes.iter().filter(|node| *node == "default/2").count();
    assert_eq!(second, 4, "{nodes:?}");
    Ok(())
}

#[tokio::test]
async fn failed_and_cut_off_reads_count_no_more() -> Result {
    let shop = shop(LeastInFlight).await?;
    for _ in 0..10 {
        let statement = Statement::from_string(DbBackend::Sqlite, "SELECT nothing FROM category");
        assert!(shop.db.query_all_raw(statement).await.is_err());
        let mut read = Box::pin(slow_read(&shop.db));
        assert!((&mut read).now_or_never().is_none());
    }
    assert_eq!(in_flight(&shop.db, "default/2"), 0);
    assert_eq!(in_flight(&shop.db, "default/3"), 0);
    Ok(())
}

#[tokio::test]
async fn a_slow_replica_is_avoided() -> Result {
    let shop = shop(PeakEwma).await?;
    // Both are measured, one under load and one idle.
    let routes = shop.db.record();
    slow_read(&shop.db).await?;
    let slow = crate::shop::nodes(&routes)[0].clone();
    for _ in 0..4 {
        category::Entity::find().one(&shop.db).await?;
    }
    let counts = choices(&shop.db, 200)?;
    assert_eq!(counts.len(), 1, "{slow} is slow: {counts:?}");
    assert!(!counts.contains_key(&slow), "{slow} is slow: {counts:?}");
    Ok(())
}

#[tokio::test]
async fn nothing_is_measured_for_a_policy_that_does_not_ask() -> Result {
    let shop = shop(Random).await?;
    slow_read(&shop.db).await?;
    assert_eq!(choices(&shop.db, 100)?.len(), 2);
    Ok(())
}

#[tokio::test]
async fn only_one_policy_uses_weights() -> Result {
    let shop = shop_on(|files| two_zones(files).replica_policy(RoundRobin::default())).await?;
    let counts = choices(&shop.db, 300)?;
    assert!(counts.values().all(|count| *count > 90), "{counts:?}");
    let shop = shop_on(|files| two_zones(files).replica_policy(LeastInFlight)).await?;
    let counts = choices(&shop.db, 300)?;
    assert!(counts.values().all(|count| *count > 90), "{counts:?}");
    let shop = shop_on(two_zones).await?;
    let counts = choices(&shop.db, 300)?;
    assert_eq!(counts, [("default/3".to_owned(), 300)].into());
    Ok(())
}

/// Records the latencies of its candidates.
#[derive(Debug, Default)]
struct Slowest(Arc<Mutex<Duration>>);

impl ReplicaPolicy for Slowest {
    fn choose<'n>(&self, candidates: &Candidates<'n>, _random: u64) -> Candidate<'n> {
        let slowest = candidates.iter().filter_map(Candidate::latency).max();
        *self.0.lock().expect("no panic") = slowest.unwrap_or_default();
        candidates.at(0)
    }

    fn measures_latency(&self) -> bool {
        true
    }
}

#[tokio::test]
async fn a_reader_that_takes_its_time_does_not_make_the_replica_look_slow() -> Result {
    const ITS_TIME: Duration = Duration::from_secs(2);
    let slowest = Arc::default();
    let shop = shop(Slowest(Arc::clone(&slowest))).await?;
    let mut rows = category::Entity::find().stream(&shop.db).await?;
    rows.try_next().await?;
    // The time the caller spends on its rows.
    tokio::time::sleep(ITS_TIME).await;
    let rest: Vec<_> = rows.try_collect().await?;
    assert_eq!(rest.len(), 499);
    shop.db.explain(&category::Entity::find())?;
    let slowest = *slowest.lock().expect("no panic");
    assert!(
        Duration::ZERO < slowest && slowest < ITS_TIME / 4,
        "{slowest:?}"
    );
    Ok(())
}
