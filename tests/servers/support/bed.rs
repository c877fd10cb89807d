//! A cluster of one test, Postgres or MariaDB, whose nodes fail and change their roles.

use std::time::Duration;

use routing_servers::{MariaDbCluster, Node, PostgresCluster, Proxy};
use sea_orm_routing::{DatabaseOptions, RoutingConnection};

use super::{eventually, item, options, single};

/// The probe interval and timeout of the monitors of these tests.
pub(crate) const INTERVAL: Duration = Duration::from_millis(100);
pub(crate) const TIMEOUT: Duration = Duration::from_millis(1000);

/// The backoff after a failure, short so that a recovered node is probed soon.
const MAX_BACKOFF: Duration = Duration::from_millis(500);

/// Allowance for a machine that is busy with other tests.
pub(crate) const SLACK: Duration = Duration::from_secs(4);

/// A cluster of one test, with the database `shop`.
pub(crate) trait Bed: Sized {
    /// The kind of server.
    const KIND: &'static str;

    /// Starts the cluster, or skips the test.
    async fn begin(replicas: usize) -> Option<Self>;
    fn url(&self, node: impl Into<Node>) -> String;
    fn replicas(&self) -> usize;
    async fn kill(&self, node: impl Into<Node>);
    async fn start(&self, node: impl Into<Node>);
    async fn freeze(&self, node: impl Into<Node>);
    async fn thaw(&self, node: impl Into<Node>);
    async fn pause(&self, node: impl Into<Node>);
    async fn resume(&self, node: impl Into<Node>);
    async fn promote(&self, node: impl Into<Node>);
    async fn rejoin(&self, node: impl Into<Node>, primary: impl Into<Node>);
    async fn synchronous(&self);
    async fn caught_up(&self);
    /// What the server's client prints.
    async fn ask(&self, node: impl Into<Node>, sql: &str) -> String;
    /// How many connections other clients have to the database.
    async fn connections(&self, node: impl Into<Node>) -> usize;
    /// The server refuses writes, and its replicas have all of them; a Postgres is stopped.
    async fn retire(&self, node: impl Into<Node>);
    /// The server refuses writes, on the connections that are open too.
    async fn demote(&self, node: impl Into<Node>);
    /// A read that takes so many seconds.
    fn sleeping(seconds: f64) -> String;
    /// Waits until such a read is in flight.
    async fn sleeps(&self, node: impl Into<Node>);
    /// Waits until no transaction and no statement of this process is open.
    async fn is_quiet(&self, node: impl Into<Node>);

    /// A proxy before a node, and its URL there.
    fn proxy(&self, node: impl Into<Node>) -> (Proxy, String) {
        let url = self.url(node);
        let proxy = Proxy::start(port(&url)).expect("a proxy");
        let through = proxy.url(&url);
        (proxy, through)
    }

    /// The primary and all replicas, probed often.
    fn options(&self) -> DatabaseOptions {
        let replicas = (0..self.replicas()).map(|replica| self.url(replica));
        replicas.fold(often_asked(self.url(Node::Primary)), |all, url| {
            all.replica(url)
        })
    }

    /// The connection, with one row in `item` that every node has.
    async fn connect(&self, options: DatabaseOptions) -> RoutingConnection {
        let db = single(options).await;
        item::create(&db).await;
        item::insert(&db, "first").await.expect("a row");
        self.caught_up().await;
        db
    }
}

/// A database that is probed often.
pub(crate) fn often_asked(primary: String) -> DatabaseOptions {
    DatabaseOptions::new(options(primary))
        .probe_interval(INTERVAL)
        .probe_timeout(TIMEOUT)
        .max_backoff(MAX_BACKOFF)
}

/// The port of a server.
pub(crate) fn port(url: &str) -> u16 {
    let (_, rest) = url.split_once("@127.0.0.1:").expect("an address");
    let (port, _) = rest.split_once('/').expect("a database");
    port.parse().expect("a port")
}

macro_rules! bed {
    ($cluster:ty, $start:path, $connections:literal, $retire:expr, $demote:expr, $sleep:literal, $sleeps:literal, $open:literal) => {
        impl Bed for $cluster {
            const KIND: &'static str = stringify!($cluster);

            async fn begin(replicas: usize) -> Option<Self> {
                let cluster = $start(replicas).await?;
                cluster.create_database("shop").await.expect("a database");
                Some(cluster)
            }

            fn url(&self, node: impl Into<Node>) -> String {
                match node.into() {
                    Node::Primary => self.primary_url("shop"),
                    Node::Replica(index) => self.replica_url(index, "shop"),
                }
            }

            fn replicas(&self) -> usize {
                Self::replicas(self)
            }

            async fn kill(&self, node: impl Into<Node>) {
                match node.into() {
                    Node::Primary => self.stop_primary().await.expect("killed"),
                    Node::Replica(index) => self.stop_replica(index).await.expect("killed"),
                }
            }

            async fn start(&self, node: impl Into<Node>) {
                match node.into() {
                    Node::Primary => self.start_primary().await.expect("started"),
                    Node::Replica(index) => self.start_replica(index).await.expect("started"),
                }
            }

            async fn freeze(&self, node: impl Into<Node>) {
                self.pause_process(node).await.expect("frozen");
            }

            async fn thaw(&self, node: impl Into<Node>) {
                self.resume_process(node).await.expect("thawed");
            }

            async fn pause(&self, node: impl Into<Node>) {
                self.pause_replay(node).await.expect("paused");
            }

            async fn resume(&self, node: impl Into<Node>) {
                self.resume_replay(node).await.expect("resumed");
            }

            async fn promote(&self, node: impl Into<Node>) {
                Self::promote(self, node).await.expect("promoted");
            }

            async fn rejoin(&self, node: impl Into<Node>, primary: impl Into<Node>) {
                let (node, primary) = (node.into(), primary.into());
                Self::rejoin(self, node, primary).await.expect("rejoined");
            }

            async fn synchronous(&self) {
                self.set_synchronous(true).await.expect("synchronous");
            }

            async fn caught_up(&self) {
                self.wait_caught_up().await.expect("caught up");
            }

            async fn ask(&self, node: impl Into<Node>, sql: &str) -> String {
                let answer = self.sql(node.into(), "shop", sql).await;
                answer.expect("an answer")
            }

            async fn connections(&self, node: impl Into<Node>) -> usize {
                let count = self.ask(node, $connections).await;
                count.parse().expect("a number")
            }

            async fn retire(&self, node: impl Into<Node>) {
                let node = node.into();
                match $retire {
                    Some(sql) => {
                        self.ask(node, sql).await;
                        self.caught_up().await;
                    }
                    None => self.kill(node).await,
                }
            }

            async fn demote(&self, node: impl Into<Node>) {
                let node = node.into();
                for sql in $demote {
                    self.ask(node, sql).await;
                }
            }

            fn sleeping(seconds: f64) -> String {
                format!($sleep, seconds)
            }

            async fn sleeps(&self, node: impl Into<Node>) {
                let node = node.into();
                let sleeps = || async { self.ask(node, $sleeps).await != "0" };
                eventually("a slow read is in flight", sleeps).await;
            }

            async fn is_quiet(&self, node: impl Into<Node>) {
                let node = node.into();
                let quiet = || async { self.ask(node, $open).await == "0" };
                eventually("nothing is left open", quiet).await;
            }
        }
    };
}

bed!(
    PostgresCluster,
    routing_servers::postgres,
    "SELECT count(*) FROM pg_stat_activity WHERE datname = 'shop' AND pid <> pg_backend_pid()
        AND backend_type = 'client backend'",
    None::<&str>,
    [
        "ALTER SYSTEM SET default_transaction_read_only = on",
        "SELECT pg_reload_conf()"
    ],
    "SELECT count(*) FROM item, pg_sleep({})",
    "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'",
    "SELECT count(*) FROM pg_stat_activity WHERE datname = 'shop' AND pid <> pg_backend_pid()
        AND backend_type = 'client backend' AND state <> 'idle'"
);
bed!(
    MariaDbCluster,
    routing_servers::mariadb,
    "SELECT COUNT(*) FROM information_schema.processlist WHERE db = 'shop' AND id <> CONNECTION_ID()",
    Some("SET GLOBAL read_only = ON"),
    ["SET GLOBAL read_only = ON"],
    "SELECT COUNT(*) FROM item WHERE name = 'first' AND SLEEP({}) = 0",
    "SELECT COUNT(*) FROM information_schema.processlist WHERE state = 'User sleep'",
    "SELECT COUNT(*) FROM information_schema.innodb_trx"
);

/// Runs a test on each kind of server, with so many replicas.
macro_rules! on_each_server {
    ($($test:ident($replicas:literal),)+) => {$(
        mod $test {
            use routing_servers::{MariaDbCluster, PostgresCluster};

            use crate::support::bed::Bed;

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                if let Some(cluster) = PostgresCluster::begin($replicas).await {
                    super::$test(cluster).await;
                }
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_mariadb() {
                if let Some(cluster) = MariaDbCluster::begin($replicas).await {
                    super::$test(cluster).await;
                }
            }
        }
    )+};
}
pub(crate) use on_each_server;
