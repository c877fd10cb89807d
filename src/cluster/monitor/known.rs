//! What the nodes of a database have said of themselves.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::Notify;

use super::observation::Observation;
use crate::cluster::Declared;
use crate::cluster::settings::{Roles, Settings};
use crate::topology::{DatabaseId, Lag, NodeId, Position, Progress, Role, Samples, Seen, Topology};

#[derive(Debug, Default)]
pub(super) struct Known {
    samples: Samples,
    pub(super) nodes: HashMap<NodeId, KnownNode>,
    /// That of the primary, which every replica must share.
    pub(super) cluster: Option<Box<str>>,
    pub(super) catalog: Option<Box<str>>,
}

#[derive(Debug, Default)]
pub(super) struct KnownNode {
    pub(super) wake: Arc<Notify>,
    /// Whether it was asked at least once.
    pub(super) asked: bool,
    /// Whether it gave no answer last: connections to it may hang for ever.
    pub(super) silent: bool,
    pub(super) seen: Option<Seen>,
    /// The server that was there last, also while it cannot be reached.
    server: Option<Box<str>>,
    cluster: Option<Box<str>>,
    catalog: Option<Box<str>>,
    /// When it was asked last, answered or not.
    pub(super) attempted: Option<Instant>,
    pub(super) attempts: u32,
    /// How far it had got, and when it said so.
    reached: Option<(Instant, Position)>,
    history: History,
}

/// Whether what a replica has replayed is what its primary has written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum History {
    /// Until the primary was asked once after the replica: a replica of a primary that is gone may have
    /// more than the one that took over.
    #[default]
    Unknown,
    Same,
    /// It has changes its primary does not have. Only a new start can mend that.
    Other,
}

/// What is new about a node.
pub(super) struct News {
    pub(super) was_silent: bool,
    /// Another server, or the same after a restart.
    pub(super) restarted: bool,
}

impl Known {
    /// A node was asked, and that is over.
    pub(super) fn attempted(&mut self, node: NodeId, asked: Instant) {
        let known = self.nodes.entry(node).or_default();
        known.attempted = Some(asked);
        known.attempts = known.attempts.saturating_add(1);
    }

    /// A node said what it is.
    pub(super) fn remember(&mut self, node: NodeId, asked: Instant, seen: &Observation) -> News {
        let known = self.nodes.entry(node).or_default();
        known.asked = true;
        let before = known.seen.take();
        let restarted = known.server.is_some() && known.server != seen.server;
        if restarted {
            known.start_over();
        }
        known.server.clone_from(&seen.server);
        known.cluster.clone_from(&seen.cluster);
        known.catalog.clone_from(&seen.catalog);
        known.seen = seen.role.map(|role| Seen {
            role,
            server: seen.server.clone(),
            since: match before {
                Some(before) if before.role == role && before.server == seen.server => before.since,
                Some(_) | None => asked,
            },
            asked,
        });
        News {
            was_silent: std::mem::take(&mut known.silent),
            restarted,
        }
    }

    /// The primary was asked, and stood at a position.
    pub(super) fn sample(&mut self, asked: Instant, position: Position) {
        for known in self.nodes.values_mut() {
            known.compare(asked, &position);
        }
        self.samples.add(asked, position);
    }

    /// Where the primary stood last, and when it was asked.
    pub(super) fn newest(&self) -> Option<(Instant, Position)> {
        self.samples.newest()
    }

    /// Another server is the primary: positions of the old one prove nothing.
    pub(super) fn start_over(&mut self) {
        self.samples.clear();
        for known in self.nodes.values_mut() {
            known.start_over();
            known.wake.notify_one();
        }
    }

    pub(super) fn wake_replicas(&self, topology: &Topology, database: DatabaseId) {
        for replica in &topology.database(database).replicas {
            if !topology.node(*replica).health.is_down()
                && let Some(known) = self.nodes.get(replica)
            {
                known.wake.notify_one();
            }
        }
    }

    /// Whether a node says that it is the primary, and so does the primary, and they are two servers.
    pub(super) fn is_second_primary(&self, node: NodeId, primary: NodeId) -> bool {
        let seen = |node| self.nodes.get(&node)?.seen.as_ref();
        let (Some(node), Some(primary)) = (seen(node), seen(primary)) else {
            return false;
        };
        let both = node.role == Role::Primary && primary.role == Role::Primary;
        both && (node.server.is_none() || node.server != primary.server)
    }

    /// Why a replica cannot be one of this database.
    pub(super) fn is_foreign(
        &self,
        node: NodeId,
        primary: NodeId,
        roles: Roles,
    ) -> Option<Box<str>> {
        let seen = self.nodes.get(&node)?;
        // Only Postgres tells a replica that follows nobody from one that may be written to.
        let declared = roles == Roles::Declared && seen.cluster.is_some();
        if declared && self.is_second_primary(node, primary) {
            return Some("it was promoted: it takes writes itself, and follows nobody".into());
        }
        if seen.history == History::Other {
            return Some("it has changes its primary does not have, and must be built anew".into());
        }
        match (&self.cluster, &seen.cluster) {
            (Some(primary), Some(replica)) if primary != replica => Some(
                format!("it belongs to the cluster {replica}, its primary to {primary}").into(),
            ),
            _ => None,
        }
    }

    /// The database a node's URL leads to, and its primary's, where they differ: a slip, as a rule.
    pub(super) fn other_catalog(&self, node: NodeId) -> Option<(Box<str>, Box<str>)> {
        let own = self.nodes.get(&node)?.catalog.clone()?;
        let primary = self.catalog.clone()?;
        (own != primary).then_some((own, primary))
    }

    /// How far a replica has got.
    pub(super) fn progress(
        &mut self,
        topology: &Topology,
        declared: &Declared,
        node: NodeId,
        seen: Observation,
    ) -> Progress {
        let primary = topology.database(topology.node(node).database).primary;
        let primary = self
            .nodes
            .get(&primary)
            .and_then(|known| known.seen.as_ref());
        // One that follows nobody proves nothing, unless it is the primary itself.
        let same = primary.is_some_and(|it| it.server.is_some() && it.server == seen.server);
        let follows = seen.role != Some(Role::Primary) || same || seen.cluster.is_none();
        let own = seen.written.filter(|_| same);
        let Some(replayed) = own.or(seen.replayed).filter(|_| follows) else {
            let settings = &declared.settings;
            let limited = settings.lag_limit.is_some() || settings.lag_limit_bytes.is_some();
            return Progress {
                // Nobody knows how far a server has got that follows nobody.
                lagging: limited && !follows,
                ..Progress::default()
            };
        };
        let known = self.nodes.entry(node).or_default();
        known.reach(&replayed);
        let proven = known.history == History::Same || same;
        let lag = self.samples.lag(&replayed, Instant::now());
        let lagging = lag.is_some_and(|lag| is_lagging(&declared.settings, lag));
        if !proven {
            return Progress {
                lagging,
                ..Progress::default()
            };
        }
        Progress {
            caught_up_to: self.samples.caught_up_to(&replayed),
            replayed: Some(replayed),
            lag,
            lagging,
        }
    }
}

impl KnownNode {
    /// It cannot be asked. One that hangs is still what it was; one that is gone may come back as
    /// another, built anew.
    pub(super) fn lost(&mut self, silent: bool) {
        self.asked = true;
        self.silent |= silent;
        self.seen = None;
        if !silent {
            self.start_over();
        }
    }

    fn start_over(&mut self) {
        self.reached = None;
        self.history = History::Unknown;
    }

    /// The primary stands at a position, and was asked after the node.
    fn compare(&mut self, asked: Instant, primary: &Position) {
        let Some((answered, reached)) = &self.reached else {
            return;
        };
        if *answered < asked && self.history != History::Other {
            self.history = match reached.is_ahead_of(primary) {
                true => History::Other,
                false => History::Same,
            };
        }
    }

    /// The node has got so far; one that has less than before has started anew.
    fn reach(&mut self, position: &Position) {
        let less = |(_, before): &(Instant, Position)| before.is_ahead_of(position);
        if self.reached.as_ref().is_some_and(less) {
            self.start_over();
        }
        self.reached = Some((Instant::now(), position.clone()));
    }
}

fn is_lagging(settings: &Settings, lag: Lag) -> bool {
    let late = settings.lag_limit.is_some_and(|limit| lag.time > limit);
    let bytes = settings.lag_limit_bytes.zip(lag.bytes);
    late || bytes.is_some_and(|(limit, bytes)| bytes > limit)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// A node that had got to 1000 when the primary, asked after it, stood at 900.
    fn ahead() -> (KnownNode, Instant) {
        let mut node = KnownNode::default();
        node.reach(&Position::Lsn(1000));
        let later = Instant::now() + Duration::from_secs(1);
        node.compare(later, &Position::Lsn(900));
        (node, later)
    }

    #[test]
    fn who_has_less_than_the_primary_that_was_asked_after_it_is_of_its_history() {
        let mut node = KnownNode::default();
        node.reach(&Position::Lsn(800));
        assert_eq!(node.history, History::Unknown);
        let later = Instant::now() + Duration::from_secs(1);
        node.compare(later, &Position::Lsn(900));
        assert_eq!(node.history, History::Same);
    }

    #[test]
    fn who_has_more_is_of_another_also_when_the_primary_has_passed_it() {
        let (mut node, later) = ahead();
        assert_eq!(node.history, History::Other);
        node.compare(later, &Position::Lsn(5000));
        assert_eq!(node.history, History::Other);
        node.lost(true);
        assert_eq!(node.history, History::Other);
    }

    #[test]
    fn who_was_gone_may_be_built_anew() {
        let (mut node, later) = ahead();
        node.lost(false);
        node.reach(&Position::Lsn(4000));
        node.compare(later, &Position::Lsn(5000));
        assert_eq!(node.history, History::Same);
    }

    #[test]
    fn who_has_less_than_before_has_started_anew() {
        let (mut node, later) = ahead();
        node.reach(&Position::Lsn(500));
        node.compare(later, &Position::Lsn(5000));
        assert_eq!(node.history, History::Same);
    }
}
