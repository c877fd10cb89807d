//! Replicas that are added.

use std::sync::{Arc, Mutex};

use sea_orm::{Database, EntityTrait, PaginatorTrait};
use sea_orm_routing::error::AvailabilityError;
use sea_orm_routing::topology::NodeState;
use sea_orm_routing::{ReplicaOptions, Role, RoutingError};

use super::{LONG, names, served_by, shop_without_replicas, state};
use crate::entities::category;
use crate::shop::{Result, Shop, add_category, assert_says};

#[tokio::test]
async fn reads_reach_a_replica_that_was_added() -> Result {
    let shop = shop_without_replicas().await?;
    add_category(&shop.db, "Tea").await?;
    let url = shop.files.replica("shop");
    let name = shop.db.admin().add_replica("default", url).await?;
    assert_eq!(name.as_str(), "default/2");
    assert_eq!(state(&shop.db, "default/2"), Some(NodeState::Up));
    assert_eq!(served_by(&shop.db, 5).await?, ["default/2".into()].into());
    let route = shop.db.explain(&category::Entity::find())?;
    assert_eq!(route.role(), Role::Replica);
    Ok(())
}

#[tokio::test]
async fn a_replica_that_was_added_is_guarded() -> Result {
    let shop = shop_without_replicas().await?;
    let url = shop.files.replica("shop");
    shop.db.admin().add_replica("default", url).await?;
    let plain = shop.db.node("default/2")?;
    let refused = add_category(&plain, "Tea").await.expect_err("read-only");
    assert_says(&refused, &["readonly"]);
    Ok(())
}

#[tokio::test]
async fn a_replica_can_be_added_with_a_name_or_open() -> Result {
    let shop = Shop::open().await?;
    let url = shop.files.replica("shop");
    let named = ReplicaOptions::new(url.clone()).name("reports").weight(3);
    assert_eq!(
        shop.db.admin().add_replica("default", named).await?,
        "reports"
    );
    let open = Database::connect(&url).await?;
    assert_eq!(
        shop.db.admin().add_replica("default", open).await?,
        "default/5"
    );
    let found = shop.db.topology().find("reports").map(|it| it.weight());
    assert_eq!(found, Some(3));
    assert_eq!(served_by(&shop.db, 200).await?.len(), 4);
    Ok(())
}

#[tokio::test]
async fn a_number_in_a_given_name_is_no_obstacle_to_the_next_one() -> Result {
    let shop = shop_without_replicas().await?;
    let url = shop.files.replica("shop");
    let third = ReplicaOptions::new(url.clone()).name("default/3");
    shop.db.admin().add_replica("default", third).await?;
    let next = shop.db.admin().add_replica("default", url.clone()).await;
    assert_eq!(next?, "default/4");
    shop.db.admin().remove_replica("default/3", LONG).await?;
    assert_eq!(
        shop.db.admin().add_replica("default", url).await?,
        "default/5"
    );
    Ok(())
}

#[tokio::test]
async fn every_handle_and_clone_sees_the_replica() -> Result {
    let shop = shop_without_replicas().await?;
    let before = [
        shop.db.clone(),
        shop.db.using("default")?,
        shop.db.for_entity(category::Entity)?,
        shop.db.session(),
        shop.db.read_only(),
        shop.db.on_replica(),
    ];
    let url = shop.files.replica("shop");
    shop.db.admin().add_replica("default", url).await?;
    for handle in &before {
        assert_eq!(served_by(handle, 1).await?, ["default/2".into()].into());
    }
    Ok(())
}

#[tokio::test]
async fn a_metric_callback_receives_nodes_that_were_added_later() -> Result {
    let shop = shop_without_replicas().await?;
    let heard = Arc::new(Mutex::new(Vec::new()));
    let mut measured = shop.db.clone();
    let log = Arc::clone(&heard);
    measured.set_node_metric_callback(move |node, _| {
        log.lock().expect("not poisoned").push(node.to_string());
    });
    category::Entity::find().count(&measured).await?;
    let url = shop.files.replica("shop");
    shop.db.admin().add_replica("default", url.clone()).await?;
    shop.db.admin().add_replica("default", url).await?;
    // The replica added later is the first candidate.
    category::Entity::find()
        .count(&measured.using("default/3")?)
        .await?;
    category::Entity::find()
        .count(&measured.using("default/2")?)
        .await?;
    let heard = heard.lock().expect("not poisoned").clone();
    assert_eq!(heard, ["default/1", "default/3", "default/2"]);
    Ok(())
}

#[tokio::test]
async fn a_replica_whose_file_is_missing_is_not_added() -> Result {
    let shop = shop_without_replicas().await?;
    let missing = ReplicaOptions::new(shop.files.replica("missing")).name("late");
    let refused = shop.db.admin().add_replica("default", missing).await;
    let error = refused.expect_err("no such file");
    assert!(
        matches!(
            error,
            RoutingError::Availability(AvailabilityError::Connect { .. })
        ),
        "{error}"
    );
    assert_says(&error, &["late", "unable to open database file"]);
    assert_eq!(names(&shop.db), ["default/1", "warehouse/1", "warehouse/2"]);

    // The name is free again.
    let late = ReplicaOptions::new(shop.files.replica("shop")).name("late");
    assert_eq!(shop.db.admin().add_replica("default", late).await?, "late");
    Ok(())
}
