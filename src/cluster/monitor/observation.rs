//! What a server says of itself, or why it says nothing.

#[cfg(feature = "sqlx-dep")]
use sea_orm::sqlx::Error;

use crate::topology::{Position, Role};

/// What a server said of itself.
#[derive(Debug, Clone, Default)]
pub(super) struct Observation {
    pub(super) role: Option<Role>,
    /// What all servers of one cluster have in common.
    pub(super) cluster: Option<Box<str>>,
    /// What tells it from every other server.
    pub(super) server: Option<Box<str>>,
    /// What it has committed, where it is a primary.
    pub(super) written: Option<Position>,
    /// What it has replayed, where it is a replica.
    pub(super) replayed: Option<Position>,
}

/// Why there was no observation.
#[derive(Debug)]
pub(super) enum Failure {
    /// Nobody listens at its address: the server is dead, and its connections with it.
    Dead(String),
    /// The connection broke, or there is none.
    NoServer(String),
    /// The server does not let us in.
    NotLetIn(String),
    /// The server answered with an error.
    Error(String),
}

#[cfg(feature = "sqlx-dep")]
impl Failure {
    /// A connection that did not open.
    pub(super) fn of_opening(error: Error) -> Self {
        let code = error.as_database_error().map(|error| error.code());
        let text = error.to_string();
        let refused = std::io::ErrorKind::ConnectionRefused;
        match code {
            None if matches!(&error, Error::Io(io) if io.kind() == refused) => Self::Dead(text),
            None => Self::NoServer(text),
            // It starts, or is going away.
            Some(Some(code)) if code.starts_with("57P") => Self::NoServer(text),
            // It has too many connections: it is there, and well.
            Some(_) if text.to_lowercase().contains("too many") => Self::Error(text),
            Some(_) => Self::NotLetIn(text),
        }
    }

    /// A question that was not answered.
    pub(super) fn of_asking(error: Error) -> Self {
        let code = error.as_database_error().map(|error| error.code());
        match code {
            // The server is going away.
            Some(Some(code)) if code.starts_with("57P") => Self::NoServer(error.to_string()),
            Some(_) => Self::Error(error.to_string()),
            None => Self::NoServer(error.to_string()),
        }
    }
}
