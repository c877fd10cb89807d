//! A replica cancels a read because of a recovery conflict.

use routing_servers::{Node, PostgresCluster};
use sea_orm_routing::topology::NodeState;

use crate::support::bed::Bed;
use crate::support::nodes::state;
use crate::support::{soon, value};

/// A replica that cancels conflicting reads at once.
async fn impatient() -> Option<PostgresCluster> {
    let pg = PostgresCluster::begin(1).await?;
    let never = "ALTER SYSTEM SET max_standby_streaming_delay = 0";
    pg.ask(0, never).await;
    pg.ask(0, "SELECT pg_reload_conf()").await;
    Some(pg)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_is_cancelled_on_its_replica_and_retried_elsewhere() {
    let Some(pg) = impatient().await else {
        return;
    };
    let db = pg.connect(pg.options()).await;
    let routes = db.record();
    let slow = PostgresCluster::sleeping(2.0);
    let locks = async {
        pg.sleeps(0).await;
        let lock = "BEGIN; LOCK TABLE item IN ACCESS EXCLUSIVE MODE; COMMIT";
        pg.ask(Node::Primary, lock).await;
    };
    let read = async { tokio::join!(value::<i64>(&db, &slow), locks) };
    let (count, ()) = soon("a read", read).await;
    assert_eq!(count, Ok(1), "{routes}");
    let nodes: Vec<_> = routes
        .routes()
        .iter()
        .map(|it| it.node().to_string())
        .collect();
    assert_eq!(nodes, ["default/2", "default/1"]);
    // The replica is healthy; it was only busy.
    assert_eq!(state(&db, "default/2"), NodeState::Up, "{}", db.topology());
}
