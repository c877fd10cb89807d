//! Background work of a connection.
//!
//! A connection has work that belongs to no statement: its monitors ask each node again and again.
//! Such work must end with the connection, and must not keep it alive. So every task that goes on is
//! registered here under a key, the registry belongs to the state that all handles share, and a task that
//! waits holds only a weak reference to that state: dropping the last handle drops the registry, which
//! aborts what still runs. Closing a connection does the same at once, and for good. A task that opens or
//! closes one pool ends by itself within half a minute, and is not registered.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::task::AbortHandle;

/// The tasks of a connection, at most one for each key. Dropping it aborts all of them.
#[derive(Debug, Default)]
pub(super) struct BackgroundTasks(Mutex<Tasks>);

#[derive(Debug, Default)]
struct Tasks {
    running: HashMap<TaskKey, AbortOnDrop>,
    /// The connection is closed: no task is started any more.
    is_closed: bool,
}

/// What a task does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum TaskKey {
    /// Asks the server of this number for as long as a node is there.
    Probe(u64),
}

#[derive(Debug)]
struct AbortOnDrop(AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl BackgroundTasks {
    /// Starts a task, if none of its key runs: one ends by itself, or with the runtime it was started
    /// on. Does nothing once the registry is closed.
    pub(super) fn start<T>(&self, key: TaskKey, task: impl FnOnce() -> T)
    where
        T: Future<Output = ()> + Send + 'static,
    {
        let mut tasks = self.lock();
        let running = tasks.running.get(&key);
        if tasks.is_closed || running.is_some_and(|running| !running.0.is_finished()) {
            return;
        }
        let handle = tokio::spawn(task()).abort_handle();
        tasks.running.insert(key, AbortOnDrop(handle));
    }

    pub(super) fn stop(&self, key: TaskKey) {
        self.lock().running.remove(&key);
    }

    /// Starts no other task.
    pub(super) fn refuse(&self) {
        self.lock().is_closed = true;
    }

    /// Aborts every task, and starts no other.
    pub(super) fn close(&self) {
        let mut tasks = self.lock();
        tasks.is_closed = true;
        tasks.running.clear();
    }

    pub(super) fn is_closed(&self) -> bool {
        self.lock().is_closed
    }

    fn lock(&self) -> MutexGuard<'_, Tasks> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    const KEY: TaskKey = TaskKey::Probe(0);

    /// Starts a task that never ends, and returns what it holds on to.
    fn start(tasks: &BackgroundTasks) -> Arc<()> {
        let held = Arc::new(());
        let inside = Arc::clone(&held);
        tasks.start(KEY, || async move {
            std::future::pending::<()>().await;
            drop(inside);
        });
        held
    }

    async fn is_over(held: &Arc<()>) {
        while Arc::strong_count(held) > 1 {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn one_task_of_a_key_runs_at_a_time() {
        let tasks = BackgroundTasks::default();
        let first = start(&tasks);
        is_over(&start(&tasks)).await;
        assert_eq!(Arc::strong_count(&first), 2);
        tasks.stop(KEY);
        is_over(&first).await;
    }

    #[tokio::test]
    async fn they_end_with_the_registry() {
        let tasks = BackgroundTasks::default();
        let held = start(&tasks);
        drop(tasks);
        is_over(&held).await;
    }

    #[tokio::test]
    async fn a_closed_registry_ends_them_and_starts_none() {
        let tasks = BackgroundTasks::default();
        let held = start(&tasks);
        tasks.close();
        is_over(&held).await;
        is_over(&start(&tasks)).await;
        assert!(tasks.is_closed());
    }
}
