//! The migrations of one database, under its lock.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use sea_orm::{DatabaseConnection, DbErr};

use super::guarded::{self, Guard};
use super::lock::Lock;
use super::migrator::Migrator;
use super::own::Own;
use super::progress::{Direction, Listener, MigrationEvent};
use crate::dispatch::Core;
use crate::name::DatabaseName;
use crate::topology::DatabaseId;

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Task {
    Up(Option<u32>),
    Down(Option<u32>),
    Fresh,
    Refresh,
    Reset,
}

/// Why it stopped.
pub(super) enum Stopped {
    Locked(Duration),
    Failed {
        migration: Option<String>,
        /// It ran outside of a transaction.
        half: bool,
        source: DbErr,
    },
}

impl From<DbErr> for Stopped {
    fn from(source: DbErr) -> Self {
        Self::Failed {
            migration: None,
            half: false,
            source,
        }
    }
}

/// One database at work, under its lock.
struct Run<'a> {
    start: Start<'a>,
    /// The connection migrations run on.
    db: &'a DatabaseConnection,
    lock: Lock,
    /// What ran so far.
    ran: &'a mut Vec<(Direction, String)>,
}

/// What is known before the lock is taken.
pub(super) struct Start<'a> {
    pub(super) core: &'a Core,
    pub(super) database: DatabaseId,
    pub(super) name: &'a DatabaseName,
    pub(super) migrator: &'a Arc<dyn Migrator>,
    pub(super) listener: Option<&'a Listener>,
    pub(super) lock_timeout: Duration,
}

impl<'a> Start<'a> {
    /// Takes the lock, does the task, and lets go.
    pub(super) async fn run(
        self,
        own: &'a Own,
        task: Task,
        ran: &'a mut Vec<(Direction, String)>,
    ) -> Result<(), Stopped> {
        let topology = self.core.cluster.snapshot();
        let pool = self
            .core
            .cluster
            .pool_of(topology.database_by_id(self.database).primary);
        let waiting = || {
            self.tell(&MigrationEvent::Waiting {
                database: self.name,
            })
        };
        let lock = Lock::take(own, pool.migrating(), self.lock_timeout, waiting).await?;
        let Some(lock) = lock else {
            return Err(Stopped::Locked(self.lock_timeout));
        };
        let mut run = Run {
            start: self,
            db: own.db(),
            lock,
            ran,
        };
        let result = run.task(task).await;
        run.lock.release().await;
        result
    }

    fn tell(&self, event: &MigrationEvent<'_>) {
        if let Some(listener) = self.listener {
            listener(event);
        }
    }
}

impl Run<'_> {
    async fn task(&mut self, task: Task) -> Result<(), Stopped> {
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
                self.start.migrator.forget(self.db).await?;
            }
            Task::Fresh => {
                self.start.tell(&MigrationEvent::Dropping {
                    database: self.start.name,
                });
                self.lock.check().await?;
                self.start.migrator.drop_everything(self.db).await?;
                self.up(None).await?;
            }
        }
        self.start.tell(&MigrationEvent::Done {
            database: self.start.name,
            migrations: self.ran.len() - before,
        });
        Ok(())
    }

    async fn up(&mut self, steps: Option<u32>) -> Result<(), Stopped> {
        let pending = self.start.migrator.pending(self.db).await?;
        self.each(Direction::Up, pending, steps).await
    }

    async fn down(&mut self, steps: Option<u32>) -> Result<(), Stopped> {
        let applied = self.start.migrator.applied(self.db).await?;
        self.each(Direction::Down, applied, steps).await
    }

    /// One migration after the other, each with its own transaction where the dialect has that.
    async fn each(
        &mut self,
        direction: Direction,
        names: Vec<String>,
        steps: Option<u32>,
    ) -> Result<(), Stopped> {
        let most = steps.map_or(usize::MAX, |steps| {
            usize::try_from(steps).unwrap_or(usize::MAX)
        });
        let of = names.len().min(most);
        for (index, migration) in names.into_iter().take(of).enumerate() {
            self.start.tell(&MigrationEvent::Started {
                database: self.start.name,
                migration: &migration,
                direction,
                number: index + 1,
                of,
            });
            let start = Instant::now();
            if let Err(source) = self.one(direction).await {
                let dialect = self.db.get_database_backend();
                return Err(Stopped::Failed {
                    half: !self.start.migrator.in_transaction(&migration, dialect),
                    migration: Some(migration),
                    source,
                });
            }
            self.start.tell(&MigrationEvent::Finished {
                database: self.start.name,
                migration: &migration,
                direction,
                elapsed: start.elapsed(),
            });
            self.ran.push((direction, migration));
        }
        Ok(())
    }

    async fn one(&self, direction: Direction) -> Result<(), DbErr> {
        self.lock.check().await?;
        let migrator = Arc::clone(self.start.migrator);
        let work = move |db: DatabaseConnection| -> BoxFuture<'static, Result<(), DbErr>> {
            Box::pin(async move {
                match direction {
                    Direction::Up => migrator.up(&db).await,
                    Direction::Down => migrator.down(&db).await,
                }
            })
        };
        let guard = Guard {
            core: self.start.core,
            database: self.start.database,
            books: self.start.migrator.table(),
        };
        match self.start.core.forbids_on(self.start.database) {
            true => guarded::run(&guard, self.db, work).await,
            false => work(self.db.clone()).await,
        }
    }
}
