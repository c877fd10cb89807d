//! Creating the servers of a MariaDB cluster.

use std::path::PathBuf;
use std::process::Command;

use super::MariaDb;
use crate::account::Account;
use crate::engine::Engine;
use crate::error::{Result, ServerError};
use crate::instance::{Instance, data_dir};
use crate::locate;
use crate::node::Node;
use crate::parts::{Leader, Parts, for_each_replica};
use crate::replication::Replication;
use crate::scratch::Scratch;
use crate::spawn::run;

/// Users of the primary, which replication copies to the replicas. `app` has all privileges except
/// those that exempt from `read_only`.
const USERS: &str = "
CREATE USER repl@'%' IDENTIFIED BY 'secret';
GRANT REPLICATION SLAVE ON *.* TO repl@'%';
CREATE USER app@'%' IDENTIFIED BY 'secret';
GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, RELOAD, PROCESS, REFERENCES, INDEX, ALTER,
    SHOW DATABASES, CREATE TEMPORARY TABLES, LOCK TABLES, EXECUTE, CREATE VIEW, SHOW VIEW,
    CREATE ROUTINE, ALTER ROUTINE, CREATE USER, EVENT, TRIGGER, DELETE HISTORY,
    CONNECTION ADMIN, REPLICATION SLAVE, REPLICATION CLIENT, SLAVE MONITOR
    ON *.* TO app@'%' WITH GRANT OPTION;
";

impl MariaDb {
    pub(super) fn assembled(replicas: usize) -> Result<Parts<Self>> {
        let server = locate_server()?;
        let client = locate::program(&["mariadb", "mysql"])?;
        let account = Account::of_server("mysql")?;
        let scratch = Scratch::new(account)?;
        let home = scratch.path().to_owned();
        let engine = Self {
            server,
            client,
            account,
            home,
        };
        engine.initialize(Node::Primary)?;
        for_each_replica(replicas, |index| engine.copy(index))?;
        let primary = Instance::create(&engine, &engine.home, Node::Primary)?;
        engine.query(primary.port, Self::SYSTEM_DATABASE, USERS)?;
        let replicas = for_each_replica(replicas, |index| engine.replica(index, &primary))?;
        Ok(Parts {
            engine,
            primary,
            replicas,
            leader: Leader::default(),
            _scratch: scratch,
        })
    }

    /// Creates the data of a server, without users or databases yet.
    pub(super) fn initialize(&self, node: Node) -> Result<()> {
        let program = locate::program(&["mariadb-install-db", "mysql_install_db"])?;
        let data = data_dir(&self.home, node);
        let mut install = self.account.command(&program);
        install.args(["--no-defaults", "--skip-test-db", "--skip-name-resolve"]);
        install.arg("--auth-root-authentication-method=normal");
        install.arg("--innodb-log-file-size=16M");
        install.arg(format!("--datadir={}", data.display()));
        install.arg(format!("--tmpdir={}", self.home.display()));
        run(&mut install).map(drop)
    }

    /// Copies the data of the primary, which has not been started yet.
    fn copy(&self, index: usize) -> Result<()> {
        let mut copy = self.account.command(&locate::program(&["cp"])?);
        copy.arg("-R").arg(data_dir(&self.home, Node::Primary));
        copy.arg(data_dir(&self.home, Node::Replica(index)));
        run(&mut copy).map(drop)
    }

    fn replica(&self, index: usize, primary: &Instance) -> Result<Instance> {
        let instance = Instance::create(self, &self.home, Node::Replica(index))?;
        self.follow(&instance, primary)?;
        Ok(instance)
    }
}

/// The server program, which older versions call `mysqld`.
fn locate_server() -> Result<PathBuf> {
    let server = locate::program(&["mariadbd", "mysqld"])?;
    let version = run(Command::new(&server).arg("--version"))?;
    if !version.contains("MariaDB") {
        return Err(ServerError::new(format!("not a MariaDB: {version}")));
    }
    Ok(server)
}
