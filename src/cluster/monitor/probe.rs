//! Asking one server, on a connection of the monitor.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use sea_orm::DatabaseConnection;
#[cfg(any(feature = "sqlx-postgres", feature = "sqlx-mysql"))]
use sea_orm::sqlx::ConnectOptions;

use super::observation::{Failure, Observation};
use crate::clock::Clock;
use crate::cluster::driver_kind::DriverKind;

/// The least time for opening a connection.
const OPENING: Duration = Duration::from_secs(2);

/// The timeout of a probe that opens a connection first, which takes several round trips.
pub(in crate::cluster) fn opening(timeout: Duration) -> Duration {
    timeout.saturating_mul(4).max(OPENING)
}

/// How a probe ended.
#[derive(Debug, Clone)]
pub(in crate::cluster) enum ProbeOutcome {
    Observed(Box<Observation>),
    /// The server answered with an error.
    Alive,
    /// The server is well and has no connection left to give.
    Full(String),
    /// No server listens at the address: its connections are dead too.
    Dead(String),
    /// There seems to be no server.
    Refused(String),
    /// The server refused the login.
    LoginRefused(String),
    /// It does not take an option that the connection starts with.
    OptionRefused(String),
    /// It cannot be found out from here: a name that is not resolved, TLS, too many open files.
    Local(String),
    /// The pool of the node is not open, so that its address is not known.
    NotOpen,
    /// No answer in time.
    Silent,
}

impl ProbeOutcome {
    /// Whether it says something about the login alone.
    pub(super) fn is_of_login(&self) -> bool {
        matches!(self, Self::LoginRefused(_) | Self::OptionRefused(_))
    }

    /// Whether no server answers at the address, so that every other login would fail too.
    pub(super) fn is_without_server(&self) -> bool {
        matches!(self, Self::Dead(_) | Self::Refused(_) | Self::Silent)
    }

    /// Why there is no observation, for an error.
    pub(in crate::cluster) fn reason(self) -> String {
        match self {
            Self::Dead(reason)
            | Self::Refused(reason)
            | Self::LoginRefused(reason)
            | Self::OptionRefused(reason)
            | Self::Local(reason)
            | Self::Full(reason) => reason,
            Self::Alive => "it answers with an error".to_owned(),
            Self::Observed(_) | Self::Silent | Self::NotOpen => "it does not answer".to_owned(),
        }
    }
}

/// The server to ask.
#[derive(Debug, Clone)]
pub(in crate::cluster) enum ProbeTarget {
    #[cfg(feature = "sqlx-postgres")]
    Postgres(Box<sea_orm::sqlx::postgres::PgConnectOptions>),
    #[cfg(feature = "sqlx-mysql")]
    MySql(Box<sea_orm::sqlx::mysql::MySqlConnectOptions>),
}

/// Where a server is, who asks it, and what the connection starts with: a guard, among others.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Address {
    host: String,
    port: u16,
    socket: Option<PathBuf>,
    username: String,
    options: Option<String>,
}

/// A connection to a server, opened at its first use.
#[derive(Debug)]
pub(in crate::cluster) struct Probe {
    clock: Clock,
    connection: Option<Connection>,
    opened: u32,
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
    Postgres(Box<super::postgres::PostgresServer>),
    #[cfg(feature = "sqlx-mysql")]
    MySql(Box<super::mysql::MySqlServer>),
}

impl ProbeTarget {
    /// The address of the servers behind a pool. What is asked there is not logged. Returns `None` for SQLite and
    /// mocks, which have none.
    pub(in crate::cluster) fn of(connection: &DatabaseConnection) -> Option<Self> {
        match DriverKind::of(connection) {
            #[cfg(feature = "sqlx-postgres")]
            DriverKind::Postgres(pool) => {
                let options = (*pool.connect_options()).clone();
                Some(Self::Postgres(Box::new(
                    options.disable_statement_logging(),
                )))
            }
            #[cfg(feature = "sqlx-mysql")]
            DriverKind::MySql(pool) => {
                let options = (*pool.connect_options()).clone();
                Some(Self::MySql(Box::new(options.disable_statement_logging())))
            }
            _ => None,
        }
    }
}

impl ProbeTarget {
    /// Where it is.
    pub(super) fn address(&self) -> Address {
        // There may be no variant at all.
        match *self {
            #[cfg(feature = "sqlx-postgres")]
            Self::Postgres(ref options) => Address {
                host: options.get_host().to_owned(),
                port: options.get_port(),
                socket: options.get_socket().cloned(),
                username: options.get_username().to_owned(),
                options: options.get_options().map(str::to_owned),
            },
            #[cfg(feature = "sqlx-mysql")]
            Self::MySql(ref options) => Address {
                host: options.get_host().to_owned(),
                port: options.get_port(),
                socket: options.get_socket().cloned(),
                username: options.get_username().to_owned(),
                options: options.get_charset().to_owned().into(),
            },
        }
    }

    /// The database that it connects to.
    pub(super) fn catalog(&self) -> Option<Box<str>> {
        match *self {
            #[cfg(feature = "sqlx-postgres")]
            Self::Postgres(ref options) => {
                let named = options.get_database();
                Some(named.unwrap_or_else(|| options.get_username()).into())
            }
            #[cfg(feature = "sqlx-mysql")]
            Self::MySql(ref options) => options.get_database().map(Into::into),
        }
    }

    /// Whether a pooler lets clients share its connections to the server.
    ///
    /// # Errors
    ///
    /// Why it cannot be found out.
    pub(in crate::cluster) async fn shares_connections(
        &self,
        #[cfg_attr(
            not(feature = "sqlx-postgres"),
            allow(unused_variables, reason = "only Postgres is asked")
        )]
        timeout: Duration,
    ) -> Result<bool, String> {
        match self {
            #[cfg(feature = "sqlx-postgres")]
            Self::Postgres(options) => super::pooler::shares_connections(options, timeout).await,
            #[allow(unreachable_patterns, reason = "the features decide what is left")]
            _ => Err("only Postgres is asked".to_owned()),
        }
    }
}

impl Probe {
    pub(in crate::cluster) fn new(asynchronous: bool, clock: Clock) -> Self {
        Self {
            clock,
            connection: None,
            opened: 0,
            asynchronous,
        }
    }

    /// How often it has opened a connection.
    pub(super) fn opened(&self) -> u32 {
        self.opened
    }

    pub(super) fn is_open(&self) -> bool {
        self.connection.is_some()
    }

    /// Makes the next query open a new connection.
    pub(super) fn disconnect(&mut self) {
        self.connection = None;
    }

    /// Asks, within a timeout. Also returns when the query was sent.
    pub(in crate::cluster) async fn ask(
        &mut self,
        target: &ProbeTarget,
        timeout: Duration,
    ) -> (Instant, ProbeOutcome) {
        let mut asked = self.clock.now();
        // A server that hangs shows on an open connection.
        let timeout = match self.connection {
            Some(_) => timeout,
            None => opening(timeout),
        };
        let answered = tokio::time::timeout(timeout, self.ask_twice(target, &mut asked)).await;
        let answer = match answered {
            Ok(Ok(seen)) => return (asked, ProbeOutcome::Observed(Box::new(seen))),
            Ok(Err(Failure::Error(reason) | Failure::Denied(reason))) => {
                tracing::debug!(target: "sea_orm_routing", reason, "a probe was answered with an error");
                return (asked, ProbeOutcome::Alive);
            }
            Ok(Err(Failure::Full(reason))) => ProbeOutcome::Full(reason),
            Ok(Err(Failure::Dead(reason))) => ProbeOutcome::Dead(reason),
            Ok(Err(Failure::NoServer(reason))) => ProbeOutcome::Refused(reason),
            Ok(Err(Failure::LoginRefused(reason))) => ProbeOutcome::LoginRefused(reason),
            Ok(Err(Failure::Local(reason))) => ProbeOutcome::Local(reason),
            Ok(Err(Failure::OptionRefused(reason))) => ProbeOutcome::OptionRefused(reason),
            Err(_) => ProbeOutcome::Silent,
        };
        self.connection = None;
        (asked, answer)
    }

    /// An idle connection may have been closed, which says nothing about the server.
    async fn ask_twice(
        &mut self,
        target: &ProbeTarget,
        asked: &mut Instant,
    ) -> Result<Observation, Failure> {
        if self.connection.is_some() {
            match self.ask_once(target, asked).await {
                Err(
                    Failure::Dead(_)
                    | Failure::NoServer(_)
                    | Failure::LoginRefused(_)
                    | Failure::OptionRefused(_)
                    | Failure::Local(_),
                ) => {
                    self.connection = None;
                }
                answer => return answer,
            }
        }
        self.ask_once(target, asked).await
    }

    async fn ask_once(
        &mut self,
        target: &ProbeTarget,
        asked: &mut Instant,
    ) -> Result<Observation, Failure> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            None => {
                let opened = Connection::open(target, self.clock).await?;
                self.opened = self.opened.wrapping_add(1);
                self.connection.insert(opened)
            }
        };
        *asked = self.clock.now();
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
    async fn open(
        target: &ProbeTarget,
        #[cfg_attr(
            not(feature = "sqlx-mysql"),
            allow(unused_variables, reason = "only MySQL does not say when it started")
        )]
        clock: Clock,
    ) -> Result<Self, Failure> {
        match *target {
            #[cfg(feature = "sqlx-postgres")]
            ProbeTarget::Postgres(ref options) => {
                let server = super::postgres::PostgresServer::open(options).await?;
                Ok(Self::Postgres(Box::new(server)))
            }
            #[cfg(feature = "sqlx-mysql")]
            ProbeTarget::MySql(ref options) => {
                let server = super::mysql::MySqlServer::open(options, clock).await?;
                Ok(Self::MySql(Box::new(server)))
            }
        }
    }
}
