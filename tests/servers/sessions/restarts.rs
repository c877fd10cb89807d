//! A replica that was killed and is back, and for a while has less than it had shown before.

use std::time::{Duration, Instant};

use routing_servers::Node;
use sea_orm_routing::{Consistency, Role, RoutingConnection};

use super::side::Side;
use super::{CAUSAL, WINDOW, has};
use crate::support::{eventually, single};

/// Brings a Postgres to a state in which a restarted replica has a lot to apply again: nothing of it
/// was written to its files.
async fn much_to_apply_again(side: &Side, id: i32) {
    let replica = Node::Replica(0);
    side.sql(Node::Primary, "shop", "CHECKPOINT").await;
    side.caught_up().await;
    side.sql(replica, "shop", "CHECKPOINT").await;
    let much = "CREATE TABLE IF NOT EXISTS much (n int primary key, t int); TRUNCATE much;
        INSERT INTO much SELECT n, 0 FROM generate_series(1, 2000) n";
    side.sql(Node::Primary, "shop", much).await;
    // The same pages again and again.
    let again =
        "DO $$ BEGIN FOR i IN 1..60 LOOP UPDATE much SET t = t + 1; COMMIT; END LOOP; END $$";
    side.sql(Node::Primary, "shop", again).await;
    let row = format!("INSERT INTO item (id, name) VALUES ({id}, 'late {id}')");
    side.sql(Node::Primary, "shop", &row).await;
    side.has(replica, id).await;
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
    for id in 1..4 {
        much_to_apply_again(&side, id).await;
        let sessions = saw_it(&db, id).await;
        side.stop_replica(0).await;
        side.start_replica(0).await;
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(2) {
            for session in &sessions {
                let route = session.explain_sql("SELECT * FROM item").expect("a route");
                assert!(has(session, id).await, "row {id} is gone\n{route}");
            }
        }
        eventually("reads return to the replica", || async {
            let routes = db.record();
            has(&sessions[0], id).await && routes.routes()[0].role() == Role::Replica
        })
        .await;
    }
}
