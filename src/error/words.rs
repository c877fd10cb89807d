//! Lists and names as errors print them.

use sea_orm::DbBackend;

use crate::name::{DatabaseName, NodeName};

/// The name of a dialect as its users write it.
pub(crate) fn dialect_name(dialect: DbBackend) -> &'static str {
    match dialect {
        DbBackend::Postgres => "Postgres",
        DbBackend::MySql => "MySQL",
        DbBackend::Sqlite => "SQLite",
        other => other.as_str(),
    }
}

/// `a, b`, or that there is none.
pub(super) fn names(names: &[DatabaseName]) -> String {
    let names: Vec<_> = names.iter().map(DatabaseName::as_str).collect();
    match names.is_empty() {
        true => "none".to_owned(),
        false => names.join(", "),
    }
}

/// `a, b`, or that they are not known.
pub(super) fn node_names(nodes: &[NodeName]) -> String {
    let names: Vec<_> = nodes.iter().map(NodeName::as_str).collect();
    match names.is_empty() {
        true => "some nodes".to_owned(),
        false => names.join(", "),
    }
}

/// `"a", "b"`.
pub(crate) fn list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<_> = names.into_iter().map(|name| format!("{name:?}")).collect();
    match names.is_empty() {
        true => "none".to_owned(),
        false => names.join(", "),
    }
}
