//! One question to one server, on a connection of the monitor's own.

use std::time::{Duration, Instant};

use sea_orm::DatabaseConnection;

use super::observation::{Failure, Observation};
use crate::cluster::driver_kind::DriverKind;

/// How long opening a connection may take at least.
const OPENING: Duration = Duration::from_secs(2);

/// How long a probe may take that opens a connection first: that takes several round trips.
pub(in crate::cluster) fn opening(timeout: Duration) -> Duration {
    timeout.saturating_mul(4).max(OPENING)
}

/// How a probe ended.
#[derive(Debug)]
pub(in crate::cluster) enum Answer {
    Seen(Box<Observation>),
    /// The server is there, and said nothing of use: it has too many connections, say.
    Alive,
    /// The server is dead, and its connections with it.
    Dead(String),
    /// There is no server, as far as can be told.
    Refused(String),
    /// There is a server, which does not let us in.
    Unwelcome(String),
    /// No answer in time.
    Silent,
}

impl Answer {
    /// Why nothing was said, for an error.
    pub(in crate::cluster) fn reason(self) -> String {
        match self {
            Self::Dead(reason) | Self::Refused(reason) | Self::Unwelcome(reason) => reason,
            Self::Alive => "it answers with an error: it may have too many connections".to_owned(),
            Self::Seen(_) | Self::Silent => "it gives no answer".to_owned(),
        }
    }
}

/// Where to ask.
#[derive(Debug, Clone)]
pub(in crate::cluster) enum Target {
    #[cfg(feature = "sqlx-postgres")]
    Postgres(Box<sea_orm::sqlx::postgres::PgConnectOptions>),
    #[cfg(feature = "sqlx-mysql")]
    MySql(Box<sea_orm::sqlx::mysql::MySqlConnectOptions>),
}

/// A connection to a server, opened when it is first needed.
#[derive(Debug)]
pub(in crate::cluster) struct Probe {
    connection: Option<Connection>,
    /// Whether commits may return before they are on the disk.
    #[cfg_attr(
        not(feature = "sqlx-postgres"),
        allow(dead_code, reason = "only Postgres' commits can be asynchronous")
    )]
    asynchronous: bool,
}

#[derive(Debug)]
enum Connection {
    #[cfg(feature = "sqlx-postgres")]
    Postgres(Box<super::postgres::Server>),
    #[cfg(feature = "sqlx-mysql")]
    MySql(Box<super::mysql::Server>),
}

impl Target {
    /// The address of the servers behind a pool. Returns `None` for SQLite and mocks, which have none.
    pub(in crate::cluster) fn of(connection: &DatabaseConnection) -> Option<Self> {
        match DriverKind::of(connection) {
            #[cfg(feature = "sqlx-postgres")]
            DriverKind::Postgres(pool) => {
                Some(Self::Postgres(Box::new((*pool.connect_options()).clone())))
            }
            #[cfg(feature = "sqlx-mysql")]
            DriverKind::MySql(pool) => {
                Some(Self::MySql(Box::new((*pool.connect_options()).clone())))
            }
            _ => None,
        }
    }
}

impl Probe {
    pub(in crate::cluster) fn new(asynchronous: bool) -> Self {
        Self {
            connection: None,
            asynchronous,
        }
    }

    /// The next question is put on a new connection.
    pub(super) fn disconnect(&mut self) {
        self.connection = None;
    }

    /// Asks, within a time. Returns when the question was put, too.
    pub(in crate::cluster) async fn ask(
        &mut self,
        target: &Target,
        timeout: Duration,
    ) -> (Instant, Answer) {
        let mut asked = Instant::now();
        // A server that hangs is found out by who is connected.
        let timeout = match self.connection {
            Some(_) => timeout,
            None => opening(timeout),
        };
        let answered = tokio::time::timeout(timeout, self.ask_twice(target, &mut asked)).await;
        let answer = match answered {
            Ok(Ok(seen)) => return (asked, Answer::Seen(Box::new(seen))),
            Ok(Err(Failure::Error(reason))) => {
                tracing::debug!(target: "sea_orm_routing", reason, "a probe was answered with an error");
                return (asked, Answer::Alive);
            }
            Ok(Err(Failure::Dead(reason))) => Answer::Dead(reason),
            Ok(Err(Failure::NoServer(reason))) => Answer::Refused(reason),
            Ok(Err(Failure::NotLetIn(reason))) => Answer::Unwelcome(reason),
            Err(_) => Answer::Silent,
        };
        self.connection = None;
        (asked, answer)
    }

    /// A connection that was left idle may be gone: that says nothing about the server.
    async fn ask_twice(
        &mut self,
        target: &Target,
        asked: &mut Instant,
    ) -> Result<Observation, Failure> {
        if self.connection.is_some() {
            match self.ask_once(target, asked).await {
                Err(Failure::Dead(_) | Failure::NoServer(_) | Failure::NotLetIn(_)) => {
                    self.connection = None;
                }
                answer => return answer,
            }
        }
        self.ask_once(target, asked).await
    }

    async fn ask_once(
        &mut self,
        target: &Target,
        asked: &mut Instant,
    ) -> Result<Observation, Failure> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            None => self.connection.insert(Connection::open(target).await?),
        };
        *asked = Instant::now();
        // There may be no variant at all.
        match *connection {
            #[cfg(feature = "sqlx-postgres")]
            Connection::Postgres(ref mut server) => server.ask(self.asynchronous).await,
            #[cfg(feature = "sqlx-mysql")]
            Connection::MySql(ref mut server) => server.ask().await,
        }
    }
}

impl Connection {
    async fn open(target: &Target) -> Result<Self, Failure> {
        match *target {
            #[cfg(feature = "sqlx-postgres")]
            Target::Postgres(ref options) => {
                let server = super::postgres::Server::open(options).await?;
                Ok(Self::Postgres(Box::new(server)))
            }
            #[cfg(feature = "sqlx-mysql")]
            Target::MySql(ref options) => {
                let server = super::mysql::Server::open(options).await?;
                Ok(Self::MySql(Box::new(server)))
            }
        }
    }
}
