//! The time and the chance that a cluster decides by.

use std::time::Instant;

use rand::RngExt;

/// Where the monitor and the health of nodes take the time and their random numbers from. Tests put
/// their own in its place, and so run hours in milliseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    pub(super) now: fn() -> Instant,
    /// Uniform over `u64`.
    pub(super) chance: fn() -> u64,
}

impl Clock {
    pub(super) fn now(self) -> Instant {
        (self.now)()
    }

    pub(super) fn chance(self) -> u64 {
        (self.chance)()
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self {
            now: Instant::now,
            chance: || rand::rng().random(),
        }
    }
}
