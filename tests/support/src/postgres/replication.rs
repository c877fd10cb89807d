//! Streaming replication.

use std::time::Duration;

use super::{LIMIT, Postgres};
use crate::engine::Engine;
use crate::error::{Result, ServerError};
use crate::instance::Instance;
use crate::poll::until;
use crate::replication::Replication;

const IS_PAUSED: &str = "SELECT pg_get_wal_replay_pause_state() = 'paused'";

impl Replication for Postgres {
    fn promote(&self, replica: &Instance) -> Result<()> {
        if !self.holds(replica.port, "SELECT pg_promote()")? {
            return Err(ServerError::new("the replica was not promoted in time"));
        }
        Ok(())
    }

    fn create_replica(&self, instance: &Instance, primary: &Instance) -> Result<()> {
        self.copy(instance.node, primary.port)
    }

    fn follow(&self, replica: &Instance, primary: &Instance) -> Result<()> {
        let source = self.source(replica.node, primary.port);
        let change = format!("SET primary_conninfo = '{source}'");
        self.alter_system(replica.port, &change)?;
        let name = replica.node;
        let sql = format!(
            "SELECT EXISTS (SELECT FROM pg_stat_replication
                WHERE application_name = '{name}' AND state = 'streaming')"
        );
        let goal = format!("{name} streams from {}", primary.node);
        until(&goal, LIMIT, || self.holds(primary.port, &sql))
    }

    fn delay_replay(&self, replica: &Instance, delay: Duration) -> Result<()> {
        let delay = delay.as_millis();
        let change = format!("SET recovery_min_apply_delay = '{delay}ms'");
        self.alter_system(replica.port, &change)?;
        let sql = format!(
            "SELECT setting = '{delay}' FROM pg_settings
                WHERE name = 'recovery_min_apply_delay'"
        );
        until("the delay is set", LIMIT, || self.holds(replica.port, &sql))?;
        if replica.is_following() {
            // New sessions have that setting now. The process that applies changes reads it before
            // it confirms a pause.
            self.pause_replay(replica.port)?;
            self.resume_replay(replica.port)?;
        }
        Ok(())
    }

    fn set_synchronous(&self, primary: &Instance, on: bool) -> Result<()> {
        self.make_synchronous(primary.port, on)
    }

    fn pause_replay(&self, replica: u16) -> Result<()> {
        let sql = "SELECT pg_wal_replay_pause()";
        self.query(replica, Self::SYSTEM_DATABASE, sql)?;
        until("replay is paused", LIMIT, || self.holds(replica, IS_PAUSED))
    }

    fn resume_replay(&self, replica: u16) -> Result<()> {
        let sql = "SELECT pg_wal_replay_resume()";
        self.query(replica, Self::SYSTEM_DATABASE, sql).map(drop)
    }
}
