//! What the tests share: databases of their own, migrations, and conditions to wait for.

mod gate;
mod migrations;
mod sites;

use std::fmt::{Debug, Display};
use std::future::Future;
use std::time::{Duration, Instant};

pub(crate) use gate::{Gate, TableGate};
pub(crate) use migrations::{Set, Step, creates};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement, TryGetable};
pub(crate) use sites::{Engine, Site, Sites, plain, tables_of};

pub(crate) type Result<T = (), E = Box<dyn std::error::Error>> = std::result::Result<T, E>;

/// No test waits longer for a condition.
pub(crate) const LIMIT: Duration = Duration::from_secs(30);

const INTERVAL: Duration = Duration::from_millis(25);

/// Waits until a condition holds.
pub(crate) async fn eventually<F>(what: &str, mut holds: impl FnMut() -> F)
where
    F: Future<Output = bool>,
{
    let deadline = Instant::now() + LIMIT;
    while !holds().await {
        assert!(Instant::now() < deadline, "{what}: not within {LIMIT:?}");
        tokio::time::sleep(INTERVAL).await;
    }
}

/// The output of a future that must not hang.
pub(crate) async fn soon<F: Future>(what: &str, future: F) -> F::Output {
    let outcome = tokio::time::timeout(LIMIT, future).await;
    outcome.unwrap_or_else(|_| panic!("{what}: hangs"))
}

/// The text of an error, which must be one.
#[track_caller]
pub(crate) fn error_of<T: Debug, E: Display>(result: Result<T, E>) -> String {
    match result {
        Ok(value) => panic!("should have failed, but is {value:?}"),
        Err(error) => error.to_string(),
    }
}

/// Asserts that a text has all these parts.
#[track_caller]
pub(crate) fn assert_says(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "no {part:?} in: {text}");
    }
}

/// The first column of what `sql` returns.
pub(crate) async fn column<T: TryGetable>(
    db: &impl ConnectionTrait,
    sql: &str,
) -> Result<Vec<T>, DbErr> {
    let statement = Statement::from_string(db.get_database_backend(), sql);
    let rows = db.query_all_raw(statement).await?;
    rows.iter().map(|row| row.try_get_by_index(0)).collect()
}

/// The one value that `sql` returns.
pub(crate) async fn value<T: TryGetable>(db: &impl ConnectionTrait, sql: &str) -> Result<T, DbErr> {
    let first = column(db, sql).await?.into_iter().next();
    first.ok_or_else(|| DbErr::RecordNotFound(sql.to_owned()))
}

/// The tables that exist, migration tables included, sorted.
pub(crate) async fn tables(db: &impl ConnectionTrait) -> Result<Vec<String>, DbErr> {
    let sql = match db.get_database_backend() {
        DbBackend::Postgres => {
            "SELECT tablename::text FROM pg_tables WHERE schemaname = current_schema() ORDER BY 1"
        }
        DbBackend::MySql => {
            "SELECT table_name FROM information_schema.tables \
             WHERE table_schema = DATABASE() ORDER BY 1"
        }
        _ => {
            "SELECT name FROM sqlite_schema WHERE type = 'table' \
             AND name NOT LIKE 'sqlite_%' ORDER BY 1"
        }
    };
    column(db, sql).await
}
