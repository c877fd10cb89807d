//! Run-time administration: databases, nodes and credentials.
//!
//! An application changes its databases while statements run. Each change is one write of the
//! topology, seen by every handle of the connection at once, and no statement that is in flight is
//! dropped: a node that leaves is drained first. The calls live on a handle of their own, so that
//! code that only queries does not see them.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::RoutingConnection;
use super::builder::Parts;
use crate::bind::Bindings;
use crate::cluster::{Cluster, DatabaseOptions, ReplicaOptions};
use crate::dispatch::lacks_returning;
use crate::error::{RoutingError, TopologyError};
use crate::name::NodeName;
use crate::topology::{DatabaseId, NodeId};

/// Adds, removes, drains and opens databases and nodes of a connection, and rotates credentials.
/// Made by [`RoutingConnection::admin`].
#[derive(Debug, Clone, Copy)]
pub struct Admin<'db> {
    db: &'db RoutingConnection,
}

impl RoutingConnection {
    /// Run-time administration of this connection.
    pub fn admin(&self) -> Admin<'_> {
        Admin { db: self }
    }
}

impl Admin<'_> {
    /// Adds a database, for example one of a tenant. Without replicas, nothing is opened before its
    /// first use, through [`using`](RoutingConnection::using),
    /// [`with_bindings`](RoutingConnection::with_bindings) or a policy.
    ///
    /// ```
    /// # async fn run(db: sea_orm_routing::RoutingConnection) -> Result<(), sea_orm::DbErr> {
    /// use std::time::Duration;
    ///
    /// db.admin().add_database("tenant_7", "postgres://tenants/seven").await?;
    /// let tenant = db.using("tenant_7")?;
    /// // ...
    /// db.admin().remove_database("tenant_7", Duration::from_secs(30)).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// The errors of [`connect`](crate::RoutingBuilder::connect) for a declaration. Nothing is added
    /// then.
    pub async fn add_database(
        self,
        name: impl Into<String>,
        options: impl Into<DatabaseOptions>,
    ) -> Result<(), RoutingError> {
        let (name, options) = (name.into(), options.into());
        let shared = &self.db.core.shared;
        self.db.core.cluster.check_open()?;
        let id = self.db.core.cluster.extend(|topology, first_pool| {
            let mut parts = Parts::of(topology, first_pool);
            let id = parts.add(name, options)?;
            Ok((id, parts.finish()))
        })?;
        let topology = self.db.core.cluster.snapshot();
        let database = topology.database_by_id(id);
        if lacks_returning(database.dialect) {
            shared.reads_after_writes.store(true, Ordering::Relaxed);
        }
        match database.replicas.is_empty() {
            true => Ok(()),
            false => self.open_or_remove(id).await,
        }
    }

    /// Opens a database that was added and not used yet, so that
    /// [`primary`](RoutingConnection::primary) can return its plain connection.
    ///
    /// # Errors
    ///
    /// [`TopologyError::UnknownDatabase`];
    /// [`AvailabilityError::Connect`](crate::error::AvailabilityError::Connect) if its primary is
    /// unreachable.
    pub async fn open_database(self, name: &str) -> Result<(), RoutingError> {
        self.db.open(self.db.find_database(name)?, None).await
    }

    /// A database with replicas has a monitor from the start.
    async fn open_or_remove(self, id: DatabaseId) -> Result<(), RoutingError> {
        let opened = self.db.open(id, None).await;
        if opened.is_err() {
            let _ = self
                .db
                .core
                .cluster
                .remove_database(id, Duration::ZERO)
                .await;
        }
        opened
    }

    /// Removes a database. Statements and transactions in flight finish; new ones are refused.
    ///
    /// # Errors
    ///
    /// [`TopologyError::CannotRemove`] for the default database and for one that tables are bound
    /// to; [`TopologyError::Draining`] if a statement is still in flight after `timeout`: it
    /// continues, and the pools close after it.
    pub async fn remove_database(self, name: &str, timeout: Duration) -> Result<(), RoutingError> {
        let id = self.db.find_database(name)?;
        let topology = self.db.core.cluster.snapshot();
        let bindings = &self.db.core.shared.bindings;
        if let Some(reason) = why_needed(bindings, id) {
            return Err(RoutingError::Topology(TopologyError::CannotRemove {
                database: topology.database_by_id(id).name.clone(),
                reason,
            }));
        }
        self.db.core.cluster.remove_database(id, timeout).await
    }

    /// Adds a replica to a database. It serves reads as soon as it answers. Returns its name.
    ///
    /// # Errors
    ///
    /// [`TopologyError::UnknownDatabase`], the errors of a declaration, and
    /// [`TopologyError::ForeignReplica`]. Nothing is added then.
    pub async fn add_replica(
        self,
        database: &str,
        replica: impl Into<ReplicaOptions>,
    ) -> Result<NodeName, RoutingError> {
        let id = self.db.find_database(database)?;
        let replica = replica.into();
        let cluster = &self.db.core.cluster;
        cluster.check_open()?;
        let declared = cluster.state().declared(id);
        let node = cluster.extend(|topology, first_pool| {
            let mut parts = Parts::of(topology, first_pool);
            let node = parts.add_replica(id, declared, replica)?;
            let added_members = parts.finish();
            topology.exclude_until_probed(node);
            Ok((node, added_members))
        })?;
        // Removed again if it does not open, or if this future is dropped.
        let mut joining = Joining {
            cluster,
            node: Some(node),
        };
        cluster.pool_of(node).open().await?;
        self.db.open(id, Some(node)).await?;
        cluster.check_open()?;
        let topology = cluster.snapshot();
        if topology.database_by_id(id).removed {
            return Err(RoutingError::Topology(TopologyError::Removed {
                name: topology.database_by_id(id).name.to_string(),
            }));
        }
        joining.node = None;
        cluster.put_in_rotation(node);
        Ok(cluster.topology().node(node).name.clone())
    }

    /// Takes a replica out of the rotation and waits until its connections are idle, for example before
    /// a restart. [`undrain`](Self::undrain) puts it back.
    ///
    /// # Errors
    ///
    /// [`TopologyError::UnknownNode`]; [`TopologyError::NotAReplica`]; [`TopologyError::Draining`]
    /// if it is still in use after `timeout`: it stays out of the rotation.
    pub async fn drain(self, node: &str, timeout: Duration) -> Result<(), RoutingError> {
        self.db
            .core
            .cluster
            .drain(self.db.find_node(node)?, timeout)
            .await
    }

    /// Puts a drained replica back into the rotation.
    ///
    /// # Errors
    ///
    /// [`TopologyError::UnknownNode`]; [`TopologyError::NotAReplica`].
    pub fn undrain(self, node: &str) -> Result<(), RoutingError> {
        self.db.core.cluster.undrain(self.db.find_node(node)?)
    }

    /// Drains a replica and removes it.
    ///
    /// # Errors
    ///
    /// The errors of [`drain`](Self::drain). The replica is not removed then.
    pub async fn remove_replica(self, node: &str, timeout: Duration) -> Result<(), RoutingError> {
        let node = self.db.find_node(node)?;
        self.db.core.cluster.remove_replica(node, timeout).await
    }

    /// Accepts a node as the primary of its database, against what the monitor would decide: the way out
    /// of every refusal to write.
    ///
    /// A monitor takes a node as the primary only if its claim is newer than the last one. It does not know
    /// whether that is right after a restore, or after two promotions at a time, and then
    /// stops writes. With this call it forgets the older claims; those of the other nodes are refused until one
    /// of them is promoted again. Works with declared roles too. Returns once writes go to the node. Make the
    /// call on each connection, that is, in each process.
    ///
    /// ```
    /// # async fn run(db: sea_orm_routing::RoutingConnection) -> Result<(), sea_orm::DbErr> {
    /// // "default/2" was restored from a backup, and is to be the primary.
    /// db.admin().accept_primary("default", "default/2").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`TopologyError::UnknownDatabase`]; [`TopologyError::UnknownNode`];
    /// [`TopologyError::CannotAccept`] for a node of another database, a database without a monitor, a node
    /// that does not answer or reports that it is a replica, a balancer, a server of another cluster, and one to
    /// which no new connection can be opened. The old order is restored then.
    pub async fn accept_primary(self, database: &str, node: &str) -> Result<(), RoutingError> {
        let database = self.db.find_database(database)?;
        let node = self.db.find_node(node)?;
        self.db.core.cluster.accept_primary(database, node).await
    }

    /// Uses another user or password for new connections to all nodes of a database. A connection to
    /// each node that is up is tried first; open connections stay as they are until they expire.
    ///
    /// # Errors
    ///
    /// [`TopologyError::UnknownDatabase`];
    /// [`AvailabilityError::Connect`](crate::error::AvailabilityError::Connect) if a node refuses
    /// the credentials: nothing is changed then.
    pub async fn rotate_credentials(
        self,
        database: &str,
        username: &str,
        password: &str,
    ) -> Result<(), RoutingError> {
        let id = self.db.find_database(database)?;
        self.db.core.cluster.log_in_as(id, username, password).await
    }
}

/// A replica that was added and does not serve yet. Dropping this removes the replica again.
struct Joining<'c> {
    cluster: &'c Cluster,
    node: Option<NodeId>,
}

impl Drop for Joining<'_> {
    fn drop(&mut self) {
        if let Some(node) = self.node {
            self.cluster.remove_now(node);
        }
    }
}

/// Returns why a database must stay, or `None` if it may be removed.
fn why_needed(bindings: &Bindings, id: DatabaseId) -> Option<String> {
    if bindings.default_database() == id {
        return Some("tables without a binding live there".to_owned());
    }
    let bound = bindings.bound_to(id);
    bound.map(|what| format!("{what} is bound to it"))
}
