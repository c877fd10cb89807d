//! Errors made from what is at hand where they arise.

use std::sync::Arc;

use sea_orm::DbErr;

use super::{
    BindingError, ConfigError, RefusedError, RoutingError, SchemaError, TopologyError,
    database_names,
};
use crate::name::{DatabaseName, TableName};
use crate::sql::{Access, Evidence};

impl RoutingError {
    /// The error for a database that is not among `known`.
    pub fn unknown_database<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        Self::Topology(TopologyError::UnknownDatabase {
            name: name.to_owned(),
            known: database_names(known),
        })
    }

    pub(crate) fn unknown_node<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        Self::Topology(TopologyError::UnknownNode {
            name: name.to_owned(),
            known: known.into_iter().map(str::to_owned).collect(),
        })
    }

    /// Refuses what cannot be a name.
    pub(crate) fn check_name(what: &'static str, name: &str) -> Result<(), Self> {
        match name.trim().is_empty() || name.contains(char::is_control) {
            false => Ok(()),
            true => Err(Self::Config(ConfigError::InvalidName {
                what,
                name: name.to_owned(),
            })),
        }
    }

    /// The error for a table without a binding, where unbound tables are refused.
    #[doc(hidden)]
    pub fn unbound(table: TableName) -> Self {
        Self::Binding(BindingError::Unbound { table })
    }

    /// The error for a statement that names tables of several databases.
    #[doc(hidden)]
    pub fn several_databases(tables: Vec<(TableName, DatabaseName)>) -> Self {
        Self::Binding(BindingError::SeveralDatabases { tables })
    }

    /// The error for a statement on a handle that allows only reads.
    #[doc(hidden)]
    pub fn read_only(scope: &'static str, access: Access, evidence: Evidence) -> Self {
        Self::Refused(RefusedError::ReadOnly {
            scope,
            access,
            evidence,
        })
    }

    /// The error for a schema that no single database is chosen for.
    #[doc(hidden)]
    pub fn ambiguous_database() -> Self {
        Self::Schema(SchemaError::AmbiguousDatabase)
    }

    /// The error for a schema sync that failed on one database.
    #[doc(hidden)]
    pub fn sync_failed(database: DatabaseName, source: DbErr) -> Self {
        Self::Schema(SchemaError::Sync {
            database,
            source: Arc::new(source),
        })
    }
}
