//! Changing which server is the primary.

use std::fs;

use crate::cluster::Cluster;
use crate::engine::Engine;
use crate::error::{Result, ServerError};
use crate::node::Node;
use crate::parts::Parts;
use crate::role::Role;
use crate::shared_memory;

/// A server keeps its [`Node`] and its URL, whatever its role.
impl<E: Engine> Cluster<E> {
    /// Makes a replica a primary; returns when it takes writes.
    ///
    /// The replica first applies all it has received, even if its replay was paused; a MariaDB that
    /// applies with a delay is waited for. The other servers are not told: the old primary keeps
    /// running, and its replicas keep following it.
    pub async fn promote(&self, replica: impl Into<Node>) -> Result<()> {
        let replica = replica.into();
        self.with(move |parts| {
            let replica = parts.node(replica)?;
            parts.engine.promote(replica)?;
            replica.set_paused(false);
            replica.change_role(|role| *role = Role::default());
            parts.leader.set(replica.node);
            Ok(())
        })
        .await
    }

    /// Makes a server, running or not, a replica of the primary; returns when it
    /// follows it.
    ///
    /// Its data is thrown away: it may have commits that the primary lacks, as an
    /// old primary has after a failover. It keeps its port.
    pub async fn rejoin(&self, old: impl Into<Node>, primary: impl Into<Node>) -> Result<()> {
        let (old, primary) = (old.into(), primary.into());
        self.with(move |parts| rejoin(parts, old, primary)).await
    }

    /// Makes a running replica follow another primary; returns when it is connected
    /// to it.
    ///
    /// Fails if the replica has received more than that primary had when it was
    /// promoted: then it has to [`rejoin`](Self::rejoin).
    pub async fn follow(&self, replica: impl Into<Node>, primary: impl Into<Node>) -> Result<()> {
        let (replica, primary) = (replica.into(), primary.into());
        self.with(move |parts| {
            refuse_itself(replica, primary)?;
            let (replica, primary) = (parts.node(replica)?, parts.node(primary)?);
            parts.engine.follow(replica, primary)?;
            replica.change_role(|role| role.source = Some(primary.node));
            Ok(())
        })
        .await
    }

    /// Makes each commit on the primary wait until one of its replicas has received
    /// it, or ends that.
    ///
    /// Received is not applied: a MariaDB replica that is killed loses what it had only received,
    /// and fetches it again from its primary, if that still exists.
    ///
    /// Without such a replica commits wait until there is one. The setting holds for the server
    /// promoted last, if one was, until it is made a replica. Returns once it is in effect, for
    /// which a replica has to be connected.
    pub async fn set_synchronous(&self, on: bool) -> Result<()> {
        self.with(move |parts| {
            let leader = parts.leader()?;
            parts.engine.set_synchronous(leader, on)?;
            leader.change_role(|role| role.synchronous = on);
            Ok(())
        })
        .await
    }
}

fn rejoin<E: Engine>(parts: &Parts<E>, old: Node, primary: Node) -> Result<()> {
    refuse_itself(old, primary)?;
    let (old, primary) = (parts.node(old)?, parts.node(primary)?);
    old.stop();
    shared_memory::release_of(&old.data);
    fs::remove_dir_all(&old.data)?;
    parts.engine.create_replica(old, primary)?;
    old.change_role(|role| *role = Role::following(primary.node));
    old.start(&parts.engine)?;
    parts.engine.follow(old, primary)?;
    parts.leader.set(primary.node);
    Ok(())
}

fn refuse_itself(replica: Node, primary: Node) -> Result<()> {
    if replica == primary {
        return Err(ServerError::new(format!("{replica} cannot follow itself")));
    }
    Ok(())
}
