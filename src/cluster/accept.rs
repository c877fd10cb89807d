//! A primary that is chosen by hand.

use std::sync::Arc;
use std::time::Instant;

use super::Cluster;
use super::monitor::{Watch, opening};
use super::settings::RoleSource;
use super::waits::deadline;
use crate::error::{RoutingError, TopologyError};
use crate::topology::{DatabaseId, Incumbent, NodeId, WriteBlock};

impl Cluster {
    /// Makes a node the primary of its database, whatever claims were seen before.
    ///
    /// # Errors
    ///
    /// [`TopologyError::CannotAccept`], with the reason.
    pub(crate) async fn accept_primary(
        &self,
        database: DatabaseId,
        node: NodeId,
    ) -> Result<(), RoutingError> {
        self.check_open()?;
        let accepted = self.try_accept(database, node).await;
        accepted.map_err(|reason| {
            let topology = self.topology();
            RoutingError::Topology(TopologyError::CannotAccept {
                node: topology.node(node).name.clone(),
                database: topology.database_by_id(database).name.clone(),
                reason: reason.to_owned(),
            })
        })
    }

    async fn try_accept(&self, database: DatabaseId, node: NodeId) -> Result<(), &'static str> {
        let of = self.topology().node(node).database;
        if of != database {
            return Err("it is a node of another database");
        }
        let watch = self.state.monitors.watch(database);
        let watch = watch.ok_or("the database has no monitor; declare it with monitored(true)")?;
        let _alone = watch.accepting.lock().await;
        let timeout = opening(self.state.declared(database).settings.probe_timeout);
        let asked = watch.asked_after(node, self.state.clock.now());
        if tokio::time::timeout(timeout, asked).await != Ok(true) {
            return Err("it does not answer");
        }
        let topology = self.snapshot();
        let before = watch.accept(&topology, node).ok_or(
            "it reports that it is a replica, or is behind a balancer, or a server of another cluster",
        )?;
        let accepting = Accepting {
            cluster: self,
            watch: &watch,
            node,
            before,
            block: topology.database_by_id(database).write_block.clone(),
        };
        let promoted = tokio::time::timeout_at(deadline(timeout), self.promoted(&watch, node));
        let promoted = promoted.await;
        drop(accepting);
        promoted.map_err(|_| "its new pool could not be opened in time; see the log")
    }

    /// Returns once the node that was accepted is the primary.
    async fn promoted(&self, watch: &Arc<Watch>, node: NodeId) {
        let mut changes = self.state.changes();
        loop {
            changes.mark_unchanged();
            let topology = self.snapshot();
            let database = topology.database_by_id(watch.database());
            self.state
                .apply_verdict(watch, &topology, watch.verdict(&topology));
            let is_primary = database.primary == node && database.write_block.is_none();
            if is_primary || changes.changed().await.is_err() {
                return;
            }
        }
    }
}

/// A node that was accepted and is not the primary yet. Dropping this takes that back, unless it is by now.
struct Accepting<'a> {
    cluster: &'a Cluster,
    watch: &'a Arc<Watch>,
    node: NodeId,
    before: Option<Incumbent>,
    block: Option<WriteBlock>,
}

impl Drop for Accepting<'_> {
    fn drop(&mut self) {
        let (state, database) = (self.cluster.state(), self.watch.database());
        let is_observed = state.declared(database).settings.roles == RoleSource::Observed;
        // In one change: a promotion may end at the same time.
        let is_taken_back = state.change(|topology| {
            if topology.database_by_id(database).primary == self.node {
                return false;
            }
            self.watch.restore(self.before.take());
            if !is_observed {
                topology.set_write_block(database, self.block.take());
            }
            true
        });
        if is_taken_back && is_observed {
            let topology = self.cluster.snapshot();
            state.apply_verdict(self.watch, &topology, self.watch.verdict(&topology));
        }
    }
}

impl Watch {
    /// Asks a node now. Returns whether it has reported its role, once it was asked after a moment.
    async fn asked_after(&self, node: NodeId, moment: Instant) -> bool {
        let mut answers = self.answers.subscribe();
        self.probe_now(node);
        loop {
            if let Some(answered) = self.has_reported_since(node, moment) {
                return answered;
            }
            if answers.changed().await.is_err() {
                return false;
            }
        }
    }
}
