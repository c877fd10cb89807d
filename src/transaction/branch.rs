//! A branch: a transaction's part on one database.

use std::sync::Arc;
use std::time::Duration;

use sea_orm::DbErr;
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::levels::Level;
use super::opener::BranchOpener;
use super::phase::Kept;
use super::state::BranchState;
use crate::error::{RoutingError, TxnError};
use crate::topology::{DatabaseId, NodeId, Role};

/// The longest time that the end of a transaction waits for a statement in flight.
const MAX_WAIT: Duration = Duration::from_secs(5);

/// A transaction's part on one database: one connection, one owner. It opens with the first
/// statement there.
#[derive(Debug, Clone)]
pub(super) struct Branch {
    pub(super) database: DatabaseId,
    state: Arc<Mutex<BranchState>>,
}

impl Branch {
    pub(super) fn new(database: DatabaseId, state: BranchState) -> Self {
        Self {
            database,
            state: Arc::new(Mutex::new(state)),
        }
    }

    /// Returns the state, open and with exactly the savepoints of `levels`. `levels` is called once
    /// the branch is held: while a statement waits for it, nested transactions begin and end.
    pub(super) async fn enter(
        self,
        opener: BranchOpener<'_>,
        levels: impl FnOnce() -> Result<Vec<Level>, RoutingError> + Send,
    ) -> Result<OwnedMutexGuard<BranchState>, DbErr> {
        let mut state = self.lock().await;
        state.check()?;
        // What happens once or rarely is boxed: the future of each statement stays small.
        if !state.is_open() {
            Box::pin(opener.open(&mut state)).await?;
        }
        let levels = levels()?;
        if state.savepoints() != levels {
            Box::pin(state.sync_savepoints(&levels)).await?;
        }
        Ok(state)
    }

    /// Returns the state, up to date with what the last owner left in flight.
    pub(super) async fn lock(&self) -> OwnedMutexGuard<BranchState> {
        let mut state = Arc::clone(&self.state).lock_owned().await;
        let unseen = state.note_interruption();
        if unseen || state.phase.kept() == Kept::Possible {
            Box::pin(state.detect_server_end(unseen)).await;
        }
        state
    }

    /// Returns the state to end the branch.
    ///
    /// # Errors
    ///
    /// [`TxnError::Doomed`] if it is held for too long, for example by a stream that is not read.
    pub(super) async fn lock_to_end(&self) -> Result<OwnedMutexGuard<BranchState>, RoutingError> {
        let locked = tokio::time::timeout(MAX_WAIT, self.lock()).await;
        locked.map_err(|_| {
            RoutingError::Transaction(TxnError::Doomed {
                reason:
                    "a stream or a statement of it is still open; what it did is rolled back when \
                     that is dropped"
                        .to_owned(),
            })
        })
    }

    /// Gives up the connection, unless a statement is in flight on it. Returns whether
    /// nothing of the branch can have been committed, as far as is known without waiting.
    pub(super) fn close(&self) -> bool {
        let Ok(mut state) = self.state.try_lock() else {
            return true;
        };
        let nothing_kept = state.phase.kept() == Kept::No;
        state.note_interruption();
        state.close();
        nothing_kept
    }

    /// Whether a connection is open for it, or being opened.
    pub(super) fn is_in_use(&self) -> bool {
        self.state.try_lock().map_or(true, |state| state.is_open())
    }

    /// The node it is open on. Returns `None` while a statement is in flight on it.
    pub(super) fn at(&self) -> Option<(NodeId, Role)> {
        self.state.try_lock().ok()?.at()
    }
}
