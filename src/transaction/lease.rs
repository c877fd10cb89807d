//! A connection for one statement outside of a transaction, which is closed if the statement is cut
//! off.
//!
//! sqlx's MySQL driver loses its place in the protocol when it is cut off in the middle of an answer,
//! and then waits forever to return its connection to the pool: once that has happened to every
//! connection of the pool, nothing runs any more. So on MySQL a statement that is cut off takes its
//! connection with it.

use sea_orm::{DbErr, Statement};

use super::connection::BranchConnection;
use super::driver::Driver;
#[cfg(feature = "stream")]
use super::stream::{Holder, rows};
use crate::cluster::Pool;
use crate::dispatch::Action;
#[cfg(feature = "stream")]
use crate::dispatch::RowStream;

pub(crate) struct Lease(BranchConnection);

impl Lease {
    /// Takes a connection of the pool. Returns `None` if it is none of sqlx, such as a mock.
    pub(crate) async fn take(pool: &Pool) -> Result<Option<Self>, DbErr> {
        let driver = Driver::acquire_connection(pool).await?;
        Ok(driver.map(|driver| Self(BranchConnection::new(driver, pool))))
    }

    /// Runs the statement.
    pub(crate) async fn run<A: Action>(mut self, statement: Statement) -> Result<A::Output, DbErr> {
        self.0.statement::<A>(statement).await
    }

    /// Returns the rows of the statement, one by one.
    #[cfg(feature = "stream")]
    pub(crate) fn rows(self, statement: Statement) -> RowStream<'static> {
        rows(self, statement)
    }
}

#[cfg(feature = "stream")]
impl Holder for Lease {
    fn connection(&mut self) -> Result<&mut BranchConnection, DbErr> {
        Ok(&mut self.0)
    }

    async fn failed(&mut self, _: &DbErr) {}
}
