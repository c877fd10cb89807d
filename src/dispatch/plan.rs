//! Rendering a statement and deciding where it goes.

use std::sync::Arc;

use sea_orm::{DbBackend, DbErr, Statement};

use super::core::{Core, Known, Settled};
use super::source::Source;
use crate::error::{RoutingError, dialect_name};
use crate::route::{Decision, WhyDatabase};
use crate::scope::Scope;
use crate::sql::Access;
use crate::topology::Topology;

/// A statement, what is known about it, and what was decided.
pub(crate) struct Planned {
    pub(crate) statement: Statement,
    pub(crate) known: Arc<Known>,
    pub(crate) decision: Decision,
}

/// Renders a statement and decides where it goes, or takes what is settled.
///
/// One for a node of another dialect than the handle's is rendered once more for the node and
/// decided again, if it is a builder's read; everything else is refused.
pub(crate) fn plan<S: Source>(
    core: &Core,
    scope: &Scope,
    source: &mut S,
    settled: impl FnOnce(&Known) -> Option<Settled>,
    decide: impl FnOnce(&Topology, &Known, DbBackend) -> Result<Decision, DbErr>,
) -> Result<Planned, DbErr> {
    let statement = source.render(scope.dialect);
    let known = core.know(&statement.sql, statement.db_backend);
    if let Some(settled) = settled(&known)
        && settled.dialect == scope.dialect
        && settled.dialect == statement.db_backend
    {
        return Ok(Planned {
            statement,
            known,
            decision: settled.decision,
        });
    }
    core.settle_again(&statement.sql, statement.db_backend, &known);
    let topology = core.cluster.topology();
    let decision = decide(&topology, &known, statement.db_backend)?;
    core.check_allowed(&known.operation, decision.database)?;
    if known.operation.is_opaque() {
        core.check_text(&statement.sql, decision.database)?;
    }
    let dialect = topology.database_by_id(decision.database).dialect;
    if dialect == scope.dialect && dialect == statement.db_backend {
        return Ok(Planned {
            statement,
            known,
            decision,
        });
    }
    if S::RAW || known.operation.access() != Access::Read {
        return Err(foreign::<S>(&topology, scope, &statement, &known, decision).into());
    }
    let first = known;
    let statement = source.render(dialect);
    let known = core.know(&statement.sql, dialect);
    let same = known.operation.access() == Access::Read
        && known.operation.tables() == first.operation.tables();
    if !same {
        return Err(foreign::<S>(&topology, scope, &statement, &known, decision).into());
    }
    Ok(Planned {
        statement,
        known,
        decision,
    })
}

/// The refusal of a statement in another dialect than its handle's or its node's.
#[cold]
fn foreign<S: Source>(
    topology: &Topology,
    scope: &Scope,
    statement: &Statement,
    known: &Known,
    decision: Decision,
) -> RoutingError {
    let database = topology.database_by_id(decision.database);
    if database.dialect == scope.dialect {
        return RoutingError::StatementDialect {
            statement_dialect: dialect_name(statement.db_backend),
            database: database.name.clone(),
            node: topology.node(decision.node).name.clone(),
            node_dialect: dialect_name(database.dialect),
        };
    }
    let what = match S::RAW {
        true => "raw SQL".to_owned(),
        false => format!("this statement ({})", known.operation.access()),
    };
    RoutingError::ForeignDialect {
        what,
        database: database.name.clone(),
        node_dialect: dialect_name(database.dialect),
        handle_dialect: dialect_name(scope.dialect),
        way_out: match decision.why_database {
            // for_entity(..) asks the bindings, and they do not lead there.
            WhyDatabase::Policy(_) => format!("using({:?})", database.name.as_str()),
            _ => format!(
                "the handle for_entity(..) of the entity, or using({:?}), which speaks {}",
                database.name.as_str(),
                dialect_name(database.dialect)
            ),
        },
    }
}
