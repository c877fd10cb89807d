//! What a run observed, line by line.

use std::fmt::Debug;

use sea_orm::{DbErr, RuntimeErr, TransactionError};

use crate::stage::Settle;

/// One observation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) scenario: String,
    pub(crate) what: String,
    pub(crate) seen: String,
}

/// The observations of a run, in order.
pub(crate) struct Journal<'s> {
    lines: Vec<Line>,
    scenario: String,
    settle: &'s Settle,
    /// The names of this run's databases, which servers include in their errors.
    names: &'s [String],
    in_transaction: bool,
}

impl<'s> Journal<'s> {
    pub(crate) fn new(settle: &'s Settle, names: &'s [String]) -> Self {
        Self {
            lines: Vec::new(),
            scenario: String::new(),
            settle,
            names,
            in_transaction: false,
        }
    }

    /// The outcome of a call: the value, or the error with its kind, SeaORM's reading and its text.
    pub(crate) fn note<T: Debug, E: Failure>(&mut self, what: &str, outcome: &Result<T, E>) {
        let seen = match outcome {
            Ok(value) => format!("{value:?}"),
            Err(error) => format!("failed: {}", error.described()),
        };
        self.push(what, seen);
    }

    /// A value.
    pub(crate) fn value<T: Debug + ?Sized>(&mut self, what: &str, value: &T) {
        self.push(what, format!("{value:?}"));
    }

    /// Called after a write, before a read of the same rows: waits until the replicas have it too.
    pub(crate) async fn settled(&self) -> Result<(), DbErr> {
        match self.in_transaction {
            true => Ok(()),
            false => self.settle.wait().await,
        }
    }

    /// Starts a scenario once the replicas have caught up: later lines belong to it.
    pub(crate) async fn begin(&mut self, scenario: &str) {
        self.in_transaction = false;
        scenario.clone_into(&mut self.scenario);
        self.settled().await.expect("settled");
    }

    /// Starts a scenario inside a transaction: later lines belong to it.
    pub(crate) async fn begin_in_transaction(&mut self, scenario: &str) {
        self.begin(&format!("{scenario}{IN_A_TRANSACTION}")).await;
        self.in_transaction = true;
    }

    /// Ends a scenario.
    pub(crate) fn end(&mut self, outcome: &Result<(), DbErr>) {
        self.note(ENDED, outcome);
    }

    pub(crate) fn into_lines(self) -> Vec<Line> {
        self.lines
    }

    fn push(&mut self, what: &str, seen: String) {
        let seen = self
            .names
            .iter()
            .fold(seen, |seen, name| seen.replace(name, "{database}"));
        self.lines.push(Line {
            scenario: self.scenario.clone(),
            what: what.to_owned(),
            seen,
        });
    }
}

/// The suffix of a scenario that is played in a transaction.
pub(crate) const IN_A_TRANSACTION: &str = ", in a transaction";

/// The name of the last line of a scenario.
pub(crate) const ENDED: &str = "the scenario";

/// An error that a journal can describe.
pub(crate) trait Failure {
    fn described(&self) -> String;
}

impl Failure for DbErr {
    fn described(&self) -> String {
        let kind = format!("{self:?}");
        let kind = kind.split(['{', '"']).next().unwrap_or_default().trim();
        let mut text = unplaced(self);
        if kind.contains("PgDatabaseError") {
            // The line in Postgres' own source code, which depends on what it has prepared before.
            text.truncate(text.rfind(" at line ").unwrap_or(text.len()));
        }
        let code = match self {
            Self::Conn(error) | Self::Exec(error) | Self::Query(error) => code(error),
            _ => None,
        };
        format!("{text} [{kind}, code {code:?}, {:?}]", self.sql_err())
    }
}

/// The text of an error without where it came from, which only the router adds.
fn unplaced(error: &impl std::fmt::Display) -> String {
    let mut text = error.to_string();
    text.truncate(text.rfind(" (database \"").unwrap_or(text.len()));
    text
}

/// The server's error code.
fn code(error: &RuntimeErr) -> Option<String> {
    match error {
        RuntimeErr::SqlxError(error) => {
            let code = error.as_database_error()?.code()?;
            Some(code.into_owned())
        }
        RuntimeErr::Internal(_) => None,
    }
}

impl Failure for TransactionError<DbErr> {
    fn described(&self) -> String {
        match self {
            Self::Connection(error) => {
                format!("Connection, {}: {}", unplaced(self), error.described())
            }
            Self::Transaction(error) => {
                format!("Transaction, {}: {}", unplaced(self), error.described())
            }
        }
    }
}
