//! What differs between the kinds of servers.

use std::fmt::Debug;
use std::process::Command;

use crate::error::Result;
use crate::instance::Instance;
use crate::parts::Parts;
use crate::replication::Replication;

/// A kind of server; implemented by [`Postgres`](crate::Postgres) and
/// [`MariaDb`](crate::MariaDb) only.
///
/// Servers are told apart by their ports. All functions block.
pub trait Engine: Replication + Debug + Sized + Send + Sync + 'static {
    /// The name of the server.
    const SERVER: &'static str;
    /// The scheme of its URLs.
    const SCHEME: &'static str;
    /// A database that exists from the start.
    const SYSTEM_DATABASE: &'static str;

    /// Starts a primary and its replicas.
    fn assemble(replicas: usize) -> Result<Parts<Self>>;
    /// The command that starts this server.
    fn server(&self, instance: &Instance) -> Command;
    /// Runs SQL as the superuser.
    fn query(&self, port: u16, database: &str, sql: &str) -> Result<String>;
    /// The SQL that creates a database.
    fn create_database(name: &str) -> String;
    /// The current position of the primary.
    fn position(&self, primary: u16) -> Result<String>;
    /// Whether the replica has reached that position.
    fn has_reached(&self, replica: u16, position: &str) -> Result<bool>;
}
