//! Replicas that die, hang and recover.

mod conflicts;
mod crashes;
mod elsewhere;

use std::time::{Duration, Instant};

use routing_servers::PostgresCluster;
use sea_orm::EntityTrait;
use sea_orm_routing::{DatabaseOptions, RoutingConnection};

use crate::support::{eventually, impatient, item, single, soon};

/// A Postgres cluster of this test, with two replicas and one row in `item`.
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

/// Reads the row, which must exist.
async fn read(db: &RoutingConnection) {
    let items = soon("a read", item::Entity::find().all(db)).await;
    assert_eq!(items.expect("reads continue").len(), 1);
}

fn is_up(db: &RoutingConnection, node: &str) -> bool {
    let topology = db.topology();
    let node = topology.find(node);
    node.expect("declared").is_up()
}

/// The node that served a read, which must not fail.
async fn served_by(db: &RoutingConnection) -> String {
    let routes = db.record();
    read(db).await;
    let routes = routes.routes();
    routes.last().expect("a route").node().to_string()
}

/// Fills the pool of a node with that many idle connections.
async fn warm(db: &RoutingConnection, node: &str, connections: u32) {
    let node = db.node(node).expect("declared");
    let pool = node.get_postgres_connection_pool();
    let mut held = Vec::new();
    for _ in 0..connections {
        held.push(pool.acquire().await.expect("a connection"));
    }
    assert_eq!(pool.size(), connections);
    drop(held);
    eventually("they are back", || async {
        pool.num_idle() == connections as usize
    })
    .await;
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

/// For less than the backoff after a failure: no read tries the node. A read that a busy machine has held
/// up for longer proves nothing.
async fn reads_stay_away_from(db: &RoutingConnection, node: &str) {
    const BACKOFF: Duration = Duration::from_millis(250);
    let start = Instant::now();
    while start.elapsed() < BACKOFF {
        let served = served_by(db).await;
        assert!(
            served != node || start.elapsed() >= BACKOFF,
            "{node} was tried"
        );
    }
}

async fn comes_back(db: &RoutingConnection, node: &str) {
    eventually("the replica serves again", || async {
        read(db).await;
        is_up(db, node)
    })
    .await;
    eventually("reads go to it", || async { served_by(db).await == node }).await;
}
