//! Which node is the primary, as the monitor hears it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::Watch;
use crate::cluster::ClusterState;
use crate::cluster::settings::RoleSource;
use crate::name::NodeName;
use crate::topology::{Endpoint, NodeId, NodeReport, Service, Topology};

impl Watch {
    /// Judges the roles anew, if they are observed.
    pub(super) fn judge(self: &Arc<Self>, state: &Arc<ClusterState>) {
        if state.declared(self.database()).settings.roles == RoleSource::Observed {
            let topology = state.snapshot();
            state.apply_verdict(self, &topology, &self.reports(&topology));
        }
    }

    /// The reports of the nodes.
    pub(in crate::cluster) fn reports(&self, topology: &Topology) -> Vec<NodeReport> {
        let known = self.lock();
        let primary = topology.database_by_id(self.database()).primary;
        let seen = |id| {
            let node = topology.node(id);
            // A balancer speaks for any of its servers, and a refused node for another cluster. A node
            // that is about to join must not unseat the primary.
            let counts = node.endpoint == Endpoint::Server
                && node.service != Service::Removed
                && node.refused.is_none()
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
