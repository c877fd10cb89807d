//! A transaction that the server has ended on its own: an error that rolls back everything, a
//! statement that commits. What is sent after that would run outside of a transaction, so the branch
//! is doomed as soon as this is known.

use sea_orm::{DbBackend, DbErr, Statement};

use super::control::{self, Control};
use super::state::{BranchState, Link};
use crate::cluster::Fault;
use crate::dispatch::QueryOne;

impl BranchState {
    /// Sets the commit canary before a statement, named by its keyword, that may commit.
    pub(super) async fn set_commit_canary(&mut self, keyword: &'static str) -> Result<(), DbErr> {
        if self.takes_sql() {
            self.control(control::SET_CANARY).await?;
            if let Some(active) = self.phase.active_mut() {
                active.canary = Some(keyword);
            }
        }
        Ok(())
    }

    /// Asks the server for what an `unseen` statement, or one that may commit, has done.
    pub(super) async fn detect_server_end(&mut self, unseen: bool) {
        if unseen
            && self.dialect == DbBackend::Sqlite
            && self.takes_sql()
            && self.sqlite_begins_again().await
        {
            self.phase
                .doom("the statement that was cut off has ended it");
        }
        let canary = self.phase.active().and_then(|active| active.canary);
        if let Some(keyword) = canary
            && self.takes_sql()
        {
            let survived = self.control(control::CHECK_CANARY).await.is_ok();
            if !survived {
                self.phase.committed_by(keyword, &self.database);
            } else if let Some(active) = self.phase.active_mut() {
                active.canary = None;
            }
        }
    }

    /// Finds out whether the error of a statement ends the transaction.
    pub(super) async fn statement_failed(&mut self, error: &DbErr) {
        self.phase.statement_failed();
        if Fault::of(error) == Fault::Lost {
            self.phase.doom("its connection is lost");
        } else if Fault::ends_transaction(error)
            || Fault::is_lock_timeout(error) && self.lock_timeout_ends_it().await
            || Fault::may_end_sqlite_transaction(error) && self.sqlite_begins_again().await
        {
            let reason = format!("the server rolled it back: {error}");
            self.phase.doom(reason);
        }
    }

    /// Whether MySQL rolls back the whole transaction when a lock was not granted in time, which is a
    /// setting of the server. Without an answer, it may.
    async fn lock_timeout_ends_it(&mut self) -> bool {
        let sql = "SELECT CAST(@@innodb_rollback_on_timeout AS SIGNED) AS ends";
        let setting = Statement::from_string(self.dialect, sql);
        let Ok(Link {
            connection, watch, ..
        }) = self.link_mut()
        else {
            return true;
        };
        let answer = connection.statement::<QueryOne>(setting);
        match watch.until_lost(answer).await {
            Ok(Some(row)) => row.try_get::<i64>("", "ends") != Ok(0),
            Ok(None) | Err(_) => true,
        }
    }

    /// Whether SQLite accepts a `BEGIN`, which it does only outside of a transaction.
    async fn sqlite_begins_again(&mut self) -> bool {
        match self.control(Control::Text("BEGIN", "BEGIN")).await {
            Ok(()) => true,
            Err(alive) => !alive.to_string().contains("within a transaction"),
        }
    }
}
