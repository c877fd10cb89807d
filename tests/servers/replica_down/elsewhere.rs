//! Replicas that freeze, that are dead at startup, MariaDB replicas, and streams.

use std::time::{Duration, Instant};

use futures_util::TryStreamExt;
use sea_orm::{Statement, StreamTrait};
use sea_orm_routing::DatabaseOptions;

use super::{
    cluster, comes_back, connect, is_up, read_until_down, reads_stay_away_from, served_by, warm,
};
use crate::support::{impatient, item, single, soon};

#[tokio::test]
async fn a_replica_freezes() {
    let Some((pg, db)) = cluster().await else {
        return;
    };
    warm(&db, "default/2", 3).await;
    pg.pause_process(0).await.expect("frozen");
    let slow = read_until_down(&db, "default/2").await;
    assert!(slow <= 1, "{slow} reads waited for a frozen replica");
    reads_stay_away_from(&db, "default/2").await;
    pg.resume_process(0).await.expect("going on");
    comes_back(&db, "default/2").await;
}

#[tokio::test]
async fn a_replica_is_dead_at_the_start() {
    let Some((pg, _)) = cluster().await else {
        return;
    };
    pg.stop_replica(0).await.expect("stopped");
    let start = Instant::now();
    let db = connect(&pg).await;
    assert!(
        start.elapsed() < Duration::from_secs(5),
        "{:?}",
        start.elapsed()
    );
    read_until_down(&db, "default/2").await;
    reads_stay_away_from(&db, "default/2").await;
    pg.start_replica(0).await.expect("started");
    comes_back(&db, "default/2").await;
}

#[tokio::test]
async fn a_stream_begins_on_another_node_than_the_dead_one() {
    let Some((pg, db)) = cluster().await else {
        return;
    };
    pg.stop_replica(0).await.expect("stopped");
    for _ in 0..10 {
        let sql = "SELECT name FROM item";
        let statement = Statement::from_string(db.get_database_backend(), sql);
        let rows = soon("a stream", db.stream_raw(statement))
            .await
            .expect("a stream");
        let rows: Vec<_> = rows.try_collect().await.expect("rows");
        assert_eq!(rows.len(), 1);
    }
    assert!(!is_up(&db, "default/2"), "{}", db.topology());
}

#[tokio::test]
async fn the_only_replica_of_mariadb_dies_and_comes_back() {
    let Some(maria) = routing_servers::mariadb(1).await else {
        return;
    };
    maria.create_database("shop").await.expect("a database");
    let primary = impatient(maria.primary_url("shop"));
    let database = DatabaseOptions::new(primary).replica(maria.replica_url(0, "shop"));
    let db = single(database).await;
    item::create(&db).await;
    item::insert(&db, "one").await.expect("a row");
    maria.wait_caught_up().await.expect("caught up");
    assert_eq!(served_by(&db).await, "default/2");

    maria.stop_replica(0).await.expect("stopped");
    let slow = read_until_down(&db, "default/2").await;
    assert!(slow <= 1, "{slow} reads waited for a dead replica");
    reads_stay_away_from(&db, "default/2").await;
    maria.start_replica(0).await.expect("started");
    comes_back(&db, "default/2").await;
}
