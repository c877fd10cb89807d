//! Which node served what: the router's recording, and the servers' own statistics.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel, Set};
use sea_orm_routing::Role;
use sea_orm_routing::observe::Recording;

use super::Shop;
use super::entities::warehouse::stock;
use super::entities::{customer, order, product};
use crate::support::{eventually, value};

#[tokio::test]
async fn reads_go_to_both_replicas_and_writes_to_primaries_only() {
    let Some(shop) = Shop::open("shop_roles").await else {
        return;
    };
    let db = &shop.db;
    let reads = db.record();
    for id in 1..=60 {
        let product = product::Entity::find_by_id(id)
            .one(db)
            .await
            .expect("a read");
        assert_eq!(product.map(|product| product.id), Some(id));
    }
    let by_node = nodes(&reads);
    assert_eq!(
        by_node.keys().collect::<Vec<_>>(),
        ["default/2", "default/3"]
    );
    assert!(
        by_node.values().all(|reads| *reads >= 10),
        "unlike random: {by_node:?}"
    );
    drop(reads);

    let writes = db.record();
    let customer = customer::ActiveModel {
        name: Set("New".to_owned()),
        email: Set("new@example.com".to_owned()),
        ..Default::default()
    };
    let customer = customer.insert(db).await.expect("inserted");
    let mut customer = customer.into_active_model();
    customer.name = Set("Renamed".to_owned());
    let customer = customer.update(db).await.expect("updated");
    sea_orm::ModelTrait::delete(customer, db)
        .await
        .expect("deleted");
    order::Entity::delete_many()
        .exec(db)
        .await
        .expect_err("its lines refer to it");
    assert_eq!(
        nodes(&writes),
        BTreeMap::from([("default/1".to_owned(), 4)])
    );
    writes.assert_routed(customer::Entity, "default", Role::Primary);
    drop(writes);

    let both = db.record();
    let warehouse = db.for_entity(stock::Entity).expect("bound");
    let one = stock::Entity::find_by_id(1)
        .one(db)
        .await
        .expect("a read")
        .expect("a row");
    let mut one = one.into_active_model();
    one.quantity = Set(11);
    one.update(&warehouse).await.expect("updated");
    both.assert_routed(stock::Entity, "warehouse", Role::Primary);
}

#[tokio::test]
async fn the_servers_agree_on_their_roles() {
    let Some(shop) = Shop::open("shop_servers").await else {
        return;
    };
    let db = &shop.db;
    let mut ports = BTreeSet::new();
    let standbys = db.on_replica();
    for _ in 0..40 {
        let sql = "SELECT inet_server_port()";
        ports.insert(value::<i32>(&standbys, sql).await.expect("a port"));
        let in_recovery = value(&standbys, "SELECT pg_is_in_recovery()").await;
        assert_eq!(in_recovery, Ok(true), "a replica is a standby");
    }
    let in_recovery = value(db, "SELECT pg_is_in_recovery()").await;
    assert_eq!(
        in_recovery,
        Ok(false),
        "what differs between the nodes is the primary's"
    );
    let postgres = &shop.postgres;
    let replicas = [0, 1].map(|index| port(&postgres.cluster.replica_url(index, postgres.name)));
    assert_eq!(ports, BTreeSet::from(replicas));

    let primary = db.on_primary();
    let in_recovery = value(&primary, "SELECT pg_is_in_recovery()").await;
    assert_eq!(in_recovery, Ok(false));
    let own = value::<i32>(&primary, "SELECT inet_server_port()").await;
    assert_eq!(own, Ok(port(&postgres.cluster.primary_url(postgres.name))));

    let warehouse = db.using("warehouse").expect("declared");
    let port_of_mariadb = value::<u64>(&warehouse, "SELECT @@port")
        .await
        .expect("a port");
    let mariadb = &shop.mariadb;
    assert_eq!(
        port_of_mariadb as i32,
        port(&mariadb.cluster.primary_url(mariadb.name))
    );
}

#[tokio::test]
async fn the_replicas_count_the_reads_they_served() {
    let Some(shop) = Shop::open("shop_counted").await else {
        return;
    };
    let db = &shop.db;
    let before = [fetched(&shop, 0).await, fetched(&shop, 1).await];
    for _ in 0..20 {
        let all = product::Entity::find().all(db).await.expect("a read");
        assert_eq!(all.len(), super::PRODUCTS as usize);
    }
    // The servers report their sessions' statistics with some delay.
    for (replica, before) in before.into_iter().enumerate() {
        let shop = &shop;
        eventually("the replica has counted rows it returned", || async move {
            fetched(shop, replica).await >= before + i64::from(super::PRODUCTS)
        })
        .await;
    }
}

/// The rows that a replica has returned in this database, by its own statistics.
async fn fetched(shop: &Shop, replica: usize) -> i64 {
    let name = shop.postgres.name;
    let sql = format!("SELECT tup_returned FROM pg_stat_database WHERE datname = '{name}'");
    let counted = shop.postgres.cluster.psql(replica, name, &sql).await;
    counted.expect("statistics").parse().expect("a number")
}

fn nodes(recording: &Recording) -> BTreeMap<String, usize> {
    let mut nodes = BTreeMap::new();
    for route in recording.routes() {
        *nodes.entry(route.node().to_string()).or_default() += 1;
    }
    nodes
}

fn port(url: &str) -> i32 {
    let (_, rest) = url.rsplit_once(':').expect("a port");
    let (port, _) = rest.split_once('/').expect("a database");
    port.parse().expect("a number")
}
