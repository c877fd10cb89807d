//! Transactions declared as read-only, on replicas if that is configured.

use sea_orm::{
    AccessMode, ConnectionTrait, EntityTrait, IsolationLevel, PaginatorTrait, TransactionTrait,
};
use sea_orm_routing::error::{RefusedError, TxnError};
use sea_orm_routing::transaction::ReadOnlyTransactions;
use sea_orm_routing::{DatabaseOptions, Role, RoutingConnection, RoutingError};

use crate::entities::category;
use crate::entities::warehouse::stock;
use crate::shop::{Files, Result, Shop, add_category, assert_error, nodes, routing};

const READ_ONLY: Option<AccessMode> = Some(AccessMode::ReadOnly);

/// A handle whose read-only transactions run on replicas.
fn on_replicas(shop: &Shop) -> RoutingConnection {
    let replica = ReadOnlyTransactions::Replica;
    shop.db.read_only_transactions(replica)
}

/// The nodes of so many reads in one read-only transaction of `db`.
async fn read(shop: &Shop, db: &RoutingConnection, reads: usize) -> Result<Vec<String>> {
    let routes = shop.db.record();
    let txn = db.begin_with_config(None, READ_ONLY).await?;
    for _ in 0..reads {
        category::Entity::find().count(&txn).await?;
    }
    txn.commit().await?;
    Ok(nodes(&routes))
}

#[tokio::test]
async fn they_stay_on_the_primary_by_default() -> Result {
    let shop = Shop::open().await?;
    assert_eq!(read(&shop, &shop.db, 2).await?, ["default/1"; 2]);
    Ok(())
}

#[tokio::test]
async fn they_keep_one_replica_of_each_database() -> Result {
    let shop = Shop::open().await?;
    let db = on_replicas(&shop);
    let mut used = std::collections::BTreeSet::new();
    for _ in 0..20 {
        let routes = shop.db.record();
        let txn = db.begin_with_config(None, READ_ONLY).await?;
        for _ in 0..3 {
            category::Entity::find().count(&txn).await?;
            stock::Entity::find().count(&txn).await?;
        }
        let nested = txn.begin().await?;
        category::Entity::find().count(&nested).await?;
        nested.commit().await?;
        txn.commit().await?;
        routes.assert_routed(category::Entity, "default", Role::Replica);
        routes.assert_routed(stock::Entity, "warehouse", Role::Replica);
        let mut nodes = nodes(&routes);
        nodes.sort();
        nodes.dedup();
        assert_eq!(nodes.len(), 2, "one of each database: {nodes:?}");
        used.insert(nodes.swap_remove(0));
    }
    assert_eq!(used.len(), 2, "both replicas are used: {used:?}");
    Ok(())
}

#[tokio::test]
async fn it_is_a_choice_of_the_builder_and_of_on_replica_too() -> Result {
    let replica = ReadOnlyTransactions::Replica;
    let shop = Shop::with(|builder| builder.read_only_transactions(replica)).await?;
    let node = read(&shop, &shop.db, 1).await?.remove(0);
    assert_ne!(node, "default/1");
    let shop = Shop::open().await?;
    let node = read(&shop, &shop.db.on_replica(), 1).await?.remove(0);
    assert_ne!(node, "default/1");
    Ok(())
}

#[tokio::test]
async fn on_primary_beats_it() -> Result {
    let shop = Shop::open().await?;
    let db = on_replicas(&shop).on_primary();
    assert_eq!(read(&shop, &db, 2).await?, ["default/1"; 2]);
    let primary = ReadOnlyTransactions::Primary;
    let db = on_replicas(&shop).read_only_transactions(primary);
    assert_eq!(read(&shop, &db, 1).await?, ["default/1"]);
    Ok(())
}

#[tokio::test]
async fn a_node_that_was_chosen_is_where_it_runs() -> Result {
    let shop = Shop::open().await?;
    let db = on_replicas(&shop).using("default/1")?;
    assert_eq!(read(&shop, &db, 1).await?, ["default/1"]);
    Ok(())
}

#[tokio::test]
async fn a_view_of_the_primary_is_not_served_by_a_replica() -> Result {
    let shop = Shop::open().await?;
    let routes = shop.db.record();
    let txn = on_replicas(&shop)
        .begin_with_config(None, READ_ONLY)
        .await?;
    category::Entity::find().count(&txn).await?;
    let primary = txn.using("default/1")?;
    let read = category::Entity::find().count(&primary).await;
    if read.is_ok() {
        assert_eq!(nodes(&routes).last().map(String::as_str), Some("default/1"));
    }
    Ok(())
}

#[tokio::test]
async fn others_are_not_moved() -> Result {
    let shop = Shop::open().await?;
    let db = on_replicas(&shop);
    let routes = shop.db.record();
    let read_write = Some(AccessMode::ReadWrite);
    for (level, mode) in [
        (None, None),
        (None, read_write),
        (Some(IsolationLevel::Serializable), READ_ONLY),
    ] {
        let txn = db.begin_with_config(level, mode).await?;
        category::Entity::find().count(&txn).await?;
        txn.commit().await?;
    }
    assert_eq!(nodes(&routes), ["default/1"; 3]);
    let level = Some(IsolationLevel::RepeatableRead);
    let txn = db.begin_with_config(level, READ_ONLY).await?;
    category::Entity::find().count(&txn).await?;
    assert_ne!(nodes(&routes).pop().as_deref(), Some("default/1"));
    Ok(())
}

#[tokio::test]
async fn on_replica_never_silently_becomes_the_primary() -> Result {
    let shop = Shop::open().await?;
    let db = shop.db.on_replica();
    for (level, mode) in [
        (None, Some(AccessMode::ReadWrite)),
        (Some(IsolationLevel::Serializable), None),
        (Some(IsolationLevel::Serializable), READ_ONLY),
    ] {
        let txn = db.begin_with_config(level, mode).await?;
        let refused = category::Entity::find().count(&txn).await;
        let refused = refused.expect_err("it would run on the primary");
        assert!(matches!(
            routing(&refused),
            RoutingError::Transaction(TxnError::ReplicaInTransaction { .. })
        ));
    }
    Ok(())
}

#[tokio::test]
async fn a_transaction_of_on_replica_reads_on_one_replica() -> Result {
    let shop = Shop::open().await?;
    let routes = shop.db.record();
    let txn = shop.db.on_replica().begin().await?;
    for _ in 0..5 {
        category::Entity::find().count(&txn).await?;
    }
    let refused = add_category(&txn, "no").await.expect_err("it only reads");
    assert!(
        matches!(
            routing(&refused),
            RoutingError::Refused(RefusedError::ReadOnly { .. })
        ),
        "{refused}"
    );
    txn.commit().await?;
    let nodes = nodes(&routes);
    assert_ne!(nodes[0], "default/1");
    assert_eq!(nodes, vec![nodes[0].clone(); 5]);
    Ok(())
}

#[tokio::test]
async fn writes_are_refused_before_they_are_sent() -> Result {
    let shop = Shop::open().await?;
    let txn = on_replicas(&shop)
        .begin_with_config(None, READ_ONLY)
        .await?;
    category::Entity::find().count(&txn).await?;
    let refused = add_category(&txn, "no").await.expect_err("a write");
    assert!(matches!(
        routing(&refused),
        RoutingError::Refused(RefusedError::ReadOnly { .. })
    ));
    let there = txn.using("default")?;
    let refused = there
        .execute_unprepared("CREATE TABLE t (id INTEGER)")
        .await;
    assert_error!(
        refused.expect_err("a schema change"),
        RoutingError::Refused(RefusedError::ReadOnly { .. })
    );
    assert_eq!(category::Entity::find().count(&txn).await?, 0);
    txn.commit().await?;
    Ok(())
}

#[tokio::test]
async fn explain_names_the_replica_it_is_on() -> Result {
    let shop = Shop::open().await?;
    let routes = shop.db.record();
    let txn = on_replicas(&shop)
        .begin_with_config(None, READ_ONLY)
        .await?;
    category::Entity::find().count(&txn).await?;
    let route = txn.explain(&category::Entity::find())?;
    assert_eq!(route.node().as_str(), nodes(&routes)[0]);
    assert_eq!(route.role(), Role::Replica);
    Ok(())
}

#[tokio::test]
async fn explain_names_a_replica_before_the_first_statement() -> Result {
    let shop = Shop::open().await?;
    let txn = on_replicas(&shop)
        .begin_with_config(None, READ_ONLY)
        .await?;
    let route = txn.explain(&category::Entity::find())?;
    assert_eq!(route.role(), Role::Replica, "{route}");
    Ok(())
}

#[tokio::test]
async fn a_route_on_a_replica_says_why_it_is_there() -> Result {
    let shop = Shop::open().await?;
    let routes = shop.db.record();
    let txn = on_replicas(&shop)
        .begin_with_config(None, READ_ONLY)
        .await?;
    category::Entity::find().count(&txn).await?;
    let route = routes.routes().remove(0);
    assert_eq!(route.role(), Role::Replica);
    let text = route.to_string();
    let primary = "the primary of";
    assert!(!text.contains(primary), "it is on a replica: {text}");
    Ok(())
}

#[tokio::test]
async fn without_replicas_they_run_on_the_primary() -> Result {
    let one = |files: &Files| DatabaseOptions::new(files.primary("shop"));
    let shop = Shop::on(one, |builder| builder).await?;
    let db = on_replicas(&shop);
    assert_eq!(read(&shop, &db, 2).await?, ["default/1"; 2]);
    Ok(())
}

#[tokio::test]
async fn a_replica_that_cannot_be_opened_is_passed_over() -> Result {
    let one_dead = |files: &Files| {
        DatabaseOptions::new(files.primary("shop"))
            .replica(files.replica("missing"))
            .replica(files.replica("shop"))
    };
    let shop = Shop::on(one_dead, |builder| builder).await?;
    let db = on_replicas(&shop);
    for _ in 0..10 {
        assert_eq!(read(&shop, &db, 1).await?, ["default/3"]);
    }
    let all_dead =
        |files: &Files| DatabaseOptions::new(files.primary("shop")).replica(files.replica("gone"));
    let shop = Shop::on(all_dead, |builder| builder).await?;
    let db = on_replicas(&shop);
    assert_eq!(read(&shop, &db, 2).await?, ["default/1"; 2]);
    Ok(())
}

/// Without a monitor, only an attempt can find out that a node is back.
#[tokio::test]
async fn one_that_tries_a_replica_brings_it_back() -> Result {
    let late = |files: &Files| {
        let primary = DatabaseOptions::new(files.primary("shop"));
        primary.replica(files.replica("late")).monitored(false)
    };
    let shop = Shop::on(late, |builder| builder).await?;
    category::Entity::find().all(&shop.db).await?;
    assert!(!is_up(&shop.db, "default/2"), "its file is missing");
    let checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)";
    let primary = shop.db.primary("default")?;
    primary.execute_unprepared(checkpoint).await?;
    std::fs::copy(shop.files.path("shop"), shop.files.path("late"))?;

    let db = on_replicas(&shop);
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while !is_up(&shop.db, "default/2") {
        assert!(
            std::time::Instant::now() < deadline,
            "{}",
            shop.db.topology()
        );
        read(&shop, &db, 1).await?;
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    Ok(())
}

fn is_up(db: &RoutingConnection, node: &str) -> bool {
    let topology = db.topology();
    topology.find(node).is_some_and(|node| node.is_up())
}
