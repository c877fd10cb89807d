//! Replicas that join while something else changes.

use std::time::{Duration, Instant};

use super::LONG;
use crate::support::bed::{Bed, often_asked};
use crate::support::{eventually, single, soon, value};
use routing_servers::{Mode, Node, PostgresCluster};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_is_cut_off_while_it_joins_does_not_hold_up_the_next() {
    let Some(pg) = PostgresCluster::begin(1).await else {
        return;
    };
    let db = pg.connect(pg.options()).await;
    let start = Instant::now();
    let cut_off = async {
        for n in 0.. {
            let patience = Duration::from_micros(500 * (n % 40));
            let adding = db.admin().add_replica("default", pg.url(0));
            drop(tokio::time::timeout(patience, adding).await);
            if start.elapsed() > Duration::from_secs(6) {
                return;
            }
        }
    };
    let whole = async {
        while start.elapsed() < Duration::from_secs(6) {
            let added = soon("adding", db.admin().add_replica("default", pg.url(0))).await;
            let added = added.expect("added");
            let removed = db.admin().remove_replica(added.as_str(), LONG).await;
            removed.expect("removed");
        }
    };
    tokio::join!(cut_off, whole);
    let added = soon("adding", db.admin().add_replica("default", pg.url(0))).await;
    added.expect("added");
}

/// The monitor started on a runtime that has been shut down.
#[test]
fn a_replica_joins_on_another_runtime() {
    let runtime = || tokio::runtime::Runtime::new().expect("a runtime");
    let (servers, first) = (runtime(), runtime());
    let Some(pg) = servers.block_on(PostgresCluster::begin(1)) else {
        return;
    };
    let db = first.block_on(async {
        let db = single(often_asked(pg.url(Node::Primary))).await;
        let adding = db.admin().add_replica("default", pg.url(0));
        drop(tokio::time::timeout(Duration::from_millis(2), adding).await);
        db
    });
    drop(first);
    let added = runtime().block_on(soon("adding", db.admin().add_replica("default", pg.url(0))));
    added.expect("added");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_joins_while_the_password_changes_has_the_new_one() {
    let Some(pg) = PostgresCluster::begin(2).await else {
        return;
    };
    let (proxy, through) = pg.proxy(Node::Primary);
    let db = pg.connect(often_asked(through).replica(pg.url(0))).await;
    let role = "CREATE ROLE later LOGIN PASSWORD 'later'; GRANT ALL ON ALL TABLES IN SCHEMA public TO later";
    pg.ask(Node::Primary, role).await;
    pg.caught_up().await;
    proxy
        .set(Mode::Delay(Duration::from_millis(60)))
        .expect("set");
    let (rotated, added) = tokio::join!(
        db.admin().rotate_credentials("default", "later", "later"),
        db.admin().add_replica("default", pg.url(1)),
    );
    rotated.expect("rotated");
    let added = added.expect("added");
    let added = db.using(added.as_str()).expect("a node");
    eventually("the replica is opened as the new user", || async {
        let user = value::<String>(&added, "SELECT current_user::text").await;
        user.as_deref() == Ok("later")
    })
    .await;
}
