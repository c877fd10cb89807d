//! Which node is the primary, as the monitor hears it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use super::Watch;
use super::known::Knowledge;
use crate::cluster::ClusterState;
use crate::cluster::settings::RoleSource;
use crate::name::NodeName;
use crate::topology::{
    Endpoint, Incumbent, NodeId, NodeReport, Role, Service, Topology, Verdict, judge,
};

impl Watch {
    /// Judges the roles anew, if they are observed.
    pub(super) fn judge(self: &Arc<Self>, state: &Arc<ClusterState>) {
        if state.declared(self.database()).settings.roles == RoleSource::Observed {
            let topology = state.snapshot();
            let verdict = self.verdict(&topology);
            state.apply_verdict(self, &topology, verdict);
        }
    }

    /// What follows from what is known now.
    pub(in crate::cluster) fn verdict(&self, topology: &Topology) -> Verdict {
        let known = self.lock();
        let primary = topology.database_by_id(self.database()).primary;
        judge(
            primary,
            known.incumbent.as_ref(),
            &self.reports(&known, topology),
        )
    }

    /// Whether a node is still to take over as the primary. If so, it does: positions of the old one prove
    /// nothing.
    pub(in crate::cluster) fn take_over(&self, topology: &Topology, node: NodeId) -> bool {
        let mut known = self.lock();
        let primary = topology.database_by_id(self.database()).primary;
        let reports = self.reports(&known, topology);
        let takes_over =
            judge(primary, known.incumbent.as_ref(), &reports) == Verdict::Promote(node);
        if takes_over {
            known.take_over(node, primary);
            known.restart();
        }
        takes_over
    }

    /// Prefers the claim of a node to those of all others. Returns what counted before, or `None` if it
    /// makes no claim that counts.
    pub(in crate::cluster) fn accept(
        &self,
        topology: &Topology,
        node: NodeId,
    ) -> Option<Option<Incumbent>> {
        let mut known = self.lock();
        let counts = self.reports(&known, topology);
        let counts = counts.iter().any(|it| it.node == node && it.seen.is_some());
        let before = known.incumbent.clone();
        (counts && known.accept(node)).then_some(before)
    }

    /// Takes back that a node was accepted.
    pub(in crate::cluster) fn restore(&self, before: Option<Incumbent>) {
        self.lock().incumbent = before;
    }

    /// Whether a node reported its role when it was last asked. Returns `None` if that was before a moment.
    pub(in crate::cluster) fn has_reported_since(
        &self,
        node: NodeId,
        moment: Instant,
    ) -> Option<bool> {
        let known = self.lock();
        let Some(known) = known.nodes.get(&node) else {
            return Some(false);
        };
        let reported = known.seen.as_ref().is_some_and(|seen| seen.asked > moment);
        let failed = known.seen.is_none() && known.attempted.is_some_and(|it| it > moment);
        (reported || failed).then_some(reported)
    }

    /// Whether a node says it is a primary, and is a server of this cluster.
    pub(in crate::cluster) fn is_rival(&self, node: NodeId) -> bool {
        !self.lock().is_of_another_cluster(node) && self.is_claimed(node)
    }

    /// Whether the primary reports that it is one.
    pub(in crate::cluster) fn is_claimed(&self, primary: NodeId) -> bool {
        let known = self.lock();
        let seen = known
            .nodes
            .get(&primary)
            .and_then(|known| known.seen.as_ref());
        seen.is_some_and(|seen| seen.role == Role::Primary)
    }

    /// The reports of the nodes.
    fn reports(&self, known: &Knowledge, topology: &Topology) -> Vec<NodeReport> {
        let primary = topology.database_by_id(self.database()).primary;
        let seen = |id| {
            let node = topology.node(id);
            // A balancer speaks for any of its servers. A node that is about to join must not unseat the
            // primary.
            let counts = node.endpoint == Endpoint::Server
                && node.service != Service::Removed
                && !known.is_of_another_cluster(id)
                && !(node.service == Service::Joining && known.is_second_primary(id, primary));
            let known = known.nodes.get(&id).filter(|_| counts);
            known.and_then(|known| known.seen.clone())
        };
        let attempted = |id| known.nodes.get(&id).and_then(|known| known.attempted);
        let nodes = topology.node_ids_of(self.database());
        nodes
            .map(|node| NodeReport {
                node,
                asked: attempted(node),
                seen: seen(node),
            })
            .collect()
    }

    /// Warns if the URL of a node leads to another database than the URL of its primary.
    pub(in crate::cluster) fn warn_of_catalog(&self, node: NodeId, name: &NodeName) {
        if let Some((own, primary)) = self.lock().other_catalog(node) {
            tracing::warn!(
                target: "sea_orm_routing",
                node = name.as_str(),
                "its URL names the database \"{own}\", its primary's \"{primary}\""
            );
        }
    }

    /// Warns if the URL of a replica leads to the primary: it takes no load off it.
    pub(in crate::cluster) fn warn_of_primary(
        &self,
        node: NodeId,
        primary: NodeId,
        name: &NodeName,
    ) {
        let known = self.lock();
        let server = |id| known.nodes.get(&id)?.seen.as_ref()?.server.as_deref();
        if node != primary && server(node).is_some() && server(node) == server(primary) {
            tracing::warn!(
                target: "sea_orm_routing",
                node = name.as_str(),
                "it is declared as a replica, but its URL leads to the server of the primary"
            );
        }
    }

    /// Whether a node takes writes beside the primary.
    pub(in crate::cluster) fn is_second_primary(&self, node: NodeId, primary: NodeId) -> bool {
        self.lock().is_second_primary(node, primary)
    }

    /// Begins a promotion. Returns `None` while another one runs.
    pub(in crate::cluster) fn begin_promotion(self: &Arc<Self>) -> Option<Promotion> {
        let begun = self.promoting.swap(true, Ordering::AcqRel);
        (!begun).then(|| Promotion(Arc::clone(self)))
    }
}

/// A promotion that runs.
#[derive(Debug)]
pub(in crate::cluster) struct Promotion(Arc<Watch>);

impl Drop for Promotion {
    fn drop(&mut self) {
        self.0.promoting.store(false, Ordering::Release);
    }
}
