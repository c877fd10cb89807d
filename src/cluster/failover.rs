//! Another node becomes the primary, and pools that are of no more use.

use std::sync::Arc;
use std::time::Duration;

use sea_orm::DbErr;

use super::monitor::{Watch, opening};
use super::pool::Pool;
use super::{Plan, State};
use crate::name::NodeName;
use crate::topology::{
    DatabaseId, Halt, Health, Looked, NodeId, PoolId, Role, Service, Signal, Topology, Verdict,
    judge,
};

/// How long a pool that gets no more statements may take to become quiet.
const GRACE: Duration = Duration::from_secs(30);

impl State {
    /// Does what follows from what the nodes of a database say of themselves.
    pub(super) fn rule(
        self: &Arc<Self>,
        watch: &Arc<Watch>,
        topology: &Topology,
        nodes: &[Looked],
    ) {
        let id = watch.database();
        let database = topology.database(id);
        match judge(database.primary, nodes) {
            Verdict::Keep => self.resume(id, topology, nodes),
            Verdict::LookAgain(node) => watch.look_at(node),
            Verdict::Vacant => self.halt(id, topology, Halt::Vacant),
            Verdict::Split(nodes) => {
                let names = nodes.iter().map(|id| topology.node(*id).name.clone());
                self.halt(id, topology, Halt::Split(names.collect()));
            }
            Verdict::Promote(node) => self.promote(watch, topology, node),
        }
    }

    fn halt(&self, id: DatabaseId, topology: &Topology, halt: Halt) {
        let database = topology.database(id);
        if database.halt.as_ref() != Some(&halt) {
            let name = database.name.as_str();
            tracing::error!(target: "sea_orm_routing", database = name, "writes stop: {halt}");
            self.change(|topology| topology.set_halt(id, Some(halt)));
        }
    }

    /// There is one primary, and it was seen.
    fn resume(&self, id: DatabaseId, topology: &Topology, nodes: &[Looked]) {
        let database = topology.database(id);
        let stopped = matches!(database.halt, Some(Halt::Split(_) | Halt::Vacant));
        let is_seen = |looked: &Looked| {
            let seen = looked.seen.as_ref();
            let primary = seen.is_some_and(|seen| seen.role == Role::Primary);
            looked.node == database.primary && primary
        };
        if stopped && nodes.iter().any(is_seen) {
            let name = database.name.as_str();
            tracing::warn!(target: "sea_orm_routing", database = name, "writes go on");
            self.change(|topology| topology.set_halt(id, None));
        }
    }

    /// Opens an unguarded pool to a node, then makes it the primary.
    fn promote(self: &Arc<Self>, watch: &Arc<Watch>, topology: &Topology, node: NodeId) {
        let Some(promotion) = watch.begin_promotion() else {
            return;
        };
        let database = topology.database(watch.database());
        let (old, declared) = (database.primary, self.declared(watch.database()));
        let new = self.other_pool(topology, node, Plan::promoted);
        let demoted = self.other_pool(topology, old, |plan| plan.demoted(declared.guard));
        let timeout = opening(declared.settings.probe_timeout);
        // The monitor must not keep the connection alive while it waits.
        let (state, watch) = (Arc::downgrade(self), Arc::clone(watch));
        tokio::spawn(async move {
            let opened = tokio::time::timeout(timeout, open(&new, &demoted)).await;
            if let Some(state) = state.upgrade() {
                match opened {
                    Ok(Ok(())) => state.promoted(&watch, (old, demoted), (node, new)),
                    Ok(Err(error)) => state.not_promoted(node, &error.to_string()),
                    Err(_) => state.not_promoted(node, "its new pool gives no answer"),
                }
            }
            drop(promotion);
        });
    }

    /// It is tried again when the node is asked next.
    fn not_promoted(&self, node: NodeId, reason: &str) {
        let topology = self.snapshot();
        let name = topology.node(node).name.as_str();
        tracing::warn!(target: "sea_orm_routing", node = name, reason, "it cannot be the primary yet");
    }

    fn promoted(&self, watch: &Watch, (old, demoted): (NodeId, Pool), (node, new): (NodeId, Pool)) {
        let (new, demoted) = (self.add_pool(new), self.add_pool(demoted));
        if self.monitors.are_over() {
            self.retire(new);
            return self.retire(demoted);
        }
        let down = Health::Up.after(Signal::ProbeFailed, self.moment(old));
        let id = watch.database();
        let before = self.change(|topology| {
            // Meanwhile the old one may be back, or the new one gone.
            let primary = topology.database(id).primary;
            if judge(primary, &watch.looked(topology)) != Verdict::Promote(node) || primary != old {
                return None;
            }
            let before = [old, node].map(|node| topology.node(node).pool);
            topology.promote(node, new, demoted, down);
            topology.set_halt(id, None);
            Some(before)
        });
        let Some([before_old, before_new]) = before else {
            self.retire(new);
            return self.retire(demoted);
        };
        let topology = self.snapshot();
        let name = topology.node(node).name.as_str();
        tracing::warn!(target: "sea_orm_routing", node = name, "a node is the primary now");
        watch.start_over();
        // Nothing may be written there any more, not even by who has a connection already.
        self.close_now(before_old);
        self.retire(before_new);
    }

    /// The pool of a node in another role; the same connections where it came open, as the user made
    /// it.
    fn other_pool(
        &self,
        topology: &Topology,
        id: NodeId,
        plan: impl FnOnce(&Plan) -> Plan,
    ) -> Pool {
        let node = topology.node(id);
        let pool = self.pool(node.pool);
        match pool.plan() {
            Some(now) => planned(&node.name, plan(now)),
            None => pool.renewed(),
        }
    }

    /// Gives a node that was silent a new pool: connections of the old one may hang for ever.
    pub(super) fn renew(self: &Arc<Self>, id: NodeId) {
        let topology = self.snapshot();
        let node = topology.node(id);
        let Some(plan) = self.pool(node.pool).plan().cloned() else {
            return;
        };
        let (old, new) = (node.pool, planned(&node.name, plan));
        let state = Arc::downgrade(self);
        tokio::spawn(async move {
            let opened = new.open().await.is_ok();
            if let (true, Some(state)) = (opened, state.upgrade()) {
                let new = state.add_pool(new);
                let replaced = !state.monitors.are_over()
                    && state.change(|topology| {
                        let node = topology.node(id);
                        let replaced = node.pool == old && node.service != Service::Removed;
                        if replaced {
                            topology.set_pool(id, new);
                        }
                        replaced
                    });
                state.retire(if replaced { old } else { new });
            }
        });
    }

    /// Nobody waits for a pool any more, and it is closed at once; one that came open is used on.
    fn close_now(&self, old: PoolId) {
        let pool = self.pool(old).clone();
        pool.give_up();
        if pool.plan().is_some() {
            pool.refuse();
            tokio::spawn(async move { pool.close().await });
        }
    }

    /// Closes a pool when nobody can be waiting for one of its connections any more; one that came open
    /// is used on.
    fn retire(&self, old: PoolId) {
        let pool = self.pool(old);
        if pool.plan().is_some() {
            self.close_later(pool.clone());
        }
    }

    /// Closes a pool when it is quiet.
    pub(super) fn close_later(&self, pool: Pool) {
        tokio::spawn(async move {
            pool.quiet(GRACE).await;
            pool.close().await
        });
    }
}

fn planned(name: &NodeName, plan: Plan) -> Pool {
    Pool::planned(name.clone(), plan)
}

/// Opens both; the first must answer.
async fn open(new: &Pool, demoted: &Pool) -> Result<(), DbErr> {
    demoted.open().await?;
    new.open().await?.ping().await
}
