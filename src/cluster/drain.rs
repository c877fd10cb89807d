//! Waiting until a pool that receives no new statements is idle.

use std::time::Duration;

use sea_orm::DatabaseConnection;
use tokio::time::Instant;

use super::driver_kind::{DriverKind, PoolUsage};
use super::pool::Pool;
use super::waits::deadline;

/// How often a pool is checked.
const EVERY: Duration = Duration::from_millis(5);

/// How long a connection may take to come back to its pool after its last statement.
const RETURNING: Duration = Duration::from_millis(50);

impl Pool {
    /// Waits until all its connections are idle. Returns whether they were in time.
    pub(super) async fn wait_until_idle(&self, timeout: Duration) -> bool {
        let deadline = deadline(timeout.max(RETURNING));
        let mut was_idle = false;
        loop {
            let idle = self.get().is_none_or(is_idle);
            // A statement that was just routed here may not have its connection at the first check.
            if idle && was_idle {
                return true;
            }
            if !idle && Instant::now() >= deadline {
                return false;
            }
            was_idle = idle;
            tokio::time::sleep(EVERY).await;
        }
    }

    /// Whether a connection is in use.
    pub(super) fn is_busy(&self) -> bool {
        self.get().is_some_and(|connection| !is_idle(connection))
    }
}

fn is_idle(connection: &DatabaseConnection) -> bool {
    let usage = DriverKind::of(connection).usage();
    usage.is_none_or(PoolUsage::is_idle)
}
