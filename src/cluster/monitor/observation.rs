//! What a server says of itself, or why it says nothing.

#[cfg(feature = "sqlx-dep")]
use sea_orm::sqlx::{Error, error::DatabaseError};

use crate::topology::{Position, Role};

/// What a server said of itself.
#[derive(Debug, Clone, Default)]
pub(in crate::cluster) struct Observation {
    pub(in crate::cluster) role: Option<Role>,
    /// What all servers of one cluster have in common.
    pub(in crate::cluster) cluster: Option<Box<str>>,
    /// What tells it from every other server.
    pub(in crate::cluster) server: Option<Box<str>>,
    /// The database its URL leads to.
    pub(in crate::cluster) catalog: Option<Box<str>>,
    /// What it has committed, where it is a primary.
    pub(in crate::cluster) written: Option<Position>,
    /// What it has replayed, where it is a replica.
    pub(in crate::cluster) replayed: Option<Position>,
}

/// Why there was no observation.
#[derive(Debug)]
pub(super) enum Failure {
    /// Nobody listens at its address: the server is dead, and its connections with it.
    Dead(String),
    /// The connection broke, or there is none.
    NoServer(String),
    /// The server does not let us in, or we could not even ask.
    NotLetIn(String),
    /// The server answered with an error.
    Error(String),
}

#[cfg(feature = "sqlx-dep")]
impl Failure {
    /// A connection that did not open.
    pub(super) fn of_opening(error: Error) -> Self {
        let text = error.to_string();
        let Some(answer) = error.as_database_error() else {
            return Self::of_no_answer(&error, text);
        };
        match answer.code().as_deref() {
            // It starts, or is going away.
            Some(code) if code.starts_with("57P") => Self::NoServer(text),
            _ if has_too_many_connections(answer) => Self::Error(text),
            _ => Self::NotLetIn(text),
        }
    }

    /// Whether it is the server that is missing: a name that cannot be looked up, or too many open
    /// files of our own, say nothing about it.
    fn of_no_answer(error: &Error, text: String) -> Self {
        use std::io::ErrorKind as Kind;
        match error {
            Error::Io(io) => match io.kind() {
                Kind::ConnectionRefused => Self::Dead(text),
                Kind::ConnectionReset
                | Kind::ConnectionAborted
                | Kind::BrokenPipe
                | Kind::UnexpectedEof
                | Kind::HostUnreachable
                | Kind::NetworkUnreachable
                | Kind::TimedOut => Self::NoServer(text),
                _ => Self::NotLetIn(text),
            },
            _ => Self::NotLetIn(text),
        }
    }

    /// A question that was not answered.
    pub(super) fn of_asking(error: Error) -> Self {
        let code = error.as_database_error().map(|error| error.code());
        match code {
            // The server is going away.
            Some(Some(code)) if code.starts_with("57P") => Self::NoServer(error.to_string()),
            Some(_) => Self::Error(error.to_string()),
            None => Self::of_no_answer(&error, error.to_string()),
        }
    }
}

/// Whether the server is well and has no connection left to give. Before it knows the client, MySQL
/// sends its own number without an SQLSTATE.
#[cfg(feature = "sqlx-dep")]
fn has_too_many_connections(error: &dyn DatabaseError) -> bool {
    #[cfg(feature = "sqlx-mysql")]
    if let Some(error) = error.try_downcast_ref::<sea_orm::sqlx::mysql::MySqlDatabaseError>() {
        return error.number() == 1040;
    }
    // Postgres: too_many_connections
    error.code().as_deref() == Some("53300")
}
