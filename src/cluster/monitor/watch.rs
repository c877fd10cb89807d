//! What the monitor of a database knows, and what follows from an answer.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, watch};

use super::known::Knowledge;
use super::observation::Observation;
use super::probe::{ProbeOutcome, ProbeTarget};
use crate::cluster::ClusterState;
use crate::cluster::clock::Clock;
use crate::topology::{
    DatabaseId, Endpoint, NodeId, Position, Role, Service, Signal, Topology, WriteBlock,
};

/// How often a node is asked while a causal read waits for it.
pub(super) const WHILE_WAITED_FOR: Duration = Duration::from_millis(2);

/// How often a required primary that gives no answer at the start is asked.
const PATIENCE: u32 = 3;

/// The longest pause between two probes of a node that is down, however long its backoff is.
const LONGEST_PROBE_PAUSE: Duration = Duration::from_secs(5);

/// What the monitor of a database knows.
#[derive(Debug)]
pub(in crate::cluster) struct Watch {
    /// Weak, so that the monitor ends with the last handle.
    state: Weak<ClusterState>,
    database: DatabaseId,
    pub(super) clock: Clock,
    known: Mutex<Knowledge>,
    pub(super) promoting: AtomicBool,
    ended: AtomicBool,
    /// How many causal reads are waiting for a replica to catch up.
    waiting: AtomicUsize,
    /// Notified after each answer.
    answers: watch::Sender<()>,
}

/// Which server to ask, and how long to wait for the answer.
pub(super) struct ProbeRequest {
    pub(super) target: Option<ProbeTarget>,
    pub(super) timeout: Duration,
    /// The node is down: an answer on a connection that is open already does not prove it healthy.
    pub(super) anew: bool,
}

impl Watch {
    pub(super) fn new(state: &Arc<ClusterState>, database: DatabaseId) -> Self {
        Self {
            state: Arc::downgrade(state),
            database,
            clock: state.clock,
            known: Mutex::default(),
            promoting: AtomicBool::new(false),
            ended: AtomicBool::new(false),
            waiting: AtomicUsize::new(0),
            answers: watch::Sender::new(()),
        }
    }

    /// Whether commits may return before they are on the disk.
    pub(super) fn has_asynchronous_commits(&self) -> bool {
        let state = self.state.upgrade();
        state.is_some_and(|state| state.declared(self.database).settings.asynchronous_commits)
    }

    /// Wakes the probe of a node.
    pub(super) fn enlist(&self, node: NodeId) -> Arc<Notify> {
        Arc::clone(&self.lock().nodes.entry(node).or_default().wake)
    }

    pub(super) fn remove_node(&self, node: NodeId) {
        if self.lock().nodes.remove(&node).is_some() {
            self.answers.send_replace(());
        }
    }

    /// The nodes that are asked.
    pub(super) fn nodes(&self) -> Vec<NodeId> {
        self.lock().nodes.keys().copied().collect()
    }

    /// No node is asked any more.
    pub(super) fn end(&self) {
        self.ended.store(true, Ordering::Release);
        self.answers.send_replace(());
    }

    pub(in crate::cluster) fn probe_now(&self, node: NodeId) {
        if let Some(known) = self.lock().nodes.get(&node) {
            known.wake.notify_one();
        }
    }

    /// What to ask a node. Returns `None` if the node is removed or the connection is dropped.
    pub(super) fn probe_request(&self, node: NodeId) -> Option<ProbeRequest> {
        let state = self.state.upgrade()?;
        let topology = state.snapshot();
        let found = topology.node(node);
        if found.service == Service::Removed {
            return None;
        }
        let pool = state.pool(found.pool);
        Some(ProbeRequest {
            target: pool.get().and_then(ProbeTarget::of),
            timeout: state.declared(self.database).settings.probe_timeout,
            anew: found.health.is_down(),
        })
    }

    /// The pause from one probe of a node to the next. Returns `None` if the connection is dropped.
    pub(super) fn pause(&self, node: NodeId) -> Option<Duration> {
        let state = self.state.upgrade()?;
        let topology = state.snapshot();
        let found = topology.node(node);
        let interval = state.declared(self.database).settings.probe_interval;
        let regular = match (found.health.retry_at(), found.role) {
            (Some(retry_at), Role::Replica) => {
                let pause = retry_at.saturating_duration_since(self.clock.now());
                pause.clamp(Duration::from_millis(1), LONGEST_PROBE_PAUSE)
            }
            // Replicas are compared with it, and writes depend on it.
            (_, Role::Primary) => interval,
            // Usually the answer of the primary wakes it first.
            (None, Role::Replica) => interval + interval / 4,
        };
        let waited_for = self.waiting.load(Ordering::Relaxed) > 0 && !found.health.is_down();
        Some(match waited_for {
            true => WHILE_WAITED_FOR,
            false => regular,
        })
    }

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
        self.lock().attempted(node, asked);
        match answer {
            ProbeOutcome::Observed(seen) => self.seen(&state, node, asked, *seen),
            ProbeOutcome::Alive => {
                self.asked(node);
                state.signal(node, Signal::Answered);
            }
            // It has answered a statement since.
            _ if state.is_back_since(node, asked) => self.asked(node),
            ProbeOutcome::Unwelcome(reason) => self.unwelcome(&state, node, &reason),
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

    fn asked(&self, node: NodeId) {
        self.lock().nodes.entry(node).or_default().asked = true;
    }

    /// A node reported its role and position.
    fn seen(
        self: &Arc<Self>,
        state: &Arc<ClusterState>,
        node: NodeId,
        asked: Instant,
        seen: Observation,
    ) {
        let topology = state.snapshot();
        let found = topology.node(node);
        if found.role == Role::Primary || found.endpoint == Endpoint::Balanced {
            state.signal(node, Signal::Answered);
        }
        let mut known = self.lock();
        let news = known.remember(node, asked, &seen);
        if news.was_silent {
            state.renew(node);
        }
        match found.role {
            _ if found.endpoint == Endpoint::Balanced => {}
            Role::Primary => self.primary_reported(state, &topology, known, asked, seen),
            Role::Replica => {
                self.replica_reported(state, &topology, known, node, seen, news.restarted)
            }
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
        known.wake_replicas(topology, self.database);
        drop(known);
        if tracks && !topology.database_by_id(self.database).tracks_positions {
            state.change(|topology| topology.set_tracks_positions(self.database));
        }
        self.compare(state, topology);
        self.reached(state);
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
        let progress = known.progress(topology, settings, node, seen, now);
        drop(known);
        let moment = state.moment(node);
        // In one change: it must not serve before its position and its cluster are known.
        state.change(|topology| {
            topology.change_node(node, |node| {
                node.progress = progress;
                node.refused = foreign;
                node.hear(Signal::Answered, moment);
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
    fn reached(&self, state: &ClusterState) {
        let topology = state.snapshot();
        if let Some(WriteBlock::Unreachable { .. }) =
            &topology.database_by_id(self.database).write_block
        {
            state.change(|topology| topology.set_write_block(self.database, None));
        }
    }

    /// A node refuses connections or does not answer.
    fn failed(&self, state: &ClusterState, node: NodeId, silent: bool) {
        self.lock().nodes.entry(node).or_default().lost(silent);
        state.signal(node, Signal::ProbeFailed);
    }

    /// A node does not answer. A required primary is asked again at the start, because replicas are
    /// compared with it.
    fn silent(&self, state: &ClusterState, node: NodeId) {
        self.failed(state, node, true);
        let primary = state.snapshot().database_by_id(self.database).primary == node;
        let required = state.declared(self.database).settings.require_primary;
        let mut known = self.lock();
        let entry = known.nodes.entry(node).or_default();
        if primary && required && entry.attempts < PATIENCE {
            entry.asked = false;
            entry.wake.notify_one();
        }
    }

    /// The server refuses the probe. A primary stays up: the application may hold open connections.
    fn unwelcome(&self, state: &ClusterState, node: NodeId, reason: &str) {
        let topology = state.snapshot();
        let found = topology.node(node);
        let name = found.name.as_str();
        tracing::warn!(target: "sea_orm_routing", node = name, reason, "a probe was not let in");
        match found.role {
            Role::Primary => {
                let mut known = self.lock();
                let entry = known.nodes.entry(node).or_default();
                entry.asked = true;
                // Its role is unknown now: another node may be the primary.
                entry.seen = None;
            }
            Role::Replica => self.failed(state, node, false),
        }
    }

    /// No server listens at the address. If it is the primary, its writes are blocked for as long as the
    /// monitor confirms it.
    fn refused(&self, state: &ClusterState, node: NodeId, reason: String) {
        self.failed(state, node, false);
        let topology = state.snapshot();
        let database = topology.database_by_id(self.database);
        let stopped = matches!(
            database.write_block,
            Some(WriteBlock::SplitBrain(_) | WriteBlock::NoPrimary)
        );
        if database.primary != node || stopped {
            return;
        }
        let settings = &state.declared(self.database).settings;
        let until = self.clock.now() + settings.probe_interval * 2 + settings.probe_timeout;
        let reason = reason.into();
        let block = Some(WriteBlock::Unreachable { reason, until });
        state.change(|topology| topology.set_write_block(self.database, block));
    }

    /// Another server is the primary: positions of the old one prove nothing.
    pub(in crate::cluster) fn restart(&self) {
        self.lock().restart();
    }

    pub(in crate::cluster) fn database(&self) -> DatabaseId {
        self.database
    }

    /// Probes more often, from now on until the returned guard is dropped.
    pub(in crate::cluster) fn wait(self: &Arc<Self>) -> Waiting {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        for node in self.lock().nodes.values() {
            node.wake.notify_one();
        }
        Waiting(Arc::clone(self))
    }

    /// Returns once each node was asked, or the monitor has ended.
    pub(in crate::cluster) async fn asked_all(&self) {
        let mut answers = self.answers.subscribe();
        let all = || self.lock().nodes.values().all(|node| node.asked);
        while !all() && !self.ended.load(Ordering::Acquire) {
            if answers.changed().await.is_err() {
                return;
            }
        }
    }

    /// A position of the primary sampled after a moment. Returns `None` if the primary reports none, or
    /// the monitor has ended.
    pub(in crate::cluster) async fn sampled_after(&self, moment: Instant) -> Option<Position> {
        let mut answers = self.answers.subscribe();
        let mut asked = false;
        loop {
            let (newest, answered) = {
                let known = self.lock();
                let state = self.state.upgrade()?;
                let primary = state.snapshot().database_by_id(self.database).primary;
                let primary = known.nodes.get(&primary)?;
                if !asked {
                    primary.wake.notify_one();
                }
                let seen = primary.seen.as_ref();
                let answered = seen.is_some_and(|seen| seen.asked > moment);
                (known.newest(), answered)
            };
            asked = true;
            match newest {
                Some((sampled, position)) if sampled > moment => return Some(position),
                _ if answered => return None,
                _ if self.ended.load(Ordering::Acquire) => return None,
                _ => answers.changed().await.ok()?,
            }
        }
    }

    /// The identity that all servers of the database share.
    pub(in crate::cluster) fn cluster(&self) -> Option<Box<str>> {
        self.lock().cluster.clone()
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Knowledge> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A causal read that is waiting.
#[derive(Debug)]
pub(in crate::cluster) struct Waiting(Arc<Watch>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}
