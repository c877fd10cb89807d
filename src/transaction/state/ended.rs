//! What the server has ended behind the back of a branch: an error that rolls back everything, a statement
//! that commits.

use sea_orm::{DbBackend, DbErr, Statement};

use super::State;
use crate::cluster::Fault;
use crate::dispatch::OnBranch;
use crate::transaction::control;
use crate::transaction::open::Open;

impl State {
    /// Finds out what was not seen: whether SQLite has ended the transaction, whether a procedure of
    /// MySQL has committed it.
    pub(in crate::transaction) async fn look(&mut self) {
        if std::mem::take(&mut self.unseen) {
            self.failed = true;
            if self.dialect == DbBackend::Sqlite && self.is_alive() && self.begins_anew().await {
                self.doomed = Some("the statement that was cut off has ended it".to_owned());
            }
        }
        if let Some(keyword) = self.may_have_committed.take()
            && self.is_alive()
            && self
                .control("RELEASE SAVEPOINT", control::UNMARK)
                .await
                .is_err()
        {
            self.committed_by = Some(keyword);
            self.doomed = Some(format!(
                "{keyword} has ended it on {}: what was done until then is committed, or rolled back",
                self.database
            ));
        }
    }

    /// Whether a statement has committed it behind its back, or may have.
    pub(in crate::transaction) fn may_be_kept(&self) -> bool {
        self.committed_by.is_some() || self.may_have_committed.is_some()
    }

    /// A statement follows that may commit the transaction: a mark that would be gone then.
    pub(in crate::transaction) async fn mark(
        &mut self,
        keyword: &'static str,
    ) -> Result<(), DbErr> {
        if self.is_alive() {
            self.control("SAVEPOINT", control::MARK).await?;
            self.may_have_committed = Some(keyword);
        }
        Ok(())
    }

    /// Takes note of an error that ends the transaction on the server.
    pub(in crate::transaction) async fn failed(&mut self, error: &DbErr) {
        self.failed = true;
        self.unseen = false;
        if Fault::of(error) == Fault::Lost {
            self.doomed = Some("its connection is lost".to_owned());
        } else if Fault::ends_transaction(error)
            || Fault::is_lock_timeout(error) && self.timeouts_end_it().await
            || self.sqlite_has_ended(error).await
        {
            self.doomed = Some(format!("the server rolled it back: {error}"));
        }
    }

    /// SQLite says so when it is asked to begin what is under way.
    async fn sqlite_has_ended(&mut self, error: &DbErr) -> bool {
        Fault::may_end_sqlite_transaction(error) && self.begins_anew().await
    }

    /// Whether the server is set to roll back the whole transaction when it waited too long for a
    /// lock. Where it does not say, it may be.
    async fn timeouts_end_it(&mut self) -> bool {
        let sql = "SELECT CAST(@@innodb_rollback_on_timeout AS SIGNED) AS ends";
        let asked = Statement::from_string(self.dialect, sql);
        let ask = async |open: &mut Open| open.query_one_raw(asked).await;
        match self.unless_gone(ask).await {
            Ok(Some(row)) => row.try_get::<i64>("", "ends") != Ok(0),
            Ok(None) | Err(_) => true,
        }
    }

    /// Whether SQLite begins a transaction, because there is none.
    async fn begins_anew(&mut self) -> bool {
        match self.control("BEGIN", "BEGIN").await {
            Ok(()) => true,
            Err(alive) => !alive.to_string().contains("within a transaction"),
        }
    }
}
