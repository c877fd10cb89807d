//! The control statements, and their text in each dialect.

use sea_orm::{AccessMode, DbBackend, IsolationLevel, TransactionOptions};

use super::levels::Level;
use super::span::Span;

/// A control statement: one that changes the transaction itself.
#[derive(Debug, Clone, Copy)]
pub(super) enum Control<'s> {
    Begin(&'s str),
    Commit(&'static str),
    RollBack,
    /// Ends whatever runs on the connection, so that it can be used again.
    CleanUp,
    /// Another one, by its name and its text.
    Text(&'static str, &'s str),
}

impl<'s> Control<'s> {
    /// The name that errors show.
    pub(super) fn name(self) -> &'static str {
        match self {
            Control::Begin(_) => "BEGIN",
            Control::Commit(_) => "COMMIT",
            Control::RollBack | Control::CleanUp => "ROLLBACK",
            Control::Text(name, _) => name,
        }
    }

    pub(super) fn text(self) -> &'s str {
        match self {
            Control::Begin(text) | Control::Commit(text) | Control::Text(_, text) => text,
            Control::RollBack | Control::CleanUp => "ROLLBACK",
        }
    }

    /// SeaORM's span around it.
    pub(super) fn span(self, dialect: DbBackend) -> Span {
        match self {
            Control::Begin(_) => Span::begin(dialect),
            Control::Commit(_) => Span::commit(dialect),
            Control::RollBack => Span::roll_back(dialect),
            Control::CleanUp | Control::Text(..) => Span::none(),
        }
    }
}

/// SeaORM's two arguments as its options.
pub(crate) fn options(
    isolation_level: Option<IsolationLevel>,
    access_mode: Option<AccessMode>,
) -> TransactionOptions {
    TransactionOptions {
        isolation_level,
        access_mode,
        sqlite_transaction_mode: None,
    }
}

/// The texts that begin a transaction, sent one after the other.
pub(super) fn begin(dialect: DbBackend, options: &TransactionOptions) -> Vec<String> {
    let isolation = options
        .isolation_level
        .map(|level| format!("ISOLATION LEVEL {level}"));
    let access = options.access_mode.map(|mode| mode.to_string());
    match dialect {
        DbBackend::Postgres => {
            let modes: Vec<_> = isolation.into_iter().chain(access).collect();
            vec![format!("BEGIN {}", modes.join(" ")).trim_end().to_owned()]
        }
        DbBackend::MySql => {
            let next = isolation.map(|isolation| format!("SET TRANSACTION {isolation}"));
            let start = match access {
                Some(access) => format!("START TRANSACTION {access}"),
                None => "BEGIN".to_owned(),
            };
            next.into_iter().chain([start]).collect()
        }
        // SQLite's transactions are serializable; a read-only one is kept so by our own rule.
        _ => vec![match options.sqlite_transaction_mode {
            Some(mode) if options.access_mode != Some(AccessMode::ReadOnly) => {
                format!("BEGIN {}", mode.sqlite_keyword())
            }
            _ => "BEGIN".to_owned(),
        }],
    }
}

/// The text that commits. Postgres answers `COMMIT` of an aborted transaction with `ROLLBACK` and no error;
/// with a statement before it in the same message, the transaction's error is the answer. Only a
/// statement that failed, or whose outcome was not seen, can have aborted it.
pub(super) fn commit(dialect: DbBackend, may_be_aborted: bool) -> &'static str {
    match dialect {
        DbBackend::Postgres if may_be_aborted => "SELECT 1; COMMIT",
        _ => "COMMIT",
    }
}

/// The commit canary: a savepoint that is removed when MySQL commits the transaction it is in.
pub(super) const SET_CANARY: Control<'_> =
    Control::Text("SAVEPOINT", "SAVEPOINT sea_orm_routing_mark");

/// Fails if the canary was removed.
pub(super) const CHECK_CANARY: Control<'_> = Control::Text(
    "RELEASE SAVEPOINT",
    "RELEASE SAVEPOINT sea_orm_routing_mark",
);

pub(super) fn savepoint(level: Level) -> String {
    format!("SAVEPOINT sea_orm_routing_{level}")
}

pub(super) fn release(level: Level) -> String {
    format!("RELEASE SAVEPOINT sea_orm_routing_{level}")
}

pub(super) fn roll_back_to(level: Level) -> String {
    format!("ROLLBACK TO SAVEPOINT sea_orm_routing_{level}")
}

#[cfg(test)]
mod tests {
    use sea_orm::SqliteTransactionMode;

    use super::*;

    #[test]
    fn each_dialect_begins_in_its_own_way() {
        let options = TransactionOptions {
            isolation_level: Some(IsolationLevel::Serializable),
            access_mode: Some(AccessMode::ReadOnly),
            sqlite_transaction_mode: None,
        };
        let plain = TransactionOptions::default();
        assert_eq!(
            begin(DbBackend::Postgres, &options),
            ["BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY"]
        );
        assert_eq!(begin(DbBackend::Postgres, &plain), ["BEGIN"]);
        assert_eq!(
            begin(DbBackend::MySql, &options),
            [
                "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE",
                "START TRANSACTION READ ONLY"
            ]
        );
        let immediate = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..plain
        };
        assert_eq!(begin(DbBackend::Sqlite, &immediate), ["BEGIN IMMEDIATE"]);
    }
}
