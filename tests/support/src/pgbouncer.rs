//! A connection pooler before a Postgres server.

mod launch;
mod settings;

use crate::cluster::blocking;
use crate::error::Unavailable;
use crate::process::Process;
use crate::scratch::Scratch;
use crate::started;
use launch::launch;
use settings::Server;
pub use settings::{PgBouncerSettings, PoolMode};

/// A PgBouncer before one server of a Postgres cluster. Dropping it kills it.
///
/// It lets in the user of the server's URL, with any password or none, to any database of the
/// server. Others are refused.
// Fields are dropped in order: the process before its directory.
#[derive(Debug)]
pub struct PgBouncer {
    url: String,
    port: u16,
    _process: Process,
    _scratch: Scratch,
}

impl PgBouncer {
    /// Starts one before the server of a URL, or skips the test; returns when it accepts
    /// connections.
    ///
    /// It connects to the server only when a client connects, so the server need not run yet. The
    /// URL is like those of a cluster or of a [`Proxy`](crate::Proxy) before it:
    /// `postgres://user:password@127.0.0.1:port/database`, where the password may be left out and
    /// nothing is percent-encoded.
    ///
    /// # Panics
    ///
    /// If the URL is another one.
    pub async fn start(server_url: &str, settings: &PgBouncerSettings) -> Option<Self> {
        let Some(server) = Server::of(server_url) else {
            panic!("not a URL of a Postgres on 127.0.0.1: {server_url}");
        };
        let settings = settings.clone();
        let outcome = blocking(move || launch(&server, &settings)).await;
        started(outcome.map_err(|error| Unavailable {
            server: "pgbouncer",
            reason: error.to_string(),
        }))
    }

    /// The URL it was started with, through the pooler.
    pub fn url(&self) -> String {
        self.url.clone()
    }

    /// The port to connect to instead of the server's.
    pub fn port(&self) -> u16 {
        self.port
    }
}
