//! What the monitor of a database knows, and what it makes of an answer.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, watch};

use super::known::Known;
use super::observation::Observation;
use super::probe::{Answer, Target};
use crate::cluster::State;
use crate::topology::{
    DatabaseId, Endpoint, Halt, NodeId, Position, Role, Service, Signal, Topology,
};

/// How often a node is asked while a causal read waits for it.
pub(super) const WHILE_WAITED_FOR: Duration = Duration::from_millis(2);

/// How often a primary that gives no answer at the start is asked.
const PATIENCE: u32 = 3;

/// A node that is down is asked so often at least, however long reads leave it alone.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// What the monitor of a database knows.
#[derive(Debug)]
pub(in crate::cluster) struct Watch {
    /// Not held while it waits: the monitor ends with the last handle.
    state: Weak<State>,
    database: DatabaseId,
    known: Mutex<Known>,
    pub(super) promoting: AtomicBool,
    ended: AtomicBool,
    /// How many causal reads wait for a replica to catch up.
    waiting: AtomicUsize,
    /// Told after each answer.
    answers: watch::Sender<()>,
}

/// What to ask, and how long to wait for the answer.
pub(super) struct Question {
    pub(super) target: Option<Target>,
    pub(super) timeout: Duration,
    /// It is down: that it answers who is connected already does not make it well.
    pub(super) anew: bool,
}

impl Watch {
    pub(super) fn new(state: &Arc<State>, database: DatabaseId) -> Self {
        Self {
            state: Arc::downgrade(state),
            database,
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

    /// What wakes the task of a node.
    pub(super) fn enlist(&self, node: NodeId) -> Arc<Notify> {
        Arc::clone(&self.lock().nodes.entry(node).or_default().wake)
    }

    pub(super) fn forget(&self, node: NodeId) {
        self.lock().nodes.remove(&node);
        self.answers.send_replace(());
    }

    /// Nobody asks any more.
    pub(super) fn end(&self) {
        self.ended.store(true, Ordering::Release);
        self.answers.send_replace(());
    }

    pub(in crate::cluster) fn look_at(&self, node: NodeId) {
        if let Some(known) = self.lock().nodes.get(&node) {
            known.wake.notify_one();
        }
    }

    /// What to ask a node; nothing when it, or the connection, is gone.
    pub(super) fn question(&self, node: NodeId) -> Option<Question> {
        let state = self.state.upgrade()?;
        let topology = state.snapshot();
        let found = topology.node(node);
        if found.service == Service::Removed {
            return None;
        }
        let pool = state.pool(found.pool);
        Some(Question {
            target: pool.get().and_then(Target::of),
            timeout: state.declared(self.database).settings.probe_timeout,
            anew: found.health.is_down(),
        })
    }

    /// How long a node is not asked from the last time on.
    pub(super) fn pause(&self, node: NodeId) -> Option<Duration> {
        let state = self.state.upgrade()?;
        let topology = state.snapshot();
        let found = topology.node(node);
        let interval = state.declared(self.database).settings.probe_interval;
        let regular = match (found.health.retry_at(), found.role) {
            (Some(retry_at), Role::Replica) => {
                let pause = retry_at.saturating_duration_since(Instant::now());
                pause.clamp(Duration::from_millis(1), LONGEST_PAUSE)
            }
            // Everything waits for it.
            (_, Role::Primary) => interval,
            // The primary's answer comes first, as a rule.
            (None, Role::Replica) => interval + interval / 4,
        };
        let waited_for = self.waiting.load(Ordering::Relaxed) > 0 && !found.health.is_down();
        Some(match waited_for {
            true => WHILE_WAITED_FOR,
            false => regular,
        })
    }

    /// A node answered, or did not.
    pub(super) fn heard(self: &Arc<Self>, node: NodeId, asked: Instant, answer: Answer) {
        let Some(state) = self.state.upgrade() else {
            return;
        };
        self.lock().attempted(node, asked);
        match answer {
            Answer::Seen(seen) => self.seen(&state, node, asked, *seen),
            Answer::Alive => {
                self.asked(node);
                state.signal(node, Signal::Answered);
            }
            // It has answered somebody else since.
            _ if state.is_back_since(node, asked) => self.asked(node),
            Answer::Unwelcome(reason) => self.unwelcome(&state, node, &reason),
            Answer::Refused(reason) => self.refused(&state, node, reason),
            Answer::Dead(reason) => {
                self.refused(&state, node, reason);
                state.give_up(node);
            }
            Answer::Silent => self.silent(&state, node),
        }
        self.judge(&state);
        self.answers.send_replace(());
    }

    fn asked(&self, node: NodeId) {
        self.lock().nodes.entry(node).or_default().asked = true;
    }

    /// A node said what it is.
    fn seen(self: &Arc<Self>, state: &Arc<State>, node: NodeId, asked: Instant, seen: Observation) {
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
        let back_since = news.restarted.then(Instant::now);
        if found.endpoint == Endpoint::Balanced {
            return;
        }
        match found.role {
            Role::Primary => {
                known.cluster = seen.cluster.or(known.cluster.take());
                known.catalog = seen.catalog.or(known.catalog.take());
                let measured = seen.written.is_some();
                if let Some(position) = seen.written {
                    known.sample(asked, position);
                }
                known.wake_replicas(&topology, self.database);
                drop(known);
                if measured && !topology.database(self.database).measured {
                    state.change(|topology| topology.set_measured(self.database));
                }
                self.compare(state, &topology);
                self.reached(state);
            }
            Role::Replica => {
                let declared = state.declared(self.database);
                let primary = topology.database(self.database).primary;
                let foreign = known.is_foreign(node, primary, declared.settings.roles);
                let progress = known.progress(&topology, declared, node, seen);
                drop(known);
                // At once: it must not serve before it is known how far it has got, and whose it is.
                let moment = state.moment(node);
                state.change(|topology| {
                    topology.change_node(node, |node| {
                        node.progress = progress;
                        node.refused = foreign;
                        node.hear(Signal::Answered, moment);
                        node.back_since = back_since.or(node.back_since);
                    });
                });
            }
        }
    }

    /// The primary has said whose it is: replicas that were asked before are compared with it now.
    fn compare(&self, state: &State, topology: &Topology) {
        let database = topology.database(self.database);
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

    /// The primary can be reached.
    fn reached(&self, state: &State) {
        let topology = state.snapshot();
        if let Some(Halt::Unreachable { .. }) = &topology.database(self.database).halt {
            state.change(|topology| topology.set_halt(self.database, None));
        }
    }

    /// A node is not there, or is silent.
    fn failed(&self, state: &State, node: NodeId, silent: bool) {
        self.lock().nodes.entry(node).or_default().lost(silent);
        state.signal(node, Signal::ProbeFailed);
    }

    /// A node gives no answer. A primary that must be there at the start is asked again: replicas are
    /// compared with it.
    fn silent(&self, state: &State, node: NodeId) {
        self.failed(state, node, true);
        let primary = state.snapshot().database(self.database).primary == node;
        let required = state.declared(self.database).settings.require_primary;
        let mut known = self.lock();
        let entry = known.nodes.entry(node).or_default();
        if primary && required && entry.attempts < PATIENCE {
            entry.asked = false;
            entry.wake.notify_one();
        }
    }

    /// The server does not let us in. The application may have connections to a primary all the same.
    fn unwelcome(&self, state: &State, node: NodeId, reason: &str) {
        let topology = state.snapshot();
        let found = topology.node(node);
        let name = found.name.as_str();
        tracing::warn!(target: "sea_orm_routing", node = name, reason, "a probe was not let in");
        match found.role {
            Role::Primary => {
                let mut known = self.lock();
                let entry = known.nodes.entry(node).or_default();
                entry.asked = true;
                // What it was then, nobody knows now: another one may be the primary.
                entry.seen = None;
            }
            Role::Replica => self.failed(state, node, false),
        }
    }

    /// There is no server at its address. Where it is the primary, that is known for as long as the
    /// monitor goes on asking.
    fn refused(&self, state: &State, node: NodeId, reason: String) {
        self.failed(state, node, false);
        let topology = state.snapshot();
        let database = topology.database(self.database);
        let stopped = matches!(database.halt, Some(Halt::Split(_) | Halt::Vacant));
        if database.primary != node || stopped {
            return;
        }
        let settings = &state.declared(self.database).settings;
        let until = Instant::now() + settings.probe_interval * 2 + settings.probe_timeout;
        let reason = reason.into();
        let halt = Some(Halt::Unreachable { reason, until });
        state.change(|topology| topology.set_halt(self.database, halt));
    }

    /// Another server is the primary: positions of the old one prove nothing.
    pub(in crate::cluster) fn start_over(&self) {
        self.lock().start_over();
    }

    pub(in crate::cluster) fn database(&self) -> DatabaseId {
        self.database
    }

    /// A causal read waits, from now on until the answer is dropped.
    pub(in crate::cluster) fn wait(self: &Arc<Self>) -> Waiting {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        for node in self.lock().nodes.values() {
            node.wake.notify_one();
        }
        Waiting(Arc::clone(self))
    }

    /// Returns when each node was asked once, or nobody asks any more.
    pub(in crate::cluster) async fn asked_all(&self) {
        let mut answers = self.answers.subscribe();
        let all = || self.lock().nodes.values().all(|node| node.asked);
        while !all() && !self.ended.load(Ordering::Acquire) {
            if answers.changed().await.is_err() {
                return;
            }
        }
    }

    /// A position the primary was found at when it was asked after a moment; nothing where it says
    /// none, or nobody asks any more.
    pub(in crate::cluster) async fn sampled_after(&self, moment: Instant) -> Option<Position> {
        let mut answers = self.answers.subscribe();
        let mut asked = false;
        loop {
            let (newest, answered) = {
                let known = self.lock();
                let state = self.state.upgrade()?;
                let primary = state.snapshot().database(self.database).primary;
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

    /// What all servers of the database have in common.
    pub(in crate::cluster) fn cluster(&self) -> Option<Box<str>> {
        self.lock().cluster.clone()
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A causal read that waits.
#[derive(Debug)]
pub(in crate::cluster) struct Waiting(Arc<Watch>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}
