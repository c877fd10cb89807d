//! Who is the primary, as its monitor hears it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::Watch;
use crate::cluster::State;
use crate::cluster::settings::Roles;
use crate::name::NodeName;
use crate::topology::{Endpoint, Looked, NodeId, Service, Topology};

impl Watch {
    /// Who is the primary now?
    pub(super) fn judge(self: &Arc<Self>, state: &Arc<State>) {
        if state.declared(self.database()).settings.roles == Roles::Observed {
            let topology = state.snapshot();
            state.rule(self, &topology, &self.looked(&topology));
        }
    }

    /// What the nodes have said of themselves.
    pub(in crate::cluster) fn looked(&self, topology: &Topology) -> Vec<Looked> {
        let known = self.lock();
        let primary = topology.database(self.database()).primary;
        let seen = |id| {
            let node = topology.node(id);
            // A balancer speaks for any of its servers, a stranger for itself, and one that is to join
            // what others write does not say who they are.
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
            .map(|node| Looked {
                node,
                asked: attempted(node),
                seen: seen(node),
            })
            .collect()
    }

    /// Says so where a node's URL leads to another database than its primary's.
    pub(in crate::cluster) fn warn_of_catalog(&self, node: NodeId, name: &NodeName) {
        if let Some((own, primary)) = self.lock().other_catalog(node) {
            tracing::warn!(
                target: "sea_orm_routing",
                node = name.as_str(),
                "its URL leads to the database {own}, its primary's to {primary}"
            );
        }
    }

    /// Whether a node takes writes beside the primary.
    pub(in crate::cluster) fn is_second_primary(&self, node: NodeId, primary: NodeId) -> bool {
        self.lock().is_second_primary(node, primary)
    }

    /// One promotion at a time: nothing while another is under way.
    pub(in crate::cluster) fn begin_promotion(self: &Arc<Self>) -> Option<Promotion> {
        let begun = self.promoting.swap(true, Ordering::AcqRel);
        (!begun).then(|| Promotion(Arc::clone(self)))
    }
}

/// A promotion that is under way.
#[derive(Debug)]
pub(in crate::cluster) struct Promotion(Arc<Watch>);

impl Drop for Promotion {
    fn drop(&mut self) {
        self.0.promoting.store(false, Ordering::Release);
    }
}
