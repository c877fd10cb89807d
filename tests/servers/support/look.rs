//! What the server itself reports about our connections.

use routing_servers::{MariaDbCluster, PostgresCluster};

use super::{Servers, eventually};

/// No transaction is open, and there are no more connections than the pools may hold.
pub(crate) async fn none_open_in_postgres(pg: &Servers<PostgresCluster>, connections: usize) {
    let others = "FROM pg_stat_activity WHERE datname = current_database()
        AND pid <> pg_backend_pid() AND backend_type = 'client backend'";
    let transactions = format!("SELECT count(*) {others} AND xact_start IS NOT NULL");
    let none_open = || async { pg.sql(&transactions).await == "0" };
    eventually("no transaction is open on Postgres", none_open).await;
    let connections = format!("SELECT count(*) <= {connections} {others}");
    let none_left = || async { pg.sql(&connections).await == "t" };
    eventually("no connection is left over", none_left).await;
}

/// No transaction is open, and there are no more connections than the pools may hold.
pub(crate) async fn none_open_in_mariadb(maria: &Servers<MariaDbCluster>, connections: usize) {
    let name = maria.name;
    let own = format!("SELECT id FROM information_schema.processlist WHERE db = '{name}'");
    // The table of transactions is a cached copy.
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
        "SELECT COUNT(*) <= {connections} FROM information_schema.processlist
        WHERE db = '{name}' AND id <> CONNECTION_ID()"
    );
    let none_left = || async { maria.sql(&connections).await == "1" };
    eventually("no connection is left over", none_left).await;
}
