//! What all handles of a connection share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use sea_orm::DbBackend;

use super::analysis::Analysis;
use super::follow_up::Mark;
use crate::bind::{Bindings, Forbidden, RoutingPolicy};
use crate::clock::Randomness;
use crate::cluster::Cluster;
use crate::observe::Observers;
#[cfg(feature = "session-tokens")]
use crate::session::Tokens;
use crate::session::{Consistency, RouterId};
use crate::sql::{Access, Cache, ReadOnlyFunctions};
use crate::topology::DatabaseId;

/// What all handles of a connection share.
#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) cluster: Cluster,
    pub(crate) shared: Arc<Shared>,
    pub(crate) observers: Arc<Observers>,
}

/// The part of the core that no handle can change.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) bindings: Bindings,
    pub(crate) policies: Box<[Box<dyn RoutingPolicy>]>,
    pub(crate) forbidden: Forbidden,
    /// Whether `using(..)` may not reach a table that is bound to another database.
    pub(crate) checks_using: bool,
    pub(crate) functions: ReadOnlyFunctions,
    pub(crate) cache: Cache<Analysis>,
    pub(crate) random: Randomness,
    /// Whether some database has no RETURNING, so that SeaORM reads a row after it wrote it.
    pub(crate) reads_after_writes: AtomicBool,
    /// Consistency of sessions that do not choose one.
    pub(crate) consistency: Consistency,
    /// What its sessions carry, so that one of another connection is recognised.
    pub(crate) router: RouterId,
    #[cfg(feature = "session-tokens")]
    pub(crate) tokens: Tokens,
    /// How often a replica refused a statement as a write.
    pub(crate) reads_refused_by_replicas: AtomicU64,
}

/// Whether SeaORM reads a row after it wrote it.
pub(crate) fn lacks_returning(dialect: DbBackend) -> bool {
    dialect == DbBackend::MySql || !dialect.support_returning()
}

/// SeaORM's own reads after its writes; see [`Mark`].
impl Core {
    /// Takes the mark of this thread, if SeaORM can have left one on this connection.
    pub(crate) fn take_mark(&self) -> Option<Mark> {
        match self.shared.reads_after_writes.load(Ordering::Relaxed) {
            true => Mark::take(self.address()),
            false => None,
        }
    }

    /// Leaves a mark: a statement succeeded outside a transaction, and SeaORM may read the row next.
    pub(crate) fn leave_mark(&self, analysis: &Analysis, database: DatabaseId) {
        if self.may_leave_mark(analysis)
            && lacks_returning(self.cluster.topology().database_by_id(database).dialect)
        {
            Mark::leave(self.address(), database, &analysis.operation);
        }
    }

    /// Whether SeaORM may read after this statement what it has written.
    pub(crate) fn may_leave_mark(&self, analysis: &Analysis) -> bool {
        let reads = self.shared.reads_after_writes.load(Ordering::Relaxed);
        reads && analysis.operation.access() == Access::Write
    }

    fn address(&self) -> usize {
        Arc::as_ptr(&self.shared).addr()
    }
}

impl Core {
    /// Whether the default database is a mock, so that SeaORM does not expect rows of it.
    pub(crate) fn is_mock(&self) -> bool {
        let topology = self.cluster.topology();
        let default = topology.database_by_id(self.shared.bindings.default_database());
        let pool = self.cluster.pool_of(default.primary).get();
        pool.is_some_and(sea_orm::ConnectionTrait::is_mock_connection)
    }
}
