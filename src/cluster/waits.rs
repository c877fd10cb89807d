//! Waiting for the topology to be what somebody needs.

use std::sync::PoisonError;
use std::time::{Duration, Instant};

use super::Cluster;
use super::monitor::{Answer, Probe, Target, opening};
use crate::error::{AvailabilityError, RoutingError};
use crate::topology::{DatabaseId, Endpoint, Node, Position, Role, Topology};

/// The end of a time that begins now; in a year where it is longer.
pub(super) fn deadline(timeout: Duration) -> Instant {
    const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);
    Instant::now() + timeout.min(YEAR)
}

/// How often a primary that nobody watches is asked whether it is back.
const UNWATCHED: Duration = Duration::from_millis(100);

/// How soon it is asked again when something has changed.
const AT_ONCE: Duration = Duration::from_millis(10);

impl Cluster {
    /// Waits until the replicas of a database have got far enough; whether they have in time. Each is
    /// asked again and again meanwhile.
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

    /// Asks a primary now how far it is, for the reads that come next.
    pub(crate) fn look_at_primary(&self, database: DatabaseId) {
        if self.is_watched(database) {
            let primary = self.topology().database(database).primary;
            self.state.monitors.look_at(primary);
        }
    }

    /// What all servers of a database have in common, as its primary said.
    pub(crate) fn identity(&self, database: DatabaseId) -> Option<String> {
        let watch = self.state.monitors.watch(database)?;
        watch.cluster().map(Into::into)
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
        let primary = &topology.node(topology.database(database).primary).name;
        let mut reason = format!("{primary} gives no answer");
        loop {
            self.check_open()?;
            changes.mark_unchanged();
            match self.try_primary(database, deadline).await {
                Ok(()) => return Ok(()),
                Err(Some(said)) => reason = said,
                // Its time was over before it could say something else than before.
                Err(None) => {}
            }
            let rest = deadline.saturating_duration_since(Instant::now());
            let removed = self.topology().database(database).removed;
            if rest.is_zero() || removed {
                return Err(RoutingError::Availability(AvailabilityError::NoPrimary {
                    database: self.topology().database(database).name.clone(),
                    waited: timeout,
                    reason,
                }));
            }
            // What changes may be another database.
            tokio::time::sleep(rest.min(AT_ONCE)).await;
            let _ = tokio::time::timeout(rest.min(UNWATCHED), changes.changed()).await;
        }
    }

    /// Whether the primary answers now, or why not; nothing when there was no time to say it.
    async fn try_primary(
        &self,
        database: DatabaseId,
        deadline: Instant,
    ) -> Result<(), Option<String>> {
        let topology = self.snapshot();
        let found = topology.database(database);
        if found.removed {
            return Err(Some("it was removed".to_owned()));
        }
        if let Some(halt) = &found.halt
            && halt.holds(Instant::now())
        {
            let name = &topology.node(found.primary).name;
            return Err(Some(format!("{name}: {halt}")));
        }
        let node = topology.node(found.primary);
        let timeout = opening(self.state.declared(database).settings.probe_timeout);
        let rest = deadline.saturating_duration_since(Instant::now());
        let asked = self.ask(node, timeout);
        let reason = match tokio::time::timeout(rest.min(timeout), asked).await {
            Ok(Ok(None)) => match self.ping(node, rest.min(timeout)).await {
                Ok(()) => return Ok(()),
                Err(reason) => reason,
            },
            Ok(Ok(Some(Answer::Seen(seen))))
                if seen.role == Some(Role::Replica) && node.endpoint == Endpoint::Server =>
            {
                "it takes no writes: it only reads".to_owned()
            }
            Ok(Ok(Some(Answer::Seen(_) | Answer::Alive))) => return Ok(()),
            Ok(Ok(Some(silence))) => silence.reason(),
            Ok(Err(reason)) => reason,
            Err(_) if rest < timeout => return Err(None),
            Err(_) => "it gives no answer".to_owned(),
        };
        Err(Some(format!("{}: {reason}", node.name)))
    }

    /// Asks a node now, on a connection of its own: one that is cut off is missed by nobody. Nothing
    /// where there is no server to ask.
    async fn ask(&self, node: &Node, timeout: Duration) -> Result<Option<Answer>, String> {
        let declared = self.state.declared(node.database);
        let open = self.pool(node.pool).open().await;
        let Some(target) = Target::of(open.map_err(|error| error.to_string())?) else {
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
            Some(_) | None => Probe::new(declared.settings.asynchronous_commits),
        };
        let (_, answer) = probe.ask(&target, timeout).await;
        if self.check_open().is_ok() {
            *kept() = Some((node.pool, probe));
        }
        Ok(Some(answer))
    }

    /// A sign of life of what is no server.
    async fn ping(&self, node: &Node, timeout: Duration) -> Result<(), String> {
        let pinged = async { self.pool(node.pool).open().await?.ping().await };
        match tokio::time::timeout(timeout, pinged).await {
            Ok(pinged) => pinged.map_err(|error| error.to_string()),
            Err(_) => Err(Answer::Silent.reason()),
        }
    }

    /// A position of the primary that is past every commit before a moment; nothing where there is no
    /// way to tell: SQLite, a server that keeps no log.
    ///
    /// # Errors
    ///
    /// [`AvailabilityError::NoPrimary`] when it cannot be asked.
    pub(crate) async fn position_after(
        &self,
        database: DatabaseId,
        moment: Instant,
    ) -> Result<Option<Position>, RoutingError> {
        let probe_timeout = self.state.declared(database).settings.probe_timeout;
        let timeout = opening(probe_timeout);
        if let Some(watch) = self.state.monitors.watch(database) {
            // As a rule it has asked already, or does so now. It may not: its runtime may be gone.
            let sampled = tokio::time::timeout(probe_timeout, watch.sampled_after(moment));
            if let Ok(position) = sampled.await {
                return Ok(position);
            }
        }
        let topology = self.snapshot();
        let primary = topology.node(topology.database(database).primary);
        let asked = match tokio::time::timeout(timeout, self.ask(primary, timeout)).await {
            Ok(Ok(None)) => Ok(None),
            Ok(Ok(Some(Answer::Seen(seen)))) => Ok(seen.written),
            Ok(Ok(Some(silence))) => Err(silence.reason()),
            Ok(Err(reason)) => Err(reason),
            Err(_) => Err(Answer::Silent.reason()),
        };
        asked.map_err(|reason| {
            RoutingError::Availability(AvailabilityError::NoPrimary {
                database: self.topology().database(database).name.clone(),
                waited: timeout,
                reason,
            })
        })
    }
}
