//! How a transaction ends: its branches in which order, and what the caller, the session and the
//! callbacks are told. How *one* branch ends is its [commit protocol](super::protocol).
//!
//! Several databases cannot commit at the same instant. So whatever can fail without harm comes
//! first: a check of every branch, then the commits of the branches that only read. From the first
//! commit of a writing branch on, an error is [`TxnError::PartialCommit`], and says what is
//! committed and what is not.

use std::sync::Arc;

use sea_orm::DbErr;

use super::branch::Branch;
use super::callbacks::When;
use super::levels::{Level, Levels};
use super::phase::Kept;
use super::state::BranchState;
use super::transaction_state::TransactionState;
use crate::error::{RoutingError, TxnError};
use crate::name::DatabaseName;
use crate::scope::TransactionMode;
use crate::session::Writing;
use crate::topology::{DatabaseId, Role};

/// The open branches of a transaction by what they hold, each kind in the order of its commits.
struct Branches {
    readers: Vec<Branch>,
    writers: Vec<Branch>,
    /// Without changes, but with locks that protect those of the writers.
    lockers: Vec<Branch>,
}

impl TransactionState {
    /// Commits every branch: those that only read first, since their errors can still undo the
    /// whole; then those with changes in the order of their first use, those that hold locks last. A lock
    /// that ended before the changes it protects would let another transaction in between.
    async fn commit(&self) -> Result<(), DbErr> {
        let Branches {
            readers,
            writers,
            lockers,
        } = self.sorted_branches().await?;
        for reader in &readers {
            let mut state = reader.lock().await;
            self.tell_session(&state, reader.database);
            state.commit().await?;
        }
        for (place, writer) in writers.iter().enumerate() {
            let mut state = writer.lock().await;
            let result = self.commit_writer(&mut state, writer.database).await;
            if let Err(error) = result {
                let unknown = state.phase.check_doubt(&state.database).is_err();
                let database = state.database.clone();
                drop(state);
                let committed = self.names(&writers[..place]);
                let rest = self.names(&writers[place + 1..]);
                return Err(failure(database, committed, rest, unknown, error));
            }
        }
        self.commit_lockers(&lockers, &writers).await
    }

    /// Commits the branches that hold locks, once every change is committed.
    async fn commit_lockers(&self, lockers: &[Branch], writers: &[Branch]) -> Result<(), DbErr> {
        for locker in lockers {
            let mut state = locker.lock().await;
            self.tell_session(&state, locker.database);
            let may_lose_more = state.is_unproven();
            let Err(error) = state.commit().await else {
                continue;
            };
            if may_lose_more {
                let unknown = state.phase.check_doubt(&state.database).is_err();
                let (database, committed) = (state.database.clone(), self.names(writers));
                return Err(failure(database, committed, Vec::new(), unknown, error));
            }
            // An error would make the caller repeat the changes.
            let database = state.database.as_str();
            tracing::warn!(target: "sea_orm_routing", database, %error, "the locks of a committed transaction were lost");
        }
        Ok(())
    }

    /// Commits a branch with changes. The session counts them as written whatever the commit does,
    /// since it may have taken effect.
    async fn commit_writer(
        &self,
        state: &mut BranchState,
        database: DatabaseId,
    ) -> Result<(), DbErr> {
        let mut writing = self.writing_of_session(database);
        let result = state.commit().await;
        if let Some(writing) = &mut writing
            && state.phase.check_doubt(&state.database).is_ok()
        {
            writing.answered();
        }
        result
    }

    fn writing_of_session(&self, database: DatabaseId) -> Option<Writing> {
        let session = self.session.as_ref()?;
        Some(Writing::new(session, database, self.core.cluster.clock()))
    }

    /// Tells the session of a branch that ends: which replica it read, and whether a procedure may have
    /// committed it.
    fn tell_session(&self, state: &BranchState, database: DatabaseId) {
        let Some(session) = &self.session else {
            return;
        };
        let now = self.core.cluster.clock().now();
        match state.at() {
            Some((node, Role::Replica)) => session.read(database, Some(node), now),
            Some((_, Role::Primary)) => session.saw_primary(database, now),
            None => {}
        }
        if state.phase.kept() != Kept::No {
            session.wrote(database, now);
        }
    }

    /// The open branches, each of them able to commit as far as the servers say.
    async fn sorted_branches(&self) -> Result<Branches, DbErr> {
        let (mut readers, mut writers, mut lockers) = (Vec::new(), Vec::new(), Vec::new());
        for branch in self.branches() {
            let mut state = branch.lock().await;
            state.check()?;
            if !state.is_open() {
                continue;
            }
            self.check_primary(&mut state, branch.database, false)?;
            state.sync_savepoints(&[]).await?;
            match (state.is_written(), state.has_locks()) {
                (true, locks) => writers.push((locks, branch)),
                (false, true) => lockers.push(branch),
                (false, false) => readers.push(branch),
            }
        }
        writers.sort_by_key(|(locks, _)| *locks);
        let writers: Vec<_> = writers.into_iter().map(|(_, branch)| branch).collect();
        if writers.is_empty() {
            readers.append(&mut lockers);
        }
        if writers.len() + lockers.len() > 1 {
            for branch in writers.iter().chain(&lockers) {
                branch.lock().await.check_alive().await?;
            }
        }
        Ok(Branches {
            readers,
            writers,
            lockers,
        })
    }

    /// Commits, or rolls back what a failed commit left; then the callbacks.
    pub(super) async fn commit_and_conclude(&self) -> Result<(), DbErr> {
        let Err(error) = self.commit().await else {
            self.callbacks.call(None, When::Committed);
            return Ok(());
        };
        // The caller needs the error of the commit, not the one of the rollback.
        let rolled_back = self.roll_back().await;
        match RoutingError::of(&error) {
            Some(
                RoutingError::Transaction(TxnError::CommitUnknown { .. })
                | RoutingError::Transaction(TxnError::PartialCommit { .. }),
            ) => {
                self.callbacks.clear(None);
            }
            _ => self.rolled_back(None, &rolled_back),
        }
        Err(error)
    }

    /// Calls the callbacks of a level that was rolled back. If a procedure has committed a part of it,
    /// or a statement is still in flight, nothing is called.
    pub(super) fn rolled_back(&self, level: Option<Level>, result: &Result<(), DbErr>) {
        match result.as_ref().map_err(RoutingError::of) {
            Err(Some(RoutingError::Transaction(TxnError::Doomed { .. }))) => {
                self.callbacks.clear(level)
            }
            Ok(()) | Err(_) => self.callbacks.call(level, When::RolledBack),
        }
    }

    /// Makes a nested transaction part of the one around it, on every branch or on none: each is
    /// checked before the first is released.
    pub(super) async fn release(&self, level: Level, levels: &[Level]) -> Result<(), DbErr> {
        let mut nested = Vec::new();
        for branch in self.branches() {
            let mut state = branch.lock().await;
            state.check()?;
            state.keep_only(levels).await?;
            if state.savepoints().contains(&level) {
                nested.push(branch);
            }
        }
        if nested.len() > 1 {
            for branch in &nested {
                branch.lock().await.check_alive().await?;
            }
        }
        // Cut off or failed after the first one, the whole is doomed.
        let mut half = HalfReleased(None);
        for branch in &nested {
            branch.lock().await.release_savepoint(level).await?;
            half.0 = (nested.len() > 1).then_some(&self.levels);
        }
        half.0 = None;
        Ok(())
    }

    /// Undoes a nested transaction.
    pub(super) async fn undo(&self, level: Level) -> Result<(), DbErr> {
        let mut result = Ok(());
        for branch in self.branches() {
            let undone = match branch.lock_to_end().await {
                Ok(mut state) => state.undo(level).await,
                Err(held) => Err(held.into()),
            };
            result = result.and(undone);
        }
        result
    }

    /// Rolls back one database.
    pub(super) async fn roll_back_on(
        &self,
        database: DatabaseId,
        level: Option<Level>,
    ) -> Result<(), DbErr> {
        let refused = |reason| {
            RoutingError::Transaction(TxnError::RollbackOn {
                database: self
                    .core
                    .cluster
                    .topology()
                    .database_by_id(database)
                    .name
                    .clone(),
                reason,
            })
        };
        match (self.transactions.mode, level) {
            (TransactionMode::SingleDatabase, _) => {
                return Err(refused("only TransactionMode::Independent has it").into());
            }
            (TransactionMode::Independent, Some(_)) => {
                return Err(refused("a nested transaction is rolled back as a whole").into());
            }
            (TransactionMode::Independent, None) => {}
        }
        let mut branches = self.branches().into_iter();
        match branches.find(|branch| branch.database == database) {
            Some(branch) => branch.lock().await.restart().await,
            None => Ok(()),
        }
    }

    /// Rolls back every branch, and returns the first error.
    pub(super) async fn roll_back(&self) -> Result<(), DbErr> {
        let mut result = Ok(());
        for branch in self.branches() {
            let rolled_back = match branch.lock_to_end().await {
                Ok(mut state) => {
                    self.tell_session(&state, branch.database);
                    state.roll_back().await
                }
                Err(held) => Err(held.into()),
            };
            result = result.and(rolled_back);
        }
        result
    }

    /// Gives up every connection without waiting, also while a nested transaction is alive. Returns
    /// whether nothing can have been committed.
    pub(super) fn close(&self) -> bool {
        let mut known = true;
        for branch in self.branches() {
            let at = branch.at();
            let nothing_kept = branch.close();
            if let Some(session) = &self.session {
                let now = self.core.cluster.clock().now();
                match at {
                    Some((node, Role::Replica)) => session.read(branch.database, Some(node), now),
                    Some((_, Role::Primary)) => session.saw_primary(branch.database, now),
                    // A statement may be in flight on it.
                    None if branch.is_in_use() => session.saw_primary(branch.database, now),
                    None => {}
                }
                if !nothing_kept {
                    session.may_write_any_time(branch.database);
                }
            }
            known &= nothing_kept;
        }
        known
    }

    fn names(&self, branches: &[Branch]) -> Vec<DatabaseName> {
        let topology = self.core.cluster.topology();
        let name = |branch: &Branch| topology.database_by_id(branch.database).name.clone();
        branches.iter().map(name).collect()
    }
}

/// Dooms a transaction when it is dropped with its levels in it: a nested one was released on one
/// database and not on another.
struct HalfReleased<'l>(Option<&'l Levels>);

impl Drop for HalfReleased<'_> {
    fn drop(&mut self) {
        if let Some(levels) = self.0 {
            levels.doom("a nested transaction was released on one database and not on another");
        }
    }
}

/// The error of a commit that one database did not take part in.
fn failure(
    database: DatabaseName,
    committed: Vec<DatabaseName>,
    rolled_back: Vec<DatabaseName>,
    unknown: bool,
    error: DbErr,
) -> DbErr {
    let source = Arc::new(error);
    match (committed.is_empty(), unknown) {
        (true, false) => Arc::unwrap_or_clone(source),
        (true, true) if rolled_back.is_empty() => {
            RoutingError::Transaction(TxnError::CommitUnknown { database, source }).into()
        }
        _ => RoutingError::Transaction(TxnError::PartialCommit {
            failed: database,
            unknown,
            committed,
            rolled_back,
            source,
        })
        .into(),
    }
}
