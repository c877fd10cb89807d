//! Waiting in tests.

use std::time::{Duration, Instant};

/// Polls a condition until it holds.
///
/// # Panics
///
/// If it does not hold in time.
pub(crate) async fn eventually(goal: &str, condition: impl AsyncFn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !condition().await {
        assert!(Instant::now() < deadline, "not in time: {goal}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
