//! Replication by GTID.

use std::time::Duration;

use super::MariaDb;
use crate::engine::Engine;
use crate::error::Result;
use crate::instance::Instance;
use crate::poll::until;
use crate::replication::Replication;

const LIMIT: Duration = Duration::from_secs(30);
const HAS_APPLIED_ALL: &str = "SELECT COUNT(*) FROM information_schema.PROCESSLIST
    WHERE COMMAND = 'Slave_SQL' AND STATE LIKE 'Slave has read all relay log%'";
const IS_CONNECTED: &str = "SELECT COUNT(*) FROM information_schema.PROCESSLIST
    WHERE COMMAND = 'Slave_IO' AND STATE = 'Waiting for master to send event'";

impl Replication for MariaDb {
    fn promote(&self, replica: &Instance) -> Result<()> {
        // In this order: with both threads stopped, a start would discard what was received and not
        // applied yet.
        self.execute(replica.port, "START SLAVE SQL_THREAD; STOP SLAVE IO_THREAD")?;
        let goal = format!("{} has applied what it received", replica.node);
        until(&goal, LIMIT, || {
            self.counts_one(replica.port, HAS_APPLIED_ALL)
        })?;
        let sql = "STOP SLAVE; RESET SLAVE ALL; SET GLOBAL read_only = OFF";
        self.execute(replica.port, sql)
    }

    fn create_replica(&self, instance: &Instance, _primary: &Instance) -> Result<()> {
        // The log of the primary goes back to the first change.
        self.initialize(instance.node)
    }

    fn follow(&self, replica: &Instance, primary: &Instance) -> Result<()> {
        let change = format!(
            "MASTER_HOST = '127.0.0.1', MASTER_PORT = {},
            MASTER_USER = 'repl', MASTER_PASSWORD = 'secret',
            MASTER_USE_GTID = slave_pos, MASTER_CONNECT_RETRY = 1",
            primary.port
        );
        self.change_master(replica, &change)?;
        let goal = format!("{} is connected to {}", replica.node, primary.node);
        until(&goal, LIMIT, || self.counts_one(replica.port, IS_CONNECTED))
    }

    fn recover(&self, replica: &Instance) -> Result<()> {
        // A schema change is logged first, and then marked as applied: a replica killed in between
        // would refuse to log it a second time.
        let sql = "STOP SLAVE; SET GLOBAL gtid_slave_pos = @@gtid_binlog_pos; START SLAVE";
        self.execute(replica.port, sql)
    }

    fn delay_replay(&self, replica: &Instance, delay: Duration) -> Result<()> {
        let seconds = delay.as_secs() + u64::from(delay.subsec_nanos() > 0);
        self.change_master(replica, &format!("MASTER_DELAY = {seconds}"))
    }

    fn set_synchronous(&self, primary: &Instance, on: bool) -> Result<()> {
        self.make_semi_synchronous(primary.port, on)
    }

    fn pause_replay(&self, replica: u16) -> Result<()> {
        self.execute(replica, "STOP SLAVE SQL_THREAD")
    }

    fn resume_replay(&self, replica: u16) -> Result<()> {
        self.execute(replica, "START SLAVE SQL_THREAD")
    }
}

impl MariaDb {
    /// Changes settings that cannot be changed while the replica runs.
    fn change_master(&self, replica: &Instance, change: &str) -> Result<()> {
        let threads = if replica.is_paused() { "IO_THREAD" } else { "" };
        let sql = format!("STOP SLAVE; CHANGE MASTER TO {change}; START SLAVE {threads}");
        self.execute(replica.port, &sql)
    }

    pub(super) fn execute(&self, port: u16, sql: &str) -> Result<()> {
        self.query(port, Self::SYSTEM_DATABASE, sql).map(drop)
    }

    pub(super) fn counts_one(&self, port: u16, sql: &str) -> Result<bool> {
        Ok(self.query(port, Self::SYSTEM_DATABASE, sql)? == "1")
    }
}
