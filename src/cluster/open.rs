//! How the pool of a node is opened.
//!
//! SeaORM opens it, so that every option and hook of the user applies. SeaORM has no hook for three
//! things, which are set on the connect options before the pool has a connection: the password, which
//! SeaORM would trace with the URL; the address of a replica that inherits everything else from its
//! primary; and the guard.

use std::time::Duration;

use sea_orm::{ConnectOptions, Database, DatabaseConnection, DbBackend, DbErr};
use tracing::instrument::WithSubscriber;
use tracing::level_filters::LevelFilter;
use tracing::subscriber::NoSubscriber;

use super::credentials::CredentialCell;
use super::database_spec::DatabaseSpec;
use super::node_url::NodeUrl;
use super::options::{NodeSource, ReplicaGuard};

/// The default acquire timeout of a replica. It is short, because a read can be retried elsewhere.
const REPLICA_ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);

/// Where and how to open a pool.
#[derive(Debug, Clone)]
pub(crate) struct OpenPlan {
    source: NodeSource,
    /// The source of the primary, whose options a replica inherits if its own source is a bare URL.
    inherit: Option<NodeSource>,
    guard: PoolGuard,
    way: OpenMode,
    /// The rotated credentials, if any.
    credentials: CredentialCell,
}

/// How a pool is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OpenMode {
    /// A primary, with its first connection.
    Eager,
    /// A primary, without a connection.
    Lazy,
    /// A replica, without a connection.
    Replica,
}

/// What keeps the connections of a pool from writing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum PoolGuard {
    #[default]
    Off,
    /// Each connection starts read-only.
    AtStart,
    /// Each connection of a Postgres is made read-only by its first statement, since a pooler does not take
    /// options at the start.
    FirstStatement,
}

/// What is set on connect options that SeaORM has made.
#[derive(Default)]
pub(super) struct ConnectOverrides {
    pub(super) password: Option<String>,
    pub(super) endpoint: Option<NodeUrl>,
    pub(super) guard: PoolGuard,
}

impl From<ReplicaGuard> for PoolGuard {
    fn from(declared: ReplicaGuard) -> Self {
        match declared {
            ReplicaGuard::Server => Self::AtStart,
            ReplicaGuard::Off => Self::Off,
        }
    }
}

impl OpenPlan {
    /// A primary. Opens with its first connection, or without one if it may be down.
    pub(crate) fn primary(source: NodeSource, eager: bool, credentials: &CredentialCell) -> Self {
        Self {
            credentials: credentials.clone(),
            source,
            inherit: None,
            guard: PoolGuard::Off,
            way: match eager {
                true => OpenMode::Eager,
                false => OpenMode::Lazy,
            },
        }
    }

    /// A replica. Opens without a connection; the first read makes it.
    pub(crate) fn replica(source: NodeSource, database: &DatabaseSpec) -> Self {
        Self {
            source,
            inherit: Some(database.primary.clone()),
            guard: database.guard.into(),
            credentials: database.credentials.clone(),
            way: OpenMode::Replica,
        }
    }

    /// The same node as a primary, without a guard.
    pub(crate) fn promoted(&self) -> Self {
        Self {
            guard: PoolGuard::Off,
            way: OpenMode::Lazy,
            ..self.clone()
        }
    }

    /// The same node as a replica.
    pub(crate) fn demoted(&self, guard: ReplicaGuard) -> Self {
        Self {
            guard: guard.into(),
            way: OpenMode::Replica,
            ..self.clone()
        }
    }

    /// The same node with another guard.
    pub(super) fn guarded(&self, guard: PoolGuard) -> Self {
        Self {
            guard,
            ..self.clone()
        }
    }

    /// Whether the server refuses writes on every connection of the pool.
    pub(super) fn is_guarded(&self) -> bool {
        let opened = matches!(self.source, NodeSource::Open(_));
        self.way == OpenMode::Replica && self.guard != PoolGuard::Off && !opened
    }

    /// Whether the guard is an option at the start of each connection.
    pub(super) fn is_guarded_at_start(&self) -> bool {
        self.is_guarded() && self.guard == PoolGuard::AtStart
    }

    /// Whether the user's options may have a hook for new connections. SeaORM does not say.
    pub(super) fn may_have_hooks(&self) -> bool {
        matches!(self.effective_source(), NodeSource::Options(_))
    }

    /// Where the options come from.
    fn effective_source(&self) -> &NodeSource {
        match (&self.source, &self.inherit) {
            (NodeSource::Url(_), Some(primary)) => primary,
            (own, _) => own,
        }
    }

    /// Whether the options of the user let spans show the text of statements.
    pub(super) fn traces_texts(&self) -> bool {
        match self.effective_source() {
            NodeSource::Options(options) => options.get_record_stmt_in_spans(),
            NodeSource::Url(_) | NodeSource::Open(_) => true,
        }
    }

    pub(super) async fn open(&self) -> Result<DatabaseConnection, DbErr> {
        let opened = match self.way {
            OpenMode::Eager => self.open_eagerly().await?,
            OpenMode::Lazy | OpenMode::Replica => self.open_lazily().await?,
        };
        self.log_in(&opened).await?;
        Ok(opened)
    }

    /// Makes new connections use the rotated credentials, if there are any.
    pub(super) async fn log_in(&self, opened: &DatabaseConnection) -> Result<(), DbErr> {
        if let Some(credentials) = self.credentials.get() {
            let change = drivers::log_in_as(opened, &credentials, false).await?;
            change();
        }
        Ok(())
    }

    async fn open_eagerly(&self) -> Result<DatabaseConnection, DbErr> {
        let (options, password) = match &self.source {
            NodeSource::Open(connection) => return Ok(connection.clone()),
            NodeSource::Options(options) => ((**options).clone(), None),
            NodeSource::Url(url) => {
                let (url, password) = node_url(url)?.without_password();
                (ConnectOptions::new(url), password)
            }
        };
        let is_file = self.source.dialect() == Ok(DbBackend::Sqlite);
        if is_file || options.get_connect_lazy() {
            let in_memory = self.source.is_private_memory();
            return connect(keep_memory_db_alive(options, in_memory)).await;
        }
        let mut lazy = options.clone();
        lazy.connect_lazy(true).min_connections(0);
        if password.is_none() {
            // This pool is closed again, so the hook of the user is not for it.
            lazy.after_connect(|_| Box::pin(async { Ok(()) }));
        }
        let has_password = password.is_some();
        let overrides = ConnectOverrides {
            password,
            ..ConnectOverrides::default()
        };
        let lazy = drivers::apply(connect(lazy).await?, overrides).await?;
        // A pool would repeat a connection that is refused until its acquire timeout, and not say why.
        drivers::reach(&lazy).await?;
        if has_password {
            lazy.ping().await?;
            return Ok(lazy);
        }
        lazy.close().await?;
        connect(options).await
    }

    async fn open_lazily(&self) -> Result<DatabaseConnection, DbErr> {
        let mut overrides = ConnectOverrides {
            guard: self.guard,
            ..ConnectOverrides::default()
        };
        let mut options = match (&self.source, &self.inherit) {
            (NodeSource::Open(connection), _) => return Ok(connection.clone()),
            (NodeSource::Options(options), _) => (**options).clone(),
            (NodeSource::Url(url), primary) => {
                let endpoint = node_url(url)?;
                let options = inherited(primary.as_ref(), &endpoint)?;
                overrides.password = match primary {
                    Some(NodeSource::Url(url)) => self::node_url(url)?.password(),
                    Some(NodeSource::Options(options)) => {
                        self::node_url(options.get_url())?.password()
                    }
                    Some(NodeSource::Open(_)) | None => None,
                };
                overrides.endpoint = Some(endpoint);
                options
            }
        };
        options.connect_lazy(true).min_connections(0);
        if self.way == OpenMode::Replica
            && options.get_acquire_timeout().is_none()
            && options.get_connect_timeout().is_none()
        {
            options.acquire_timeout(REPLICA_ACQUIRE_TIMEOUT);
        }
        drivers::apply(connect(options).await?, overrides).await
    }
}

/// sqlx pings a connection before it is used, and closes it if the ping is dropped. A database in memory
/// would be lost with it.
fn keep_memory_db_alive(mut options: ConnectOptions, in_memory: bool) -> ConnectOptions {
    if in_memory {
        options.test_before_acquire(false);
    }
    options
}

/// The options of the primary, for a replica that is a bare URL; its own if the primary has none.
fn inherited(primary: Option<&NodeSource>, replica: &NodeUrl) -> Result<ConnectOptions, DbErr> {
    let mut options = match primary {
        Some(NodeSource::Options(options)) => (**options).clone(),
        Some(NodeSource::Url(url)) => ConnectOptions::new(node_url(url)?.without_password().0),
        Some(NodeSource::Open(_)) | None => ConnectOptions::new(replica.without_password().0),
    };
    options.after_connect(|_| Box::pin(async { Ok(()) }));
    Ok(options)
}

fn node_url(url: &str) -> Result<NodeUrl, DbErr> {
    NodeUrl::parse(url).map_err(DbErr::Custom)
}

/// Connects as SeaORM does, but without its span, which records the URL and its password at TRACE.
async fn connect(options: ConnectOptions) -> Result<DatabaseConnection, DbErr> {
    if LevelFilter::current() < LevelFilter::TRACE {
        return Database::connect(options).await;
    }
    Database::connect(options)
        .with_subscriber(NoSubscriber::default())
        .await
}

#[cfg(feature = "sqlx-dep")]
#[path = "drivers.rs"]
pub(super) mod drivers;

#[cfg(not(feature = "sqlx-dep"))]
pub(super) mod drivers {
    use sea_orm::{DatabaseConnection, DbErr};

    use super::ConnectOverrides;
    use crate::cluster::credentials::Credentials;

    pub(in crate::cluster) async fn log_in_as(
        _: &DatabaseConnection,
        _: &Credentials,
        _: bool,
    ) -> Result<Box<dyn FnOnce() + Send>, DbErr> {
        Ok(Box::new(|| {}))
    }

    pub(super) async fn apply(
        connection: DatabaseConnection,
        _: ConnectOverrides,
    ) -> Result<DatabaseConnection, DbErr> {
        Ok(connection)
    }

    pub(super) async fn reach(_: &DatabaseConnection) -> Result<(), DbErr> {
        Ok(())
    }
}
