//! Postgres and MariaDB.

use std::time::Duration;

use sea_orm::{Database, DatabaseConnection};
use sea_orm_routing::RoutingConnection;

use super::place::{IMPATIENT, Manner, PATIENT, Place};
use super::plan::{IN_A_TRANSACTION, ON_THE_POOL, Step, WAYS};
use super::story::Fault;
use super::{lane, play};
use crate::support::look::{none_open_in_mariadb, none_open_in_postgres};
use crate::support::{self, Servers};

/// Whether replies arrive whole, or in pieces that are read one by one.
const MANNERS: [Manner; 6] = [
    Manner {
        bytes: 16 * 1024,
        fresh: false,
    },
    Manner {
        bytes: 16 * 1024,
        fresh: true,
    },
    Manner {
        bytes: 150,
        fresh: false,
    },
    Manner {
        bytes: 150,
        fresh: true,
    },
    Manner {
        bytes: 40,
        fresh: false,
    },
    Manner {
        bytes: 40,
        fresh: true,
    },
];

/// With whole replies, bare SeaORM's connections to MariaDB come back; in pieces, too many are
/// lost.
const WHOLE: &[Manner] = MANNERS.split_at(2).0;

const IN_PARTS: Manner = MANNERS[4];

async fn places(url: &str, manners: &[Manner], patience: Duration) -> Vec<Place> {
    let db = Database::connect(url).await.expect("connected");
    lane::create(&db).await;
    db.close().await.expect("closed");
    let mut places = Vec::new();
    for manner in manners {
        for way in WAYS {
            places.push(Place::on_server(url, way, *manner, patience).await);
        }
    }
    places
}

/// Running all steps would take too long: bare SeaORM's replies from MariaDB often never arrive
/// after a cancellation.
const FEW_STEPS: &[Step] = &[
    Step::Begin,
    Step::Execute,
    Step::NestedBegin,
    Step::NestedCommit,
    Step::ChildWhileItsParentStreams,
];

/// The password `secret`, hashed once instead of 4096 times: this test opens many connections, and
/// the client hashes too.
const HASHED_ONCE: &str = "SCRAM-SHA-256$1:MDEyMzQ1Njc4OWFiY2RlZg==$rb2i4FWE8CCi1HDhnBxhv8/uERf3QN6tiTjE4qSdliQ=:gWfVquF9Vgm4YA/KIyjllnL4Zn6B7unP+DKFnilYEAg=";

async fn on_postgres(
    pg: &Servers<routing_servers::PostgresCluster>,
    manners: &[Manner],
    patience: Duration,
) -> Vec<Place> {
    let name = pg.name;
    pg.sql(&format!(
        "CREATE ROLE {name} SUPERUSER LOGIN PASSWORD '{HASHED_ONCE}'"
    ))
    .await;
    let url = pg
        .cluster
        .primary_url(name)
        .replace("//app:", &format!("//{name}:"));
    places(&url, manners, patience).await
}

#[tokio::test]
async fn postgres_is_whole_after_every_cut_in_a_transaction() {
    let Some(pg) = support::postgres("cut_routed").await else {
        return;
    };
    let places = on_postgres(&pg, &MANNERS, PATIENT).await;
    let (report, lanes) = play::<RoutingConnection>(places, IN_A_TRANSACTION, 1).await;
    eprintln!("routed, Postgres: {report}");
    none_open_in_postgres(&pg, 2 * lanes.len()).await;
    report.is_clean(2_000);
}

#[tokio::test]
async fn postgres_is_whole_after_every_cut_on_the_pool() {
    let Some(pg) = support::postgres("cut_pool").await else {
        return;
    };
    let places = on_postgres(&pg, &MANNERS, PATIENT).await;
    let (report, lanes) = play::<RoutingConnection>(places, ON_THE_POOL, 1).await;
    eprintln!("routed, pool of Postgres: {report}");
    none_open_in_postgres(&pg, 2 * lanes.len()).await;
    report.is_clean(150);
}

#[tokio::test]
async fn mariadb_is_whole_after_every_cut_in_a_transaction() {
    let Some(maria) = support::mariadb("cut_routed").await else {
        return;
    };
    let places = places(&maria.cluster.primary_url(maria.name), &MANNERS, PATIENT).await;
    let (report, lanes) = play::<RoutingConnection>(places, IN_A_TRANSACTION, 1).await;
    eprintln!("routed, MariaDB: {report}");
    none_open_in_mariadb(&maria, 2 * lanes.len()).await;
    report.is_clean(2_000);
}

/// sqlx loses its place if it is cancelled while it reads the reply to a prepare, and then never
/// returns the connection to its pool.
#[tokio::test]
async fn mariadb_is_whole_after_every_cut_on_the_pool() {
    let Some(maria) = support::mariadb("cut_pool").await else {
        return;
    };
    let places = places(
        &maria.cluster.primary_url(maria.name),
        &[IN_PARTS],
        IMPATIENT,
    )
    .await;
    let (report, lanes) = play::<RoutingConnection>(places, ON_THE_POOL, 1).await;
    eprintln!("routed, pool of MariaDB: {report}");
    none_open_in_mariadb(&maria, 2 * lanes.len()).await;
    report.is_clean(50);
}

#[tokio::test]
async fn bare_seaorm_on_postgres_is_not_whole() {
    let Some(pg) = support::postgres("cut_bare").await else {
        return;
    };
    let places = on_postgres(&pg, WHOLE, IMPATIENT).await;
    let (report, _) = play::<DatabaseConnection>(places, IN_A_TRANSACTION, 1).await;
    eprintln!("bare SeaORM, Postgres: {report}");
    for fault in [
        Fault::OpenInPool,
        Fault::Autocommitted,
        Fault::Lost,
        Fault::Panicked,
    ] {
        report.has(fault);
    }
}

#[tokio::test]
async fn bare_seaorm_on_mariadb_is_not_whole() {
    let Some(maria) = support::mariadb("cut_bare").await else {
        return;
    };
    let places = places(
        &maria.cluster.primary_url(maria.name),
        &[WHOLE[0]],
        IMPATIENT,
    )
    .await;
    let (report, _) = play::<DatabaseConnection>(places, FEW_STEPS, 1).await;
    eprintln!("bare SeaORM, MariaDB: {report}");
    for fault in [Fault::OpenInPool, Fault::Autocommitted, Fault::Panicked] {
        report.has(fault);
    }
}

#[tokio::test]
async fn the_pool_of_bare_seaorm_on_mariadb_loses_connections() {
    let Some(maria) = support::mariadb("cut_bare_pool").await else {
        return;
    };
    let places = places(
        &maria.cluster.primary_url(maria.name),
        &[IN_PARTS],
        IMPATIENT,
    )
    .await;
    let (report, _) = play::<DatabaseConnection>(places, &[Step::PoolExecute], 1).await;
    eprintln!("bare SeaORM, pool of MariaDB: {report}");
    report.has(Fault::Leaked);
}
