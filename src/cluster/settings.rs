//! How a database is watched, and what that may cost.

use std::time::Duration;

use sea_orm::DbBackend;

use super::DatabaseOptions;
use crate::error::{ConfigError, RoutingError};
use crate::name::DatabaseName;
use crate::topology::Endpoint;

/// Who says which node is the primary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Roles {
    /// The declaration, for ever.
    #[default]
    Declared,
    /// The servers: one that was promoted becomes the primary without a restart, and the old one a
    /// replica when it comes back as one. Two that say they are the primary stop all writes until
    /// there is one again. On Postgres by `pg_is_in_recovery()`, on MySQL and MariaDB by
    /// `@@read_only`.
    Observed,
}

/// How a database is watched, and what that may cost.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) roles: Roles,
    pub(crate) monitored: bool,
    pub(crate) probe_interval: Duration,
    pub(crate) probe_timeout: Duration,
    pub(crate) longest_pause: Duration,
    pub(crate) lag_limit: Option<Duration>,
    pub(crate) lag_limit_bytes: Option<u64>,
    pub(crate) read_deadline: Duration,
    pub(crate) spill_over: Option<u32>,
    pub(crate) require_primary: bool,
    pub(crate) endpoint: Endpoint,
    pub(crate) asynchronous_commits: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            roles: Roles::default(),
            monitored: true,
            probe_interval: Duration::from_secs(1),
            probe_timeout: Duration::from_secs(1),
            longest_pause: Duration::from_secs(30),
            lag_limit: None,
            lag_limit_bytes: None,
            read_deadline: Duration::from_secs(3),
            spill_over: None,
            require_primary: true,
            endpoint: Endpoint::default(),
            asynchronous_commits: false,
        }
    }
}

/// How a database is watched. A database with replicas has a monitor: it asks each node now and then,
/// on a connection of its own, whether it is alive, what it is, and how far it has got.
impl DatabaseOptions {
    /// Who says which node is the primary; the declaration unless said otherwise.
    #[must_use]
    pub fn roles(mut self, roles: Roles) -> Self {
        self.settings.roles = roles;
        self
    }

    /// Whether it has a monitor; it has one unless said otherwise, if it has replicas on servers of
    /// their own. Without one, nodes are judged by the statements they fail, no lag is measured, and a
    /// causal session reads from the primary once it has written.
    #[must_use]
    pub fn monitored(mut self, monitored: bool) -> Self {
        self.settings.monitored = monitored;
        self
    }

    /// How often the monitor asks each node: 10 ms to an hour, one second unless said otherwise.
    #[must_use]
    pub fn probe_interval(mut self, interval: Duration) -> Self {
        self.settings.probe_interval = interval;
        self
    }

    /// How long the monitor waits for an answer before it takes a node for dead: 10 ms to a minute,
    /// one second unless said otherwise. Reads that wait for a node that is taken for dead move on.
    #[must_use]
    pub fn probe_timeout(mut self, timeout: Duration) -> Self {
        self.settings.probe_timeout = timeout;
        self
    }

    /// How long a node that fails again and again is left alone at most: 10 ms to an hour, 30
    /// seconds unless said otherwise.
    #[must_use]
    pub fn longest_pause(mut self, pause: Duration) -> Self {
        self.settings.longest_pause = pause;
        self
    }

    /// Takes replicas out of the rotation while they are behind the primary by more than this, at
    /// least the probe interval. No limit unless said otherwise.
    #[must_use]
    pub fn lag_limit(mut self, limit: Duration) -> Self {
        self.settings.lag_limit = Some(limit);
        self
    }

    /// Takes replicas out of the rotation while more bytes of the log than this are not replayed.
    /// Postgres only. No limit unless said otherwise.
    #[must_use]
    pub fn lag_limit_bytes(mut self, limit: u64) -> Self {
        self.settings.lag_limit_bytes = Some(limit);
        self
    }

    /// For how long a read that met a failing replica tries other replicas before it goes to the
    /// primary: up to a minute, three seconds unless said otherwise.
    #[must_use]
    pub fn read_deadline(mut self, deadline: Duration) -> Self {
        self.settings.read_deadline = deadline;
        self
    }

    /// How many reads may be on the primary at once because no replica serves: 1 to 1,000,000, half
    /// the connections of its pool unless said otherwise. More wait for the
    /// [read deadline](Self::read_deadline) and then fail, so that dead replicas do not take the
    /// primary down with them.
    #[must_use]
    pub fn spill_over(mut self, reads: u32) -> Self {
        self.settings.spill_over = Some(reads);
        self
    }

    /// Whether the connection starts only when the primary answers; it does unless said otherwise.
    /// Without, reads of replicas work while the primary is down.
    #[must_use]
    pub fn require_primary(mut self, require: bool) -> Self {
        self.settings.require_primary = require;
        self
    }

    /// Whether some commits return before Postgres has them on its disk in a way it does not know of
    /// beforehand: `SET LOCAL synchronous_commit = off`, or `SET` on a connection. Causal sessions then
    /// wait for more than they need. Set on the server, the database or the role, it is seen without.
    #[must_use]
    pub fn asynchronous_commits(mut self, some: bool) -> Self {
        self.settings.asynchronous_commits = some;
        self
    }

    /// What stands behind the address of the primary; one server unless said otherwise.
    #[must_use]
    pub fn endpoint(mut self, endpoint: Endpoint) -> Self {
        self.settings.endpoint = endpoint;
        self
    }
}

const MILLIS_10: Duration = Duration::from_millis(10);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

impl Settings {
    /// Refuses numbers that make no sense.
    pub(crate) fn check(
        &self,
        database: &DatabaseName,
        dialect: DbBackend,
    ) -> Result<(), RoutingError> {
        let invalid = |what, value: String, reason| {
            Err(RoutingError::Config(ConfigError::InvalidSetting {
                what,
                database: database.clone(),
                value,
                reason,
            }))
        };
        let within = |what, value: Duration, from, to, reason| match (from..=to).contains(&value) {
            true => Ok(()),
            false => invalid(what, format!("{value:?}"), reason),
        };
        let to_hour = "it must be from 10 ms to an hour";
        within(
            "probe_interval",
            self.probe_interval,
            MILLIS_10,
            HOUR,
            to_hour,
        )?;
        let to_minute = "it must be from 10 ms to a minute";
        within(
            "probe_timeout",
            self.probe_timeout,
            MILLIS_10,
            MINUTE,
            to_minute,
        )?;
        within(
            "longest_pause",
            self.longest_pause,
            MILLIS_10,
            HOUR,
            to_hour,
        )?;
        let deadline = "it must be a minute at most";
        within(
            "read_deadline",
            self.read_deadline,
            Duration::ZERO,
            MINUTE,
            deadline,
        )?;
        if self.roles == Roles::Observed && self.endpoint == Endpoint::Balanced {
            let reason = "a balancer leads to the primary by itself, and cannot be asked who that is: \
                use roles(Roles::Declared)";
            return invalid("endpoint", "Endpoint::Balanced".to_owned(), reason);
        }
        if dialect == DbBackend::Sqlite && self.roles == Roles::Observed {
            let reason = "SQLite has no server that could say what it is";
            return invalid("roles", "Roles::Observed".to_owned(), reason);
        }
        if dialect == DbBackend::Sqlite && self.lag_limit.is_some() {
            let reason = "SQLite has no server that could say how far it is";
            return invalid("lag_limit", "set".to_owned(), reason);
        }
        let needs_monitor = self.roles == Roles::Observed
            || self.lag_limit.is_some()
            || self.lag_limit_bytes.is_some();
        if needs_monitor && !self.monitored {
            let reason = "roles(Roles::Observed) and the limits of lag need the monitor";
            return invalid("monitored", "false".to_owned(), reason);
        }
        if let Some(limit) = self.lag_limit {
            let reason = "it must be at least the probe interval, and an hour at most";
            within("lag_limit", limit, self.probe_interval, HOUR, reason)?;
        }
        match self.lag_limit_bytes {
            Some(_) if dialect != DbBackend::Postgres => {
                let reason = "only Postgres counts bytes; use lag_limit(..)";
                return invalid("lag_limit_bytes", "set".to_owned(), reason);
            }
            Some(0) => return invalid("lag_limit_bytes", "0".to_owned(), "nothing would serve"),
            Some(_) | None => {}
        }
        match self.spill_over {
            Some(reads) if !(1..=1_000_000).contains(&reads) => invalid(
                "spill_over",
                reads.to_string(),
                "it must be from 1 to 1,000,000",
            ),
            Some(_) | None => Ok(()),
        }
    }
}
