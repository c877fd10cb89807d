//! Databases and nodes that come and go at run time, and the credentials they are opened with.

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

/// Databases and nodes that come and go at run time, on every handle of the connection at once. No
/// statement that is under way is dropped.
impl RoutingConnection {
    /// Adds a database, one of a tenant, say. Nothing is opened before it is first used, through
    /// [`using`](Self::using), [`with_bindings`](Self::with_bindings) or a policy; without replicas
    /// nothing is asked.
    ///
    /// ```
    /// # async fn run(db: sea_orm_routing::RoutingConnection) -> Result<(), sea_orm::DbErr> {
    /// use std::time::Duration;
    ///
    /// db.add_database("tenant_7", "postgres://tenants/seven").await?;
    /// let tenant = db.using("tenant_7")?;
    /// // ...
    /// db.remove_database("tenant_7", Duration::from_secs(30)).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// What [`connect`](crate::RoutingBuilder::connect) says of a declaration; nothing is added then.
    pub async fn add_database(
        &self,
        name: impl Into<String>,
        options: impl Into<DatabaseOptions>,
    ) -> Result<(), RoutingError> {
        let (name, options) = (name.into(), options.into());
        let shared = &self.core.shared;
        self.core.cluster.check_open()?;
        let id = self.core.cluster.extend(|topology, first_pool| {
            let mut parts = Parts::of(topology, first_pool);
            let id = parts.add(name, options)?;
            Ok((id, parts.finish()))
        })?;
        let topology = self.core.cluster.snapshot();
        let database = topology.database(id);
        if lacks_returning(database.dialect) {
            shared.reads_after_writes.store(true, Ordering::Relaxed);
        }
        match database.replicas.is_empty() {
            true => Ok(()),
            false => self.open_or_remove(id).await,
        }
    }

    /// Opens a database that was added and not used yet: for what takes its plain connection,
    /// [`primary`](Self::primary).
    ///
    /// # Errors
    ///
    /// [`TopologyError::UnknownDatabase`];
    /// [`AvailabilityError::Connect`](crate::error::AvailabilityError::Connect) when its primary
    /// cannot be
    /// reached.
    pub async fn open_database(&self, name: &str) -> Result<(), RoutingError> {
        self.open(self.find_database(name)?, None).await
    }

    /// A database with replicas is watched from the start.
    async fn open_or_remove(&self, id: DatabaseId) -> Result<(), RoutingError> {
        let opened = self.open(id, None).await;
        if opened.is_err() {
            let _ = self.core.cluster.remove_database(id, Duration::ZERO).await;
        }
        opened
    }

    /// Removes a database. Statements and transactions under way finish; new ones are refused.
    ///
    /// # Errors
    ///
    /// [`TopologyError::CannotRemove`] for the default database and for one that tables are bound
    /// to;
    /// [`TopologyError::Draining`] when something was still under way when the time was over: it
    /// goes
    /// on, and the pools close after it.
    pub async fn remove_database(&self, name: &str, timeout: Duration) -> Result<(), RoutingError> {
        let id = self.find_database(name)?;
        let topology = self.core.cluster.snapshot();
        let bindings = &self.core.shared.bindings;
        if let Some(reason) = why_needed(bindings, id) {
            return Err(RoutingError::Topology(TopologyError::CannotRemove {
                database: topology.database(id).name.clone(),
                reason,
            }));
        }
        self.core.cluster.remove_database(id, timeout).await
    }

    /// Adds a replica to a database; reads go there as soon as it answers. Returns its name.
    ///
    /// # Errors
    ///
    /// [`TopologyError::UnknownDatabase`], what is wrong with the options, and
    /// [`TopologyError::ForeignReplica`]; nothing is added then.
    pub async fn add_replica(
        &self,
        database: &str,
        replica: impl Into<ReplicaOptions>,
    ) -> Result<NodeName, RoutingError> {
        let id = self.find_database(database)?;
        let replica = replica.into();
        let cluster = &self.core.cluster;
        cluster.check_open()?;
        let declared = cluster.state().declared(id);
        let node = cluster.extend(|topology, first_pool| {
            let mut parts = Parts::of(topology, first_pool);
            let node = parts.add_replica(id, declared, replica)?;
            let newcomers = parts.finish();
            topology.hold_back(node);
            Ok((node, newcomers))
        })?;
        // Taken back when it does not open, or nobody waits for it.
        let mut joining = Joining {
            cluster,
            node: Some(node),
        };
        cluster.pool_of(node).open().await?;
        self.open(id, Some(node)).await?;
        cluster.check_open()?;
        let topology = cluster.snapshot();
        if topology.database(id).removed {
            return Err(RoutingError::Topology(TopologyError::Removed {
                name: topology.database(id).name.to_string(),
            }));
        }
        joining.node = None;
        cluster.join(node);
        Ok(cluster.topology().node(node).name.clone())
    }

    /// Takes a replica out of the rotation, and waits until it has nothing more to do: before it is
    /// restarted, say. [`undrain`](Self::undrain) puts it back.
    ///
    /// # Errors
    ///
    /// [`TopologyError::UnknownNode`]; [`TopologyError::NotAReplica`]; [`TopologyError::Draining`]
    /// when
    /// it was still in use when the time was over: it stays out of the rotation.
    pub async fn drain(&self, node: &str, timeout: Duration) -> Result<(), RoutingError> {
        self.core
            .cluster
            .drain(self.find_node(node)?, timeout)
            .await
    }

    /// Puts a drained replica back into the rotation.
    ///
    /// # Errors
    ///
    /// [`TopologyError::UnknownNode`]; [`TopologyError::NotAReplica`].
    pub fn undrain(&self, node: &str) -> Result<(), RoutingError> {
        self.core.cluster.undrain(self.find_node(node)?)
    }

    /// Drains a replica and removes it.
    ///
    /// # Errors
    ///
    /// Those of [`drain`](Self::drain); it is not removed then.
    pub async fn remove_replica(&self, node: &str, timeout: Duration) -> Result<(), RoutingError> {
        let node = self.find_node(node)?;
        self.core.cluster.remove_replica(node, timeout).await
    }

    /// Logs in to all nodes of a database as another user, or with another password, from now on. New
    /// connections are tried on every node that is up before anything is changed; open ones stay as
    /// they are until they are too old.
    ///
    /// # Errors
    ///
    /// [`TopologyError::UnknownDatabase`];
    /// [`AvailabilityError::Connect`](crate::error::AvailabilityError::Connect) when a node does
    /// not accept it:
    /// nothing is changed then.
    pub async fn rotate_credentials(
        &self,
        database: &str,
        username: &str,
        password: &str,
    ) -> Result<(), RoutingError> {
        let id = self.find_database(database)?;
        self.core.cluster.log_in_as(id, username, password).await
    }

    /// Waits until the primary of a database takes writes: for writers that would rather wait than
    /// fail while another node becomes the primary.
    ///
    /// # Errors
    ///
    /// [`TopologyError::UnknownDatabase`];
    /// [`AvailabilityError::NoPrimary`](crate::error::AvailabilityError::NoPrimary) when the time
    /// is over, with the
    /// reason.
    pub async fn wait_for_primary(
        &self,
        database: &str,
        timeout: Duration,
    ) -> Result<(), RoutingError> {
        let id = self.find_database(database)?;
        self.core.cluster.primary_answers(id, timeout).await
    }

    pub(super) fn find_database(&self, name: &str) -> Result<DatabaseId, RoutingError> {
        self.core.cluster.topology().require_database(name)
    }

    pub(super) fn find_node(&self, name: &str) -> Result<NodeId, RoutingError> {
        self.core.cluster.topology().require_node(name)
    }
}

/// A replica that has come and is not known yet; gone again when dropped.
struct Joining<'c> {
    cluster: &'c Cluster,
    node: Option<NodeId>,
}

impl Drop for Joining<'_> {
    fn drop(&mut self) {
        if let Some(node) = self.node {
            self.cluster.discard(node);
        }
    }
}

/// Why a database must stay.
fn why_needed(bindings: &Bindings, id: DatabaseId) -> Option<String> {
    if bindings.default_database() == id {
        return Some("tables without a binding live there".to_owned());
    }
    let bound = bindings.bound_to(id);
    bound.map(|what| format!("{what} is bound to it"))
}
