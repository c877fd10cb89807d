//! Errors of sessions and their tokens.

use std::time::Duration;

/// A session that cannot be used or resumed.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// A session token cannot be made or used.
    #[error("the session token cannot be used: {source}; start a new session")]
    #[non_exhaustive]
    InvalidToken {
        /// What is wrong with it.
        source: TokenError,
    },
    /// The session belongs to another connection.
    #[error(
        "session {id} belongs to another RoutingConnection; pass its session_token() to resume_session(..)"
    )]
    #[non_exhaustive]
    ForeignSession {
        /// The number of the session.
        id: u64,
    },
    /// The handle has no session.
    #[error("{what} needs a handle with a session; create one with session()")]
    #[non_exhaustive]
    NoSession {
        /// What was called.
        what: &'static str,
    },
}

/// Why a session token cannot be made or used.
#[derive(Debug, Clone, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// The text does not have the form of a token: it was cut off, or is something else.
    #[error("it does not have the form of a token")]
    #[non_exhaustive]
    Unreadable,
    /// It cannot be decrypted: the token was changed, or made with another key.
    #[error("it cannot be decrypted, because it was changed or made with another key")]
    #[non_exhaustive]
    Forged,
    /// The token has expired.
    #[error("it expired {ago:?} ago")]
    #[non_exhaustive]
    Expired {
        /// How long ago.
        ago: Duration,
    },
    /// The token was issued later than now, by more than clocks usually differ.
    #[error("it was issued in the future: the clocks of its issuer and of this host differ")]
    #[non_exhaustive]
    IssuedInFuture,
    /// The token is longer than a header may be.
    #[error("it is longer than {limit} characters")]
    #[non_exhaustive]
    TooLong {
        /// The longest token in characters.
        limit: usize,
    },
    /// Another version of this crate wrote the token.
    #[error("another version of sea-orm-routing wrote it")]
    #[non_exhaustive]
    UnknownVersion,
    /// The token names a database that this connection does not have.
    #[error("it names the unknown database {database:?}")]
    #[non_exhaustive]
    UnknownDatabase {
        /// The database.
        database: String,
    },
    /// The token was issued for another cluster behind the same database name.
    #[error(
        "it was issued when database {database:?} was the cluster {issued:?}, which is {here:?} now"
    )]
    #[non_exhaustive]
    ForeignCluster {
        /// The database.
        database: String,
        /// The identity of the cluster the token was issued for.
        issued: String,
        /// The identity of the cluster here.
        here: String,
    },
    /// The token contains a replication position that this database cannot have.
    #[error("it contains {position:?}, which is not a replication position of its database")]
    #[non_exhaustive]
    InvalidPosition {
        /// The position.
        position: String,
    },
}
