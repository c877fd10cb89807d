//! A branch: a transaction's part on one database.

use std::sync::Arc;
use std::time::Duration;

use sea_orm::DbErr;
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::levels::Level;
use super::opening::Opening;
use super::state::State;
use crate::error::{RoutingError, TxnError};
use crate::topology::{DatabaseId, NodeId, Role};

/// How long the end of a transaction waits for a statement that is still under way.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// A transaction's part on one database: one connection, one owner. It opens with the first
/// statement there.
#[derive(Debug, Clone)]
pub(super) struct Branch {
    pub(super) database: DatabaseId,
    state: Arc<Mutex<State>>,
}

impl Branch {
    pub(super) fn new(database: DatabaseId, state: State) -> Self {
        Self {
            database,
            state: Arc::new(Mutex::new(state)),
        }
    }

    /// The connection, open and with exactly the savepoints of `levels` on it. They are asked for
    /// once the branch is held: while a statement waits for it, nested transactions come and go.
    pub(super) async fn enter(
        self,
        opening: Opening<'_>,
        levels: impl FnOnce() -> Result<Vec<Level>, RoutingError> + Send,
    ) -> Result<OwnedMutexGuard<State>, DbErr> {
        let mut state = self.lock().await;
        state.check()?;
        if !state.is_open() {
            // Boxed: it nests deep, and happens once.
            Box::pin(opening.open(&mut state)).await?;
        }
        let levels = levels()?;
        state.align(&levels).await?;
        Ok(state)
    }

    /// The state, after a look at what was left running.
    pub(super) async fn lock(&self) -> OwnedMutexGuard<State> {
        let mut state = Arc::clone(&self.state).lock_owned().await;
        state.settle();
        state.look().await;
        state
    }

    /// The state, to end what is under way; nothing when it is held for too long: by a stream that
    /// nobody reads any more, say.
    pub(super) async fn lock_to_end(&self) -> Result<OwnedMutexGuard<State>, RoutingError> {
        match tokio::time::timeout(LONGEST_WAIT, self.lock()).await {
            Ok(state) => Ok(state),
            Err(_) => Err(RoutingError::Transaction(TxnError::Doomed {
                reason: "a stream or a statement of it is still open; what it did is rolled back \
                         when that is dropped"
                    .to_owned(),
            })),
        }
    }

    /// Lets go of the connection, unless a statement is under way on it. Whether it is known that
    /// nothing of it was kept.
    pub(super) fn let_go(&self) -> bool {
        match self.state.try_lock() {
            Ok(mut state) => {
                let known = !state.may_be_kept();
                state.settle();
                state.give_up();
                known
            }
            Err(_) => true,
        }
    }

    /// Whether a connection is open for it, or being opened.
    pub(super) fn is_in_use(&self) -> bool {
        self.state.try_lock().map_or(true, |state| state.is_open())
    }

    /// Where it is open; nothing while a statement is under way on it.
    pub(super) fn at(&self) -> Option<(NodeId, Role)> {
        self.state.try_lock().ok()?.at
    }
}
