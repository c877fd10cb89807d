//! Finding out what a text does, once: classifying it, binding its tables, and deciding where it goes if
//! that is the same every time.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use sea_orm::DbBackend;

use super::analysis::{Analysis, Precomputed};
use super::core::Core;
use crate::bind::Bound;
use crate::name::TableList;
use crate::route::Decision;
use crate::scope::Scope;
use crate::sql::{Access, Flavor, Operation, classify};
use crate::topology::{Database, Topology};

impl Core {
    /// The analysis of a text: from the cache, or made now.
    pub(crate) fn analyze(&self, sql: &str, dialect: DbBackend) -> Arc<Analysis> {
        let shared = &self.shared;
        let flavor = self.cluster.flavor(dialect);
        shared.cache.get_or_insert(flavor, sql, || {
            let operation = classify(sql, flavor, &shared.functions);
            let bound = shared.bindings.bound(&operation, dialect);
            self.analysis(operation, flavor, bound)
        })
    }

    fn analysis(&self, operation: Operation, flavor: Flavor, bound: Bound) -> Analysis {
        let mut analysis = Analysis {
            operation,
            flavor,
            bound,
            precomputed: None,
            stopped: None,
        };
        self.precompute(&mut analysis);
        analysis
    }

    fn precompute(&self, analysis: &mut Analysis) {
        let topology = self.cluster.topology();
        let database = match analysis.bound {
            Bound::NoTable => self.shared.bindings.default_database(),
            Bound::One { database, .. } => database,
            Bound::Several(_) | Bound::Refused(_) => return,
        };
        let database = topology.database_by_id(database);
        match database.write_block {
            Some(_) => analysis.stopped = Some(topology.epoch()),
            None => analysis.precomputed = self.decide_once(&topology, database, analysis),
        }
    }

    /// The decision, if it is the same every time.
    fn decide_once(
        &self,
        topology: &Topology,
        database: &Database,
        analysis: &Analysis,
    ) -> Option<Precomputed> {
        let dialect = analysis.flavor.dialect;
        let chooses = analysis.operation.access() == Access::Read && !database.replicas.is_empty();
        if chooses || !self.shared.policies.is_empty() {
            return None;
        }
        let scope = Scope::new(dialect);
        let decided = self.decide(topology, &scope, analysis, dialect, None);
        let decision = decided.ok()?;
        self.check_allowed(&analysis.operation, decision.database)
            .ok()?;
        // A text that is not fully understood is searched for forbidden tables each time.
        if analysis.operation.is_opaque() && self.shared.forbidden.any_on(decision.database) {
            return None;
        }
        Some(Precomputed {
            decision,
            dialect: database.dialect,
            epoch: topology.epoch(),
        })
    }

    /// The decision on a text, if it is always the same on a handle like this.
    pub(crate) fn precomputed(
        &self,
        scope: &Scope,
        analysis: &Analysis,
        dialect: DbBackend,
    ) -> Option<Decision> {
        let precomputed = analysis.precomputed.filter(|_| scope.is_plain())?;
        let speaks_it = precomputed.dialect == scope.dialect && precomputed.dialect == dialect;
        (speaks_it && precomputed.epoch == self.cluster.epoch()).then_some(precomputed.decision)
    }

    /// Replaces a precomputed decision that was made before roles, members or pools changed, or while writes
    /// were stopped.
    pub(crate) fn refresh_precomputed(&self, sql: &str, analysis: &Analysis) {
        let made = analysis.precomputed.map(|made| made.epoch);
        let is_stale = |made: u64| made != self.cluster.epoch();
        if made.or(analysis.stopped).is_some_and(is_stale) {
            let (operation, bound) = (analysis.operation.clone(), analysis.bound.clone());
            let analysis = self.analysis(operation, analysis.flavor, bound);
            let cache = &self.shared.cache;
            cache.put(analysis.flavor, sql, Arc::new(analysis));
        }
    }

    /// A replica refused a text as a write: it goes to the primary from now on.
    pub(crate) fn learn_refusal(&self, sql: &str, analysis: &Analysis, decision: Decision) {
        self.shared
            .reads_refused_by_replicas
            .fetch_add(1, Ordering::Relaxed);
        let text = match self.cluster.pool(decision.pool).traces_texts() {
            true => sql,
            false => "hidden, since record_stmt_in_spans is off",
        };
        let topology = self.cluster.topology();
        let node = topology.node(decision.node).name.as_str();
        tracing::warn!(
            target: "sea_orm_routing",
            node,
            sql = text,
            tables = %TableList(analysis.operation.tables()),
            "a replica refused a statement as a write"
        );
        let refused = analysis.operation.refused_by_replica();
        let analysis = self.analysis(refused, analysis.flavor, analysis.bound.clone());
        let cache = &self.shared.cache;
        cache.put(analysis.flavor, sql, Arc::new(analysis));
    }
}

#[cfg(all(test, feature = "mock"))]
mod tests {
    use sea_orm::{DbBackend, MockDatabase};

    use crate::RoutingConnection;
    use crate::topology::{DatabaseId, WriteBlock};

    #[test]
    fn a_text_that_was_first_seen_while_writes_were_stopped_is_precomputed_afterwards() {
        let mock = MockDatabase::new(DbBackend::Postgres).into_connection();
        let db = RoutingConnection::single(mock);
        let (core, sql) = (&db.core, "INSERT INTO item VALUES (1)");
        let stop = |block| {
            let state = core.cluster.state();
            state.change(|topology| topology.set_write_block(DatabaseId::new(0), block));
        };
        let is_precomputed = || {
            let analysis = core.analyze(sql, DbBackend::Postgres);
            core.refresh_precomputed(sql, &analysis);
            let analysis = core.analyze(sql, DbBackend::Postgres);
            core.precomputed(&db.scope, &analysis, DbBackend::Postgres)
                .is_some()
        };
        stop(Some(WriteBlock::NoPrimary));
        assert!(!is_precomputed());
        stop(None);
        assert!(is_precomputed());
        stop(Some(WriteBlock::NoPrimary));
        assert!(!is_precomputed());
    }
}
