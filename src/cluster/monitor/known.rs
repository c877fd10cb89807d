//! What the nodes of a database have reported.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use super::observation::Observation;
use super::probe::ProbeTarget;
use super::promotion::Promotion;
use super::wanted::Wanted;
use crate::cluster::settings::{RoleSource, Settings};
use crate::topology::{
    DatabaseId, Incumbent, Lag, NodeId, ObservedRole, Position, Progress, Role, Samples, Topology,
};

#[derive(Debug, Default)]
pub(super) struct Knowledge {
    samples: Samples,
    pub(super) nodes: HashMap<NodeId, NodeKnowledge>,
    /// The cluster of the primary, which every replica must share.
    pub(super) cluster: Option<Box<str>>,
    pub(super) catalog: Option<Box<str>>,
    /// The newest claim to be the primary that was accepted.
    pub(super) incumbent: Option<Incumbent>,
}

#[derive(Debug, Default)]
pub(super) struct NodeKnowledge {
    /// Where the task that asks hears that it is wanted before it is due.
    pub(super) wanted: Option<(NodeId, Arc<Wanted>)>,
    /// Whether it was asked at least once.
    pub(super) asked: bool,
    /// Whether its last probe got no answer: connections to it may hang forever.
    pub(super) silent: bool,
    pub(super) seen: Option<ObservedRole>,
    pub(super) promotion: Promotion,
    pub(super) target: Option<ProbeTarget>,
    /// Whether the connection of its probe may lead to another server than its address does.
    pub(super) is_stale: bool,
    /// The server that answered last, kept while it cannot be reached.
    server: Option<Box<str>>,
    pub(super) cluster: Option<Box<str>>,
    catalog: Option<Box<str>>,
    /// When it was last asked, answered or not.
    pub(super) attempted: Option<Instant>,
    pub(super) attempts: u32,
    /// Its last position, and when it was reported.
    reached: Option<(Instant, Position)>,
    history: ReplicaHistory,
}

/// Whether what a replica has replayed is the history of its primary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum ReplicaHistory {
    /// Until the primary was sampled after the replica: a replica of a lost primary may have more than
    /// the new one.
    #[default]
    Unknown,
    Same,
    /// It has changes that its primary lacks. It must be rebuilt.
    Other,
}

/// What a report changed about a node.
pub(super) struct News {
    pub(super) was_silent: bool,
    /// Another server, or the same after a restart.
    pub(super) restarted: bool,
}

impl Knowledge {
    /// A probe of a node has ended.
    pub(super) fn attempted(&mut self, node: NodeId, asked: Instant) {
        let known = self.nodes.entry(node).or_default();
        known.attempted = Some(asked);
        known.attempts = known.attempts.saturating_add(1);
    }

    /// Keeps the report of a node.
    pub(super) fn remember(&mut self, node: NodeId, asked: Instant, seen: &Observation) -> News {
        let known = self.nodes.entry(node).or_default();
        known.asked = true;
        let before = known.seen.take();
        let restarted = known.server.is_some() && known.server != seen.server;
        if restarted {
            known.restart();
            known.promotion.restart();
        }
        known.server.clone_from(&seen.server);
        known.cluster.clone_from(&seen.cluster);
        known.catalog.clone_from(&seen.catalog);
        known.seen = seen.role.map(|role| ObservedRole {
            claim: known.promotion.claim(role, asked, seen),
            role,
            server: seen.server.clone(),
            since: match before {
                Some(before) if before.role == role && before.server == seen.server => before.since,
                Some(_) | None => asked,
            },
            asked,
        });
        let was_silent = std::mem::take(&mut known.silent);
        self.note_claim(node, seen);
        News {
            was_silent,
            restarted,
        }
    }

    /// Adds a sample of the primary, and compares the replicas with it.
    pub(super) fn sample(&mut self, asked: Instant, position: Position) {
        for known in self.nodes.values_mut() {
            known.compare(asked, &position);
        }
        self.samples.add(asked, position);
    }

    /// The newest position of the primary, and when it was asked.
    #[cfg(feature = "session-tokens")]
    pub(super) fn newest(&self) -> Option<(Instant, Position)> {
        self.samples.newest()
    }

    /// Another server is the primary: the positions of the old one prove nothing.
    pub(super) fn restart(&mut self) {
        self.samples.clear();
        for known in self.nodes.values_mut() {
            known.restart();
            known.wake();
        }
    }

    pub(super) fn wake_replicas(&self, topology: &Topology, database: DatabaseId) {
        for replica in &topology.database_by_id(database).replicas {
            if !topology.node(*replica).health.is_down()
                && let Some(known) = self.nodes.get(replica)
            {
                known.wake();
            }
        }
    }

    /// Whether a node and the primary both report to be the primary, and are two servers.
    pub(super) fn is_second_primary(&self, node: NodeId, primary: NodeId) -> bool {
        let seen = |node| self.nodes.get(&node)?.seen.as_ref();
        let (Some(node), Some(primary)) = (seen(node), seen(primary)) else {
            return false;
        };
        let both = node.role == Role::Primary && primary.role == Role::Primary;
        both && (node.server.is_none() || node.server != primary.server)
    }

    /// Returns why a replica cannot belong to this database, or `None` if it can.
    pub(super) fn is_foreign(
        &self,
        node: NodeId,
        primary: NodeId,
        roles: RoleSource,
    ) -> Option<Box<str>> {
        let seen = self.nodes.get(&node)?;
        if let Some((own, primary)) = seen.cluster.as_ref().zip(self.cluster.as_ref())
            && own != primary
        {
            let reason = format!("it belongs to the cluster {own}, its primary to {primary}");
            return Some(reason.into());
        }
        if let Some(reason) = self.why_not_a_replica(node, primary, roles) {
            return Some(reason);
        }
        let other = seen.history == ReplicaHistory::Other;
        other.then(|| "it has changes its primary does not have, and must be built anew".into())
    }

    /// Whether the server of a node belongs to another cluster than the primary's.
    pub(super) fn is_of_another_cluster(&self, node: NodeId) -> bool {
        let own = self
            .nodes
            .get(&node)
            .and_then(|known| known.cluster.as_ref());
        own.zip(self.cluster.as_ref())
            .is_some_and(|(own, primary)| own != primary)
    }

    /// The databases that the URLs of a node and of its primary name, if they differ.
    pub(super) fn other_catalog(&self, node: NodeId) -> Option<(Box<str>, Box<str>)> {
        let own = self.nodes.get(&node)?.catalog.clone()?;
        let primary = self.catalog.clone()?;
        (own != primary).then_some((own, primary))
    }

    /// The progress of a replica after its report.
    pub(super) fn progress(
        &mut self,
        topology: &Topology,
        settings: &Settings,
        node: NodeId,
        seen: Observation,
        now: Instant,
    ) -> Progress {
        let primary = topology
            .database_by_id(topology.node(node).database)
            .primary;
        let primary = self
            .nodes
            .get(&primary)
            .and_then(|known| known.seen.as_ref());
        // A server that follows no primary proves nothing, unless it is the primary itself.
        let same = primary.is_some_and(|it| it.server.is_some() && it.server == seen.server);
        let follows = seen.role != Some(Role::Primary) || same || seen.cluster.is_none();
        let own = seen.written.filter(|_| same);
        let Some(replayed) = own.or(seen.replayed).filter(|_| follows) else {
            let limited = settings.lag_limit.is_some() || settings.lag_limit_bytes.is_some();
            return Progress {
                // The lag of a server that follows no primary is unknown.
                lagging: limited && !follows,
                ..Progress::default()
            };
        };
        let known = self.nodes.entry(node).or_default();
        known.reach(&replayed, now);
        let proven = known.history == ReplicaHistory::Same || same;
        let lag = self.samples.lag(&replayed, now);
        let lagging = lag.is_some_and(|lag| is_lagging(settings, lag));
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

impl NodeKnowledge {
    /// The node cannot be probed. One that hangs keeps its history; one that is down may be rebuilt
    /// before it returns.
    pub(super) fn lost(&mut self, silent: bool) {
        self.asked = true;
        self.silent |= silent;
        self.seen = None;
        if !silent {
            self.restart();
        }
    }

    /// Has it asked before it is due.
    pub(super) fn wake(&self) {
        if let Some((node, wanted)) = &self.wanted {
            wanted.add(*node);
        }
    }

    fn restart(&mut self) {
        self.reached = None;
        self.history = ReplicaHistory::Unknown;
    }

    /// Compares its position with one of the primary, if the primary was asked later.
    fn compare(&mut self, asked: Instant, primary: &Position) {
        let Some((answered, reached)) = &self.reached else {
            return;
        };
        if *answered < asked && self.history != ReplicaHistory::Other {
            self.history = match reached.is_ahead_of(primary) {
                true => ReplicaHistory::Other,
                false => ReplicaHistory::Same,
            };
        }
    }

    /// Keeps its position. A node with less than before was rebuilt.
    fn reach(&mut self, position: &Position, now: Instant) {
        let less = |(_, before): &(Instant, Position)| before.is_ahead_of(position);
        if self.reached.as_ref().is_some_and(less) {
            self.restart();
        }
        self.reached = Some((now, position.clone()));
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
    fn ahead() -> (NodeKnowledge, Instant) {
        let mut node = NodeKnowledge::default();
        node.reach(&Position::lsn(1000), Instant::now());
        let later = Instant::now() + Duration::from_secs(1);
        node.compare(later, &Position::lsn(900));
        (node, later)
    }

    #[test]
    fn a_node_with_less_than_the_primary_asked_after_it_shares_its_history() {
        let mut node = NodeKnowledge::default();
        node.reach(&Position::lsn(800), Instant::now());
        assert_eq!(node.history, ReplicaHistory::Unknown);
        let later = Instant::now() + Duration::from_secs(1);
        node.compare(later, &Position::lsn(900));
        assert_eq!(node.history, ReplicaHistory::Same);
    }

    #[test]
    fn a_node_with_more_has_another_history_even_once_the_primary_has_passed_it() {
        let (mut node, later) = ahead();
        assert_eq!(node.history, ReplicaHistory::Other);
        node.compare(later, &Position::lsn(5000));
        assert_eq!(node.history, ReplicaHistory::Other);
        node.lost(true);
        assert_eq!(node.history, ReplicaHistory::Other);
    }

    #[test]
    fn a_node_that_was_unreachable_may_be_rebuilt() {
        let (mut node, later) = ahead();
        node.lost(false);
        node.reach(&Position::lsn(4000), Instant::now());
        node.compare(later, &Position::lsn(5000));
        assert_eq!(node.history, ReplicaHistory::Same);
    }

    #[test]
    fn a_node_with_less_than_before_was_rebuilt() {
        let (mut node, later) = ahead();
        node.reach(&Position::lsn(500), Instant::now());
        node.compare(later, &Position::lsn(5000));
        assert_eq!(node.history, ReplicaHistory::Same);
    }
}
