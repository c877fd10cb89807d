//! A replica that accepts connections and never replies.

use std::time::Duration;

use routing_servers::{Mode, Node, Proxy};
use sea_orm_routing::RoutingConnection;
use sea_orm_routing::topology::NodeState;

use crate::support::bed::{Bed, INTERVAL, SLACK, TIMEOUT, often_asked, on_each_server};
use crate::support::load::{Load, read};
use crate::support::nodes::{becomes, is_read_from, is_whole, state};

/// By then every statement that waits for the node has been told that it is down.
const LIMIT: Duration = INTERVAL
    .saturating_mul(2)
    .saturating_add(TIMEOUT)
    .saturating_add(SLACK);

on_each_server! {
    the_network_to_a_replica_stalls(2),
    the_network_to_a_replica_loses_all(2),
    a_replica_is_frozen(2),
    the_only_replica_stalls(1),
    reads_come_at_the_moment_a_replica_is_found_dead(2),
}

/// The first replica is behind a proxy.
async fn behind_proxy(bed: &impl Bed) -> (RoutingConnection, Proxy) {
    let (proxy, url) = bed.proxy(0);
    let others = (1..bed.replicas()).map(|replica| bed.url(replica));
    let options = often_asked(bed.url(Node::Primary)).replica(url);
    let options = others.fold(options, |all, url| all.replica(url));
    (bed.connect(options).await, proxy)
}

async fn the_network_to_a_replica_stalls(bed: impl Bed) {
    let (db, proxy) = behind_proxy(&bed).await;
    hangs_and_comes_back(&db, &proxy, Mode::Stall).await;
    hangs_and_comes_back(&db, &proxy, Mode::Stall).await;
}

async fn the_network_to_a_replica_loses_all(bed: impl Bed) {
    let (db, proxy) = behind_proxy(&bed).await;
    hangs_and_comes_back(&db, &proxy, Mode::HalfOpen).await;
    hangs_and_comes_back(&db, &proxy, Mode::HalfOpen).await;
}

async fn the_only_replica_stalls(bed: impl Bed) {
    let (db, proxy) = behind_proxy(&bed).await;
    hangs_and_comes_back(&db, &proxy, Mode::Stall).await;
}

/// Reads that were decided just before the node went down, and sent just after, must fail over as
/// well.
async fn reads_come_at_the_moment_a_replica_is_found_dead(bed: impl Bed) {
    let (proxy, url) = bed.proxy(0);
    let options = often_asked(bed.url(Node::Primary))
        .replica(url)
        .replica(bed.url(1));
    let options = options.probe_timeout(Duration::from_millis(250));
    let options = options
        .max_fallback_reads(1000)
        .read_deadline(Duration::from_secs(10));
    let db = bed.connect(options).await;
    for _ in 0..5 {
        is_read_from(&db, "default/2").await;
        proxy.set(Mode::HalfOpen).expect("set");
        let mut reads = tokio::task::JoinSet::new();
        while state(&db, "default/2") != NodeState::Down {
            for _ in 0..4 {
                let db = db.clone();
                reads.spawn(async move { read(&db).await });
            }
            // As requests arrive in a service: not all at once.
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let all = reads.len();
        let ended = tokio::time::timeout(Duration::from_secs(6), async {
            while let Some(read) = reads.join_next().await {
                read.expect("no panic").expect("a read");
            }
        });
        let ended = ended.await;
        let left = reads.len();
        assert!(
            ended.is_ok(),
            "{left} of {all} reads wait for a node that is known to be dead"
        );
        proxy.set(Mode::Pass).expect("set");
    }
}

async fn hangs_and_comes_back(db: &RoutingConnection, proxy: &Proxy, mode: Mode) {
    let load = Load::reading(db, 12);
    load.more(200).await;
    proxy.set(mode).expect("set");
    let ejected = becomes(db, "default/2", NodeState::Down).await;
    assert!(ejected <= LIMIT, "{ejected:?}");
    load.more(100).await;
    proxy.set(Mode::Pass).expect("set");
    is_read_from(db, "default/2").await;
    load.end().await.assert_well(LIMIT);
    is_whole(db, "default/2").await;
}

async fn a_replica_is_frozen(bed: impl Bed) {
    let db = bed.connect(bed.options()).await;
    let load = Load::reading(&db, 12);
    load.more(200).await;
    bed.freeze(0).await;
    becomes(&db, "default/2", NodeState::Down).await;
    load.more(100).await;
    bed.thaw(0).await;
    is_read_from(&db, "default/2").await;
    load.end().await.assert_well(LIMIT);
    is_whole(&db, "default/2").await;
}
