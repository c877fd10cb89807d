//! What a primary has committed, asked for on a connection of its pool.

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, QueryResult, Statement};

use crate::topology::Position;

/// As the monitor asks; see there for the pitfalls.
const POSTGRES: &str = "SELECT pg_current_wal_flush_lsn()::text AS a, \
    pg_current_wal_insert_lsn()::text AS b, (current_setting('synchronous_commit') = 'off' \
    OR EXISTS (SELECT FROM pg_db_role_setting \
    WHERE 'synchronous_commit=off' = ANY (setconfig)))::text AS c";
const VERSION: &str = "SELECT VERSION() AS a";
const MARIADB: &str = "SELECT CAST(@@global.gtid_binlog_pos AS CHAR) AS a";
const MYSQL: &str = "SELECT CAST(@@global.gtid_executed AS CHAR) AS a";

/// A position that is past every commit that has returned; nothing where there is no way to tell:
/// SQLite, a server that keeps no log.
pub(crate) async fn committed(
    primary: &DatabaseConnection,
    asynchronous: bool,
) -> Result<Option<Position>, DbErr> {
    let dialect = primary.get_database_backend();
    let ask = |sql: &'static str| primary.query_one_raw(Statement::from_string(dialect, sql));
    match dialect {
        DbBackend::Postgres => {
            let Some(row) = ask(POSTGRES).await? else {
                return Ok(None);
            };
            let lsn = |column| Position::of(dialect, &text(&row, column)?);
            let flushes = !asynchronous && text(&row, "c").as_deref() == Some("false");
            Ok(Position::committed(lsn("a"), lsn("b"), flushes))
        }
        DbBackend::MySql => {
            let version = ask(VERSION).await?.and_then(|row| text(&row, "a"));
            let is_mariadb = version.is_some_and(|version| version.contains("MariaDB"));
            let sql = match is_mariadb {
                true => MARIADB,
                false => MYSQL,
            };
            let position = ask(sql).await?.and_then(|row| text(&row, "a"));
            Ok(position.and_then(|position| Position::of(dialect, &position)))
        }
        _ => Ok(None),
    }
}

fn text(row: &QueryResult, column: &str) -> Option<String> {
    let text: Option<String> = row.try_get("", column).ok()?;
    text.filter(|text| !text.trim().is_empty())
}
