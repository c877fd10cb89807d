//! Another node becomes the primary, and pools that are of no more use.

use std::sync::Arc;
use std::time::Duration;

use super::monitor::Watch;
use super::pool::Pool;
use super::{Plan, State};
use crate::name::NodeName;
use crate::topology::{
    DatabaseId, Halt, Health, Looked, NodeId, PoolId, Role, Signal, Topology, Verdict, judge,
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
        let timeout = declared.settings.probe_timeout;
        // The monitor must not keep the connection alive while it waits.
        let (state, watch) = (Arc::downgrade(self), Arc::clone(watch));
        tokio::spawn(async move {
            let opened = tokio::time::timeout(timeout, open(&new, &demoted)).await;
            if let (Ok(true), Some(state)) = (opened, state.upgrade()) {
                state.promoted(&watch, (old, demoted), (node, new));
            }
            drop(promotion);
        });
    }

    fn promoted(
        &self,
        watch: &Watch,
        (old, demoted): (NodeId, Other),
        (node, new): (NodeId, Other),
    ) {
        let topology = self.snapshot();
        let database = topology.database(watch.database());
        if database.primary != old {
            return;
        }
        let (new, demoted) = (self.adopt(new), self.adopt(demoted));
        let down = Health::Up.after(Signal::ProbeFailed, self.moment(old));
        let name = topology.node(node).name.as_str();
        tracing::warn!(target: "sea_orm_routing", node = name, "a node is the primary now");
        self.change(|topology| {
            topology.promote(node, new, demoted, down);
            topology.set_halt(watch.database(), None);
        });
        watch.start_over();
        // Nothing may be written there any more, not even by who has a connection already.
        self.close_now(topology.node(old).pool, demoted);
        self.retire(topology.node(node).pool, new);
    }

    /// The pool of a node in another role; the same where it came open, as the user made it.
    fn other_pool(
        &self,
        topology: &Topology,
        id: NodeId,
        plan: impl FnOnce(&Plan) -> Plan,
    ) -> Other {
        let node = topology.node(id);
        match self.pool(node.pool).plan() {
            Some(now) => Other::New(planned(&node.name, plan(now))),
            None => Other::Same(node.pool),
        }
    }

    fn adopt(&self, pool: Other) -> PoolId {
        match pool {
            Other::New(pool) => self.add_pool(pool),
            Other::Same(pool) => pool,
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
                state.change(|topology| {
                    if topology.node(id).pool == old {
                        topology.set_pool(id, new);
                    }
                });
                state.retire(old, new);
            }
        });
    }

    /// Closes a pool at once.
    fn close_now(&self, old: PoolId, new: PoolId) {
        if old != new {
            let pool = self.pool(old).clone();
            pool.refuse();
            pool.give_up();
            tokio::spawn(async move { pool.close().await });
        }
    }

    /// Closes a pool when nobody can be waiting for one of its connections any more.
    fn retire(&self, old: PoolId, new: PoolId) {
        if old != new {
            self.close_later(self.pool(old).clone());
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

/// The pool of a node that changes its role.
#[derive(Debug)]
enum Other {
    New(Pool),
    Same(PoolId),
}

fn planned(name: &NodeName, plan: Plan) -> Pool {
    Pool::planned(name.clone(), plan)
}

/// Whether both open, and the first answers.
async fn open(new: &Other, demoted: &Other) -> bool {
    if let Other::New(pool) = demoted
        && pool.open().await.is_err()
    {
        return false;
    }
    match new {
        Other::Same(_) => true,
        Other::New(pool) => match pool.open().await {
            Ok(open) => open.ping().await.is_ok(),
            Err(_) => false,
        },
    }
}
