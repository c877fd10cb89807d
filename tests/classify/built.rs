//! How a statement of sea-query is rendered and checked.

use sea_orm::DbBackend;
use sea_orm::sea_query::{
    Alias, MysqlQueryBuilder, PostgresQueryBuilder, QueryStatementWriter, SqliteQueryBuilder,
};
use sea_orm_routing::sql::Access;

use crate::support::{access, tables};

pub(crate) fn iden(name: &'static str) -> Alias {
    Alias::new(name)
}

fn render(statement: &impl QueryStatementWriter, dialect: DbBackend) -> [String; 2] {
    match dialect {
        DbBackend::Postgres => [
            statement.to_string(PostgresQueryBuilder),
            statement.build(PostgresQueryBuilder).0,
        ],
        DbBackend::MySql => [
            statement.to_string(MysqlQueryBuilder),
            statement.build(MysqlQueryBuilder).0,
        ],
        _ => [
            statement.to_string(SqliteQueryBuilder),
            statement.build(SqliteQueryBuilder).0,
        ],
    }
}

/// The statement, with its values written out and bound, is `expected` in these dialects.
#[track_caller]
pub(crate) fn is(
    statement: &impl QueryStatementWriter,
    dialects: &[DbBackend],
    expected: Access,
    named: &[&str],
) {
    for dialect in dialects {
        for sql in render(statement, *dialect) {
            assert_eq!(access(&sql, *dialect), expected, "{dialect:?}: {sql}");
            let found = tables(&sql, *dialect);
            assert_eq!(
                found,
                named.iter().map(|name| (*name).to_owned()).collect(),
                "{dialect:?}: {sql}"
            );
        }
    }
}
