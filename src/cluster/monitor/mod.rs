//! The monitor of a database: what its nodes report about themselves.
//!
//! Statements alone find a dead node too late, a lagging or promoted one never. So each node of a
//! monitored database is asked at every probe interval, on a connection of its own, whether it is
//! there, which role it has, and which position it has reached. An answer of the primary wakes the
//! probes of the replicas, so that a replica is asked when there is a position to compare with; a
//! failed statement and a causal read that waits wake a probe earlier.
//!
//! Asking and judging are apart. A [`probe`] talks to a server and decides nothing. What an answer
//! means is decided from data alone, with the time passed in: [`known`] keeps what the nodes
//! reported, [`outcomes`] says what follows from an answer, [`judging`] prepares the verdict on the roles,
//! and the pure rules of the [topology](crate::topology) do the rest. The simulated tests replace the
//! probes and the clock.
//!
//! A monitor ends with the last handle of its connection: while it waits, it holds only a weak
//! reference.

mod claims;
mod guarding;
mod judging;
mod known;
mod looks;
#[cfg(feature = "sqlx-mysql")]
mod mysql;
#[cfg_attr(
    not(any(feature = "sqlx-postgres", feature = "sqlx-mysql")),
    allow(dead_code, reason = "only these have servers to ask")
)]
mod observation;
mod outcomes;
#[cfg(feature = "sqlx-postgres")]
mod pooler;
#[cfg(feature = "sqlx-postgres")]
mod postgres;
#[cfg_attr(
    not(any(feature = "sqlx-postgres", feature = "sqlx-mysql")),
    allow(dead_code, unused_imports, reason = "only these have servers to ask")
)]
mod probe;
mod probe_loop;
mod promotion;
#[cfg(feature = "session-tokens")]
mod sampled;
mod servers;
#[cfg(all(test, feature = "mock"))]
mod simulated;
mod wanted;
mod watch;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::ClusterState;
use super::background::TaskKey;
use crate::topology::{DatabaseId, NodeId, Topology};

pub(super) use probe::{Probe, ProbeOutcome, ProbeTarget, opening};
use probe_loop::ProbeLoop;
use servers::{Member, MonitoredServer, ServerKey, Servers};
pub(super) use watch::Watch;

/// The monitors of a connection. Their tasks are among its background tasks.
#[derive(Debug, Default)]
pub(super) struct Monitors {
    watches: Mutex<HashMap<DatabaseId, Arc<Watch>>>,
    servers: Mutex<Servers>,
}

impl Drop for Monitors {
    fn drop(&mut self) {
        self.lock().values().for_each(|watch| watch.end());
    }
}

impl Monitors {
    pub(super) fn watch(&self, database: DatabaseId) -> Option<Arc<Watch>> {
        self.lock().get(&database).map(Arc::clone)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<DatabaseId, Arc<Watch>>> {
        self.watches.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn servers(&self) -> MutexGuard<'_, Servers> {
        self.servers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClusterState {
    /// Starts the monitor of a database, and the probes of its nodes that do not run. Returns `None` if
    /// the database is removed or the connection is closed.
    pub(super) fn start_monitor(self: &Arc<Self>, database: DatabaseId) -> Option<Arc<Watch>> {
        let mut watches = self.monitors.lock();
        let topology = self.snapshot();
        if self.tasks.is_closed() || topology.database_by_id(database).removed {
            return None;
        }
        let watch = watches.entry(database);
        let watch = watch.or_insert_with(|| Arc::new(Watch::new(self, database)));
        for node in topology.node_ids_of(database) {
            self.start_probe(watch, &topology, node);
        }
        Some(Arc::clone(watch))
    }

    /// Has the server of a node asked, if it is not already.
    fn start_probe(&self, watch: &Arc<Watch>, topology: &Topology, id: NodeId) {
        let node = topology.node(id);
        let settings = &self.declared(node.database).settings;
        let mut servers = self.monitors.servers();
        let joined = servers.of(id);
        let is_new = joined.is_none();
        let server = joined.unwrap_or_else(|| {
            let target = self.pool(node.pool).get().and_then(ProbeTarget::of);
            let key = ServerKey::new(id, target.as_ref(), node.endpoint, settings);
            let server = servers.with_key(key);
            watch.register_probe(id, &server.wanted);
            let member = Member {
                watch: Arc::clone(watch),
                node: id,
                catalog: target.as_ref().and_then(ProbeTarget::catalog),
            };
            servers.join(&server, member);
            server
        });
        drop(servers);
        self.start_loop(&server, settings.asynchronous_commits);
        if is_new {
            server.wanted.add(id);
        }
    }

    fn start_loop(&self, server: &Arc<MonitoredServer>, asynchronous: bool) {
        let (asking, clock) = (Arc::clone(server), self.clock);
        let probe_loop = || ProbeLoop::new(asking, clock, asynchronous).run();
        self.tasks.start(TaskKey::Probe(server.number), probe_loop);
    }

    /// Asks a node now, if it is monitored.
    pub(super) fn probe_now(&self, node: NodeId) {
        if let Some(watch) = self.watch_of(node) {
            watch.probe_now(node);
        }
    }

    /// Asks a node now, on a new connection, if it is monitored.
    pub(super) fn probe_anew(&self, node: NodeId) {
        if let Some(watch) = self.watch_of(node) {
            watch.probe_anew(node);
        }
    }

    fn watch_of(&self, node: NodeId) -> Option<Arc<Watch>> {
        let database = self.topology.load().node(node).database;
        self.monitors.watch(database)
    }

    pub(super) fn stop_monitor(&self, database: DatabaseId) {
        if let Some(watch) = self.monitors.lock().remove(&database) {
            watch.end();
            for node in watch.nodes() {
                self.leave_server(node);
            }
        }
    }

    pub(super) fn stop_probe(&self, node: NodeId) {
        // Held, so that the node is not joined again meanwhile.
        let watches = self.monitors.lock();
        self.leave_server(node);
        for watch in watches.values() {
            watch.remove_node(node);
        }
    }

    /// A node is not asked any more; nor is its server, if no other node is there.
    fn leave_server(&self, node: NodeId) {
        let deserted = self.monitors.servers().leave(node);
        if let Some(number) = deserted {
            self.tasks.stop(TaskKey::Probe(number));
        }
    }

    /// A node turned out to be another server than those with the same address: it is asked on its own. Called
    /// by the task that asks them.
    fn part_from_server(&self, member: &Member) {
        let topology = self.snapshot();
        let node = topology.node(member.node);
        let settings = &self.declared(node.database).settings;
        let mut servers = self.monitors.servers();
        if servers.of(member.node).is_none() {
            return;
        }
        // Others are left: the task goes on.
        servers.leave(member.node);
        let key = ServerKey::apart(member.node, node.endpoint, settings);
        let server = servers.with_key(key);
        member.watch.register_probe(member.node, &server.wanted);
        servers.join(&server, member.clone());
        drop(servers);
        self.start_loop(&server, settings.asynchronous_commits);
    }

    /// Ends all background work of the connection for good.
    pub(super) fn stop_tasks(&self) {
        self.tasks.close();
        for (_, watch) in self.monitors.lock().drain() {
            watch.end();
        }
        *self.monitors.servers() = Servers::default();
    }
}
