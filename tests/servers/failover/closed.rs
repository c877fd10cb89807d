//! A connection that is closed while another node becomes the primary.

use std::time::Duration;

use routing_servers::{Mode, Node, PostgresCluster};
use sea_orm::ConnectionTrait;
use sea_orm_routing::DatabaseOptions;
use sea_orm_routing::options::RoleSource;

use crate::support::bed::{Bed, INTERVAL};
use crate::support::nodes::when;
use crate::support::options;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_stays_closed() {
    for delay in [40, 60, 80] {
        let Some(pg) = PostgresCluster::begin(1).await else {
            return;
        };
        let (proxy, through) = pg.proxy(0);
        let database = DatabaseOptions::new(options(pg.url(Node::Primary)));
        let database = database
            .probe_interval(INTERVAL)
            .replica(through)
            .roles(RoleSource::Observed);
        let db = pg.connect(database).await;
        let before = proxy.accepted();
        let delay = Duration::from_millis(delay);
        proxy.set(Mode::Delay(delay)).expect("set");
        pg.kill(Node::Primary).await;
        pg.promote(0).await.expect("promoted");
        let opening = "a pool opens to the new primary".to_owned();
        when(opening, || proxy.accepted() > before).await;
        tokio::time::sleep(delay * 2).await;
        drop(db.close_with(Duration::from_secs(3)).await);
        // Waits as long as a promotion could take.
        tokio::time::sleep(delay * 20).await;
        let written = db
            .execute_unprepared("INSERT INTO item (name) VALUES ('late')")
            .await;
        assert!(written.is_err(), "after {delay:?}: {}", db.topology());
        let closed = || async { pg.connections(0).await == 0 };
        crate::support::eventually("nothing is open", closed).await;
    }
}

#[tokio::test]
async fn a_wait_for_the_primary_leaves_nothing_open() {
    let Some(pg) = PostgresCluster::begin(0).await else {
        return;
    };
    let db = pg.connect(pg.options()).await;
    let waited = db
        .wait_for_primary("default", Duration::from_secs(20))
        .await;
    waited.expect("a primary");
    db.close_by_ref().await.expect("closed");
    let closed = || async { pg.connections(Node::Primary).await == 0 };
    crate::support::eventually("nothing is open", closed).await;
}
