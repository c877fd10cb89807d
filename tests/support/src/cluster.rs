//! The cluster as tests see it.

use std::sync::Arc;

use crate::engine::Engine;
use crate::error::{Result, ServerError, Unavailable};
use crate::instance::Instance;
use crate::node::Node;
use crate::parts::Parts;

/// A primary and its replicas, all killed when dropped.
///
/// Each server keeps its port, so its URLs stay valid while it is stopped. All
/// methods may be called from any Tokio runtime.
#[derive(Debug)]
pub struct Cluster<E: Engine> {
    parts: Arc<Parts<E>>,
}

impl<E: Engine> Cluster<E> {
    /// Starts the servers; returns when all replicas have caught up.
    pub async fn start(replicas: usize) -> Result<Self, Unavailable> {
        let assemble = move || {
            let parts = E::assemble(replicas)?;
            parts.wait_caught_up()?;
            Ok(Arc::new(parts))
        };
        let unavailable = |error: ServerError| Unavailable {
            server: E::SERVER,
            reason: error.to_string(),
        };
        let parts = blocking(assemble).await.map_err(unavailable)?;
        Ok(Self { parts })
    }

    /// The number of replicas, running or not.
    pub fn replicas(&self) -> usize {
        self.parts.replicas.len()
    }

    /// The URL of a database on the primary. It keeps pointing to that server after another was
    /// promoted.
    pub fn primary_url(&self, database: &str) -> String {
        url::<E>(&self.parts.primary, database)
    }

    /// The URL of a database on a replica.
    ///
    /// # Panics
    ///
    /// If there is no such replica.
    pub fn replica_url(&self, index: usize, database: &str) -> String {
        url::<E>(&self.parts.replicas[index], database)
    }

    /// Creates a database on the primary, or the server promoted last; returns once every replica
    /// that can have it has it.
    pub async fn create_database(&self, name: &str) -> Result<()> {
        let sql = E::create_database(name);
        self.with(move |parts| {
            let leader = parts.leader()?.port;
            parts.engine.query(leader, E::SYSTEM_DATABASE, &sql)?;
            parts.wait_caught_up()
        })
        .await
    }

    /// Runs SQL as the superuser, with the client program of the server.
    ///
    /// Returns the rows, one a line, as the client prints them without headings:
    /// columns are separated by `|` (Postgres) or a tab (MariaDB).
    pub async fn sql(&self, node: impl Into<Node>, database: &str, sql: &str) -> Result<String> {
        let (node, database, sql) = (node.into(), database.to_owned(), sql.to_owned());
        self.with(move |parts| parts.engine.query(parts.node(node)?.port, &database, &sql))
            .await
    }

    /// Waits until the replicas have applied all that their primaries have written so far.
    ///
    /// Leaves out replicas that are stopped, frozen, promoted or whose replay is
    /// paused or delayed.
    pub async fn wait_caught_up(&self) -> Result<()> {
        self.with(Parts::wait_caught_up).await
    }

    /// Runs blocking work on the servers.
    pub(crate) async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Parts<E>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let parts = Arc::clone(&self.parts);
        blocking(move || work(&parts)).await
    }
}

fn url<E: Engine>(instance: &Instance, database: &str) -> String {
    format!(
        "{}://app:secret@127.0.0.1:{}/{database}",
        E::SCHEME,
        instance.port
    )
}

/// Tests run on runtimes of their own, and the work here must not depend on one.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let outcome = tokio::task::spawn_blocking(work).await;
    outcome.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
}
