//! The guard of a replica behind a pooler that does not take it at the start of a connection.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::monitor::{ProbeTarget, opening};
use super::open::PoolGuard;
use super::pool::Pool;
use super::{ClusterState, OpenPlan};
use crate::topology::{NodeId, Signal};

const SHARED: &str =
    "the pooler gives a server connection to several clients, so that nothing can be set on one";

const HOOKS: &str = "its ConnectOptions may set a hook for new connections, which is not replaced; let the one of \
    map_sqlx_postgres_pool_opts run SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY";

impl ClusterState {
    /// Whether the connections of a node start with the option of the guard.
    pub(super) fn is_guarded_at_start(&self, id: NodeId) -> bool {
        let pool = self.topology.load().node(id).pool;
        let plan = self.pool(pool).plan();
        plan.is_some_and(OpenPlan::is_guarded_at_start)
    }

    /// Replaces the pool of a replica by one that is guarded in another way, or not at all if there is none.
    /// `shares` says whether the pooler lets clients share connections, if that is known. Returns it if the pool
    /// was replaced.
    pub(super) async fn guard_otherwise(
        self: &Arc<Self>,
        id: NodeId,
        why: &str,
        shares: Option<bool>,
    ) -> Option<bool> {
        let topology = self.snapshot();
        let node = topology.node(id);
        let plan = self.pool(node.pool).plan()?;
        if !plan.is_guarded_at_start() {
            return None;
        }
        let bare = Pool::planned(node.name.clone(), plan.guarded(PoolGuard::Off));
        let timeout = opening(self.declared(node.database).settings.probe_timeout);
        let shares = match shares {
            Some(known) => known,
            None => {
                let target = bare.open().await.ok().and_then(ProbeTarget::of)?;
                target.shares_connections(timeout).await.ok()?
            }
        };
        let (pool, unguarded) = match shares {
            true => (bare, Some(format!("{why}; {SHARED}"))),
            false if plan.may_have_hooks() => (bare, Some(format!("{why}; {HOOKS}"))),
            false => {
                let plan = plan.guarded(PoolGuard::FirstStatement);
                (Pool::planned(node.name.clone(), plan), None)
            }
        };
        pool.open().await.ok()?;
        let unguarded = unguarded.as_deref();
        let replaced = self.exchange_pool(id, node.pool, pool, |node| {
            node.unguarded = unguarded.map(Into::into);
        });
        replaced.then(|| {
            // The pooler has answered. Without a monitor, no later probe would mark the node as back.
            if !self
                .declared(node.database)
                .has_monitor
                .load(Ordering::Relaxed)
            {
                self.signal(id, Signal::Answered);
            }
            tell(node.name.as_str(), why, unguarded);
            shares
        })
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
