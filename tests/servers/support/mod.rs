//! What the tests share: databases of their own, a table, and conditions to wait for.

pub(crate) mod bed;
pub(crate) mod cut;
pub(crate) mod cut_link;
pub(crate) mod ends;
pub(crate) mod item;
pub(crate) mod load;
pub(crate) mod look;
pub(crate) mod nodes;
pub(crate) mod several;
pub(crate) mod slow_link;

use std::fmt::Debug;
use std::future::Future;
use std::time::{Duration, Instant};

use routing_servers::{MariaDbCluster, PostgresCluster, shared_mariadb, shared_postgres};
use sea_orm::{ConnectOptions, ConnectionTrait, DbErr, Statement, TryGetable};
use sea_orm_routing::{DatabaseOptions, RoutingConnection};

/// No test waits longer for a condition.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

/// InnoDB refreshes its list of transactions only if it was not read for 100 ms.
const INTERVAL: Duration = Duration::from_millis(120);

/// The two kinds of servers of every test here, by the name of their database.
pub(crate) struct Servers<C: 'static> {
    pub(crate) cluster: &'static C,
    pub(crate) name: &'static str,
}

/// A new database on the shared Postgres, which has two replicas; or skips the test.
pub(crate) async fn postgres(name: &'static str) -> Option<Servers<PostgresCluster>> {
    let cluster = shared_postgres(2).await?;
    cluster.create_database(name).await.expect("a database");
    Some(Servers { cluster, name })
}

/// A new database on the shared MariaDB, which has one replica; or skips the test.
pub(crate) async fn mariadb(name: &'static str) -> Option<Servers<MariaDbCluster>> {
    let cluster = shared_mariadb(1).await?;
    cluster.create_database(name).await.expect("a database");
    Some(Servers { cluster, name })
}

impl Servers<PostgresCluster> {
    pub(crate) fn options(&self) -> DatabaseOptions {
        DatabaseOptions::new(options(self.cluster.primary_url(self.name)))
            .replica(self.cluster.replica_url(0, self.name))
            .replica(self.cluster.replica_url(1, self.name))
    }

    /// One database, `default`, with the table `item`.
    pub(crate) async fn connect(&self) -> RoutingConnection {
        let db = single(self.options()).await;
        item::create(&db).await;
        self.caught_up().await;
        db
    }

    pub(crate) async fn caught_up(&self) {
        self.cluster.wait_caught_up().await.expect("caught up");
    }

    /// What `psql` prints on the primary.
    pub(crate) async fn sql(&self, sql: &str) -> String {
        let node = routing_servers::Node::Primary;
        self.cluster.sql(node, self.name, sql).await.expect("psql")
    }
}

impl Servers<MariaDbCluster> {
    pub(crate) fn options(&self) -> DatabaseOptions {
        DatabaseOptions::new(options(self.cluster.primary_url(self.name)))
            .replica(self.cluster.replica_url(0, self.name))
    }

    /// One database, `default`, with the table `item`.
    pub(crate) async fn connect(&self) -> RoutingConnection {
        let db = single(self.options()).await;
        item::create(&db).await;
        self.caught_up().await;
        db
    }

    pub(crate) async fn caught_up(&self) {
        self.cluster.wait_caught_up().await.expect("caught up");
    }

    /// What the client prints on the primary.
    pub(crate) async fn sql(&self, sql: &str) -> String {
        let node = routing_servers::Node::Primary;
        self.cluster
            .sql(node, self.name, sql)
            .await
            .expect("the client")
    }
}

/// Options for a pool that is small and patient.
pub(crate) fn options(url: String) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options.max_connections(8);
    options.acquire_timeout(Duration::from_secs(10));
    options
}

/// Options for a pool with a short acquire timeout.
pub(crate) fn impatient(url: String) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options.max_connections(8);
    options.acquire_timeout(Duration::from_millis(400));
    options
}

/// A connection to one database, `default`.
pub(crate) async fn single(database: DatabaseOptions) -> RoutingConnection {
    let builder = RoutingConnection::builder().database("default", database);
    builder.connect().await.expect("connected")
}

/// The one value that `sql` returns.
pub(crate) async fn value<T: TryGetable>(db: &impl ConnectionTrait, sql: &str) -> Result<T, DbErr> {
    let statement = Statement::from_string(db.get_database_backend(), sql);
    let row = db.query_one_raw(statement).await?;
    row.ok_or_else(|| DbErr::RecordNotFound(sql.to_owned()))?
        .try_get_by_index(0)
}

/// Waits until a condition holds.
#[track_caller]
pub(crate) fn eventually<F>(what: &str, mut holds: impl FnMut() -> F) -> impl Future<Output = ()>
where
    F: Future<Output = bool>,
{
    let deadline = Instant::now() + LIMIT;
    async move {
        while !holds().await {
            assert!(Instant::now() < deadline, "{what}: not within {LIMIT:?}");
            tokio::time::sleep(INTERVAL).await;
        }
    }
}

/// The output of a future that must not hang.
pub(crate) async fn soon<F: Future>(what: &str, future: F) -> F::Output {
    let outcome = tokio::time::timeout(LIMIT, future).await;
    outcome.unwrap_or_else(|_| panic!("{what}: hangs"))
}

/// The text of an error, which must be one.
#[track_caller]
pub(crate) fn error_of<T: Debug, E: std::fmt::Display>(result: Result<T, E>) -> String {
    match result {
        Ok(value) => panic!("should have failed, but is {value:?}"),
        Err(error) => error.to_string(),
    }
}
