//! What follows from the outcome of a probe.

use std::sync::{Arc, MutexGuard};
use std::time::Instant;

use super::known::Knowledge;
use super::observation::Observation;
use super::probe::ProbeOutcome;
use super::watch::Watch;
use crate::cluster::ClusterState;
use crate::sql::Server;
use crate::topology::{Endpoint, Node, NodeId, Progress, Role, Signal, Topology, WriteBlock};

/// How often a required primary that does not answer at the start is asked.
const PATIENCE: u32 = 3;

impl Watch {
    /// Judges the outcome of a probe and publishes what follows.
    pub(super) fn record_outcome(
        self: &Arc<Self>,
        node: NodeId,
        asked: Instant,
        answer: ProbeOutcome,
    ) {
        let Some(state) = self.state.upgrade() else {
            return;
        };
        // It was removed while it was asked.
        if !self.is_asked(node) {
            return;
        }
        self.lock().attempted(node, asked);
        match answer {
            ProbeOutcome::Observed(seen) => self.observed(&state, node, asked, *seen),
            ProbeOutcome::Alive => {
                self.set_asked(node);
                state.signal(node, Signal::Answered);
            }
            ProbeOutcome::Full(reason) => {
                self.set_asked(node);
                state.signal_failure(node, Signal::Full, &reason);
            }
            // It has answered a statement since.
            _ if state.is_back_since(node, asked) => self.set_asked(node),
            ProbeOutcome::LoginRefused(reason) | ProbeOutcome::OptionRefused(reason) => {
                // Next time too, no other login speaks for it.
                self.keep_alone(node);
                self.login_refused(&state, node, &reason);
            }
            ProbeOutcome::Local(reason) => self.login_refused(&state, node, &reason),
            // It is asked once its pool is open.
            ProbeOutcome::NotOpen => return self.keep_alone(node),
            ProbeOutcome::Refused(reason) => self.refused(&state, node, reason),
            ProbeOutcome::Dead(reason) => {
                self.refused(&state, node, reason);
                state.fail_in_flight(node);
            }
            ProbeOutcome::Silent => self.silent(&state, node),
        }
        self.judge(&state);
        self.answers.send_replace(());
    }

    fn set_asked(&self, node: NodeId) {
        self.lock().nodes.entry(node).or_default().asked = true;
    }

    /// A node reported its role and position.
    fn observed(
        self: &Arc<Self>,
        state: &Arc<ClusterState>,
        node: NodeId,
        asked: Instant,
        seen: Observation,
    ) {
        let topology = state.snapshot();
        let found = topology.node(node);
        if found.role == Role::Primary || found.endpoint == Endpoint::Balanced {
            match &seen.is_full {
                Some(reason) => state.signal_failure(node, Signal::Full, reason),
                None => state.signal(node, Signal::Answered),
            }
        }
        if let Some(server) = seen.software.filter(|server| found.server != Some(*server)) {
            state.change(|topology| topology.learn_server(node, server));
            self.warn_of_server(state, found, server);
        }
        let mut known = self.lock();
        let news = known.remember(node, asked, &seen);
        if news.was_silent {
            state.renew(node);
        }
        match found.role {
            // Whichever server answered: the address leads to one again.
            Role::Primary if found.endpoint == Endpoint::Balanced => {
                drop(known);
                self.unblock_writes(state);
            }
            _ if found.endpoint == Endpoint::Balanced => {}
            Role::Primary => self.primary_reported(state, &topology, known, asked, seen),
            Role::Replica => {
                self.replica_reported(state, &topology, known, node, seen, news.restarted)
            }
        }
    }

    /// Warns if a node is another server than was declared, or an older one.
    fn warn_of_server(&self, state: &ClusterState, node: &Node, found: Server) {
        let declared = state.declared(self.database).settings.server;
        if let Some(declared) = declared
            && declared.common(found) != Some(declared)
        {
            let node = node.name.as_str();
            tracing::warn!(
                target: "sea_orm_routing",
                node,
                "its database is declared with server({declared:?}), but the node is {found}; declare what it is, or leave \
                 server(..) out"
            );
        }
    }

    fn primary_reported(
        &self,
        state: &ClusterState,
        topology: &Topology,
        mut known: MutexGuard<'_, Knowledge>,
        asked: Instant,
        seen: Observation,
    ) {
        known.cluster = seen.cluster.or(known.cluster.take());
        known.catalog = seen.catalog.or(known.catalog.take());
        let tracks = seen.written.is_some();
        if let Some(position) = seen.written {
            known.sample(asked, position);
        }
        known.note_incumbent(topology.database_by_id(self.database).primary);
        known.wake_replicas(topology, self.database);
        drop(known);
        if tracks && !topology.database_by_id(self.database).tracks_positions {
            state.change(|topology| topology.set_tracks_positions(self.database));
        }
        self.compare(state, topology);
        self.unblock_writes(state);
    }

    fn replica_reported(
        &self,
        state: &ClusterState,
        topology: &Topology,
        mut known: MutexGuard<'_, Knowledge>,
        node: NodeId,
        seen: Observation,
        restarted: bool,
    ) {
        let now = self.clock.now();
        let settings = &state.declared(self.database).settings;
        let primary = topology.database_by_id(self.database).primary;
        let foreign = known.is_foreign(node, primary, settings.roles);
        let full = seen.is_full.clone();
        let progress = known.progress(topology, settings, node, seen, now);
        drop(known);
        let moment = state.moment(node);
        // In one change: it must not serve before its position and its cluster are known.
        state.change(|topology| {
            topology.change_node(node, |node| {
                node.progress = progress;
                node.refused = foreign;
                match &full {
                    Some(reason) => {
                        node.apply_signal(Signal::Full, moment);
                        node.note_trouble(reason, now);
                    }
                    None => node.apply_signal(Signal::Answered, moment),
                }
                node.back_since = restarted.then_some(now).or(node.back_since);
            });
        });
    }

    /// The primary has reported its cluster: replicas that were asked earlier are compared with it now.
    fn compare(&self, state: &ClusterState, topology: &Topology) {
        let database = topology.database_by_id(self.database);
        let roles = state.declared(self.database).settings.roles;
        for replica in &database.replicas {
            let node = topology.node(*replica);
            let known = self.lock();
            let asked = known.nodes.get(replica).is_some_and(|it| it.seen.is_some());
            let foreign = known.is_foreign(*replica, database.primary, roles);
            drop(known);
            if asked && node.endpoint == Endpoint::Server && foreign != node.refused {
                state.change(|topology| {
                    topology.change_node(*replica, |node| node.refused = foreign);
                });
            }
        }
    }

    /// The primary answers: writes that were blocked because it did not are unblocked.
    fn unblock_writes(&self, state: &ClusterState) {
        let topology = state.snapshot();
        if let Some(WriteBlock::Unreachable { .. }) =
            &topology.database_by_id(self.database).write_block
        {
            state.change(|topology| topology.set_write_block(self.database, None));
        }
    }

    /// A node refuses connections or does not answer.
    fn failed(&self, state: &ClusterState, node: NodeId, silent: bool, reason: &str) {
        self.lock().nodes.entry(node).or_default().lost(silent);
        state.signal_failure(node, Signal::ProbeFailed, reason);
    }

    /// A node does not answer. A required primary is asked again at the start, because replicas are
    /// compared with it.
    fn silent(&self, state: &ClusterState, node: NodeId) {
        self.failed(state, node, true, "it does not answer");
        let primary = state.snapshot().database_by_id(self.database).primary == node;
        let required = state.declared(self.database).settings.require_primary;
        let mut known = self.lock();
        let entry = known.nodes.entry(node).or_default();
        if primary && required && entry.attempts < PATIENCE {
            entry.asked = false;
            entry.wake();
        }
    }

    /// The server refuses the probe. A primary stays up: the application may hold open connections.
    fn login_refused(&self, state: &ClusterState, node: NodeId, reason: &str) {
        let topology = state.snapshot();
        let found = topology.node(node);
        let name = found.name.as_str();
        tracing::warn!(target: "sea_orm_routing", node = name, reason, "a probe cannot log in");
        match found.role {
            Role::Primary => {
                let mut known = self.lock();
                let entry = known.nodes.entry(node).or_default();
                entry.asked = true;
                // Its role is unknown now: another node may be the primary.
                entry.seen = None;
            }
            Role::Replica => self.failed(state, node, false, reason),
        }
    }

    /// No server listens at the address. If it is the primary, its writes are blocked for as long as the
    /// monitor confirms it.
    fn refused(&self, state: &ClusterState, node: NodeId, reason: String) {
        self.failed(state, node, false, &reason);
        let topology = state.snapshot();
        let database = topology.database_by_id(self.database);
        let block = database.write_block.as_ref();
        let stopped = block.is_some_and(WriteBlock::is_of_roles);
        if database.primary != node || stopped {
            return;
        }
        let settings = &state.declared(self.database).settings;
        let until = self.clock.now() + settings.probe_interval * 2 + settings.probe_timeout;
        let reason = reason.into();
        let block = Some(WriteBlock::Unreachable { reason, until });
        state.change(|topology| topology.set_write_block(self.database, block));
    }
}

impl ClusterState {
    /// Several servers answer at the address of a replica. It proves nothing any more, neither a position nor
    /// a role.
    pub(super) fn found_balancer(&self, node: NodeId) {
        self.change(|topology| {
            topology.change_node(node, |node| {
                node.endpoint = Endpoint::Balanced;
                node.refused = None;
                node.progress = Progress::default();
            });
        });
        tracing::warn!(
            target: "sea_orm_routing",
            node = self.snapshot().node(node).name.as_str(),
            "its address leads to several servers in turn; it is treated as Endpoint::Balanced, which should be \
             declared: a causal session that has written does not read from it"
        );
    }
}
