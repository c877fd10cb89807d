//! What session tokens carry of a database: its identity, and how far its primary is.

use std::time::Instant;

use super::Cluster;
use super::monitor::{ProbeOutcome, opening};
use crate::error::{AvailabilityError, RoutingError};
use crate::topology::{DatabaseId, Position};

impl Cluster {
    /// The identity that all servers of a database share, as its primary reported it.
    pub(crate) fn identity(&self, database: DatabaseId) -> Option<String> {
        let watch = self.state.monitors.watch(database)?;
        watch.cluster().map(Into::into)
    }

    /// A position of the primary past every commit before an instant. Returns `None` if there are no
    /// positions: on SQLite, and on a server that keeps no log.
    ///
    /// # Errors
    ///
    /// [`AvailabilityError::NoPrimary`] if the primary cannot be asked.
    pub(crate) async fn position_after(
        &self,
        database: DatabaseId,
        moment: Instant,
    ) -> Result<Option<Position>, RoutingError> {
        let probe_timeout = self.state.declared(database).settings.probe_timeout;
        let timeout = opening(probe_timeout);
        if let Some(watch) = self.state.monitors.watch(database) {
            // The monitor has asked already, or does so now, unless its runtime was shut down.
            let sampled = tokio::time::timeout(probe_timeout, watch.sampled_after(moment));
            if let Ok(position) = sampled.await {
                return Ok(position);
            }
        }
        let topology = self.snapshot();
        let primary = topology.node(topology.database_by_id(database).primary);
        let asked = match tokio::time::timeout(timeout, self.ask(primary, timeout)).await {
            Ok(Ok(None)) => Ok(None),
            Ok(Ok(Some(ProbeOutcome::Observed(seen)))) => Ok(seen.written),
            Ok(Ok(Some(silence))) => Err(silence.reason()),
            Ok(Err(reason)) => Err(reason),
            Err(_) => Err(ProbeOutcome::Silent.reason()),
        };
        asked.map_err(|reason| {
            RoutingError::Availability(AvailabilityError::NoPrimary {
                database: self.topology().database_by_id(database).name.clone(),
                waited: timeout,
                reason,
            })
        })
    }
}
