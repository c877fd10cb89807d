//! Pools that get no more statements, until they have none.

use std::time::{Duration, Instant};

use sea_orm::DatabaseConnection;

use super::driver_kind::{DriverKind, PoolUsage};
use super::pool::Pool;
use super::waits::deadline;

/// How often a pool is looked at.
const EVERY: Duration = Duration::from_millis(5);

/// How long a connection may take to come back to its pool after its last statement.
const RETURNING: Duration = Duration::from_millis(50);

impl Pool {
    /// Waits until all its connections are idle, so that nobody waits for one either. Whether they
    /// were in time.
    pub(super) async fn quiet(&self, timeout: Duration) -> bool {
        let deadline = deadline(timeout.max(RETURNING));
        let mut quiet_before = false;
        loop {
            let quiet = self.get().is_none_or(is_quiet);
            // A statement that was decided on a moment ago is not seen at the first look.
            if quiet && quiet_before {
                return true;
            }
            if !quiet && Instant::now() >= deadline {
                return false;
            }
            quiet_before = quiet;
            tokio::time::sleep(EVERY).await;
        }
    }

    /// Whether a connection is in use.
    pub(super) fn is_busy(&self) -> bool {
        self.get().is_some_and(|connection| !is_quiet(connection))
    }
}

fn is_quiet(connection: &DatabaseConnection) -> bool {
    let usage = DriverKind::of(connection).usage();
    usage.is_none_or(PoolUsage::is_idle)
}
