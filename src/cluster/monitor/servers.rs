//! The servers that are asked, each once for all databases on it.
//!
//! With a database for each tenant, hundreds of databases have their nodes on the same few servers. Role, epoch,
//! position and reachability are facts of a server, so that one connection asks for all of them.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::probe::ProbeTarget;
use super::watch::Watch;
use crate::cluster::settings::Settings;
use crate::topology::{Endpoint, NodeId};

/// What tells servers apart. Nodes with the same key are asked together.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct ServerKey {
    address: Address,
    endpoint: Endpoint,
    interval: Duration,
    timeout: Duration,
    asynchronous: bool,
}

/// Where a server is, and who asks it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Address {
    Server {
        host: String,
        port: u16,
        socket: Option<PathBuf>,
        username: String,
    },
    /// The pool of the node is not open yet, so its address is not known.
    Unknown(NodeId),
}

/// A node that is asked.
#[derive(Debug, Clone)]
pub(super) struct Member {
    pub(super) watch: Arc<Watch>,
    pub(super) node: NodeId,
    /// The database that its URL names.
    pub(super) catalog: Option<Box<str>>,
}

/// A server, with the nodes that it is.
#[derive(Debug)]
pub(super) struct MonitoredServer {
    pub(super) number: u64,
    pub(super) wake: Arc<Notify>,
    members: Mutex<Vec<Member>>,
}

/// The servers of a connection.
#[derive(Debug, Default)]
pub(super) struct Servers {
    by_key: HashMap<ServerKey, Arc<MonitoredServer>>,
    of: HashMap<NodeId, Arc<MonitoredServer>>,
}

impl ServerKey {
    pub(super) fn new(
        node: NodeId,
        target: Option<&ProbeTarget>,
        endpoint: Endpoint,
        settings: &Settings,
    ) -> Self {
        Self {
            address: target.map_or(Address::Unknown(node), ProbeTarget::address),
            endpoint,
            interval: settings.probe_interval,
            timeout: settings.probe_timeout,
            asynchronous: settings.asynchronous_commits,
        }
    }
}

impl Servers {
    /// The server of a node, which is one of its members from now on.
    pub(super) fn join(
        &mut self,
        key: impl FnOnce() -> ServerKey,
        member: Member,
    ) -> Arc<MonitoredServer> {
        if let Some(server) = self.of.get(&member.node) {
            return Arc::clone(server);
        }
        let server = self.by_key.entry(key()).or_default();
        self.of.insert(member.node, Arc::clone(server));
        server.lock().push(member);
        Arc::clone(server)
    }

    /// A node is not asked any more. Returns the number of its server if it was the last node there.
    pub(super) fn leave(&mut self, node: NodeId) -> Option<u64> {
        let server = self.of.remove(&node)?;
        let mut members = server.lock();
        members.retain(|member| member.node != node);
        members.is_empty().then(|| {
            self.by_key.retain(|_, other| !Arc::ptr_eq(other, &server));
            server.number
        })
    }
}

impl Default for MonitoredServer {
    fn default() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self {
            number: NEXT.fetch_add(1, Ordering::Relaxed),
            wake: Arc::default(),
            members: Mutex::default(),
        }
    }
}

impl MonitoredServer {
    pub(super) fn members(&self) -> Vec<Member> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Member>> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
