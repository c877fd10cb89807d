//! Every policy through the builder, over SQLite replicas.

mod busy;
mod included;
mod kept;
mod zones;

use std::collections::BTreeMap;

use sea_orm::{ConnectionTrait, DbBackend, EntityTrait, Statement};
use sea_orm_routing::policy::ReplicaPolicy;
use sea_orm_routing::{DatabaseOptions, ReplicaOptions, RoutingConnection};

use crate::entities::category;
use crate::shop::{Files, Result, Shop, add_category};

/// A shop with a policy over two replicas, and 500 rows.
async fn shop(policy: impl ReplicaPolicy + 'static) -> Result<Shop> {
    shop_on(|files| files.with_two_replicas("shop").replica_policy(policy)).await
}

async fn shop_on(options: impl FnOnce(&Files) -> DatabaseOptions) -> Result<Shop> {
    let shop = Shop::on(options, |builder| builder).await?;
    for n in 0..500 {
        add_category(&shop.db, &format!("category {n}")).await?;
    }
    Ok(shop)
}

/// Two replicas of different weights and zones.
fn two_zones(files: &Files) -> DatabaseOptions {
    let replica = |zone| ReplicaOptions::new(files.replica("shop")).zone(zone);
    DatabaseOptions::new(files.primary("shop"))
        .zone("near")
        .replica(replica("near").weight(1))
        .replica(replica("far").weight(1_000_000))
}

/// The nodes that so many reads would go to.
fn choices(db: &RoutingConnection, times: usize) -> Result<BTreeMap<String, usize>> {
    let mut counts = BTreeMap::new();
    for _ in 0..times {
        let route = db.explain(&category::Entity::find())?;
        *counts.entry(route.node().to_string()).or_default() += 1;
    }
    Ok(counts)
}

/// Some 100 ms of work for SQLite.
async fn slow_read(db: &RoutingConnection) -> Result {
    read_that_counts_to(400_000, db).await
}

/// A read that takes the longer, the higher it counts.
async fn read_that_counts_to(limit: u32, db: &RoutingConnection) -> Result {
    let sql = format!(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {limit})
        SELECT count(*) AS c FROM n, (SELECT id FROM category LIMIT 1)"
    );
    let statement = Statement::from_string(DbBackend::Sqlite, sql);
    db.query_one_raw(statement).await?;
    Ok(())
}
