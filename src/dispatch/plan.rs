//! Rendering a statement, and the check that its node speaks its dialect.

use std::sync::Arc;

use sea_orm::{DbErr, Statement};

use super::analysis::Analysis;
use super::core::Core;
use super::source::Source;
use crate::error::{RefusedError, RoutingError, dialect_name};
use crate::route::{Decision, WhyDatabase};
use crate::scope::Scope;
use crate::sql::Access;
use crate::topology::{Load, Topology};

/// A statement in the dialect of its handle, and what is known about it.
pub(crate) struct Rendered {
    pub(crate) statement: Statement,
    pub(crate) analysis: Arc<Analysis>,
}

/// A statement, what is known about it, and where it goes.
pub(crate) struct Planned {
    pub(crate) statement: Statement,
    pub(crate) analysis: Arc<Analysis>,
    pub(crate) decision: Decision,
    /// Load of the node, if it is a replica or was chosen among several.
    pub(crate) load: Option<Arc<Load>>,
}

impl Rendered {
    /// Renders a statement in the dialect of its handle.
    pub(crate) fn new<S: Source>(core: &Core, scope: &Scope, source: &mut S) -> Self {
        let statement = source.render(scope.dialect);
        let analysis = core.analyze(&statement.sql, statement.db_backend);
        Self {
            statement,
            analysis,
        }
    }

    /// Plans the statement as it is, without rendering it again.
    pub(crate) fn planned(self, decision: Decision, load: Option<Arc<Load>>) -> Planned {
        Planned {
            statement: self.statement,
            analysis: self.analysis,
            decision,
            load,
        }
    }

    /// The statement for the node that was decided on.
    ///
    /// A statement for a node of another dialect than the handle's is rendered once more for that
    /// node and analyzed again, if a builder made it and it is a read. A raw one is sent as it is if it is in the
    /// dialect of the node.
    ///
    /// # Errors
    ///
    /// Tables that are forbidden there; any other statement of another dialect.
    pub(crate) fn for_node<S: Source>(
        self,
        core: &Core,
        topology: &Topology,
        scope: &Scope,
        source: &mut S,
        decision: Decision,
    ) -> Result<Planned, DbErr> {
        let operation = &self.analysis.operation;
        core.check_allowed(operation, decision.database)?;
        if operation.is_opaque() {
            core.check_text(&self.statement.sql, decision.database)?;
        }
        let dialect = topology.database_by_id(decision.database).dialect;
        // A raw statement says itself which dialect it is in.
        if dialect == self.statement.db_backend && (dialect == scope.dialect || S::RAW) {
            return Ok(self.planned(decision, decision.load(topology)));
        }
        if S::RAW || operation.access() != Access::Read {
            return Err(self.foreign::<S>(topology, scope, decision).into());
        }
        let statement = source.render(dialect);
        let analysis = core.analyze(&statement.sql, dialect);
        let again = Self {
            statement,
            analysis,
        };
        let is_same_read = again.analysis.operation.access() == Access::Read
            && again.analysis.operation.tables() == operation.tables();
        match is_same_read {
            true => Ok(again.planned(decision, decision.load(topology))),
            false => Err(again.foreign::<S>(topology, scope, decision).into()),
        }
    }

    /// The refusal of a statement in another dialect than its handle's or its node's.
    #[cold]
    fn foreign<S: Source>(
        &self,
        topology: &Topology,
        scope: &Scope,
        decision: Decision,
    ) -> RoutingError {
        let database = topology.database_by_id(decision.database);
        if database.dialect == scope.dialect {
            return RoutingError::Refused(RefusedError::StatementDialect {
                statement_dialect: dialect_name(self.statement.db_backend),
                database: database.name.clone(),
                node: topology.node(decision.node).name.clone(),
                node_dialect: dialect_name(database.dialect),
            });
        }
        let what = match S::RAW {
            true => "raw SQL".to_owned(),
            false => format!("this statement ({})", self.analysis.operation.access()),
        };
        RoutingError::Refused(RefusedError::ForeignDialect {
            what,
            database: database.name.clone(),
            node_dialect: dialect_name(database.dialect),
            handle_dialect: dialect_name(scope.dialect),
            way_out: match decision.why.database {
                // `for_entity(..)` follows the bindings, which do not lead there.
                WhyDatabase::Policy(_) => format!("using({:?})", database.name.as_str()),
                _ => format!(
                    "the handle for_entity(..) of the entity, or using({:?}), which speaks {}",
                    database.name.as_str(),
                    dialect_name(database.dialect)
                ),
            },
        })
    }
}
