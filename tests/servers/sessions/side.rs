//! A cluster of one test, Postgres or MariaDB.

use std::time::Duration;

use routing_servers::{MariaDbCluster, Node, PostgresCluster};
use sea_orm_routing::{DatabaseOptions, RoutingConnection};

use crate::support::{eventually, item, options, single};

/// A cluster of one test, Postgres or MariaDB.
pub(super) enum Side {
    Postgres(PostgresCluster),
    MariaDb(MariaDbCluster),
}

/// What both kinds can do.
macro_rules! on_side {
    ($side:expr, $cluster:ident => $body:expr) => {
        match $side {
            Side::Postgres($cluster) => $body,
            Side::MariaDb($cluster) => $body,
        }
    };
}

impl Side {
    /// A Postgres, or skips the test.
    pub(super) async fn postgres(replicas: usize) -> Option<Self> {
        routing_servers::postgres(replicas)
            .await
            .map(Self::Postgres)
    }

    /// A MariaDB, or skips the test.
    pub(super) async fn mariadb(replicas: usize) -> Option<Self> {
        routing_servers::mariadb(replicas).await.map(Self::MariaDb)
    }

    /// A database with all replicas, whose monitor probes often.
    pub(super) fn options(&self, name: &str) -> DatabaseOptions {
        on_side!(self, cluster => {
            let primary = DatabaseOptions::new(options(cluster.primary_url(name)));
            (0..cluster.replicas())
                .fold(primary, |it, n| it.replica(cluster.replica_url(n, name)))
                .probe_interval(Duration::from_millis(20))
        })
    }

    /// A new database with the table `item`, on all replicas.
    pub(super) async fn create(&self, name: &str) {
        on_side!(self, it => it.create_database(name).await.expect("a database"));
        let url = on_side!(self, it => it.primary_url(name));
        let db = single(url.as_str().into()).await;
        item::create(&db).await;
        db.close().await.expect("closed");
        self.caught_up().await;
    }

    /// A connection to one database, `default`, with the table `item`.
    pub(super) async fn connect(&self) -> RoutingConnection {
        self.create("shop").await;
        single(self.options("shop")).await
    }

    pub(super) async fn pause(&self, replica: usize) {
        on_side!(self, it => it.pause_replay(replica).await.expect("paused"));
    }

    pub(super) async fn resume(&self, replica: usize) {
        on_side!(self, it => it.resume_replay(replica).await.expect("resumed"));
    }

    pub(super) async fn delay(&self, replica: usize, by: Duration) {
        on_side!(self, it => it.set_apply_delay(replica, by).await.expect("delayed"));
    }

    pub(super) async fn stop_replica(&self, replica: usize) {
        on_side!(self, it => it.stop_replica(replica).await.expect("stopped"));
    }

    pub(super) async fn start_replica(&self, replica: usize) {
        on_side!(self, it => it.start_replica(replica).await.expect("started"));
    }

    pub(super) async fn stop_primary(&self) {
        on_side!(self, it => it.stop_primary().await.expect("stopped"));
    }

    pub(super) async fn promote(&self, replica: usize) {
        on_side!(self, it => it.promote(replica).await.expect("promoted"));
    }

    pub(super) async fn caught_up(&self) {
        on_side!(self, it => it.wait_caught_up().await.expect("caught up"));
    }

    /// What the server's own client prints.
    pub(super) async fn sql(&self, node: impl Into<Node>, name: &str, sql: &str) -> String {
        on_side!(self, it => it.sql(node, name, sql).await.expect("the client"))
    }

    /// Waits until the server has a row.
    pub(super) async fn has(&self, node: impl Into<Node>, id: i32) {
        let node = node.into();
        let sql = format!("SELECT count(*) FROM item WHERE id = {id}");
        let has = || async { self.sql(node, "shop", &sql).await == "1" };
        eventually("the row is on the server", has).await;
    }
}
