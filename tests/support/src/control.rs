//! Stopping, freezing and delaying the servers of a cluster.

use std::time::Duration;

use crate::cluster::Cluster;
use crate::engine::Engine;
use crate::error::Result;
use crate::node::Node;

impl<E: Engine> Cluster<E> {
    /// Kills the primary, as a crash would; does nothing if it is stopped.
    pub async fn stop_primary(&self) -> Result<()> {
        self.stop(Node::Primary).await
    }

    /// Starts the primary, unless it runs; returns when it accepts connections.
    ///
    /// Replicas connect to it again by themselves, within a second or so.
    pub async fn start_primary(&self) -> Result<()> {
        self.restart(Node::Primary).await
    }

    /// Kills a replica, as a crash would; does nothing if it is stopped.
    pub async fn stop_replica(&self, replica: usize) -> Result<()> {
        self.stop(Node::Replica(replica)).await
    }

    /// Starts a replica, unless it runs; returns when it accepts connections.
    ///
    /// The replica applies changes even if its replay was paused before it was stopped. It may not
    /// have caught up yet: see [`wait_caught_up`](Self::wait_caught_up).
    pub async fn start_replica(&self, replica: usize) -> Result<()> {
        self.restart(Node::Replica(replica)).await
    }

    /// Freezes a server with `SIGSTOP`: its connections stay open and hang.
    ///
    /// New connections are accepted by the kernel and hang too. A plain number
    /// means a replica.
    pub async fn pause_process(&self, node: impl Into<Node>) -> Result<()> {
        self.set_frozen(node.into(), true).await
    }

    /// Resumes a frozen server.
    pub async fn resume_process(&self, node: impl Into<Node>) -> Result<()> {
        self.set_frozen(node.into(), false).await
    }

    /// Makes a replica stale: it goes on receiving changes but applies none.
    pub async fn pause_replay(&self, replica: impl Into<Node>) -> Result<()> {
        let replica = replica.into();
        self.with(move |parts| {
            let replica = parts.node(replica)?;
            parts.engine.pause_replay(replica.port)?;
            replica.set_paused(true);
            Ok(())
        })
        .await
    }

    /// Makes a replica apply changes again.
    pub async fn resume_replay(&self, replica: impl Into<Node>) -> Result<()> {
        let replica = replica.into();
        self.with(move |parts| {
            let replica = parts.node(replica)?;
            parts.engine.resume_replay(replica.port)?;
            replica.set_paused(false);
            Ok(())
        })
        .await
    }

    /// Makes a replica apply changes so much later than they were made; zero ends it.
    ///
    /// MariaDB counts in seconds, so a fraction is rounded up there, and the replica
    /// fetches anew what it has not applied yet. A Postgres that is killed and started
    /// again meanwhile may lack what it had applied: it applies that again, as late.
    /// While it waits its replay cannot be paused.
    pub async fn set_apply_delay(&self, replica: impl Into<Node>, delay: Duration) -> Result<()> {
        let replica = replica.into();
        self.with(move |parts| {
            let replica = parts.node(replica)?;
            parts.engine.delay_replay(replica, delay)?;
            replica.change_role(|role| role.delay = delay);
            Ok(())
        })
        .await
    }

    async fn stop(&self, node: Node) -> Result<()> {
        self.with(move |parts| {
            parts.node(node)?.stop();
            Ok(())
        })
        .await
    }

    async fn restart(&self, node: Node) -> Result<()> {
        self.with(move |parts| parts.node(node)?.restart(&parts.engine))
            .await
    }

    async fn set_frozen(&self, node: Node, frozen: bool) -> Result<()> {
        self.with(move |parts| parts.node(node)?.set_frozen(frozen))
            .await
    }
}
