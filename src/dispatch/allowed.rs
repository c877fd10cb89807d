//! Refusing tables that are forbidden on a database, whatever a handle or a migration says.

use super::core::Core;
use crate::error::{BindingError, RoutingError};
use crate::name::TableName;
use crate::sql::{Access, Operation};
use crate::topology::DatabaseId;

impl Core {
    /// Refuses an operation that names a table which is forbidden on a database.
    pub(crate) fn check_allowed(
        &self,
        operation: &Operation,
        database: DatabaseId,
    ) -> Result<(), RoutingError> {
        let changes_schema = operation.access() == Access::Schema;
        self.check_tables(operation.tables(), database, changes_schema)
    }

    /// Refuses tables that are forbidden on a database, and, for a schema change, those that a
    /// policy does not allow there.
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
        let found = topology.database_by_id(database);
        let forbidden = shared.forbidden.first(tables, database, found.dialect);
        let refused = forbidden.or_else(|| {
            let is_refused = |table: &&TableName| {
                let mut rules = shared.policies.iter().filter_map(|it| it.table_rules());
                !rules.all(|rules| rules.allows(table, &found.name))
            };
            tables.iter().filter(|_| changes_schema).find(is_refused)
        });
        match refused {
            Some(table) => Err(RoutingError::Binding(BindingError::Forbidden {
                table: table.clone(),
                database: found.name.clone(),
            })),
            None => Ok(()),
        }
    }

    /// Refuses a text that names a forbidden table of a database, in any position.
    pub(crate) fn check_text(&self, sql: &str, database: DatabaseId) -> Result<(), RoutingError> {
        match self.shared.forbidden.named_in(sql, database) {
            Some(table) => Err(RoutingError::Binding(BindingError::Forbidden {
                table: table.clone(),
                database: self
                    .cluster
                    .topology()
                    .database_by_id(database)
                    .name
                    .clone(),
            })),
            None => Ok(()),
        }
    }

    /// Whether any table may be forbidden on a database.
    pub(crate) fn forbids_on(&self, database: DatabaseId) -> bool {
        let mut policies = self.shared.policies.iter();
        self.shared.forbidden.any_on(database)
            || policies.any(|policy| policy.table_rules().is_some())
    }
}
