//! Replicas that die, hang and come back.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use routing_servers::PostgresCluster;
use sea_orm::{ConnectionTrait, EntityTrait, Statement};
use sea_orm_routing::{DatabaseOptions, RoutingConnection};

use crate::support::{eventually, impatient, item, single, soon, value};

/// A Postgres of the test's own with two replicas and one row in `item`.
async fn cluster() -> Option<(PostgresCluster, RoutingConnection)> {
    let pg = routing_servers::postgres(2).await?;
    pg.create_database("shop").await.expect("a database");
    let db = connect(&pg).await;
    item::create(&db).await;
    item::insert(&db, "one").await.expect("a row");
    pg.wait_caught_up().await.expect("caught up");
    Some((pg, db))
}

async fn connect(pg: &PostgresCluster) -> RoutingConnection {
    let database = DatabaseOptions::new(impatient(pg.primary_url("shop")))
        .replica(pg.replica_url(0, "shop"))
        .replica(pg.replica_url(1, "shop"));
    single(database).await
}

/// Reads the row, which must be there.
async fn read(db: &RoutingConnection) {
    let items = soon("a read", item::Entity::find().all(db)).await;
    assert_eq!(items.expect("a read goes on").len(), 1);
}

fn is_up(db: &RoutingConnection, node: &str) -> bool {
    let topology = db.topology();
    let mut nodes = topology.databases().iter().flat_map(|it| topology.nodes_of(it));
    let node = nodes.find(|it| it.name().as_str() == node);
    node.expect("declared").is_up()
}

/// Where a read went that did not fail.
async fn served_by(db: &RoutingConnection) -> String {
    let routes = db.record();
    read(db).await;
    let routes = routes.routes();
    routes.last().expect("a route").node().to_string()
}

/// Gives the pool of a node that many idle connections.
async fn warm(db: &RoutingConnection, node: &str, connections: u32) {
    let node = db.node(node).expect("declared");
    let pool = node.get_postgres_connection_pool();
    let held = join_all((0..connections).map(|_| pool.acquire())).await;
    assert!(held.iter().all(Result::is_ok));
    assert_eq!(pool.size(), connections);
    drop(held);
}

/// Reads until the node is known to be down; each read succeeds. Returns how many were slow.
async fn read_until_down(db: &RoutingConnection, node: &str) -> usize {
    let mut slow = 0;
    for _ in 0..60 {
        let start = Instant::now();
        read(db).await;
        slow += usize::from(start.elapsed() >= Duration::from_millis(300));
        if !is_up(db, node) {
            return slow;
        }
    }
    panic!("{node} was never found to be down, {slow} of 60 reads were slow");
}

/// For less than the pause after a failure: no read tries the node.
async fn reads_stay_away_from(db: &RoutingConnection, node: &str) {
    let start = Instant::now();
    let mut reads = 0;
    while start.elapsed() < Duration::from_millis(250) {
        let read = Instant::now();
        assert_ne!(served_by(db).await, node);
        assert!(read.elapsed() < Duration::from_millis(200), "{:?}", read.elapsed());
        reads += 1;
    }
    assert!(reads > 10, "only {reads} reads");
}

async fn comes_back(db: &RoutingConnection, node: &str) {
    eventually("the replica serves again", || async {
        read(db).await;
        is_up(db, node)
    })
    .await;
    eventually("reads go to it", || async { served_by(db).await == node }).await;
}

#[tokio::test]
async fn a_replica_dies_and_comes_back() {
    let Some((pg, db)) = cluster().await else {
        return;
    };
    warm(&db, "default/2", 1).await;
    pg.stop_replica(0).await.expect("stopped");
    let slow = read_until_down(&db, "default/2").await;
    assert!(slow <= 1, "{slow} reads waited for a dead replica");
    reads_stay_away_from(&db, "default/2").await;

    pg.start_replica(0).await.expect("started");
    comes_back(&db, "default/2").await;
}

#[tokio::test]
async fn a_replica_dies_with_many_idle_connections() {
    let Some((pg, db)) = cluster().await else {
        return;
    };
    warm(&db, "default/2", 6).await;
    pg.stop_replica(0).await.expect("stopped");
    let slow = read_until_down(&db, "default/2").await;
    assert!(slow <= 1, "{slow} reads waited for a dead replica");
}

#[tokio::test]
async fn both_replicas_die_and_the_primary_serves() {
    let Some((pg, db)) = cluster().await else {
        return;
    };
    pg.stop_replica(0).await.expect("stopped");
    pg.stop_replica(1).await.expect("stopped");
    for _ in 0..10 {
        read(&db).await;
    }
    assert!(!is_up(&db, "default/2") && !is_up(&db, "default/3"), "{}", db.topology());
    assert_eq!(served_by(&db).await, "default/1");
    pg.start_replica(1).await.expect("started");
    comes_back(&db, "default/3").await;
}

#[tokio::test]
async fn a_replica_dies_mid_read() {
    let Some((pg, db)) = cluster().await else {
        return;
    };
    let routes = db.record();
    let slow_read = async {
        let sql = "SELECT count(*) FROM item, pg_sleep(1.5)";
        value::<i64>(&db, sql).await
    };
    let kill = async {
        let mut asked = None;
        while asked.is_none() {
            tokio::task::yield_now().await;
            asked = routes.routes().first().map(|route| route.node().to_string());
        }
        let replica = usize::from(asked.as_deref() == Some("default/3"));
        let sql = "SELECT count(*) > 0 FROM pg_stat_activity WHERE query LIKE '%pg_sleep(1.5)'";
        let pg = &pg;
        eventually("the read is under way", || async move {
            pg.psql(replica, "shop", sql).await.as_deref() == Ok("t")
        })
        .await;
        pg.stop_replica(replica).await.expect("stopped");
    };
    let (count, ()) = soon("a read", async { tokio::join!(slow_read, kill) }).await;
    assert_eq!(count, Ok(1));
    assert_eq!(routes.routes().len(), 2, "{routes}");
}

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
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    read_until_down(&db, "default/2").await;
    reads_stay_away_from(&db, "default/2").await;
    pg.start_replica(0).await.expect("started");
    comes_back(&db, "default/2").await;
}

#[tokio::test]
async fn a_stream_begins_on_another_node_than_the_dead_one() {
    use futures_util::TryStreamExt;
    use sea_orm::StreamTrait;

    let Some((pg, db)) = cluster().await else {
        return;
    };
    pg.stop_replica(0).await.expect("stopped");
    for _ in 0..10 {
        let sql = "SELECT name FROM item";
        let statement = Statement::from_string(db.get_database_backend(), sql);
        let rows = soon("a stream", db.stream_raw(statement)).await.expect("a stream");
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
