//! The lock against a second migrator.
//!
//! It is the server's, and ends with the connection that holds it: a migrator that is killed leaves
//! nothing locked. Postgres has advisory locks, MySQL and MariaDB named ones; for SQLite it is a lock
//! on a file beside the database, which ends with the process.

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, QueryResult, Statement};
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::own::Own;
use crate::cluster::sqlite_file;

/// How often a lock that is held by another is asked for.
const INTERVAL: Duration = Duration::from_millis(100);

/// What is asked of Postgres: any number does, as long as every migrator asks for the same.
const POSTGRES: (&str, &str) = (
    "SELECT pg_try_advisory_lock(7165917206) AS locked, pg_backend_pid()::text AS holder",
    "SELECT pg_advisory_unlock(7165917206)",
);

/// The names of MySQL's locks are those of a whole server.
const MYSQL: (&str, &str) = (
    "SELECT GET_LOCK(CONCAT('sea_orm_routing/', MD5(COALESCE(DATABASE(), ''))), 0) AS locked, \
     CAST(CONNECTION_ID() AS CHAR) AS holder",
    "SELECT RELEASE_LOCK(CONCAT('sea_orm_routing/', MD5(COALESCE(DATABASE(), ''))))",
);

/// A lock that is held.
pub(super) enum Lock {
    Server {
        db: DatabaseConnection,
        /// The number the server knows the connection by.
        holder: String,
        release: &'static str,
    },
    File(#[expect(dead_code, reason = "it is held, not read")] File),
    Process(#[expect(dead_code, reason = "it is held, not read")] OwnedMutexGuard<()>),
}

impl Lock {
    /// Waits for the lock of a database, and tells once that it has to. Nothing when another
    /// migrator still has it after the timeout.
    pub(super) async fn take(
        own: &Own,
        in_process: &Arc<Mutex<()>>,
        timeout: Duration,
        waiting: impl Fn(),
    ) -> Result<Option<Self>, DbErr> {
        let asked = Ask::of(own)?;
        let start = Instant::now();
        let mut told = false;
        loop {
            if let Some(lock) = asked.once(in_process).await? {
                return Ok(Some(lock));
            }
            if start.elapsed() >= timeout {
                return Ok(None);
            }
            if !std::mem::replace(&mut told, true) {
                waiting();
            }
            tokio::time::sleep(INTERVAL.min(timeout)).await;
        }
    }

    /// Fails when the connection that held the lock was lost: another migrator may have it now.
    pub(super) async fn check(&self) -> Result<(), DbErr> {
        let Self::Server { db, holder, .. } = self else {
            return Ok(());
        };
        let sql = match db.get_database_backend() {
            DbBackend::Postgres => "SELECT pg_backend_pid()::text AS holder",
            _ => "SELECT CAST(CONNECTION_ID() AS CHAR) AS holder",
        };
        let now = ask(db, sql).await?;
        match now.try_get::<String>("", "holder")? == *holder {
            true => Ok(()),
            false => Err(DbErr::Custom(
                "the connection that held the lock against a second migrator was lost".to_owned(),
            )),
        }
    }

    pub(super) async fn release(self) {
        if let Self::Server { db, release, .. } = self {
            // It ends with the connection all the same.
            let _ = ask(&db, release).await;
        }
    }
}

/// How a lock is asked for.
enum Ask {
    Server(DatabaseConnection, (&'static str, &'static str)),
    File(File),
    Process,
}

impl Ask {
    fn of(own: &Own) -> Result<Self, DbErr> {
        let db = own.db();
        Ok(match db.get_database_backend() {
            _ if !own.is_own() => Self::Process,
            DbBackend::Postgres => Self::Server(db.clone(), POSTGRES),
            DbBackend::MySql => Self::Server(db.clone(), MYSQL),
            _ => match sqlite_file(db) {
                Some(file) => Self::File(lock_file(file)?),
                None => Self::Process,
            },
        })
    }

    async fn once(&self, in_process: &Arc<Mutex<()>>) -> Result<Option<Lock>, DbErr> {
        match self {
            Self::Server(db, (take, release)) => {
                let row = ask(db, take).await?;
                Ok(is_locked(&row)?.then_some(Lock::Server {
                    db: db.clone(),
                    holder: row.try_get("", "holder")?,
                    release,
                }))
            }
            Self::File(file) => match file.try_lock() {
                Ok(()) => Ok(Some(Lock::File(file.try_clone().map_err(file_error)?))),
                Err(std::fs::TryLockError::WouldBlock) => Ok(None),
                Err(std::fs::TryLockError::Error(error)) => Err(file_error(error)),
            },
            Self::Process => {
                let held = Arc::clone(in_process).try_lock_owned().ok();
                Ok(held.map(Lock::Process))
            }
        }
    }
}

/// `app.db.migration-lock`, beside the database; it stays, for removing it would race.
fn lock_file(database: PathBuf) -> Result<File, DbErr> {
    let mut path = database.canonicalize().unwrap_or(database).into_os_string();
    path.push(".migration-lock");
    let mut options = File::options();
    options.create(true).write(true).truncate(false);
    options.open(&path).map_err(|error| {
        let path = PathBuf::from(&path);
        DbErr::Custom(format!(
            "the lock against a second migrator, the file {}, cannot be opened: {error}; the \
             directory of the database must be writable",
            path.display()
        ))
    })
}

fn file_error(error: std::io::Error) -> DbErr {
    DbErr::Custom(format!(
        "the lock against a second migrator, a file beside the database, cannot be taken: {error}"
    ))
}

fn is_locked(row: &QueryResult) -> Result<bool, DbErr> {
    match row.try_get::<bool>("", "locked") {
        Ok(locked) => Ok(locked),
        Err(_) => Ok(row.try_get::<Option<i64>>("", "locked")? == Some(1)),
    }
}

async fn ask(db: &DatabaseConnection, sql: &str) -> Result<QueryResult, DbErr> {
    let statement = Statement::from_string(db.get_database_backend(), sql);
    db.query_one_raw(statement)
        .await?
        .ok_or_else(|| DbErr::RecordNotFound(sql.to_owned()))
}
