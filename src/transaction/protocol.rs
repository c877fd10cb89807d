//! The commit protocol of a branch: how it begins, which statements it may run, how it ends.
//!
//! There is one, the one-phase commit: `BEGIN`, then `COMMIT` or `ROLLBACK`. A commit takes effect at
//! once and can be lost only with its answer. [`ending`](super::ending) knows nothing of this: it
//! decides which branches end in which order and what the caller is told, so that a commit in two
//! phases needs another set of these functions and no other ending of a transaction.

use sea_orm::{DbBackend, DbErr};

use super::control::{self, Control};
use super::driver::ended;
use super::phase::{Kept, Phase};
use super::state::{BranchState, Link};
use crate::error::{RoutingError, TxnError};
use crate::name::DatabaseName;
use crate::observe::BranchOutcome;
use crate::sql::{ImplicitCommit, Operation};

/// Refuses a statement that would end the transaction instead of us.
pub(super) fn check_statement(
    operation: &Operation,
    dialect: DbBackend,
    database: &DatabaseName,
) -> Result<(), RoutingError> {
    if let Some(keyword) = operation.controls_transaction() {
        return Err(RoutingError::Transaction(TxnError::TransactionControl {
            keyword,
        }));
    }
    match operation.commits_implicitly() {
        Some(ImplicitCommit::Certain(keyword)) if dialect == DbBackend::MySql => {
            let database = database.clone();
            Err(RoutingError::Transaction(TxnError::ImplicitCommit {
                keyword,
                database,
            }))
        }
        Some(ImplicitCommit::Certain(_) | ImplicitCommit::Possible(_)) | None => Ok(()),
    }
}

/// The keyword of a statement that may make MySQL commit the transaction.
pub(super) fn possible_commit(operation: &Operation, dialect: DbBackend) -> Option<&'static str> {
    match operation.commits_implicitly() {
        Some(ImplicitCommit::Possible(keyword)) => (dialect == DbBackend::MySql).then_some(keyword),
        Some(ImplicitCommit::Certain(_)) | None => None,
    }
}

impl BranchState {
    /// Begins on a connection. SeaORM's own transaction has begun already.
    pub(super) async fn begin(&mut self, link: Link, texts: &[String]) -> Result<(), DbErr> {
        let speaks_sql = link.connection.speaks_sql();
        self.phase = Phase::Opening;
        self.link = Some(link);
        if speaks_sql {
            for text in texts {
                self.control(Control::Begin(text)).await?;
            }
        }
        Ok(())
    }

    /// Asks whether the transaction is alive.
    pub(super) async fn check_alive(&mut self) -> Result<(), DbErr> {
        match self.link_mut()?.connection.speaks_sql() {
            true => self.control(Control::Text("SELECT 1", "SELECT 1")).await,
            false => Ok(()),
        }
    }

    /// Commits; its connection returns to the pool.
    pub(super) async fn commit(&mut self) -> Result<(), DbErr> {
        if let Some(stack) = self.link_mut()?.connection.stack() {
            let transaction = stack.pop().ok_or_else(ended)?;
            let mut events = self.link_mut()?.events.take();
            self.release();
            if let Some(events) = &mut events {
                events.set_outcome(BranchOutcome::Unknown);
            }
            let result = transaction.commit().await;
            if let (Ok(()), Some(events)) = (&result, &mut events) {
                events.set_outcome(BranchOutcome::Committed);
            }
            return result;
        }
        let active = self.phase.active();
        let may_be_aborted = active.is_some_and(|active| active.may_be_aborted);
        let text = control::commit(self.dialect, may_be_aborted);
        self.control(Control::Commit(text)).await?;
        self.set_outcome(BranchOutcome::Committed);
        self.release();
        Ok(())
    }

    /// Rolls back; its connection returns to the pool, or is closed if it is doomed.
    ///
    /// # Errors
    ///
    /// [`TxnError::InDoubt`], [`TxnError::Doomed`] if a statement has committed a part of it,
    /// and the server's error.
    pub(super) async fn roll_back(&mut self) -> Result<(), DbErr> {
        self.phase.check_doubt(&self.database)?;
        let Some(link) = &mut self.link else {
            return Ok(());
        };
        if let Some(stack) = link.connection.stack() {
            while let Some(transaction) = stack.pop() {
                transaction.rollback().await?;
            }
        } else if let Phase::Doomed { reason, kept } = &self.phase {
            let (reason, kept) = (reason.clone(), *kept);
            self.close();
            return match kept {
                Kept::Yes => Err(RoutingError::Transaction(TxnError::Doomed { reason }).into()),
                Kept::No | Kept::Possible => Ok(()),
            };
        } else {
            self.control(Control::RollBack).await?;
        }
        self.release();
        Ok(())
    }

    /// Rolls back whatever its phase is; the next statement opens it again.
    pub(super) async fn restart(&mut self) -> Result<(), DbErr> {
        match self.check() {
            Ok(()) => self.roll_back().await,
            Err(_) => {
                self.close();
                Ok(())
            }
        }
    }
}
