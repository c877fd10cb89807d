//! The servers of a cluster.

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

    pub(crate) fn wait_caught_up(&self) -> Result<()> {
        let position = self.engine.position(self.primary.port)?;
        let mut following = self.replicas.iter().filter(|it| it.is_following());
        following.try_for_each(|replica| {
            let goal = format!("{} has reached {position}", replica.node);
            until(&goal, CATCH_UP_LIMIT, || {
                self.engine.has_reached(replica.port, &position)
            })
        })
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
