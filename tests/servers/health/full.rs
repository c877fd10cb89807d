//! A replica that has no connection left to give is not down.

use std::time::Duration;

use routing_servers::Node;
use sea_orm::{ConnectOptions, Database, DatabaseTransaction, TransactionTrait};
use sea_orm_routing::topology::NodeState;
use sea_orm_routing::{DatabaseOptions, RoutingConnection};

use crate::support::bed::{Bed, INTERVAL, TIMEOUT, on_each_server};
use crate::support::impatient;
use crate::support::nodes::{becomes, is_read_from, served_by, state, when};

on_each_server! {
    a_replica_is_full(1),
}

/// Takes every connection that a server has left.
async fn fill(url: String) -> Vec<DatabaseTransaction> {
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(1000)
        .acquire_timeout(Duration::from_millis(500));
    let pool = Database::connect(options).await.expect("a connection");
    let (mut held, mut refused) = (Vec::new(), 0);
    // A connection that the monitor opened for a moment leaves a place free again.
    while refused < 4 {
        match pool.begin().await {
            Ok(transaction) => held.push(transaction),
            Err(_) => refused += 1,
        }
    }
    held
}

fn says_why(db: &RoutingConnection) -> bool {
    let topology = db.topology();
    let reason = topology.find("default/2").expect("declared").reason();
    reason.is_some_and(|reason| reason.to_lowercase().contains("too many"))
}

async fn a_replica_is_full(bed: impl Bed) {
    let options = DatabaseOptions::new(impatient(bed.url(Node::Primary)))
        .probe_interval(INTERVAL)
        .probe_timeout(TIMEOUT)
        .replica(bed.url(0));
    let db = bed.connect(options).await;
    let held = fill(bed.url(0)).await;
    // Its pool has no connection yet. The read fails there and is answered by the primary.
    assert_eq!(served_by(&db).await, "default/1");
    becomes(&db, "default/2", NodeState::Suspect).await;
    when("it says why".to_owned(), || says_why(&db)).await;
    for _ in 0..20 {
        tokio::time::sleep(INTERVAL / 2).await;
        assert_ne!(state(&db, "default/2"), NodeState::Down);
    }
    drop(held);
    is_read_from(&db, "default/2").await;
}
