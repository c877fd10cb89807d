//! Lists and names as errors print them.

use std::fmt;

use sea_orm::DbBackend;

use super::ConsideredNode;
use crate::name::{DatabaseName, NodeName, TableName};

/// The name of a dialect as its users write it.
pub(crate) fn dialect_name(dialect: DbBackend) -> &'static str {
    match dialect {
        DbBackend::Postgres => "Postgres",
        DbBackend::MySql => "MySQL",
        DbBackend::Sqlite => "SQLite",
        other => other.as_str(),
    }
}

/// `"a", "b"`, or `none`.
pub(crate) struct Quoted<'a, T>(pub(crate) &'a [T]);

impl<T: fmt::Display> fmt::Display for Quoted<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("none");
        }
        for (index, name) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            write!(f, "{separator}\"{name}\"")?;
        }
        Ok(())
    }
}

/// Names of databases as an error keeps them.
pub(crate) fn database_names<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<DatabaseName> {
    names.into_iter().map(DatabaseName::new).collect()
}

/// `"item" in "default", "stock" in "warehouse"`.
pub(super) fn located(tables: &[(TableName, DatabaseName)]) -> String {
    let tables = tables.iter();
    let tables = tables.map(|(table, database)| format!("\"{table}\" in \"{database}\""));
    tables.collect::<Vec<_>>().join(", ")
}

/// Each node with its state.
pub(super) fn states(nodes: &[ConsideredNode]) -> String {
    match nodes.is_empty() {
        true => "it has none".to_owned(),
        false => {
            let nodes = nodes.iter().map(ToString::to_string);
            nodes.collect::<Vec<_>>().join(", ")
        }
    }
}

/// The name of a primary after a space, if it is known.
pub(super) fn on_primary(primary: &Option<NodeName>) -> String {
    let quoted = |primary: &NodeName| format!(" \"{primary}\"");
    primary.as_ref().map_or_else(String::new, quoted)
}
