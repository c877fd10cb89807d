//! How the kinds of servers replicate.

use std::time::Duration;

use crate::error::Result;
use crate::instance::Instance;

/// Replication of a kind of server: the part of [`Engine`](crate::engine::Engine)
/// that makes and changes primaries and replicas. All functions block.
pub trait Replication {
    /// Makes a replica a primary, with all that it has received; it takes writes.
    fn promote(&self, replica: &Instance) -> Result<()>;
    /// Creates the data of a server that has none, for a replica of the primary.
    fn create_replica(&self, instance: &Instance, primary: &Instance) -> Result<()>;
    /// Makes a running replica follow the primary; returns when it is connected.
    fn follow(&self, replica: &Instance, primary: &Instance) -> Result<()>;
    /// Makes a replica that was killed, and runs again, follow as before.
    fn recover(&self, _replica: &Instance) -> Result<()> {
        Ok(())
    }
    /// Makes a replica apply changes that much after they were made.
    fn delay_replay(&self, replica: &Instance, delay: Duration) -> Result<()>;
    /// Makes the commits of a primary wait for a replica, or not.
    fn set_synchronous(&self, primary: &Instance, on: bool) -> Result<()>;
    /// Makes the replica receive changes without applying them.
    fn pause_replay(&self, replica: u16) -> Result<()>;
    /// Makes the replica apply changes again.
    fn resume_replay(&self, replica: u16) -> Result<()>;
}
