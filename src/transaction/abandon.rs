//! Giving up a connection with an open transaction.

use std::time::Duration;

use super::connection::BranchConnection;
use super::control::Control;

/// A connection that does not roll back within this time is closed.
const MAX_ROLLBACK: Duration = Duration::from_secs(5);

/// Rolls back in the background and returns the connection to its pool. Closes it instead if its
/// state is `uncertain`, and if there is no runtime to roll back on.
pub(super) fn abandon(connection: BranchConnection, uncertain: bool) {
    if !connection.speaks_sql() || uncertain && !connection.must_survive() {
        return connection.close();
    }
    match tokio::runtime::Handle::try_current() {
        Ok(runtime) => drop(runtime.spawn(roll_back(connection))),
        Err(_) => connection.close(),
    }
}

/// A runtime that shuts down drops this future, and the connection closes with the `ROLLBACK` in
/// flight.
async fn roll_back(mut connection: BranchConnection) {
    let must_survive = connection.must_survive();
    let answer = connection.control(Control::CleanUp);
    let cleaned = match must_survive {
        true => answer.await.is_ok(),
        false => matches!(tokio::time::timeout(MAX_ROLLBACK, answer).await, Ok(Ok(()))),
    };
    if !cleaned {
        connection.close();
    }
}
