//! Errors of a server, with the node they came from.
//!
//! Only the text grows: the kind of the error, its code, its driver's type and `sql_err()` stay.

use sea_orm::DbErr;

/// Adds to an error of a server where it came from. Other errors stay as they are.
pub(crate) fn at_node(error: DbErr, place: impl FnOnce() -> String) -> DbErr {
    match error {
        DbErr::Exec(error) => DbErr::Exec(driver::at_node(error, place)),
        DbErr::Query(error) => DbErr::Query(driver::at_node(error, place)),
        DbErr::Conn(error) => DbErr::Conn(driver::at_node(error, place)),
        other => other,
    }
}

/// Whether a server says that it has no such table.
pub(crate) fn is_unknown_table(error: &DbErr) -> bool {
    match error {
        DbErr::Exec(error) | DbErr::Query(error) => driver::is_unknown_table(error),
        _ => false,
    }
}

#[cfg(feature = "sqlx-dep")]
mod driver {
    use std::borrow::Cow;
    use std::error::Error as StdError;
    use std::sync::Arc;
    use std::{fmt, io};

    use sea_orm::RuntimeErr;
    use sea_orm::sqlx::Error;
    use sea_orm::sqlx::error::{DatabaseError, ErrorKind};

    pub(super) fn at_node(error: RuntimeErr, place: impl FnOnce() -> String) -> RuntimeErr {
        let RuntimeErr::SqlxError(error) = error else {
            return error;
        };
        let error = match Arc::try_unwrap(error) {
            Ok(Error::Database(error)) => Error::Database(Box::new(AtNode {
                error,
                place: place(),
            })),
            Ok(Error::Io(error)) => {
                let place = place();
                Error::Io(io::Error::new(error.kind(), IoAtNode { error, place }))
            }
            Ok(other) => other,
            Err(shared) => return RuntimeErr::SqlxError(shared),
        };
        RuntimeErr::SqlxError(Arc::new(error))
    }

    pub(super) fn is_unknown_table(error: &RuntimeErr) -> bool {
        let RuntimeErr::SqlxError(error) = error else {
            return false;
        };
        let Some(error) = error.as_database_error() else {
            return false;
        };
        // undefined_table on Postgres, ER_NO_SUCH_TABLE on MySQL; SQLite has no code of its own for it
        let by_code = matches!(error.code().as_deref(), Some("42P01" | "42S02"));
        by_code || error.message().starts_with("no such table")
    }

    /// An error of a connection that says where it led.
    #[derive(Debug, thiserror::Error)]
    #[error("{error} ({place})")]
    struct IoAtNode {
        #[source]
        error: io::Error,
        place: String,
    }

    /// An error of a server that says where it came from. To the driver's own types it is the error itself.
    struct AtNode {
        error: Box<dyn DatabaseError>,
        place: String,
    }

    impl fmt::Debug for AtNode {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            fmt::Debug::fmt(&self.error, f)?;
            write!(f, " ({})", self.place)
        }
    }

    impl fmt::Display for AtNode {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "{} ({})", self.error, self.place)
        }
    }

    impl StdError for AtNode {
        fn source(&self) -> Option<&(dyn StdError + 'static)> {
            self.error.source()
        }
    }

    impl DatabaseError for AtNode {
        fn message(&self) -> &str {
            self.error.message()
        }

        fn code(&self) -> Option<Cow<'_, str>> {
            self.error.code()
        }

        fn as_error(&self) -> &(dyn StdError + Send + Sync + 'static) {
            self.error.as_error()
        }

        fn as_error_mut(&mut self) -> &mut (dyn StdError + Send + Sync + 'static) {
            self.error.as_error_mut()
        }

        fn into_error(self: Box<Self>) -> Box<dyn StdError + Send + Sync + 'static> {
            self.error.into_error()
        }

        fn is_transient_in_connect_phase(&self) -> bool {
            self.error.is_transient_in_connect_phase()
        }

        fn constraint(&self) -> Option<&str> {
            self.error.constraint()
        }

        fn table(&self) -> Option<&str> {
            self.error.table()
        }

        fn kind(&self) -> ErrorKind {
            self.error.kind()
        }
    }
}

#[cfg(not(feature = "sqlx-dep"))]
mod driver {
    use sea_orm::RuntimeErr;

    pub(super) fn at_node(error: RuntimeErr, _: impl FnOnce() -> String) -> RuntimeErr {
        error
    }

    pub(super) fn is_unknown_table(_: &RuntimeErr) -> bool {
        false
    }
}
