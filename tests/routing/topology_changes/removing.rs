//! Replicas that are removed.

use futures_util::FutureExt;
use sea_orm::{EntityTrait, PaginatorTrait};
use sea_orm_routing::error::TopologyError;
use sea_orm_routing::{ReplicaOptions, RoutingError};

use super::{LONG, names, served_by, state};
use crate::entities::category;
use crate::shop::{Result, Shop, add_category, assert_error, assert_says};

#[tokio::test]
async fn reads_go_on_without_the_replica() -> Result {
    let shop = Shop::open().await?;
    shop.db.admin().remove_replica("default/3", LONG).await?;
    assert_eq!(state(&shop.db, "default/3"), None);
    assert!(!shop.db.topology().to_string().contains("default/3"));
    assert_eq!(served_by(&shop.db, 10).await?, ["default/2".into()].into());
    shop.db.admin().remove_replica("default/2", LONG).await?;
    assert_eq!(served_by(&shop.db, 10).await?, ["default/1".into()].into());
    let route = shop.db.explain(&category::Entity::find())?;
    assert_eq!(route.why_node(), "the database has no replicas");
    Ok(())
}

#[tokio::test]
async fn its_handles_say_that_it_was_removed() -> Result {
    let shop = Shop::open().await?;
    let handle = shop.db.using("default/3")?;
    category::Entity::find().count(&handle).await?;
    shop.db.admin().remove_replica("default/3", LONG).await?;

    let error = category::Entity::find().count(&handle).await;
    let error = error.expect_err("removed");
    assert_error!(
        error,
        RoutingError::Topology(TopologyError::Removed { name, .. })
            if name == "default/3"
    );
    let error = handle.explain(&category::Entity::find());
    assert_error!(
        error.expect_err("removed"),
        RoutingError::Topology(TopologyError::Removed { name, .. })
            if name == "default/3"
    );
    let error = category::Entity::find().stream(&handle).await;
    assert_error!(
        error.err().expect("removed"),
        RoutingError::Topology(TopologyError::Removed { name, .. })
            if name == "default/3"
    );
    let unknown = shop.db.using("default/3").expect_err("no such node");
    assert!(matches!(
        unknown,
        RoutingError::Topology(TopologyError::UnknownNode { .. })
    ));
    assert!(shop.db.node("default/3").is_err());
    Ok(())
}

#[tokio::test]
async fn a_name_can_be_given_again_and_a_number_never_is() -> Result {
    let shop = Shop::open().await?;
    let url = || shop.files.replica("shop");
    let reports = || ReplicaOptions::new(url()).name("reports");
    shop.db.admin().add_replica("default", reports()).await?;
    let old = shop.db.using("reports")?;
    shop.db.admin().remove_replica("reports", LONG).await?;
    shop.db.admin().add_replica("default", reports()).await?;
    let new = shop.db.using("reports")?;
    assert_eq!(category::Entity::find().count(&new).await?, 0);
    let error = category::Entity::find().count(&old).await;
    assert_error!(
        error.expect_err("another node"),
        RoutingError::Topology(TopologyError::Removed { name, .. })
            if name == "reports"
    );

    shop.db.admin().remove_replica("default/3", LONG).await?;
    let next = shop.db.admin().add_replica("default", url()).await?;
    assert_eq!(next, "default/6");
    shop.db.admin().remove_replica("default/6", LONG).await?;
    assert_eq!(
        shop.db.admin().add_replica("default", url()).await?,
        "default/7"
    );
    let given = ReplicaOptions::new(url()).name("default/3");
    assert_eq!(
        shop.db.admin().add_replica("default", given).await?,
        "default/3"
    );
    Ok(())
}

#[tokio::test]
async fn a_replica_of_another_database_is_left_alone() -> Result {
    let shop = Shop::open().await?;
    shop.db.admin().remove_replica("warehouse/2", LONG).await?;
    let left = ["default/1", "default/2", "default/3", "warehouse/1"];
    assert_eq!(names(&shop.db), left);
    Ok(())
}

#[tokio::test]
async fn its_connections_are_closed() -> Result {
    let shop = Shop::open().await?;
    let plain = shop.db.node("default/3")?;
    shop.db.admin().remove_replica("default/3", LONG).await?;
    assert!(category::Entity::find().count(&plain).await.is_err());
    Ok(())
}

/// Both wait until it is drained, and one of them is the second to remove it.
#[tokio::test]
async fn a_second_removal_does_not_take_the_name_of_the_successor() -> Result {
    let shop = Shop::open().await?;
    add_category(&shop.db, "Tea").await?;
    let reports = || ReplicaOptions::new(shop.files.replica("shop")).name("reports");
    shop.db.admin().add_replica("default", reports()).await?;
    let second = shop.db.admin().remove_replica("reports", LONG);
    let mut second = std::pin::pin!(second);
    assert!((&mut second).now_or_never().is_none());
    shop.db.admin().remove_replica("reports", LONG).await?;
    shop.db.admin().add_replica("default", reports()).await?;
    // The second may be refused, since the name belongs to another replica now.
    let _ = second.await;

    let topology = shop.db.topology();
    assert_says(&*topology, &["reports"]);
    assert!(topology.find("reports").is_some(), "nameless: {topology}");
    shop.db.using("reports")?;
    Ok(())
}
