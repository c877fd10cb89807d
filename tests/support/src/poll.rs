//! Waiting for a condition.

use std::thread;
use std::time::{Duration, Instant};

use crate::error::{Result, ServerError};

const INTERVAL: Duration = Duration::from_millis(15);

/// Polls `condition` until it holds, for `limit` at most.
///
/// `goal` completes the sentence "timed out waiting until ...".
pub(crate) fn until(
    goal: &str,
    limit: Duration,
    mut condition: impl FnMut() -> Result<bool>,
) -> Result<()> {
    let deadline = Instant::now() + limit;
    while !condition()? {
        if Instant::now() >= deadline {
            return Err(ServerError::new(format!(
                "timed out after {limit:?} waiting until {goal}"
            )));
        }
        thread::sleep(INTERVAL);
    }
    Ok(())
}
