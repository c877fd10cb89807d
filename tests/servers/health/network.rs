//! A network that cuts, resets, refuses or delays.

use std::time::Duration;

use routing_servers::{Mode, Node};
use sea_orm::ConnectionTrait;
use sea_orm_routing::RoutingError;
use sea_orm_routing::error::AvailabilityError;
use sea_orm_routing::policy::PrimaryReads;
use sea_orm_routing::topology::NodeState;

use crate::support::bed::{Bed, INTERVAL, SLACK, TIMEOUT, often_asked, on_each_server};
use crate::support::cut_link::{Breaks, cut_link};
use crate::support::load::{Load, read};
use crate::support::nodes::{becomes, is, is_read_from, serves};
use crate::support::{eventually, item, soon, value};

on_each_server! {
    connections_are_cut_again_and_again(2),
    connections_are_reset_again_and_again(2),
    connections_are_refused_again_and_again(2),
    a_replica_is_slow_and_a_read_takes_longer_than_a_probe_may(1),
    a_replica_is_slow_to_connect_to(1),
    statements_alone_find_the_last_replica_dead(1),
    a_write_is_cut_off(1),
}

async fn connections_are_cut_again_and_again(bed: impl Bed) {
    again_and_again(bed, Mode::Cut).await;
}

async fn connections_are_reset_again_and_again(bed: impl Bed) {
    again_and_again(bed, Mode::Reset).await;
}

async fn connections_are_refused_again_and_again(bed: impl Bed) {
    again_and_again(bed, Mode::Refuse).await;
}

async fn again_and_again(bed: impl Bed, mode: Mode) {
    let (proxy, url) = bed.proxy(0);
    let options = often_asked(bed.url(Node::Primary))
        .replica(url)
        .replica(bed.url(1));
    let db = bed.connect(options).await;
    let load = Load::reading(&db, 8);
    for _ in 0..4 {
        // All at once, twice: connections break although the server is up.
        proxy.set(mode).expect("set");
        proxy.set(Mode::Pass).expect("set");
        load.more(30).await;
    }
    proxy.set(mode).expect("set");
    becomes(&db, "default/2", NodeState::Down).await;
    load.more(30).await;
    proxy.set(Mode::Pass).expect("set");
    is_read_from(&db, "default/2").await;
    load.end().await.assert_well(INTERVAL * 2 + TIMEOUT + SLACK);
}

async fn a_replica_is_slow_and_a_read_takes_longer_than_a_probe_may(bed: impl Bed) {
    let (proxy, url) = bed.proxy(0);
    let options = often_asked(bed.url(Node::Primary)).replica(url);
    let db = bed.connect(options).await;
    read(&db).await.expect("a read");
    proxy
        .set(Mode::Delay(Duration::from_millis(50)))
        .expect("set");
    let routes = db.record();
    let sleeping = sleeping(&bed, 3.0);
    let count = soon("a slow read", value::<i64>(&db, &sleeping)).await;
    assert_eq!(count, Ok(1));
    let routes = routes.routes();
    assert_eq!(routes.len(), 1, "it was never sent elsewhere: {routes:?}");
    assert_eq!(routes[0].node().as_str(), "default/2");
    assert!(serves(&db, "default/2"), "{}", db.topology());
}

fn sleeping<B: Bed>(_: &B, seconds: f64) -> String {
    B::sleeping(seconds)
}

/// Each reply arrives in time; a connection needs several of them.
async fn a_replica_is_slow_to_connect_to(bed: impl Bed) {
    let (proxy, url) = bed.proxy(0);
    let options = often_asked(bed.url(Node::Primary)).replica(url);
    let options = options.probe_timeout(Duration::from_millis(600));
    proxy
        .set(Mode::Delay(Duration::from_millis(125)))
        .expect("set");
    let db = bed.connect(options).await;
    is_read_from(&db, "default/2").await;
    assert!(serves(&db, "default/2"), "{}", db.topology());
}

async fn statements_alone_find_the_last_replica_dead(bed: impl Bed) {
    let (proxy, url) = bed.proxy(0);
    let options = often_asked(bed.url(Node::Primary)).replica(url);
    let options = options.monitored(false).primary_reads(PrimaryReads::Never);
    let db = bed.connect(options).await;
    read(&db).await.expect("a read");
    proxy.set(Mode::Refuse).expect("set");
    let error = soon("a read", read(&db)).await.expect_err("it is dead");
    assert!(!error.to_string().contains("secret"), "{error}");
    becomes(&db, "default/2", NodeState::Down).await;
    proxy.set(Mode::Pass).expect("set");
    // At once: only statements found the node dead, so no probe excludes it.
    soon("a read", read(&db))
        .await
        .expect("the last replica is tried");
    assert!(
        !is(&error, |it| matches!(
            it,
            RoutingError::Availability(AvailabilityError::NoNode { .. })
        )),
        "{error:?}"
    );
}

async fn a_write_is_cut_off(bed: impl Bed) {
    let (url, scissors) = cut_link(&bed.url(Node::Primary)).await;
    let db = bed.connect(often_asked(url).replica(bed.url(0))).await;
    for (breaks, row, runs) in [
        (Breaks::OnTheWay, "cut on the way", "0"),
        (Breaks::OnTheWayBack, "cut on the way back", "1"),
    ] {
        scissors.wait_for(row, breaks);
        let sql = format!("INSERT INTO item (name) VALUES ('{row}')");
        // In one message: a prepared statement would be cut before it runs.
        let written = soon("a write", db.execute_unprepared(&sql)).await;
        let error = written.expect_err("it was cut off");
        // A second attempt would be refused by the unique index, or succeed.
        assert!(
            !error.to_string().to_lowercase().contains("duplicate"),
            "{error}"
        );
        let count = format!("SELECT COUNT(*) FROM item WHERE name = '{row}'");
        eventually("it ran once at most", || async {
            bed.ask(Node::Primary, &count).await == runs
        })
        .await;
    }
    eventually("writes go on", || async {
        item::insert(&db, "next").await.is_ok()
    })
    .await;
}
