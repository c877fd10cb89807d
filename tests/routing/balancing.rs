//! How reads are spread over the replicas of a database.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use sea_orm::{ConnectionTrait, EntityTrait, PaginatorTrait, Statement};
use sea_orm_routing::policy::{Candidate, Candidates, Random, ReplicaPolicy, RoundRobin};
use sea_orm_routing::{DatabaseOptions, ReplicaOptions};

use crate::entities::category;
use crate::shop::{Files, Result, Shop, nodes};

fn counted(nodes: &[String]) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for node in nodes {
        *counts.entry(node.as_str()).or_default() += 1;
    }
    counts
}

/// The nodes of so many reads.
async fn read(shop: &Shop, times: usize) -> Result<Vec<String>> {
    let routes = shop.db.record();
    for _ in 0..times {
        category::Entity::find().count(&shop.db).await?;
    }
    Ok(nodes(&routes))
}

#[tokio::test]
async fn reads_are_spread_over_both_replicas() -> Result {
    let shop = Shop::open().await?;
    let read = read(&shop, 60).await?;
    let counts = counted(&read);
    assert_eq!(
        counts.keys().copied().collect::<Vec<_>>(),
        ["default/2", "default/3"]
    );
    assert!(
        counts.values().all(|count| (15..=45).contains(count)),
        "{counts:?}"
    );
    Ok(())
}

#[tokio::test]
async fn one_seed_gives_one_sequence() -> Result {
    let (one, same) = (Shop::open().await?, Shop::open().await?);
    let other = Shop::with(|builder| builder.seed(8)).await?;
    let first = read(&one, 30).await?;
    assert_eq!(first, read(&same, 30).await?);
    assert_ne!(first, read(&other, 30).await?);
    Ok(())
}

#[tokio::test]
async fn round_robin_alternates() -> Result {
    let alternate = |files: &Files| {
        files
            .with_two_replicas("shop")
            .replica_policy(RoundRobin::default())
    };
    let shop = Shop::on(alternate, |builder| builder).await?;
    let read = read(&shop, 6).await?;
    assert_eq!(read[0..2], read[2..4]);
    assert_eq!(read[2..4], read[4..6]);
    assert_ne!(read[0], read[1]);
    Ok(())
}

#[tokio::test]
async fn round_robin_alternates_over_texts_that_were_never_seen() -> Result {
    let alternate = |files: &Files| {
        files
            .with_two_replicas("shop")
            .replica_policy(RoundRobin::default())
    };
    let shop = Shop::on(alternate, |builder| builder).await?;
    let routes = shop.db.record();
    for id in 0..10 {
        let sql = format!("SELECT name FROM category WHERE id = {id}");
        let statement = Statement::from_string(shop.db.get_database_backend(), sql);
        shop.db.query_all_raw(statement).await?;
    }
    let nodes = nodes(&routes);
    assert_eq!(
        counted(&nodes),
        [("default/2", 5), ("default/3", 5)].into(),
        "{nodes:?}"
    );
    Ok(())
}

#[tokio::test]
async fn a_replica_policy_is_asked_once_about_a_read() -> Result {
    #[derive(Debug)]
    struct Asked(Arc<Mutex<usize>>);
    impl ReplicaPolicy for Asked {
        fn choose<'n>(&self, candidates: &Candidates<'n>, _: u64) -> Candidate<'n> {
            *self.0.lock().expect("not poisoned") += 1;
            candidates.at(0)
        }
    }
    let asked = Arc::new(Mutex::new(0));
    let counting = |files: &Files| {
        let policy = Asked(Arc::clone(&asked));
        files.with_two_replicas("shop").replica_policy(policy)
    };
    let shop = Shop::on(counting, |builder| builder).await?;
    assert_eq!(read(&shop, 3).await?, ["default/2"; 3]);
    assert_eq!(*asked.lock().expect("not poisoned"), 3);
    Ok(())
}

#[tokio::test]
async fn weights_are_kept_in_proportion() -> Result {
    let weighted = |files: &Files| {
        DatabaseOptions::new(files.primary("shop"))
            .replica(ReplicaOptions::new(files.replica("shop")).name("light"))
            .replica(
                ReplicaOptions::new(files.replica("shop"))
                    .name("heavy")
                    .weight(3),
            )
            .replica_policy(Random)
    };
    let shop = Shop::on(weighted, |builder| builder).await?;
    let find = category::Entity::find();
    let mut heavy = 0;
    for _ in 0..4000 {
        heavy += usize::from(*shop.db.explain(&find)?.node() == "heavy");
    }
    assert!((2880..=3120).contains(&heavy), "{heavy} of 4000");
    Ok(())
}

#[tokio::test]
async fn a_policy_of_ones_own_sees_names_zones_and_weights() -> Result {
    type Seen = Arc<Mutex<Vec<(String, u32, Option<String>)>>>;
    #[derive(Debug)]
    struct Near(Seen);
    impl ReplicaPolicy for Near {
        fn choose<'n>(&self, candidates: &Candidates<'n>, _: u64) -> Candidate<'n> {
            *self.0.lock().expect("not poisoned") = candidates
                .iter()
                .map(|c| {
                    (
                        c.name().to_string(),
                        c.weight(),
                        c.zone().map(str::to_owned),
                    )
                })
                .collect();
            let near = candidates.iter().find(|c| c.zone() == Some("near"));
            near.unwrap_or_else(|| candidates.at(0))
        }
    }
    let seen = Seen::default();
    let zones = |files: &Files| {
        DatabaseOptions::new(files.primary("shop"))
            .replica(ReplicaOptions::new(files.replica("shop")).weight(2))
            .replica(
                ReplicaOptions::new(files.replica("shop"))
                    .name("here")
                    .zone("near"),
            )
            .replica_policy(Near(Arc::clone(&seen)))
    };
    let shop = Shop::on(zones, |builder| builder).await?;
    assert_eq!(read(&shop, 3).await?, ["here"; 3]);
    let expected = [
        ("default/2".to_owned(), 2, None),
        ("here".to_owned(), 1, Some("near".to_owned())),
    ];
    assert_eq!(*seen.lock().expect("not poisoned"), expected);
    Ok(())
}
