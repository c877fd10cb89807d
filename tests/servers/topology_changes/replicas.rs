//! Postgres replicas that are added and removed under load.

use sea_orm::ConnectionTrait;
use sea_orm_routing::DatabaseOptions;
use sea_orm_routing::topology::NodeState;

use super::{LONG, Load, a_while, state};
use crate::support::{eventually, item, options, postgres, single, soon, value};

#[tokio::test]
async fn no_read_fails_while_replicas_come_and_go() {
    let Some(pg) = postgres("come_and_go").await else {
        return;
    };
    // A slow reply of a busy machine must not count as a dead server.
    let database = DatabaseOptions::new(options(pg.cluster.primary_url(pg.name)));
    let patient = database.probe_timeout(std::time::Duration::from_secs(10));
    let db = single(patient).await;
    item::create(&db).await;
    item::insert(&db, "one").await.expect("a row");
    pg.caught_up().await;
    let load = Load::start(&db, true);
    for round in 0..6 {
        let url = pg.cluster.replica_url(round % 2, pg.name);
        let name = soon("adding", db.admin().add_replica("default", url)).await;
        let name = name.expect("added").to_string();
        assert_eq!(state(&db, &name), Some(NodeState::Up));
        a_while().await;
        let routes = db.record();
        value::<i32>(&db, "SELECT 1").await.expect("a read");
        assert!(routes.routes().iter().any(|it| *it.node() == *name));
        let removed = db.admin().remove_replica(&name, LONG);
        soon("removing", removed).await.expect("removed");
        assert_eq!(state(&db, &name), None);
    }
    assert!(load.stop().await > 100);
    assert_eq!(
        pg.cluster.sql(0, pg.name, "SELECT 1").await.as_deref(),
        Ok("1")
    );
}

#[tokio::test]
async fn a_removed_replica_has_no_connection_left() {
    let Some(pg) = postgres("removed_replica").await else {
        return;
    };
    let db = pg.connect().await;
    for _ in 0..20 {
        value::<i32>(&db, "SELECT 1").await.expect("a read");
    }
    let removed = db.admin().remove_replica("default/2", LONG).await;
    removed.expect("removed");
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = 'removed_replica'
        AND pid <> pg_backend_pid()";
    eventually("its connections are closed, the monitor's too", || async {
        pg.cluster.sql(0, pg.name, sql).await.as_deref() == Ok("0")
    })
    .await;
    assert_ne!(pg.cluster.sql(1, pg.name, sql).await.as_deref(), Ok("0"));
}

#[tokio::test]
async fn a_closed_connection_has_no_monitor_left() {
    let Some(pg) = postgres("closed_monitor").await else {
        return;
    };
    let db = pg.connect().await;
    db.close_with(LONG).await.expect("closed");
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = 'closed_monitor'
        AND pid <> pg_backend_pid()";
    for node in 0..2 {
        eventually("the monitor's connection is closed", || async {
            pg.cluster.sql(node, pg.name, sql).await.as_deref() == Ok("0")
        })
        .await;
    }
    assert!(db.execute_unprepared("SELECT 1").await.is_err());
}
