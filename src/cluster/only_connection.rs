//! Which task holds the only connection of a pool in a transaction.
//!
//! A statement beside the transaction then waits for that connection. If it comes from the same task, it
//! usually waits for itself, until the acquire timeout.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, ThreadId};

use super::driver_kind::DriverKind;
use super::pool::Pool;

/// The holder of the only connection of a pool.
#[derive(Debug, Default)]
pub(super) struct OnlyConnection {
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
pub(crate) struct HeldOnly(Pool);

impl Pool {
    /// Notes that this task holds a connection. Returns `None` if the pool may have more than one.
    pub(crate) fn hold_only(&self) -> Option<HeldOnly> {
        let usage = self.get().map(DriverKind::of)?.usage()?;
        (usage.max == 1).then(|| {
            self.only_connection().set(Some(Caller::now()));
            HeldOnly(self.clone())
        })
    }

    /// Whether this task holds the only connection.
    pub(crate) fn waits_for_itself(&self) -> bool {
        self.only_connection().is_held.load(Ordering::Relaxed)
            && self.only_connection().holder() == Some(Caller::now())
    }

    /// Says in the log that this task holds the only connection, if it does: it may wait for itself.
    pub(crate) fn warn_of_itself(&self) {
        if self.waits_for_itself() {
            tracing::warn!(
                target: "sea_orm_routing",
                node = self.name().as_str(),
                "a statement waits for the only connection, which a transaction of the same task holds"
            );
        }
    }
}

impl OnlyConnection {
    fn set(&self, holder: Option<Caller>) {
        let mut held = self.holder.lock().unwrap_or_else(PoisonError::into_inner);
        *held = holder;
        self.is_held.store(holder.is_some(), Ordering::Relaxed);
    }

    fn holder(&self) -> Option<Caller> {
        *self.holder.lock().unwrap_or_else(PoisonError::into_inner)
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
        self.0.only_connection().set(None);
    }
}
