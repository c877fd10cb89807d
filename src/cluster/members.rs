//! Changes by administrators: members and credentials.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use sea_orm::DbErr;

use super::credentials::Credentials;
use super::events::Changed;
use super::monitor::ProbeTarget;
use super::open::drivers::log_in_as;
use super::{Cluster, DatabaseSpec, Pool, RoleSource};
use crate::error::{AvailabilityError, RoutingError, TopologyError};
use crate::topology::{DatabaseId, Endpoint, Health, NodeId, PoolId, Role, Service, Topology};

/// Pools and databases to add to a cluster.
#[derive(Default)]
pub(crate) struct AddedMembers {
    pub(crate) pools: Vec<Pool>,
    pub(crate) databases: Vec<DatabaseSpec>,
}

impl Cluster {
    /// Adds what `add` builds, all or nothing. `add` receives the topology to add to, and the index of
    /// its first pool.
    pub(crate) fn extend<T, E>(
        &self,
        add: impl FnOnce(&mut Topology, PoolId) -> Result<(T, AddedMembers), E>,
    ) -> Result<T, E> {
        let state = &self.state;
        let writer = state.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.snapshot();
        let mut next = (*before).clone();
        let first = PoolId::new(u32::try_from(state.pools.count()).unwrap_or(u32::MAX));
        let (value, added) = add(&mut next, first)?;
        for pool in added.pools {
            state.pools.push(pool);
        }
        for database in added.databases {
            state.databases.push(database);
        }
        let after = state.publish(next);
        drop(writer);
        let changed = Changed {
            value,
            before,
            after,
        };
        Ok(changed.tell(state))
    }

    /// Starts the monitor of a database, if it is to have one, and waits until each node was asked once.
    ///
    /// # Errors
    ///
    /// [`TopologyError::ForeignReplica`] if the new node does not belong to this database, or, without a
    /// new node, if any does not.
    pub(crate) async fn watch(
        &self,
        database: DatabaseId,
        added: Option<NodeId>,
    ) -> Result<(), RoutingError> {
        if !self.is_watchable(database) {
            return Ok(());
        }
        let Some(watch) = self.state.start_monitor(database) else {
            return Ok(());
        };
        let declared = self.state.declared(database);
        declared.has_monitor.store(true, Ordering::Relaxed);
        watch.asked_all().await;
        let topology = self.snapshot();
        let primary = topology.database_by_id(database).primary;
        let observed = declared.settings.roles == RoleSource::Observed;
        for id in topology.node_ids_of(database) {
            let node = topology.node(id);
            watch.warn_of_catalog(id, &node.name);
            if node.endpoint == Endpoint::Server {
                watch.warn_of_primary(id, primary, &node.name);
            }
            let second = observed && added == Some(id) && watch.is_second_primary(id, primary);
            let reason = match &node.refused {
                // Two primaries at the start: which one takes the writes is judged, and no error.
                Some(_) if observed && added.is_none() && watch.is_rival(id) => continue,
                Some(reason) if added.is_none_or(|added| added == id) => reason.to_string(),
                Some(_) | None if second => {
                    let primary = &topology.node(primary).name;
                    format!(
                        "it takes writes, as {primary} does; make it follow that one, read only"
                    )
                }
                Some(_) | None => continue,
            };
            return Err(RoutingError::Topology(TopologyError::ForeignReplica {
                node: node.name.clone(),
                database: topology.database_by_id(database).name.clone(),
                reason,
            }));
        }
        Ok(())
    }

    /// Whether there is something to monitor: replicas, or observed roles.
    fn is_watchable(&self, database: DatabaseId) -> bool {
        let settings = &self.state.declared(database).settings;
        let topology = self.snapshot();
        let found = topology.database_by_id(database);
        let several = !found.replicas.is_empty() || settings.roles == RoleSource::Observed;
        let primary = self.state.pool(topology.node(found.primary).pool);
        settings.monitored && several && primary.get().and_then(ProbeTarget::of).is_some()
    }

    /// Takes a replica out of the rotation, and waits until its connections are idle.
    pub(crate) async fn drain(&self, node: NodeId, timeout: Duration) -> Result<(), RoutingError> {
        self.check_replica(node)?;
        self.move_service(node, Service::In, Service::Draining);
        let pool = self.topology().node(node).pool;
        match self.state.pool(pool).wait_until_idle(timeout).await {
            true => Ok(()),
            false => Err(RoutingError::Topology(TopologyError::Draining {
                what: format!("node \"{}\"", self.topology().node(node).name),
                waited: timeout,
            })),
        }
    }

    /// Puts a drained replica back.
    pub(crate) fn undrain(&self, node: NodeId) -> Result<(), RoutingError> {
        self.check_replica(node)?;
        self.move_service(node, Service::Draining, Service::In);
        self.state.probe_now(node);
        Ok(())
    }

    /// A replica that was added was probed, and serves from now on.
    pub(crate) fn put_in_rotation(&self, node: NodeId) {
        self.move_service(node, Service::Joining, Service::In);
    }

    /// Removes a replica without waiting for its statements. Returns whether it was one.
    pub(crate) fn remove_now(&self, node: NodeId) -> bool {
        if !self.state.change(|topology| topology.remove_node(node)) {
            return false;
        }
        let topology = self.snapshot();
        self.state.stop_probe(node);
        let pool = self.state.pool(topology.node(node).pool).clone();
        pool.refuse();
        if tokio::runtime::Handle::try_current().is_ok() {
            self.state.close_later(pool);
        }
        true
    }

    /// Drains a replica and removes it.
    pub(crate) async fn remove_replica(
        &self,
        node: NodeId,
        timeout: Duration,
    ) -> Result<(), RoutingError> {
        self.drain(node, timeout).await?;
        self.check_replica(node)?;
        let pool = self.topology().node(node).pool;
        if !self.remove_now(node) {
            return self.check_replica(node);
        }
        let _ = self.state.pool(pool).close().await;
        Ok(())
    }

    /// Removes a database. Statements in flight finish.
    pub(crate) async fn remove_database(
        &self,
        database: DatabaseId,
        timeout: Duration,
    ) -> Result<(), RoutingError> {
        self.check_open()?;
        let topology = self.snapshot();
        self.state
            .change(|topology| topology.remove_database(database));
        self.state.stop_monitor(database);
        self.state.declared(database).disconnect_probe();
        let nodes = topology.node_ids_of(database);
        let pools = nodes.map(|node| self.state.pool(topology.node(node).pool).clone());
        // In tasks of their own, so that the pools are closed even if this future is dropped.
        let closing = pools.map(|pool| tokio::spawn(close_when_quiet(pool, timeout)));
        let quiet = join_all(closing.collect::<Vec<_>>()).await;
        match quiet.into_iter().all(|quiet| quiet.unwrap_or(false)) {
            true => Ok(()),
            false => Err(RoutingError::Topology(TopologyError::Draining {
                what: format!("database \"{}\"", topology.database_by_id(database).name),
                waited: timeout,
            })),
        }
    }

    /// Uses other credentials for new connections, after trying them. Open connections stay.
    pub(crate) async fn log_in_as(
        &self,
        database: DatabaseId,
        username: &str,
        password: &str,
    ) -> Result<(), RoutingError> {
        self.check_open()?;
        let credentials = Credentials {
            username: username.to_owned(),
            password: password.to_owned(),
        };
        let before: Vec<_> = self.snapshot().node_ids_of(database).collect();
        let changes = self.new_log_ins(database, &before, &credentials).await?;
        // Pools that open from now on use them.
        self.state
            .declared(database)
            .credentials
            .set(credentials.clone());
        changes.into_iter().for_each(|change| change());
        let topology = self.snapshot();
        let meanwhile = topology
            .node_ids_of(database)
            .filter(|id| !before.contains(id));
        let meanwhile: Vec<_> = meanwhile.collect();
        let changes = self.new_log_ins(database, &meanwhile, &credentials).await?;
        changes.into_iter().for_each(|change| change());
        Ok(())
    }

    /// Tries the credentials on each pool, and returns the closures that apply them.
    async fn new_log_ins(
        &self,
        database: DatabaseId,
        nodes: &[NodeId],
        credentials: &Credentials,
    ) -> Result<Vec<Box<dyn FnOnce() + Send>>, RoutingError> {
        let topology = self.snapshot();
        let mut changes = Vec::new();
        for id in nodes.iter().copied() {
            let node = topology.node(id);
            let failed = |source: DbErr| {
                RoutingError::Availability(AvailabilityError::Connect {
                    node: node.name.clone(),
                    source: Arc::new(source),
                })
            };
            let pool = self.state.pool(node.pool);
            let Some(open) = pool.get() else {
                continue;
            };
            let must_answer = node.role == Role::Primary || node.health == Health::Up;
            // A new connection takes several round trips.
            let timeout = self.state.declared(database).settings.probe_timeout * 5;
            let change = log_in_as(open, credentials, must_answer);
            let change = match tokio::time::timeout(timeout, change).await {
                Ok(change) => change,
                Err(_) => Err(DbErr::Custom(format!("it does not answer in {timeout:?}"))),
            };
            changes.push(change.map_err(failed)?);
        }
        Ok(changes)
    }

    fn check_replica(&self, node: NodeId) -> Result<(), RoutingError> {
        self.check_open()?;
        let topology = self.topology();
        let found = topology.node(node);
        if found.service == Service::Removed {
            return Err(RoutingError::Topology(TopologyError::Removed {
                name: found.name.to_string(),
            }));
        }
        match found.role {
            Role::Replica => Ok(()),
            Role::Primary => Err(RoutingError::Topology(TopologyError::NotAReplica {
                node: found.name.clone(),
                database: topology.database_by_id(found.database).name.clone(),
            })),
        }
    }

    /// Moves a node from one service to another, if it is in the first.
    fn move_service(&self, node: NodeId, from: Service, to: Service) {
        self.state.change(|topology| {
            topology.change_node(node, |node| {
                if node.service == from {
                    node.service = to;
                }
            });
        });
    }

    /// Fails once the connection is closed.
    pub(crate) fn check_open(&self) -> Result<(), RoutingError> {
        match self.state.tasks.is_closed() {
            false => Ok(()),
            true => Err(RoutingError::Topology(TopologyError::Closed)),
        }
    }
}

/// Closes a pool once it is idle. Returns whether it was in time; if not, it is closed later.
async fn close_when_quiet(pool: Pool, timeout: Duration) -> bool {
    let quiet = pool.wait_until_idle(timeout).await;
    pool.refuse();
    match quiet {
        true => drop(pool.close().await),
        false => drop(tokio::spawn(async move { pool.close().await })),
    }
    quiet
}
