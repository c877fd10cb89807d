//! What the monitor of a database knows, and the waits for its answers.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::watch;

use super::known::Knowledge;
use super::probe::ProbeTarget;
use super::wanted::Wanted;
use crate::clock::Clock;
use crate::cluster::ClusterState;
use crate::topology::{DatabaseId, Endpoint, NodeId, Role, Service};

/// How often a node is asked while a causal read waits for it.
pub(super) const WHILE_WAITED_FOR: Duration = Duration::from_millis(2);

/// The longest pause between two probes of a node that is down, however long its backoff is.
const LONGEST_PROBE_PAUSE: Duration = Duration::from_secs(5);

/// What the monitor of a database knows.
#[derive(Debug)]
pub(in crate::cluster) struct Watch {
    /// Weak, so that the monitor ends with the last handle.
    pub(super) state: Weak<ClusterState>,
    pub(super) database: DatabaseId,
    pub(super) clock: Clock,
    known: Mutex<Knowledge>,
    pub(super) promoting: AtomicBool,
    /// Held while a primary is accepted by hand.
    pub(in crate::cluster) accepting: tokio::sync::Mutex<()>,
    pub(super) ended: AtomicBool,
    /// How many causal reads are waiting for a replica to catch up.
    waiting: AtomicUsize,
    /// Notified after each answer.
    pub(in crate::cluster) answers: watch::Sender<()>,
}

/// How to ask the server of a node.
pub(super) struct ProbeRequest {
    pub(super) timeout: Duration,
    /// The node is down or suspect: an answer on a connection that is open already proves nothing.
    pub(super) anew: bool,
    /// What it met of its own says more than an answer to others: its login was refused, its statements get no
    /// connection, or its address may lead to another server.
    pub(super) alone: bool,
    /// It is a replica that counts as one server, and no balancer.
    pub(super) is_one_replica: bool,
    /// Several servers are behind its address.
    pub(super) is_balanced: bool,
}

impl Watch {
    pub(super) fn new(state: &Arc<ClusterState>, database: DatabaseId) -> Self {
        Self {
            state: Arc::downgrade(state),
            database,
            clock: state.clock,
            known: Mutex::default(),
            promoting: AtomicBool::new(false),
            accepting: tokio::sync::Mutex::default(),
            ended: AtomicBool::new(false),
            waiting: AtomicUsize::new(0),
            answers: watch::Sender::new(()),
        }
    }

    /// Has a node tell the task that asks its server when it is wanted.
    pub(super) fn register_probe(&self, node: NodeId, wanted: &Arc<Wanted>) {
        let mut known = self.lock();
        let known = known.nodes.entry(node).or_default();
        known.wanted = Some((node, Arc::clone(wanted)));
        // Its own login shows whether it is the same server.
        known.is_stale = true;
    }

    /// Whether the connection still has a handle.
    pub(super) fn is_alive(&self) -> bool {
        self.state.strong_count() > 0
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
            known.wake();
        }
    }

    pub(super) fn probe_anew(&self, node: NodeId) {
        if let Some(known) = self.lock().nodes.get_mut(&node) {
            known.is_stale = true;
            known.wake();
        }
    }

    /// Next time, too, no other login speaks for the node.
    pub(super) fn keep_alone(&self, node: NodeId) {
        if let Some(known) = self.lock().nodes.get_mut(&node) {
            known.is_stale = true;
        }
    }

    /// Whether a node is still asked.
    pub(super) fn is_asked(&self, node: NodeId) -> bool {
        self.lock().nodes.contains_key(&node)
    }

    /// What to ask a node. Returns `None` if the node is removed or the connection is dropped.
    pub(super) fn probe_request(&self, node: NodeId) -> Option<ProbeRequest> {
        let state = self.state.upgrade()?;
        let topology = state.snapshot();
        let found = topology.node(node);
        if found.service == Service::Removed {
            return None;
        }
        Some(ProbeRequest {
            timeout: state.declared(self.database).settings.probe_timeout,
            anew: !found.health.is_good(),
            alone: self.take_stale(node),
            is_balanced: found.endpoint == Endpoint::Balanced,
            is_one_replica: found.role == Role::Replica && found.endpoint == Endpoint::Server,
        })
    }

    /// The address to ask. A pool that is not open yet has none; then the node is asked where it was asked last.
    pub(super) fn target(&self, node: NodeId) -> Option<ProbeTarget> {
        let state = self.state.upgrade()?;
        let pool = state.snapshot().node(node).pool;
        let open = state.pool(pool).get().and_then(ProbeTarget::of);
        let mut known = self.lock();
        let known = known.nodes.get_mut(&node)?;
        if open.is_some() {
            known.target = open;
        }
        known.target.clone()
    }

    fn take_stale(&self, node: NodeId) -> bool {
        let mut known = self.lock();
        let known = known.nodes.get_mut(&node);
        known.is_some_and(|known| std::mem::take(&mut known.is_stale))
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
        let waited_for = self.waiting.load(Ordering::Relaxed) > 0 && found.health.is_good();
        Some(match waited_for {
            true => WHILE_WAITED_FOR,
            false => regular,
        })
    }

    pub(in crate::cluster) fn database(&self) -> DatabaseId {
        self.database
    }

    /// Probes more often, from now on until the returned guard is dropped.
    pub(in crate::cluster) fn wait(self: &Arc<Self>) -> Waiting {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        for node in self.lock().nodes.values() {
            node.wake();
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
