//! Giving up a connection with an open transaction.

use std::time::Duration;

use super::open::Open;

/// A connection that does not roll back within this time is closed.
const LONGEST_ROLLBACK: Duration = Duration::from_secs(5);

/// Rolls back in the background and returns the connection to its pool, or closes it when it is
/// `uncertain` what is under way on it.
pub(super) fn abandon(open: Open, uncertain: bool) {
    if !open.speaks_sql() || uncertain && !open.must_survive() {
        return open.close();
    }
    match tokio::runtime::Handle::try_current() {
        Ok(runtime) => {
            let abandoned = Abandoned(Some(open));
            drop(runtime.spawn(abandoned.roll_back()));
        }
        Err(_) => open.close(),
    }
}

/// Closes its connection, unless it was rolled back first.
struct Abandoned(Option<Open>);

impl Abandoned {
    async fn roll_back(mut self) {
        let Some(open) = &mut self.0 else {
            return;
        };
        let cleaned = match open.must_survive() {
            true => open.clean_up().await.is_ok(),
            false => {
                let cleaned = tokio::time::timeout(LONGEST_ROLLBACK, open.clean_up()).await;
                matches!(cleaned, Ok(Ok(())))
            }
        };
        if cleaned {
            // Back to its pool.
            drop(self.0.take());
        }
    }
}

impl Drop for Abandoned {
    fn drop(&mut self) {
        if let Some(open) = self.0.take() {
            open.close();
        }
    }
}
