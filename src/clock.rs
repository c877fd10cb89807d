//! The time and the chance that decisions are made by.

use std::time::Instant;

use rand::RngExt;

/// Where decisions, sessions and monitors take the time and their random numbers from. Tests put their own
/// in its place, and so run hours in milliseconds. What waits does so by tokio's clock.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    pub(crate) now: fn() -> Instant,
    /// Uniform over `u64`.
    pub(crate) chance: fn() -> u64,
}

impl Clock {
    pub(crate) fn now(self) -> Instant {
        (self.now)()
    }

    pub(crate) fn chance(self) -> u64 {
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
