//! The guard of a replica behind a pooler that does not take it at the start of a connection.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::monitor::{ProbeTarget, opening};
use super::open::PoolGuard;
use super::pool::Pool;
use super::{ClusterState, OpenPlan};
use crate::topology::{NodeId, Service, Signal};

impl ClusterState {
    /// Whether the connections of a node start with the option of the guard.
    pub(super) fn is_guarded_at_start(&self, id: NodeId) -> bool {
        let pool = self.topology.load().node(id).pool;
        let plan = self.pool(pool).plan();
        plan.is_some_and(OpenPlan::is_guarded_at_start)
    }

    /// Replaces the pool of a replica by one that is guarded in another way, or not at all if there is none.
    /// Returns whether it was replaced. `shares` keeps whether the pooler lets clients share connections, once
    /// that is found out.
    pub(super) async fn guard_otherwise(
        self: &Arc<Self>,
        id: NodeId,
        why: &str,
        shares: &mut Option<bool>,
    ) -> bool {
        let topology = self.snapshot();
        let node = topology.node(id);
        let Some(plan) = self.pool(node.pool).plan() else {
            return false;
        };
        if !plan.is_guarded_at_start() {
            return false;
        }
        let bare = Pool::planned(node.name.clone(), plan.guarded(PoolGuard::Off));
        let timeout = opening(self.declared(node.database).settings.probe_timeout);
        let Some(target) = bare.open().await.ok().and_then(ProbeTarget::of) else {
            return false;
        };
        let is_shared = match *shares {
            Some(known) => known,
            None => match target.shares_connections(timeout).await {
                Ok(found) => *shares.insert(found),
                Err(_) => return false,
            },
        };
        let (pool, unguarded) = match is_shared {
            true => {
                let shares = "the pooler gives a server connection to several clients, so that nothing can be \
                    set on one";
                (bare, Some(format!("{why}; {shares}")))
            }
            false if plan.may_have_hooks() => {
                let hooks = "its ConnectOptions may set a hook for new connections, which is not replaced; let \
                    that hook run SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY";
                (bare, Some(format!("{why}; {hooks}")))
            }
            false => {
                let name = node.name.clone();
                (
                    Pool::planned(name, plan.guarded(PoolGuard::FirstStatement)),
                    None,
                )
            }
        };
        if pool.open().await.is_err() {
            return false;
        }
        let new = self.add_pool(pool);
        let old = node.pool;
        let replaced = !self.tasks.is_closed()
            && self.change(|topology| {
                let node = topology.node(id);
                let replaced = node.pool == old && node.service != Service::Removed;
                if replaced {
                    topology.set_pool(id, new);
                    let unguarded = unguarded.as_deref().map(Into::into);
                    topology.change_node(id, |node| node.unguarded = unguarded);
                }
                replaced
            });
        self.retire(if replaced { old } else { new });
        if replaced {
            // Without a monitor nobody else tells that it answers.
            if !self
                .declared(node.database)
                .has_monitor
                .load(Ordering::Relaxed)
            {
                self.signal(id, Signal::Answered);
            }
            tell(node.name.as_str(), why, unguarded.as_deref());
        }
        replaced
    }
}

fn tell(node: &str, why: &str, unguarded: Option<&str>) {
    match unguarded {
        Some(reason) => tracing::warn!(
            target: "sea_orm_routing",
            node,
            reason,
            "a replica has no guard; its server decides about writes (see ReplicaGuard)"
        ),
        None => tracing::info!(
            target: "sea_orm_routing",
            node,
            reason = why,
            "the guard of a replica is set by the first statement of each connection"
        ),
    }
}
