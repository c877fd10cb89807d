//! What a server reports, or why it reports nothing.

use std::time::Instant;

#[cfg(feature = "sqlx-dep")]
use sea_orm::sqlx::{Error, error::DatabaseError};

use crate::sql::Server;
use crate::topology::{Position, Role};

/// The report of a server.
#[derive(Debug, Clone, Default)]
pub(in crate::cluster) struct Observation {
    pub(in crate::cluster) role: Option<Role>,
    /// Which server it is, if it says so.
    pub(in crate::cluster) software: Option<Server>,
    /// The identity that all servers of one cluster share.
    pub(in crate::cluster) cluster: Option<Box<str>>,
    /// The identity of the server.
    pub(in crate::cluster) server: Option<Box<str>>,
    /// The timeline that a Postgres writes on, or has received.
    pub(in crate::cluster) timeline: Option<u32>,
    /// The latest moment at which it can have started, if it says so.
    pub(in crate::cluster) started: Option<Instant>,
    /// The database that its URL names.
    pub(in crate::cluster) catalog: Option<Box<str>>,
    /// Whether the connection that asks is read-only, if it was to start so.
    pub(in crate::cluster) is_guarded: Option<bool>,
    /// What a new connection was told if the server has no more to give.
    pub(in crate::cluster) is_full: Option<Box<str>>,
    /// What it has committed, if it is a primary.
    pub(in crate::cluster) written: Option<Position>,
    /// What it has replayed, if it is a replica.
    pub(in crate::cluster) replayed: Option<Position>,
}

/// Why there is no observation.
#[derive(Debug)]
pub(super) enum Failure {
    /// No server listens at the address: its connections are dead too.
    Dead(String),
    /// The connection broke or could not be opened.
    NoServer(String),
    /// The server refused the login.
    LoginRefused(String),
    /// It cannot be found out from here.
    Local(String),
    /// It does not take an option that the connection starts with.
    OptionRefused(String),
    /// The server is well and has no connection left to give.
    Full(String),
    /// The server answered with an error.
    Error(String),
    /// The server does not answer this question, now or later: a right or a function is missing.
    Denied(String),
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
            // It is starting up or shutting down.
            Some(code) if code.starts_with("57P") => Self::NoServer(text),
            // protocol_violation, which poolers say of much
            Some("08P01") if text.contains("startup") => Self::OptionRefused(text),
            Some("08P01") if text.contains("no more connections") => Self::Full(text),
            // A pooler has no server behind it.
            Some(code) if code.starts_with("08") => Self::NoServer(text),
            _ if has_too_many_connections(answer) => Self::Full(text),
            _ => Self::LoginRefused(text),
        }
    }

    /// Whether the server is missing. A name that cannot be resolved, or too many open files of this
    /// process, say nothing about the server.
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
                _ => Self::Local(text),
            },
            _ => Self::Local(text),
        }
    }

    /// A query that failed.
    pub(super) fn of_asking(error: Error) -> Self {
        let code = error.as_database_error().map(|error| error.code());
        match code {
            // The server is going away, or a pooler has none behind it.
            Some(Some(code)) if code.starts_with("57P") || code.starts_with("08") => {
                Self::NoServer(error.to_string())
            }
            // A missing right or function, a feature that is not supported, not in this state
            Some(Some(code)) if code.starts_with("42") || matches!(&*code, "0A000" | "55000") => {
                Self::Denied(error.to_string())
            }
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
        // ER_CON_COUNT_ERROR; of a user: ER_TOO_MANY_USER_CONNECTIONS, ER_USER_LIMIT_REACHED
        return matches!(error.number(), 1040 | 1203 | 1226);
    }
    // Postgres: too_many_connections
    error.code().as_deref() == Some("53300")
}
