//! The migrators of all databases, and what can be done with them.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use sea_orm_migration::MigratorTraitSelf;
use sea_orm_routing::schema::SchemaTarget;
use sea_orm_routing::{DatabaseName, RoutingConnection};

use super::error::MigrationError;
use super::migrator::SeaOrmMigrator;
use super::plan::{NamedMigrator, check_not_shared, failed, plan};
use super::progress::{Direction, Listener, MigrationEvent, MigrationReport};
use super::run::{DatabaseRun, Stopped, Task};
use super::status::{DatabaseStatus, MigrationsStatus};

/// The default of [`Migrations::lock_timeout`].
const LOCK_TIMEOUT: Duration = Duration::from_secs(30);

/// How many migrations of a database to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Steps {
    /// All of them.
    #[default]
    All,
    /// At most this many.
    Only(u32),
}

impl Steps {
    fn limit(self) -> Option<u32> {
        match self {
            Self::All => None,
            Self::Only(steps) => Some(steps),
        }
    }
}

/// The migrators of a [`RoutingConnection`]'s databases.
///
/// A migrator is SeaORM's `MigratorTrait`, one for each database. Databases are migrated one after
/// the other, in the order in which they were added here (for `down` and `reset` in the reverse
/// order). A migrator runs on the primary, on a connection of its own, which holds a lock against a
/// second migrator. On a handle that has fixed a database (`using`, `for_entity`) only that one is
/// migrated.
///
/// ```
/// # use sea_orm_routing::RoutingConnection;
/// # use sea_orm_migration::{MigrationTrait, MigratorTrait};
/// use sea_orm_routing_migration::{Migrations, SqlMigration, Steps};
///
/// struct Warehouse;
///
/// impl MigratorTrait for Warehouse {
///     fn migrations() -> Vec<Box<dyn MigrationTrait>> {
///         let up = "CREATE TABLE stock (sku TEXT)";
///         vec![Box::new(SqlMigration::new("m1_stock", up))]
///     }
/// }
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let db = RoutingConnection::builder()
///     .database("default", "sqlite::memory:")
///     .database("warehouse", "sqlite::memory:")
///     .connect()
///     .await?;
/// let migrations = Migrations::new().database("warehouse", Warehouse);
/// assert!(migrations.status(&db).await?.is_pending());
/// migrations.up(&db, Steps::All).await?;
/// assert!(!migrations.status(&db).await?.is_pending());
/// # Ok(())
/// # }
/// # tokio::runtime::Runtime::new().unwrap().block_on(run()).unwrap();
/// ```
#[derive(Clone)]
pub struct Migrations {
    migrators: Vec<NamedMigrator>,
    lock_timeout: Duration,
    listener: Option<Listener>,
}

impl Default for Migrations {
    fn default() -> Self {
        Self {
            migrators: Vec::new(),
            lock_timeout: LOCK_TIMEOUT,
            listener: None,
        }
    }
}

impl fmt::Debug for Migrations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let databases: Vec<_> = self.databases().collect();
        f.debug_struct("Migrations")
            .field("databases", &databases)
            .field("lock_timeout", &self.lock_timeout)
            .finish_non_exhaustive()
    }
}

impl Migrations {
    /// No migrators yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives a database its migrator.
    #[must_use]
    pub fn database<M>(mut self, name: impl Into<String>, migrator: M) -> Self
    where
        M: MigratorTraitSelf + 'static,
    {
        let migrator = Arc::new(SeaOrmMigrator(migrator));
        self.migrators.push((name.into(), migrator));
        self
    }

    /// The databases that have a migrator, in the order in which they were added.
    pub fn databases(&self) -> impl Iterator<Item = &str> {
        self.migrators.iter().map(|(name, _)| name.as_str())
    }

    /// How long to wait for another migrator that holds the lock of a database. Defaults to 30
    /// seconds.
    #[must_use]
    pub fn lock_timeout(mut self, timeout: Duration) -> Self {
        self.lock_timeout = timeout;
        self
    }

    /// Calls `listener` as migrations begin and end, after the listeners added before.
    #[must_use]
    pub fn on_progress(
        mut self,
        listener: impl Fn(&MigrationEvent<'_>) + Send + Sync + 'static,
    ) -> Self {
        self.listener = Some(match self.listener {
            None => Arc::new(listener),
            Some(first) => Arc::new(move |event| {
                first(event);
                listener(event);
            }),
        });
        self
    }

    /// The same migrations, for one database alone.
    ///
    /// # Errors
    ///
    /// [`MigrationError::NoMigrator`], with the databases that have a migrator.
    pub fn only(&self, database: &str) -> Result<Self, MigrationError> {
        let is_chosen = |(name, _): &&NamedMigrator| name == database;
        let migrators: Vec<_> = self.migrators.iter().filter(is_chosen).cloned().collect();
        match migrators.is_empty() {
            true => Err(MigrationError::NoMigrator {
                database: database.to_owned(),
                known: self.databases().map(str::to_owned).collect(),
            }),
            false => Ok(Self {
                migrators,
                ..self.clone()
            }),
        }
    }

    /// The same migrations, for some databases.
    #[cfg(feature = "cli")]
    pub(crate) fn among(mut self, databases: &[String]) -> Self {
        self.migrators.retain(|(name, _)| databases.contains(name));
        self
    }

    /// Applies pending migrations.
    ///
    /// # Errors
    ///
    /// Contradictions between migrators, before anything is done; then [`MigrationError::Locked`]
    /// and
    /// [`MigrationError::Failed`], which name the database and report what was done before.
    pub async fn up(
        &self,
        db: &RoutingConnection,
        steps: Steps,
    ) -> Result<MigrationReport, MigrationError> {
        self.run(db, Task::Up(steps.limit())).await
    }

    /// Reverts applied migrations, the last first.
    ///
    /// # Errors
    ///
    /// As [`up`](Self::up).
    pub async fn down(
        &self,
        db: &RoutingConnection,
        steps: Steps,
    ) -> Result<MigrationReport, MigrationError> {
        self.run(db, Task::Down(steps.limit())).await
    }

    /// Drops every table of the databases, then applies all migrations.
    ///
    /// # Errors
    ///
    /// As [`up`](Self::up), and [`MigrationError::SharedDatabase`] if that would drop the tables of
    /// another database too.
    pub async fn fresh(&self, db: &RoutingConnection) -> Result<MigrationReport, MigrationError> {
        self.run(db, Task::Fresh).await
    }

    /// Reverts all migrations, then applies them again.
    ///
    /// # Errors
    ///
    /// As [`up`](Self::up).
    pub async fn refresh(&self, db: &RoutingConnection) -> Result<MigrationReport, MigrationError> {
        self.run(db, Task::Refresh).await
    }

    /// Reverts all migrations and drops the migration table.
    ///
    /// # Errors
    ///
    /// As [`up`](Self::up).
    pub async fn reset(&self, db: &RoutingConnection) -> Result<MigrationReport, MigrationError> {
        self.run(db, Task::Reset).await
    }

    /// Which migrations are applied on which database. Writes nothing and takes no lock.
    ///
    /// # Errors
    ///
    /// Contradictions between migrators; [`MigrationError::Failed`] with the database that cannot
    /// be
    /// read, or on which a migration is applied that its migrator does not have.
    pub async fn status(&self, db: &RoutingConnection) -> Result<MigrationsStatus, MigrationError> {
        let mut databases = Vec::new();
        for planned in plan(&self.migrators, db).await? {
            let status = planned.migrator.status(planned.own.db()).await;
            planned.own.close().await;
            let database = planned.target.name().clone();
            databases.push(DatabaseStatus {
                migrations: Some(status.map_err(|source| failed(&database, source))?),
                database,
            });
        }
        for database in db.topology().databases() {
            if !self.databases().any(|name| *database.name() == *name) {
                databases.push(DatabaseStatus {
                    database: database.name().clone(),
                    migrations: None,
                });
            }
        }
        Ok(MigrationsStatus { databases })
    }

    async fn run(
        &self,
        db: &RoutingConnection,
        task: Task,
    ) -> Result<MigrationReport, MigrationError> {
        SchemaTarget::check_may_change(db)?;
        let mut planned = plan(&self.migrators, db).await?;
        if task == Task::Fresh {
            check_not_shared(db, &planned).await?;
        }
        if matches!(task, Task::Down(_) | Task::Reset) {
            planned.reverse();
        }
        let mut report = MigrationReport::default();
        let mut planned = planned.into_iter();
        while let Some(next) = planned.next() {
            let run = DatabaseRun {
                target: &next.target,
                migrator: next.migrator,
                listener: self.listener.as_ref(),
                lock_timeout: self.lock_timeout,
            };
            let mut ran = Vec::<(Direction, String)>::new();
            let result = run.run(&next.own, task, &mut ran).await;
            next.own.close().await;
            let database = next.target.name().clone();
            if result.is_ok() || !ran.is_empty() {
                report.done.push((database.clone(), ran));
            }
            if let Err(stopped) = result {
                let names = planned.map(|planned| planned.target.name().clone());
                report.not_reached = names.collect();
                return Err(stopped_at(database, report, stopped));
            }
        }
        Ok(report)
    }
}

fn stopped_at(database: DatabaseName, report: MigrationReport, stopped: Stopped) -> MigrationError {
    match stopped {
        Stopped::Locked(waited) => MigrationError::Locked {
            database,
            waited,
            report: Box::new(report),
        },
        Stopped::Failed {
            migration,
            half_applied,
            source,
        } => MigrationError::Failed {
            database,
            migration,
            half_applied,
            report: Box::new(report),
            source: Box::new(source),
        },
    }
}
