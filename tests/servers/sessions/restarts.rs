//! A replica that was killed and restarted, and for a while lacks rows it had shown before.

use std::time::{Duration, Instant};

use routing_servers::Node;
use sea_orm_routing::{Consistency, Role, RoutingConnection};

use super::side::Side;
use super::{CAUSAL, WINDOW, has};
use crate::support::{eventually, single};

/// Brings a Postgres to a state in which a restarted replica has to apply a row again, which takes
/// a while: the row was never written to its data files.
async fn much_to_apply_again(side: &Side, id: i32) {
    let replica = Node::Replica(0);
    side.sql(Node::Primary, "shop", "CHECKPOINT").await;
    side.caught_up().await;
    side.sql(replica, "shop", "CHECKPOINT").await;
    let row = format!("INSERT INTO item (id, name) VALUES ({id}, 'late {id}')");
    side.sql(Node::Primary, "shop", &row).await;
    side.has(replica, id).await;
    // The row has been applied; after a restart it has to be applied again.
    side.delay(0, Duration::from_secs(3)).await;
}

/// Sessions that have seen the row on the replica.
async fn saw_it(db: &RoutingConnection, id: i32) -> Vec<RoutingConnection> {
    let mut sessions = Vec::new();
    for mode in [Consistency::Eventual, WINDOW, CAUSAL] {
        let session = db.session_with(mode);
        let routes = db.record();
        assert!(has(&session, id).await, "the replica has it");
        assert_eq!(routes.routes()[0].role(), Role::Replica);
        sessions.push(session);
    }
    sessions
}

#[tokio::test]
async fn no_row_vanishes_when_its_replica_is_back() {
    let Some(side) = Side::postgres(1).await else {
        return;
    };
    side.create("shop").await;
    let db = single(side.options("shop")).await;
    for id in 1..3 {
        much_to_apply_again(&side, id).await;
        let sessions = saw_it(&db, id).await;
        side.stop_replica(0).await;
        let reads = async {
            let start = Instant::now();
            while start.elapsed() < Duration::from_secs(3) {
                for session in &sessions {
                    let route = session.explain_sql("SELECT * FROM item").expect("a route");
                    assert!(has(session, id).await, "row {id} is missing\n{route}");
                }
            }
        };
        tokio::join!(side.start_replica(0), reads);
        side.delay(0, Duration::ZERO).await;
        eventually("reads return to the replica", || async {
            let routes = db.record();
            has(&sessions[0], id).await && routes.routes()[0].role() == Role::Replica
        })
        .await;
    }
}
