//! Real Postgres and MariaDB clusters for integration tests.
//!
//! A test starts the servers that are installed on the machine, on free ports
//! and in a temporary directory, and throws them away:
//!
//! ```no_run
//! # async fn test() {
//! let Some(pg) = routing_servers::postgres(2).await else { return };
//! pg.create_database("shop").await.expect("a new database");
//! let url = pg.replica_url(0, "shop");
//! # }
//! ```
//!
//! Where the servers are not installed the test is skipped, with a line on
//! stderr; with `ROUTING_REQUIRE_SERVERS=1` in the environment it fails instead.
//!
//! A [`Proxy`] between a client and a server simulates a failing network, or a balancer before
//! several servers. A [`PgBouncer`] pools the connections to a Postgres.
//!
//! Dropping a cluster or pooler kills its servers and removes their directory. If `setpriv` of
//! util-linux is installed, the servers also die when the test process does, however it ends.
//! Whatever a process still leaves behind is removed by the next start: its directories, and
//! servers still running there.
#![forbid(unsafe_code)]

mod account;
mod cluster;
mod control;
mod engine;
mod error;
mod failover;
mod instance;
mod locate;
mod log;
mod mariadb;
mod node;
mod parts;
mod pgbouncer;
mod poll;
mod port;
mod postgres;
mod process;
mod proxy;
mod replication;
mod role;
mod scratch;
mod shared;
mod shared_memory;
mod spawn;

pub use cluster::Cluster;
pub use error::{Result, ServerError, Unavailable, skip};
pub use mariadb::MariaDb;
pub use node::Node;
pub use pgbouncer::{PgBouncer, PgBouncerSettings, PoolMode};
pub use postgres::Postgres;
pub use proxy::{Mode, Proxy};
pub use shared::{shared_mariadb, shared_postgres};

/// A Postgres primary with streaming replicas.
pub type PostgresCluster = Cluster<Postgres>;

/// A MariaDB primary with GTID replicas, which are read-only.
pub type MariaDbCluster = Cluster<MariaDb>;

/// Starts a Postgres cluster of the test's own, or skips the test.
pub async fn postgres(replicas: usize) -> Option<PostgresCluster> {
    started(PostgresCluster::start(replicas).await)
}

/// Starts a MariaDB cluster of the test's own, or skips the test.
pub async fn mariadb(replicas: usize) -> Option<MariaDbCluster> {
    started(MariaDbCluster::start(replicas).await)
}

fn started<T>(outcome: Result<T, Unavailable>) -> Option<T> {
    outcome.map_err(|unavailable| skip(&unavailable)).ok()
}
