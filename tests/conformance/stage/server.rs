//! Creates databases on each kind of server.

use routing_servers::{MariaDbCluster, Node, PostgresCluster, shared_mariadb, shared_postgres};
use sea_orm::{ConnectOptions, DatabaseConnection, DbBackend};
use sea_orm_routing::RoutingConnection;
use tempfile::TempDir;

use super::{Engine, Servers, Settle};

/// The replicas of each primary.
const REPLICAS: usize = 2;

pub(crate) enum Server {
    Sqlite(TempDir),
    Postgres(&'static PostgresCluster),
    MariaDb(&'static MariaDbCluster),
}

impl Server {
    /// The server of this process, which all tests share; or skips the test.
    pub(crate) async fn of(engine: Engine) -> Option<Self> {
        match engine {
            Engine::Sqlite => Some(Self::Sqlite(tempfile::tempdir().expect("a directory"))),
            Engine::Postgres => shared_postgres(REPLICAS).await.map(Self::Postgres),
            Engine::MariaDb => shared_mariadb(REPLICAS).await.map(Self::MariaDb),
        }
    }

    /// Creates a database.
    pub(crate) async fn create(&self, name: &str) {
        let created = match self {
            Self::Sqlite(_) => return,
            Self::Postgres(cluster) => {
                let sql = format!("CREATE DATABASE {name} TEMPLATE template0");
                cluster.sql(Node::Primary, "postgres", &sql).await
            }
            Self::MariaDb(cluster) => {
                let sql = format!("CREATE DATABASE {name}");
                cluster.sql(Node::Primary, "mysql", &sql).await
            }
        };
        created.expect("a database");
    }

    /// Returns once the replicas have every database.
    pub(crate) async fn caught_up(&self) {
        let caught_up = match self {
            Self::Sqlite(_) => return,
            Self::Postgres(cluster) => cluster.wait_caught_up().await,
            Self::MariaDb(cluster) => cluster.wait_caught_up().await,
        };
        caught_up.expect("caught up");
    }

    pub(crate) fn dialect(&self) -> DbBackend {
        match self {
            Self::Sqlite(_) => DbBackend::Sqlite,
            Self::Postgres(_) => DbBackend::Postgres,
            Self::MariaDb(_) => DbBackend::MySql,
        }
    }

    pub(crate) fn primary(&self, name: &str) -> ConnectOptions {
        let mut options = ConnectOptions::new(match self {
            Self::Sqlite(files) => {
                let file = files.path().join(name);
                format!("sqlite://{}?mode=rwc", file.display())
            }
            Self::Postgres(cluster) => cluster.primary_url(name),
            Self::MariaDb(cluster) => roomy(cluster.primary_url(name)),
        });
        options.sqlx_logging(false).max_connections(5);
        options
    }

    pub(crate) fn replicas(&self, name: &str) -> Vec<String> {
        let url = |index| match self {
            Self::Sqlite(files) => format!("sqlite://{}", files.path().join(name).display()),
            Self::Postgres(cluster) => cluster.replica_url(index, name),
            Self::MariaDb(cluster) => roomy(cluster.replica_url(index, name)),
        };
        (0..REPLICAS).map(url).collect()
    }

    /// How to wait for the replicas of `default`.
    pub(crate) fn settle(&self, db: &RoutingConnection) -> Settle {
        let servers = || Servers {
            primary: node(db, "default/1"),
            replicas: vec![node(db, "default/2"), node(db, "default/3")],
        };
        match self {
            Self::Sqlite(_) => Settle::AtOnce,
            Self::Postgres(_) => Settle::Postgres(servers()),
            Self::MariaDb(_) => Settle::MariaDb(servers()),
        }
    }
}

/// Has room for the prepared statements of all subjects: sqlx's driver for MySQL waits 40 ms for
/// each one that it has to close.
fn roomy(url: String) -> String {
    format!("{url}?statement-cache-capacity=5000")
}

fn node(db: &RoutingConnection, name: &str) -> DatabaseConnection {
    db.node(name).expect("declared")
}
