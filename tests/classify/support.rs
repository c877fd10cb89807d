//! What the modules share: the dialects, and how a classification is compared.

use std::collections::BTreeSet;

use sea_orm::DbBackend;
use sea_orm_routing::sql::{Access, Operation};

pub(crate) const DIALECTS: [DbBackend; 3] =
    [DbBackend::Postgres, DbBackend::MySql, DbBackend::Sqlite];

/// The tables a text names, in any order.
pub(crate) fn tables(sql: &str, dialect: DbBackend) -> BTreeSet<String> {
    let operation = Operation::of(sql, dialect);
    operation.tables().iter().map(ToString::to_string).collect()
}

pub(crate) fn access(sql: &str, dialect: DbBackend) -> Access {
    Operation::of(sql, dialect).access()
}

/// The parts of a classification that decide its route.
pub(crate) fn outcome(sql: &str, dialect: DbBackend) -> (Access, BTreeSet<String>) {
    (access(sql, dialect), tables(sql, dialect))
}

/// A row of a case file: a dialect, a route, tables, a text.
pub(crate) struct Row {
    pub(crate) dialect: DbBackend,
    pub(crate) route: &'static str,
    pub(crate) tables: &'static str,
    pub(crate) sql: &'static str,
}

pub(crate) fn rows(file: &'static str) -> impl Iterator<Item = Row> {
    file.lines().filter_map(|line| {
        let mut fields = line.splitn(4, '\t');
        let dialect = match fields.next()? {
            "postgres" => DbBackend::Postgres,
            "mysql" => DbBackend::MySql,
            "sqlite" => DbBackend::Sqlite,
            _ => return None,
        };
        Some(Row {
            dialect,
            route: fields.next()?,
            tables: fields.next()?,
            sql: fields.next()?,
        })
    })
}

/// The dialects and texts of all case files.
pub(crate) fn case_texts() -> impl Iterator<Item = (DbBackend, &'static str)> {
    let files = [
        include_str!("../cases/routing-cases.tsv"),
        include_str!("../cases/more-cases.tsv"),
        include_str!("statements.tsv"),
    ];
    files
        .into_iter()
        .flat_map(rows)
        .map(|row| (row.dialect, row.sql))
}

/// Fails with the first few of many failures.
#[track_caller]
pub(crate) fn none_failed(failures: &[String]) {
    let shown = failures
        .iter()
        .take(40)
        .map(String::as_str)
        .collect::<Vec<_>>();
    assert!(
        failures.is_empty(),
        "{} failures:\n{}\n",
        failures.len(),
        shown.join("\n")
    );
}
