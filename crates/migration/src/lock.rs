//! The lock against a second migrator.
//!
//! The server keeps the lock, and releases it with the connection that holds it, so a killed migrator
//! leaves nothing locked. Postgres has advisory locks, MySQL and MariaDB have named locks. For SQLite
//! it is a lock on a file beside the database, which ends with the process.

use std::fs::File;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, QueryResult, Statement};
use sea_orm_routing::schema::{ProcessLock, SchemaTarget};

use super::own::OwnConnection;

/// How often a lock is tried while another migrator holds it.
const INTERVAL: Duration = Duration::from_millis(100);

/// The statements of a server's lock.
#[derive(Clone, Copy)]
struct LockSql {
    /// Returns whether it is taken, and the id of the connection.
    take: &'static str,
    release: &'static str,
}

/// The number is arbitrary; every migrator uses this one.
const POSTGRES: LockSql = LockSql {
    take: "SELECT pg_try_advisory_lock(7165917206) AS locked, pg_backend_pid()::text AS holder",
    release: "SELECT pg_advisory_unlock(7165917206)",
};

/// MySQL's lock names are global to a server, so they include the database.
const MYSQL: LockSql = LockSql {
    take: "SELECT GET_LOCK(CONCAT('sea_orm_routing/', MD5(COALESCE(DATABASE(), ''))), 0) AS locked, \
     CAST(CONNECTION_ID() AS CHAR) AS holder",
    release: "SELECT RELEASE_LOCK(CONCAT('sea_orm_routing/', MD5(COALESCE(DATABASE(), ''))))",
};

/// A lock that is held.
pub(crate) enum Lock {
    Server {
        db: DatabaseConnection,
        /// The id of the connection on its server.
        holder: String,
        release: &'static str,
    },
    File(#[expect(dead_code, reason = "held, never read")] File),
    Process(#[expect(dead_code, reason = "held, never read")] ProcessLock),
}

impl Lock {
    /// Waits for the lock of a database, and calls `waiting` once if it has to. Returns `None` if
    /// another migrator still holds it after the timeout.
    pub(crate) async fn take(
        target: &SchemaTarget,
        own: &OwnConnection,
        timeout: Duration,
        waiting: impl Fn(),
    ) -> Result<Option<Self>, DbErr> {
        let kind = LockKind::of(target, own)?;
        let start = Instant::now();
        let mut is_waiting = false;
        loop {
            if let Some(lock) = kind.try_take(target).await? {
                return Ok(Some(lock));
            }
            if start.elapsed() >= timeout {
                return Ok(None);
            }
            if !std::mem::replace(&mut is_waiting, true) {
                waiting();
            }
            tokio::time::sleep(INTERVAL.min(timeout)).await;
        }
    }

    /// Fails if the connection that held the lock was lost: another migrator may hold it now.
    pub(crate) async fn check(&self) -> Result<(), DbErr> {
        let Self::Server { db, holder, .. } = self else {
            return Ok(());
        };
        let sql = match db.get_database_backend() {
            DbBackend::Postgres => "SELECT pg_backend_pid()::text AS holder",
            _ => "SELECT CAST(CONNECTION_ID() AS CHAR) AS holder",
        };
        let now = query_row(db, sql).await?;
        match now.try_get::<String>("", "holder")? == *holder {
            true => Ok(()),
            false => Err(DbErr::Custom(
                "the connection that held the lock against a second migrator was lost".to_owned(),
            )),
        }
    }

    pub(crate) async fn release(self) {
        if let Self::Server { db, release, .. } = self {
            // If this fails, the lock ends with the connection.
            let _ = query_row(&db, release).await;
        }
    }
}

/// What kind of lock a database has.
enum LockKind {
    Server(DatabaseConnection, LockSql),
    File(File),
    Process,
}

impl LockKind {
    fn of(target: &SchemaTarget, own: &OwnConnection) -> Result<Self, DbErr> {
        let db = own.db();
        Ok(match db.get_database_backend() {
            _ if !own.is_dedicated() => Self::Process,
            DbBackend::Postgres => Self::Server(db.clone(), POSTGRES),
            DbBackend::MySql => Self::Server(db.clone(), MYSQL),
            _ => match target.sqlite_file()? {
                Some(file) => Self::File(lock_file(file)?),
                None => Self::Process,
            },
        })
    }

    async fn try_take(&self, target: &SchemaTarget) -> Result<Option<Lock>, DbErr> {
        match self {
            Self::Server(db, LockSql { take, release }) => {
                let row = query_row(db, take).await?;
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
            Self::Process => Ok(target.try_lock().map(Lock::Process)),
        }
    }
}

/// Opens `app.db.migration-lock` beside the database. It is never removed, since that would race.
fn lock_file(database: PathBuf) -> Result<File, DbErr> {
    let mut path = database.canonicalize().unwrap_or(database).into_os_string();
    path.push(".migration-lock");
    let mut options = File::options();
    options.create(true).write(true).truncate(false);
    options.open(&path).map_err(|error| {
        let path = PathBuf::from(&path);
        DbErr::Custom(format!(
            "cannot open {}, the file that locks out a second migrator: {error}; make the directory \
             of the database writable",
            path.display()
        ))
    })
}

fn file_error(error: std::io::Error) -> DbErr {
    DbErr::Custom(format!(
        "cannot lock the file beside the database that locks out a second migrator: {error}"
    ))
}

fn is_locked(row: &QueryResult) -> Result<bool, DbErr> {
    match row.try_get::<bool>("", "locked") {
        Ok(locked) => Ok(locked),
        Err(_) => Ok(row.try_get::<Option<i64>>("", "locked")? == Some(1)),
    }
}

async fn query_row(db: &DatabaseConnection, sql: &str) -> Result<QueryResult, DbErr> {
    let statement = Statement::from_string(db.get_database_backend(), sql);
    db.query_one_raw(statement)
        .await?
        .ok_or_else(|| DbErr::RecordNotFound(sql.to_owned()))
}
