//! The spans SeaORM opens around what a pool does, around what a branch does.
//!
//! SeaORM's feature `tracing-spans` opens them for its own connections and transactions; branches
//! are ours. The fields are SeaORM's, which are those of OpenTelemetry.

use std::future::Future;

use sea_orm::{DbBackend, DbErr, Statement};
use tracing::Instrument;
use tracing::field::Empty;

/// One span, before it is entered.
pub(super) struct Span(tracing::Span);

macro_rules! span {
    ($name:literal, $dialect:expr, $operation:expr) => {
        Self(tracing::info_span!(
            // Where SeaORM's own transactions say it, so that its users' filters let it through.
            target: "sea_orm::database::transaction",
            $name,
            otel.kind = "client",
            db.system = system($dialect),
            db.operation = $operation,
            db.statement = Empty,
            otel.status_code = Empty,
            exception.message = Empty,
        ))
    };
}

impl Span {
    /// Around a statement; its text is recorded as it is for pools, unless that is off.
    pub(super) fn statement(name: &'static str, statement: &Statement, with_text: bool) -> Self {
        let (dialect, operation) = (statement.db_backend, operation(&statement.sql));
        let span = match name {
            "sea_orm.execute" => span!("sea_orm.execute", dialect, operation),
            "sea_orm.query_one" => span!("sea_orm.query_one", dialect, operation),
            "sea_orm.query_all" => span!("sea_orm.query_all", dialect, operation),
            _ => span!("sea_orm.execute_unprepared", dialect, operation),
        };
        if with_text && name != "sea_orm.execute_unprepared" {
            span.0.record("db.statement", statement.sql.as_str());
        }
        span
    }

    pub(super) fn begin(dialect: DbBackend) -> Self {
        span!("sea_orm.begin", dialect, "EXECUTE")
    }

    pub(super) fn commit(dialect: DbBackend) -> Self {
        span!("sea_orm.commit", dialect, "EXECUTE")
    }

    pub(super) fn roll_back(dialect: DbBackend) -> Self {
        span!("sea_orm.rollback", dialect, "EXECUTE")
    }

    /// A span that shows nothing.
    pub(super) fn none() -> Self {
        Self(tracing::Span::none())
    }

    /// Runs in the span, and records the outcome.
    pub(super) async fn around<T>(
        self,
        work: impl Future<Output = Result<T, DbErr>>,
    ) -> Result<T, DbErr> {
        let result = work.instrument(self.0.clone()).await;
        match &result {
            Ok(_) => self.0.record("otel.status_code", "OK"),
            Err(error) => self
                .0
                .record("otel.status_code", "ERROR")
                .record("exception.message", tracing::field::display(error)),
        };
        result
    }
}

fn system(dialect: DbBackend) -> &'static str {
    match dialect {
        DbBackend::Postgres => "postgresql",
        DbBackend::MySql => "mysql",
        DbBackend::Sqlite => "sqlite",
        other => other.as_str(),
    }
}

/// What a text does by its first word, as SeaORM tells it.
fn operation(sql: &str) -> &'static str {
    let word = sql.split_whitespace().next().unwrap_or_default();
    ["SELECT", "INSERT", "UPDATE", "DELETE"]
        .into_iter()
        .find(|operation| word.eq_ignore_ascii_case(operation))
        .unwrap_or("EXECUTE")
}
