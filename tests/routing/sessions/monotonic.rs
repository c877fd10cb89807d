//! A session keeps reading from the node it has read from before.

use sea_orm::{EntityTrait, PaginatorTrait};
use sea_orm_routing::Consistency;
use sea_orm_routing::policy::{PrimaryReads, RoundRobin};

use super::{CAUSAL, WINDOW, read, route};
use crate::entities::category;
use crate::shop::{Files, Result, Shop, nodes};

#[tokio::test]
async fn a_session_sticks_to_the_replica_it_has_read_from() -> Result {
    let shop = Shop::open().await?;
    let mut firsts = std::collections::BTreeSet::new();
    for _ in 0..20 {
        for consistency in [Consistency::Eventual, WINDOW, CAUSAL] {
            let session = shop.db.session_with(consistency);
            let routes = shop.db.record();
            for _ in 0..5 {
                read(&session).await?;
            }
            let nodes = nodes(&routes);
            assert_eq!(nodes, vec![nodes[0].clone(); 5]);
            firsts.insert(nodes[0].clone());
            let why = "its session has read from it before";
            assert_eq!(route(&session)?.why_node(), why);
        }
    }
    assert_eq!(firsts.len(), 2, "sessions are spread over the replicas");
    Ok(())
}

#[tokio::test]
async fn explaining_is_no_reading() -> Result {
    let shop = Shop::open().await?;
    let session = shop.db.session();
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..40 {
        seen.insert(route(&session)?.node().to_string());
    }
    assert_eq!(seen.len(), 2);
    Ok(())
}

#[tokio::test]
async fn a_replica_that_was_chosen_by_name_is_remembered() -> Result {
    let shop = Shop::open().await?;
    for node in ["default/2", "default/3"] {
        let session = shop.db.session();
        category::Entity::find()
            .count(&session.using(node)?)
            .await?;
        assert_eq!(*route(&session)?.node(), *node);
    }
    Ok(())
}

#[tokio::test]
async fn a_session_moves_on_from_a_replica_whose_pool_is_closed() -> Result {
    let shop = Shop::open().await?;
    let session = shop.db.session();
    read(&session).await?;
    let first = route(&session)?.node().to_string();
    shop.db.node(&first)?.close().await?;
    read(&session).await?;
    assert_ne!(*route(&session)?.node(), *first);
    assert_eq!(read(&session).await?, 0);
    Ok(())
}

/// The primary is ahead of every replica: after a read from it, any replica could be stale.
#[tokio::test]
async fn a_session_that_has_read_from_the_primary_stays_there() -> Result {
    let included = |files: &Files| {
        let options = files.with_two_replicas("shop");
        options
            .replica_policy(RoundRobin::default())
            .primary_reads(PrimaryReads::Include)
    };
    let shop = Shop::on(included, |builder| builder).await?;
    for _ in 0..3 {
        let session = shop.db.session();
        let routes = shop.db.record();
        for _ in 0..4 {
            read(&session).await?;
        }
        let nodes = nodes(&routes);
        assert_eq!(nodes, vec![nodes[0].clone(); 4]);
    }
    Ok(())
}
