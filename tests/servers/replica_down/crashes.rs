//! A Postgres replica that is killed.

use super::{
    cluster, comes_back, is_up, read, read_until_down, reads_stay_away_from, served_by, warm,
};
use crate::support::{eventually, soon, value};

#[tokio::test]
async fn a_replica_dies_and_comes_back() {
    let Some((pg, db)) = cluster().await else {
        return;
    };
    warm(&db, "default/2", 1).await;
    pg.stop_replica(0).await.expect("stopped");
    let slow = read_until_down(&db, "default/2").await;
    assert!(slow <= 1, "{slow} reads waited for a dead replica");
    reads_stay_away_from(&db, "default/2").await;

    pg.start_replica(0).await.expect("started");
    comes_back(&db, "default/2").await;
}

#[tokio::test]
async fn a_replica_dies_with_many_idle_connections() {
    let Some((pg, db)) = cluster().await else {
        return;
    };
    warm(&db, "default/2", 6).await;
    pg.stop_replica(0).await.expect("stopped");
    let slow = read_until_down(&db, "default/2").await;
    assert!(slow <= 1, "{slow} reads waited for a dead replica");
}

#[tokio::test]
async fn both_replicas_die_and_the_primary_serves() {
    let Some((pg, db)) = cluster().await else {
        return;
    };
    pg.stop_replica(0).await.expect("stopped");
    pg.stop_replica(1).await.expect("stopped");
    for _ in 0..10 {
        read(&db).await;
    }
    assert!(
        !is_up(&db, "default/2") && !is_up(&db, "default/3"),
        "{}",
        db.topology()
    );
    assert_eq!(served_by(&db).await, "default/1");
    pg.start_replica(1).await.expect("started");
    comes_back(&db, "default/3").await;
}

#[tokio::test]
async fn a_replica_dies_mid_read() {
    let Some((pg, db)) = cluster().await else {
        return;
    };
    let routes = db.record();
    let slow_read = async {
        let sql = "SELECT count(*) FROM item, pg_sleep(1.5)";
        value::<i64>(&db, sql).await
    };
    let kill = async {
        let mut asked = None;
        while asked.is_none() {
            tokio::task::yield_now().await;
            asked = routes
                .routes()
                .first()
                .map(|route| route.node().to_string());
        }
        let replica = usize::from(asked.as_deref() == Some("default/3"));
        let sql = "SELECT count(*) > 0 FROM pg_stat_activity WHERE query LIKE '%pg_sleep(1.5)'";
        let pg = &pg;
        eventually("the read is in flight", || async move {
            pg.psql(replica, "shop", sql).await.as_deref() == Ok("t")
        })
        .await;
        pg.stop_replica(replica).await.expect("stopped");
    };
    let (count, ()) = soon("a read", async { tokio::join!(slow_read, kill) }).await;
    assert_eq!(count, Ok(1));
    assert_eq!(routes.routes().len(), 2, "{routes}");
}
