//! Futures dropped at every await leave nothing open and nothing half known.

mod crosstalk;
mod statements;
mod transactions;

use routing_servers::{MariaDbCluster, PostgresCluster};
use sea_orm::TransactionTrait;
use sea_orm_routing::RoutingConnection;

use crate::support::item::{self, insert, names};
use crate::support::slow_link::slow_link;
use crate::support::{self, Servers, eventually, options, single, soon};

/// Connections of the pool under test.
const CONNECTIONS: u32 = 2;

async fn connect(url: &str) -> RoutingConnection {
    let mut options = options(slow_link(url).await);
    options.max_connections(CONNECTIONS);
    let db = single(options.into()).await;
    item::create(&db).await;
    db
}

async fn on_postgres(name: &'static str) -> Option<(Servers<PostgresCluster>, RoutingConnection)> {
    let pg = support::postgres(name).await?;
    let db = connect(&pg.cluster.primary_url(name)).await;
    Some((pg, db))
}

async fn on_mariadb(name: &'static str) -> Option<(Servers<MariaDbCluster>, RoutingConnection)> {
    let maria = support::mariadb(name).await?;
    let db = connect(&maria.cluster.primary_url(name)).await;
    Some((maria, db))
}

/// Two transactions at once, each on a connection of its own, and both are clean.
async fn pool_is_whole(db: &RoutingConnection) {
    let (one, two) = (
        db.begin().await.expect("begun"),
        db.begin().await.expect("begun"),
    );
    let both = async { tokio::join!(insert(&one, "whole 1"), insert(&two, "whole 2")) };
    let (first, second) = soon("two connections", both).await;
    first.expect("inserted");
    second.expect("inserted");
    one.rollback().await.expect("rolled back");
    two.rollback().await.expect("rolled back");
    assert!(!names(db).await.iter().any(|name| name.starts_with("whole")));
}

async fn none_open_in_postgres(pg: &Servers<PostgresCluster>) {
    let others = "FROM pg_stat_activity WHERE datname = current_database()
        AND pid <> pg_backend_pid() AND backend_type = 'client backend'";
    let transactions = format!("SELECT count(*) {others} AND xact_start IS NOT NULL");
    let none_open = || async { pg.sql(&transactions).await == "0" };
    eventually("no transaction is open on Postgres", none_open).await;
    let connections = format!("SELECT count(*) <= {CONNECTIONS} {others}");
    let none_left = || async { pg.sql(&connections).await == "t" };
    eventually("no connection is left over", none_left).await;
}

async fn none_open_in_mariadb(maria: &Servers<MariaDbCluster>) {
    let name = maria.name;
    let own = format!("SELECT id FROM information_schema.processlist WHERE db = '{name}'");
    // The table of transactions is a copy that may be old.
    let none_open = || async {
        let status = maria.sql("SHOW ENGINE INNODB STATUS").await;
        let own = maria.sql(&own).await;
        let open = status
            .split("---TRANSACTION")
            .skip(1)
            .filter(|it| it.contains("ACTIVE"));
        let thread = |it: &str| Some(it.split_once("thread id ")?.1.split_once(',')?.0.to_owned());
        let threads: Vec<_> = open.filter_map(thread).collect();
        !own.lines()
            .any(|id| threads.iter().any(|thread| thread == id))
    };
    eventually("no transaction is open on MariaDB", none_open).await;
    let connections = format!(
        "SELECT COUNT(*) <= {CONNECTIONS} FROM information_schema.processlist
        WHERE db = '{name}' AND id <> CONNECTION_ID()"
    );
    let none_left = || async { maria.sql(&connections).await == "1" };
    eventually("no connection is left over", none_left).await;
}
