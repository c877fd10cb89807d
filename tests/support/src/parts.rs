//! The servers of a cluster.

use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::engine::Engine;
use crate::error::{Result, ServerError};
use crate::instance::Instance;
use crate::node::Node;
use crate::poll::until;
use crate::scratch::Scratch;

const CATCH_UP_LIMIT: Duration = Duration::from_secs(30);

/// A running cluster. Fields are dropped in order: servers before their directory.
#[derive(Debug)]
pub struct Parts<E> {
    pub(crate) engine: E,
    pub(crate) primary: Instance,
    pub(crate) replicas: Vec<Instance>,
    pub(crate) leader: Leader,
    pub(crate) _scratch: Scratch,
}

impl<E: Engine> Parts<E> {
    pub(crate) fn node(&self, node: Node) -> Result<&Instance> {
        match node {
            Node::Primary => Some(&self.primary),
            Node::Replica(index) => self.replicas.get(index),
        }
        .ok_or_else(|| ServerError::new(format!("no {node} in this cluster")))
    }

    /// The server that takes the writes of the cluster.
    pub(crate) fn leader(&self) -> Result<&Instance> {
        self.node(self.leader.get())
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Instance> {
        std::iter::once(&self.primary).chain(&self.replicas)
    }

    pub(crate) fn wait_caught_up(&self) -> Result<()> {
        self.all().try_for_each(|source| {
            let source_of = |it: &&Instance| it.role().source == Some(source.node);
            let followers = self.all().filter(source_of);
            let followers: Vec<_> = followers.filter(|it| it.is_following()).collect();
            self.wait_reached(source, &followers)
        })
    }

    fn wait_reached(&self, source: &Instance, followers: &[&Instance]) -> Result<()> {
        if followers.is_empty() {
            return Ok(());
        }
        let position = self.engine.position(source.port)?;
        followers.iter().try_for_each(|replica| {
            let goal = format!("{} has reached {position}", replica.node);
            let reached = until(&goal, CATCH_UP_LIMIT, || {
                self.engine.has_reached(replica.port, &position)
            });
            reached.map_err(|error| replica.explained(&error))
        })
    }
}

/// Which server takes the writes of the cluster: the one promoted last.
#[derive(Debug)]
pub(crate) struct Leader(Mutex<Node>);

impl Default for Leader {
    fn default() -> Self {
        Self(Mutex::new(Node::Primary))
    }
}

impl Leader {
    pub(crate) fn get(&self) -> Node {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set(&self, node: Node) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = node;
    }
}

/// Does the same for each replica at the same time.
pub(crate) fn for_each_replica<T: Send>(
    replicas: usize,
    work: impl Fn(usize) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    thread::scope(|scope| {
        let work = &work;
        let threads: Vec<_> = (0..replicas)
            .map(|index| scope.spawn(move || work(index)))
            .collect();
        let join = |thread: thread::ScopedJoinHandle<'_, _>| thread.join().expect("no panic");
        threads.into_iter().map(join).collect()
    })
}
