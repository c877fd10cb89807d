//! Zones: near replicas before far ones.

use std::time::Duration;

use futures_util::TryStreamExt;
use sea_orm::EntityTrait;
use sea_orm_routing::policy::{Random, RoundRobin, Zones};

use super::{choices, shop_on, two_zones};
use crate::entities::category;
use crate::shop::Result;

#[tokio::test]
async fn reads_stay_in_their_zone() -> Result {
    let policy = Zones::prefer("near", Random);
    let shop = shop_on(|files| two_zones(files).replica_policy(policy)).await?;
    assert_eq!(
        choices(&shop.db, 50)?,
        [("default/2".to_owned(), 50)].into()
    );
    Ok(())
}

#[tokio::test]
async fn they_choose_elsewhere_when_no_replica_of_the_zone_is_available() -> Result {
    let policy = Zones::prefer("near", Random);
    let shop = shop_on(|files| two_zones(files).replica_policy(policy)).await?;
    shop.db
        .admin()
        .drain("default/2", Duration::from_secs(5))
        .await?;
    assert_eq!(
        choices(&shop.db, 20)?,
        [("default/3".to_owned(), 20)].into()
    );
    shop.db.admin().undrain("default/2")?;
    assert_eq!(
        choices(&shop.db, 20)?,
        [("default/2".to_owned(), 20)].into()
    );
    Ok(())
}

#[tokio::test]
async fn they_spill_over_when_it_is_busy() -> Result {
    let policy = Zones::prefer("near", RoundRobin::default()).spill_over(1);
    let shop = shop_on(|files| two_zones(files).replica_policy(policy)).await?;
    assert_eq!(choices(&shop.db, 20)?.len(), 1);
    let mut rows = category::Entity::find().stream(&shop.db).await?;
    rows.try_next().await?;
    assert_eq!(choices(&shop.db, 60)?.len(), 2);
    drop(rows);
    assert_eq!(choices(&shop.db, 20)?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_replica_in_the_zone_is_found_when_it_comes() -> Result {
    let policy = Zones::prefer("here", RoundRobin::default());
    let shop = shop_on(|files| two_zones(files).replica_policy(policy)).await?;
    assert_eq!(choices(&shop.db, 60)?.len(), 2);
    let here = sea_orm_routing::ReplicaOptions::new(shop.files.replica("shop")).zone("here");
    let name = shop.db.admin().add_replica("default", here).await?;
    assert_eq!(choices(&shop.db, 20)?, [(name.to_string(), 20)].into());
    Ok(())
}
