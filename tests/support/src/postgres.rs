//! Postgres, version 14 or newer.

mod replication;
mod setup;
mod synchronous;
mod wal;

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::account::{Account, bare};
use crate::cluster::Cluster;
use crate::engine::Engine;
use crate::error::Result;
use crate::instance::Instance;
use crate::node::Node;
use crate::parts::Parts;
use crate::spawn::run;

const LIMIT: Duration = Duration::from_secs(30);

/// The kind of server of a [`PostgresCluster`](crate::PostgresCluster).
#[derive(Debug)]
pub struct Postgres {
    bin: PathBuf,
    account: Account,
    /// The directory of the cluster, which holds the sockets too.
    home: PathBuf,
}

impl Cluster<Postgres> {
    /// Runs SQL as the superuser with `psql`; see [`sql`](Self::sql).
    ///
    /// Several statements in one string make one transaction.
    pub async fn psql(&self, node: impl Into<Node>, database: &str, sql: &str) -> Result<String> {
        self.sql(node, database, sql).await
    }
}

impl Engine for Postgres {
    const SERVER: &'static str = "postgres";
    const SCHEME: &'static str = "postgres";
    const SYSTEM_DATABASE: &'static str = "postgres";

    fn assemble(replicas: usize) -> Result<Parts<Self>> {
        Self::assembled(replicas)
    }

    fn server(&self, instance: &Instance) -> Command {
        let mut command = self.program("postgres");
        command.arg("-D").arg(&instance.data);
        command.arg("-p").arg(instance.port.to_string());
        command
    }

    fn query(&self, port: u16, database: &str, sql: &str) -> Result<String> {
        let mut psql = Command::new(self.bin.join("psql"));
        bare(&mut psql);
        psql.env("PGCONNECT_TIMEOUT", "10");
        psql.args(["-XAtq", "-v", "ON_ERROR_STOP=1", "-U", "app"]);
        psql.arg("-h").arg(&self.home);
        psql.args(["-p", &port.to_string(), "-d", database, "-c", sql]);
        run(&mut psql)
    }

    fn create_database(name: &str) -> String {
        // The default template cannot be copied by two sessions at once.
        let name = name.replace('"', "\"\"");
        format!("CREATE DATABASE \"{name}\" TEMPLATE template0")
    }

    fn position(&self, primary: u16) -> Result<String> {
        self.query(
            primary,
            Self::SYSTEM_DATABASE,
            "SELECT pg_current_wal_flush_lsn()",
        )
    }

    fn has_reached(&self, replica: u16, position: &str) -> Result<bool> {
        let sql = format!("SELECT pg_last_wal_replay_lsn() >= '{position}'");
        self.holds(replica, &sql)
    }
}

impl Postgres {
    fn program(&self, name: &str) -> Command {
        self.account.command(&self.bin.join(name))
    }

    /// Whether the query returns `true`.
    fn holds(&self, port: u16, sql: &str) -> Result<bool> {
        let answer = self.query(port, Self::SYSTEM_DATABASE, sql)?;
        Ok(answer == "t")
    }

    /// Changes a setting of a server permanently: `SET name = value` or `RESET name`.
    fn alter_system(&self, port: u16, change: &str) -> Result<()> {
        // Sent one by one: together they would be a transaction.
        let sql = format!("ALTER SYSTEM {change}");
        self.query(port, Self::SYSTEM_DATABASE, &sql)?;
        self.query(port, Self::SYSTEM_DATABASE, "SELECT pg_reload_conf()")
            .map(drop)
    }
}
