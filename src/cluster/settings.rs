//! How a database is monitored, and what that may cost.

use std::ops::RangeInclusive;
use std::time::Duration;

use sea_orm::DbBackend;

use super::DatabaseOptions;
use crate::error::{ConfigError, RoutingError};
use crate::name::DatabaseName;
use crate::sql::Server;
use crate::topology::Endpoint;

/// Which source names the primary of a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum RoleSource {
    /// The declaration. Roles never change.
    #[default]
    Declared,
    /// The servers: a node that was promoted becomes the primary without a restart, and the old
    /// primary a replica when it comes back as one. Asked by `pg_is_in_recovery()` on Postgres, by
    /// `@@read_only` on MySQL and MariaDB.
    ///
    /// A promotion is followed if it is newer than the last one: on Postgres, if its timeline is higher; on
    /// MySQL and MariaDB, if the server was observed to become writable and lacks no GTID of the primary.
    /// The old primary, should it still run, is given nothing more, neither writes nor reads, until it
    /// follows the new one. If nothing decides between two servers, writes stop until
    /// [`accept_primary`](crate::admin::Admin::accept_primary) does. A process that has just started knows
    /// no earlier promotion: it takes the newest primary that it finds.
    Observed,
}

/// How a database is monitored, and what that may cost.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) roles: RoleSource,
    pub(crate) monitored: bool,
    pub(crate) probe_interval: Duration,
    pub(crate) probe_timeout: Duration,
    pub(crate) max_backoff: Duration,
    pub(crate) lag_limit: Option<Duration>,
    pub(crate) lag_limit_bytes: Option<u64>,
    pub(crate) read_deadline: Duration,
    pub(crate) max_fallback_reads: Option<u32>,
    pub(crate) require_primary: bool,
    pub(crate) asynchronous_commits: bool,
    pub(crate) server: Option<Server>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            roles: RoleSource::default(),
            monitored: true,
            probe_interval: Duration::from_secs(1),
            probe_timeout: Duration::from_secs(1),
            max_backoff: Duration::from_secs(30),
            lag_limit: None,
            lag_limit_bytes: None,
            read_deadline: Duration::from_secs(3),
            max_fallback_reads: None,
            require_primary: true,
            asynchronous_commits: false,
            server: None,
        }
    }
}

/// Monitoring. A database with replicas has a monitor. At each probe interval it asks each node, on a
/// connection of its own, whether it is alive, its role, and its position.
impl DatabaseOptions {
    /// Which source names the primary. Defaults to the declaration.
    #[must_use]
    pub fn roles(mut self, roles: RoleSource) -> Self {
        self.settings.roles = roles;
        self
    }

    /// Whether it has a monitor. Defaults to `true`, for a database with replicas on servers of their
    /// own. Without a monitor, nodes are judged by the statements they fail, no lag is measured, and
    /// a causal session reads from the primary once it has written.
    #[must_use]
    pub fn monitored(mut self, monitored: bool) -> Self {
        self.settings.monitored = monitored;
        self
    }

    /// How often the monitor asks each node: 10 ms to an hour. Defaults to one second.
    #[must_use]
    pub fn probe_interval(mut self, interval: Duration) -> Self {
        self.settings.probe_interval = interval;
        self
    }

    /// How long the monitor waits for an answer before it declares a node dead: 10 ms to a minute.
    /// Defaults to one second. Reads that wait for a dead node are retried elsewhere.
    #[must_use]
    pub fn probe_timeout(mut self, timeout: Duration) -> Self {
        self.settings.probe_timeout = timeout;
        self
    }

    /// The longest backoff, after which a node that keeps failing is tried again: 10 ms to an hour. Defaults to
    /// 30 seconds.
    #[must_use]
    pub fn max_backoff(mut self, backoff: Duration) -> Self {
        self.settings.max_backoff = backoff;
        self
    }

    /// Takes replicas out of the rotation while they are behind the primary by more than this, which is
    /// at least the probe interval. Defaults to no limit.
    #[must_use]
    pub fn lag_limit(mut self, limit: Duration) -> Self {
        self.settings.lag_limit = Some(limit);
        self
    }

    /// Takes replicas out of the rotation while more bytes of the log than this are not replayed.
    /// Postgres only. Defaults to no limit.
    #[must_use]
    pub fn lag_limit_bytes(mut self, limit: u64) -> Self {
        self.settings.lag_limit_bytes = Some(limit);
        self
    }

    /// For how long a read that met a failing replica tries other replicas before it goes to the
    /// primary: up to a minute. Defaults to three seconds.
    #[must_use]
    pub fn read_deadline(mut self, deadline: Duration) -> Self {
        self.settings.read_deadline = deadline;
        self
    }

    /// How many reads may be in flight on the primary because no replica serves: 1 to 1,000,000.
    /// Defaults to half the connections of its pool. Further reads wait for the
    /// [read deadline](Self::read_deadline) and then fail, so that dead replicas do not overload the
    /// primary.
    #[must_use]
    pub fn max_fallback_reads(mut self, reads: u32) -> Self {
        self.settings.max_fallback_reads = Some(reads);
        self
    }

    /// Whether connecting fails if the primary does not answer. Defaults to `true`. With `false`, reads
    /// of replicas work while the primary is down.
    #[must_use]
    pub fn require_primary(mut self, require: bool) -> Self {
        self.settings.require_primary = require;
        self
    }

    /// Which server it is. Defaults to what its monitor finds.
    ///
    /// A function that only MariaDB has (`NVL`) or only MySQL (`ANY_VALUE`) may be called on a replica if all
    /// databases of the connection that speak MySQL are known to be that one. A database without a monitor,
    /// such as one without replicas, is not known unless this is set. Postgres counts as its newest version until
    /// an older one is found or set.
    #[must_use]
    pub fn server(mut self, server: Server) -> Self {
        self.settings.server = Some(server);
        self
    }

    /// Whether some commits are made asynchronous by their own connection: Postgres' `SET
    /// synchronous_commit = off`, `LOCAL` or not. Defaults to `false`. Causal sessions then wait for a
    /// later position than they need. A setting of the server, database or role is detected without
    /// this.
    #[must_use]
    pub fn asynchronous_commits(mut self, some: bool) -> Self {
        self.settings.asynchronous_commits = some;
        self
    }
}

const MILLIS_10: Duration = Duration::from_millis(10);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

impl Settings {
    /// Refuses values that are out of bounds or contradict each other.
    pub(crate) fn check(
        &self,
        database: &DatabaseName,
        dialect: DbBackend,
        endpoint: Endpoint,
    ) -> Result<(), RoutingError> {
        let bounds = self.check_bounds();
        let found = bounds.and_then(|()| self.check_dialect(dialect, endpoint));
        found
            .and_then(|()| self.check_limits(dialect))
            .map_err(|invalid| {
                RoutingError::Config(ConfigError::InvalidSetting {
                    what: invalid.what,
                    database: database.clone(),
                    value: invalid.value,
                    reason: invalid.reason,
                })
            })
    }

    fn check_bounds(&self) -> Result<(), Invalid> {
        let hour = "it must be from 10 ms to an hour";
        let minute = "it must be from 10 ms to a minute";
        let deadline = "it must be a minute at most";
        within(
            "probe_interval",
            self.probe_interval,
            MILLIS_10..=HOUR,
            hour,
        )?;
        within(
            "probe_timeout",
            self.probe_timeout,
            MILLIS_10..=MINUTE,
            minute,
        )?;
        within("max_backoff", self.max_backoff, MILLIS_10..=HOUR, hour)?;
        within(
            "read_deadline",
            self.read_deadline,
            Duration::ZERO..=MINUTE,
            deadline,
        )
    }

    /// What a dialect or an endpoint cannot do.
    fn check_dialect(&self, dialect: DbBackend, endpoint: Endpoint) -> Result<(), Invalid> {
        let observed = self.roles == RoleSource::Observed;
        if observed && endpoint == Endpoint::Balanced {
            let reason = "a balancer chooses the primary by itself and does not name it; use \
                roles(RoleSource::Declared)";
            return invalid("endpoint", "Endpoint::Balanced", reason);
        }
        if let Some(server) = self.server
            && server.dialect() != dialect
        {
            let reason =
                "its URL is of another kind of database; leave server(..) out, or correct it";
            return invalid("server", server, reason);
        }
        if dialect != DbBackend::Sqlite {
            return Ok(());
        }
        if observed {
            let reason =
                "SQLite has no server that reports a role; use roles(RoleSource::Declared)";
            return invalid("roles", "RoleSource::Observed", reason);
        }
        match self.lag_limit {
            Some(_) => {
                let reason = "SQLite has no server that reports a position; set no lag limit";
                invalid("lag_limit", "set", reason)
            }
            None => Ok(()),
        }
    }

    fn check_limits(&self, dialect: DbBackend) -> Result<(), Invalid> {
        let needs_monitor = self.roles == RoleSource::Observed
            || self.lag_limit.is_some()
            || self.lag_limit_bytes.is_some();
        if needs_monitor && !self.monitored {
            let reason = "roles(RoleSource::Observed) and the limits of lag need the monitor";
            return invalid("monitored", "false", reason);
        }
        if let Some(limit) = self.lag_limit {
            let reason = "it must be at least the probe interval, and an hour at most";
            within("lag_limit", limit, self.probe_interval..=HOUR, reason)?;
        }
        match self.lag_limit_bytes {
            Some(_) if dialect != DbBackend::Postgres => {
                let reason = "only Postgres counts bytes; use lag_limit(..)";
                return invalid("lag_limit_bytes", "set", reason);
            }
            Some(0) => return invalid("lag_limit_bytes", "0", "no replica would serve"),
            Some(_) | None => {}
        }
        match self.max_fallback_reads {
            Some(reads) if !(1..=1_000_000).contains(&reads) => {
                let reason = "it must be from 1 to 1,000,000";
                invalid("max_fallback_reads", reads, reason)
            }
            Some(_) | None => Ok(()),
        }
    }
}

/// A setting that is refused.
struct Invalid {
    what: &'static str,
    value: String,
    reason: &'static str,
}

fn invalid(what: &'static str, value: impl ToString, reason: &'static str) -> Result<(), Invalid> {
    let value = value.to_string();
    Err(Invalid {
        what,
        value,
        reason,
    })
}

fn within(
    what: &'static str,
    value: Duration,
    bounds: RangeInclusive<Duration>,
    reason: &'static str,
) -> Result<(), Invalid> {
    match bounds.contains(&value) {
        true => Ok(()),
        false => invalid(what, format!("{value:?}"), reason),
    }
}
