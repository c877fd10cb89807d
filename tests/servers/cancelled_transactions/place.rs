//! Where cases run: a pool on a server, and a second connection that observes the same server.

use std::time::Duration;

use sea_orm::{ConnectOptions, Database, DatabaseConnection};

use super::run::Slowness;
use crate::support::cut::Dropped;
use crate::support::slow_link::paced_link;

/// A database, reached through two connections.
#[derive(Debug)]
pub(super) struct Place {
    /// Prefix of the names of all rows of this place.
    pub(super) name: String,
    /// Options of the pool under test.
    pub(super) options: ConnectOptions,
    pub(super) connections: usize,
    pub(super) slowness: Option<Slowness>,
    /// Whether each text is new to the server, which then has to prepare it.
    pub(super) fresh: bool,
    /// The only way of dropping that is played here; `None` plays all of them.
    pub(super) way: Option<Dropped>,
    /// A connection that observes from outside; a database in memory has none.
    pub(super) outside: Option<DatabaseConnection>,
    /// Upper bound for a connection to return to the pool and for a reply to arrive.
    pub(super) patience: Duration,
}

/// Patience for what must return, and for what may not.
pub(super) const PATIENT: Duration = Duration::from_secs(10);
pub(super) const IMPATIENT: Duration = Duration::from_millis(1_500);

/// How the replies of a server arrive.
#[derive(Clone, Copy, Debug)]
pub(super) struct Manner {
    /// Replies arrive in pieces of so many bytes.
    pub(super) bytes: usize,
    pub(super) fresh: bool,
}

impl Place {
    /// A server behind a link of its own.
    pub(super) async fn on_server(
        url: &str,
        way: Dropped,
        manner: Manner,
        patience: Duration,
    ) -> Self {
        let (through, pace) = paced_link(url).await;
        let connections = 2;
        let bytes = manner.bytes;
        Self {
            name: format!("{way:?} {bytes} {}", manner.fresh),
            way: Some(way),
            options: options(through, connections),
            connections,
            slowness: Some(Slowness { pace, bytes }),
            fresh: manner.fresh,
            outside: Some(outside(url).await),
            patience,
        }
    }
}

/// A pool of a fixed size.
pub(super) fn options(url: String, connections: usize) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options.max_connections(connections as u32);
    options.acquire_timeout(Duration::from_secs(5));
    options
}

/// One connection on which no statement is cancelled.
pub(super) async fn outside(url: &str) -> DatabaseConnection {
    let connection = Database::connect(options(url.to_owned(), 1)).await;
    connection.expect("a second connection")
}
