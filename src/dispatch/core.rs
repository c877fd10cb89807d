//! What all handles of a connection share.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, RngExt};
use sea_orm::DbBackend;

use super::analysis::Analysis;
use super::follow_up::Mark;
use crate::bind::{Bindings, Forbidden, RoutingPolicy};
use crate::cluster::Cluster;
use crate::observe::{Event, EventKind, Observers};
use crate::route::{Decision, Route};
use crate::session::{Consistency, RouterId, TokenKey};
use crate::sql::{Access, Cache, ReadOnlyFunctions};
use crate::topology::DatabaseId;

/// What all handles of a connection share.
#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) cluster: Cluster,
    pub(crate) shared: Arc<Shared>,
}

/// The part of the core that no handle can change.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) bindings: Bindings,
    pub(crate) policies: Box<[Box<dyn RoutingPolicy>]>,
    pub(crate) forbidden: Forbidden,
    /// How many databases were declared; others were added at run time.
    pub(crate) declared: usize,
    pub(crate) functions: ReadOnlyFunctions,
    pub(crate) cache: Cache<Analysis>,
    pub(crate) random: Randomness,
    pub(crate) observers: Arc<Observers>,
    /// Whether some database has no RETURNING, so that SeaORM reads a row after it wrote it.
    pub(crate) reads_after_writes: AtomicBool,
    /// Consistency of sessions that do not choose one.
    pub(crate) consistency: Consistency,
    /// The identity that sessions of this connection carry, so that a session of another one is
    /// recognised.
    pub(crate) router: RouterId,
    pub(crate) token_key: TokenKey,
    pub(crate) token_life: Duration,
    /// How often a replica refused a statement as a write.
    pub(crate) refusals: AtomicU64,
}

/// The source of random numbers.
#[derive(Debug)]
pub(crate) enum Randomness {
    Thread,
    Seeded(Box<Mutex<StdRng>>),
}

impl Randomness {
    pub(crate) fn next(&self) -> u64 {
        match self {
            Self::Thread => rand::rng().random(),
            Self::Seeded(generator) => generator
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .next_u64(),
        }
    }
}

/// Whether SeaORM reads a row after it wrote it.
pub(crate) fn lacks_returning(dialect: DbBackend) -> bool {
    dialect == DbBackend::MySql || !dialect.support_returning()
}

/// SeaORM's own reads after its writes; see [`Mark`].
impl Core {
    /// Takes the mark of this thread, if SeaORM may have left one on this connection.
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

    /// Whether SeaORM may read back what this statement has written.
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

    /// A decision with the names of its database and node.
    pub(crate) fn route(&self, analysis: &Analysis, decision: Decision) -> Route {
        Route::new(
            analysis.operation.clone(),
            decision,
            self.cluster.snapshot(),
            self.cluster.balancing(decision.database).policy.name(),
        )
    }

    /// Reports to the observers where a statement goes: once when it is decided, then with each
    /// attempt.
    pub(crate) fn tell_route(&self, kind: EventKind, analysis: &Analysis, decision: Decision) {
        if self.shared.observers.want(kind) {
            self.tell_route_now(kind, analysis, decision);
        }
    }

    #[cold]
    fn tell_route_now(&self, kind: EventKind, analysis: &Analysis, decision: Decision) {
        let route = &self.route(analysis, decision);
        self.shared.observers.tell(&match kind {
            EventKind::Decided => Event::Decided { route },
            _ => Event::Attempted { route },
        });
    }
}
