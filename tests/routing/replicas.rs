//! Reads go to replicas, spread as declared; nothing else does.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use sea_orm::{
    ColumnTrait, ConnectOptions, ConnectionTrait, Database, EntityTrait, PaginatorTrait,
    QueryFilter, Statement,
};
use sea_orm_routing::{
    Candidate, Candidates, DatabaseOptions, ReplicaGuard, ReplicaOptions, ReplicaPolicy, Role,
    RoundRobin, Weighted,
};

use crate::entities::category;
use crate::shop::{Files, Result, Shop, add_category, assert_says, nodes};

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
        fn choose<'c>(&self, candidates: &'c Candidates<'_>, _: u64) -> &'c Candidate<'c> {
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
            .replica_policy(Weighted)
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
        fn choose<'c>(&self, candidates: &'c Candidates<'_>, _: u64) -> &'c Candidate<'c> {
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

#[tokio::test]
async fn a_read_sees_the_row_that_was_written_before_it() -> Result {
    let shop = Shop::open().await?;
    for n in 0..20 {
        let name = format!("category {n}");
        let written = add_category(&shop.db, &name).await?;
        let by_name = category::Entity::find().filter(category::Column::Name.eq(&name));
        assert_eq!(shop.db.explain(&by_name)?.role(), Role::Replica);
        assert_eq!(by_name.one(&shop.db).await?, Some(written));
    }
    Ok(())
}

#[tokio::test]
async fn only_proven_reads_go_to_a_replica() -> Result {
    let shop = Shop::open().await?;
    for (sql, role) in [
        ("SELECT * FROM category", Role::Replica),
        ("SELECT upper(name) FROM category", Role::Replica),
        ("SELECT my_own(name) FROM category", Role::Primary),
        ("SELECT last_insert_rowid()", Role::Primary),
        (
            "INSERT INTO category (name) VALUES ('x') RETURNING id",
            Role::Primary,
        ),
        ("WITH c AS (SELECT 1) DELETE FROM category", Role::Primary),
        ("SELECT 1; DELETE FROM category", Role::Primary),
        ("PRAGMA user_version = 3", Role::Primary),
        ("BEGIN", Role::Primary),
        ("CREATE INDEX i ON category (name)", Role::Primary),
    ] {
        assert_eq!(shop.db.explain_sql(sql)?.role(), role, "{sql}");
    }
    let own = Shop::with(|builder| builder.read_only_function("my_own")).await?;
    let declared = own.db.explain_sql("SELECT my_own(name) FROM category")?;
    assert_eq!(declared.role(), Role::Replica);
    Ok(())
}

#[tokio::test]
async fn the_guard_of_a_replica_refuses_what_is_written_past_the_router() -> Result {
    let shop = Shop::open().await?;
    let replica = shop.db.node("default/2")?;
    let refused = add_category(&replica, "Tea").await.expect_err("read-only");
    assert_says(&refused, &["readonly"]);
    assert_eq!(category::Entity::find().count(&shop.db).await?, 0);
    Ok(())
}

#[tokio::test]
async fn without_the_guard_the_pool_is_opened_as_it_is() -> Result {
    let off = |files: &Files| {
        files
            .with_two_replicas("shop")
            .replica_guard(ReplicaGuard::Off)
    };
    let shop = Shop::on(off, |builder| builder).await?;
    add_category(&shop.db.node("default/2")?, "Tea").await?;
    assert_eq!(category::Entity::find().count(&shop.db).await?, 1);
    Ok(())
}

#[tokio::test]
async fn a_replica_can_be_options_or_an_open_connection() -> Result {
    let shop = Shop::open().await?;
    add_category(&shop.db, "Tea").await?;
    let url = shop.files.replica("shop");
    let db = sea_orm_routing::RoutingConnection::builder()
        .database(
            "default",
            DatabaseOptions::new(shop.db.primary("default")?)
                .replica(ConnectOptions::new(url.clone()))
                .replica(Database::connect(&url).await?),
        )
        .connect()
        .await?;
    for node in ["default/2", "default/3"] {
        let found = category::Entity::find().all(&db.using(node)?).await?;
        assert_eq!(found.len(), 1, "{node}");
    }
    let options = db
        .node("default/2")?
        .execute_unprepared("DELETE FROM category")
        .await;
    assert_says(
        &options.expect_err("the guard holds for options too"),
        &["readonly"],
    );
    Ok(())
}

#[tokio::test]
async fn the_topology_lists_every_node() -> Result {
    let shop = Shop::open().await?;
    let topology = shop.db.topology();
    let names: Vec<_> = topology
        .databases()
        .iter()
        .map(|d| d.name().as_str())
        .collect();
    assert_eq!(names, ["default", "warehouse"]);
    let nodes: Vec<_> = topology.nodes_of(&topology.databases()[0]).collect();
    assert_eq!(nodes.len(), 3);
    assert_eq!(nodes[0].role(), Role::Primary);
    assert!(
        nodes[1..]
            .iter()
            .all(|node| node.role() == Role::Replica && node.is_up())
    );
    assert_says(
        &*topology,
        &[
            "default (SQLite)",
            "default/3",
            "warehouse/2",
            "replica  up",
        ],
    );
    Ok(())
}
