//! Which node serves a read?
//!
//! A funnel: the replicas that take part and are up, of these the ones that have what the session
//! needs, of these the one the session has read from before, or the policy's choice. Where none is
//! left: the primary; where that may not, or is down, a replica that only statements have found to be
//! dead, since they may be wrong; then an error.

use std::time::Instant;

use smallvec::SmallVec;

use super::{Balancing, Question, WhyNode};
use crate::balance::Candidates;
use crate::error::RoutingError;
use crate::session::{Consistency, LastRead, Need, Past};
use crate::topology::{DatabaseId, NodeId, Rank, Role, since_start};

/// Where a read goes.
pub(super) enum Read {
    /// The session has written, and wants the primary for a while.
    OnPrimary,
    On(NodeId, WhyNode),
}

/// The replicas of a database, sorted out.
#[derive(Default)]
struct Sorted {
    /// They can serve, best first asked.
    serve: SmallVec<[NodeId; 4]>,
    rank: Option<Rank>,
    /// Some could serve, and lack what the session has seen.
    some_lack: bool,
    /// They answer, with less than is wanted: what they have is better than nothing.
    behind: SmallVec<[NodeId; 4]>,
    /// Statements found them dead, no probe did.
    last: SmallVec<[NodeId; 4]>,
}

impl Question<'_> {
    /// Where a read goes in a database with replicas.
    #[inline]
    pub(super) fn read(&self, id: DatabaseId) -> Result<Read, RoutingError> {
        let database = self.topology.database_by_id(id);
        let balancing = self.balancing(id);
        let past = match &self.scope.session {
            None => None,
            Some(_) => (self.past)(id),
        };
        if past.is_none() && database.all_healthy && self.failed.is_empty() {
            let replicas = database.replicas.iter().copied();
            let primary = self.included_primary(id, balancing);
            if let Some(picked) = self.pick(id, primary.into_iter().chain(replicas)) {
                return Ok(picked);
            }
        }
        self.read_carefully(id, balancing, past)
    }

    /// Where a read goes when not everything is well, or a session has a past.
    fn read_carefully(
        &self,
        id: DatabaseId,
        balancing: Option<&Balancing>,
        past: Option<(Consistency, Past)>,
    ) -> Result<Read, RoutingError> {
        let (consistency, past) = past.unwrap_or_default();
        let explicit = self.scope.role == Some(Role::Replica);
        let need = match past.need(consistency, self.now) {
            Need::Primary if !explicit => return Ok(Read::OnPrimary),
            Need::Primary => Need::Nothing,
            need => need,
        };
        let mut sorted = self.sort(id, &need);
        if let Some(read) = past.read {
            if let Some(node) = self.same_again(id, &sorted, read, balancing) {
                return Ok(Read::On(node, WhyNode::Same));
            }
            // Where nobody else may serve, an older answer is better than none.
            let strict = matches!(consistency, Consistency::Causal { .. });
            if strict || self.may_fall_back(id, balancing) {
                self.keep_monotonic(id, &mut sorted, read.over, strict);
            }
        }
        let primary = self.included_primary(id, balancing);
        let candidates = primary.into_iter().chain(sorted.serve.iter().copied());
        if let Some(picked) = self.pick(id, candidates) {
            return Ok(picked);
        }
        if sorted.some_lack && matches!(consistency, Consistency::Causal { .. }) {
            // Whether it may be the primary is said once the time to wait is over.
            let primary = self.topology.database_by_id(id).primary;
            return Ok(Read::On(primary, WhyNode::NotCaughtUp));
        }
        self.without_replica(id, &sorted)
    }

    /// The replicas that can serve, of the best rank there is.
    fn sort(&self, id: DatabaseId, need: &Need) -> Sorted {
        let now = (self.now)();
        let mut sorted = Sorted::default();
        for replica in &self.topology.database_by_id(id).replicas {
            if self.failed.contains(replica) {
                continue;
            }
            let node = self.topology.node(*replica);
            if node.is_only_late(now) && need.is_met_by(&node.progress) {
                sorted.behind.push(*replica);
            }
            match node.rank(now) {
                Rank::Excluded => {}
                Rank::IfNothingElse if need.is_met_by(&node.progress) => sorted.last.push(*replica),
                Rank::IfNothingElse => {}
                Rank::Preferred | Rank::Degraded if !need.is_met_by(&node.progress) => {
                    sorted.some_lack = true;
                }
                rank => sorted.add(*replica, rank),
            }
        }
        sorted
    }

    /// The node the session has read from, if it serves and has not come back with less since.
    fn same_again(
        &self,
        id: DatabaseId,
        sorted: &Sorted,
        read: LastRead,
        balancing: Option<&Balancing>,
    ) -> Option<NodeId> {
        let node = read.node?;
        let found = self.topology.node(node);
        let measured = self.topology.database_by_id(id).tracks_positions;
        let has_all = read.over.is_none_or(|over| {
            let unbroken = found.back_since.is_none_or(|back| back < over);
            unbroken || !measured || found.progress.has_since(over)
        });
        let serves =
            sorted.serve.contains(&node) || self.included_primary(id, balancing) == Some(node);
        (serves && has_all).then_some(node)
    }

    /// The node the session has read from does not serve: another one must have got as far. Where
    /// nothing is measured, any will do.
    fn keep_monotonic(
        &self,
        id: DatabaseId,
        sorted: &mut Sorted,
        over: Option<Instant>,
        strict: bool,
    ) {
        let measured = self.topology.database_by_id(id).tracks_positions;
        let Some(over) = over.filter(|_| measured) else {
            return;
        };
        let has = |node: &mut NodeId| self.topology.node(*node).progress.has_since(over);
        let all = sorted.serve.clone();
        sorted.serve.retain(has);
        sorted.last.retain(has);
        sorted.some_lack |= sorted.serve.len() < all.len();
        match strict {
            true => sorted.behind.retain(has),
            // They are within the limit of lag.
            false => sorted.behind.insert_many(0, all),
        }
    }

    /// What the policy picks.
    #[inline]
    fn pick(&self, id: DatabaseId, nodes: impl Iterator<Item = NodeId>) -> Option<Read> {
        let balancing = self.balancing(id);
        let measured = balancing.is_some_and(|balancing| balancing.policy.measures_latency());
        let candidates = match measured {
            true => Candidates::measured(self.topology, nodes, since_start((self.now)())),
            false => Candidates::of(self.topology, nodes),
        }?;
        let of = candidates.len();
        let node = match (of, balancing) {
            (1, _) | (_, None) => candidates.at(0).node,
            (_, Some(balancing)) => balancing.policy.choose(&candidates, (self.random)()).node,
        };
        let why = match self.topology.node(node).health.is_down() {
            true => WhyNode::Trial,
            false => WhyNode::Replica { of },
        };
        Some(Read::On(node, why))
    }

    /// No replica can serve.
    #[cold]
    fn without_replica(&self, id: DatabaseId, sorted: &Sorted) -> Result<Read, RoutingError> {
        let why = match sorted.some_lack {
            true => WhyNode::NotCaughtUp,
            false => WhyNode::NoneServes,
        };
        self.fall_back(id, &sorted.behind, &sorted.last)
            .map(|node| match self.topology.node(node).role {
                Role::Primary => Read::On(node, why),
                Role::Replica => Read::On(node, WhyNode::LastResort),
            })
    }

    /// The primary, where it may serve and does; where it does not, a replica that is behind; then one
    /// that may be dead.
    pub(super) fn fall_back(
        &self,
        id: DatabaseId,
        behind: &[NodeId],
        last: &[NodeId],
    ) -> Result<NodeId, RoutingError> {
        let database = self.topology.database_by_id(id);
        let dead = || self.topology.node(database.primary).rank((self.now)()) == Rank::Excluded;
        let primary = match self.may_fall_back(id, self.balancing(id)) {
            true if !database.replicas.is_empty() && dead() => Some(Err(())),
            true => Some(self.primary(id).map_err(drop)),
            false => None,
        };
        let behind = behind.first().filter(|_| primary.is_some());
        match (primary, behind.or(last.first())) {
            (Some(Ok(primary)), _) => Ok(primary),
            (_, Some(last)) => Ok(*last),
            (Some(Err(_)), None) => Err(RoutingError::NoNode {
                database: database.name.clone(),
                considered: self.topology.describe(self.topology.node_ids_of(id)),
            }),
            (None, None) => Err(RoutingError::NoReplica {
                database: database.name.clone(),
                considered: self.topology.describe(database.replicas.iter().copied()),
            }),
        }
    }

    fn may_fall_back(&self, id: DatabaseId, balancing: Option<&Balancing>) -> bool {
        let primary = self.topology.database_by_id(id).primary;
        balancing.is_none_or(Balancing::falls_back) && !self.failed.contains(&primary)
    }

    /// The primary, where it is a candidate like the replicas and well.
    fn included_primary(&self, id: DatabaseId, balancing: Option<&Balancing>) -> Option<NodeId> {
        let database = self.topology.database_by_id(id);
        let included = balancing.is_some_and(Balancing::includes_primary);
        let well = included
            && self.scope.role != Some(Role::Replica)
            && database.write_block.is_none()
            && !self.failed.contains(&database.primary)
            && self.topology.node(database.primary).rank((self.now)()) == Rank::Preferred;
        well.then_some(database.primary)
    }

    fn balancing(&self, id: DatabaseId) -> Option<&Balancing> {
        self.balancing.get(id.index())
    }
}

impl Sorted {
    /// Only the best rank counts.
    fn add(&mut self, node: NodeId, rank: Rank) {
        match self.rank {
            Some(best) if rank > best => return,
            Some(best) if rank < best => self.serve.clear(),
            Some(_) | None => {}
        }
        self.rank = Some(rank);
        self.serve.push(node);
    }
}
