//! Changes that meet a server which never replies, or the end of the connection.

use std::time::Duration;

use routing_servers::{Mode, Proxy};
use sea_orm_routing::DatabaseOptions;

use super::LONG;
use crate::support::{options, postgres, single};

/// A proxy before the server of a URL, and the URL of the proxy.
fn proxied(url: &str) -> (Proxy, String) {
    let port = url
        .rsplit([':', '/'])
        .nth(1)
        .and_then(|port| port.parse().ok());
    let proxy = Proxy::start(port.expect("a port")).expect("a proxy");
    let url = proxy.url(url);
    (proxy, url)
}

async fn moment() {
    tokio::time::sleep(Duration::from_millis(200)).await;
}

#[tokio::test]
async fn adding_a_replica_ends_when_the_connection_is_closed() {
    let Some(pg) = postgres("close_adding").await else {
        return;
    };
    let db = pg.connect().await;
    let (proxy, url) = proxied(&pg.cluster.replica_url(0, pg.name));
    proxy.set(Mode::Stall).expect("stalled");
    let both = async {
        tokio::join!(db.admin().add_replica("default", url), async {
            moment().await;
            db.close_by_ref().await
        })
    };
    let ended = tokio::time::timeout(LONG, both).await;
    let (added, closed) = ended.expect("adding a replica hangs");
    closed.expect("closed");
    drop(added);
}

#[tokio::test]
async fn adding_a_replica_ends_when_its_database_is_removed() {
    let Some(pg) = postgres("remove_adding").await else {
        return;
    };
    let db = pg.connect().await;
    let tenant = DatabaseOptions::new(pg.cluster.primary_url(pg.name))
        .replica(pg.cluster.replica_url(0, pg.name));
    db.admin()
        .add_database("tenant", tenant)
        .await
        .expect("added");
    let (proxy, url) = proxied(&pg.cluster.replica_url(1, pg.name));
    proxy.set(Mode::Stall).expect("stalled");
    let both = async {
        tokio::join!(db.admin().add_replica("tenant", url), async {
            moment().await;
            db.admin().remove_database("tenant", LONG).await
        })
    };
    let ended = tokio::time::timeout(LONG, both).await;
    let (added, removed) = ended.expect("adding a replica hangs");
    removed.expect("removed");
    assert!(added.is_err(), "its database was removed");
}

#[tokio::test]
async fn new_credentials_do_not_wait_for_ever_for_a_primary_that_is_silent() {
    let Some(pg) = postgres("rotate_silent").await else {
        return;
    };
    let (proxy, url) = proxied(&pg.cluster.primary_url(pg.name));
    let db = single(DatabaseOptions::new(options(url))).await;
    proxy.set(Mode::Stall).expect("stalled");
    let rotated = db.admin().rotate_credentials("default", "app", "secret");
    let ended = tokio::time::timeout(LONG, rotated).await;
    assert!(ended.expect("rotating hangs").is_err());
}

#[tokio::test]
async fn the_primary_of_a_database_that_is_removed_is_not_waited_for() {
    let Some(pg) = postgres("wait_removed").await else {
        return;
    };
    let db = pg.connect().await;
    let (proxy, url) = proxied(&pg.cluster.primary_url(pg.name));
    proxy.set(Mode::Refuse).expect("refused");
    let mut tenant = options(url);
    tenant.acquire_timeout(Duration::from_millis(100));
    db.admin()
        .add_database("tenant", tenant)
        .await
        .expect("added");
    let both = async {
        tokio::join!(db.wait_for_primary("tenant", Duration::MAX), async {
            moment().await;
            db.admin()
                .remove_database("tenant", Duration::from_secs(1))
                .await
        })
    };
    let ended = tokio::time::timeout(Duration::from_secs(8), both).await;
    let (waited, removed) = ended.expect("waits for a database that was removed");
    removed.expect("removed");
    assert!(waited.is_err());
}
