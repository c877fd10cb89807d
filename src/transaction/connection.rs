//! The connection of a branch or of a lease, and the one place where anything is sent on it.
//!
//! Whatever is sent is marked as [in flight](InFlight) until it is answered. What owns the connection then
//! needs no guard of its own: dropped while something is in flight, the connection is closed instead
//! of returned to its pool.

use std::pin::pin;

#[cfg(feature = "sqlx-dep")]
use sea_orm::sqlx::{self, Executor};
use sea_orm::{
    ConnectionTrait, DatabaseTransaction, DbErr, ExecResult, QueryResult, Statement,
    TransactionOptions,
};

use super::control::Control;
use super::driver::{Driver, innermost, on_driver};
#[cfg(feature = "sqlx-dep")]
use super::driver::{exec_error, query, query_error};
use super::in_flight::InFlight;
use super::phase::ControlReply;
use super::span::Span;
#[cfg(feature = "sqlx-sqlite")]
use super::sqlite;
use crate::cluster::Pool;
use crate::dispatch::{Action, OnBranch};

pub(crate) struct BranchConnection {
    pub(super) driver: Driver,
    pub(super) in_flight: InFlight,
    /// Whether spans show the text of statements.
    traces_texts: bool,
}

impl std::fmt::Debug for BranchConnection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BranchConnection").finish_non_exhaustive()
    }
}

impl Drop for BranchConnection {
    fn drop(&mut self) {
        if self.in_flight.is_cut_off() {
            std::mem::take(&mut self.driver).close();
        }
    }
}

impl BranchConnection {
    /// Takes a connection of the pool. SeaORM's own transaction begins with this.
    pub(super) async fn acquire(pool: &Pool, options: TransactionOptions) -> Result<Self, DbErr> {
        Ok(Self::new(Driver::acquire(pool, options).await?, pool))
    }

    pub(super) fn new(driver: Driver, pool: &Pool) -> Self {
        Self {
            driver,
            in_flight: InFlight::Nothing,
            traces_texts: pool.traces_texts(),
        }
    }

    /// Sends a statement of the user.
    pub(super) async fn statement<A: Action>(
        &mut self,
        statement: Statement,
    ) -> Result<A::Output, DbErr> {
        let span = Span::statement(A::SPAN, &statement, self.traces_texts);
        self.in_flight = InFlight::Statement;
        let result = {
            let answer = pin!(A::on_branch(self, statement));
            span.around(answer).await
        };
        self.in_flight = InFlight::Nothing;
        result
    }

    /// Sends a control statement.
    pub(super) async fn control(&mut self, control: Control<'_>) -> Result<(), DbErr> {
        self.in_flight = InFlight::Control(control.name());
        let result = self.send_control(control).await;
        if ControlReply::of(&result) != ControlReply::Missing {
            self.in_flight = InFlight::Nothing;
        }
        result
    }

    async fn send_control(&mut self, control: Control<'_>) -> Result<(), DbErr> {
        #[cfg(feature = "sqlx-sqlite")]
        if let Driver::Sqlite(connection) = &mut self.driver {
            let sent = sqlite::control(connection, control);
            return sent.await.map_err(exec_error);
        }
        self.execute_unprepared(control.text()).await.map(drop)
    }

    /// The stack of SeaORM's transactions. Returns `None` where control statements are sent as SQL.
    pub(super) fn stack(&mut self) -> Option<&mut Vec<DatabaseTransaction>> {
        match &mut self.driver {
            Driver::SeaOrm(levels) => Some(levels),
            #[cfg(feature = "sqlx-dep")]
            _ => None,
        }
    }

    pub(super) fn speaks_sql(&self) -> bool {
        !matches!(self.driver, Driver::SeaOrm(_))
    }

    /// Whether closing the connection would lose more than the transaction: an SQLite database in
    /// memory lives in its connection.
    pub(super) fn must_survive(&self) -> bool {
        match &self.driver {
            #[cfg(feature = "sqlx-sqlite")]
            Driver::Sqlite(_) => true,
            Driver::SeaOrm(_) => true,
            #[cfg(any(feature = "sqlx-postgres", feature = "sqlx-mysql"))]
            _ => false,
        }
    }

    /// Closes the connection instead of returning it to its pool.
    pub(super) fn close(mut self) {
        std::mem::take(&mut self.driver).close();
    }
}

impl OnBranch for BranchConnection {
    async fn execute_unprepared(&mut self, sql: &str) -> Result<ExecResult, DbErr> {
        on_driver!(
            self.driver,
            |connection| {
                let sent = (**connection).execute(sqlx::AssertSqlSafe(sql.to_owned()));
                sent.await.map(Into::into).map_err(exec_error)
            },
            |levels| innermost(levels)?.execute_unprepared(sql).await
        )
    }

    async fn execute_raw(&mut self, statement: Statement) -> Result<ExecResult, DbErr> {
        on_driver!(
            self.driver,
            |connection| {
                let sent = query(&statement).execute(&mut **connection);
                sent.await.map(Into::into).map_err(exec_error)
            },
            |levels| innermost(levels)?.execute_raw(statement.clone()).await
        )
    }

    async fn query_one_raw(&mut self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        on_driver!(
            self.driver,
            |connection| match query(&statement).fetch_one(&mut **connection).await {
                Ok(row) => Ok(Some(row.into())),
                Err(sqlx::Error::RowNotFound) => Ok(None),
                Err(error) => Err(query_error(error)),
            },
            |levels| innermost(levels)?.query_one_raw(statement.clone()).await
        )
    }

    async fn query_all_raw(&mut self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        on_driver!(
            self.driver,
            |connection| match query(&statement).fetch_all(&mut **connection).await {
                Ok(rows) => Ok(rows.into_iter().map(Into::into).collect()),
                Err(error) => Err(query_error(error)),
            },
            |levels| innermost(levels)?.query_all_raw(statement.clone()).await
        )
    }
}
