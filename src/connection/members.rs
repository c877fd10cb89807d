//! Finding databases and nodes by their names, and waiting for a primary.

use std::time::Duration;

use super::RoutingConnection;
use crate::error::RoutingError;
use crate::topology::{DatabaseId, NodeId};

impl RoutingConnection {
    /// Waits until the primary of a database takes writes, for writers that would rather wait than
    /// fail during a failover.
    ///
    /// # Errors
    ///
    /// [`TopologyError::UnknownDatabase`](crate::error::TopologyError::UnknownDatabase);
    /// [`AvailabilityError::NoPrimary`](crate::error::AvailabilityError::NoPrimary) after
    /// `timeout`, with the reason.
    pub async fn wait_for_primary(
        &self,
        database: &str,
        timeout: Duration,
    ) -> Result<(), RoutingError> {
        let id = self.find_database(database)?;
        self.core.cluster.primary_answers(id, timeout).await
    }

    pub(super) fn find_database(&self, name: &str) -> Result<DatabaseId, RoutingError> {
        self.core.cluster.topology().require_database(name)
    }

    pub(super) fn find_node(&self, name: &str) -> Result<NodeId, RoutingError> {
        self.core.cluster.topology().require_node(name)
    }
}
