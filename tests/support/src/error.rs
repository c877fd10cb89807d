//! What can go wrong, and how a test is skipped.

use std::io::{self, Write};
use std::{env, fmt, thread};

/// Set to `1`, it makes a test fail where it would be skipped.
const REQUIRE: &str = "ROUTING_REQUIRE_SERVERS";

/// The result of an operation on a cluster.
pub type Result<T, E = ServerError> = std::result::Result<T, E>;

/// An operation on a cluster failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerError(String);

impl ServerError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ServerError {}

impl From<io::Error> for ServerError {
    fn from(error: io::Error) -> Self {
        Self(error.to_string())
    }
}

/// No cluster or pooler could be started: the server is not installed, or does not work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unavailable {
    /// The kind of server: `postgres`, `mariadb` or `pgbouncer`.
    pub server: &'static str,
    /// Why it could not be started.
    pub reason: String,
}

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.server, self.reason)
    }
}

impl std::error::Error for Unavailable {}

/// Reports on stderr that the running test is skipped.
///
/// The line is written past the capture of the test harness, so that it shows
/// although the test passes.
///
/// # Panics
///
/// If `ROUTING_REQUIRE_SERVERS` is `1`.
pub fn skip(unavailable: &Unavailable) {
    let thread = thread::current();
    let test = thread.name().unwrap_or("unnamed test");
    let message = format!("SKIPPED {test}: {unavailable}");
    assert!(env::var(REQUIRE).as_deref() != Ok("1"), "{message}");
    // A stderr that cannot be written to is no reason to fail.
    let _ = writeln!(io::stderr(), "{message}");
}
