//! What is declared and what the servers say differ at the start.

use std::io;
use std::sync::{Arc, Mutex};

use routing_servers::Node;
use sea_orm_routing::error::ConfigError;
use sea_orm_routing::options::RoleSource;
use sea_orm_routing::{DatabaseOptions, Role, RoutingConnection, RoutingError};

use crate::support::bed::{Bed, often_asked, on_each_server};
use crate::support::load::{read, write};
use crate::support::nodes::takes;
use crate::support::{item, options, single};

on_each_server! {
    a_standby_is_declared_as_the_primary(1),
    a_url_of_a_replica_leads_to_the_primary(1),
}

async fn a_standby_is_declared_as_the_primary(bed: impl Bed) {
    let db = bed.connect(bed.options()).await;
    write(&db, "there").await.expect("a write");
    let swapped = || often_asked(bed.url(0)).replica(bed.url(Node::Primary));

    let refused = RoutingConnection::builder()
        .database("default", swapped())
        .connect()
        .await;
    let refused = refused.expect_err("a standby");
    assert!(
        matches!(
            refused,
            RoutingError::Config(ConfigError::PrimaryOnlyReads { .. })
        ),
        "{refused}"
    );
    assert!(refused.to_string().contains("default/1"), "{refused}");

    let follows = single(swapped().roles(RoleSource::Observed)).await;
    takes(&follows, "default/2", Role::Primary).await;
    write(&follows, "as observed").await.expect("a write");

    // A database that is only read.
    let reads = DatabaseOptions::new(options(bed.url(0))).require_primary(false);
    let reads = single(reads).await;
    read(&reads).await.expect("a read");
    item::insert(&reads, "no").await.expect_err("it only reads");
}

/// The log of this thread.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("not poisoned").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// It works, and takes no load off the primary.
async fn a_url_of_a_replica_leads_to_the_primary(bed: impl Bed) {
    let connected = |replica: String| async {
        let log = Log::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_writer(move || writer.clone())
            .finish();
        let options = often_asked(bed.url(Node::Primary)).replica(replica);
        let connected = RoutingConnection::builder()
            .database("default", options)
            .connect();
        let db = tracing::instrument::WithSubscriber::with_subscriber(connected, subscriber).await;
        db.expect("connected").close().await.expect("closed");
        String::from_utf8_lossy(&log.0.lock().expect("not poisoned")).into_owned()
    };
    let warned = |log: &str| log.contains("leads to the server of the primary");
    let log = connected(bed.url(Node::Primary)).await;
    assert!(warned(&log), "{log}");
    assert!(log.contains("default/2"), "{log}");
    let log = connected(bed.url(0)).await;
    assert!(!warned(&log), "{log}");
}
