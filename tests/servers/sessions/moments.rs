//! The instant a write ended, and the instant the primary was probed, with a slow network in
//! between.

use std::time::Duration;

use routing_servers::{Mode, Node, Proxy};
use sea_orm_routing::{DatabaseOptions, RoutingConnection};

use super::side::Side;
use super::{CAUSAL, has};
use crate::support::{options, single};

/// A connection that reaches the primary through a proxy.
pub(super) async fn through_proxy(side: &Side) -> (RoutingConnection, Proxy) {
    let (primary, replica) = match side {
        Side::Postgres(it) => (it.primary_url("shop"), it.replica_url(0, "shop")),
        Side::MariaDb(it) => (it.primary_url("shop"), it.replica_url(0, "shop")),
    };
    let (host, _) = primary.rsplit_once('/').expect("a database");
    let (_, port) = host.rsplit_once(':').expect("a port");
    let proxy = Proxy::start(port.parse().expect("a port")).expect("a proxy");
    let database = DatabaseOptions::new(options(proxy.url(&primary)))
        .replica(replica.as_str())
        .probe_interval(Duration::from_millis(20))
        .probe_timeout(Duration::from_secs(10));
    (single(database).await, proxy)
}

/// The primary answers the probe, then the write ends, then the reply arrives: it proves nothing
/// about the write.
async fn an_answer_on_its_way_proves_nothing(side: Side) {
    side.create("shop").await;
    let (db, proxy) = through_proxy(&side).await;
    assert!(!has(&db.on_primary(), 1).await);
    proxy
        .set(Mode::Delay(Duration::from_millis(120)))
        .expect("slow");
    for id in 1_i32..13 {
        side.caught_up().await;
        side.pause(0).await;
        // The monitor is at an unknown point of its round.
        tokio::time::sleep(Duration::from_millis(
            300 + 37 * u64::from(id.unsigned_abs()),
        ))
        .await;
        let session = db.session_with(CAUSAL);
        let insert = format!("INSERT INTO item (id, name) VALUES ({id}, 'item {id}')");
        side.sql(Node::Primary, "shop", &insert).await;
        session.mark_written("default").expect("declared");
        for _ in 0..2 {
            let route = session.explain_sql("SELECT * FROM item").expect("a route");
            assert!(has(&session, id).await, "row {id} is missing\n{route}");
        }
        side.resume(0).await;
    }
}

#[tokio::test]
async fn an_answer_on_its_way_proves_nothing_on_postgres() {
    if let Some(side) = Side::postgres(1).await {
        an_answer_on_its_way_proves_nothing(side).await;
    }
}

#[tokio::test]
async fn an_answer_on_its_way_proves_nothing_on_mariadb() {
    if let Some(side) = Side::mariadb(1).await {
        an_answer_on_its_way_proves_nothing(side).await;
    }
}
