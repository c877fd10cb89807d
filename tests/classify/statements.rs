//! Statements that applications and tools really send, row by row.

use sea_orm_routing::sql::Access;

use crate::support::{access, none_failed, rows, tables};

#[test]
fn every_statement_goes_where_its_row_says() {
    let mut failures = Vec::new();
    for row in rows(include_str!("statements.tsv")) {
        let expected = row
            .tables
            .split(',')
            .filter(|name| *name != "none")
            .map(str::to_owned)
            .collect();
        let found = tables(row.sql, row.dialect);
        let replica = access(row.sql, row.dialect) == Access::Read;
        if replica != (row.route == "replica") || found != expected {
            let route = if replica { "replica" } else { "primary" };
            failures.push(format!(
                "{:?}: {}\n    {route} {found:?}, expected {} {expected:?}",
                row.dialect, row.sql, row.route
            ));
        }
    }
    none_failed(&failures);
}

/// A text that a row cannot hold: a string continues after a line break and a comment.
#[test]
fn an_escape_string_goes_on_past_a_comment() {
    let sql = "SELECT E'a' -- c\n'x\\'' FROM a FOR UPDATE --'";
    assert_eq!(
        access(sql, sea_orm::DbBackend::Postgres),
        Access::LockingRead
    );
}
