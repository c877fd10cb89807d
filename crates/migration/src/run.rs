//! The migrations of one database, under its lock.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use sea_orm::{DatabaseConnection, DbErr};
use sea_orm_routing::schema::SchemaTarget;

use super::guarded::{self, Guard};
use super::lock::Lock;
use super::migrator::Migrator;
use super::own::OwnConnection;
use super::progress::{Direction, Listener, MigrationEvent};

/// What to do with a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Task {
    Up(Option<u32>),
    Down(Option<u32>),
    Fresh,
    Refresh,
    Reset,
}

/// Why a run stopped.
pub(crate) enum Stopped {
    Locked(Duration),
    Failed {
        migration: Option<String>,
        /// The migration ran outside of a transaction.
        half_applied: bool,
        source: DbErr,
    },
}

impl From<DbErr> for Stopped {
    fn from(source: DbErr) -> Self {
        Self::Failed {
            migration: None,
            half_applied: false,
            source,
        }
    }
}

/// A run under the lock of its database.
struct LockedRun<'a> {
    run: DatabaseRun<'a>,
    /// The connection that migrations run on.
    db: &'a DatabaseConnection,
    lock: Lock,
    /// The migrations that ran so far.
    ran: &'a mut Vec<(Direction, String)>,
}

/// A run on one database, before its lock is taken.
pub(crate) struct DatabaseRun<'a> {
    pub(crate) target: &'a SchemaTarget,
    pub(crate) migrator: &'a Arc<dyn Migrator>,
    pub(crate) listener: Option<&'a Listener>,
    pub(crate) lock_timeout: Duration,
}

impl<'a> DatabaseRun<'a> {
    /// Takes the lock, does the task, and releases the lock.
    pub(crate) async fn run(
        self,
        own: &'a OwnConnection,
        task: Task,
        ran: &'a mut Vec<(Direction, String)>,
    ) -> Result<(), Stopped> {
        let waiting = || {
            self.notify(&MigrationEvent::Waiting {
                database: self.target.name(),
            })
        };
        let lock = Lock::take(self.target, own, self.lock_timeout, waiting).await?;
        let Some(lock) = lock else {
            return Err(Stopped::Locked(self.lock_timeout));
        };
        let mut locked = LockedRun {
            run: self,
            db: own.db(),
            lock,
            ran,
        };
        let result = locked.do_task(task).await;
        locked.lock.release().await;
        result
    }

    fn notify(&self, event: &MigrationEvent<'_>) {
        if let Some(listener) = self.listener {
            listener(event);
        }
    }
}

impl LockedRun<'_> {
    async fn do_task(&mut self, task: Task) -> Result<(), Stopped> {
        let before = self.ran.len();
        match task {
            Task::Up(steps) => self.up(steps).await?,
            Task::Down(steps) => self.down(steps).await?,
            Task::Refresh => {
                self.down(None).await?;
                self.up(None).await?;
            }
            Task::Reset => {
                self.down(None).await?;
                self.lock.check().await?;
                self.run.migrator.drop_migration_table(self.db).await?;
            }
            Task::Fresh => {
                self.run.notify(&MigrationEvent::Dropping {
                    database: self.run.target.name(),
                });
                self.lock.check().await?;
                self.run.migrator.drop_all_tables(self.db).await?;
                self.up(None).await?;
            }
        }
        self.run.notify(&MigrationEvent::Done {
            database: self.run.target.name(),
            migrations: self.ran.len() - before,
        });
        Ok(())
    }

    async fn up(&mut self, steps: Option<u32>) -> Result<(), Stopped> {
        let pending = self.run.migrator.pending(self.db).await?;
        self.run_each(Direction::Up, pending, steps).await
    }

    async fn down(&mut self, steps: Option<u32>) -> Result<(), Stopped> {
        let applied = self.run.migrator.applied(self.db).await?;
        self.run_each(Direction::Down, applied, steps).await
    }

    /// Runs one migration after the other, each in a transaction of its own if the dialect has that.
    async fn run_each(
        &mut self,
        direction: Direction,
        names: Vec<String>,
        steps: Option<u32>,
    ) -> Result<(), Stopped> {
        let limit = steps.map_or(usize::MAX, |steps| {
            usize::try_from(steps).unwrap_or(usize::MAX)
        });
        let of = names.len().min(limit);
        for (index, migration) in names.into_iter().take(of).enumerate() {
            self.run.notify(&MigrationEvent::Started {
                database: self.run.target.name(),
                migration: &migration,
                direction,
                number: index + 1,
                of,
            });
            let start = Instant::now();
            if let Err(source) = self.run_one(direction).await {
                let dialect = self.db.get_database_backend();
                return Err(Stopped::Failed {
                    half_applied: !self.run.migrator.is_transactional(&migration, dialect),
                    migration: Some(migration),
                    source,
                });
            }
            self.run.notify(&MigrationEvent::Finished {
                database: self.run.target.name(),
                migration: &migration,
                direction,
                elapsed: start.elapsed(),
            });
            self.ran.push((direction, migration));
        }
        Ok(())
    }

    async fn run_one(&self, direction: Direction) -> Result<(), DbErr> {
        self.lock.check().await?;
        let migrator = Arc::clone(self.run.migrator);
        let work = move |db: DatabaseConnection| -> BoxFuture<'static, Result<(), DbErr>> {
            Box::pin(async move {
                match direction {
                    Direction::Up => migrator.up(&db).await,
                    Direction::Down => migrator.down(&db).await,
                }
            })
        };
        if !self.run.target.has_table_rules() {
            return work(self.db.clone()).await;
        }
        let guard = Guard {
            target: self.run.target,
            migration_table: self.run.migrator.migration_table(),
        };
        guarded::run(&guard, self.db, work).await
    }
}
