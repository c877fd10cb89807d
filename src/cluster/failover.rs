//! Acting on a verdict: blocking writes, promoting a node, and replacing its pools.

use std::sync::Arc;
use std::time::Duration;

use sea_orm::DbErr;

use super::monitor::{Watch, opening};
use super::pool::Pool;
use super::{ClusterState, OpenPlan};
use crate::name::NodeName;
use crate::topology::{
    DatabaseId, Health, Node, NodeId, PoolId, Service, Signal, Topology, Verdict, WriteBlock,
};

/// How long a replaced pool may take to become idle before it is closed.
const GRACE: Duration = Duration::from_secs(30);

impl ClusterState {
    /// Acts on a verdict about the nodes of a database.
    pub(super) fn apply_verdict(
        self: &Arc<Self>,
        watch: &Arc<Watch>,
        topology: &Topology,
        verdict: Verdict,
    ) {
        let id = watch.database();
        let names = |nodes: &[NodeId]| {
            let names = nodes.iter().map(|id| topology.node(*id).name.clone());
            names.collect::<Box<[_]>>()
        };
        match verdict {
            Verdict::Keep => self.resume(watch, topology),
            Verdict::ProbeAgain(node) => watch.probe_now(node),
            Verdict::NoPrimary => self.block_writes(id, topology, WriteBlock::NoPrimary),
            Verdict::SplitBrain(nodes) => {
                self.block_writes(id, topology, WriteBlock::SplitBrain(names(&nodes)));
            }
            Verdict::Unproven(nodes) => {
                self.block_writes(id, topology, WriteBlock::Unproven(names(&nodes)));
            }
            Verdict::Promote(node) => {
                // At once: opening the new pool takes a while.
                let name = topology.node(node).name.clone();
                self.block_writes(id, topology, WriteBlock::Promoting(name));
                self.promote(watch, topology, node);
            }
        }
    }

    fn block_writes(&self, id: DatabaseId, topology: &Topology, block: WriteBlock) {
        let database = topology.database_by_id(id);
        if database.write_block.as_ref() != Some(&block) {
            self.change(|topology| topology.set_write_block(id, Some(block)));
        }
    }

    /// The primary has reported its role and no other node has the better claim: writes are unblocked.
    fn resume(&self, watch: &Watch, topology: &Topology) {
        let database = topology.database_by_id(watch.database());
        let block = database.write_block.as_ref();
        if block.is_some_and(WriteBlock::is_of_roles) && watch.is_claimed(database.primary) {
            self.change(|topology| {
                // Another node may have made its claim meanwhile.
                if watch.verdict(topology) == Verdict::Keep {
                    topology.set_write_block(watch.database(), None);
                }
            });
        }
    }

    /// Opens an unguarded pool to a node, then makes it the primary.
    fn promote(self: &Arc<Self>, watch: &Arc<Watch>, topology: &Topology, node: NodeId) {
        let Some(promotion) = watch.begin_promotion() else {
            return;
        };
        let database = topology.database_by_id(watch.database());
        let (old, declared) = (database.primary, self.declared(watch.database()));
        let new = self.other_pool(topology, node, OpenPlan::promoted);
        let demoted = self.other_pool(topology, old, |plan| plan.demoted(declared.guard));
        let timeout = opening(declared.settings.probe_timeout);
        // Weak, because a task must not keep the connection alive while it waits.
        let (state, watch) = (Arc::downgrade(self), Arc::clone(watch));
        tokio::spawn(async move {
            let opened = tokio::time::timeout(timeout, open(&new, &demoted)).await;
            if let Some(state) = state.upgrade() {
                match opened {
                    Ok(Ok(())) => state.promoted(&watch, (old, demoted), (node, new)),
                    Ok(Err(error)) => state.not_promoted(node, &error.to_string()),
                    Err(_) => state.not_promoted(node, "its new pool does not answer"),
                }
            }
            drop(promotion);
        });
    }

    /// If roles are observed, the promotion is tried again after the next probe.
    fn not_promoted(&self, node: NodeId, reason: &str) {
        let topology = self.snapshot();
        let name = topology.node(node).name.as_str();
        tracing::warn!(target: "sea_orm_routing", node = name, reason, "it cannot be the primary yet");
    }

    fn promoted(&self, watch: &Watch, (old, demoted): (NodeId, Pool), (node, new): (NodeId, Pool)) {
        let (new, demoted) = (self.add_pool(new), self.add_pool(demoted));
        if self.tasks.is_closed() {
            self.retire(new);
            return self.retire(demoted);
        }
        let down = Health::Up.after(Signal::ProbeFailed, self.moment(old));
        let id = watch.database();
        let changed = self.change_untold(|topology| {
            // The old primary may have returned meanwhile, or the new one died.
            let primary = topology.database_by_id(id).primary;
            if primary != old || !watch.take_over(topology, node) {
                return None;
            }
            let before = [old, node].map(|node| topology.node(node).pool);
            topology.promote(node, new, demoted, down);
            topology.set_write_block(id, None);
            Some(before)
        });
        let Some([before_old, before_new]) = changed.value else {
            self.retire(new);
            return self.retire(demoted);
        };
        // Nothing may be written to the old primary any more, not even on open connections.
        self.close_now(before_old);
        self.retire(before_new);
        changed.tell(self);
    }

    /// A pool of a node for another role. One that was given open keeps its connections.
    fn other_pool(
        &self,
        topology: &Topology,
        id: NodeId,
        plan: impl FnOnce(&OpenPlan) -> OpenPlan,
    ) -> Pool {
        let node = topology.node(id);
        let pool = self.pool(node.pool);
        match pool.plan() {
            Some(now) => planned(&node.name, plan(now)),
            None => pool.renewed(),
        }
    }

    /// Replaces the pool of a node that was silent, because its connections may hang forever.
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
                state.exchange_pool(id, old, new, |_| ());
            }
        });
    }

    /// Replaces the pool of a primary whose open connections may lead to another server than its address does.
    /// What is in flight ends on the old one. Returns `false` for one that was given open.
    pub(super) fn replace(&self, id: NodeId) -> bool {
        let topology = self.snapshot();
        let node = topology.node(id);
        let Some(plan) = self.pool(node.pool).plan().map(OpenPlan::promoted) else {
            return false;
        };
        let pool = planned(&node.name, plan);
        let replaced = self.exchange_pool(id, node.pool, pool.clone(), |_| ());
        if replaced {
            // Without a connection. Statements would open it too; `primary(..)` needs it open.
            tokio::spawn(async move { drop(pool.open().await) });
        }
        replaced
    }

    /// Gives a node another pool, with a change of the node, unless it was removed or its pool was replaced
    /// meanwhile. Returns whether it did; the pool that is not used is closed.
    pub(super) fn exchange_pool(
        &self,
        id: NodeId,
        old: PoolId,
        new: Pool,
        change: impl FnOnce(&mut Node),
    ) -> bool {
        let new = self.add_pool(new);
        let replaced = !self.tasks.is_closed()
            && self.change(|topology| {
                let node = topology.node(id);
                let replaced = node.pool == old && node.service != Service::Removed;
                if replaced {
                    topology.set_pool(id, new);
                    topology.change_node(id, change);
                }
                replaced
            });
        self.retire(if replaced { old } else { new });
        replaced
    }

    /// Fails the statements of a pool and closes it at once. One that was given open stays open.
    fn close_now(&self, old: PoolId) {
        let pool = self.pool(old).clone();
        pool.fence();
        if pool.plan().is_some() {
            pool.refuse();
            tokio::spawn(async move { pool.close().await });
        }
    }

    /// Closes a replaced pool once it is idle. One that was given open stays open.
    fn retire(&self, old: PoolId) {
        let pool = self.pool(old);
        if pool.plan().is_some() {
            self.close_later(pool.clone());
        }
    }

    /// Closes a pool once it is idle.
    pub(super) fn close_later(&self, pool: Pool) {
        tokio::spawn(async move {
            pool.wait_until_idle(GRACE).await;
            pool.close().await
        });
    }
}

fn planned(name: &NodeName, plan: OpenPlan) -> Pool {
    Pool::planned(name.clone(), plan)
}

/// Opens both; the first must answer.
async fn open(new: &Pool, demoted: &Pool) -> Result<(), DbErr> {
    demoted.open().await?;
    new.open().await?.ping().await
}
