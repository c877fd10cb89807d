//! What an error of a node means for the statement that met it.

use sea_orm::{ConnAcquireErr, DbErr};

use crate::error::{AvailabilityError, RoutingError};

/// What an error says about the node, and whether the statement may be tried elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// No connection could be opened: nothing was sent.
    NoConnection,
    /// The connection broke, or the server is going away.
    Lost,
    /// The driver failed: it could not read the answer, or could not send the statement (too many
    /// values). It says nothing about the node.
    Protocol,
    /// A replica cancelled the read because it conflicts with the changes that it replays.
    RecoveryConflict,
    /// The node refused the statement because it is read-only.
    RefusedAsWrite,
    /// The server cannot run the statement. If it is a standby, its primary may: it has no unlogged tables,
    /// and its transactions cannot be serializable.
    NotSupported,
    /// The statement's own error: it would be the same elsewhere.
    Statement,
}

impl Fault {
    pub(crate) fn of(error: &DbErr) -> Self {
        match error {
            DbErr::ConnectionAcquire(
                ConnAcquireErr::Timeout | ConnAcquireErr::ConnectionClosed,
            )
            | DbErr::Conn(_) => Self::NoConnection,
            DbErr::Exec(error) | DbErr::Query(error) => driver::fault(error),
            other => match RoutingError::of(other) {
                Some(RoutingError::Availability(AvailabilityError::Connect { .. })) => {
                    Self::NoConnection
                }
                Some(RoutingError::Availability(AvailabilityError::NodeLost { .. })) => Self::Lost,
                _ => Self::Statement,
            },
        }
    }

    /// Whether SQLite may have rolled back the whole transaction with this error: on a constraint
    /// with `ON CONFLICT ROLLBACK`, when its disk is full or fails, when it is interrupted.
    pub(crate) fn may_end_sqlite_transaction(error: &DbErr) -> bool {
        match error {
            DbErr::Exec(error) | DbErr::Query(error) => driver::may_end_sqlite_transaction(error),
            _ => false,
        }
    }

    /// Whether an error is about how a node was declared, not about the node.
    pub(crate) fn is_configuration(error: &DbErr) -> bool {
        match error {
            DbErr::Conn(error) => driver::is_configuration(error),
            DbErr::Custom(_) => true,
            _ => false,
        }
    }

    /// Whether the pool handed out no connection in time.
    pub(crate) fn is_pool_timeout(error: &DbErr) -> bool {
        matches!(error, DbErr::ConnectionAcquire(ConnAcquireErr::Timeout))
    }

    /// Whether no connection opens because an option that it starts with is refused: poolers say
    /// `protocol_violation`.
    pub(crate) fn refuses_option(error: &DbErr) -> bool {
        match error {
            DbErr::Conn(error) => driver::has_code(error, &["08P01"]),
            _ => false,
        }
    }

    /// Whether a prepared statement is unknown on its connection, or prepared twice: a pooler gave the
    /// connection to several clients.
    pub(crate) fn is_lost_preparation(error: &DbErr) -> bool {
        match error {
            // invalid_sql_statement_name, duplicate_prepared_statement
            DbErr::Exec(error) | DbErr::Query(error) => {
                driver::has_code(error, &["26000", "42P05"])
            }
            _ => false,
        }
    }

    /// Whether a statement of MySQL waited too long for a lock. A setting of the server decides whether
    /// the transaction is rolled back.
    pub(crate) fn is_lock_timeout(error: &DbErr) -> bool {
        match error {
            DbErr::Exec(error) | DbErr::Query(error) => driver::is_lock_timeout(error),
            _ => false,
        }
    }

    /// Whether the server has rolled back the whole transaction with this error, so that what
    /// follows would run outside of it: MySQL and MariaDB do.
    pub(crate) fn ends_transaction(error: &DbErr) -> bool {
        match error {
            DbErr::Exec(error) | DbErr::Query(error) => driver::ends_transaction(error),
            _ => false,
        }
    }
}

#[cfg(feature = "sqlx-dep")]
mod driver {
    use sea_orm::RuntimeErr;
    use sea_orm::sqlx::Error;
    use sea_orm::sqlx::error::DatabaseError;

    use super::Fault;

    pub(super) fn fault(error: &RuntimeErr) -> Fault {
        let RuntimeErr::SqlxError(error) = error else {
            return Fault::Statement;
        };
        match &**error {
            Error::Protocol(_) => Fault::Protocol,
            Error::Io(_) | Error::Tls(_) | Error::WorkerCrashed => Fault::Lost,
            Error::PoolTimedOut | Error::PoolClosed => Fault::NoConnection,
            Error::Database(error) => by_code(&**error),
            _ => Fault::Statement,
        }
    }

    pub(super) fn is_configuration(error: &RuntimeErr) -> bool {
        matches!(error, RuntimeErr::SqlxError(error) if matches!(**error, Error::Configuration(_)))
    }

    pub(super) fn may_end_sqlite_transaction(error: &RuntimeErr) -> bool {
        #[cfg(feature = "sqlx-sqlite")]
        if let RuntimeErr::SqlxError(error) = error
            && let Error::Database(error) = &**error
            && error
                .try_downcast_ref::<sea_orm::sqlx::sqlite::SqliteError>()
                .is_some()
        {
            let code = error.code().unwrap_or_default().parse::<u32>();
            // Out of memory, interrupted, I/O error, disk full, constraint.
            return matches!(code.map(|code| code & 0xff), Ok(7 | 9 | 10 | 13 | 19));
        }
        let _ = error;
        false
    }

    pub(super) fn has_code(error: &RuntimeErr, codes: &[&str]) -> bool {
        let RuntimeErr::SqlxError(error) = error else {
            return false;
        };
        let code = error.as_database_error().and_then(DatabaseError::code);
        code.is_some_and(|code| codes.contains(&&*code))
    }

    pub(super) fn ends_transaction(error: &RuntimeErr) -> bool {
        // A deadlock; a lost update under snapshot isolation; too many locks.
        matches!(mysql_number(error), Some(1213 | 1020 | 1206))
    }

    pub(super) fn is_lock_timeout(error: &RuntimeErr) -> bool {
        mysql_number(error) == Some(1205)
    }

    fn mysql_number(error: &RuntimeErr) -> Option<u16> {
        #[cfg(feature = "sqlx-mysql")]
        if let RuntimeErr::SqlxError(error) = error
            && let Error::Database(error) = &**error
            && let Some(error) =
                error.try_downcast_ref::<sea_orm::sqlx::mysql::MySqlDatabaseError>()
        {
            return Some(error.number());
        }
        let _ = error;
        None
    }

    fn by_code(error: &dyn DatabaseError) -> Fault {
        #[cfg(feature = "sqlx-postgres")]
        if let Some(error) = error.try_downcast_ref::<sea_orm::sqlx::postgres::PgDatabaseError>() {
            return postgres(error.code(), error.routine());
        }
        #[cfg(feature = "sqlx-mysql")]
        if let Some(error) = error.try_downcast_ref::<sea_orm::sqlx::mysql::MySqlDatabaseError>() {
            return mysql(error.number(), error.message());
        }
        #[cfg(feature = "sqlx-sqlite")]
        if error
            .try_downcast_ref::<sea_orm::sqlx::sqlite::SqliteError>()
            .is_some()
        {
            return sqlite(&error.code().unwrap_or_default());
        }
        let _ = error;
        Fault::Statement
    }

    #[cfg(feature = "sqlx-postgres")]
    fn postgres(code: &str, routine: Option<&str>) -> Fault {
        match code {
            // The plan is older than an `ALTER TABLE`; a standby does not refuse the statement.
            "0A000" if routine == Some("RevalidateCachedQuery") => Fault::Statement,
            // read_only_sql_transaction
            "25006" => Fault::RefusedAsWrite,
            // feature_not_supported
            "0A000" => Fault::NotSupported,
            // admin_shutdown, crash_shutdown, cannot_connect_now, and class 08
            "57P01" | "57P02" | "57P03" => Fault::Lost,
            _ if code.starts_with("08") => Fault::Lost,
            // serialization_failure, which a standby says of a read it cancels; one that is not in a
            // transaction meets no other
            "40001" => Fault::RecoveryConflict,
            _ => Fault::Statement,
        }
    }

    #[cfg(feature = "sqlx-mysql")]
    fn mysql(number: u16, message: &str) -> Fault {
        match number {
            // Another option of the server, such as --secure-file-priv
            1290 if !message.contains("read-only") => Fault::Statement,
            // --read-only, --super-read-only; a READ ONLY transaction; read-only mode
            1290 | 1792 | 1836 => Fault::RefusedAsWrite,
            // server shutdown, connection killed
            1053 | 1927 => Fault::Lost,
            _ => Fault::Statement,
        }
    }

    #[cfg(feature = "sqlx-sqlite")]
    fn sqlite(code: &str) -> Fault {
        // The extended codes of 8 tell of the file, not of the statement: a journal to recover, a
        // directory that cannot be written.
        if code == "8" {
            return Fault::RefusedAsWrite;
        }
        // The primary result code is the lowest byte of an extended one.
        match code.parse::<u32>().map(|code| code & 0xff) {
            // Read-only (above), I/O error, malformed, cannot open, not a database
            Ok(8 | 10 | 11 | 14 | 26) => Fault::Lost,
            _ => Fault::Statement,
        }
    }
}

#[cfg(not(feature = "sqlx-dep"))]
mod driver {
    use sea_orm::RuntimeErr;

    use super::Fault;

    pub(super) fn fault(_: &RuntimeErr) -> Fault {
        Fault::Statement
    }

    pub(super) fn ends_transaction(_: &RuntimeErr) -> bool {
        false
    }

    pub(super) fn is_lock_timeout(_: &RuntimeErr) -> bool {
        false
    }

    pub(super) fn has_code(_: &RuntimeErr, _: &[&str]) -> bool {
        false
    }

    pub(super) fn may_end_sqlite_transaction(_: &RuntimeErr) -> bool {
        false
    }

    pub(super) fn is_configuration(_: &RuntimeErr) -> bool {
        false
    }
}
