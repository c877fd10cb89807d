//! If nothing proves that a replica has caught up, causal reads go to the primary.

use routing_servers::Node;
use sea_orm_routing::topology::Endpoint;
use sea_orm_routing::{DatabaseOptions, ReplicaOptions, Role, RoutingConnection};

use super::side::Side;
use super::{CAUSAL, has, next_read, write};
use crate::support::{eventually, options, single};

fn urls(side: &Side) -> [String; 2] {
    match side {
        Side::Postgres(it) => [it.primary_url("shop"), it.replica_url(0, "shop")],
        Side::MariaDb(it) => [it.primary_url("shop"), it.replica_url(0, "shop")],
    }
}

/// Reads stay on the primary, even if the replica has everything; before the session's first write
/// they go to the replica.
async fn proves_nothing(side: &Side, db: &RoutingConnection, id: i32) {
    let session = db.session_with(CAUSAL);
    assert_eq!(next_read(&session), Role::Replica, "nothing was written");
    write(&session, id).await.expect("written");
    assert!(has(&session, id).await, "it was written");
    side.has(0, id).await;
    // Waits longer than a monitor with this interval needs.
    for _ in 0..20 {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        assert_eq!(next_read(&session), Role::Primary);
    }
    assert_eq!(next_read(db), Role::Replica);
}

async fn without_proof(side: Side) {
    side.create("shop").await;
    let [primary, replica] = urls(&side);
    let unmonitored = single(side.options("shop").monitored(false)).await;
    proves_nothing(&side, &unmonitored, 1).await;
    let balanced = ReplicaOptions::new(replica.as_str()).endpoint(Endpoint::Balanced);
    let balanced = DatabaseOptions::new(options(primary.clone())).replica(balanced);
    let interval = std::time::Duration::from_millis(20);
    let balanced = single(balanced.probe_interval(interval)).await;
    proves_nothing(&side, &balanced, 2).await;
    let primary = side.options("shop").endpoint(Endpoint::Balanced);
    proves_nothing(&side, &single(primary).await, 3).await;
}

#[tokio::test]
async fn without_proof_on_postgres() {
    if let Some(side) = Side::postgres(1).await {
        without_proof(side).await;
    }
}

#[tokio::test]
async fn without_proof_on_mariadb() {
    if let Some(side) = Side::mariadb(1).await {
        without_proof(side).await;
    }
}

/// An idle primary at the start of a log segment, whose next record goes past a page header: no
/// replica reaches that position, although it has everything.
#[tokio::test]
async fn an_idle_primary_at_the_end_of_a_page_does_not_keep_reads() {
    let Some(side) = Side::postgres(1).await else {
        return;
    };
    let db = side.connect().await;
    let Side::Postgres(pg) = &side else { return };
    for (id, off) in [(1, false), (2, true)] {
        let setting = if off { "off" } else { "on" };
        let set = format!("ALTER ROLE app SET synchronous_commit = {setting}");
        pg.psql(Node::Primary, "shop", &set).await.expect("set");
        let db = single(side.options("shop")).await;
        write(&db, id).await.expect("written");
        pg.switch_wal().await.expect("at the start of a segment");
        // The session's last write is older than every later probe, and no record follows it.
        let session = db.session_with(CAUSAL);
        session.mark_written("default").expect("declared");
        let start = std::time::Instant::now();
        let returns = || async { next_read(&session) == Role::Replica };
        eventually("reads return to the replica", returns).await;
        let waited = start.elapsed();
        // The server writes a record by itself within 15 seconds.
        assert!(waited.as_secs() < 3, "only after {waited:?}");
        assert!(has(&session, id).await);
    }
    drop(db);
}

/// A replica that is an independent server and follows no primary: it proves nothing, and no
/// waiting statement is sent to any server.
#[tokio::test]
async fn a_mariadb_that_follows_no_primary_proves_nothing() {
    let (Some(side), Some(other)) = (Side::mariadb(0).await, Side::mariadb(0).await) else {
        return;
    };
    side.create("shop").await;
    other.create("shop").await;
    let url = |side: &Side| match side {
        Side::MariaDb(it) => it.primary_url("shop"),
        Side::Postgres(_) => unreachable!("a MariaDB"),
    };
    let database = DatabaseOptions::new(options(url(&side))).replica(url(&other).as_str());
    let db = single(database.probe_interval(std::time::Duration::from_millis(20))).await;
    let waits = super::causal(300, sea_orm_routing::session::OnTimeout::Primary);
    for (id, mode) in [(1, CAUSAL), (2, waits)] {
        let session = db.session_with(mode);
        write(&session, id).await.expect("written");
        for _ in 0..5 {
            assert!(has(&session, id).await, "the primary has it");
            for side in [&side, &other] {
                let waiting = "SELECT COUNT(*) FROM information_schema.processlist
                    WHERE info LIKE '%WAIT%' AND id <> CONNECTION_ID()";
                assert_eq!(side.sql(Node::Primary, "shop", waiting).await, "0");
            }
        }
    }
}

/// One server that is declared as primary and as replica has everything.
async fn the_primary_as_its_own_replica(side: Side) {
    side.create("shop").await;
    let [primary, _] = urls(&side);
    let database = DatabaseOptions::new(options(primary.clone())).replica(primary.as_str());
    let db = single(database.probe_interval(std::time::Duration::from_millis(20))).await;
    let session = db.session_with(CAUSAL);
    write(&session, 1).await.expect("written");
    let returns = || async { has(&session, 1).await && next_read(&session) == Role::Replica };
    eventually("reads go to the replica", returns).await;
}

#[tokio::test]
async fn the_primary_as_its_own_replica_on_postgres() {
    if let Some(side) = Side::postgres(1).await {
        the_primary_as_its_own_replica(side).await;
    }
}

#[tokio::test]
async fn the_primary_as_its_own_replica_on_mariadb() {
    if let Some(side) = Side::mariadb(1).await {
        the_primary_as_its_own_replica(side).await;
    }
}
