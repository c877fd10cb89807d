//! The four kinds of place a database can be in.

use routing_servers::{MariaDbCluster, Node, PostgresCluster, shared_mariadb, shared_postgres};
use sea_orm::{ConnectOptions, DatabaseConnection, DbErr};
use sea_orm_routing::{RoutingBuilder, RoutingConnection};
use tempfile::TempDir;

use super::{Result, tables};

/// Where a database is kept.
pub(crate) enum Engine {
    /// SQLite, in files of this directory.
    Files(TempDir),
    /// SQLite, in memory.
    Memory,
    Postgres(&'static PostgresCluster),
    MariaDb(&'static MariaDbCluster),
}

/// Some databases of one test on one engine, all empty.
pub(crate) struct Site {
    pub(crate) engine: Engine,
    /// The prefix of their names.
    prefix: &'static str,
}

/// The engines a test runs on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sites {
    /// All four engines.
    All,
    /// Engines whose databases other processes can reach.
    Shared,
    /// Engines with a server.
    Servers,
}

impl Sites {
    /// Each engine with so many databases, except those whose server is not installed.
    pub(crate) async fn with(self, prefix: &'static str, databases: usize) -> Result<Vec<Site>> {
        let mut engines = Vec::new();
        if self == Self::All {
            engines.push(Engine::Memory);
        }
        if self != Self::Servers {
            engines.push(Engine::Files(TempDir::new()?));
        }
        engines.extend(shared_postgres(1).await.map(Engine::Postgres));
        engines.extend(shared_mariadb(1).await.map(Engine::MariaDb));
        let mut sites = Vec::new();
        for engine in engines {
            let site = Site { engine, prefix };
            site.create(databases).await?;
            sites.push(site);
        }
        Ok(sites)
    }
}

impl Site {
    /// So many databases on Postgres alone.
    pub(crate) async fn postgres(prefix: &'static str, databases: usize) -> Result<Option<Self>> {
        let Some(cluster) = shared_postgres(1).await else {
            return Ok(None);
        };
        let engine = Engine::Postgres(cluster);
        let site = Self { engine, prefix };
        site.create(databases).await?;
        Ok(Some(site))
    }

    /// SQLite files alone.
    pub(crate) fn files() -> Result<Self> {
        let engine = Engine::Files(TempDir::new()?);
        let prefix = "files";
        Ok(Self { engine, prefix })
    }

    pub(crate) fn is_mariadb(&self) -> bool {
        matches!(self.engine, Engine::MariaDb(_))
    }

    async fn create(&self, databases: usize) -> Result {
        for index in 0..databases {
            let name = self.database(index);
            match &self.engine {
                Engine::Postgres(cluster) => cluster.create_database(&name).await?,
                Engine::MariaDb(cluster) => cluster.create_database(&name).await?,
                Engine::Files(_) | Engine::Memory => {}
            }
        }
        Ok(())
    }

    /// The name of a database on its server.
    pub(crate) fn database(&self, index: usize) -> String {
        format!("{}_{index}", self.prefix)
    }

    pub(crate) fn url(&self, index: usize) -> String {
        let name = self.database(index);
        match &self.engine {
            Engine::Files(dir) => format!("sqlite:{}/{name}.db?mode=rwc", dir.path().display()),
            Engine::Memory => "sqlite::memory:".to_owned(),
            Engine::Postgres(cluster) => cluster.primary_url(&name),
            Engine::MariaDb(cluster) => cluster.primary_url(&name),
        }
    }

    /// Options for a small pool.
    pub(crate) fn options(&self, index: usize) -> ConnectOptions {
        let mut options = ConnectOptions::new(self.url(index));
        options.min_connections(0);
        if !matches!(self.engine, Engine::Memory) {
            options.max_connections(4);
        }
        options
    }

    /// A builder whose databases have these names.
    pub(crate) fn builder(&self, names: &[&str]) -> RoutingBuilder {
        let mut builder = RoutingConnection::builder();
        for (index, name) in names.iter().enumerate() {
            builder = builder.database(*name, self.options(index));
        }
        builder
    }

    /// A connection whose databases have these names.
    pub(crate) async fn connect(&self, names: &[&str]) -> Result<RoutingConnection> {
        eprintln!("on {}", self.url(0));
        let builder = self.builder(names);
        Ok(builder.default_database(names[0]).connect().await?)
    }

    /// What the client of the server prints on the primary.
    pub(crate) async fn client(&self, index: usize, sql: &str) -> Result<String> {
        let name = self.database(index);
        Ok(match &self.engine {
            Engine::Postgres(cluster) => cluster.sql(Node::Primary, &name, sql).await?,
            Engine::MariaDb(cluster) => cluster.sql(Node::Primary, &name, sql).await?,
            Engine::Files(_) | Engine::Memory => unreachable!("no server"),
        })
    }

    /// How many connections its server has to a database.
    pub(crate) async fn connections(&self, index: usize) -> Result<usize> {
        let name = self.database(index);
        let sql = match &self.engine {
            Engine::Postgres(_) => format!(
                "SELECT count(*) FROM pg_stat_activity \
                 WHERE datname = '{name}' AND pid <> pg_backend_pid()"
            ),
            _ => format!(
                "SELECT count(*) FROM information_schema.processlist \
                 WHERE db = '{name}' AND id <> CONNECTION_ID()"
            ),
        };
        Ok(self.client(index, &sql).await?.trim().parse()?)
    }
}

/// The plain connection to the primary of a database.
pub(crate) fn plain(db: &RoutingConnection, database: &str) -> DatabaseConnection {
    db.primary(database).expect("declared")
}

/// The tables of a database, sorted.
pub(crate) async fn tables_of(db: &RoutingConnection, name: &str) -> Result<Vec<String>, DbErr> {
    tables(&plain(db, name)).await
}
