//! A primary that is unreachable, at startup and later.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use routing_servers::{MariaDbCluster, Mode, Node, PostgresCluster};
use sea_orm::{ConnectOptions, EntityTrait};
use sea_orm_routing::error::AvailabilityError;
use sea_orm_routing::policy::PrimaryReads;
use sea_orm_routing::topology::Endpoint;
use sea_orm_routing::{DatabaseOptions, RoutingConnection, RoutingError};

use crate::support::bed::{Bed, often_asked};
use crate::support::nodes::{is_read_from, when};
use crate::support::{self, error_of, eventually, impatient, item, single, soon};

async fn cluster() -> Option<PostgresCluster> {
    let pg = routing_servers::postgres(1).await?;
    pg.create_database("shop").await.expect("a database");
    Some(pg)
}

/// The error of a failed startup, which names the node and never a secret, however it is printed.
async fn refused_start(primary: impl Into<DatabaseOptions>, secret: &str) -> String {
    let builder = RoutingConnection::builder().database("default", primary);
    let started = soon("a start", builder.connect()).await;
    let error = started.expect_err("the primary cannot be opened");
    assert!(
        matches!(&error, RoutingError::Availability(AvailabilityError::Connect { node, .. }) if node.as_str() == "default/1"),
        "{error:?}"
    );
    let printed = format!(
        "{error} {error:?} {:?}",
        sea_orm::DbErr::from(error.clone())
    );
    assert!(printed.contains("default/1"), "{printed}");
    assert!(!printed.contains(secret), "{printed}");
    error.to_string()
}

#[tokio::test]
async fn a_primary_is_dead_at_the_start() {
    let Some(pg) = cluster().await else {
        return;
    };
    pg.stop_primary().await.expect("stopped");
    let mut options = ConnectOptions::new(pg.primary_url("shop"));
    options.connect_timeout(Duration::from_millis(500));
    refused_start(options, "secret").await;
    let database =
        DatabaseOptions::new(impatient(pg.primary_url("shop"))).replica(pg.replica_url(0, "shop"));
    refused_start(database, "secret").await;
}

#[tokio::test]
async fn a_primary_refuses_the_password_at_the_start() {
    let Some(pg) = support::postgres("down_password").await else {
        return;
    };
    let url = pg.cluster.primary_url(pg.name);
    let wrong = url.replace(":secret@", ":hunter2@");
    let error = refused_start(wrong.as_str(), "hunter2").await;
    assert!(error.contains("password authentication failed"), "{error}");
    let error = refused_start(ConnectOptions::new(wrong), "hunter2").await;
    assert!(error.contains("password authentication failed"), "{error}");
    let elsewhere = url.replace("/down_password", "/nowhere");
    let error = refused_start(elsewhere, "secret").await;
    assert!(error.contains("nowhere"), "{error}");

    let Some(maria) = support::mariadb("down_password").await else {
        return;
    };
    let url = maria.cluster.primary_url(maria.name);
    let wrong = url.replace(":secret@", ":hunter2@");
    let error = refused_start(wrong.as_str(), "hunter2").await;
    assert!(error.contains("Access denied"), "{error}");
    refused_start(ConnectOptions::new(wrong), "hunter2").await;
}

#[tokio::test]
async fn a_primary_dies_and_reads_go_on() {
    let Some(pg) = cluster().await else {
        return;
    };
    let database =
        DatabaseOptions::new(impatient(pg.primary_url("shop"))).replica(pg.replica_url(0, "shop"));
    let db = single(database).await;
    item::create(&db).await;
    item::insert(&db, "one").await.expect("a row");
    pg.wait_caught_up().await.expect("caught up");

    pg.stop_primary().await.expect("stopped");
    let refused = soon("a write", item::insert(&db, "two")).await;
    let error = error_of(refused);
    assert!(!error.contains("secret"), "{error}");
    for _ in 0..10 {
        let items = soon("a read", item::Entity::find().all(&db)).await;
        assert_eq!(items.expect("reads continue").len(), 1);
    }
    let unreachable = error_of(soon("a ping", db.ping()).await);
    assert!(unreachable.contains("default/1"), "{unreachable}");

    pg.start_primary().await.expect("started");
    let db = &db;
    eventually("writes go on", || async move {
        item::insert(db, "two").await.is_ok()
    })
    .await;
    assert_eq!(item::names(db).await, ["one", "two"]);
}

/// The primary answers but refuses writes: a statement that waited for it would only fail.
#[tokio::test]
async fn a_primary_that_only_reads_is_not_there_yet() {
    let Some(maria) = MariaDbCluster::begin(1).await else {
        return;
    };
    let alone = often_asked(maria.url(Node::Primary));
    for options in [alone, maria.options()] {
        let db = single(options).await;
        maria.ask(Node::Primary, "SET GLOBAL read_only = ON").await;
        let early = db.wait_for_primary("default", Duration::from_millis(700));
        let error = soon("the primary", early).await.expect_err("it only reads");
        let is_it = matches!(
            error,
            RoutingError::Availability(AvailabilityError::NoPrimary { .. })
        );
        assert!(is_it, "{error}");
        maria.ask(Node::Primary, "SET GLOBAL read_only = OFF").await;
        let back = db.wait_for_primary("default", Duration::from_secs(15));
        soon("the primary", back).await.expect("it takes writes");
    }
}

/// Behind a balancer no role is observed; what answers again takes writes again.
#[tokio::test]
async fn a_balanced_primary_returns() {
    let Some(pg) = PostgresCluster::begin(1).await else {
        return;
    };
    let options = pg
        .options()
        .endpoint(Endpoint::Balanced)
        .primary_reads(PrimaryReads::Include);
    let db = pg.connect(options).await;
    let is_writable = || {
        let topology = db.topology();
        topology
            .database("default")
            .expect("declared")
            .is_writable()
    };
    pg.kill(Node::Primary).await;
    when("its writes stop".to_owned(), || !is_writable()).await;
    pg.start(Node::Primary).await;
    when("its writes go on".to_owned(), is_writable).await;
    is_read_from(&db, "default/1").await;
    item::insert(&db, "second").await.expect("a row");
}

/// Statements that wait for the first connection of a tenant's database fail together, not one after the other.
#[tokio::test]
async fn a_database_that_was_not_used_yet_does_not_answer() {
    let Some(pg) = cluster().await else {
        return;
    };
    let (network, url) = pg.proxy(Node::Primary);
    network.set(Mode::Stall).expect("set");
    let db = single(DatabaseOptions::new(pg.primary_url("shop"))).await;
    let mut options = ConnectOptions::new(url);
    let timeout = Duration::from_secs(2);
    options.acquire_timeout(timeout);
    let added = db.admin().add_database("tenant", options);
    added.await.expect("added");
    let tenant = db.using("tenant").expect("added");
    let start = Instant::now();
    let statements = (0..8).map(|_| item::Entity::find().all(&tenant));
    for answer in soon("the statements", join_all(statements)).await {
        let error = error_of(answer);
        assert!(error.contains("tenant/1"), "{error}");
    }
    let took = start.elapsed();
    assert!(took < timeout * 4, "{took:?}");
}
