//! A connection on which one statement runs read-only, although its pool may write.
//!
//! A statement of [`read_only()`](crate::RoutingConnection::read_only) is proven to be a read, but the text
//! does not show everything that runs: a view, an operator, a cast or a function written as an attribute may
//! write. On the pool of a replica the [guard](crate::options::ReplicaGuard) refuses that. On any other pool
//! the statement runs in a transaction that is `READ ONLY`, and on SQLite with `PRAGMA query_only`.

use sea_orm::{AccessMode, DbBackend, DbErr, Statement};

use super::abandon::abandon;
use super::connection::BranchConnection;
use super::control::{self, Control};
use super::driver::{Driver, ended};
#[cfg(feature = "stream")]
use super::stream::{Holder, rows};
use crate::cluster::Pool;
#[cfg(feature = "stream")]
use crate::dispatch::RowStream;
use crate::dispatch::{Action, QueryOne};

const ASK: Control<'_> = Control::Text("PRAGMA", "PRAGMA query_only");
const QUERY_ONLY: Control<'_> = Control::Text("PRAGMA", "PRAGMA query_only = 1");
const MAY_WRITE: Control<'_> = Control::Text("PRAGMA", "PRAGMA query_only = 0");

/// A connection that is read-only until this is dropped.
pub(crate) struct ReadOnlyLease {
    /// `None` once it is returned.
    connection: Option<BranchConnection>,
    dialect: DbBackend,
    /// What leaves an SQLite connection as it was.
    restore: Control<'static>,
}

impl ReadOnlyLease {
    /// Takes a connection of the pool, and makes it read-only. Returns `None` if the pool is none of sqlx,
    /// such as a mock.
    pub(crate) async fn begin(pool: &Pool, dialect: DbBackend) -> Result<Option<Self>, DbErr> {
        let Some(driver) = Driver::acquire_connection(pool).await? else {
            return Ok(None);
        };
        let mut lease = Self {
            connection: Some(BranchConnection::new(driver, pool)),
            dialect,
            restore: ASK,
        };
        match dialect {
            DbBackend::Sqlite => lease.set_query_only().await?,
            _ => {
                let options = control::options(None, Some(AccessMode::ReadOnly));
                for text in control::begin(dialect, &options) {
                    lease.control(Control::Begin(&text)).await?;
                }
            }
        }
        Ok(Some(lease))
    }

    /// A connection that only reads already stays as it is.
    async fn set_query_only(&mut self) -> Result<(), DbErr> {
        let ask = Statement::from_string(DbBackend::Sqlite, ASK.text());
        let row = self.connection()?.statement::<QueryOne>(ask).await?;
        let set = row.map(|row| row.try_get_by_index::<i32>(0)).transpose()?;
        if set == Some(1) {
            return Ok(());
        }
        self.restore = MAY_WRITE;
        self.control(QUERY_ONLY).await
    }

    /// Runs the statement.
    pub(crate) async fn run<A: Action>(mut self, statement: Statement) -> Result<A::Output, DbErr> {
        let output = self.connection()?.statement::<A>(statement).await?;
        self.end().await?;
        Ok(output)
    }

    /// Returns the rows of the statement, one by one.
    #[cfg(feature = "stream")]
    pub(crate) fn rows(self, statement: Statement) -> RowStream<'static> {
        rows(self, statement)
    }

    /// Returns the connection to its pool as it was.
    async fn end(mut self) -> Result<(), DbErr> {
        match self.dialect {
            DbBackend::Sqlite => self.control(self.restore).await?,
            dialect => {
                self.control(Control::Commit(control::commit(dialect, false)))
                    .await?
            }
        }
        self.connection = None;
        Ok(())
    }

    async fn control(&mut self, control: Control<'_>) -> Result<(), DbErr> {
        self.connection()?.control(control).await
    }

    fn connection(&mut self) -> Result<&mut BranchConnection, DbErr> {
        self.connection.as_mut().ok_or_else(|| ended().into())
    }
}

impl Drop for ReadOnlyLease {
    /// The statement failed or was cut off, or its rows were streamed.
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else {
            return;
        };
        match self.dialect {
            DbBackend::Sqlite => restore_later(connection, self.restore),
            _ => {
                let uncertain = connection.in_flight.is_cut_off();
                abandon(connection, uncertain);
            }
        }
    }
}

/// Leaves an SQLite connection as it was, in the background: closed, it would take a database in memory with
/// it, as it does without a runtime.
fn restore_later(mut connection: BranchConnection, restore: Control<'static>) {
    match tokio::runtime::Handle::try_current() {
        Ok(runtime) => {
            drop(runtime.spawn(async move {
                if connection.control(restore).await.is_err() {
                    connection.close();
                }
            }));
        }
        Err(_) => connection.close(),
    }
}

#[cfg(feature = "stream")]
impl Holder for ReadOnlyLease {
    fn connection(&mut self) -> Result<&mut BranchConnection, DbErr> {
        self.connection()
    }

    async fn failed(&mut self, _: &DbErr) {}
}
