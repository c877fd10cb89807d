//! What is checked of a database when it is opened.

use std::time::Duration;

use super::Cluster;
use super::monitor::{ProbeOutcome, opening};
use crate::error::{ConfigError, RoutingError};
use crate::topology::{DatabaseId, Endpoint, Role};

impl Cluster {
    /// Asks the server that is declared as the primary whether it is one.
    ///
    /// # Errors
    ///
    /// [`ConfigError::PrimaryOnlyReads`]. A server that does not say is accepted.
    pub(crate) async fn check_declared_primary(
        &self,
        database: DatabaseId,
    ) -> Result<(), RoutingError> {
        let topology = self.snapshot();
        let found = topology.database_by_id(database);
        let node = topology.node(found.primary);
        if node.endpoint != Endpoint::Server {
            return Ok(());
        }
        let declared = self.state.declared(database);
        let timeout: Duration = opening(declared.settings.probe_timeout);
        let asked = tokio::time::timeout(timeout, self.ask(node, timeout)).await;
        declared.disconnect_probe();
        match asked {
            Ok(Ok(Some(ProbeOutcome::Observed(seen)))) if seen.role == Some(Role::Replica) => {
                Err(RoutingError::Config(ConfigError::PrimaryOnlyReads {
                    node: node.name.clone(),
                    database: found.name.clone(),
                }))
            }
            Ok(_) | Err(_) => Ok(()),
        }
    }
}
