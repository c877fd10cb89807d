//! The servers that are asked, each once for all databases on it.
//!
//! With a database for each tenant, hundreds of databases have their nodes on the same few servers. Role, epoch,
//! position and reachability are facts of a server, so that one connection asks for all of them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::probe::{Address, ProbeTarget};
use super::wanted::Wanted;
use super::watch::{ProbeRequest, Watch};
use crate::cluster::settings::Settings;
use crate::topology::{Endpoint, NodeId};

/// What tells servers apart. Nodes with the same key are asked together.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct ServerKey {
    place: Place,
    endpoint: Endpoint,
    interval: Duration,
    timeout: Duration,
    asynchronous: bool,
}

/// Which server that is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Place {
    At(Address),
    /// The pool of the node is not open yet, or a pooler leads to another server than for others.
    Of(NodeId),
}

/// A node that is asked.
#[derive(Debug, Clone)]
pub(super) struct Member {
    pub(super) watch: Arc<Watch>,
    pub(super) node: NodeId,
    /// The database that its URL names.
    pub(super) catalog: Option<Box<str>>,
}

/// A node that is to hear of the next answer.
pub(super) struct Listener {
    pub(super) member: Member,
    pub(super) request: ProbeRequest,
}

/// A server, with the nodes that it is.
#[derive(Debug)]
pub(super) struct MonitoredServer {
    pub(super) number: u64,
    pub(super) wanted: Arc<Wanted>,
    members: Mutex<Arc<[Member]>>,
    /// Whose login has opened the connection that asks.
    speaker: Mutex<Option<NodeId>>,
}

/// The servers of a connection.
#[derive(Debug, Default)]
pub(super) struct Servers {
    by_key: HashMap<ServerKey, Arc<MonitoredServer>>,
    of: HashMap<NodeId, Arc<MonitoredServer>>,
}

impl ServerKey {
    /// A node that is asked on its own.
    pub(super) fn apart(node: NodeId, endpoint: Endpoint, settings: &Settings) -> Self {
        Self::new(node, None, endpoint, settings)
    }

    pub(super) fn new(
        node: NodeId,
        target: Option<&ProbeTarget>,
        endpoint: Endpoint,
        settings: &Settings,
    ) -> Self {
        Self {
            place: target.map_or(Place::Of(node), |target| Place::At(target.address())),
            endpoint,
            interval: settings.probe_interval,
            timeout: settings.probe_timeout,
            asynchronous: settings.asynchronous_commits,
        }
    }
}

impl Servers {
    /// The server of a node that has joined one.
    pub(super) fn of(&self, node: NodeId) -> Option<Arc<MonitoredServer>> {
        self.of.get(&node).map(Arc::clone)
    }

    /// The server of that key.
    pub(super) fn with_key(&mut self, key: ServerKey) -> Arc<MonitoredServer> {
        Arc::clone(self.by_key.entry(key).or_default())
    }

    /// A node is one of the server from now on.
    pub(super) fn join(&mut self, server: &Arc<MonitoredServer>, member: Member) {
        self.of.insert(member.node, Arc::clone(server));
        let mut members = server.lock();
        *members = members.iter().cloned().chain([member]).collect();
    }

    /// A node is not asked any more. Returns the number of its server if it was the last node there.
    pub(super) fn leave(&mut self, node: NodeId) -> Option<u64> {
        let server = self.of.remove(&node)?;
        let mut members = server.lock();
        let others = members.iter().filter(|member| member.node != node).cloned();
        *members = others.collect();
        if members.is_empty() {
            self.by_key.retain(|_, other| !Arc::ptr_eq(other, &server));
            return Some(server.number);
        }
        drop(members);
        // The task looks whether its connection was opened for the node.
        server.wanted.notify.notify_one();
        None
    }
}

impl Default for MonitoredServer {
    fn default() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self {
            number: NEXT.fetch_add(1, Ordering::Relaxed),
            wanted: Arc::default(),
            members: Mutex::new(Arc::new([])),
            speaker: Mutex::default(),
        }
    }
}

impl MonitoredServer {
    pub(super) fn members(&self) -> Arc<[Member]> {
        Arc::clone(&self.lock())
    }

    pub(super) fn speaker(&self) -> Option<NodeId> {
        *self.speaker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set_speaker(&self, node: NodeId) {
        let mut speaker = self.speaker.lock().unwrap_or_else(PoisonError::into_inner);
        *speaker = Some(node);
    }

    fn lock(&self) -> MutexGuard<'_, Arc<[Member]>> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
