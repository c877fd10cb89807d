//! What the statements of the application tell about their nodes.

use rand::RngExt;
use sea_orm::DbErr;
use std::time::Instant;

use super::driver_kind::{DriverKind, PoolUsage};
use super::fault::Fault;
use super::monitor::opening;
use super::{Cluster, State};
use crate::topology::{DatabaseId, Moment, NodeId, Role, Signal};

impl Cluster {
    /// A statement met an error of the node's. A pool whose connections are all in use hands out none
    /// because it is busy; any other, because it cannot reach its server.
    pub(crate) fn report_error(&self, node: NodeId, error: &DbErr) {
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
        let name = topology.node(node).name.as_str();
        tracing::warn!(target: "sea_orm_routing", node = name, "a node failed a statement");
        self.state.signal(node, signal);
        self.state.monitors.look_at(node);
    }

    /// A statement met an error of the primary. Whether that is there, and is the primary, is asked at
    /// once, where somebody asks.
    pub(crate) fn report_primary(&self, database: DatabaseId, error: &DbErr) {
        if matches!(
            Fault::of(error),
            Fault::Lost | Fault::NoConnection | Fault::RefusedAsWrite
        ) {
            self.look_at_primary(database);
        }
    }

    /// The node answered.
    pub(crate) fn report_success(&self, node: NodeId) {
        self.state.signal(node, Signal::Answered);
    }

    /// A statement finds out whether the node is still down.
    pub(crate) fn report_trial(&self, node: NodeId) {
        self.state.signal(node, Signal::Tried);
    }
}

impl State {
    /// Something was learned about a node.
    pub(super) fn signal(&self, node: NodeId, signal: Signal) {
        let before = self.topology.load().node(node).health;
        let moment = self.moment(node);
        if before.after(signal, moment) == before {
            return;
        }
        let now = self.change(|topology| {
            topology.change_node(node, |node| node.hear(signal, moment));
            topology.node(node).clone()
        });
        if !now.health.is_down() {
            return;
        }
        if !before.is_down() {
            tracing::warn!(target: "sea_orm_routing", node = now.name.as_str(), "a node is down");
        }
        // Who waits for answers of a replica need not; those of a primary may still come.
        if now.role == Role::Replica && signal == Signal::ProbeFailed {
            self.give_up(node);
        }
    }

    /// Whether a node that was down has answered since a moment.
    pub(super) fn is_back_since(&self, node: NodeId, moment: Instant) -> bool {
        let topology = self.topology.load();
        let node = topology.node(node);
        node.health.is_good() && node.back_since.is_some_and(|back| back > moment)
    }

    /// Nobody needs to wait for answers of a node.
    pub(super) fn give_up(&self, node: NodeId) {
        let pool = self.topology.load().node(node).pool;
        self.pool(pool).gone().notify_waiters();
    }

    pub(super) fn moment(&self, node: NodeId) -> Moment {
        let database = self.topology.load().node(node).database;
        let settings = &self.declared(database).settings;
        Moment {
            now: Instant::now(),
            chance: rand::rng().random(),
            longest_pause: settings.longest_pause,
            longest_probe: opening(settings.probe_timeout),
        }
    }
}
