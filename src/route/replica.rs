//! Which node serves a read?
//!
//! A funnel: the replicas that take part and are up; of these, those that have what the session
//! needs; of these, the one the session has read from before, or the choice of the replica policy. If
//! none is left: the primary; if that may not serve, or is down, a replica that only statements have
//! found dead, since they may be wrong; then an error.

use std::time::Instant;

use smallvec::SmallVec;

use super::{Admission, RoutingInput, WhyNode};
use crate::balance::Candidates;
use crate::error::{AvailabilityError, RoutingError};
use crate::session::{Consistency, LastRead, ReadRequirement, SessionHistory};
use crate::topology::{Database, NodeId, Rank, Role, since_start};

/// Where a read is sent.
pub(super) enum Read {
    /// To the primary: the session has written within its window.
    InWindow,
    On(Choice),
}

/// A node, how a statement is delivered to it, and why it was chosen.
pub(super) struct Choice {
    pub(super) node: NodeId,
    pub(super) admission: Admission,
    pub(super) may_retry_elsewhere: bool,
    pub(super) samples_primary: bool,
    pub(super) why: WhyNode,
}

/// The replicas of a database, sorted by how well they can serve a read.
#[derive(Default)]
struct Sorted {
    /// Replicas that can serve, all of one rank.
    available: SmallVec<[NodeId; 4]>,
    rank: Option<Rank>,
    /// Whether some replica could serve, but is not known to have what the session saw.
    some_lack: bool,
    /// Replicas that answer, but lag more than the limit allows. Better than no replica.
    behind: SmallVec<[NodeId; 4]>,
    /// Replicas that statements found dead, but no probe did.
    last: SmallVec<[NodeId; 4]>,
}

impl RoutingInput<'_> {
    /// Where a read goes in a database with replicas.
    pub(super) fn read(&self) -> Result<Read, RoutingError> {
        let database = self.database();
        if self.history.is_none() && database.all_healthy && self.failed.is_empty() {
            let replicas = database.replicas.iter().copied();
            let primary = self.included_primary();
            if let Some(picked) = self.pick(primary.into_iter().chain(replicas)) {
                return Ok(Read::On(picked));
            }
        }
        match &self.history {
            Some((consistency, history)) => self.read_in_session(*consistency, history),
            None => self.read_in_session(Consistency::default(), &SessionHistory::default()),
        }
    }

    /// Where a read goes if a session has a history, or some node is not healthy.
    fn read_in_session(
        &self,
        consistency: Consistency,
        history: &SessionHistory,
    ) -> Result<Read, RoutingError> {
        let explicit = self.role == Some(Role::Replica);
        let requirement = match history.requirement(consistency, self.now) {
            ReadRequirement::Primary if !explicit => return Ok(Read::InWindow),
            ReadRequirement::Primary => ReadRequirement::Nothing,
            requirement => requirement,
        };
        let is_causal = matches!(consistency, Consistency::Causal { .. });
        let mut sorted = self.sort(&requirement);
        if let Some(read) = history.read {
            if let Some(node) = self.same_node(&sorted, read) {
                let choice = Choice::picked(node, WhyNode::SessionAffinity);
                return Ok(Read::On(choice));
            }
            // If no other node may serve, an older answer is better than none.
            if is_causal || self.may_fall_back() {
                self.keep_monotonic(&mut sorted, read.ended, is_causal);
            }
        }
        let primary = self.included_primary();
        let candidates = primary.into_iter().chain(sorted.available.iter().copied());
        if let Some(picked) = self.pick(candidates) {
            return Ok(Read::On(picked));
        }
        if sorted.some_lack && is_causal {
            // Whether the primary may serve is decided once the wait has timed out.
            return Ok(Read::On(Choice {
                admission: Admission::AwaitCatchUp,
                samples_primary: true,
                ..Choice::fixed(self.database().primary, WhyNode::NotCaughtUp)
            }));
        }
        self.without_replica(&sorted).map(Read::On)
    }

    /// The replicas that can serve, of the best rank there is.
    fn sort(&self, requirement: &ReadRequirement) -> Sorted {
        let mut sorted = Sorted::default();
        for replica in &self.database().replicas {
            if self.failed.contains(replica) {
                continue;
            }
            let node = self.topology.node(*replica);
            let has_all = requirement.is_met_by(&node.progress);
            if has_all && node.is_only_late(self.now) {
                sorted.behind.push(*replica);
            }
            match node.rank(self.now) {
                Rank::Excluded => {}
                Rank::IfNothingElse if has_all => sorted.last.push(*replica),
                Rank::IfNothingElse => {}
                rank @ (Rank::Preferred | Rank::Degraded) => match has_all {
                    true => sorted.add(*replica, rank),
                    false => sorted.some_lack = true,
                },
            }
        }
        sorted
    }

    /// The node the session has read from, if it is available and has not lost data since.
    fn same_node(&self, sorted: &Sorted, read: LastRead) -> Option<NodeId> {
        let node = read.node?;
        let found = self.topology.node(node);
        let has_all = read.ended.is_none_or(|ended| {
            let unbroken = found.back_since.is_none_or(|back| back < ended);
            unbroken || !self.database().tracks_positions || found.progress.has_since(ended)
        });
        let serves = sorted.available.contains(&node) || self.included_primary() == Some(node);
        (serves && has_all).then_some(node)
    }

    /// The node the session has read from is not available: another one must have caught up as far.
    /// If no positions are tracked, any node will do.
    fn keep_monotonic(&self, sorted: &mut Sorted, ended: Option<Instant>, strict: bool) {
        let Some(ended) = ended.filter(|_| self.database().tracks_positions) else {
            return;
        };
        let has = |node: &mut NodeId| self.topology.node(*node).progress.has_since(ended);
        let all = sorted.available.clone();
        sorted.available.retain(has);
        sorted.last.retain(has);
        sorted.some_lack |= sorted.available.len() < all.len();
        match strict {
            true => sorted.behind.retain(has),
            // These replicas are within the limit of lag.
            false => sorted.behind.insert_many(0, all),
        }
    }

    /// The node that the replica policy picks. `None` if there are no candidates.
    fn pick(&self, nodes: impl Iterator<Item = NodeId>) -> Option<Choice> {
        let candidates = match self.balancing.measures_latency {
            true => Candidates::measured(self.topology, nodes, since_start(self.now)),
            false => Candidates::of(self.topology, nodes),
        }?;
        let of = candidates.len();
        let node = match of {
            1 => candidates.at(0).node,
            _ => self.balancing.policy.choose(&candidates, self.random).node,
        };
        Some(match self.topology.node(node).health.is_down() {
            true => Choice {
                admission: Admission::HalfOpenTrial,
                ..Choice::picked(node, WhyNode::HalfOpen)
            },
            false => Choice::picked(node, WhyNode::Replica { of }),
        })
    }

    /// No replica is available.
    #[cold]
    fn without_replica(&self, sorted: &Sorted) -> Result<Choice, RoutingError> {
        let node = self.fall_back(&sorted.behind, &sorted.last)?;
        Ok(match self.topology.node(node).role {
            Role::Replica => Choice::picked(node, WhyNode::LastResort),
            Role::Primary => Choice {
                admission: Admission::FallbackPermit,
                samples_primary: sorted.some_lack,
                ..Choice::fixed(
                    node,
                    match sorted.some_lack {
                        true => WhyNode::NotCaughtUp,
                        false => WhyNode::NoReplicaAvailable,
                    },
                )
            },
        })
    }

    /// The primary, if it may serve and is up; otherwise a replica that lags; then one that may be
    /// dead.
    pub(super) fn fall_back(
        &self,
        behind: &[NodeId],
        last: &[NodeId],
    ) -> Result<NodeId, RoutingError> {
        let database = self.database();
        let is_dead = || self.topology.node(database.primary).rank(self.now) == Rank::Excluded;
        let primary = match self.may_fall_back() {
            true if !database.replicas.is_empty() && is_dead() => Some(Err(())),
            true => Some(self.primary().map_err(drop)),
            false => None,
        };
        let behind = behind.first().filter(|_| primary.is_some());
        match (primary, behind.or(last.first())) {
            (Some(Ok(primary)), _) => Ok(primary),
            (_, Some(last)) => Ok(*last),
            (Some(Err(())), None) => Err(self.no_node()),
            (None, None) => Err(RoutingError::Availability(AvailabilityError::NoReplica {
                database: database.name.clone(),
                considered: self
                    .topology
                    .describe(database.replicas.iter().copied(), self.failed),
            })),
        }
    }

    fn no_node(&self) -> RoutingError {
        let database = self.database();
        let primary = &self.topology.node(database.primary).name;
        if let Some(block) = &database.write_block
            && block.outdates(primary)
        {
            return block.error(database);
        }
        let nodes = self.topology.node_ids_of(self.target.database);
        RoutingError::Availability(AvailabilityError::NoNode {
            database: database.name.clone(),
            considered: self.topology.describe(nodes, self.failed),
        })
    }

    fn may_fall_back(&self) -> bool {
        self.balancing.may_fall_back() && !self.failed.contains(&self.database().primary)
    }

    /// The primary, if it is a candidate like the replicas and is healthy.
    fn included_primary(&self) -> Option<NodeId> {
        let database = self.database();
        let is_well = self.balancing.includes_primary()
            && self.role != Some(Role::Replica)
            && database.write_block.is_none()
            && !self.failed.contains(&database.primary)
            && self.topology.node(database.primary).rank(self.now) == Rank::Preferred;
        is_well.then_some(database.primary)
    }

    fn database(&self) -> &Database {
        self.topology.database_by_id(self.target.database)
    }
}

impl Sorted {
    /// Adds a replica; only those of the best rank are kept.
    fn add(&mut self, node: NodeId, rank: Rank) {
        match self.rank {
            Some(best) if rank > best => return,
            Some(best) if rank < best => self.available.clear(),
            Some(_) | None => {}
        }
        self.rank = Some(rank);
        self.available.push(node);
    }
}
