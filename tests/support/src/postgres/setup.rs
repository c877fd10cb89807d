//! Creating the servers of a Postgres cluster.

use std::fs;

use super::{LIMIT, Postgres};
use crate::account::Account;
use crate::error::Result;
use crate::instance::{Instance, data_dir};
use crate::locate;
use crate::node::Node;
use crate::parts::{Leader, Parts, for_each_replica};
use crate::poll::until;
use crate::scratch::Scratch;
use crate::spawn::run;

/// The settings of all servers, besides their sockets' directory.
const SETTINGS: &str = "
listen_addresses = '127.0.0.1'
max_connections = 200
max_prepared_transactions = 50
shared_buffers = 16MB
# Files in the data directory, where a killed server leaves nothing outside it.
dynamic_shared_memory_type = mmap
# The files need not survive the machine, only the server.
fsync = off
wal_level = logical
max_wal_senders = 20
max_replication_slots = 20
# Enough for a replica that is stopped for a while.
wal_keep_size = 512MB
hot_standby = on
hot_standby_feedback = on
wal_receiver_status_interval = 1s
wal_retrieve_retry_interval = 100ms
";

impl Postgres {
    pub(super) fn assembled(replicas: usize) -> Result<Parts<Self>> {
        let bin = locate::postgres_bin()?;
        let account = Account::of_server("postgres")?;
        let scratch = Scratch::new(account)?;
        let home = scratch.path().to_owned();
        let engine = Self { bin, account, home };
        engine.initialize()?;
        let primary = Instance::create(&engine, &engine.home, Node::Primary)?;
        let replicas = for_each_replica(replicas, |index| engine.replica(index, primary.port))?;
        engine.await_streaming(primary.port, replicas.len())?;
        Ok(Parts {
            engine,
            primary,
            replicas,
            leader: Leader::default(),
            _scratch: scratch,
        })
    }

    /// Creates the data of the primary; replicas are copied from there.
    fn initialize(&self) -> Result<()> {
        let data = data_dir(&self.home, Node::Primary);
        let password = self.home.join("password");
        fs::write(&password, "secret\n")?;
        self.account.own(&password)?;
        let mut initdb = self.program("initdb");
        initdb.args(["-U", "app", "--encoding=UTF8", "--locale=C", "--no-sync"]);
        initdb.args(["--auth-local=trust", "--auth-host=scram-sha-256"]);
        initdb.arg("--pwfile").arg(&password).arg("-D").arg(&data);
        run(&mut initdb)?;
        self.configure(Node::Primary, "")
    }

    /// Replaces all settings of a server by the usual ones and some of its own.
    fn configure(&self, node: Node, own: &str) -> Result<()> {
        let home = self.home.display();
        let settings = format!("{SETTINGS}unix_socket_directories = '{home}'\n{own}\n");
        let data = data_dir(&self.home, node);
        fs::write(data.join("postgresql.auto.conf"), settings)?;
        Ok(())
    }

    fn replica(&self, index: usize, primary: u16) -> Result<Instance> {
        let node = Node::Replica(index);
        self.copy(node, primary)?;
        Instance::create(self, &self.home, node)
    }

    /// Creates the data of a replica from the data of the running primary.
    pub(super) fn copy(&self, node: Node, primary: u16) -> Result<()> {
        let source = self.source(node, primary);
        let mut backup = self.program("pg_basebackup");
        backup.args(["-R", "-X", "stream", "--checkpoint=fast", "--no-sync"]);
        backup
            .args(["-d", &source, "-D"])
            .arg(data_dir(&self.home, node));
        run(&mut backup)?;
        // The primary's own settings may be for a primary, or left from its time as a replica.
        self.configure(node, &format!("primary_conninfo = '{source}'"))
    }

    /// How a replica connects to the primary.
    pub(super) fn source(&self, node: Node, primary: u16) -> String {
        let home = self.home.display();
        format!("host={home} port={primary} user=app application_name={node}")
    }

    fn await_streaming(&self, primary: u16, replicas: usize) -> Result<()> {
        let sql = format!(
            "SELECT count(*) = {replicas} FROM pg_stat_replication WHERE state = 'streaming'"
        );
        until("all replicas are streaming", LIMIT, || {
            self.holds(primary, &sql)
        })
    }
}
