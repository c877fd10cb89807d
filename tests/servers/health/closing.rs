//! A connection that closes is not held up by what happens outside.

use std::time::{Duration, Instant};

use routing_servers::{Mode, Node};
use sea_orm::{DbBackend, TransactionTrait};
use sea_orm_routing::RoutingConnection;

use crate::support::bed::{Bed, often_asked, on_each_server};
use crate::support::load::read;
use crate::support::nodes::is_read_from;
use crate::support::{eventually, item, soon, value};

on_each_server! {
    it_closes_although_a_read_waits_for_a_replica_that_does_not_answer(1),
    it_closes_what_is_idle_although_a_transaction_is_open(1),
}

async fn it_closes_although_a_read_waits_for_a_replica_that_does_not_answer<B: Bed>(bed: B) {
    let (network, url) = bed.proxy(0);
    let options = often_asked(bed.url(Node::Primary)).replica(url);
    let db = bed.connect(options).await;
    is_read_from(&db, "default/2").await;
    let reading = tokio::spawn({
        let (db, sql) = (db.on_replica(), B::sleeping(60.0));
        async move { value::<i64>(&db, &sql).await }
    });
    bed.sleeps(0).await;
    network.set(Mode::Stall).expect("set");
    let start = Instant::now();
    soon("closing", db.close_by_ref()).await.expect("closed");
    assert!(
        start.elapsed() < Duration::from_secs(20),
        "{:?}",
        start.elapsed()
    );
    soon("the read", reading)
        .await
        .expect("no panic")
        .expect_err("it is lost");
    assert!(read(&db).await.is_err(), "it is closed");
}

/// How many connections of the primary's pool are in use.
fn in_use(db: &RoutingConnection) -> usize {
    let pool = db.primary("default").expect("declared");
    match pool.get_database_backend() {
        DbBackend::Postgres => {
            let pool = pool.get_postgres_connection_pool();
            pool.size() as usize - pool.num_idle()
        }
        _ => {
            let pool = pool.get_mysql_connection_pool();
            pool.size() as usize - pool.num_idle()
        }
    }
}

async fn it_closes_what_is_idle_although_a_transaction_is_open(bed: impl Bed) {
    let db = bed.connect(bed.options()).await;
    let both = async || {
        let first = db.begin().await.expect("a transaction");
        item::named_ones(&first).await;
        first
    };
    // Several connections, of which one stays in use.
    let (first, second, third) = tokio::join!(both(), both(), both());
    for done in [second, third] {
        done.rollback().await.expect("rolled back");
    }
    let are_back = || async { in_use(&db) == 1 };
    eventually("their connections are back", are_back).await;
    db.close_with(Duration::from_millis(300))
        .await
        .expect_err("one is open");
    let alone = || async { bed.connections(Node::Primary).await == 1 };
    eventually("only the open transaction has a connection", alone).await;
    first.commit().await.expect("committed");
}
