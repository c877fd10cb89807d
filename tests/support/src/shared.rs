//! Clusters shared by all tests of a binary.

use tokio::sync::OnceCell;

use crate::engine::Engine;
use crate::error::{Result, Unavailable};
use crate::{Cluster, MariaDbCluster, PostgresCluster, started};

type Shared<T> = OnceCell<Result<T, Unavailable>>;

/// The Postgres cluster of this process, started by the first caller; or skips the test.
///
/// Tests keep apart by creating databases of different names. They must not stop,
/// pause or promote its servers, and must all ask for the same number of replicas.
///
/// # Panics
///
/// If the cluster was started with fewer replicas.
pub async fn shared_postgres(replicas: usize) -> Option<&'static PostgresCluster> {
    static CLUSTER: Shared<PostgresCluster> = OnceCell::const_new();
    shared(&CLUSTER, replicas).await
}

/// The MariaDB cluster of this process, started by the first caller; or skips the test.
///
/// The rules of [`shared_postgres`] apply.
///
/// # Panics
///
/// If the cluster was started with fewer replicas.
pub async fn shared_mariadb(replicas: usize) -> Option<&'static MariaDbCluster> {
    static CLUSTER: Shared<MariaDbCluster> = OnceCell::const_new();
    shared(&CLUSTER, replicas).await
}

async fn shared<E: Engine>(
    cell: &'static Shared<Cluster<E>>,
    replicas: usize,
) -> Option<&'static Cluster<E>> {
    let start = || Cluster::start(replicas);
    let outcome = cell.get_or_init(start).await;
    let cluster = started(outcome.as_ref().map_err(Clone::clone))?;
    let found = cluster.replicas();
    assert!(
        found >= replicas,
        "the shared cluster was started with {found} replicas, not {replicas}"
    );
    Some(cluster)
}
