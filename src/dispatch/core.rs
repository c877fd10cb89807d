//! What all handles of a connection share.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{Rng, RngExt};
use sea_orm::{DbBackend, DbErr};

use super::follow_up::Mark;
use crate::bind::{Bindings, Bound, Forbidden, RoutingPolicy};
use crate::cluster::Cluster;
use crate::error::RoutingError;
use crate::name::TableName;
use crate::observe::Recorders;
use crate::route::{Balancings, Decision, Question, Route, decide};
use crate::scope::Scope;
use crate::session::{Consistency, Home, TokenKey};
use crate::sql::{Access, Cache, Operation, ReadOnlyFunctions, classify};
use crate::topology::{DatabaseId, NodeId, Topology};

/// What is known about a text: what it does, and where its tables live by the connection's own
/// bindings.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) operation: Operation,
    bound: Bound,
    settled: Option<Settled>,
}

/// A decision that is the same every time, on a handle that has fixed nothing: no policy is asked
/// and no replica is chosen.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settled {
    pub(crate) decision: Decision,
    pub(crate) dialect: DbBackend,
    /// That of the topology it was made with.
    epoch: u64,
}

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
    pub(crate) balancing: Balancings,
    /// How many databases were declared; others came at run time.
    pub(crate) declared: usize,
    pub(crate) functions: ReadOnlyFunctions,
    pub(crate) cache: Cache<Known>,
    pub(crate) random: Randomness,
    pub(crate) recorders: Recorders,
    /// Whether some database has no RETURNING, so that SeaORM reads a row after it wrote it.
    pub(crate) reads_after_writes: AtomicBool,
    /// That of sessions that do not say it for themselves.
    pub(crate) consistency: Consistency,
    /// That of its sessions.
    pub(crate) home: Home,
    pub(crate) token_key: TokenKey,
    pub(crate) token_life: Duration,
    /// How often a replica refused a statement as a write.
    pub(crate) refusals: AtomicU64,
}

/// Where random numbers come from.
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

impl Known {
    /// Whether it may write: one whose text is not looked into may, whatever it starts with.
    pub(crate) fn may_write(&self) -> bool {
        let access = self.operation.access();
        let opaque = self.operation.is_opaque();
        opaque || matches!(access, Access::Unknown | Access::Write | Access::Schema)
    }
}

/// Whether SeaORM reads a row after it wrote it.
pub(crate) fn lacks_returning(dialect: DbBackend) -> bool {
    dialect == DbBackend::MySql || !dialect.support_returning()
}

impl Core {
    /// What is known about a text, found out if need be.
    pub(crate) fn know(&self, sql: &str, dialect: DbBackend) -> Arc<Known> {
        let shared = &self.shared;
        shared.cache.get_or_insert(dialect, sql, || {
            let operation = classify(sql, dialect, &shared.functions);
            let bound = shared.bindings.bound(&operation, dialect);
            self.known(operation, bound, dialect)
        })
    }

    fn known(&self, operation: Operation, bound: Bound, dialect: DbBackend) -> Known {
        let mut known = Known {
            operation,
            bound,
            settled: None,
        };
        known.settled = self.settle(&known, dialect);
        known
    }

    fn settle(&self, known: &Known, dialect: DbBackend) -> Option<Settled> {
        let topology = self.cluster.topology();
        let database = match known.bound {
            Bound::NoTable => self.shared.bindings.default_database(),
            Bound::One { database, .. } => database,
            Bound::Several(_) | Bound::Refused(_) => return None,
        };
        let database = topology.database(database);
        let chooses = known.operation.access() == Access::Read && !database.replicas.is_empty();
        if chooses || database.halt.is_some() || !self.shared.policies.is_empty() {
            return None;
        }
        let scope = Scope::new(dialect);
        let decision = self
            .decide(&topology, &scope, known, dialect, &[], None)
            .ok()?;
        self.check_allowed(&known.operation, decision.database)
            .ok()?;
        // Its text is looked at each time.
        if known.operation.is_opaque() && self.shared.forbidden.any_on(decision.database) {
            return None;
        }
        Some(Settled {
            decision,
            dialect: database.dialect,
            epoch: topology.epoch(),
        })
    }

    /// The decision on a text, where it is the same every time on a handle like this.
    pub(crate) fn settled(&self, scope: &Scope, known: &Known) -> Option<Settled> {
        let settled = known.settled.filter(|_| scope.is_plain())?;
        (settled.epoch == self.cluster.epoch()).then_some(settled)
    }

    /// Settles a text anew, where that was done with roles, members or pools that have changed.
    pub(crate) fn settle_again(&self, sql: &str, dialect: DbBackend, known: &Known) {
        let stale = |settled: Settled| settled.epoch != self.cluster.epoch();
        if known.settled.is_some_and(stale) {
            let known = self.known(known.operation.clone(), known.bound.clone(), dialect);
            self.shared.cache.put(dialect, sql, Arc::new(known));
        }
    }

    /// A replica refused a text as a write: it goes to the primary from now on.
    pub(crate) fn learn_refusal(&self, sql: &str, dialect: DbBackend, known: &Known) {
        self.shared.refusals.fetch_add(1, Ordering::Relaxed);
        tracing::warn!(target: "sea_orm_routing", sql, "a replica refused a statement as a write");
        let refused = known.operation.refused_by_replica();
        let known = self.known(refused, known.bound.clone(), dialect);
        self.shared.cache.put(dialect, sql, Arc::new(known));
    }

    /// Where a statement goes.
    pub(crate) fn decide(
        &self,
        topology: &Topology,
        scope: &Scope,
        known: &Known,
        dialect: DbBackend,
        failed: &[NodeId],
        mark: Option<Mark>,
    ) -> Result<Decision, DbErr> {
        self.ask(topology, scope, known, dialect, failed, mark, decide)
    }

    /// Refuses tables that must not be on a database. Policies are asked where its schema changes.
    pub(crate) fn check_allowed(
        &self,
        operation: &Operation,
        database: DatabaseId,
    ) -> Result<(), RoutingError> {
        let changes_schema = operation.access() == Access::Schema;
        self.check_tables(operation.tables(), database, changes_schema)
    }

    pub(crate) fn check_tables(
        &self,
        tables: &[TableName],
        database: DatabaseId,
        changes_schema: bool,
    ) -> Result<(), RoutingError> {
        let shared = &self.shared;
        let asks_policies = changes_schema && !shared.policies.is_empty();
        if shared.forbidden.is_empty() && !asks_policies {
            return Ok(());
        }
        let topology = self.cluster.topology();
        let found = topology.database(database);
        let forbidden = shared.forbidden.first(tables, database, found.dialect);
        let refused = forbidden.or_else(|| {
            let refuses = |table: &&TableName| {
                let mut rules = shared.policies.iter().filter_map(|it| it.table_rules());
                !rules.all(|rules| rules.allows(table, &found.name))
            };
            tables.iter().filter(|_| changes_schema).find(refuses)
        });
        match refused {
            Some(table) => Err(RoutingError::Forbidden {
                table: table.clone(),
                database: found.name.clone(),
            }),
            None => Ok(()),
        }
    }

    /// Refuses a text that names a table that must not be on a database, wherever in it.
    pub(crate) fn check_text(&self, sql: &str, database: DatabaseId) -> Result<(), RoutingError> {
        match self.shared.forbidden.named_in(sql, database) {
            Some(table) => Err(RoutingError::Forbidden {
                table: table.clone(),
                database: self.cluster.topology().database(database).name.clone(),
            }),
            None => Ok(()),
        }
    }

    /// Whether something may be forbidden on a database.
    pub(crate) fn forbids_on(&self, database: DatabaseId) -> bool {
        let mut policies = self.shared.policies.iter();
        self.shared.forbidden.any_on(database)
            || policies.any(|policy| policy.table_rules().is_some())
    }

    /// The mark of this thread, if SeaORM can have left one on this connection.
    pub(crate) fn take_mark(&self) -> Option<Mark> {
        match self.shared.reads_after_writes.load(Ordering::Relaxed) {
            true => Mark::take(self.address()),
            false => None,
        }
    }

    /// A statement succeeded on a pool of its own: SeaORM may read the row next.
    pub(crate) fn leave_mark(&self, known: &Known, database: DatabaseId) {
        let dialect = self.cluster.topology().database(database).dialect;
        if self.leaves_mark(known) && lacks_returning(dialect) {
            Mark::leave(self.address(), database, &known.operation);
        }
    }

    /// Whether SeaORM may read after this statement what it has written.
    pub(crate) fn leaves_mark(&self, known: &Known) -> bool {
        let reads = self.shared.reads_after_writes.load(Ordering::Relaxed);
        reads && known.operation.access() == Access::Write
    }

    fn address(&self) -> usize {
        Arc::as_ptr(&self.shared).addr()
    }

    /// Puts the question to `answer`.
    #[expect(
        clippy::too_many_arguments,
        reason = "each is one fact of the question"
    )]
    pub(crate) fn ask<T>(
        &self,
        topology: &Topology,
        scope: &Scope,
        known: &Known,
        dialect: DbBackend,
        failed: &[NodeId],
        mark: Option<Mark>,
        answer: impl FnOnce(&Question<'_>) -> Result<T, DbErr>,
    ) -> Result<T, DbErr> {
        let own;
        let bound = match &scope.bindings {
            None => &known.bound,
            Some(bindings) => {
                own = bindings.bound(&known.operation, dialect);
                &own
            }
        };
        answer(&Question {
            operation: &known.operation,
            dialect,
            bound,
            scope,
            topology,
            policies: &self.shared.policies,
            balancing: &self.shared.balancing,
            default: self.default_database(scope),
            follows_up: mark.and_then(|mark| mark.database_read_by(&known.operation)),
            past: &|database| {
                let session = scope.session.as_ref()?;
                Some((session.consistency(), session.past(database)))
            },
            failed,
            random: &|| self.shared.random.next(),
            now: &Instant::now,
        })
    }

    /// Whether the replica policy of a database wants to know how long reads take.
    pub(crate) fn measures_latency(&self, database: DatabaseId) -> bool {
        let balancing = self.shared.balancing.get(database.index());
        balancing.is_some_and(|balancing| balancing.policy.measures_latency())
    }

    pub(crate) fn default_database(&self, scope: &Scope) -> DatabaseId {
        match &scope.bindings {
            None => self.shared.bindings.default_database(),
            Some(bindings) => bindings.default_database(),
        }
    }

    /// Whether the default database is a mock, so that SeaORM does not expect rows of it.
    pub(crate) fn is_mock(&self) -> bool {
        let topology = self.cluster.topology();
        let default = topology.database(self.shared.bindings.default_database());
        let pool = self.cluster.pool_of(default.primary).get();
        pool.is_some_and(sea_orm::ConnectionTrait::is_mock_connection)
    }

    /// A decision with its names.
    pub(crate) fn route(&self, known: &Known, decision: Decision) -> Route {
        let balancing = self.shared.balancing.get(decision.database.index());
        Route::new(
            known.operation.clone(),
            decision,
            self.cluster.snapshot(),
            balancing.map_or("policy", |balancing| balancing.policy.name()),
        )
    }

    /// Tells whoever wants to know where a statement goes: the recordings and `tracing`.
    pub(crate) fn report(&self, known: &Known, decision: Decision) {
        if self.shared.recorders.any() {
            self.shared.recorders.record(&self.route(known, decision));
        }
        if tracing::enabled!(target: "sea_orm_routing", tracing::Level::DEBUG) {
            self.trace(known, decision);
        }
    }

    #[cold]
    fn trace(&self, known: &Known, decision: Decision) {
        let route = self.route(known, decision);
        tracing::debug!(
            target: "sea_orm_routing",
            database = route.database().as_str(),
            node = route.node().as_str(),
            role = %route.role(),
            access = %route.access(),
            why_database = route.why_database(),
            why_role = route.why_role(),
            why_node = route.why_node(),
            "routed"
        );
    }
}
