//! The end of a connection.

use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::future::join_all;
use sea_orm::DbErr;

use super::pool::Pool;
use super::{Cluster, ClusterState};
use crate::error::{RoutingError, TopologyError};
use crate::name::NodeName;
use crate::topology::{PoolId, Role};

impl Cluster {
    pub(crate) fn pools(&self) -> impl Iterator<Item = &Pool> {
        self.state.pools.iter().map(|(_, pool)| pool)
    }

    /// Ends the monitors.
    pub(crate) fn stop(&self) {
        self.state.stop_tasks();
        for (_, declared) in &self.state.databases {
            declared.disconnect_probe();
        }
    }

    /// Closes every pool, then ends the monitors. Returns the first error of a pool.
    ///
    /// Dropped before its end, the pools go on closing in the background.
    pub(crate) async fn close(&self) -> Result<(), DbErr> {
        self.state.tasks.refuse();
        // Even if this future is dropped.
        let stop = StopOnDrop(self);
        let pools = self.state.pools.iter();
        let closing = pools.map(|(index, pool)| {
            let id = PoolId::new(u32::try_from(index).unwrap_or(u32::MAX));
            self.state.closed(id, pool.clone())
        });
        let closed = join_all(closing).await;
        drop(stop);
        closed.into_iter().collect()
    }

    /// Closes every pool within a timeout.
    pub(crate) async fn close_with(&self, timeout: Duration) -> Result<(), DbErr> {
        if let Ok(closed) = tokio::time::timeout(timeout, self.close()).await {
            return closed;
        }
        let busy = self.pools().filter(|pool| pool.is_busy());
        let mut nodes: Vec<NodeName> = busy.map(|pool| pool.name().clone()).collect();
        nodes.sort_unstable();
        nodes.dedup();
        if nodes.is_empty() {
            // The remaining connections are idle and close by themselves.
            return Ok(());
        }
        Err(RoutingError::Topology(TopologyError::StillOpen {
            nodes,
            waited: timeout,
        })
        .into())
    }
}

/// Ends the monitors when it is dropped.
struct StopOnDrop<'a>(&'a Cluster);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.0.stop();
    }
}

impl ClusterState {
    /// Closes a pool, in a task of its own if there is a runtime. One of a replica that is down, or that the
    /// replica had before, is not waited for: its connections may hang for as long as the network allows.
    async fn closed(&self, id: PoolId, pool: Pool) -> Result<(), DbErr> {
        if tokio::runtime::Handle::try_current().is_err() {
            return pool.close().await;
        }
        let name = pool.name().clone();
        let closing = tokio::spawn(async move { pool.close().await });
        tokio::select! {
            closed = closing => closed.unwrap_or(Ok(())),
            () = self.is_down(id, &name) => Ok(()),
        }
    }

    /// Returns once the pool is an old one of a replica, or the replica is down; the monitors tell.
    async fn is_down(&self, id: PoolId, name: &NodeName) {
        let mut changes = self.changes();
        loop {
            changes.mark_unchanged();
            let topology = self.snapshot();
            let is_down = topology.all_nodes().any(|node| {
                let is_it = node.name == *name && node.role == Role::Replica;
                let has_monitor = self
                    .declared(node.database)
                    .has_monitor
                    .load(Ordering::Relaxed);
                let is_down = match has_monitor {
                    true => node.health.is_confirmed_down(),
                    false => node.health.is_down(),
                };
                is_it && (node.pool != id || is_down)
            });
            if is_down || changes.changed().await.is_err() {
                return;
            }
        }
    }
}
