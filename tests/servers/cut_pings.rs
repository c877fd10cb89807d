//! Pings of our own that are cancelled leave no reply on their connection for the next statement.

use std::time::Duration;

use routing_servers::{MariaDbCluster, Mode, Node};
use sea_orm::ConnectionTrait;
use sea_orm_routing::{DatabaseOptions, RoutingConnection};

use crate::support::bed::Bed;
use crate::support::{impatient, item, single, value};

/// One shared connection, and a reply that takes 10 ms.
async fn one_connection() -> Option<(MariaDbCluster, routing_servers::Proxy, RoutingConnection)> {
    let maria = MariaDbCluster::begin(1).await?;
    let (proxy, through) = maria.proxy(Node::Primary);
    let mut options = impatient(through);
    options.max_connections(1);
    let database = DatabaseOptions::new(options)
        .probe_timeout(Duration::from_millis(100))
        .replica(maria.url(0));
    let db = single(database).await;
    item::create(&db).await;
    db.execute_unprepared("INSERT INTO item (id, name) VALUES (1, 'first')")
        .await
        .expect("a row");
    proxy
        .set(Mode::Delay(Duration::from_millis(10)))
        .expect("set");
    Some((maria, proxy, db))
}

/// Checks that each reply belongs to its query.
async fn is_in_step(db: &RoutingConnection, after: &str) {
    let again = "INSERT INTO item (id, name) VALUES (1, 'again')";
    let error = db.execute_unprepared(again).await;
    let error = error.expect_err("there is one already").to_string();
    assert!(error.contains("Duplicate entry"), "{after}: {error}");
    let count = value::<i64>(&db.on_primary(), "SELECT COUNT(*) FROM item").await;
    assert_eq!(count, Ok(1), "{after}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pings() {
    let Some((_maria, _proxy, db)) = one_connection().await else {
        return;
    };
    for cut in (2..90).step_by(2) {
        drop(tokio::time::timeout(Duration::from_millis(cut), db.ping()).await);
        is_in_step(&db, &format!("cut after {cut} ms")).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn waits_for_the_primary() {
    let Some((_maria, proxy, db)) = one_connection().await else {
        return;
    };
    for cut in (2..90).step_by(4) {
        let cut = Duration::from_millis(cut);
        let waited = db.wait_for_primary("default", Duration::from_secs(5));
        drop(tokio::time::timeout(cut, waited).await);
        is_in_step(&db, &format!("cut after {cut:?}")).await;
        proxy.set(Mode::Delay(cut)).expect("set");
        drop(
            db.wait_for_primary("default", Duration::from_millis(200))
                .await,
        );
        proxy
            .set(Mode::Delay(Duration::from_millis(10)))
            .expect("set");
        is_in_step(&db, &format!("an answer after {cut:?}")).await;
    }
}
