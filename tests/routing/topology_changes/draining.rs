//! Replicas that are drained.

use std::time::{Duration, Instant};

use futures_util::TryStreamExt;
use sea_orm::{
    AccessMode, ConnectionTrait, EntityTrait, PaginatorTrait, Statement, TransactionTrait,
};
use sea_orm_routing::RoutingError;
use sea_orm_routing::error::TopologyError;
use sea_orm_routing::topology::NodeState;
use sea_orm_routing::transaction::ReadOnlyTransactions;

use super::{LONG, SHORT, served_by, state};
use crate::entities::category;
use crate::shop::{Result, Shop, add_category, assert_error, assert_says, nodes};

/// A shop with some rows.
async fn shop() -> Result<Shop> {
    let shop = Shop::open().await?;
    for n in 0..200 {
        add_category(&shop.db, &format!("category {n}")).await?;
    }
    Ok(shop)
}

#[tokio::test]
async fn a_drained_replica_gets_no_reads_until_it_is_put_back() -> Result {
    let shop = shop().await?;
    served_by(&shop.db, 20).await?;
    shop.db.admin().drain("default/2", LONG).await?;
    assert_eq!(state(&shop.db, "default/2"), Some(NodeState::Draining));
    assert_eq!(served_by(&shop.db, 30).await?, ["default/3".into()].into());
    shop.db.admin().undrain("default/2")?;
    assert_eq!(state(&shop.db, "default/2"), Some(NodeState::Up));
    assert_eq!(served_by(&shop.db, 60).await?.len(), 2);
    Ok(())
}

#[tokio::test]
async fn an_idle_replica_is_drained_at_once() -> Result {
    let shop = shop().await?;
    let start = Instant::now();
    shop.db.admin().drain("default/2", LONG).await?;
    assert!(start.elapsed() < Duration::from_secs(1));
    shop.db.admin().drain("default/2", LONG).await?;
    Ok(())
}

#[tokio::test]
async fn an_idle_replica_is_drained_with_no_time_at_all() -> Result {
    let shop = shop().await?;
    shop.db.admin().drain("default/2", Duration::ZERO).await?;
    shop.db
        .admin()
        .remove_replica("default/3", Duration::ZERO)
        .await?;
    Ok(())
}

#[tokio::test]
async fn a_stream_in_flight_finishes() -> Result {
    let shop = shop().await?;
    shop.db.admin().drain("default/3", LONG).await?;
    let mut rows = category::Entity::find().stream(&shop.db).await?;
    assert!(rows.try_next().await?.is_some());

    let busy = shop.db.admin().drain("default/2", SHORT).await;
    let error = busy.expect_err("it is in use");
    assert_error!(
        error,
        RoutingError::Topology(TopologyError::Draining { what, waited, .. })
            if what == "node \"default/2\""
                && *waited == SHORT
    );
    assert_eq!(state(&shop.db, "default/2"), Some(NodeState::Draining));

    let (drained, rest) = tokio::join!(shop.db.admin().drain("default/2", LONG), async {
        tokio::time::sleep(SHORT).await;
        let mut count = 1;
        while rows.try_next().await?.is_some() {
            count += 1;
        }
        drop(rows);
        Ok::<_, sea_orm::DbErr>(count)
    });
    drained?;
    assert_eq!(rest?, 200);
    Ok(())
}

#[tokio::test]
async fn a_transaction_on_a_replica_that_is_drained_finishes() -> Result {
    let shop = Shop::with(|builder| builder.read_only_transactions(ReadOnlyTransactions::Replica));
    let shop = shop.await?;
    shop.db.admin().drain("default/3", LONG).await?;
    let read_only = Some(AccessMode::ReadOnly);
    let routes = shop.db.record();
    let txn = shop.db.begin_with_config(None, read_only).await?;
    assert_eq!(category::Entity::find().count(&txn).await?, 0);
    assert_eq!(nodes(&routes), ["default/2"]);

    let busy = shop.db.admin().remove_replica("default/2", SHORT).await;
    let error = busy.expect_err("it is in use");
    assert!(
        matches!(
            error,
            RoutingError::Topology(TopologyError::Draining { .. })
        ),
        "{error}"
    );
    assert_eq!(category::Entity::find().count(&txn).await?, 0);
    txn.commit().await?;
    shop.db.admin().remove_replica("default/2", LONG).await?;
    Ok(())
}

#[tokio::test]
async fn a_busy_plain_connection_counts_too() -> Result {
    let shop = shop().await?;
    let plain = shop.db.node("default/2")?;
    let txn = plain.begin().await?;
    let error = shop.db.admin().drain("default/2", SHORT).await;
    assert!(matches!(
        error,
        Err(RoutingError::Topology(TopologyError::Draining { .. }))
    ));
    txn.rollback().await?;
    shop.db.admin().drain("default/2", LONG).await?;
    Ok(())
}

#[tokio::test]
async fn when_all_are_drained_the_primary_serves() -> Result {
    let shop = shop().await?;
    for node in ["default/2", "default/3"] {
        shop.db.admin().drain(node, LONG).await?;
    }
    assert_eq!(served_by(&shop.db, 5).await?, ["default/1".into()].into());
    let route = shop.db.explain(&category::Entity::find())?;
    assert_eq!(route.why_node(), "no replica is available");
    Ok(())
}

#[tokio::test]
async fn a_drained_replica_can_still_be_chosen_by_name() -> Result {
    let shop = shop().await?;
    shop.db.admin().drain("default/2", LONG).await?;
    let chosen = shop.db.using("default/2")?;
    assert_eq!(category::Entity::find().count(&chosen).await?, 200);
    Ok(())
}

#[tokio::test]
async fn a_session_leaves_the_replica_it_has_read_from() -> Result {
    let shop = shop().await?;
    let session = shop.db.session();
    let first = served_by(&session, 3).await?;
    assert_eq!(first.len(), 1);
    let first = first.first().expect("a node").clone();
    shop.db.admin().drain(&first, LONG).await?;
    let then = served_by(&session, 3).await?;
    assert!(then.len() == 1 && !then.contains(&first), "{then:?}");
    Ok(())
}

#[tokio::test]
async fn the_topology_prints_which_nodes_are_draining() -> Result {
    let shop = shop().await?;
    shop.db.admin().drain("default/2", LONG).await?;
    let printed = shop.db.topology().to_string();
    let line = printed.lines().find(|line| line.contains("default/2"));
    assert_says(&line.expect("a line"), &["replica", "draining"]);
    let statement = Statement::from_string(shop.db.get_database_backend(), "SELECT 1");
    shop.db.query_one_raw(statement).await?;
    Ok(())
}
