//! How the pool of a node is opened.
//!
//! SeaORM opens it, so that every option and hook of the user's applies; then what SeaORM has no
//! hook for is set on the connect options of the pool, before it has a connection: the password,
//! which SeaORM would trace with the URL, the endpoint of a replica that inherits everything else
//! from its primary, and the guard.

use std::time::Duration;

use sea_orm::{ConnectOptions, Database, DatabaseConnection, DbErr};
use tracing::instrument::WithSubscriber;
use tracing::level_filters::LevelFilter;
use tracing::subscriber::NoSubscriber;

use super::credentials::CredentialCell;
use super::declared::Declared;
use super::endpoint::Endpoint;
use super::options::{ReplicaGuard, Source};

/// How long a replica may take to hand out a connection, where nothing else is said: a read has
/// somewhere else to go.
const REPLICA_ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);

/// What to open, and how.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    source: Source,
    /// A replica's primary, whose options it inherits where its source is a bare URL.
    inherit: Option<Source>,
    guard: ReplicaGuard,
    way: Way,
    /// Who to log in as, once that was changed.
    credentials: CredentialCell,
}

/// How a pool is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// A primary, with its first connection.
    Eager,
    /// A primary, without a connection.
    Lazy,
    /// A replica, without a connection.
    Replica,
}

/// What is set on the connect options after SeaORM has made them.
#[derive(Default)]
pub(super) struct Refinement {
    pub(super) password: Option<String>,
    pub(super) endpoint: Option<Endpoint>,
    pub(super) read_only: bool,
}

impl Plan {
    /// A primary: opened with its first connection, or without one when it may be down.
    pub(crate) fn primary(source: Source, eager: bool, credentials: &CredentialCell) -> Self {
        Self {
            credentials: credentials.clone(),
            source,
            inherit: None,
            guard: ReplicaGuard::Off,
            way: match eager {
                true => Way::Eager,
                false => Way::Lazy,
            },
        }
    }

    /// A replica: opened without a connection, which is made when the first read needs it.
    pub(crate) fn replica(source: Source, database: &Declared) -> Self {
        Self {
            source,
            inherit: Some(database.primary.clone()),
            guard: database.guard,
            credentials: database.credentials.clone(),
            way: Way::Replica,
        }
    }

    /// The same endpoint, as that of a primary: without a guard.
    pub(crate) fn promoted(&self) -> Self {
        Self {
            guard: ReplicaGuard::Off,
            way: Way::Lazy,
            ..self.clone()
        }
    }

    /// The same endpoint, as that of a replica.
    pub(crate) fn demoted(&self, guard: ReplicaGuard) -> Self {
        Self {
            guard,
            way: Way::Replica,
            ..self.clone()
        }
    }

    /// Whether spans show the text of statements, by the user's options.
    pub(super) fn traces_texts(&self) -> bool {
        let own = match (&self.source, &self.inherit) {
            (Source::Url(_), Some(primary)) => primary,
            (own, _) => own,
        };
        match own {
            Source::Options(options) => options.get_record_stmt_in_spans(),
            Source::Url(_) | Source::Open(_) => true,
        }
    }

    pub(super) async fn open(&self) -> Result<DatabaseConnection, DbErr> {
        let opened = match self.way {
            Way::Eager => self.open_eagerly().await?,
            Way::Lazy | Way::Replica => self.open_lazily().await?,
        };
        self.log_in(&opened).await?;
        Ok(opened)
    }

    /// New connections log in as who was said last, if somebody was.
    pub(super) async fn log_in(&self, opened: &DatabaseConnection) -> Result<(), DbErr> {
        if let Some(credentials) = self.credentials.get() {
            let change = drivers::log_in_as(opened, &credentials, false).await?;
            change();
        }
        Ok(())
    }

    async fn open_eagerly(&self) -> Result<DatabaseConnection, DbErr> {
        let url = match &self.source {
            Source::Open(connection) => return Ok(connection.clone()),
            Source::Options(options) => {
                let options = (**options).clone();
                return connect(careful(options, self.source.is_private_memory())).await;
            }
            Source::Url(url) => endpoint(url)?,
        };
        let (url, password) = url.without_password();
        let Some(password) = password else {
            let options = ConnectOptions::new(url);
            return connect(careful(options, self.source.is_private_memory())).await;
        };
        let mut options = ConnectOptions::new(url);
        options.connect_lazy(true);
        let refinement = Refinement {
            password: Some(password),
            ..Refinement::default()
        };
        let connection = drivers::refine(connect(options).await?, refinement).await?;
        connection.ping().await?;
        Ok(connection)
    }

    async fn open_lazily(&self) -> Result<DatabaseConnection, DbErr> {
        let mut refinement = Refinement {
            read_only: self.guard == ReplicaGuard::Server,
            ..Refinement::default()
        };
        let mut options = match (&self.source, &self.inherit) {
            (Source::Open(connection), _) => return Ok(connection.clone()),
            (Source::Options(options), _) => (**options).clone(),
            (Source::Url(url), primary) => {
                let endpoint = endpoint(url)?;
                let options = inherited(primary.as_ref(), &endpoint)?;
                refinement.password = match primary {
                    Some(Source::Url(url)) => self::endpoint(url)?.password(),
                    Some(Source::Options(options)) => self::endpoint(options.get_url())?.password(),
                    Some(Source::Open(_)) | None => None,
                };
                refinement.endpoint = Some(endpoint);
                options
            }
        };
        options.connect_lazy(true).min_connections(0);
        if self.way == Way::Replica
            && options.get_acquire_timeout().is_none()
            && options.get_connect_timeout().is_none()
        {
            options.acquire_timeout(REPLICA_ACQUIRE_TIMEOUT);
        }
        drivers::refine(connect(options).await?, refinement).await
    }
}

/// sqlx looks whether a connection is alive before it is used, and closes it when it is cut off
/// there: a database in memory would be gone with it.
fn careful(mut options: ConnectOptions, in_memory: bool) -> ConnectOptions {
    if in_memory {
        options.test_before_acquire(false);
    }
    options
}

/// The primary's options, for a replica that is only a URL; its own where the primary has none.
fn inherited(primary: Option<&Source>, replica: &Endpoint) -> Result<ConnectOptions, DbErr> {
    let mut options = match primary {
        Some(Source::Options(options)) => (**options).clone(),
        Some(Source::Url(url)) => ConnectOptions::new(endpoint(url)?.without_password().0),
        Some(Source::Open(_)) | None => ConnectOptions::new(replica.without_password().0),
    };
    options.after_connect(|_| Box::pin(async { Ok(()) }));
    Ok(options)
}

fn endpoint(url: &str) -> Result<Endpoint, DbErr> {
    Endpoint::parse(url).map_err(DbErr::Custom)
}

/// SeaORM's connect; where spans are recorded at TRACE it would record the URL, password and all.
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

    use super::Refinement;
    use crate::cluster::credentials::Credentials;

    pub(in crate::cluster) async fn log_in_as(
        _: &DatabaseConnection,
        _: &Credentials,
        _: bool,
    ) -> Result<Box<dyn FnOnce() + Send>, DbErr> {
        Ok(Box::new(|| {}))
    }

    pub(super) async fn refine(
        connection: DatabaseConnection,
        _: Refinement,
    ) -> Result<DatabaseConnection, DbErr> {
        Ok(connection)
    }
}
