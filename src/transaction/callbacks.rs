//! The callbacks of a transaction, called after it has ended.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::levels::Level;

/// When a callback is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    Committed,
    RolledBack,
}

/// The callbacks of a transaction. A callback belongs to the level it was given to: a level that is
/// rolled back ends its callbacks, one that is committed hands them to the level around it.
#[derive(Default)]
pub(super) struct Callbacks {
    list: Mutex<Vec<RegisteredCallback>>,
}

struct RegisteredCallback {
    level: Level,
    when: When,
    callback: Box<dyn FnOnce() + Send>,
}

/// The number of the outermost level; nested ones start at 1.
const OUTERMOST: Level = 0;

impl Callbacks {
    pub(super) fn add(
        &self,
        level: Option<Level>,
        when: When,
        callback: impl FnOnce() + Send + 'static,
    ) {
        self.lock().push(RegisteredCallback {
            level: level.unwrap_or(OUTERMOST),
            when,
            callback: Box::new(callback),
        });
    }

    /// A nested level was committed into the one around it.
    pub(super) fn released(&self, level: Level, around: Option<Level>) {
        for entry in self.lock().iter_mut().filter(|entry| entry.level >= level) {
            entry.level = around.unwrap_or(OUTERMOST);
        }
    }

    /// Calls the callbacks of a level and of those inside it, in the order they were given, and removes
    /// those for another end. Levels are numbered as they begin, so inner ones have greater numbers.
    pub(super) fn call(&self, level: Option<Level>, when: When) {
        for entry in self.take(level) {
            if entry.when == when {
                call(entry.callback);
            }
        }
    }

    /// Removes the callbacks of a level and of those inside it: it is unknown how it ended, or its
    /// databases ended in different ways.
    pub(super) fn clear(&self, level: Option<Level>) {
        drop(self.take(level));
    }

    fn take(&self, level: Option<Level>) -> Vec<RegisteredCallback> {
        let level = level.unwrap_or(OUTERMOST);
        let mut list = self.lock();
        list.extract_if(.., |entry| entry.level >= level).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<RegisteredCallback>> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A callback that panics changes neither the other callbacks nor the result of the transaction.
fn call(callback: Box<dyn FnOnce() + Send>) {
    if catch_unwind(AssertUnwindSafe(callback)).is_err() {
        tracing::error!(target: "sea_orm_routing", "a callback of a transaction panicked");
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn log(callbacks: &Callbacks, level: Option<Level>, name: &'static str) -> Log {
        let log = Log::default();
        for when in [When::Committed, When::RolledBack] {
            let calls = Arc::clone(&log.0);
            callbacks.add(level, when, move || {
                let mut calls = calls.lock().expect("no poison");
                calls.push(format!("{name} {when:?}"));
            });
        }
        log
    }

    #[derive(Default)]
    struct Log(Arc<Mutex<Vec<String>>>);

    impl Log {
        fn calls(&self) -> Vec<String> {
            self.0.lock().expect("no poison").clone()
        }
    }

    #[test]
    fn a_level_that_is_rolled_back_takes_its_callbacks_with_it() {
        let callbacks = Callbacks::default();
        let outer = log(&callbacks, None, "outer");
        let inner = log(&callbacks, Some(1), "inner");
        callbacks.call(Some(1), When::RolledBack);
        assert_eq!(inner.calls(), ["inner RolledBack"]);
        callbacks.call(None, When::Committed);
        assert_eq!(outer.calls(), ["outer Committed"]);
        assert_eq!(inner.calls(), ["inner RolledBack"]);
    }

    #[test]
    fn a_level_that_is_committed_waits_for_the_one_around_it() {
        let callbacks = Callbacks::default();
        let inner = log(&callbacks, Some(2), "inner");
        callbacks.released(2, Some(1));
        assert!(inner.calls().is_empty());
        callbacks.call(Some(1), When::RolledBack);
        assert_eq!(inner.calls(), ["inner RolledBack"]);
    }

    #[test]
    fn a_callback_that_panics_does_not_keep_the_others() {
        let callbacks = Callbacks::default();
        callbacks.add(None, When::Committed, || panic!("on purpose"));
        let outer = log(&callbacks, None, "outer");
        callbacks.call(None, When::Committed);
        assert_eq!(outer.calls(), ["outer Committed"]);
    }
}
