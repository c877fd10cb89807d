//! The declaration of a database and its nodes.

use std::fmt;

use sea_orm::{ConnectOptions, DatabaseConnection};

use super::settings::Settings;
use crate::balance::{Balancing, PrimaryReads, ReplicaPolicy};
use crate::topology::Endpoint;

/// How the pool of a replica is kept from writing, besides the routing itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum ReplicaGuard {
    /// The server refuses writes on every connection of the pool: SQLite `mode=ro`, Postgres
    /// `default_transaction_read_only=on`, MySQL and MariaDB `SET SESSION TRANSACTION READ ONLY`.
    ///
    /// Before a Postgres there may be a pooler that refuses this option or ignores it (PgBouncer, Neon,
    /// Supabase). Then the first statement of each new connection sets it, if two things hold: the pooler
    /// keeps a server connection for each of its clients, and no [`ConnectOptions`] were given for the
    /// replica or its primary, since a hook in them would be replaced. Else the replica has no guard;
    /// [`unguarded`](crate::topology::NodeView::unguarded) and a warning say why. A standby refuses writes all
    /// the same.
    #[default]
    Server,
    /// The pool gets no guard.
    Off,
}

/// Where a node's pool comes from.
#[derive(Clone)]
pub(crate) enum NodeSource {
    /// A URL alone: everything else is the primary's, or SeaORM's default.
    Url(String),
    /// Options of its own.
    Options(Box<ConnectOptions>),
    /// A pool that is open already, or a mock.
    Open(DatabaseConnection),
}

impl fmt::Debug for NodeSource {
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
    pub(crate) primary: NodeOptions,
    pub(crate) replicas: Vec<ReplicaOptions>,
    pub(crate) guard: ReplicaGuard,
    pub(crate) balancing: Balancing,
    pub(crate) settings: Settings,
}

/// A replica: where it is, its name, weight and zone.
#[derive(Debug)]
pub struct ReplicaOptions {
    pub(crate) node: NodeOptions,
}

/// What every node has, whatever its role.
#[derive(Debug)]
pub(crate) struct NodeOptions {
    pub(crate) source: NodeSource,
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

    fn of(primary: NodeSource) -> Self {
        Self {
            primary: NodeOptions::of(primary),
            replicas: Vec::new(),
            guard: ReplicaGuard::default(),
            balancing: Balancing::default(),
            settings: Settings::default(),
        }
    }

    /// The name of the primary's node. Defaults to `<database>/1`.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.primary.name = Some(name.into());
        self
    }

    /// The share of the primary in the reads under [`Random`](crate::policy::Random), with
    /// [`PrimaryReads::Include`] or once it is a replica: 1 to 1,000,000. Defaults to 1.
    #[must_use]
    pub fn weight(mut self, weight: u32) -> Self {
        self.primary.weight = weight;
        self
    }

    /// The zone of its primary, for [`PrimaryReads::Include`] with [`Zones`](crate::policy::Zones).
    #[must_use]
    pub fn zone(mut self, zone: impl Into<String>) -> Self {
        self.primary.zone = Some(zone.into());
        self
    }

    /// What stands behind the address of the primary. Defaults to one server.
    #[must_use]
    pub fn endpoint(mut self, endpoint: Endpoint) -> Self {
        self.primary.endpoint = endpoint;
        self
    }

    /// Adds a replica.
    ///
    /// A replica given as a bare URL inherits the options of the primary (search path, TLS, timeouts,
    /// pool, hooks); only its endpoint differs. It does not inherit `min_connections` and
    /// `after_connect`, because replicas open lazily. A URL with a query of its own (`?sslmode=..`)
    /// states all of its connect options, and inherits those of the pool and the password. If no
    /// timeout is set, a replica has 3 seconds to hand out a connection.
    #[must_use]
    pub fn replica(mut self, replica: impl Into<ReplicaOptions>) -> Self {
        self.replicas.push(replica.into());
        self
    }

    /// How one replica is chosen among those that serve. Defaults to [`Random`](crate::policy::Random).
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

    fn of(source: NodeSource) -> Self {
        Self {
            node: NodeOptions::of(source),
        }
    }

    /// The name of the node. Defaults to `<database>/<number>`.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.node.name = Some(name.into());
        self
    }

    /// Its share of the reads under [`Random`](crate::policy::Random): 1 to 1,000,000. Defaults to 1.
    #[must_use]
    pub fn weight(mut self, weight: u32) -> Self {
        self.node.weight = weight;
        self
    }

    /// Its zone, for policies that prefer near replicas: [`Zones`](crate::policy::Zones).
    #[must_use]
    pub fn zone(mut self, zone: impl Into<String>) -> Self {
        self.node.zone = Some(zone.into());
        self
    }

    /// What stands behind its address. Defaults to one server.
    #[must_use]
    pub fn endpoint(mut self, endpoint: Endpoint) -> Self {
        self.node.endpoint = endpoint;
        self
    }
}

impl NodeOptions {
    fn of(source: NodeSource) -> Self {
        Self {
            source,
            name: None,
            weight: 1,
            zone: None,
            endpoint: Endpoint::default(),
        }
    }
}

macro_rules! from_sources {
    ($name:ident) => {
        impl From<&str> for $name {
            fn from(url: &str) -> Self {
                Self::of(NodeSource::Url(url.to_owned()))
            }
        }

        impl From<String> for $name {
            fn from(url: String) -> Self {
                Self::of(NodeSource::Url(url))
            }
        }

        impl From<ConnectOptions> for $name {
            fn from(options: ConnectOptions) -> Self {
                Self::of(NodeSource::Options(Box::new(options)))
            }
        }

        impl From<DatabaseConnection> for $name {
            fn from(connection: DatabaseConnection) -> Self {
                Self::of(NodeSource::Open(connection))
            }
        }
    };
}

from_sources!(DatabaseOptions);
from_sources!(ReplicaOptions);
