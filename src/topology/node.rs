//! A node and its state.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{DatabaseId, Health, Lag, Load, Moment, PoolId, Position, Signal};
use crate::name::NodeName;
use crate::sql::Server;

/// The role of a node in its database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Takes writes.
    Primary,
    /// Follows the primary and serves reads.
    Replica,
}

/// What stands behind the address of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Endpoint {
    /// One server.
    #[default]
    Server,
    /// A balancer before several servers (the reader endpoint of a cloud, HAProxy, a pooler). It has no
    /// role and no lag of its own, so it proves nothing to a causal session.
    Balanced,
}

/// A node in the snapshot.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) name: NodeName,
    pub(crate) database: DatabaseId,
    pub(crate) role: Role,
    pub(crate) weight: u32,
    pub(crate) zone: Option<Box<str>>,
    pub(crate) endpoint: Endpoint,
    /// What answered at its address last.
    pub(crate) server: Option<Server>,
    pub(crate) pool: PoolId,
    pub(crate) health: Health,
    /// What failed last. `None` once it answers without doubt.
    pub(crate) trouble: Option<Trouble>,
    pub(crate) service: Service,
    /// Why the node is not what it was declared to be. A refused node serves no statement.
    pub(crate) refused: Option<Box<str>>,
    /// Why its connections have no guard, although one is declared.
    pub(crate) unguarded: Option<Box<str>>,
    pub(crate) progress: Progress,
    /// When it last returned, or another server was found at its address. It may have less data than
    /// before.
    pub(crate) back_since: Option<Instant>,
    pub(crate) load: Arc<Load>,
}

/// Why a node is not healthy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trouble {
    reason: Box<str>,
    since: Instant,
}

/// Whether a node is in the rotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    In,
    /// It was just added, and is probed before it serves.
    Joining,
    /// It receives no new statements; running ones continue.
    Draining,
    Removed,
}

/// How far a replica has replayed, as last measured.
#[derive(Debug, Clone, Default)]
pub(crate) struct Progress {
    pub(crate) replayed: Option<Position>,
    /// It has every commit of the primary before this instant.
    pub(crate) caught_up_to: Option<Instant>,
    pub(crate) lag: Option<Lag>,
    /// It is behind by more than the limit of its database.
    pub(crate) lagging: bool,
}

/// The state of a node: whether statements go there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NodeState {
    /// It serves.
    Up,
    /// It returned after a failure, and serves; another failure has a longer backoff.
    Probation,
    /// One of its connections broke: others are preferred until it answers.
    Suspect,
    /// It is behind its primary by more than the limit of the database.
    Lagging,
    /// It does not answer; it is tried again after a backoff.
    Down,
    /// It was just added, and is probed before it serves.
    Joining,
    /// It was taken out with [`drain`](crate::admin::Admin::drain).
    Draining,
    /// The node is not what it was declared to be: a replica of another cluster.
    Refused,
    /// It was removed.
    Removed,
}

impl Node {
    /// A node of which nothing is known yet. It counts as up.
    pub(crate) fn new(name: NodeName, database: DatabaseId, role: Role, pool: PoolId) -> Self {
        Self {
            name,
            database,
            role,
            weight: 1,
            zone: None,
            endpoint: Endpoint::default(),
            server: None,
            pool,
            health: Health::Up,
            trouble: None,
            service: Service::In,
            refused: None,
            unguarded: None,
            progress: Progress::default(),
            back_since: None,
            load: Arc::default(),
        }
    }

    /// Whether statements go there, and if not, why.
    pub(crate) fn state(&self) -> NodeState {
        match (self.service, self.health) {
            (Service::Removed, _) => NodeState::Removed,
            _ if self.refused.is_some() => NodeState::Refused,
            (Service::Joining, _) => NodeState::Joining,
            (Service::Draining, _) => NodeState::Draining,
            (Service::In, Health::Down { .. }) => NodeState::Down,
            (Service::In, _) if self.progress.lagging => NodeState::Lagging,
            (Service::In, Health::Suspect { .. }) => NodeState::Suspect,
            (Service::In, Health::Probation { .. }) => NodeState::Probation,
            (Service::In, Health::Up) => NodeState::Up,
        }
    }

    /// How far it is behind its primary. Returns `None` unless it is a replica that is measured.
    pub(crate) fn lag(&self) -> Option<Lag> {
        self.progress.lag.filter(|_| self.role == Role::Replica)
    }

    /// Applies a signal to its health.
    pub(crate) fn apply_signal(&mut self, signal: Signal, moment: Moment) {
        let was_down = self.health.is_down();
        self.health = self.health.after(signal, moment);
        if matches!(signal, Signal::Lost | Signal::Unreachable) {
            // It may have restarted with less data than before, so it must be probed first.
            self.progress.caught_up_to = None;
            self.back_since = Some(moment.now);
        }
        if was_down && !self.health.is_down() {
            self.back_since = Some(moment.now);
        }
        if self.health == Health::Up {
            self.trouble = None;
        }
    }

    /// Keeps why it failed, and when it began to.
    pub(crate) fn note_trouble(&mut self, reason: &str, now: Instant) {
        let since = self.trouble.as_ref().map_or(now, |trouble| trouble.since);
        self.trouble = Some(Trouble {
            reason: reason.into(),
            since,
        });
    }

    /// Why it is in its state, if there is more to say.
    pub(crate) fn reason(&self) -> Option<&str> {
        match self.state() {
            NodeState::Refused => self.refused.as_deref(),
            NodeState::Down | NodeState::Suspect | NodeState::Probation => {
                self.trouble.as_ref().map(|trouble| &*trouble.reason)
            }
            _ => None,
        }
    }

    /// How long it has been failing.
    pub(crate) fn failing_for(&self, now: Instant) -> Option<Duration> {
        let trouble = self.trouble.as_ref()?;
        Some(now.saturating_duration_since(trouble.since))
    }

    /// Whether it is in the rotation and within the lag limit.
    pub(crate) fn is_eligible(&self) -> bool {
        self.takes_part() && !self.progress.lagging
    }

    /// Whether it is in the rotation, whatever its lag.
    pub(crate) fn takes_part(&self) -> bool {
        self.service == Service::In && self.refused.is_none()
    }

    /// Whether it serves without any further check.
    pub(super) fn is_healthy(&self) -> bool {
        self.is_eligible() && self.health == Health::Up
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Primary => "primary",
            Self::Replica => "replica",
        })
    }
}

impl fmt::Display for NodeState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Up => "up",
            Self::Probation => "on probation",
            Self::Suspect => "suspect",
            Self::Lagging => "lagging",
            Self::Down => "down",
            Self::Joining => "joining",
            Self::Draining => "draining",
            Self::Refused => "refused",
            Self::Removed => "removed",
        })
    }
}

impl fmt::Display for Lag {
    /// `1.2 s, 4096 bytes behind`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.time == Duration::ZERO && self.bytes.or(self.transactions).unwrap_or(0) == 0 {
            return f.write_str("caught up");
        }
        write!(f, "{:.1} s", self.time.as_secs_f64())?;
        match (self.bytes, self.transactions) {
            (Some(bytes), _) => write!(f, ", {bytes} bytes behind"),
            (None, Some(count)) => write!(f, ", {count} transactions behind"),
            (None, None) => f.write_str(" behind"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Rank;
    use super::*;

    fn replica() -> Node {
        let name = NodeName::new("default/2");
        let database = DatabaseId::new(0);
        Node::new(name, database, Role::Replica, PoolId::new(1))
    }

    fn moment() -> Moment {
        Moment {
            now: Instant::now(),
            chance: 0,
            max_backoff: Duration::from_secs(30),
            longest_probe: Duration::from_secs(4),
        }
    }

    #[test]
    fn a_drained_node_stays_drained_if_it_is_refused_meanwhile() {
        let mut node = replica();
        node.service = Service::Draining;
        node.refused = Some("another cluster".into());
        assert_eq!(node.state(), NodeState::Refused);
        node.refused = None;
        assert_eq!(node.state(), NodeState::Draining);
        assert!(!node.is_eligible());
    }

    #[test]
    fn a_node_that_broke_a_connection_proves_nothing_until_it_is_probed() {
        let moment = moment();
        for signal in [Signal::Lost, Signal::Unreachable] {
            let mut node = replica();
            node.progress.caught_up_to = Some(moment.now);
            node.apply_signal(signal, moment);
            assert!(!node.progress.has_since(moment.now - Duration::from_secs(1)));
        }
    }

    #[test]
    fn a_lagging_node_does_not_serve_and_is_not_down() {
        let mut node = replica();
        let now = moment().now;
        assert!(!node.is_only_late(now));
        node.progress.lagging = true;
        assert_eq!(node.rank(now), Rank::Excluded);
        assert!(node.is_only_late(now));
        node.refused = Some("another cluster".into());
        assert!(!node.is_only_late(now));
    }
}
