//! Where cases run: a pool on a server, and a second look at the same server.

use std::time::Duration;

use sea_orm::{ConnectOptions, Database, DatabaseConnection};

use super::run::Slowness;
use crate::support::cut::Dropped;
use crate::support::slow_link::paced_link;

/// A database, reached in two ways.
#[derive(Debug)]
pub(super) struct Place {
    /// Begins the names of all its rows.
    pub(super) name: String,
    /// For the pool under test.
    pub(super) options: ConnectOptions,
    pub(super) connections: usize,
    pub(super) slowness: Option<Slowness>,
    /// Each text is new to the server, which has to prepare it.
    pub(super) fresh: bool,
    /// None: all ways are played here.
    pub(super) way: Option<Dropped>,
    /// A connection of its own; a database in memory has none.
    pub(super) outside: Option<DatabaseConnection>,
    /// Connections come back to the pool within this time, and answers come.
    pub(super) patience: Duration,
}

/// For what must come back, and for what may not.
pub(super) const PATIENT: Duration = Duration::from_secs(10);
pub(super) const IMPATIENT: Duration = Duration::from_millis(1_500);

/// How the answers of a server come.
#[derive(Clone, Copy, Debug)]
pub(super) struct Manner {
    /// Answers come in pieces of so many bytes.
    pub(super) bytes: usize,
    pub(super) fresh: bool,
}

impl Place {
    /// A server at the other end of a link of its own.
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

/// One connection that nothing is cut off on.
pub(super) async fn outside(url: &str) -> DatabaseConnection {
    let connection = Database::connect(options(url.to_owned(), 1)).await;
    connection.expect("a second connection")
}
