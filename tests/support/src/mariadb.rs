//! MariaDB, version 10.5 or newer.

mod replication;
mod semi_sync;
mod setup;

use std::path::PathBuf;
use std::process::Command;

use crate::account::{Account, bare};
use crate::engine::Engine;
use crate::error::Result;
use crate::instance::Instance;
use crate::node::Node;
use crate::parts::Parts;
use crate::spawn::run;

/// The settings of all servers.
const SETTINGS: [&str; 17] = [
    "--bind-address=127.0.0.1",
    "--skip-name-resolve",
    "--character-set-server=utf8mb4",
    "--max-connections=200",
    "--innodb-buffer-pool-size=24M",
    "--innodb-log-file-size=16M",
    "--innodb-use-native-aio=OFF",
    "--innodb-fast-shutdown=2",
    // The logs are written at each commit but not forced to the disk: nothing is
    // lost when the server is killed. With 0 a second's worth would be.
    "--innodb-flush-log-at-trx-commit=2",
    "--sync-binlog=0",
    "--gtid-strict-mode=ON",
    "--binlog-format=ROW",
    // Replicas write a log too, and must accept the functions of their primary.
    "--log-bin-trust-function-creators=ON",
    "--relay-log=relay",
    // Each server keeps all changes from the first on, so an empty server can follow it.
    "--log-bin=binlog",
    "--log-slave-updates=ON",
    // Replicas confirm what they receive to a primary that asks for it.
    "--rpl-semi-sync-slave-enabled=ON",
];

/// The kind of server of a [`MariaDbCluster`](crate::MariaDbCluster).
#[derive(Debug)]
pub struct MariaDb {
    server: PathBuf,
    client: PathBuf,
    account: Account,
    /// The directory of the cluster, which holds the sockets too.
    home: PathBuf,
}

impl Engine for MariaDb {
    const SERVER: &'static str = "mariadb";
    const SCHEME: &'static str = "mysql";
    const SYSTEM_DATABASE: &'static str = "mysql";

    fn assemble(replicas: usize) -> Result<Parts<Self>> {
        Self::assembled(replicas)
    }

    fn server(&self, instance: &Instance) -> Command {
        let mut command = self.account.command(&self.server);
        command.arg("--no-defaults").args(SETTINGS);
        command.arg(format!("--datadir={}", instance.data.display()));
        // In a shared directory, another server that starts would remove files of this one.
        command.arg(format!("--tmpdir={}", self.home.display()));
        command.arg(format!("--socket={}", self.socket(instance.port)));
        command.arg(format!("--port={}", instance.port));
        command.arg(format!("--server-id={}", server_id(instance.node)));
        let role = instance.role();
        if role.source.is_some() {
            command.arg("--read-only=ON");
        }
        if role.synchronous {
            command.args(semi_sync::OPTIONS);
        }
        command
    }

    fn query(&self, port: u16, database: &str, sql: &str) -> Result<String> {
        let mut client = Command::new(&self.client);
        bare(&mut client);
        client.arg("--no-defaults");
        client.arg(format!("--socket={}", self.socket(port)));
        client.args(["--user=root", "--connect-timeout=10"]);
        client.args(["--batch", "--skip-column-names"]);
        client.args(["--execute", sql, database]);
        run(&mut client)
    }

    fn create_database(name: &str) -> String {
        format!("CREATE DATABASE `{}`", name.replace('`', "``"))
    }

    fn position(&self, primary: u16) -> Result<String> {
        self.query(primary, Self::SYSTEM_DATABASE, "SELECT @@gtid_binlog_pos")
    }

    fn has_reached(&self, replica: u16, position: &str) -> Result<bool> {
        // -1 when that fails to happen within a second.
        let sql = format!("SELECT MASTER_GTID_WAIT('{position}', 1)");
        Ok(self.query(replica, Self::SYSTEM_DATABASE, &sql)? == "0")
    }
}

impl MariaDb {
    fn socket(&self, port: u16) -> String {
        format!("{}/{port}.sock", self.home.display())
    }
}

fn server_id(node: Node) -> usize {
    match node {
        Node::Primary => 1,
        Node::Replica(index) => index + 2,
    }
}
