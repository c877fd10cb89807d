//! Which task holds the only connection of a pool in a transaction.
//!
//! A statement beside the transaction then waits for that connection. If it comes from the same task, it
//! usually waits for itself, until the acquire timeout.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, ThreadId};

/// The holder of the only connection of a pool. The clones are one.
#[derive(Debug, Clone, Default)]
pub(super) struct OnlyConnection(Arc<Held>);

#[derive(Debug, Default)]
struct Held {
    /// Whether there is a holder, readable without the lock.
    is_held: AtomicBool,
    holder: Mutex<Option<Caller>>,
}

/// Who runs now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Caller {
    Task(tokio::task::Id),
    /// Outside of a task, as in `block_on`.
    Thread(ThreadId),
}

/// The only connection of a pool is held until this is dropped.
#[derive(Debug)]
pub(crate) struct HeldOnly(OnlyConnection);

impl OnlyConnection {
    /// The caller holds the connection.
    pub(super) fn hold(&self) -> HeldOnly {
        self.set(Some(Caller::now()));
        HeldOnly(self.clone())
    }

    /// Whether the caller holds the connection.
    pub(super) fn is_held_by_caller(&self) -> bool {
        self.0.is_held.load(Ordering::Relaxed) && self.holder() == Some(Caller::now())
    }

    fn set(&self, holder: Option<Caller>) {
        let held = self.0.holder.lock();
        *held.unwrap_or_else(PoisonError::into_inner) = holder;
        self.0.is_held.store(holder.is_some(), Ordering::Relaxed);
    }

    fn holder(&self) -> Option<Caller> {
        *self.0.holder.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Caller {
    fn now() -> Self {
        match tokio::task::try_id() {
            Some(task) => Self::Task(task),
            None => Self::Thread(thread::current().id()),
        }
    }
}

impl Drop for HeldOnly {
    fn drop(&mut self) {
        self.0.set(None);
    }
}
