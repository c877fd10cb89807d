//! Commits that wait for a replica.

use super::{LIMIT, Postgres};
use crate::engine::Engine;
use crate::error::Result;
use crate::poll::until;

/// Each commit waits for any one of all replicas.
const IS_ON: &str = "SELECT count(*) > 0 AND bool_and(sync_state = 'quorum')
    FROM pg_stat_replication WHERE state = 'streaming'";
const IS_OFF: &str =
    "SELECT NOT EXISTS (SELECT FROM pg_stat_replication WHERE sync_state <> 'async')";

impl Postgres {
    pub(super) fn make_synchronous(&self, primary: u16, on: bool) -> Result<()> {
        let (change, is_so) = if on {
            ("SET synchronous_standby_names = 'ANY 1 (*)'", IS_ON)
        } else {
            ("RESET synchronous_standby_names", IS_OFF)
        };
        self.alter_system(primary, change)?;
        until("commits wait for a replica, or not", LIMIT, || {
            self.holds(primary, is_so)
        })?;
        // The WAL senders have the setting now. Commits follow the checkpointer's setting, which it
        // reloads between two checkpoints at the latest.
        for _ in 0..2 {
            self.query(primary, Self::SYSTEM_DATABASE, "CHECKPOINT")?;
        }
        Ok(())
    }
}
