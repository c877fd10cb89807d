//! What the user says about a database and its replicas.

use std::fmt;

use sea_orm::{ConnectOptions, DatabaseConnection};

use super::settings::Settings;
use crate::balance::{Balancing, PrimaryReads, ReplicaPolicy};
use crate::topology::Endpoint;

/// How a replica's pool is kept from writing, beyond our own rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ReplicaGuard {
    /// The server refuses writes on every connection of the pool: SQLite `mode=ro`, Postgres
    /// `default_transaction_read_only=on`, MySQL and MariaDB `SET SESSION TRANSACTION READ ONLY`.
    #[default]
    Server,
    /// The pool is opened as it is, for poolers that refuse start-up options.
    Off,
}

/// Where a node's pool comes from.
#[derive(Clone)]
pub(crate) enum Source {
    /// A URL alone: everything else is the primary's, or SeaORM's default.
    Url(String),
    /// Options of its own.
    Options(Box<ConnectOptions>),
    /// A pool that is open already, or a mock.
    Open(DatabaseConnection),
}

impl fmt::Debug for Source {
    /// Never shows a URL: it may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Url(_) => "Url",
            Self::Options(_) => "Options",
            Self::Open(_) => "Open",
        })
    }
}

/// A database: where its primary is, its replicas, and how reads are spread over them.
///
/// ```
/// use sea_orm_routing::policy::RoundRobin;
/// use sea_orm_routing::{DatabaseOptions, ReplicaOptions};
///
/// let options = DatabaseOptions::new("postgres://primary/app")
///     .replica("postgres://replica-1/app")
///     .replica(ReplicaOptions::new("postgres://replica-2/app").name("reports").weight(3))
///     .replica_policy(RoundRobin::default());
/// ```
#[derive(Debug)]
pub struct DatabaseOptions {
    pub(crate) primary: Source,
    pub(crate) name: Option<String>,
    pub(crate) replicas: Vec<ReplicaOptions>,
    pub(crate) guard: ReplicaGuard,
    pub(crate) balancing: Balancing,
    pub(crate) settings: Settings,
    pub(crate) zone: Option<String>,
}

/// A replica: where it is, its name, weight and zone.
#[derive(Debug)]
pub struct ReplicaOptions {
    pub(crate) source: Source,
    pub(crate) name: Option<String>,
    pub(crate) weight: u32,
    pub(crate) zone: Option<String>,
    pub(crate) endpoint: Endpoint,
}

impl DatabaseOptions {
    /// A database whose primary is a URL, a [`ConnectOptions`], or an open
    /// [`DatabaseConnection`] (a mock too).
    pub fn new(primary: impl Into<Self>) -> Self {
        primary.into()
    }

    fn of(primary: Source) -> Self {
        Self {
            primary,
            name: None,
            replicas: Vec::new(),
            guard: ReplicaGuard::default(),
            balancing: Balancing::default(),
            settings: Settings::default(),
            zone: None,
        }
    }

    /// The name of the primary's node, instead of `<database>/1`.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Adds a replica.
    ///
    /// One given as a bare URL inherits the options of the primary (search path, TLS, timeouts,
    /// pool, hooks); only its endpoint differs. It does not inherit `min_connections` and
    /// `after_connect`: replicas open lazily. A URL with a query of its own (`?sslmode=..`) says all
    /// of its connect options itself, and inherits the pool's and the password. Where no timeout is set at all, a replica gets 3
    /// seconds to hand out a connection, since a read has somewhere else to go.
    #[must_use]
    pub fn replica(mut self, replica: impl Into<ReplicaOptions>) -> Self {
        self.replicas.push(replica.into());
        self
    }

    /// How one replica is picked among those that serve; [`Random`] unless said otherwise.
    #[must_use]
    pub fn replica_policy(mut self, policy: impl ReplicaPolicy + 'static) -> Self {
        self.balancing.set_policy(policy);
        self
    }

    /// Whether reads that replicas could serve may go to the primary. Defaults to
    /// [`PrimaryReads::Fallback`]: only when no replica is available.
    #[must_use]
    pub fn primary_reads(mut self, reads: PrimaryReads) -> Self {
        self.balancing.primary_reads = reads;
        self
    }

    /// The zone of its primary, for [`PrimaryReads::Include`] with [`Zones`](crate::policy::Zones).
    #[must_use]
    pub fn zone(mut self, zone: impl Into<String>) -> Self {
        self.zone = Some(zone.into());
        self
    }

    /// How replicas are kept from writing.
    #[must_use]
    pub fn replica_guard(mut self, guard: ReplicaGuard) -> Self {
        self.guard = guard;
        self
    }
}

impl ReplicaOptions {
    /// A replica that is a URL, a [`ConnectOptions`], or an open [`DatabaseConnection`].
    pub fn new(replica: impl Into<Self>) -> Self {
        replica.into()
    }

    fn of(source: Source) -> Self {
        Self {
            source,
            name: None,
            weight: 1,
            zone: None,
            endpoint: Endpoint::default(),
        }
    }

    /// The name of the node, instead of `<database>/<number>`.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Its share of the reads under [`Random`](crate::policy::Random): 1 to 1,000,000, 1 unless said
    /// otherwise.
    #[must_use]
    pub fn weight(mut self, weight: u32) -> Self {
        self.weight = weight;
        self
    }

    /// The zone it stands in, for policies that prefer near replicas: [`Zones`](crate::policy::Zones).
    #[must_use]
    pub fn zone(mut self, zone: impl Into<String>) -> Self {
        self.zone = Some(zone.into());
        self
    }

    /// What stands behind its address; one server unless said otherwise.
    #[must_use]
    pub fn endpoint(mut self, endpoint: Endpoint) -> Self {
        self.endpoint = endpoint;
        self
    }
}

macro_rules! from_sources {
    ($name:ident) => {
        impl From<&str> for $name {
            fn from(url: &str) -> Self {
                Self::of(Source::Url(url.to_owned()))
            }
        }

        impl From<String> for $name {
            fn from(url: String) -> Self {
                Self::of(Source::Url(url))
            }
        }

        impl From<ConnectOptions> for $name {
            fn from(options: ConnectOptions) -> Self {
                Self::of(Source::Options(Box::new(options)))
            }
        }

        impl From<DatabaseConnection> for $name {
            fn from(connection: DatabaseConnection) -> Self {
                Self::of(Source::Open(connection))
            }
        }
    };
}

from_sources!(DatabaseOptions);
from_sources!(ReplicaOptions);
