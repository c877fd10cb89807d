//! How the branches of a transaction end.

use std::sync::Arc;
use std::time::Instant;

use sea_orm::DbErr;

use super::branch::Branch;
use super::callbacks::When;
use super::levels::{Level, Levels};
use super::shared::Shared;
use super::state::State;
use crate::error::RoutingError;
use crate::name::DatabaseName;
use crate::scope::TransactionMode;
use crate::session::Writing;
use crate::topology::{DatabaseId, Role};

impl Shared {
    /// Commits every branch: those that only read first, since their errors can still undo the
    /// whole, then those with changes in the order of their first use.
    async fn commit(&self) -> Result<(), DbErr> {
        let (readers, writers) = self.readers_and_writers().await?;
        for reader in &readers {
            let mut state = reader.lock().await;
            self.seen_by_session(&state, reader.database);
            state.commit().await?;
        }
        let mut committed = Vec::new();
        for (place, writer) in writers.iter().enumerate() {
            let mut state = writer.lock().await;
            // Whatever becomes of the commit, it may have happened.
            let mut writing = self.writing_of_session(writer.database);
            let result = state.commit().await;
            if let Some(writing) = &mut writing
                && state.check_doubt().is_ok()
            {
                writing.answered();
            }
            drop(writing);
            let Err(error) = result else {
                committed.push(state.database.clone());
                continue;
            };
            let unknown = state.check_doubt().is_err();
            let database = state.database.clone();
            drop(state);
            let rest = self.names(&writers[place + 1..]);
            return Err(failure(database, committed, rest, unknown, error));
        }
        Ok(())
    }

    fn writing_of_session(&self, database: DatabaseId) -> Option<Writing> {
        let session = self.session.as_ref()?;
        Some(Writing::new(session, database))
    }

    /// What the session has to know of a branch that ends: where it read, and that a procedure has
    /// committed it.
    fn seen_by_session(&self, state: &State, database: DatabaseId) {
        let Some(session) = &self.session else {
            return;
        };
        if let Some((node, Role::Replica)) = state.at {
            session.read(database, Some(node), Instant::now());
        }
        if state.may_be_kept() {
            session.wrote(database, Instant::now());
        }
    }

    /// The open branches, each of them able to commit as far as can be told.
    async fn readers_and_writers(&self) -> Result<(Vec<Branch>, Vec<Branch>), DbErr> {
        let (mut readers, mut writers) = (Vec::new(), Vec::new());
        for branch in self.branches() {
            let mut state = branch.lock().await;
            state.check()?;
            if !state.is_open() {
                continue;
            }
            self.check_primary(&mut state, branch.database)?;
            state.align(&[]).await?;
            match state.written {
                true => writers.push(branch),
                false => readers.push(branch),
            }
        }
        if writers.len() > 1 {
            for writer in &writers {
                writer.lock().await.probe().await?;
            }
        }
        Ok((readers, writers))
    }

    /// Commits, or rolls back what a failed commit left; then the callbacks.
    pub(super) async fn commit_and_conclude(&self) -> Result<(), DbErr> {
        let Err(error) = self.commit().await else {
            self.callbacks.over(None, When::Committed);
            return Ok(());
        };
        // The error of the commit is the one to tell.
        let rolled_back = self.roll_back().await;
        match RoutingError::of(&error) {
            Some(RoutingError::CommitUnknown { .. } | RoutingError::PartialCommit { .. }) => {
                self.callbacks.forget(None);
            }
            _ => self.rolled_back(None, &rolled_back),
        }
        Err(error)
    }

    /// The callbacks of a level that was rolled back. What a procedure has committed, and what is
    /// still under way, is not rolled back: nothing is called.
    pub(super) fn rolled_back(&self, level: Option<Level>, result: &Result<(), DbErr>) {
        match result.as_ref().map_err(RoutingError::of) {
            Err(Some(RoutingError::Doomed { .. })) => self.callbacks.forget(level),
            Ok(()) | Err(_) => self.callbacks.over(level, When::RolledBack),
        }
    }

    /// Makes a nested transaction part of the one around it, on every branch or on none: each is
    /// looked at before the first is released.
    pub(super) async fn release(&self, level: Level, levels: &[Level]) -> Result<(), DbErr> {
        let mut nested = Vec::new();
        for branch in self.branches() {
            let mut state = branch.lock().await;
            state.check()?;
            state.keep_only(levels).await?;
            if state.savepoints.contains(&level) {
                nested.push(branch);
            }
        }
        if nested.len() > 1 {
            for branch in &nested {
                branch.lock().await.probe().await?;
            }
        }
        // From the first on, all or nothing: cut off or failed in between, the whole is doomed.
        let mut half = HalfReleased(None);
        for branch in &nested {
            branch.lock().await.release(level).await?;
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
        let refused = |reason| RoutingError::RollbackOn {
            database: self
                .core
                .cluster
                .topology()
                .database_by_id(database)
                .name
                .clone(),
            reason,
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
            Some(branch) => branch.lock().await.start_over().await,
            None => Ok(()),
        }
    }

    pub(super) async fn roll_back(&self) -> Result<(), DbErr> {
        let mut result = Ok(());
        for branch in self.branches() {
            let rolled_back = match branch.lock_to_end().await {
                Ok(mut state) => {
                    self.seen_by_session(&state, branch.database);
                    state.roll_back().await
                }
                Err(held) => Err(held.into()),
            };
            result = result.and(rolled_back);
        }
        result
    }

    /// It is over, and nobody waits: lets go of every connection, also while a nested transaction
    /// is alive. Whether it is known that nothing was kept.
    pub(super) fn let_go(&self) -> bool {
        let mut known = true;
        for branch in self.branches() {
            let nothing_kept = branch.let_go();
            if let Some(session) = self.session.as_ref().filter(|_| !nothing_kept) {
                session.may_write_any_time(branch.database);
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

/// What the caller is told when a database did not commit.
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
            RoutingError::CommitUnknown { database, source }.into()
        }
        _ => RoutingError::PartialCommit {
            failed: database,
            unknown,
            committed,
            rolled_back,
            source,
        }
        .into(),
    }
}
