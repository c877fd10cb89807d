//! Choosing what a handle fixes, for connections and for transactions alike.

use std::sync::Arc;

use sea_orm::{DbBackend, EntityTrait, Statement};

use super::core::Core;
use crate::bind::{BindingOrigin, BindingsBuilder};
use crate::error::{BindingError, RefusedError, RoutingError, TxnError, dialect_name};
use crate::name::TableName;
use crate::scope::{Chosen, Place, Scope};
use crate::sql::{Access, ImplicitCommit};
use crate::topology::DatabaseId;

/// Makes scopes out of a scope.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scopes<'a> {
    pub(crate) core: &'a Core,
    pub(crate) scope: &'a Scope,
}

impl Scopes<'_> {
    /// A database or one node by its name.
    pub(crate) fn using(self, name: &str) -> Result<Scope, RoutingError> {
        let topology = self.core.cluster.topology();
        let (place, database) = match topology.find_database(name) {
            Some(database) => (Place::Database(database, Chosen::Using), database),
            None => {
                let node = topology.find_node(name).ok_or_else(|| {
                    let known = topology.database_names().chain(topology.node_names());
                    RoutingError::unknown_node(name, known)
                })?;
                (Place::Node(node), topology.node(node).database)
            }
        };
        Ok(Scope {
            place,
            dialect: topology.database_by_id(database).dialect,
            ..self.scope.clone()
        })
    }

    /// The database an entity is bound to.
    pub(crate) fn for_entity<E: EntityTrait>(self, entity: E) -> Result<Scope, RoutingError> {
        let database = self.database_of(&TableName::of(entity))?;
        Ok(Scope {
            place: Place::Database(database, Chosen::Entity),
            dialect: self
                .core
                .cluster
                .topology()
                .database_by_id(database)
                .dialect,
            ..self.scope.clone()
        })
    }

    /// Checks a statement that is to run first on each branch of a database, and returns the
    /// database.
    pub(crate) fn check_branch_begin(
        self,
        database: &str,
        statement: &Statement,
    ) -> Result<DatabaseId, RoutingError> {
        let topology = self.core.cluster.topology();
        let id = topology.require_database(database)?;
        let found = topology.database_by_id(id);
        let analysis = self.core.analyze(&statement.sql, statement.db_backend);
        let operation = &analysis.operation;
        let reason = if statement.db_backend != found.dialect {
            format!(
                "it is written for {}, the database is {}",
                dialect_name(statement.db_backend),
                dialect_name(found.dialect)
            )
        } else if operation.has_zero_byte() && found.dialect == DbBackend::Sqlite {
            RoutingError::Refused(RefusedError::NulByte).to_string()
        } else if outlives_transaction(&statement.sql, found.dialect) {
            "it would outlive the transaction, and meet the next user of the connection".to_owned()
        } else if let Some(ImplicitCommit::Certain(keyword)) = operation.commits_implicitly() {
            format!("{keyword} makes the database commit")
        } else if let Some(keyword) = operation.controls_transaction() {
            format!("{keyword} begins or ends a transaction")
        } else if matches!(operation.access(), Access::Write | Access::Schema) {
            format!("it is {}: {}", operation.access(), operation.evidence())
        } else {
            self.core.check_allowed(operation, id)?;
            return Ok(id);
        };
        Err(RoutingError::Transaction(TxnError::InvalidBranchBegin {
            database: found.name.clone(),
            reason,
        }))
    }

    /// A scope with more bindings, on top of the existing ones.
    pub(crate) fn with_bindings<I, T, D>(self, bindings: I) -> Result<Scope, RoutingError>
    where
        I: IntoIterator<Item = (T, D)>,
        T: Into<TableName>,
        D: AsRef<str>,
    {
        let topology = self.core.cluster.topology();
        let base = match &self.scope.bindings {
            Some(bindings) => bindings,
            None => &self.core.shared.bindings,
        };
        let mut builder = BindingsBuilder::over(base);
        for (table, name) in bindings {
            let (table, name) = (table.into(), name.as_ref());
            let what = format!("table \"{table}\"");
            let Some(database) = topology.find_database(name) else {
                return Err(RoutingError::Binding(BindingError::UnknownBindingTarget {
                    what,
                    database: name.to_owned(),
                    known: crate::error::database_names(topology.database_names()),
                }));
            };
            let name_of = |id| topology.database_by_id(id).name.to_string();
            let dialect = topology.database_by_id(database).dialect;
            let origin = BindingOrigin::Builder;
            builder.table(table, database, dialect, origin, what, name_of)?;
        }
        Ok(Scope {
            bindings: Some(Arc::new(builder.finish())),
            ..self.scope.clone()
        })
    }

    pub(crate) fn database_of(self, table: &TableName) -> Result<DatabaseId, RoutingError> {
        let bindings = match &self.scope.bindings {
            Some(bindings) => bindings,
            None => &self.core.shared.bindings,
        };
        bindings.of_entity(table).ok_or_else(|| {
            RoutingError::Binding(BindingError::Unbound {
                table: table.clone(),
            })
        })
    }
}

/// Whether a text outlives its transaction: Postgres keeps prepared statements, session locks, and
/// what `SET` and `set_config(.., false)` set.
fn outlives_transaction(sql: &str, dialect: DbBackend) -> bool {
    if dialect != DbBackend::Postgres {
        return false;
    }
    let words = crate::sql::words(sql, dialect);
    let is = |place: usize, expected: &[&str]| {
        let word = words.get(place);
        word.is_some_and(|word| expected.iter().any(|e| word.eq_ignore_ascii_case(e)))
    };
    let any = |expected: &str| words.iter().any(|word| word.eq_ignore_ascii_case(expected));
    let sets = is(0, &["set"]) && !is(1, &["local", "transaction", "constraints"]);
    let configures = any("set_config") && (!any("true") || any("false") || any("not"));
    let keeps = is(0, &["declare", "discard", "listen", "load", "prepare"]);
    let locks = any("pg_advisory_lock") || any("pg_advisory_lock_shared");
    sets || configures || keeps || locks
}
