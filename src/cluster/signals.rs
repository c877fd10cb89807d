//! Signals about nodes, from the statements of the application.

use sea_orm::{DbBackend, DbErr};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use super::driver_kind::{DriverKind, PoolUsage};
use super::fault::Fault;
use super::monitor::opening;
use super::{Cluster, ClusterState};
use crate::error::{AvailabilityError, RoutingError};
use crate::topology::{Attempted, DatabaseId, Moment, NodeId, Role, Signal};

/// Every attempt reports how it ended, whether it was a statement, a stream or the opening of a branch.
impl Cluster {
    /// An attempt succeeded.
    pub(crate) fn report_success(&self, node: NodeId) {
        if !self.topology().node(node).load.is_healthy() {
            self.state.signal(node, Signal::Answered);
        }
    }

    /// An attempt failed; its error may say something about the node.
    pub(crate) fn report_failure(&self, attempted: Attempted, error: &DbErr) {
        if attempted.role == Role::Primary && !attempted.was_chosen {
            return self.report_primary(attempted, error);
        }
        // The monitor that ended the wait knows it already.
        let is_known = matches!(
            RoutingError::of(error),
            Some(RoutingError::Availability(
                AvailabilityError::NodeLost { .. }
            ))
        );
        let is_about_node = matches!(Fault::of(error), Fault::NoConnection | Fault::Lost);
        if is_about_node && !is_known {
            self.report_error(attempted.node, error);
        }
    }

    /// A statement failed with an error of the node. A pool that hands out no connection although not all
    /// are in use cannot reach its server; an exhausted one is busy.
    fn report_error(&self, node: NodeId, error: &DbErr) {
        let fault = Fault::of(error);
        let pool = self.pool_of(node).get();
        let usage = || pool.and_then(|pool| DriverKind::of(pool).usage());
        let busy = fault == Fault::NoConnection && usage().is_some_and(PoolUsage::is_exhausted);
        if busy {
            return;
        }
        let signal = match fault {
            Fault::Lost => Signal::Lost,
            _ => Signal::Unreachable,
        };
        let topology = self.topology();
        let (name, reason) = (topology.node(node).name.as_str(), error.to_string());
        tracing::warn!(target: "sea_orm_routing", node = name, reason, "a node failed a statement");
        self.state.signal_failure(node, signal, &reason);
        match fault {
            // One that is down has its own pace.
            _ if topology.node(node).health.is_down() => {}
            // Whether it is full or dead shows on a new connection.
            Fault::NoConnection => self.state.probe_anew(node),
            _ => self.state.probe_now(node),
        }
        // A monitor meets it too.
        let spec = self.state.declared(topology.node(node).database);
        if Fault::refuses_option(error)
            && !spec.has_monitor.load(Ordering::Relaxed)
            && spec.may_renew(self.state.clock.now())
        {
            let state = Arc::clone(&self.state);
            tokio::spawn(async move { state.guard_otherwise(node, &reason, None).await });
        }
    }

    /// A statement failed on the primary. A monitor probes the primary at once.
    fn report_primary(&self, attempted: Attempted, error: &DbErr) {
        match Fault::of(error) {
            Fault::NoConnection => {
                self.warn_of_pool(attempted.node, error);
                self.probe_primary_now(attempted.database);
            }
            Fault::Lost => self.probe_primary_now(attempted.database),
            Fault::RefusedAsWrite if attempted.may_write && self.is_server(attempted.database) => {
                self.leave_demoted(attempted)
            }
            Fault::RefusedAsWrite => {}
            Fault::Protocol | Fault::RecoveryConflict | Fault::NotSupported | Fault::Statement => {}
        }
    }

    /// SeaORM's error of a pool has no place for the name of the node.
    #[cold]
    fn warn_of_pool(&self, node: NodeId, error: &DbErr) {
        let topology = self.topology();
        let node = topology.node(node);
        let database = topology.database_by_id(node.database).name.as_str();
        let pool = self.pool(node.pool).get();
        let usage = pool.and_then(|pool| DriverKind::of(pool).usage());
        tracing::warn!(
            target: "sea_orm_routing",
            database,
            node = node.name.as_str(),
            in_use = usage.map(|usage| usage.open.saturating_sub(usage.idle)),
            max_connections = usage.map(|usage| usage.max),
            reason = %error,
            "a statement got no connection"
        );
    }

    /// Whether a database has an address. An SQLite in memory would be another one in another pool.
    fn is_server(&self, database: DatabaseId) -> bool {
        self.topology().database_by_id(database).dialect != DbBackend::Sqlite
    }

    /// The primary only reads. Its address may lead to another server by now, and open connections stay
    /// where they are: new ones are opened, and the monitor asks on a new one. If the address still leads to a
    /// server that only reads, that is tried again after a second.
    #[cold]
    fn leave_demoted(&self, attempted: Attempted) {
        let spec = self.state.declared(attempted.database);
        let is_current = self.topology().node(attempted.node).pool == attempted.pool;
        if is_current
            && spec.may_renew(self.state.clock.now())
            && self.state.replace(attempted.node)
        {
            tracing::warn!(
                target: "sea_orm_routing",
                node = self.topology().node(attempted.node).name.as_str(),
                "the primary refused a write as read-only; its connections are replaced"
            );
        }
        self.state.probe_anew(attempted.node);
    }

    /// A statement is the half-open trial of the node.
    pub(crate) fn report_trial(&self, node: NodeId) {
        self.state.signal(node, Signal::Tried);
    }
}

impl ClusterState {
    /// Applies a signal to the health of a node.
    pub(super) fn signal(&self, node: NodeId, signal: Signal) {
        self.apply_signal(node, signal, None);
    }

    /// Applies the signal of a failure, with what failed.
    pub(super) fn signal_failure(&self, node: NodeId, signal: Signal, reason: &str) {
        self.apply_signal(node, signal, Some(reason));
    }

    fn apply_signal(&self, node: NodeId, signal: Signal, reason: Option<&str>) {
        let before = self.topology.load().node(node).health;
        let moment = self.moment(node);
        if before.after(signal, moment) == before {
            return;
        }
        let now = self.change(|topology| {
            topology.change_node(node, |node| {
                node.apply_signal(signal, moment);
                if let Some(reason) = reason {
                    node.note_trouble(reason, moment.now);
                }
            });
            topology.node(node).clone()
        });
        if !now.health.is_down() {
            return;
        }
        // Reads of a dead replica are retried elsewhere; a write on a primary may still be answered.
        if now.role == Role::Replica && signal == Signal::ProbeFailed {
            self.fail_in_flight(node);
        }
    }

    /// Whether a node that was down has answered since then.
    pub(super) fn is_back_since(&self, node: NodeId, moment: Instant) -> bool {
        let topology = self.topology.load();
        let node = topology.node(node);
        node.health.is_good() && node.back_since.is_some_and(|back| back > moment)
    }

    /// Fails the statements that wait for an answer of a node.
    pub(super) fn fail_in_flight(&self, node: NodeId) {
        let pool = self.topology.load().node(node).pool;
        self.pool(pool).lose();
    }

    pub(super) fn moment(&self, node: NodeId) -> Moment {
        let topology = self.topology.load();
        let found = topology.node(node);
        let settings = &self.declared(found.database).settings;
        Moment {
            now: self.clock.now(),
            chance: self.backoffs.after(node.index(), found.health.failures()),
            max_backoff: settings.max_backoff,
            longest_probe: opening(settings.probe_timeout),
        }
    }
}
