//! Waiting for a replica to catch up, and for a primary.

use std::sync::PoisonError;
use std::time::Duration;

use tokio::time::Instant as TokioInstant;

use super::Cluster;
use super::monitor::{Probe, ProbeOutcome, ProbeTarget, opening};
use crate::error::{AvailabilityError, RoutingError};
use crate::topology::{DatabaseId, Endpoint, Node, Role, Topology};

/// The end of a timeout that begins now, in a year at most.
pub(super) fn deadline(timeout: Duration) -> TokioInstant {
    const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);
    TokioInstant::now() + timeout.min(YEAR)
}

/// How often a primary without a monitor is asked whether it is back.
const PROBE_EVERY: Duration = Duration::from_millis(100);

/// How soon it is asked again after a change of the topology.
const AFTER_CHANGE: Duration = Duration::from_millis(10);

impl Cluster {
    /// Waits until the replicas of a database have caught up enough. Returns whether they did in time.
    /// The monitor probes them more often meanwhile.
    pub(crate) async fn catch_up(
        &self,
        database: DatabaseId,
        max_wait: Duration,
        enough: impl Fn(&Topology) -> bool,
    ) -> bool {
        let Some(watch) = self.state.monitors.watch(database) else {
            return false;
        };
        let mut changes = self.state.changes();
        let waiting = watch.wait();
        let waited = tokio::time::timeout(max_wait, async {
            loop {
                changes.mark_unchanged();
                if enough(&self.topology()) || changes.changed().await.is_err() {
                    return;
                }
            }
        });
        let in_time = waited.await.is_ok();
        drop(waiting);
        in_time
    }

    /// Probes a primary now, so that later reads can use its position.
    pub(crate) fn probe_primary_now(&self, database: DatabaseId) {
        if self.has_monitor(database) {
            let primary = self.topology().database_by_id(database).primary;
            self.state.probe_now(primary);
        }
    }

    /// Waits until the primary of a database takes writes.
    pub(crate) async fn primary_answers(
        &self,
        database: DatabaseId,
        timeout: Duration,
    ) -> Result<(), RoutingError> {
        let deadline = deadline(timeout);
        let mut changes = self.state.changes();
        let topology = self.snapshot();
        let primary = &topology
            .node(topology.database_by_id(database).primary)
            .name;
        let mut reason = format!("{primary} does not answer");
        loop {
            self.check_open()?;
            changes.mark_unchanged();
            match self.try_primary(database, deadline).await {
                Ok(()) => return Ok(()),
                Err(Some(said)) => reason = said,
                // The time was over before the last probe, so the reason before stands.
                Err(None) => {}
            }
            let rest = deadline.saturating_duration_since(TokioInstant::now());
            let removed = self.topology().database_by_id(database).removed;
            if rest.is_zero() || removed {
                return Err(RoutingError::Availability(AvailabilityError::NoPrimary {
                    database: self.topology().database_by_id(database).name.clone(),
                    waited: timeout,
                    reason,
                }));
            }
            // The change may concern another database.
            tokio::time::sleep(rest.min(AFTER_CHANGE)).await;
            let _ = tokio::time::timeout(rest.min(PROBE_EVERY), changes.changed()).await;
        }
    }

    /// Probes the primary. Fails with the reason, or `None` if there was no time to find it.
    async fn try_primary(
        &self,
        database: DatabaseId,
        deadline: TokioInstant,
    ) -> Result<(), Option<String>> {
        let topology = self.snapshot();
        let found = topology.database_by_id(database);
        if found.removed {
            return Err(Some("it was removed".to_owned()));
        }
        if let Some(block) = &found.write_block
            && block.holds(self.state.clock.now())
        {
            let name = &topology.node(found.primary).name;
            return Err(Some(format!("{name}: {block}")));
        }
        let node = topology.node(found.primary);
        let timeout = opening(self.state.declared(database).settings.probe_timeout);
        let rest = deadline.saturating_duration_since(TokioInstant::now());
        let asked = self.ask(node, timeout);
        let reason = match tokio::time::timeout(rest.min(timeout), asked).await {
            Ok(Ok(None)) => match self.ping(node, rest.min(timeout)).await {
                Ok(()) => return Ok(()),
                Err(reason) => reason,
            },
            Ok(Ok(Some(ProbeOutcome::Observed(seen))))
                if seen.role == Some(Role::Replica) && node.endpoint == Endpoint::Server =>
            {
                "it takes no writes: it only reads".to_owned()
            }
            Ok(Ok(Some(ProbeOutcome::Observed(_) | ProbeOutcome::Alive))) => return Ok(()),
            Ok(Ok(Some(silence))) => silence.reason(),
            Ok(Err(reason)) => reason,
            Err(_) if rest < timeout => return Err(None),
            Err(_) => "it does not answer".to_owned(),
        };
        Err(Some(format!("{}: {reason}", node.name)))
    }

    /// Probes a node now, on a connection outside the pool. Returns `None` if there is no server to ask.
    pub(super) async fn ask(
        &self,
        node: &Node,
        timeout: Duration,
    ) -> Result<Option<ProbeOutcome>, String> {
        let declared = self.state.declared(node.database);
        let open = self.pool(node.pool).open().await;
        let Some(target) = ProbeTarget::of(open.map_err(|error| error.to_string())?) else {
            return Ok(None);
        };
        let kept = || {
            declared
                .asked
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
        };
        let mut probe = match kept().take() {
            Some((pool, probe)) if pool == node.pool => probe,
            Some(_) | None => Probe::new(declared.settings.asynchronous_commits, self.state.clock),
        };
        let (_, answer) = probe.ask(&target, timeout).await;
        if self.check_open().is_ok() {
            *kept() = Some((node.pool, probe));
        }
        Ok(Some(answer))
    }

    /// Pings a node that is not a server.
    async fn ping(&self, node: &Node, timeout: Duration) -> Result<(), String> {
        let pinged = async { self.pool(node.pool).open().await?.ping().await };
        match tokio::time::timeout(timeout, pinged).await {
            Ok(pinged) => pinged.map_err(|error| error.to_string()),
            Err(_) => Err(ProbeOutcome::Silent.reason()),
        }
    }
}
