//! The migrators of all databases, and what can be done with them.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use sea_orm_migration::MigratorTraitSelf;

use super::error::MigrationError;
use super::migrator::{Migrator, Of};
use super::plan::{Named, check_not_shared, failed, plan};
use super::progress::{Direction, Listener, MigrationEvent, MigrationReport};
use super::run::{Start, Stopped, Task};
use super::status::{DatabaseStatus, MigrationsStatus};
use crate::connection::RoutingConnection;
use crate::error::{RoutingError, list};
use crate::name::DatabaseName;
use crate::sql::{Access, Evidence};

/// How long a lock that another migrator holds is waited for, where nothing else is said.
const LOCK_TIMEOUT: Duration = Duration::from_secs(30);

/// How many migrations of a database to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Steps {
    /// All there are.
    #[default]
    All,
    /// So many.
    Only(u32),
}

impl Steps {
    fn most(self) -> Option<u32> {
        match self {
            Self::All => None,
            Self::Only(steps) => Some(steps),
        }
    }
}

/// The migrators of a [`RoutingConnection`]'s databases.
///
/// A migrator is SeaORM's `MigratorTrait`, one for each database. They run on primaries, one
/// database after the other in the order they were given (going down, in the reverse order), on
/// a connection of their own, which holds a lock against a second migrator. On a handle that has
/// fixed a database (`using`, `for_entity`) they run there alone.
///
/// ```
/// # use sea_orm_routing::RoutingConnection;
/// # use sea_orm_migration::{MigrationTrait, MigratorTrait};
/// use sea_orm_routing::migrate::{Migrations, SqlMigration, Steps};
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
    migrators: Vec<Named>,
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
        self.migrators.push((name.into(), Arc::new(Of(migrator))));
        self
    }

    /// The databases that have a migrator, in the order they were given.
    pub fn databases(&self) -> impl Iterator<Item = &str> {
        self.migrators.iter().map(|(name, _)| name.as_str())
    }

    /// How long to wait for another migrator that is at work on a database; 30 seconds unless said
    /// otherwise.
    #[must_use]
    pub fn lock_timeout(mut self, timeout: Duration) -> Self {
        self.lock_timeout = timeout;
        self
    }

    /// Calls `listener` as migrations begin and end, after those that were given before.
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

    /// The same, for one database alone.
    ///
    /// # Errors
    ///
    /// [`MigrationError::NoMigrator`], with the databases that have one.
    pub fn only(&self, database: &str) -> Result<Self, MigrationError> {
        let is_it = |(name, _): &&(String, Arc<dyn Migrator>)| name == database;
        let migrators: Vec<_> = self.migrators.iter().filter(is_it).cloned().collect();
        match migrators.is_empty() {
            true => Err(MigrationError::NoMigrator {
                database: database.to_owned(),
                known: list(self.databases()),
            }),
            false => Ok(Self {
                migrators,
                ..self.clone()
            }),
        }
    }

    /// The same, for some databases.
    #[cfg(feature = "cli")]
    pub(super) fn among(mut self, databases: &[String]) -> Self {
        self.migrators.retain(|(name, _)| databases.contains(name));
        self
    }

    /// Applies what is pending.
    ///
    /// # Errors
    ///
    /// What contradicts itself, before anything is done; then [`MigrationError::Locked`] and
    /// [`MigrationError::Failed`], which name the database and tell what was done until then.
    pub async fn up(
        &self,
        db: &RoutingConnection,
        steps: Steps,
    ) -> Result<MigrationReport, MigrationError> {
        self.run(db, Task::Up(steps.most())).await
    }

    /// Takes back what was applied, the last first.
    ///
    /// # Errors
    ///
    /// As [`up`](Self::up).
    pub async fn down(
        &self,
        db: &RoutingConnection,
        steps: Steps,
    ) -> Result<MigrationReport, MigrationError> {
        self.run(db, Task::Down(steps.most())).await
    }

    /// Drops every table there is, and applies everything anew.
    ///
    /// # Errors
    ///
    /// As [`up`](Self::up), and [`MigrationError::SharedDatabase`] where that would drop the tables
    /// of another database too.
    pub async fn fresh(&self, db: &RoutingConnection) -> Result<MigrationReport, MigrationError> {
        self.run(db, Task::Fresh).await
    }

    /// Takes everything back, and applies it anew.
    ///
    /// # Errors
    ///
    /// As [`up`](Self::up).
    pub async fn refresh(&self, db: &RoutingConnection) -> Result<MigrationReport, MigrationError> {
        self.run(db, Task::Refresh).await
    }

    /// Takes everything back, and the table that remembers it.
    ///
    /// # Errors
    ///
    /// As [`up`](Self::up).
    pub async fn reset(&self, db: &RoutingConnection) -> Result<MigrationReport, MigrationError> {
        self.run(db, Task::Reset).await
    }

    /// What is applied where. Writes nothing, and takes no lock.
    ///
    /// # Errors
    ///
    /// What contradicts itself; [`MigrationError::Failed`] with the database that cannot be asked,
    /// or on which something is applied that its migrator does not have.
    pub async fn status(&self, db: &RoutingConnection) -> Result<MigrationsStatus, MigrationError> {
        let mut databases = Vec::new();
        for planned in plan(&self.migrators, db).await? {
            let status = planned.migrator.status(planned.own.db()).await;
            planned.own.close().await;
            databases.push(DatabaseStatus {
                migrations: Some(status.map_err(|source| failed(&planned.name, source))?),
                database: planned.name,
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
        refuse_read_only(db)?;
        let mut planned = plan(&self.migrators, db).await?;
        if task == Task::Fresh {
            check_not_shared(db, &planned).await?;
        }
        if matches!(task, Task::Down(_) | Task::Reset) {
            planned.reverse();
        }
        let mut report = MigrationReport::default();
        let mut planned = planned.into_iter();
        while let Some(of) = planned.next() {
            let start = Start {
                core: &db.core,
                database: of.database,
                name: &of.name,
                migrator: of.migrator,
                listener: self.listener.as_ref(),
                lock_timeout: self.lock_timeout,
            };
            let mut ran = Vec::<(Direction, String)>::new();
            let result = start.run(&of.own, task, &mut ran).await;
            of.own.close().await;
            let database = of.name.clone();
            if result.is_ok() || !ran.is_empty() {
                report.done.push((database.clone(), ran));
            }
            if let Err(stopped) = result {
                report.not_reached = planned.map(|planned| planned.name).collect();
                return Err(stopped_at(database, report, stopped));
            }
        }
        Ok(report)
    }
}

fn refuse_read_only(db: &RoutingConnection) -> Result<(), RoutingError> {
    match db.scope.read_only {
        true => Err(RoutingError::read_only(
            "read_only()",
            Access::Schema,
            Evidence::Keyword("migrations".into()),
        )),
        false => Ok(()),
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
            half,
            source,
        } => MigrationError::Failed {
            database,
            migration,
            half_applied: half,
            report: Box::new(report),
            source: Box::new(source),
        },
    }
}
